"""OversightService over a real socket."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests import samples
from tests.api.conftest import House, clock, principal
from tests.api.test_records import create, fault
from tests.samples import TODAY
from tests.services import wait_until

from credit_sanction.v1 import delivery_service_pb2 as delivery_pb
from credit_sanction.v1 import enforcement_service_pb2 as enforcement_pb
from credit_sanction.v1 import enterprise_pb2 as enterprise_pb
from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import obligation_pb2 as obligation_pb
from credit_sanction.v1 import oversight_service_pb2 as pb
from credit_sanction.v1 import restriction_service_pb2 as restriction_pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction_service.domain.access import Role
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.targets import install_targets

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED_TOKENS = ("x", "W10=", "e30=")


@pytest.fixture
def targets(house: House) -> None:
    with connect(house.database.service_dsn) as connection:
        install_targets(connection, [samples.target("platform"), samples.target("website")], day=TODAY)


def listed(house: House, **filters: Any) -> pb.ListOverdueDutiesResponse:  # noqa: ANN401 - fields of the message
    response: pb.ListOverdueDutiesResponse = house.administrator(
        "ListOverdueDuties", pb.ListOverdueDutiesRequest(**filters)
    )
    return response


def statistics(house: House, **fields: Any) -> pb.Statistics:  # noqa: ANN401 - fields of the message
    response: pb.Statistics = house.administrator("GetStatistics", pb.GetStatisticsRequest(**fields))
    return response


@pytest.mark.usefixtures("targets")
def test_a_duty_says_who_what_where_and_until_when(house: House) -> None:
    record = create(house, decided_on=TODAY - timedelta(days=12))
    [duty, other] = listed(house).duties
    due_on = samples.LAW.calendar.after(TODAY - timedelta(days=12), 7).day
    assert duty == pb.Duty(
        kind=record_pb.DUTY_KIND_REPORT_DECISION,
        record=record.name,
        target="targets/platform",
        authority=record.decision.authority,
        responsible_district=record.responsible_district,
        since="2026-11-11",
        due_on=str(due_on),
        late=True,
    )
    assert other.target == "targets/website"


@pytest.mark.usefixtures("targets")
def test_what_is_due_today_is_told_and_not_late_and_what_is_due_later_when_asked(house: House) -> None:
    decided_on = next(
        day
        for day in (TODAY - timedelta(days=ago) for ago in range(5, 15))
        if samples.LAW.calendar.after(day, 7).day == TODAY
    )
    create(house, 1, decided_on=decided_on)
    create(house, 2, decided_on=TODAY)
    assert [duty.late for duty in listed(house).duties] == [False, False]
    assert len(listed(house, within_days=366).duties) == 4


@pytest.mark.usefixtures("targets")
def test_pages_hold_their_own_list_only(house: House) -> None:
    for number in range(1, 4):
        create(house, number)
    whole = list(listed(house, within_days=30).duties)
    assert len(whole) == 6
    found: list[pb.Duty] = []
    token = ""
    while len(found) < 6:
        page = listed(house, within_days=30, page_size=2, page_token=token)
        found += page.duties
        token = page.next_page_token
    assert found == whole
    assert not token
    token = listed(house, within_days=30, page_size=2).next_page_token
    forged = json.loads(base64.urlsafe_b64decode(token))
    for place, text in ((0, "x"), (0, "2026-02-30"), (1, "x"), (4, "")):
        parts = [*forged[:place], text, *forged[place + 1 :]]
        bad = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
        request = pb.ListOverdueDutiesRequest(within_days=30, page_token=bad)
        assert fault(house.administrator, "ListOverdueDuties", request)[0] is grpc.StatusCode.INVALID_ARGUMENT
    for bad in (*REFUSED_TOKENS, token):
        request = pb.ListOverdueDutiesRequest(within_days=31, page_token=bad)
        assert list(fault(house.administrator, "ListOverdueDuties", request)[2]) == ["page_token"]


@pytest.mark.usefixtures("targets")
def test_an_authority_bounded_to_its_own_code_sees_its_own_duties(house: House) -> None:
    record = create(house)
    own, other = record.decision.authority.code, samples.code(7)
    for code, expected in ((own, 2), (other, 0)):
        caller = house.calling(principal(f"authority {code}", Role.AUTHORITY, authorities=frozenset({code})))
        for codes in ([], [own]):
            request = pb.ListOverdueDutiesRequest(authority_codes=codes)
            assert len(caller("ListOverdueDuties", request).duties) == expected


def test_who_has_nothing_to_oversee_is_refused(house: House) -> None:
    bank = house.calling(principal("bank", Role.BANK))
    for method, request in (
        ("ListOverdueDuties", pb.ListOverdueDutiesRequest()),
        ("GetStatistics", pb.GetStatisticsRequest()),
    ):
        assert fault(bank, method, request)[1] == "NOT_PERMITTED"


@pytest.mark.parametrize(
    ("request_of", "field"),
    [
        (lambda: pb.ListOverdueDutiesRequest(within_days=-1), "within_days"),
        (lambda: pb.ListOverdueDutiesRequest(within_days=367), "within_days"),
        (lambda: pb.ListOverdueDutiesRequest(page_size=-1), "page_size"),
        (lambda: pb.ListOverdueDutiesRequest(kinds=[record_pb.DUTY_KIND_UNSPECIFIED]), "kinds[0]"),
        (lambda: pb.ListOverdueDutiesRequest(targets=["platform"]), "targets[0]"),
        (lambda: pb.ListOverdueDutiesRequest(district_codes=["\x00"]), "district_codes[0]"),
        (lambda: pb.GetStatisticsRequest(since="2026-13-01"), "since"),
        (lambda: pb.GetStatisticsRequest(until="gestern"), "until"),
        (lambda: pb.GetStatisticsRequest(since="2026-11-24"), "until"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_field(
    house: House, request_of: Callable[[], pb.ListOverdueDutiesRequest | pb.GetStatisticsRequest], field: str
) -> None:
    request = request_of()
    method = "ListOverdueDuties" if isinstance(request, pb.ListOverdueDutiesRequest) else "GetStatistics"
    code, reason, violations = fault(house.administrator, method, request)
    assert (code, reason, list(violations)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", [field])


def test_a_target_that_never_was_is_not_found(house: House) -> None:
    request = pb.ListOverdueDutiesRequest(targets=["targets/nowhere"])
    assert fault(house.administrator, "ListOverdueDuties", request)[1] == "TARGET_NOT_FOUND"


def test_an_empty_house_has_no_figures_and_says_what_it_speaks_of(house: House) -> None:
    empty = statistics(house)
    assert empty.answered_at.ToDatetime() == clock().replace(tzinfo=None)
    assert empty.revision.epoch == 1
    empty.ClearField("answered_at")
    empty.ClearField("revision")
    assert empty == pb.Statistics(since="2026-01-01", until="2026-11-23")


@pytest.mark.usefixtures("targets")
def test_the_figures_of_one_house(house: House) -> None:
    record = create(house)
    question = restriction_pb.CheckRestrictionsRequest(
        enterprise=restriction_pb.EnterpriseQuery(code=samples.code(1)),
        areas=[measure_pb.AREA_LAND_SUPPLY],
        consistency=restriction_pb.Consistency(min_revision=record.revision),
    )
    house.administrator("CheckRestrictions", question)
    report = enforcement_pb.EnforcementReport(
        record=record.name,
        area=measure_pb.AREA_FINANCING_CREDIT,
        outcome=enforcement_pb.ENFORCEMENT_OUTCOME_APPLIED,
        description="拒绝新增授信",
        applied_on="2026-11-23",
        executing_department=enterprise_pb.Authority(code=samples.code(500), name="虚构商业银行长春分行"),
        look_up=enforcement_pb.LookUpReference(revision=record.revision),
        blocked=True,
    )
    report.look_up.answered_at.FromDatetime(clock())
    house.administrator("ReportEnforcement", enforcement_pb.ReportEnforcementRequest(report=report))
    with wait_until(lambda: bool(statistics(house).look_ups)):
        told = statistics(house)
    [case] = told.cases
    assert (case.district.code, case.district.name, case.sector, case.standard) == (
        "220113",
        "九台区",
        obligation_pb.SECTOR_CEMENT,
        obligation_pb.STANDARD_ENERGY,
    )
    assert (case.notices, case.listed, case.in_force, case.obligations) == (1, 1, 1, 0)
    [report_duty] = told.timeliness
    assert (report_duty.kind, report_duty.district, report_duty.open_late) == (
        record_pb.DUTY_KIND_REPORT_DECISION,
        case.district,
        1,
    )
    assert [(push.target, push.attempts, push.open_deliveries) for push in told.pushes] == [
        ("targets/platform", 0, 1),
        ("targets/website", 0, 1),
    ]
    [look_up] = told.look_ups
    assert (look_up.area, look_up.verdict, look_up.count) == (
        measure_pb.AREA_LAND_SUPPLY,
        restriction_pb.VERDICT_RESTRICTED,
        1,
    )
    assert told.blocked_cases == 1
    credit = next(rate for rate in told.feedback if rate.area == measure_pb.AREA_FINANCING_CREDIT)
    assert (credit.rate, credit.measures_in_force, credit.blocked_cases) == ("1", 1, 1)
    elsewhere = statistics(house, district_codes=["220102"])
    assert not elsewhere.cases
    assert not elsewhere.timeliness
    assert not elsewhere.feedback
    assert elsewhere.blocked_cases == 0
    assert elsewhere.pushes == told.pushes
    assert statistics(house, since="2026-11-24", until="2026-12-31").blocked_cases == 0


@pytest.mark.usefixtures("targets")
def test_the_operator_sees_what_the_targets_owe(house: House) -> None:
    create(house)
    operator = house.calling(principal("operator", Role.OPERATOR))
    backlog = operator("ListTargets", delivery_pb.ListTargetsRequest()).targets
    duties = operator("ListOverdueDuties", pb.ListOverdueDutiesRequest()).duties
    assert {duty.target for duty in duties} == {target.name for target in backlog}
