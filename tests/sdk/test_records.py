"""Records: what is sent, lists that are cut, pages that are turned."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import grpc
import pytest

from credit_sanction import Area, Client, ClientError, DeadlineExceeded, ItemFailure, types
from credit_sanction.v1 import error_reason_pb2
from credit_sanction.v1 import sanction_record_service_pb2 as wire

if TYPE_CHECKING:
    from tests.sdk.loopback import Loopback

RECORD = types.SanctionRecord(name="sanctionRecords/1", version=3)


def made(count: int) -> list[types.SanctionRecord]:
    return [types.SanctionRecord(enterprise=types.Enterprise(code=f"C{number}")) for number in range(count)]


def take_in(request: wire.BatchCreateSanctionRecordsRequest) -> wire.BatchCreateSanctionRecordsResponse:
    response = wire.BatchCreateSanctionRecordsResponse()
    for record in request.records:
        if record.enterprise.code == "C1500":
            response.results.add(
                error=error_reason_pb2.ItemError(
                    reason=error_reason_pb2.ERROR_REASON_DUPLICATE_RECORD,
                    message="exists",
                    existing_record="sanctionRecords/7",
                )
            )
        else:
            response.results.add(record=record)
    return response


def test_many_records_are_cut_and_tied_to_their_results(service: Loopback, client: Client) -> None:
    service.on("BatchCreateSanctionRecords", take_in)
    records = made(2_001)
    results = client.submit_many(iter(records), request_id="import-7", validate_only=True)
    requests = service.requests(wire.BatchCreateSanctionRecordsRequest)
    assert [len(request.records) for request in requests] == [1_000, 1_000, 1]
    assert [request.request_id for request in requests] == ["import-7/1", "import-7/2", "import-7/3"]
    assert all(request.validate_only for request in requests)
    failure = results.pop(1_500)
    assert isinstance(failure, ItemFailure)
    assert (failure.index, failure.code, failure.existing_record) == (1_500, "C1500", "sanctionRecords/7")
    assert results == records[:1_500] + records[1_501:]


def test_large_records_are_cut_by_size_too(service: Loopback, client: Client) -> None:
    service.on("BatchCreateSanctionRecords", take_in)
    large = [types.SanctionRecord(enterprise=types.Enterprise(name="n" * 1_000_000)) for _ in range(7)]
    assert client.submit_many(large) == large
    assert [len(request.records) for request in service.requests(wire.BatchCreateSanctionRecordsRequest)] == [3, 3, 1]


def test_an_import_that_broke_off_goes_on_under_its_request_id(service: Loopback, client: Client) -> None:
    def break_off(request: wire.BatchCreateSanctionRecordsRequest) -> wire.BatchCreateSanctionRecordsResponse:
        service.fail(grpc.StatusCode.DEADLINE_EXCEEDED, "too late")
        return take_in(request)

    service.on("BatchCreateSanctionRecords", break_off)
    with pytest.raises(DeadlineExceeded) as raised:
        client.submit_many(made(1_001))
    service.on("BatchCreateSanctionRecords", take_in)
    assert len(client.submit_many(made(1_001), request_id=raised.value.request_id)) == 1_001
    sent = service.requests(wire.BatchCreateSanctionRecordsRequest)
    assert sent[0] == sent[-2]
    assert sent[1] == sent[-1]


def test_request_ids_of_several_requests_stay_within_the_contract(service: Loopback, client: Client) -> None:
    with pytest.raises(ClientError, match="request id"):
        client.submit_many(made(1_001), request_id="x" * 63)
    assert not service.arrivals


def test_one_record_is_submitted_and_read(service: Loopback, client: Client) -> None:
    service.on("CreateSanctionRecord", lambda _: RECORD)
    service.on("GetSanctionRecord", lambda _: RECORD)
    given = made(1)[0]
    assert client.submit(given, request_id="one", validate_only=True) == RECORD
    assert client.get("sanctionRecords/1") == RECORD
    assert service.requests(wire.CreateSanctionRecordRequest) == [
        wire.CreateSanctionRecordRequest(record=given, request_id="one", validate_only=True)
    ]


def test_pages_are_turned_with_the_same_filters(service: Loopback, client: Client) -> None:
    def page(request: wire.ListSanctionRecordsRequest) -> wire.ListSanctionRecordsResponse:
        following = {"": "a", "a": "b", "b": ""}[request.page_token]
        name = f"sanctionRecords/{request.page_token or 0}"
        return wire.ListSanctionRecordsResponse(records=[types.SanctionRecord(name=name)], next_page_token=following)

    service.on("ListSanctionRecords", page)
    found = client.list(
        enterprise_code="C",
        states=["listed", "LIFTED"],
        standards=["ENERGY"],
        district_codes=["220102"],
        areas=[Area.LAND_SUPPLY],
        page_size=1,
    )
    assert [record.name for record in found] == ["sanctionRecords/0", "sanctionRecords/a", "sanctionRecords/b"]
    requests = service.requests(wire.ListSanctionRecordsRequest)
    assert [request.page_token for request in requests] == ["", "a", "b"]
    for request in requests:
        request.page_token = ""
    assert requests[0] == requests[1] == requests[2]
    assert list(requests[0].states) == [
        types.RecordState.RECORD_STATE_LISTED,
        types.RecordState.RECORD_STATE_LIFTED,
    ]


def test_a_filter_word_that_is_none_is_refused(client: Client) -> None:
    with pytest.raises(ClientError, match="QUARANTINED, LISTED"):
        list(client.list(states=["ended"]))


def test_a_life_is_carried_on_with_name_and_version(service: Loopback, client: Client) -> None:
    for method in ("AmendSanctionRecord", "LiftSanctionRecord", "ConfirmIdentifier"):
        service.on(method, lambda _: RECORD)
    replacement = made(1)[0]

    def revoke(request: wire.RevokeSanctionRecordRequest) -> wire.RevokeSanctionRecordResponse:
        given = request.replacement if request.HasField("replacement") else None
        return wire.RevokeSanctionRecordResponse(record=RECORD, replacement=given)

    service.on("RevokeSanctionRecord", revoke)
    client.amend(RECORD, ["measures", "decision.date"])
    client.lift(
        RECORD,
        ground="exit_completed",
        document_number="1",
        date=date(2026, 11, 1),
        effective_on="2026-11-02",
        request_id="r",
    )
    client.confirm_identifier(RECORD, "C1", evidence="查询", confirmed_on=date(2026, 11, 3), document_number="2")
    alone = client.revoke(RECORD, reason="错", document_number="3", date="2026-11-04")
    both = client.revoke(RECORD, reason="错", document_number="3", date="2026-11-04", replacement=replacement)
    assert (alone.replacement, both.replacement) == (None, replacement)
    (amended,) = service.requests(wire.AmendSanctionRecordRequest)
    assert amended.update_mask.paths == ["measures", "decision.date"]
    assert amended.record == RECORD
    assert service.requests(wire.LiftSanctionRecordRequest) == [
        wire.LiftSanctionRecordRequest(
            name=RECORD.name,
            version=3,
            ground=types.LiftGround.LIFT_GROUND_EXIT_COMPLETED,
            document_number="1",
            date="2026-11-01",
            effective_on="2026-11-02",
            request_id="r",
        )
    ]
    (confirmed,) = service.requests(wire.ConfirmIdentifierRequest)
    assert (confirmed.name, confirmed.version, confirmed.code) == (RECORD.name, 3, "C1")
    assert confirmed.confirmation == types.IdentifierConfirmation(
        evidence="查询", document_number="2", confirmed_on="2026-11-03"
    )
    assert {request.version for request in service.requests(wire.RevokeSanctionRecordRequest)} == {3}


def test_the_way_to_a_listing_carries_everything_given(service: Loopback, client: Client) -> None:
    for method in ("ServeNotice", "RecordStatement", "Decide", "List"):
        service.on(method, lambda _: RECORD)
    given = types.SanctionRecord(enterprise=types.Enterprise(code="C1"), notice=types.Notice(document_number="告1"))
    decision = types.Decision(document_number="决1", date="2026-11-16", cause="未按期退出")
    measure = types.Measure(area=Area.LAND_SUPPLY.wire)
    assert client.serve_notice(given, request_id="n", validate_only=True) == RECORD
    client.record_statement(
        RECORD, kind="hearing_held", date=date(2026, 11, 9), summary="已听证", document_number="2", request_id="s"
    )
    client.decide(
        RECORD,
        decision,
        measures=iter([measure]),
        publication_class="general",
        publication_end_date=date(2027, 5, 16),
        request_id="d",
    )
    client.decide(RECORD, decision, request_id="d")
    client.list_record(RECORD, listed_on=date(2026, 11, 17), request_id="l")
    assert service.requests(wire.ServeNoticeRequest) == [
        wire.ServeNoticeRequest(record=given, request_id="n", validate_only=True)
    ]
    statement = types.Statement(
        kind=types.StatementKind.STATEMENT_KIND_HEARING_HELD, date="2026-11-09", summary="已听证", document_number="2"
    )
    assert service.requests(wire.RecordStatementRequest) == [
        wire.RecordStatementRequest(name=RECORD.name, version=3, statement=statement, request_id="s")
    ]
    as_in_the_notice = wire.DecideRequest(name=RECORD.name, version=3, decision=decision, request_id="d")
    changed = wire.DecideRequest(
        measures=[measure],
        publication_class=types.PublicationClass.PUBLICATION_CLASS_GENERAL,
        publication_end_date="2027-05-16",
    )
    changed.MergeFrom(as_in_the_notice)
    assert service.requests(wire.DecideRequest) == [changed, as_in_the_notice]
    assert service.requests(wire.ListRequest) == [
        wire.ListRequest(name=RECORD.name, version=3, listed_on="2026-11-17", request_id="l")
    ]


def test_objection_suspension_and_repair_carry_everything_given(service: Loopback, client: Client) -> None:
    for method in ("RaiseObjection", "DecideObjection", "Suspend", "Resume", "Repair"):
        service.on(method, lambda _: RECORD)
    client.raise_objection(RECORD, reason="已停产", raised_on="2026-11-18", needs_others=True, request_id="o")
    client.suspend(
        RECORD,
        ground="authority_order",
        document_number="5",
        date="2026-11-19",
        effective_on="2026-11-20",
        request_id="s",
    )
    client.resume(RECORD, document_number="6", date=date(2026, 11, 21), effective_on="2026-11-22", request_id="e")
    client.repair(
        RECORD,
        applied_on="2027-11-16",
        corrected_on=date(2027, 11, 1),
        document_number="7",
        date="2027-11-17",
        effective_on="2027-11-18",
        request_id="p",
    )
    assert service.requests(wire.RaiseObjectionRequest) == [
        wire.RaiseObjectionRequest(
            name=RECORD.name, version=3, reason="已停产", raised_on="2026-11-18", needs_others=True, request_id="o"
        )
    ]
    assert service.requests(wire.SuspendRequest) == [
        wire.SuspendRequest(
            name=RECORD.name,
            version=3,
            ground=types.SuspensionGround.SUSPENSION_GROUND_AUTHORITY_ORDER,
            document_number="5",
            date="2026-11-19",
            effective_on="2026-11-20",
            request_id="s",
        )
    ]
    assert service.requests(wire.ResumeRequest) == [
        wire.ResumeRequest(
            name=RECORD.name,
            version=3,
            document_number="6",
            date="2026-11-21",
            effective_on="2026-11-22",
            request_id="e",
        )
    ]
    (repaired,) = service.requests(wire.RepairRequest)
    days = (repaired.applied_on, repaired.corrected_on, repaired.date, repaired.effective_on)
    assert days == ("2027-11-16", "2027-11-01", "2027-11-17", "2027-11-18")
    assert (repaired.name, repaired.version, repaired.document_number) == (RECORD.name, 3, "7")


def test_only_a_correction_sends_values_and_the_fields_that_they_are_for(service: Loopback, client: Client) -> None:
    service.on("DecideObjection", lambda _: RECORD)
    for outcome, fields in (("upheld", ()), ("corrected", ["measures"]), ("corrected", "measures")):
        client.decide_objection(
            RECORD,
            outcome=outcome,
            document_number="8",
            date="2026-11-20",
            reason="属实",
            fields=fields,
            request_id="u",
        )
    upheld, *corrected = service.requests(wire.DecideObjectionRequest)
    assert not upheld.HasField("record")
    assert not upheld.HasField("update_mask")
    assert upheld.outcome == types.ObjectionOutcome.OBJECTION_OUTCOME_UPHELD
    assert corrected[0] == corrected[1]
    assert corrected[0].record == RECORD
    assert corrected[0].update_mask.paths == ["measures"]
    assert (corrected[0].document_number, corrected[0].date, corrected[0].reason) == ("8", "2026-11-20", "属实")
