"""Records of several callers, taken in together: each is answered as if it had been alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.samples import call, draft, with_enterprise

from credit_sanction_service.domain.faults import Invalid, RequestIdReused
from credit_sanction_service.domain.parties import NAME_WARNING
from credit_sanction_service.records.taking_in import Apart, Submission, take_in_together
from credit_sanction_service.records.writing import Done
from credit_sanction_service.store.reading import RecordQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_sanction_service.domain.drafts import RecordDraft
    from credit_sanction_service.domain.faults import SanctionError
    from credit_sanction_service.records import Records
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.writer import Writer

WAIT = 20


def submitted(given: RecordDraft, request_id: str = "", *, digest: bytes = b"1", name: str = "管理员") -> Submission:
    return Submission(draft=given, call=call(request_id, digest=digest, name=name))


def together(writer: Writer, submissions: Sequence[Submission]) -> list[Done | SanctionError]:
    return writer.run(lambda tx: take_in_together(tx, submissions), timeout=WAIT).value


def test_each_is_answered_as_if_alone(writer: Writer, records: Records, connection: Connection) -> None:
    before = records.create(draft(1), call("first"))
    submissions = [
        submitted(draft(2), "a", name="甲"),
        submitted(with_enterprise(draft(3), name=""), "b"),
        submitted(draft(1), "first"),
        submitted(draft(4), "first", digest=b"2"),
        submitted(draft(5), name="乙"),
    ]
    taken, faulty, repeated, reused, anonymous = together(writer, submissions)
    assert isinstance(faulty, Invalid)
    assert [violation.field for violation in faulty.violations] == ["record.enterprise.name"]
    assert isinstance(reused, RequestIdReused)
    assert isinstance(repeated, Done)
    assert repeated.recalled == [{"id": before.record.id, "version": 1}]
    assert isinstance(taken, Done)
    assert isinstance(anonymous, Done)
    again = records.create(draft(2), call("a", name="甲"))
    assert [again.record] == list(taken.items)
    assert connection.execute(
        "SELECT enterprise_code, principal FROM change_log WHERE kind = 'record' ORDER BY revision, ordinal"
    ).fetchall() == [
        (draft(1).enterprise.code, "管理员"),
        (draft(2).enterprise.code, "甲"),
        (draft(5).enterprise.code, "乙"),
    ]
    assert connection.execute("SELECT count(*), count(DISTINCT record_id) FROM duty").fetchone() == (3, 3)
    assert connection.execute("SELECT request_id FROM request ORDER BY 1").fetchall() == [("a",), ("first",)]


def test_a_name_that_another_record_has_otherwise_is_warned_of(writer: Writer, records: Records) -> None:
    records.create(draft(1), call())
    given = with_enterprise(draft(1, document="虚构认字〔2026〕2号"), name="长春虚构另名水泥有限公司")
    [renamed, _] = together(writer, [submitted(given), submitted(draft(2))])
    assert isinstance(renamed, Done)
    [record] = renamed.items
    assert [warning.partition(":")[0] for warning in record.warnings] == [NAME_WARNING]  # type: ignore[union-attr] # a record


def test_what_has_to_see_the_others_is_not_taken_in_with_them(writer: Writer, records: Records) -> None:
    stored = records.create(draft(1), call("a"))
    other_item = draft(2, item="1号线")
    for pair in (
        [submitted(draft(2)), submitted(other_item)],
        [submitted(draft(2), "b"), submitted(draft(3), "b")],
        [submitted(draft(1)), submitted(draft(2))],
    ):
        with pytest.raises(Apart):
            together(writer, pair)
    assert [known.record for known in records.page(RecordQuery())] == [stored.record]
