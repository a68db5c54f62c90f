"""Deadlines: every row of the table, month ends, extensions, and what overdue means."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import LAW, TODAY, draft, extension, plan, taken_in, with_decision, with_obligation

from credit_sanction_service.domain.drafts import ExtensionDraft, ObligationDraft
from credit_sanction_service.domain.effect import Filter, belongs
from credit_sanction_service.domain.faults import CalendarNotPublished, Invalid, NotOverdue, Violation
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.obligations import read_obligation
from credit_sanction_service.domain.terms import Scope, Sector, Standard

if TYPE_CHECKING:
    from credit_sanction_service.domain.capacity import Obligation

ORDERED = date(2025, 1, 31)


def read(**changes: object) -> Obligation:
    """Read an obligation ordered on `ORDERED`, or raise what is wrong with it."""
    given = with_obligation(draft(), ordered_on=ORDERED.isoformat(), **changes).obligation
    findings = Findings()
    obligation = read_obligation(given, findings, today=TODAY, law=LAW)
    findings.stop_if_any()
    assert obligation is not None
    return obligation


def refusal(**changes: object) -> Violation:
    """Return the one thing that is wrong."""
    with pytest.raises(Invalid) as caught:
        read(**changes)
    (violation,) = caught.value.violations
    return violation


def test_energy_has_six_months_by_default() -> None:
    assert read(standard=Standard.ENERGY).last_day == date(2025, 7, 31)


def test_energy_may_be_due_earlier_but_not_later() -> None:
    assert read(standard=Standard.ENERGY, due_on="2025-03-03").last_day == date(2025, 3, 3)
    assert "§三(二)1" in refusal(standard=Standard.ENERGY, due_on="2025-08-01").rule


@pytest.mark.parametrize(("months", "last"), [(1, "2025-09-01"), (2, "2025-09-30"), (3, "2025-10-31")])
def test_energy_knows_one_extension_of_at_most_three_months(months: int, last: str) -> None:
    assert read(standard=Standard.ENERGY, extension=extension(months)).last_day == date.fromisoformat(last)


@pytest.mark.parametrize("months", [-1, 0, 4, 12, 2**31 - 1])
def test_a_longer_extension_is_refused_with_its_article(months: int) -> None:
    violation = refusal(standard=Standard.ENERGY, extension=extension(months))
    assert (violation.field, violation.rule) == (
        "obligation.extension.months",
        LAW.deadlines.of(Standard.ENERGY).article,
    )


def test_an_extension_needs_its_document() -> None:
    assert (
        refusal(standard=Standard.ENERGY, extension=extension(3, " ")).field == "obligation.extension.document_number"
    )


def test_quality_has_six_months_by_default_and_no_more() -> None:
    assert read(standard=Standard.QUALITY).last_day == date(2025, 7, 31)
    assert "§三(二)3" in refusal(standard=Standard.QUALITY, due_on="2025-08-01").rule


@pytest.mark.parametrize("standard", [s for s in Standard if s is not Standard.ENERGY])
def test_only_energy_knows_an_extension(standard: Standard) -> None:
    violation = refusal(standard=standard, due_on="2025-07-31", extension=extension(1))
    assert (violation.field, violation.rule) == ("obligation.extension.months", LAW.deadlines.of(standard).article)


@pytest.mark.parametrize("standard", [Standard.ENVIRONMENT, Standard.SAFETY, Standard.TECHNOLOGY])
def test_environment_safety_and_technology_are_due_when_their_document_says(standard: Standard) -> None:
    assert refusal(standard=standard).field == "obligation.due_on"
    assert read(standard=standard, due_on="2026-09-30").last_day == date(2026, 9, 30)
    same = read(standard=standard, due_on=ORDERED.isoformat())
    assert (same.due_on, same.last_day) == (ORDERED, date(2025, 2, 5))  # the Spring Festival moves it


@pytest.mark.parametrize(
    ("ordered", "last"),
    [
        ("2024-08-31", "2025-02-28"),  # no 31 February: the month's last day
        ("2023-08-31", "2024-02-29"),
        ("2025-04-01", "2025-10-09"),  # 1 October begins the holidays, which last until the 8th in 2025
        ("2025-07-27", "2026-01-27"),
        ("2025-07-04", "2026-01-04"),  # a Sunday that was worked
        ("2025-07-03", "2026-01-04"),  # a Saturday that was not; the Sunday after it was
    ],
)
def test_six_months_end_on_the_corresponding_day_or_the_next_working_day(ordered: str, last: str) -> None:
    given = with_obligation(draft(), ordered_on=ordered)
    findings = Findings()
    obligation = read_obligation(given.obligation, findings, today=TODAY, law=LAW)
    findings.stop_if_any()
    assert obligation is not None
    assert (obligation.last_day, obligation.calendar_edition) == (date.fromisoformat(last), "2004-2026")


def test_a_last_day_in_a_year_without_published_calendar_is_told_as_such() -> None:
    given = with_obligation(draft(), ordered_on="2026-07-15")
    findings = Findings()
    obligation = read_obligation(given.obligation, findings, today=TODAY, law=LAW)
    findings.stop_if_any()
    assert obligation is not None
    assert (obligation.calendar_missing, obligation.calendar_edition) == (True, "")
    with pytest.raises(CalendarNotPublished, match="2027"):
        taken_in(with_decision(given, date="2027-02-15", notice_served_on="2027-02-01"), today=date(2027, 2, 20))


@pytest.mark.parametrize("standard", [Standard.QUALITY, Standard.ENVIRONMENT])
def test_closing_a_whole_enterprise_for_quality_or_environment_needs_an_approval(standard: Standard) -> None:
    violation = refusal(standard=standard, due_on="2025-07-31", closure_approval=None)
    assert (violation.field, violation.rule) == ("obligation.closure_approval", LAW.deadlines.of(standard).article)
    line = {"scope": Scope.LINE, "item": "1号窑", "equipment": "虚构立窑", "quantity": 1}
    assert read(standard=standard, due_on="2025-07-31", closure_approval=None, **line).closure_approval is None


def test_a_deadline_exists_only_inside_an_approved_plan() -> None:
    assert refusal(plan=None).field == "obligation.plan"
    assert refusal(plan=plan(date(2025, 8, 1))).field == "obligation.plan.date"
    assert read(plan=plan(date(2025, 7, 31))).plan is not None


def test_induction_furnace_steel_fails_technology_and_knows_no_extension() -> None:
    steel = {"sector": Sector.STEEL, "standard": Standard.TECHNOLOGY, "due_on": "2025-07-31", "induction_furnace": True}
    assert read(**steel).induction_furnace
    assert refusal(**{**steel, "sector": Sector.CEMENT}).field == "obligation.induction_furnace"
    violation = refusal(**steel, extension=extension(1))
    assert violation.field == "obligation.extension.months"
    assert "地条钢" in violation.rule


def test_an_item_may_fail_several_standards_and_any_of_their_leads_may_act() -> None:
    base = with_obligation(draft(), further_standards=(Standard.SAFETY, Standard.ENVIRONMENT))
    record = taken_in(base)
    assert record.obligation.further_standards == (Standard.ENVIRONMENT, Standard.SAFETY)
    assert belongs(record, Filter(standards=frozenset({Standard.SAFETY})), TODAY)
    assert not belongs(record, Filter(standards=frozenset({Standard.QUALITY})), TODAY)
    ecology = next(entry for entry in LAW.authorities.entries.values() if entry.function == "ECOLOGY")
    by_ecology = {"authority_code": ecology.code, "authority_name": ecology.name_on(TODAY)}
    assert taken_in(with_decision(base, **by_ecology)).authority.code == ecology.code
    with pytest.raises(Invalid):
        taken_in(with_decision(draft(), **by_ecology))
    assert refusal(further_standards=(Standard.ENERGY,)).field == "obligation.further_standards"
    assert refusal(further_standards=(None,)).field == "obligation.further_standards[0]"


def test_the_report_that_an_obligation_began_with_is_kept() -> None:
    assert read(report_reference="12345-虚构-001").report_reference == "12345-虚构-001"
    assert refusal(report_reference="x" * 129).field == "obligation.report_reference"


def test_nothing_is_due_before_it_was_ordered() -> None:
    assert refusal(standard=Standard.SAFETY, due_on="2025-01-30").field == "obligation.due_on"


def test_an_order_of_tomorrow_is_refused() -> None:
    given = with_obligation(draft(), ordered_on=(TODAY + timedelta(days=1)).isoformat())
    with pytest.raises(Invalid) as caught:
        taken_in(given)
    assert [violation.field for violation in caught.value.violations] == ["obligation.ordered_on"]


def test_a_line_has_an_item_equipment_and_a_number_of_sets() -> None:
    line = {"scope": Scope.LINE, "item": "1号窑", "equipment": "虚构立窑", "quantity": 2}
    assert read(**line).item == "1号窑"
    for field, nothing in (("item", ""), ("equipment", "\t"), ("quantity", 0)):
        assert refusal(**{**line, field: nothing}).field == f"obligation.{field}"


def test_the_whole_enterprise_has_neither_item_nor_sets() -> None:
    assert refusal(scope=Scope.ENTERPRISE, item="1号窑").field == "obligation.item"
    assert refusal(scope=Scope.ENTERPRISE, quantity=1).field == "obligation.quantity"


@pytest.mark.parametrize("amount", ["45.5", "0.0001", "999999999999.9999", "100000", "007", "45.500000"])
def test_a_capacity_is_kept_as_a_plain_number(amount: str) -> None:
    assert "E" not in str(read(capacity_amount=amount).capacity.amount)


@pytest.mark.parametrize(
    "amount",
    [
        *("", "0", "-1", "1e12", "0.00001", "nan", "Infinity", "sNaN", "forty", "1,5", "1" * 33, "1" * 1_000_000),
        *("1e9999999", "1e-9999999", "-1e9999999", "0e9999999", "9" * 31, "0." + "9" * 30),
        *("1_000", "1e5", "1E+5", "+5", "5.", ".5", " 45.5", "45.5\n", "４５", "٤٥", "0x10", "990000190001010294"),
    ],
)
def test_an_absurd_capacity_is_refused(amount: str) -> None:
    violation = refusal(capacity_amount=amount)
    assert violation.field == "obligation.capacity.amount"
    assert len(violation.description) < 200
    assert "990000190001010294" not in violation.description


def test_the_last_day_itself_is_not_overdue_and_the_day_after_is() -> None:
    given = with_obligation(draft(), ordered_on=ORDERED.isoformat())
    last = date(2025, 7, 31)
    given = with_decision(given, notice_served_on=last.isoformat(), date=last.isoformat())
    with pytest.raises(NotOverdue, match="2025-07-31 has not passed"):
        taken_in(given, today=last)
    morning_after = last + timedelta(days=1)
    given = with_decision(given, date=morning_after.isoformat(), notice_served_on=morning_after.isoformat())
    record = taken_in(given, today=morning_after)
    assert record.obligation.last_day == last


def test_a_decision_on_or_before_the_last_day_is_refused_however_late_it_is_handed_in() -> None:
    given = with_obligation(draft(), ordered_on=ORDERED.isoformat())
    given = with_decision(given, date="2025-07-31", notice_served_on="2025-07-01")
    with pytest.raises(Invalid, match="was not overdue yet") as caught:
        taken_in(given)
    assert not isinstance(caught.value, NotOverdue)
    assert [v.field for v in caught.value.violations] == ["decision.date"]


def test_an_extension_moves_the_last_day() -> None:
    given = with_obligation(draft(), ordered_on=(TODAY - timedelta(days=250)).isoformat())
    given = with_decision(given, date=TODAY.isoformat(), notice_served_on=TODAY.isoformat())
    assert taken_in(given).obligation.last_day < TODAY
    with pytest.raises(NotOverdue):
        taken_in(with_obligation(given, extension=extension(3)))


days = st.dates(date(2024, 1, 1), TODAY + timedelta(days=30)).map(date.isoformat)


@given(
    standard=st.sampled_from(Standard),
    ordered=days,
    due=st.one_of(st.just(""), days),
    extension=st.none() | st.builds(extension, st.integers(0, 4)),
    decided=days,
)
def test_what_is_accepted_was_overdue_before_it_was_decided(
    standard: Standard, ordered: str, due: str, extension: ExtensionDraft | None, decided: str
) -> None:
    given = with_obligation(draft(), standard=standard, ordered_on=ordered, due_on=due, extension=extension)
    given = with_decision(given, date=decided, notice_served_on=decided)
    try:
        record = taken_in(given)
    except Invalid:
        return
    obligation = record.obligation
    assert obligation.last_day < record.ruling.decided_on <= TODAY
    assert obligation.ordered_on <= obligation.due_on <= obligation.last_day
    assert not obligation.extension or standard is Standard.ENERGY
    if standard in {Standard.ENERGY, Standard.QUALITY}:
        assert (obligation.due_on - obligation.ordered_on).days <= 184


def test_an_empty_draft_says_everything_that_is_missing() -> None:
    findings = Findings()
    assert read_obligation(ObligationDraft(), findings, today=TODAY, law=LAW) is None
    with pytest.raises(Invalid) as caught:
        findings.stop_if_any()
    assert {violation.field for violation in caught.value.violations} == {
        *("obligation.scope", "obligation.sector", "obligation.standard", "obligation.capacity.amount"),
        *("obligation.capacity.unit", "obligation.ordered_on", "obligation.due_on", "obligation.plan"),
    }
