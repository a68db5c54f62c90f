"""Feedback 发起—响应—反馈: what a report must say to be taken, who sees it, how it is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import (
    LAW,
    TODAY,
    authority_code,
    code,
    lift_draft,
    noon,
    quarantined,
    record,
    revocation,
)

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.effect import areas_running, has_effect
from credit_sanction_service.domain.enforcement import (
    LookUpDraft,
    Moment,
    Rate,
    RateCounter,
    Report,
    ReportDraft,
    Tally,
    sight_of,
    take_report,
)
from credit_sanction_service.domain.enterprises import District
from credit_sanction_service.domain.faults import Invalid
from credit_sanction_service.domain.lifecycle import lift, revoke
from credit_sanction_service.domain.terms import ALL_AREAS, Area, EnforcementOutcome

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import SanctionRecord

MOMENT = Moment(instant=noon(), day=TODAY, head=(1, 9))
LISTED = record(areas=(Area.FINANCING_CREDIT, Area.LAND_SUPPLY))


def report_draft(**changes: object) -> ReportDraft:
    """Return a draft that is taken on `TODAY` for `LISTED`: a loan that was refused."""
    base = ReportDraft(
        area=Area.FINANCING_CREDIT,
        outcome=EnforcementOutcome.APPLIED,
        description="拒绝新增授信",
        applied_on=TODAY.isoformat(),
        department_code=code(500),
        department_name="虚构商业银行长春分行",
        look_up=LookUpDraft(epoch=1, number=9, answered_at=noon(), reference="虚构查询1号"),
        blocked=True,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def taken(draft: ReportDraft, of: SanctionRecord = LISTED) -> Report:
    return take_report(draft, of, report_id=new_id(), reporter="虚构银行", moment=MOMENT, law=LAW)


def faults(draft: ReportDraft, of: SanctionRecord = LISTED) -> dict[str, str]:
    """Return the description of each field at fault; each has a rule."""
    with pytest.raises(Invalid) as raised:
        taken(draft, of)
    assert all(violation.rule for violation in raised.value.violations)
    return {violation.field: violation.description for violation in raised.value.violations}


def test_a_report_says_who_did_what_to_whom_on_which_look_up() -> None:
    report = taken(report_draft())
    assert (report.reporter, report.enterprise_code, report.district) == ("虚构银行", code(1), LISTED.district)
    assert (report.look_up.epoch, report.look_up.number, report.look_up.reference) == (1, 9, "虚构查询1号")
    assert report.name == f"enforcementReports/{report.id}"


@given(area=st.sampled_from(Area), back=st.integers(-2, 40), ended=st.booleans())
def test_only_a_measure_in_force_on_the_day_is_reported_on(area: Area, back: int, ended: bool) -> None:  # noqa: FBT001 - drawn
    of = lift(LISTED, lift_draft(), today=TODAY, law=LAW) if ended else LISTED
    day = TODAY - timedelta(days=back)
    draft = report_draft(area=area, applied_on=day.isoformat())
    if day <= TODAY and area in areas_running(of, day):
        assert taken(draft, of).applied_on == day
    else:
        assert set(faults(draft, of)) == {"applied_on"}


def test_before_the_first_day_of_effect_the_refusal_names_that_day() -> None:
    day = LISTED.since - timedelta(days=1)
    assert str(LISTED.since) in faults(report_draft(applied_on=day.isoformat()))["applied_on"]


def test_a_record_in_quarantine_has_nothing_to_apply() -> None:
    assert set(faults(report_draft(), quarantined())) == {"applied_on"}


def test_the_first_day_of_what_is_not_listed_is_no_news_for_a_reporter() -> None:
    doubtful = quarantined()
    never_listed = revoke(doubtful, revocation(), today=TODAY, law=LAW)
    back_in_doubt = replace(doubtful, ever_listed=True)
    for of in (doubtful, never_listed, back_in_doubt):
        day = of.since - timedelta(days=1)
        said = faults(report_draft(applied_on=day.isoformat()), of)
        assert said == {
            "applied_on": f"{of.name} had no measure in FINANCING_CREDIT in force on {day}: there was nothing to apply"
        }


def test_every_fault_is_named_at_once() -> None:
    assert set(faults(ReportDraft())) == {
        "area",
        "outcome",
        "description",
        "applied_on",
        "executing_department.code",
        "executing_department.name",
        "look_up.revision",
        "look_up.answered_at",
    }


def test_what_was_not_applied_says_why_and_refused_nothing() -> None:
    not_applied = report_draft(outcome=EnforcementOutcome.NOT_APPLIED, blocked=False)
    assert taken(not_applied).outcome is EnforcementOutcome.NOT_APPLIED
    assert set(faults(replace(not_applied, description=" "))) == {"description"}
    assert set(faults(replace(not_applied, blocked=True))) == {"blocked"}


@pytest.mark.parametrize(("epoch", "number"), [(1, 10), (2, 1), (0, 5), (1, 0), (1, -1)])
def test_a_revision_beyond_the_head_or_of_none_is_refused(epoch: int, number: int) -> None:
    look_up = LookUpDraft(epoch=epoch, number=number, answered_at=noon())
    assert set(faults(report_draft(look_up=look_up))) == {"look_up.revision"}


def test_an_earlier_epoch_counts_as_known() -> None:
    later = replace(MOMENT, head=(2, 1))
    draft = report_draft(look_up=LookUpDraft(epoch=1, number=900, answered_at=noon()))
    assert take_report(draft, LISTED, report_id=new_id(), reporter="甲", moment=later, law=LAW).look_up.number == 900


def test_a_look_up_of_the_future_is_refused() -> None:
    look_up = LookUpDraft(epoch=1, number=9, answered_at=noon() + timedelta(microseconds=1))
    assert set(faults(report_draft(look_up=look_up))) == {"look_up.answered_at"}


@pytest.mark.parametrize(
    ("role", "authorities", "seen"),
    [
        (Role.BANK, None, frozenset()),
        (Role.PROCUREMENT, None, frozenset()),
        (Role.LAND, None, frozenset()),
        (Role.LICENSING, None, frozenset()),
        (Role.FINANCE_OFFICE, None, None),
        (Role.ADMINISTRATOR, None, None),
        (Role.AUTHORITY, frozenset({authority_code()}), frozenset({authority_code()})),
    ],
)
def test_who_may_not_read_records_sees_its_own_reports_alone(
    role: Role, authorities: frozenset[str] | None, seen: frozenset[str] | None
) -> None:
    sight = sight_of(Principal(name="甲", roles=frozenset({role}), authorities=authorities))
    assert (sight.reporter, sight.authorities) == ("甲", seen)


def rate(reported: int, in_force: int) -> str:
    return Rate(
        area=Area.LAND_SUPPLY,
        district_code="220113",
        district_name="九台区",
        measures_in_force=in_force,
        measures_reported=reported,
        reports=0,
        blocked_cases=0,
    ).rate


@pytest.mark.parametrize(
    ("reported", "in_force", "text"),
    [(0, 0, ""), (0, 3, "0"), (1, 3, "0.3333"), (2, 3, "0.6667"), (3, 4, "0.75"), (4, 4, "1"), (1, 10, "0.1")],
)
def test_a_rate_is_decimal_text_of_at_most_four_digits(reported: int, in_force: int, text: str) -> None:
    assert rate(reported, in_force) == text


@given(in_force=st.integers(1, 10**9), share=st.floats(0, 1))
def test_a_rate_lies_between_0_and_1_and_next_to_the_true_one(in_force: int, share: float) -> None:
    reported = int(in_force * share)
    text = rate(reported, in_force)
    assert len(text.partition(".")[2]) <= 4
    assert 0 <= Decimal(text) <= 1
    assert abs(Decimal(text) - Decimal(reported) / in_force) <= Decimal("0.00005")


TALLIES = st.builds(Tally, reports=st.integers(1, 3), blocked=st.integers(0, 1), applied=st.booleans())
DISTRICTS = [District(code=code_, name="虚构区", since=date(2020, 1, 1)) for code_ in ("220102", "220113", "220999")]
SAMPLES = [
    LISTED,
    record(2),
    record(3, decided_on=TODAY - timedelta(days=3)),
    lift(record(4), lift_draft(), today=TODAY, law=LAW),
    quarantined(5),
]
CASES = st.lists(
    st.tuples(
        st.builds(replace, st.sampled_from(SAMPLES), district=st.sampled_from(DISTRICTS)),
        st.dictionaries(st.sampled_from(Area), TALLIES, max_size=4),
    ),
    max_size=8,
)


@given(cases=CASES, back=st.integers(-5, 40), areas=st.sets(st.sampled_from(Area), min_size=1))
def test_counting_record_by_record_agrees_with_counting_naively(
    cases: list[tuple[SanctionRecord, dict[Area, Tally]]], back: int, areas: set[Area]
) -> None:
    day = TODAY - timedelta(days=back)
    counter = RateCounter(day=day, areas=areas, law=LAW)
    for each, tallies in cases:
        counter.add(each, tallies)
    found = counter.rates()
    assert [(row.area, row.district_code) for row in found] == [
        (area, district.code)
        for area in ALL_AREAS
        for district in DISTRICTS
        if area in areas
        and any(
            each.district == district and ((has_effect(each, day) and area in areas_running(each, day)) or area in said)
            for each, said in cases
        )
    ]
    for row in found:
        inside = [
            tallies.get(row.area)
            for each, tallies in cases
            if each.district.code == row.district_code
            and has_effect(each, day)
            and row.area in areas_running(each, day)
        ]
        said = [tally for tally in inside if tally]
        assert row.measures_in_force == len(inside)
        assert row.measures_reported == sum(tally.applied for tally in said)
        assert row.reports == sum(tally.reports for tally in said)
        assert row.blocked_cases == sum(tally.blocked for tally in said)


def test_a_district_is_called_what_the_table_calls_it_on_that_day() -> None:
    counter = RateCounter(day=TODAY, areas=ALL_AREAS, law=LAW)
    counter.add(replace(LISTED, district=replace(LISTED.district, name="九台")), {})
    counter.add(replace(LISTED, district=DISTRICTS[2]), {})
    assert {row.district_name for row in counter.rates()} == {"九台区", "虚构区"}
