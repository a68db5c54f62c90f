"""Which demands of freshness go together, and the pasts that a caller may ask about, over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from tests.api.test_records import create, metadata
from tests.samples import TODAY, code, revocation

from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction.v1 import revision_pb2
from credit_sanction.v1 import sanction_record_service_pb2 as record_pb
from credit_sanction_service.api.consistency import read_consistency
from credit_sanction_service.domain.faults import Invalid

if TYPE_CHECKING:
    from tests.api.conftest import House

FIRST = revision_pb2.Revision(epoch=1, number=1)
FIRST_INSTANT, LAST_IN_SHANGHAI = -62_135_596_800, 253_402_271_999  # of the year 1, and of the year 9999
NOW = Timestamp(seconds=1_790_000_000, nanos=123_456_789)


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"at_revision": FIRST, "min_revision": FIRST}, "consistency.at_revision: it excludes `min_revision`"),
        ({"at_revision": FIRST, "as_known_at": NOW}, "consistency.at_revision: it excludes `as_known_at`"),
        (
            {"at_revision": FIRST, "max_staleness": {"seconds": 1}},
            "consistency.at_revision: it excludes `max_staleness`",
        ),
        ({"as_known_at": NOW, "min_revision": FIRST}, "consistency.as_known_at: it excludes `min_revision`"),
        ({"as_known_at": NOW, "max_staleness": {"nanos": 1}}, "consistency.as_known_at: it excludes `max_staleness`"),
        ({"at_revision": {}}, "consistency.at_revision: its number is below 1"),
        ({"max_staleness": {}}, "consistency.max_staleness: it must be above 0"),
        ({"max_staleness": {"seconds": 5, "nanos": -1}}, "consistency.max_staleness: it must be above 0"),
        ({"max_staleness": {"seconds": 1 << 40}}, "consistency.max_staleness: it is no duration"),
        ({"max_staleness": {"nanos": 1_000_000_000}}, "consistency.max_staleness: it is no duration"),
        ({"as_known_at": {"seconds": 1 << 40}}, "consistency.as_known_at: it is no instant"),
        ({"as_known_at": {"seconds": -(1 << 62)}}, "consistency.as_known_at: it is no instant"),
        ({"as_known_at": {"nanos": -1}}, "consistency.as_known_at: it is no instant"),
        ({"as_known_at": {"nanos": 1_000_000_000}}, "consistency.as_known_at: it is no instant"),
        ({"as_known_at": {"seconds": LAST_IN_SHANGHAI + 1}}, "consistency.as_known_at: it is no instant"),
        ({"as_known_at": {"seconds": FIRST_INSTANT - 1}}, "consistency.as_known_at: it is no instant"),
        ({"as_of_date": "2026-02-30"}, "consistency.as_of_date: 2026-02-30 is not a day"),
    ],
)
def test_demands_that_do_not_go_together_are_refused_by_name(asked: dict[str, object], fault: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_consistency(pb.Consistency(**asked))  # type: ignore[arg-type]
    assert str(refused.value).startswith(fault)


def test_demands_that_go_together_are_read() -> None:
    fresh = read_consistency(
        pb.Consistency(min_revision=FIRST, max_staleness=Duration(seconds=2), as_of_date=str(TODAY))
    )
    assert (str(fresh.min_revision), fresh.max_staleness, fresh.day) == ("1.1", 2.0, TODAY)
    at_revision = read_consistency(pb.Consistency(at_revision=FIRST, as_of_date=str(TODAY)))
    assert (str(at_revision.at_revision), at_revision.day) == ("1.1", TODAY)
    known_at = read_consistency(pb.Consistency(as_known_at=NOW, as_of_date=str(TODAY))).known_at
    assert known_at is not None
    assert known_at.isoformat() == "2026-09-21T14:13:20.123456+00:00"
    assert read_consistency(pb.Consistency()).known_at is None


def ask(house: House, **consistency: object) -> pb.CheckRestrictionsResponse:
    request = pb.CheckRestrictionsRequest(
        enterprise=pb.EnterpriseQuery(code=code(1)),
        consistency=pb.Consistency(**consistency),  # type: ignore[arg-type]
    )
    reply: pb.CheckRestrictionsResponse = house.administrator("CheckRestrictions", request)
    return reply


def test_a_revoked_record_reads_clear_today_and_restricted_as_it_was_known_before(house: House) -> None:
    listed = create(house)
    assert ask(house, min_revision=listed.revision).answer.verdict == pb.VERDICT_RESTRICTED
    how = revocation()
    revoking = record_pb.RevokeSanctionRecordRequest(
        name=listed.name, version=1, reason=how.reason, document_number=how.document_number, date=how.date
    )
    revoked = house.administrator("RevokeSanctionRecord", revoking).record
    today = str(TODAY)
    now = ask(house, min_revision=revoked.revision, as_of_date=today)
    assert now.answer.verdict == pb.VERDICT_CLEAR
    for asked in ({"at_revision": listed.revision}, {"as_known_at": listed.update_time, "as_of_date": today}):
        then = ask(house, **asked)
        assert then.answer.verdict == pb.VERDICT_RESTRICTED
        assert then.basis.revision == listed.revision
        assert then.basis.as_of_date == today
        assert then.basis.known_at == listed.update_time
        assert not then.basis.stale
    many = pb.BatchCheckRestrictionsRequest(
        codes=[code(1), code(2)], consistency=pb.Consistency(at_revision=listed.revision)
    )
    reply = house.administrator("BatchCheckRestrictions", many)
    assert list(reply.verdicts) == [pb.VERDICT_RESTRICTED, pb.VERDICT_CLEAR]
    assert reply.basis.known_at == listed.update_time
    for present in ({"at_revision": revoked.revision}, {}):
        given = ask(house, **present)
        assert given.answer.verdict == pb.VERDICT_CLEAR
        assert not given.basis.HasField("known_at")
    assert ask(house, as_known_at=revoked.update_time, as_of_date=today).basis.known_at == revoked.update_time


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ({"as_known_at": {"seconds": LAST_IN_SHANGHAI}}, grpc.StatusCode.INVALID_ARGUMENT, "lies in the future"),
        (
            {"as_known_at": {"seconds": FIRST_INSTANT}},
            grpc.StatusCode.INVALID_ARGUMENT,
            "before this store's first revision",
        ),
        ({"at_revision": {"epoch": 0, "number": 1}}, grpc.StatusCode.FAILED_PRECONDITION, "epoch"),
        ({"at_revision": {"epoch": 1, "number": 99}}, grpc.StatusCode.UNAVAILABLE, "was not reached"),
    ],
)
def test_a_past_that_is_none_is_refused_in_words(
    house: House, asked: dict[str, object], status: grpc.StatusCode, told: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        ask(house, **asked)
    assert refused.value.code() is status
    assert told in (refused.value.details() or "")


def test_a_wait_ends_with_a_word_before_its_caller_has_gone(house: House) -> None:
    for field in ("min_revision", "at_revision"):
        ahead = pb.Consistency(**{field: revision_pb2.Revision(epoch=1, number=999)})  # type: ignore[arg-type]
        request = pb.CheckRestrictionsRequest(enterprise=pb.EnterpriseQuery(code=code(1)), consistency=ahead)
        with pytest.raises(grpc.RpcError) as refused:
            house.administrator("CheckRestrictions", request, timeout=0.3)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        told = refused.value.details() or ""
        assert told.startswith(f"consistency.{field}: revision 1:999 was not reached within 0.2")
        assert told.endswith("this service is at 1:1")
        assert metadata(refused.value) == {"head": "1:1"}
