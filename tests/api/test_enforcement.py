"""EnforcementService over a real socket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.api.test_public_lists import ADMINISTRATOR, Desk, refused, served
from tests.samples import authority_code, call, code, draft, noon

from credit_sanction.v1 import enforcement_service_pb2 as pb
from credit_sanction.v1 import enforcement_service_pb2_grpc as service_grpc
from credit_sanction.v1 import enterprise_pb2 as enterprise_pb
from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import revision_pb2 as revision_pb
from credit_sanction_service.api.enforcement_servicer import EnforcementServicer
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.drafts import DistrictDraft
from credit_sanction_service.enforcement import Enforcement
from credit_sanction_service.records import Records
from credit_sanction_service.store.connect import Reader
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import Database

BANK = Principal(name="虚构银行", roles=frozenset({Role.BANK}))
OFFICE = Principal(name="金融局", roles=frozenset({Role.FINANCE_OFFICE}))


@pytest.fixture
def desk(store: Database) -> Iterator[Desk]:
    def add(server: grpc.Server, writer: Writer, reader: Reader) -> None:
        servicer = EnforcementServicer(Enforcement(writer, reader), clock=noon)
        service_grpc.add_EnforcementServiceServicer_to_server(servicer, server)

    with served(store.service_dsn, add, service_grpc.EnforcementServiceStub) as opened:
        yield opened


@pytest.fixture
def names(store: Database) -> list[str]:
    """Take two records in, in two districts, and return their names."""
    writer, reader = Writer(store.service_dsn, clock=noon), Reader(store.service_dsn)
    second = replace(draft(2), district=DistrictDraft(code="220102", name="南关区"))
    created = [Records(writer, reader).create(each, call()).record.name for each in (draft(1), second)]
    writer.close()
    reader.close()
    return created


def report(record: str, **changes: Any) -> pb.EnforcementReport:  # noqa: ANN401 - fields of the message
    message = pb.EnforcementReport(
        record=record,
        area=measure_pb.AREA_FINANCING_CREDIT,
        outcome=pb.ENFORCEMENT_OUTCOME_APPLIED,
        description="拒绝新增授信",
        applied_on="2026-11-23",
        executing_department=enterprise_pb.Authority(code=code(500), name="虚构商业银行长春分行"),
        look_up=pb.LookUpReference(revision=revision_pb.Revision(epoch=1, number=2), reference="虚构查询1号"),
        blocked=True,
    )
    message.look_up.answered_at.FromDatetime(noon())
    message.MergeFrom(pb.EnforcementReport(**changes))
    return message


def reported(desk: Desk, message: pb.EnforcementReport, principal: Principal = BANK, **options: Any) -> Any:  # noqa: ANN401 - as passed on
    return desk.call(principal, "ReportEnforcement", pb.ReportEnforcementRequest(report=message, **options))


def test_a_bank_gets_back_its_report_and_no_more_of_the_record(desk: Desk, names: list[str]) -> None:
    answer = reported(desk, report(names[0]))
    assert (answer.reporter, answer.enterprise_code, answer.enterprise_name) == (
        "虚构银行",
        code(1),
        "长春虚构1号水泥有限公司",
    )
    assert (answer.responsible_district.code, answer.create_time.ToDatetime()) == (
        "220113",
        noon().replace(tzinfo=None),
    )
    assert answer.revision.number == 3
    for field in ("name", "enterprise_code", "enterprise_name", "responsible_district", "reporter", "create_time"):
        answer.ClearField(field)
    answer.ClearField("revision")
    assert answer == report(names[0])


def test_what_the_caller_says_of_output_fields_is_not_looked_at(desk: Desk, names: list[str]) -> None:
    answer = reported(desk, report(names[0], reporter="别人", enterprise_code=code(9), name="enforcementReports/1"))
    assert (answer.reporter, answer.enterprise_code) == ("虚构银行", code(1))
    assert answer.name != "enforcementReports/1"


def test_a_caller_reports_for_its_own_areas_alone(desk: Desk, names: list[str]) -> None:
    land = pb.ReportEnforcementRequest(report=report(names[0], area=measure_pb.AREA_LAND_SUPPLY))
    assert refused(desk, BANK, "ReportEnforcement", land)[:2] == (grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")
    assert desk.call(replace(BANK, name="土地", roles=frozenset({Role.LAND})), "ReportEnforcement", land).blocked
    authority = Principal(name="认定部门", roles=frozenset({Role.AUTHORITY}))
    assert refused(desk, authority, "ReportEnforcement", land)[1] == "NOT_PERMITTED"


def test_faults_name_their_fields(desk: Desk, names: list[str]) -> None:
    bad = report(names[0], description="")
    bad.description = ""
    bad.applied_on = "2026-11-24"
    bad.look_up.revision.number = 4
    request = pb.ReportEnforcementRequest(report=bad)
    assert refused(desk, BANK, "ReportEnforcement", request) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
        {"report.description", "report.applied_on", "report.look_up.revision"},
    )
    endless = report(names[0])
    endless.look_up.answered_at.seconds = 2**62
    request = pb.ReportEnforcementRequest(report=endless)
    assert refused(desk, BANK, "ReportEnforcement", request)[2] == {"report.look_up.answered_at"}
    for record, reason in (("1", "INVALID_FIELD"), ("sanctionRecords/1", "RECORD_NOT_FOUND")):
        request = pb.ReportEnforcementRequest(report=report(record))
        assert refused(desk, BANK, "ReportEnforcement", request)[1] == reason


def test_a_retry_gets_the_first_answer_and_a_check_stores_nothing(desk: Desk, names: list[str]) -> None:
    assert reported(desk, report(names[0]), validate_only=True).revision.number == 0
    first = reported(desk, report(names[0]), request_id="r")
    assert reported(desk, report(names[0]), request_id="r") == first
    listed = desk.call(OFFICE, "ListEnforcementReports", pb.ListEnforcementReportsRequest())
    assert list(listed.reports) == [first]


def test_reports_are_listed_to_whom_they_concern_page_by_page(desk: Desk, names: list[str]) -> None:
    stored = [reported(desk, report(name)) for name in (*names, names[0])]
    request = pb.ListEnforcementReportsRequest(since="2026-11-23", until="2026-11-23", page_size=2)
    page = desk.call(OFFICE, "ListEnforcementReports", request)
    assert list(page.reports) == stored[:2]
    request.page_token = page.next_page_token
    rest = desk.call(OFFICE, "ListEnforcementReports", request)
    assert (list(rest.reports), rest.next_page_token) == (stored[2:], "")
    for scope, seen in ((authority_code(), stored), (code(9), [])):
        authority = Principal(name=f"部门{scope}", roles=frozenset({Role.AUTHORITY}), authorities=frozenset({scope}))
        everything = desk.call(authority, "ListEnforcementReports", pb.ListEnforcementReportsRequest())
        assert list(everything.reports) == seen
    one = pb.ListEnforcementReportsRequest(record=names[1], areas=[measure_pb.AREA_FINANCING_CREDIT])
    assert list(desk.call(OFFICE, "ListEnforcementReports", one).reports) == [stored[1]]
    wrong = pb.ListEnforcementReportsRequest(since="2026-13-01")
    assert refused(desk, OFFICE, "ListEnforcementReports", wrong)[2] == {"since"}


def test_rates_come_by_area_and_district_with_their_revision(desk: Desk, names: list[str]) -> None:
    reported(desk, report(names[0]))
    request = pb.GetEnforcementRateRequest(areas=[measure_pb.AREA_FINANCING_CREDIT])
    answer = desk.call(OFFICE, "GetEnforcementRate", request)
    assert [(rate.district.code, rate.measures_in_force, rate.rate) for rate in answer.rates] == [
        ("220102", 1, "0"),
        ("220113", 1, "1"),
    ]
    assert (answer.rates[1].reports, answer.rates[1].blocked_cases) == (1, 1)
    assert not answer.rates[1].district.since
    assert (answer.revision.number, answer.answered_at.ToDatetime()) == (3, noon().replace(tzinfo=None))
    assert len(desk.call(OFFICE, "GetEnforcementRate", pb.GetEnforcementRateRequest()).rates) == 18
    earlier = pb.GetEnforcementRateRequest(as_of_date="2020-01-01")
    assert not desk.call(OFFICE, "GetEnforcementRate", earlier).rates
    assert refused(desk, BANK, "GetEnforcementRate", request)[1] == "NOT_PERMITTED"
    assert desk.call(ADMINISTRATOR, "GetEnforcementRate", request).rates == answer.rates
