"""Request ids: a retry gets the first answer, whoever it reaches; another payload under the same id is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.samples import call, code, draft, draft_of, lift_draft, with_enterprise

from credit_sanction_service.domain.faults import Duplicate, Invalid, RequestIdReused, VersionConflict
from credit_sanction_service.domain.terms import State
from credit_sanction_service.records import Records
from credit_sanction_service.store.outcomes import Refused, Written, dump_outcome, load_outcome
from credit_sanction_service.store.values import StoredRecord

if TYPE_CHECKING:
    from tests.store.conftest import OpenWriter

    from credit_sanction_service.domain.drafts import RecordDraft
    from credit_sanction_service.store.connect import Connection, Reader


def counts(connection: Connection) -> tuple[int, int]:
    """Return how many versions and how many request ids are stored."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM change_log WHERE kind = 'record'), (SELECT count(*) FROM request)"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_a_retry_is_answered_with_what_the_first_call_wrote(records: Records, connection: Connection) -> None:
    first = records.create(draft(), call("a"))
    lifted = records.lift(first.record.id, 1, lift_draft(), call("b"))
    assert records.create(draft(), call("a")) == first
    assert records.lift(first.record.id, 1, lift_draft(), call("b")) == lifted
    assert (lifted.record.state, lifted.record.version) == (State.LIFTED, 2)
    assert counts(connection) == (2, 2)


def test_without_a_request_id_the_second_is_a_duplicate(records: Records) -> None:
    first = records.create(draft(), call())
    with pytest.raises(Duplicate) as caught:
        records.create(draft(), call())
    assert caught.value.existing == first.record.name


def test_another_payload_under_the_same_id_is_refused(records: Records, connection: Connection) -> None:
    records.create(draft(), call("a", digest=b"1"))
    with pytest.raises(RequestIdReused):
        records.create(draft(2), call("a", digest=b"2"))
    assert counts(connection) == (1, 1)


def test_an_id_belongs_to_its_principal(records: Records, connection: Connection) -> None:
    records.create(draft(1), call("a", digest=b"1"))
    records.create(draft(2), call("a", digest=b"2", name="另一管理员"))
    assert counts(connection) == (2, 2)


def test_a_call_that_failed_leaves_its_id_free(records: Records, connection: Connection) -> None:
    with pytest.raises(Invalid):
        records.create(with_enterprise(draft(), name=""), call("a", digest=b"1"))
    assert counts(connection) == (0, 0)
    records.create(draft(), call("a", digest=b"2"))


def test_a_check_only_call_stores_neither_record_nor_id(records: Records, connection: Connection) -> None:
    checked = records.create(draft(), call("a", validate_only=True))
    assert (checked.revision.number, checked.record.state) == (0, State.LISTED)
    assert counts(connection) == (0, 0)
    stored = records.create(draft(), call("a"))
    lifted = records.lift(stored.record.id, 1, lift_draft(), call("b", validate_only=True))
    assert lifted.record.state is State.LIFTED
    assert records.get(stored.record.id, call().principal) == stored
    with pytest.raises(Duplicate):
        records.create(draft(), call("c", validate_only=True))


def test_a_batch_is_answered_again_item_by_item(records: Records, connection: Connection) -> None:
    batch: list[RecordDraft] = [draft(1), with_enterprise(draft(2), name=""), draft(1), draft(3)]
    first = records.create_many(batch, call("a"))
    assert [type(item) for item in first] == [StoredRecord, Refused, Refused, StoredRecord]
    assert records.create_many(batch, call("a")) == first
    assert counts(connection) == (2, 1)
    listed, invalid, duplicate, other = first
    assert isinstance(listed, StoredRecord)
    assert isinstance(other, StoredRecord)
    assert listed.revision == other.revision
    assert isinstance(invalid, Refused)
    assert [(v.field, bool(v.rule)) for v in invalid.violations] == [("records[1].enterprise.name", True)]
    assert isinstance(duplicate, Refused)
    assert (duplicate.fault, duplicate.existing) == ("Duplicate", listed.record.name)


def test_one_id_at_two_writers_at_once_writes_once(
    open_writer: OpenWriter, reader: Reader, connection: Connection
) -> None:
    houses = [Records(open_writer(), reader) for _ in range(2)]
    for number in range(1, 11):
        together = threading.Barrier(4)

        def create(house: Records, number: int = number, together: threading.Barrier = together) -> StoredRecord:
            together.wait(20)
            return house.create(draft(number), call(f"same-{number}"))

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(create, houses * 2))
        assert all(answer == answers[0] for answer in answers)
    assert counts(connection) == (10, 10)


def test_an_old_version_is_refused_and_the_read_one_taken(records: Records) -> None:
    stored = records.create(with_enterprise(draft(), code=code(1)), call())
    for wrong in (0, 2, 99):
        with pytest.raises(VersionConflict):
            records.lift(stored.record.id, wrong, lift_draft(), call())
    amended = records.amend(stored.record.id, 1, frozenset({"measures"}), draft_of, call())
    assert amended.record.version == 2
    assert amended.revision > stored.revision
    assert amended.created_at == stored.created_at
    assert amended.updated_at > stored.updated_at


def test_an_outcome_is_read_as_it_was_written(records: Records) -> None:
    stored = records.create(draft(), call())
    refused = Refused(fault="Invalid", message="名称缺失", likely_codes=(code(1),), existing="sanctionRecords/1")
    assert load_outcome(dump_outcome([stored.record, refused])) == [
        Written(record_id=stored.record.id, version=1),
        refused,
    ]
