"""Suspension lifts the effect and keeps the record; resumption gives it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.samples import LAW, TODAY, draft, draft_of, lift_draft, objection, repair_draft, suspension
from tests.samples import record as sample

from credit_sanction_service.domain.amendments import Amendment, amend
from credit_sanction_service.domain.effect import Filter, belongs, has_effect
from credit_sanction_service.domain.faults import Invalid, StateConflict
from credit_sanction_service.domain.lifecycle import lift, pass_days
from credit_sanction_service.domain.objections import raise_objection
from credit_sanction_service.domain.repair import repair
from credit_sanction_service.domain.suspensions import resume, suspend
from credit_sanction_service.domain.terms import Area, DutyKind, PublicationClass, State

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import SanctionRecord

BEFORE = TODAY - timedelta(days=1)
AFTER = TODAY + timedelta(days=1)


def suspended() -> SanctionRecord:
    return suspend(sample(), suspension(), today=TODAY, law=LAW)


def test_from_its_effective_day_on_a_suspended_record_has_no_effect() -> None:
    record = suspended()
    assert record.state is State.SUSPENDED
    assert [has_effect(record, day) for day in (BEFORE, TODAY, AFTER)] == [True, False, False]
    assert not belongs(record, Filter(), TODAY)
    assert [day.since for day in record.due_days if day.kind is DutyKind.WITHDRAW] == [TODAY]


def test_resumed_it_has_effect_again_and_the_days_between_have_none() -> None:
    week = TODAY + timedelta(days=7)
    record = resume(suspended(), suspension(on=week), today=week, law=LAW)
    assert record.state is State.LISTED
    assert [has_effect(record, TODAY + timedelta(days=days)) for days in (-1, 0, 6, 7)] == [True, False, False, True]
    assert not [day for day in record.due_days if day.kind is DutyKind.WITHDRAW]
    again = suspend(record, suspension(on=week), today=week, law=LAW)
    assert len(again.suspensions) == 2
    with pytest.raises(Invalid) as caught:
        suspend(record, suspension(on=week, effective_on=TODAY), today=week, law=LAW)
    assert [violation.field for violation in caught.value.violations] == ["effective_on"]


def test_it_may_reach_back_to_the_listing_but_not_before_nor_ahead() -> None:
    record = sample()
    early = suspend(record, suspension(effective_on=record.since), today=TODAY, law=LAW)
    assert not any(has_effect(early, record.since + timedelta(days=days)) for days in range(60))
    for day in (record.since - timedelta(days=1), AFTER):
        with pytest.raises(Invalid):
            suspend(record, suspension(effective_on=day), today=TODAY, law=LAW)


def test_a_suspended_record_still_expires_is_lifted_and_objected_to() -> None:
    record = suspended()
    end = record.last_day + timedelta(days=1)
    assert pass_days(record, today=end, law=LAW).state is State.EXPIRED
    lifted = lift(record, lift_draft(), today=TODAY, law=LAW)
    assert lifted.state is State.LIFTED
    assert not has_effect(lifted, TODAY)
    assert has_effect(lifted, BEFORE)
    assert raise_objection(record, objection(), today=TODAY, law=LAW).state is State.SUSPENDED


def test_only_listed_records_are_suspended_and_only_suspended_ones_resumed() -> None:
    with pytest.raises(StateConflict):
        suspend(suspended(), suspension(), today=TODAY, law=LAW)
    with pytest.raises(StateConflict):
        resume(sample(), suspension(), today=TODAY, law=LAW)


def test_a_suspended_record_is_amended_and_stays_suspended() -> None:
    record = suspended()
    given = replace(draft_of(record), publication_end_date="2027-06-30")
    fresh = amend(record, Amendment(draft=given, paths={"publication_end_date"}), today=TODAY, law=LAW)
    assert (fresh.state, fresh.publication_end) == (State.SUSPENDED, date(2027, 6, 30))
    assert fresh.suspensions == record.suspensions


def test_a_record_that_is_lifted_for_a_day_ahead_is_suspended_resumed_repaired_and_amended_until_then() -> None:
    record = sample(publication_class=PublicationClass.GENERAL, decided_on=date(2026, 5, 8))
    ahead = lift(record, lift_draft("2026-12-31"), today=TODAY, law=LAW)
    resting = suspend(ahead, suspension(), today=TODAY, law=LAW)
    assert resting.state is State.LIFTED
    assert [has_effect(resting, day) for day in (BEFORE, TODAY, AFTER)] == [True, False, False]
    with pytest.raises(StateConflict):
        suspend(resting, suspension(), today=TODAY, law=LAW)
    week = TODAY + timedelta(days=7)
    again = resume(resting, suspension(on=week), today=week, law=LAW)
    assert [has_effect(again, day) for day in (week, date(2026, 12, 30), date(2026, 12, 31))] == [True, True, False]
    with pytest.raises(StateConflict):
        resume(again, suspension(on=week), today=week, law=LAW)
    assert repair(ahead, repair_draft(), today=TODAY, law=LAW).ending != ahead.ending
    given = replace(draft_of(ahead), measures=draft(areas=(Area.LAND_SUPPLY,)).measures)
    amended = amend(ahead, Amendment(draft=given, paths={"measures"}), today=TODAY, law=LAW)
    assert (amended.state, amended.ending, len(amended.measures)) == (State.LIFTED, ahead.ending, 1)
    ended = lift(record, lift_draft(), today=TODAY, law=LAW)
    with pytest.raises(StateConflict):
        suspend(ended, suspension(), today=TODAY, law=LAW)
