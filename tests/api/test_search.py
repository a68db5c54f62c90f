"""SearchEnterprises over a real socket: candidates of the caller's areas, never a verdict."""

from __future__ import annotations

import grpc
from tests.api.conftest import Caller, House, principal
from tests.api.test_records import create, fault
from tests.api.test_restrictions import check

from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction_service.domain.access import Role


def search(caller: Caller, query: str, **options: object) -> pb.SearchEnterprisesResponse:
    found: pb.SearchEnterprisesResponse = caller(
        "SearchEnterprises",
        pb.SearchEnterprisesRequest(query=query, **options),  # type: ignore[arg-type]
    )
    return found


def listed(house: House, number: int = 1) -> record_pb.SanctionRecord:
    """Return a listed record that the search knows of."""
    house.names.start()
    assert house.names.wait_until_ready(20)
    created = create(house, number)
    check(house, created.enterprise.code, created)
    return created


def test_an_enterprise_is_found_by_its_name_and_by_a_mistyped_code(house: House) -> None:
    enterprise = listed(house).enterprise
    found = search(house.administrator, enterprise.name.removeprefix("长春"))
    assert [(one.code, one.name, one.matched) for one in found.candidates] == [
        (enterprise.code, enterprise.name, enterprise.name)
    ]
    assert 0.7 < found.candidates[0].score < 1
    assert any("行政区划" in explanation for explanation in found.candidates[0].explanations)
    assert found.revision.number
    assert not found.more
    mistyped = enterprise.code[:5] + "9" + enterprise.code[6:]
    (one,) = search(house.administrator, mistyped).candidates
    assert (one.code, one.matched) == (enterprise.code, enterprise.code)
    assert any("character 6" in explanation for explanation in one.explanations)


def test_only_the_callers_areas_are_searched(house: House) -> None:
    enterprise = listed(house).enterprise
    bank = house.calling(principal("bank", Role.BANK))
    assert search(bank, enterprise.name).candidates
    status, reason, _ = fault(
        bank, "SearchEnterprises", pb.SearchEnterprisesRequest(query="虚构", areas=[measure_pb.AREA_LAND_SUPPLY])
    )
    assert (status, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")
    authority = house.calling(principal("authority", Role.AUTHORITY))
    status, reason, _ = fault(authority, "SearchEnterprises", pb.SearchEnterprisesRequest(query="虚构"))
    assert (status, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")


UNSEARCHABLE = [
    ("", 0, "query"),
    (" \u3000", 0, "query"),
    ("虚" * 201, 0, "query"),
    ("a\x00b", 0, "query"),
    ("虚构 990000190001010294", 0, "query"),
    ("虚构", 51, "limit"),
    ("虚构", -1, "limit"),
]


def test_what_cannot_be_searched_for_is_an_error_and_what_is_not_ready_unavailable(house: House) -> None:
    for query, limit, field in UNSEARCHABLE:
        request = pb.SearchEnterprisesRequest(query=query, limit=limit)
        status, reason, violations = fault(house.administrator, "SearchEnterprises", request)
        assert (status, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"), query
        assert list(violations) == [field]
        assert "990000190001010294" not in violations[field]
    status, reason, _ = fault(house.administrator, "SearchEnterprises", pb.SearchEnterprisesRequest(query="虚构"))
    assert (status, reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
