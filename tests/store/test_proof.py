"""The proof of delivery: the record's versions and every attempt, with what was sent."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from tests import samples
from tests.samples import TODAY, code
from tests.store.town import LENDER, PLATFORM, Town

from credit_sanction_service.api.delivery_proof import canonical, proof_chunks, proof_document
from credit_sanction_service.domain.faults import NotFound, TooLarge
from credit_sanction_service.domain.lifecycle import lift
from credit_sanction_service.store.attempts import OPEN, Opened, Outcome, opening
from credit_sanction_service.store.proof import Proof, read_proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import Database

    from credit_sanction_service.domain.records import SanctionRecord

ROOM = 1_000_000


@pytest.fixture
def town(store: Database) -> Iterator[Town]:
    opened = Town(store, day=TODAY, targets=(PLATFORM, LENDER))
    yield opened
    opened.close()


def proof(town: Town, record: SanctionRecord, **options: object) -> Proof:
    return read_proof(town.connection, record.id, **{"most_bytes": ROOM, **options})  # type: ignore[arg-type]


def send(town: Town, record: SanctionRecord, number: int, body: bytes | None) -> None:
    """Open an attempt with this body."""
    row = next(row for row in town.rows() if row.subject == record.name)
    attempt = Opened(
        target=row.target,
        subject=row.subject,
        number=number,
        version=row.desired,
        present=row.desired_present,
        idempotency_key="key",
        worker="worker",
        opened_at=town.clock(),
        body=body,
        digest=hashlib.sha256(body).digest() if body else None,
    )
    town.connection.execute(OPEN, opening([attempt]))


def test_it_has_every_version_every_target_and_every_attempt(town: Town) -> None:
    record, sibling = samples.record(1, item="1号"), samples.record(1, item="2号")
    town.submit(sibling)
    town.answer("lender", code(1))  # before the record was there
    town.submit(record)
    town.answer("platform", record.name, Outcome.UNAVAILABLE)
    town.answer("platform", record.name)
    town.answer("lender", code(1))
    town.step(record, lift, samples.lift_draft())
    found = proof(town, record)
    assert (found.record_id, found.enterprise_code) == (record.id, code(1))
    assert [(one.version, one.action, one.principal) for one in found.versions] == [
        (1, "CREATE", "test"),
        (2, "LIFT", "test"),
    ]
    assert found.versions[1].body["state"] == "LIFTED"
    assert [(view.delivery.target, view.delivery.subject) for view in found.deliveries] == [
        ("lender", code(1)),
        ("platform", record.name),
    ]
    told = [(one.target, one.number, one.closed and one.closed.outcome) for one in found.attempts]
    assert told == [
        ("lender", 2, Outcome.CONFIRMED),
        ("platform", 1, Outcome.UNAVAILABLE),
        ("platform", 2, Outcome.CONFIRMED),
    ]
    assert {one.body for one in found.attempts} == {None}  # nobody kept what was sent
    assert [one.target for one in proof(town, record, target="lender").attempts] == ["lender"]


def test_what_was_sent_is_there_to_the_letter_and_outlives_its_target(town: Town) -> None:
    record = samples.record()
    town.submit(record)
    body = '{"主体名称":"虚构"}'.encode()
    send(town, record, 1, body)
    send(town, record, 2, None)
    town.connection.execute("DELETE FROM target WHERE name = 'platform'")
    found = proof(town, record)
    assert [(one.digest, one.body) for one in found.attempts] == [(hashlib.sha256(body).digest(), body), (None, None)]
    assert [view.delivery.target for view in found.deliveries] == ["lender"]
    assert found.kinds == {"lender": "stand-in"}
    without = proof(town, record, bodies=False)
    assert [(one.digest, one.body) for one in without.attempts] == [(hashlib.sha256(body).digest(), None), (None, None)]


def test_one_that_is_too_large_is_refused_whether_it_is_so_as_kept_or_only_as_sent(town: Town) -> None:
    record = samples.record()
    town.submit(record)
    for number in range(1, 11):
        send(town, record, number, b"x" * 1000)
    with pytest.raises(TooLarge, match="without bodies"):
        proof(town, record, most_bytes=300)
    found = proof(town, record, most_bytes=9_000)
    with pytest.raises(TooLarge, match="in parts"):
        proof_document(found, most_bytes=9_000)
    whole = proof_document(found)
    assert whole == canonical(json.loads(whole))
    assert [*proof_chunks(found, size=1_000)] == [whole[at : at + 1_000] for at in range(0, len(whole), 1_000)]
    assert len(proof_document(proof(town, record, bodies=False), most_bytes=9_000)) < 9_000


def test_there_is_none_of_a_record_that_there_is_not(town: Town) -> None:
    for name in (str(uuid4()), "0199"):
        with pytest.raises(NotFound, match="record"):
            read_proof(town.connection, name, most_bytes=ROOM)
