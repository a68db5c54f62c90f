"""Due days: which clocks run, by which calendar, and what happens where that is not published yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tests.samples import (
    LAW,
    TODAY,
    draft,
    draft_of,
    lift_draft,
    objection,
    quarantined,
    revocation,
    suspension,
    taken_in,
)
from tests.samples import record as sample

from credit_sanction_service.domain.amendments import Amendment, amend
from credit_sanction_service.domain.duties import refreshed
from credit_sanction_service.domain.lifecycle import lift, next_change, pass_days, revoke
from credit_sanction_service.domain.measures import repealed
from credit_sanction_service.domain.objections import raise_objection
from credit_sanction_service.domain.suspensions import suspend
from credit_sanction_service.domain.terms import Area, DutyKind
from credit_sanction_service.domain.working_days import WorkingCalendar, YearDays

if TYPE_CHECKING:
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.proceedings import DueDay
    from credit_sanction_service.domain.records import SanctionRecord


def of(record: SanctionRecord, kind: DutyKind) -> list[DueDay]:
    return [due for due in record.due_days if due.kind is kind]


def with_calendar_2027() -> Law:
    years = {**LAW.calendar.years, 2027: YearDays(edition="2027", off=frozenset({date(2027, 1, 1)}), work=frozenset())}
    return replace(LAW, calendar=WorkingCalendar(years=years))


def test_a_decision_is_reported_within_seven_working_days() -> None:
    record = taken_in(draft(decided_on=date(2026, 2, 11)), today=date(2026, 2, 11))
    (due,) = of(record, DutyKind.REPORT_DECISION)
    assert (due.since, due.due_on, due.calendar_edition) == (date(2026, 2, 11), date(2026, 2, 27), "2004-2026")


def test_what_was_lifted_or_revoked_is_withdrawn_within_three_working_days() -> None:
    lifted = lift(sample(), lift_draft(), today=TODAY, law=LAW)
    assert [due.due_on for due in of(lifted, DutyKind.WITHDRAW)] == [date(2026, 11, 26)]
    ahead = lift(sample(), lift_draft("2026-12-01"), today=TODAY, law=LAW)
    assert [due.due_on for due in of(ahead, DutyKind.WITHDRAW)] == [date(2026, 12, 4)]
    revoked = revoke(sample(), revocation(decided_on=TODAY - timedelta(days=3)), today=TODAY, law=LAW)
    assert [due.due_on for due in of(revoked, DutyKind.WITHDRAW)] == [date(2026, 11, 25)]


def test_what_expired_is_withdrawn_within_three_working_days_of_its_end() -> None:
    record = sample(publication_end="2026-11-24")
    expired = pass_days(record, today=date(2026, 11, 25), law=LAW)
    assert [due.due_on for due in of(expired, DutyKind.WITHDRAW)] == [date(2026, 11, 30)]


def test_without_a_published_calendar_a_due_day_is_open_and_filled_in_once_it_is() -> None:
    late = date(2026, 12, 30)
    record = taken_in(draft(decided_on=late), today=late)
    (due,) = of(record, DutyKind.REPORT_DECISION)
    assert (due.due_on, due.calendar_edition) == (None, "")
    disputed = raise_objection(record, objection(on=late), today=late, law=LAW)
    assert disputed.objection
    assert disputed.objection.due_on is None
    filled = refreshed(disputed, law=with_calendar_2027(), today=late)
    assert [due.due_on for due in of(filled, DutyKind.REPORT_DECISION)] == [date(2027, 1, 11)]
    assert filled.objection
    assert (filled.objection.due_on, filled.objection.calendar_edition) == (date(2027, 1, 5), "2004-2026+2027")


def test_a_due_day_once_reckoned_stays_whatever_calendar_comes_later() -> None:
    record = sample()
    years = {**LAW.calendar.years, 2026: YearDays(edition="2026b", off=frozenset(), work=frozenset())}
    other = replace(LAW, calendar=WorkingCalendar(years=years))
    assert refreshed(record, law=other, today=TODAY).due_days == record.due_days


def test_a_binding_basis_past_its_validity_raises_a_duty_to_review() -> None:
    record = sample()
    last = TODAY + timedelta(days=10)
    catalogues = {name: repealed(one, {"国发〔2010〕7号": last}) for name, one in LAW.catalogues.items()}
    law = replace(LAW, catalogues=catalogues)
    assert next_change(record, after=TODAY, law=law) == last + timedelta(days=1)
    assert not of(refreshed(record, law=law, today=last), DutyKind.REVIEW_BASIS)
    moved = pass_days(record, today=last + timedelta(days=1), law=law)
    notes = {due.note.partition(" ")[0] for due in of(moved, DutyKind.REVIEW_BASIS)}
    assert notes == {Area.LAND_SUPPLY, Area.FINANCING_CREDIT, Area.PRODUCTION_LICENCE, Area.SAFETY_LICENCE}
    assert {due.since for due in of(moved, DutyKind.REVIEW_BASIS)} == {last + timedelta(days=1)}
    ended = lift(moved, lift_draft(decided_on=last), today=last + timedelta(days=1), law=law)
    assert not of(ended, DutyKind.REVIEW_BASIS)


def test_a_record_that_was_never_listed_has_nothing_to_withdraw() -> None:
    waiting = sample()
    never = replace(waiting, ever_listed=False)
    assert not of(revoke(never, revocation(), today=TODAY, law=LAW), DutyKind.WITHDRAW)


def test_the_clock_of_a_suspension_goes_on_when_the_record_is_lifted_for_a_later_day() -> None:
    resting = suspend(sample(), suspension(), today=TODAY, law=LAW)
    ahead = lift(resting, lift_draft("2026-12-01"), today=TODAY, law=LAW)
    assert of(ahead, DutyKind.WITHDRAW) == of(resting, DutyKind.WITHDRAW)


def test_a_review_is_done_when_the_measures_are_amended_to_the_same_too() -> None:
    record = sample()
    last = TODAY + timedelta(days=10)
    catalogues = {name: repealed(one, {"国发〔2010〕7号": last}) for name, one in LAW.catalogues.items()}
    law = replace(LAW, catalogues=catalogues)
    later = last + timedelta(days=1)
    moved = pass_days(record, today=later, law=law)
    assert of(moved, DutyKind.REVIEW_BASIS)
    other = Amendment(draft=draft_of(moved), paths={"decision.cause"})
    assert of(amend(moved, other, today=later, law=law), DutyKind.REVIEW_BASIS)
    same = Amendment(draft=draft_of(moved), paths={"measures"})
    assert not of(amend(moved, same, today=later, law=law), DutyKind.REVIEW_BASIS)


def test_what_waits_beyond_its_last_day_is_owed_to_nobody() -> None:
    waiting = quarantined()
    assert of(waiting, DutyKind.REPORT_DECISION)
    day = next_change(waiting, after=TODAY, law=LAW)
    assert day == waiting.last_day + timedelta(days=1)
    assert not of(pass_days(waiting, today=day, law=LAW), DutyKind.REPORT_DECISION)
