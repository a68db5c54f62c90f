"""Deadlines: every row of the table, month ends, extensions, and what overdue means."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import TODAY, draft, taken_in, with_decision, with_obligation

from credit_sanction_service.domain.drafts import ObligationDraft
from credit_sanction_service.domain.faults import Invalid, NotOverdue, Violation
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.obligations import PERIODS, read_obligation
from credit_sanction_service.domain.terms import Scope, Standard

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import Obligation

ORDERED = date(2025, 1, 31)


def read(**changes: object) -> Obligation:
    """Read an obligation ordered on `ORDERED`, or raise what is wrong with it."""
    given = with_obligation(draft(), ordered_on=ORDERED.isoformat(), **changes).obligation
    findings = Findings()
    obligation = read_obligation(given, findings, today=TODAY)
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
    assert read(standard=Standard.ENERGY, due_on="2025-03-01").last_day == date(2025, 3, 1)
    assert "§三(二)1" in refusal(standard=Standard.ENERGY, due_on="2025-08-01").rule


@pytest.mark.parametrize(("months", "last"), [(1, "2025-08-31"), (2, "2025-09-30"), (3, "2025-10-31")])
def test_energy_knows_one_extension_of_at_most_three_months(months: int, last: str) -> None:
    assert read(standard=Standard.ENERGY, extension=(months, "延期1号")).last_day == date.fromisoformat(last)


@pytest.mark.parametrize("months", [-1, 0, 4, 12, 2**31 - 1])
def test_a_longer_extension_is_refused_with_its_article(months: int) -> None:
    violation = refusal(standard=Standard.ENERGY, extension=(months, "延期1号"))
    assert (violation.field, violation.rule) == ("obligation.extension.months", PERIODS[Standard.ENERGY].article)


def test_an_extension_needs_its_document() -> None:
    assert refusal(standard=Standard.ENERGY, extension=(3, " ")).field == "obligation.extension.document_number"


def test_quality_has_six_months_by_default_and_no_more() -> None:
    assert read(standard=Standard.QUALITY).last_day == date(2025, 7, 31)
    assert "§三(二)3" in refusal(standard=Standard.QUALITY, due_on="2025-08-01").rule


@pytest.mark.parametrize("standard", [s for s in Standard if s is not Standard.ENERGY])
def test_only_energy_knows_an_extension(standard: Standard) -> None:
    violation = refusal(standard=standard, due_on="2025-07-31", extension=(1, "延期1号"))
    assert (violation.field, violation.rule) == ("obligation.extension.months", PERIODS[standard].article)


@pytest.mark.parametrize("standard", [Standard.ENVIRONMENT, Standard.SAFETY, Standard.TECHNOLOGY])
def test_environment_safety_and_technology_are_due_when_their_document_says(standard: Standard) -> None:
    assert refusal(standard=standard).field == "obligation.due_on"
    assert read(standard=standard, due_on="2026-10-01").last_day == date(2026, 10, 1)
    assert read(standard=standard, due_on=ORDERED.isoformat()).last_day == ORDERED


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
    given = with_decision(given, notice_served_on=last.isoformat())
    with pytest.raises(NotOverdue) as caught:
        taken_in(with_decision(given, date=last.isoformat()), today=last)
    assert "2025-07-31 has not passed" in str(caught.value)
    morning_after = last + timedelta(days=1)
    record = taken_in(with_decision(given, date=morning_after.isoformat()), today=morning_after)
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
    given = with_decision(given, date=TODAY.isoformat())
    assert taken_in(given).obligation.last_day < TODAY
    with pytest.raises(NotOverdue):
        taken_in(with_obligation(given, extension=(3, "延期1号")))


days = st.dates(date(2024, 1, 1), TODAY + timedelta(days=30)).map(date.isoformat)


@given(
    standard=st.sampled_from(Standard),
    ordered=days,
    due=st.one_of(st.just(""), days),
    extension=st.none() | st.tuples(st.integers(0, 4), st.just("延期1号")),
    decided=days,
)
def test_what_is_accepted_was_overdue_before_it_was_decided(
    standard: Standard, ordered: str, due: str, extension: tuple[int, str] | None, decided: str
) -> None:
    given = with_obligation(draft(), standard=standard, ordered_on=ordered, due_on=due, extension=extension)
    given = with_decision(given, date=decided, notice_served_on=decided)
    try:
        record = taken_in(given)
    except Invalid:
        return
    obligation = record.obligation
    assert obligation.last_day < record.decision.decided_on <= TODAY
    assert obligation.ordered_on <= obligation.due_on <= obligation.last_day
    assert not obligation.extension or standard is Standard.ENERGY
    if standard in {Standard.ENERGY, Standard.QUALITY}:
        assert (obligation.due_on - obligation.ordered_on).days <= 184


def test_an_empty_draft_says_everything_that_is_missing() -> None:
    findings = Findings()
    assert read_obligation(ObligationDraft(), findings, today=TODAY) is None
    with pytest.raises(Invalid) as caught:
        findings.stop_if_any()
    assert {violation.field for violation in caught.value.violations} == {
        *("obligation.scope", "obligation.sector", "obligation.standard", "obligation.capacity.amount"),
        *("obligation.capacity.unit", "obligation.ordered_on", "obligation.due_on"),
    }
