"""A citizen's number in a request: refused, and never part of an answer."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from tests import samples
from tests.api.conftest import House, clock

from credit_sanction.v1 import enterprise_pb2 as enterprise_pb
from credit_sanction.v1 import restriction_service_pb2 as restriction_pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction.v1 import sanction_record_service_pb2 as pb
from credit_sanction_service.api.messages import plain_record
from credit_sanction_service.domain.calendar import day_of

CITIZEN = "990000190001010294"


def message() -> record_pb.SanctionRecord:
    return plain_record(samples.record(), day_of(clock()), samples.LAW)


def refused(house: House, method: str, request: object) -> tuple[grpc.RpcError, dict[str, str]]:
    """Return the error of a call with the violations it names, none of which repeats the number."""
    with pytest.raises(grpc.RpcError) as raised:
        house.administrator(method, request)  # type: ignore[arg-type]
    error = raised.value
    trailing = [pair[1] for pair in error.trailing_metadata() or () if pair[0] == "grpc-status-details-bin"]  # type: ignore[index]
    status = status_pb2.Status.FromString(trailing[0])
    assert CITIZEN not in f"{status} {error.details()}"
    bad = error_details_pb2.BadRequest()
    for detail in status.details:
        if detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            detail.Unpack(bad)
    return error, {violation.field: violation.description for violation in bad.field_violations}


def test_a_citizens_number_in_any_text_is_refused_and_not_repeated(house: House) -> None:
    record = message()
    record.enterprise.name = f"虚构{CITIZEN}厂"
    record.enterprise.other_identifiers.add(kind=enterprise_pb.IDENTIFIER_KIND_REGISTRATION_NUMBER, value=CITIZEN)
    record.obligation.capacity.amount = CITIZEN
    record.decision.document_number = f"{CITIZEN[:6]} {CITIZEN[6:14]}-{CITIZEN[14:]}"
    record.decision.date = CITIZEN
    record.responsible_district.code = CITIZEN
    _, violations = refused(house, "CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=record))
    assert set(violations) == {
        *("record.enterprise.name", "record.enterprise.other_identifiers[0].value"),
        *("record.obligation.capacity.amount", "record.decision.document_number", "record.decision.date"),
        "record.responsible_district.code",
    }
    assert "GB 11643" in violations["record.decision.document_number"]


def test_a_citizens_number_looked_up_is_refused_and_not_repeated(house: House) -> None:
    request = restriction_pb.CheckRestrictionsRequest(enterprise=restriction_pb.EnterpriseQuery(code=CITIZEN))
    request.consistency.as_of_date = ""
    error, violations = refused(house, "CheckRestrictions", request)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert set(violations) == {"enterprise.code"}
    request.enterprise.code = samples.code(1)
    request.consistency.as_of_date = CITIZEN
    _, violations = refused(house, "CheckRestrictions", request)
    assert set(violations) == {"consistency.as_of_date"}


def test_a_rare_character_of_a_newer_unicode_travels(house: House) -> None:
    record = message()
    record.enterprise.name = "\U00031350公司"
    created = house.administrator("CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=record))
    assert created.enterprise.name == "\U00031350公司"
