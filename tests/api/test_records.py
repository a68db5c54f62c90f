"""SanctionRecordService over a real socket."""

from __future__ import annotations

import base64
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from tests import samples
from tests.api.conftest import House, clock, principal

from credit_sanction.v1 import delivery_service_pb2 as delivery_pb
from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import obligation_pb2 as obligation_pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction.v1 import sanction_record_service_pb2 as pb
from credit_sanction_service.api.messages import plain_record
from credit_sanction_service.domain.access import Role
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.terms import Area, PublicationClass, Standard

if TYPE_CHECKING:
    from google.protobuf.message import Message


def forged(text: str) -> str:
    """Return a page token that nobody issued."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def message(number: int = 1, **options: object) -> record_pb.SanctionRecord:
    return plain_record(samples.record(number, **options), day_of(clock()), samples.LAW)  # type: ignore[arg-type]


def create(house: House, number: int = 1, **options: object) -> record_pb.SanctionRecord:
    request = pb.CreateSanctionRecordRequest(record=message(number, **options))
    created: record_pb.SanctionRecord = house.administrator("CreateSanctionRecord", request)
    return created


def fault(call: object, *arguments: object) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    """Return status code, reason and the violations of a call that has to fail."""
    with pytest.raises(grpc.RpcError) as raised:
        call(*arguments)  # type: ignore[operator]
    error = raised.value
    trailing = [pair[1] for pair in error.trailing_metadata() or () if pair[0] == "grpc-status-details-bin"]  # type: ignore[index]
    status = status_pb2.Status.FromString(trailing[0])
    reason, violations = "", {}
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            detail.Unpack(info)
            reason = info.reason
        if detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest()
            detail.Unpack(bad)
            violations = {v.field: v.description for v in bad.field_violations}
    return error.code(), reason, violations


def metadata(error: grpc.RpcError) -> dict[str, str]:
    """Return what a program may want of the sentence."""
    status, info = rpc_status.from_call(cast("grpc.Call", error)), error_details_pb2.ErrorInfo()
    assert status is not None
    assert status.details[0].Unpack(info)
    return dict(info.metadata)


def test_what_was_created_is_what_is_read(house: House) -> None:
    created = create(house)
    assert created.state == record_pb.RECORD_STATE_LISTED
    assert created.version == 1
    assert created.revision.number == 2  # the law was the first
    assert created.obligation.last_day
    assert len(created.measures) == 9
    assert created.measures[0].legal_basis.document == "国发〔2010〕7号"
    assert house.administrator("GetSanctionRecord", pb.GetSanctionRecordRequest(name=created.name)) == created


def test_a_retry_with_the_same_request_id_gets_the_first_answer(house: House) -> None:
    request = pb.CreateSanctionRecordRequest(record=message(), request_id=str(uuid.uuid4()))
    first = house.administrator("CreateSanctionRecord", request)
    lift = pb.LiftSanctionRecordRequest(
        name=first.name,
        version=1,
        ground=record_pb.LIFT_GROUND_EXIT_COMPLETED,
        document_number="虚构移字1号",
        date="2026-11-20",
    )
    house.administrator("LiftSanctionRecord", lift)
    assert house.administrator("CreateSanctionRecord", request) == first


def test_a_request_id_with_another_payload_is_refused(house: House) -> None:
    house.administrator("CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=message(1), request_id="r"))
    other = pb.CreateSanctionRecordRequest(record=message(2), request_id="r")
    code, reason, _ = fault(house.administrator, "CreateSanctionRecord", other)
    assert (code, reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


def test_many_at_once_with_one_request_id_make_one_record(house: House) -> None:
    request = pb.CreateSanctionRecordRequest(record=message(), request_id="same")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: house.administrator("CreateSanctionRecord", request), range(16)))
    assert len({answer.name for answer in answers}) == 1


def test_a_second_record_of_the_same_item_names_the_first(house: House) -> None:
    first = create(house)
    with pytest.raises(grpc.RpcError) as raised:
        create(house)
    assert raised.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert first.name in str(raised.value.details())
    assert create(house, item="2号高炉").name != first.name


def test_validate_only_checks_everything_and_stores_nothing(house: House) -> None:
    request = pb.CreateSanctionRecordRequest(record=message(), request_id="dry", validate_only=True)
    answer = house.administrator("CreateSanctionRecord", request)
    assert answer.state == record_pb.RECORD_STATE_LISTED
    assert answer.revision.number == 0
    assert not house.administrator("ListSanctionRecords", pb.ListSanctionRecordsRequest()).records
    create(house)
    code, reason, _ = fault(house.administrator, "CreateSanctionRecord", request)
    assert (code, reason) == (grpc.StatusCode.ALREADY_EXISTS, "DUPLICATE_RECORD")


def test_every_fault_is_named_with_its_field_and_rule(house: House) -> None:
    record = message()
    record.enterprise.name = "坏\x00名"
    record.obligation.due_on = "2026-13-01"
    record.decision.notice_served_on = ""
    record.measures[0].area = measure_pb.AREA_UNSPECIFIED
    code, reason, violations = fault(
        house.administrator, "CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=record)
    )
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert set(violations) >= {
        "record.enterprise.name",
        "record.obligation.due_on",
        "record.decision.notice_served_on",
        "record.measures[0].area",
    }
    assert all(text.endswith("]") for text in violations.values())


def test_a_refused_code_says_what_is_wrong(house: House) -> None:
    record = message()
    record.enterprise.code = "91220101111111111U"
    code, reason, violations = fault(
        house.administrator, "CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=record)
    )
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "IDENTIFIER_REFUSED")
    assert "GB 11714" in violations["record.enterprise.code"]


def test_an_empty_request_is_invalid_and_not_a_fault_of_ours(house: House) -> None:
    for method, request in (
        ("CreateSanctionRecord", pb.CreateSanctionRecordRequest()),
        ("BatchCreateSanctionRecords", pb.BatchCreateSanctionRecordsRequest()),
        ("GetSanctionRecord", pb.GetSanctionRecordRequest()),
        ("AmendSanctionRecord", pb.AmendSanctionRecordRequest()),
        ("LiftSanctionRecord", pb.LiftSanctionRecordRequest()),
        ("RevokeSanctionRecord", pb.RevokeSanctionRecordRequest()),
        ("ConfirmIdentifier", pb.ConfirmIdentifierRequest()),
    ):
        code, _, violations = fault(house.administrator, method, request)
        assert code is grpc.StatusCode.INVALID_ARGUMENT, method
        assert violations, method


def test_a_megabyte_long_name_is_refused_by_its_length(house: House) -> None:
    record = message()
    record.enterprise.name = "长" * 1_000_000
    code, _, violations = fault(
        house.administrator, "CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=record)
    )
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "1000000 characters" in violations["record.enterprise.name"]


def test_an_oversized_message_is_refused(house: House) -> None:
    record = message()
    record.enterprise.name = "x" * 10_000_000
    with pytest.raises(grpc.RpcError) as raised:
        house.administrator("CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=record))
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_batch_reports_each_row_alone(house: House) -> None:
    bad = message(3)
    bad.enterprise.name = ""
    doubtful = message(4)
    doubtful.enterprise.code = "220101000000017"
    records = [message(1), message(2), message(1), bad, doubtful]
    request = pb.BatchCreateSanctionRecordsRequest(records=records, request_id="batch")
    response = house.administrator("BatchCreateSanctionRecords", request)
    kinds = [result.WhichOneof("result") for result in response.results]
    assert kinds == ["record", "record", "error", "error", "record"]
    assert response.results[2].error.existing_record == response.results[0].record.name
    assert response.results[3].error.violations[0].field == "records[3].enterprise.name"
    assert response.results[4].record.state == record_pb.RECORD_STATE_QUARANTINED
    assert len({result.record.revision.number for result in response.results if result.record.name}) == 1
    assert house.administrator("BatchCreateSanctionRecords", request) == response


def test_pages_hold_everything_once_and_their_tokens_belong_to_their_filters(house: House) -> None:
    records = [message(number) for number in range(1, 8)]
    house.administrator("BatchCreateSanctionRecords", pb.BatchCreateSanctionRecordsRequest(records=records))
    names, token = [], ""
    while True:
        page = house.administrator("ListSanctionRecords", pb.ListSanctionRecordsRequest(page_size=3, page_token=token))
        names += [record.enterprise.name for record in page.records]
        token = page.next_page_token
        if not token:
            break
    assert names == [record.enterprise.name for record in records]
    first = house.administrator("ListSanctionRecords", pb.ListSanctionRecordsRequest(page_size=3))
    stray = pb.ListSanctionRecordsRequest(page_token=first.next_page_token, states=[record_pb.RECORD_STATE_LISTED])
    assert fault(house.administrator, "ListSanctionRecords", stray)[0] is grpc.StatusCode.INVALID_ARGUMENT
    rubbish = pb.ListSanctionRecordsRequest(page_token="rubbish")
    assert fault(house.administrator, "ListSanctionRecords", rubbish)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_filters_find_by_code_state_standard_district_and_area(house: House) -> None:
    land = create(house, 1, areas=(Area.LAND_SUPPLY,))
    create(house, 2, areas=(Area.TAX_ADMINISTRATION,))

    def found(**filters: object) -> list[str]:
        page = house.administrator("ListSanctionRecords", pb.ListSanctionRecordsRequest(**filters))  # type: ignore[arg-type]
        return [record.name for record in page.records]

    assert found(enterprise_code=land.enterprise.code.lower()) == [land.name]
    assert found(enterprise_code=land.enterprise.code[8:17]) == [land.name]
    assert found(areas=[measure_pb.AREA_LAND_SUPPLY]) == [land.name]
    assert (
        len(
            found(
                states=[record_pb.RECORD_STATE_LISTED],
                standards=[obligation_pb.STANDARD_ENERGY],
                district_codes=["220113"],
            )
        )
        == 2
    )
    assert found(states=[record_pb.RECORD_STATE_LIFTED]) == []


def test_an_amendment_needs_the_version_last_read(house: House) -> None:
    created = create(house)
    change = record_pb.SanctionRecord(name=created.name, version=1)
    change.responsible_district.code, change.responsible_district.name = "220182", "榆树市"
    request = pb.AmendSanctionRecordRequest(record=change, update_mask=FieldMask(paths=["responsible_district"]))
    amended = house.administrator("AmendSanctionRecord", request)
    assert (amended.version, amended.responsible_district.code) == (2, "220182")
    assert amended.enterprise == created.enterprise
    code, reason, _ = fault(house.administrator, "AmendSanctionRecord", request)
    assert (code, reason) == (grpc.StatusCode.ABORTED, "VERSION_CONFLICT")


@pytest.mark.parametrize(
    "path",
    [
        "enterprise.code",
        "enterprise.name",
        "obligation.due_on",
        "obligation",
        "decision.authority",
        "decision.document_number",
    ],
)
def test_what_listing_has_fixed_cannot_be_amended(house: House, path: str) -> None:
    created = create(house)
    change = record_pb.SanctionRecord(name=created.name, version=1)
    request = pb.AmendSanctionRecordRequest(record=change, update_mask=FieldMask(paths=[path]))
    code, reason, _ = fault(house.administrator, "AmendSanctionRecord", request)
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "FIELD_FIXED")


@pytest.mark.parametrize("path", ["state", "nonsense", "decision", "measures.area", ""])
def test_other_paths_are_invalid(house: House, path: str) -> None:
    created = create(house)
    change = record_pb.SanctionRecord(name=created.name, version=1)
    request = pb.AmendSanctionRecordRequest(record=change, update_mask=FieldMask(paths=[path]))
    assert fault(house.administrator, "AmendSanctionRecord", request)[0] in {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
    }


def test_a_revocation_puts_the_replacement_in_place_in_one_revision(house: House) -> None:
    created = create(house)
    replacement = message(1)
    replacement.obligation.capacity.amount = "12.5"
    request = pb.RevokeSanctionRecordRequest(
        name=created.name,
        version=1,
        reason="产能有误",
        document_number="虚构撤字1号",
        date="2026-11-20",
        replacement=replacement,
    )
    response = house.administrator("RevokeSanctionRecord", request)
    assert response.record.state == record_pb.RECORD_STATE_REVOKED
    assert response.record.ending.replacement == response.replacement.name
    assert response.replacement.replaces == created.name
    assert response.replacement.revision == response.record.revision


def test_a_revocation_whose_replacement_is_bad_changes_nothing(house: House) -> None:
    created = create(house)
    replacement = message(2)
    replacement.enterprise.name = ""
    request = pb.RevokeSanctionRecordRequest(
        name=created.name, version=1, reason="有误", document_number="1", date="2026-11-20", replacement=replacement
    )
    code, _, violations = fault(house.administrator, "RevokeSanctionRecord", request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "replacement.enterprise.name" in violations
    assert house.administrator("GetSanctionRecord", pb.GetSanctionRecordRequest(name=created.name)) == created


def test_a_confirmed_code_lists_the_record_and_the_old_number_still_leads_to_it(house: House) -> None:
    record = message(5)
    record.enterprise.code = "220101000000017"
    held = house.administrator("CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=record))
    assert held.state == record_pb.RECORD_STATE_QUARANTINED
    assert held.quarantine.rule
    request = pb.ConfirmIdentifierRequest(
        name=held.name,
        version=1,
        code=samples.code(5),
        confirmation=record_pb.IdentifierConfirmation(evidence="登记查询", confirmed_on="2026-11-22"),
    )
    confirmed = house.administrator("ConfirmIdentifier", request)
    assert confirmed.state == record_pb.RECORD_STATE_LISTED
    assert confirmed.enterprise.code == samples.code(5)
    assert confirmed.enterprise.other_identifiers[0].value == "220101000000017"
    code, reason, _ = fault(house.administrator, "ConfirmIdentifier", request)
    assert (code, reason) == (grpc.StatusCode.ABORTED, "VERSION_CONFLICT")


def test_strangers_are_unauthenticated_and_roles_bound_what_is_called(house: House) -> None:
    request = pb.CreateSanctionRecordRequest(record=message())
    for token in ("", "cst_nonsense"):
        code, reason, _ = fault(house.calling_with(token), "CreateSanctionRecord", request)
        assert (code, reason) == (grpc.StatusCode.UNAUTHENTICATED, "CALLER_UNKNOWN")
    bank = house.calling(principal("bank", Role.BANK))
    code, reason, _ = fault(bank, "CreateSanctionRecord", request)
    assert (code, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")


def test_an_authority_submits_only_within_its_scope(house: House) -> None:
    scopes = (
        {"authorities": frozenset({samples.code(77)})},
        {"standards": frozenset({Standard.SAFETY})},
        {"districts": frozenset({"220102"})},
    )
    for number, scope in enumerate(scopes):
        caller = house.calling(principal(f"authority-{number}", Role.AUTHORITY, **scope))  # type: ignore[arg-type]
        request = pb.CreateSanctionRecordRequest(record=message())
        code, reason, _ = fault(caller, "CreateSanctionRecord", request)
        assert (code, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")
    created = create(house)
    stranger = house.calling(principal("other", Role.AUTHORITY, authorities=frozenset({samples.code(77)})))
    found = fault(stranger, "GetSanctionRecord", pb.GetSanctionRecordRequest(name=created.name))
    assert found[0] is grpc.StatusCode.PERMISSION_DENIED
    assert not stranger("ListSanctionRecords", pb.ListSanctionRecordsRequest()).records


@pytest.mark.parametrize(
    ("method", "request_message"),
    [
        ("ListSanctionRecords", pb.ListSanctionRecordsRequest(enterprise_code="a\0b")),
        ("ListSanctionRecords", pb.ListSanctionRecordsRequest(district_codes=["\0"])),
        ("ListSanctionRecords", pb.ListSanctionRecordsRequest(district_codes=["220113"] * 2_000)),
        ("ListDeliveries", delivery_pb.ListDeliveriesRequest(target="targets/\0")),
        ("GetDelivery", delivery_pb.GetDeliveryRequest(name="targets/\0/deliveries/x")),
        ("RetryDelivery", delivery_pb.RetryDeliveryRequest(name="targets/x/deliveries/\0")),
        ("GetSanctionRecord", pb.GetSanctionRecordRequest(name="sanctionRecords/\0")),
        ("ListSanctionRecords", pb.ListSanctionRecordsRequest(page_token=forged("[" * 200_000))),
        ("ListDeliveries", delivery_pb.ListDeliveriesRequest(page_token=forged('["\\u0000","\\u0000","x"]'))),
        ("ListDeliveries", delivery_pb.ListDeliveriesRequest(page_token=forged('["\\ud800","x","x"]'))),
        ("ListSanctionRecords", pb.ListSanctionRecordsRequest(page_size=-1)),
    ],
)
def test_what_no_query_can_carry_is_invalid(house: House, method: str, request_message: Message) -> None:
    code, _, violations = fault(house.administrator, method, request_message)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert violations


def test_a_page_token_of_another_list_is_invalid(house: House) -> None:
    records = [message(number) for number in (1, 2)]
    house.administrator("BatchCreateSanctionRecords", pb.BatchCreateSanctionRecordsRequest(records=records))
    token = house.administrator("ListSanctionRecords", pb.ListSanctionRecordsRequest(page_size=1)).next_page_token
    stray = delivery_pb.ListDeliveriesRequest(page_token=token)
    code, _, violations = fault(house.administrator, "ListDeliveries", stray)
    assert (code, list(violations)) == (grpc.StatusCode.INVALID_ARGUMENT, ["page_token"])


def test_a_target_that_nobody_knows_is_not_found(house: House) -> None:
    request = delivery_pb.ListDeliveriesRequest(target="targets/nope")
    code, reason, _ = fault(house.administrator, "ListDeliveries", request)
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "TARGET_NOT_FOUND")


def amend(house: House, record: record_pb.SanctionRecord, *paths: str) -> record_pb.SanctionRecord:
    request = pb.AmendSanctionRecordRequest(record=record, update_mask=FieldMask(paths=paths))
    amended: record_pb.SanctionRecord = house.administrator("AmendSanctionRecord", request)
    return amended


def test_a_masked_field_that_is_not_given_is_cleared(house: House) -> None:
    punished = message()
    punished.decision.penalty.kind = record_pb.PENALTY_KIND_CLOSURE_ORDER
    punished.decision.penalty.document_number = "虚构罚字1号"
    punished.decision.penalty.date = "2026-10-01"
    created = house.administrator("CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=punished))
    assert created.decision.penalty == punished.decision.penalty
    told = record_pb.SanctionRecord(name=created.name, version=1)
    for part, said in samples.PENALTY_DETAILS.items():
        setattr(told.decision.penalty, part, said)
    told.decision.penalty.authority.code = samples.PUNISHER["authority_code"]
    told.decision.penalty.authority.name = samples.PUNISHER["authority_name"]
    whole = punished.decision.penalty
    whole.MergeFrom(told.decision.penalty)
    paths = [f"decision.penalty.{part}" for part in (*samples.PENALTY_DETAILS, "authority")]
    assert amend(house, told, *paths).decision.penalty == whole
    bare = record_pb.SanctionRecord(name=created.name, version=2)
    whole.fine = ""
    whole.ClearField("authority")
    assert amend(house, bare, "decision.penalty.fine", "decision.penalty.authority").decision.penalty == whole
    bare.version = 3
    assert not amend(house, bare, "decision.penalty").decision.HasField("penalty")
    bare.version = 4
    request = pb.AmendSanctionRecordRequest(record=bare, update_mask=FieldMask(paths=["decision.notice_served_on"]))
    code, _, violations = fault(house.administrator, "AmendSanctionRecord", request)
    assert (code, list(violations)) == (grpc.StatusCode.INVALID_ARGUMENT, ["record.decision.notice_served_on"])


def test_a_new_class_brings_its_own_longest_publication(house: House) -> None:
    created = create(house, publication_class=PublicationClass.SERIOUS)
    change = record_pb.SanctionRecord(
        name=created.name, version=1, publication_class=record_pb.PUBLICATION_CLASS_GENERAL
    )
    amended = amend(house, change, "publication_class")
    assert created.publication_end_date == "2029-10-24"
    assert amended.publication_end_date == "2027-10-24"


def test_a_code_known_under_another_name_is_told_to_the_clerk(house: House) -> None:
    first = create(house)
    assert not first.warnings
    other = message(1, item="1号线")
    other.enterprise.name = "长春虚构另一家水泥有限公司"
    created = house.administrator("CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=other))
    assert created.state == record_pb.RECORD_STATE_LISTED
    assert first.enterprise.name in created.warnings[0]
    renamed = message(1, item="2号线")
    renamed.enterprise.former_names.append(first.enterprise.name)
    renamed.enterprise.name = other.enterprise.name
    batch = pb.BatchCreateSanctionRecordsRequest(records=[renamed])
    [result] = house.administrator("BatchCreateSanctionRecords", batch).results
    assert not result.record.warnings


def test_a_code_confirmed_under_another_name_is_told_and_stays_told(house: House) -> None:
    first = create(house)
    held = message(1, item="1号线")
    held.enterprise.code, held.enterprise.name = "220101000000017", "长春虚构另一家水泥有限公司"
    quarantined = house.administrator("CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=held))
    request = pb.ConfirmIdentifierRequest(
        name=quarantined.name,
        version=1,
        code=first.enterprise.code,
        confirmation=record_pb.IdentifierConfirmation(evidence="登记查询", confirmed_on="2026-11-22"),
    )
    confirmed = house.administrator("ConfirmIdentifier", request)
    assert first.enterprise.name in confirmed.warnings[0]
    change = record_pb.SanctionRecord(name=confirmed.name, version=2)
    change.responsible_district.code, change.responsible_district.name = "220102", "南关区"
    assert amend(house, change, "responsible_district").warnings == confirmed.warnings
