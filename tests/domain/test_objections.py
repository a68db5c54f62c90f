"""Objections: marked at once, a working-day clock, three ways to end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.samples import LAW, TODAY, draft, draft_of, lift_draft, objection, objection_decision, revocation
from tests.samples import record as sample

from credit_sanction_service.domain.amendments import Amendment, amend
from credit_sanction_service.domain.effect import has_effect
from credit_sanction_service.domain.faults import FieldFixed, Invalid, StateConflict
from credit_sanction_service.domain.lifecycle import lift, revoke
from credit_sanction_service.domain.objections import decide_objection, raise_objection
from credit_sanction_service.domain.terms import Area, DutyKind, ObjectionOutcome, State

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import SanctionRecord


def disputed(*, needs_others: bool = False) -> SanctionRecord:
    return raise_objection(sample(), objection(needs_others=needs_others), today=TODAY, law=LAW)


@pytest.mark.parametrize(("needs_others", "due"), [(False, date(2026, 11, 26)), (True, date(2026, 12, 2))])
def test_an_objection_marks_at_once_and_starts_the_clock(needs_others: bool, due: date) -> None:  # noqa: FBT001 - a parameter
    record = disputed(needs_others=needs_others)
    assert record.disputed
    assert record.state is State.LISTED
    assert has_effect(record, TODAY)
    assert record.objection
    assert (record.objection.due_on, record.objection.calendar_edition) == (due, "2004-2026")
    assert [day.due_on for day in record.due_days if day.kind is DutyKind.DECIDE_OBJECTION] == [due]


def test_upheld_it_is_a_record_without_mark() -> None:
    record = disputed()
    settled = decide_objection(record, objection_decision(ObjectionOutcome.UPHELD), today=TODAY, law=LAW)
    assert (settled.state, settled.disputed, settled.version) == (State.LISTED, False, 3)
    assert settled.objection
    assert settled.objection.outcome is ObjectionOutcome.UPHELD
    assert not [day for day in settled.due_days if day.kind is DutyKind.DECIDE_OBJECTION]
    assert raise_objection(settled, objection(), today=TODAY, law=LAW).disputed


def test_corrected_it_has_the_corrected_fields() -> None:
    record = disputed()
    given = replace(draft_of(record), measures=draft(areas=(Area.LAND_SUPPLY,)).measures)
    amendment = Amendment(draft=given, paths={"measures"})
    outcome = objection_decision(ObjectionOutcome.CORRECTED)
    settled = decide_objection(record, outcome, today=TODAY, law=LAW, amendment=amendment)
    assert [measure.area for measure in settled.measures] == [Area.LAND_SUPPLY]
    assert not settled.disputed
    with pytest.raises(Invalid):
        decide_objection(record, outcome, today=TODAY, law=LAW)
    upheld = objection_decision(ObjectionOutcome.UPHELD)
    with pytest.raises(Invalid):
        decide_objection(record, upheld, today=TODAY, law=LAW, amendment=amendment)
    fixed = Amendment(draft=given, paths={"enterprise.code"})
    with pytest.raises(FieldFixed):
        decide_objection(record, outcome, today=TODAY, law=LAW, amendment=fixed)


def test_revoked_it_never_had_effect() -> None:
    settled = decide_objection(disputed(), objection_decision(ObjectionOutcome.REVOKED), today=TODAY, law=LAW)
    assert settled.state is State.REVOKED
    assert settled.ending
    assert settled.ending.document_number == "虚构异字1号"
    assert not any(has_effect(settled, TODAY - timedelta(days=days)) for days in range(60))


def test_there_is_one_objection_at_a_time_and_none_after_the_end() -> None:
    with pytest.raises(StateConflict, match="already"):
        raise_objection(disputed(), objection(), today=TODAY, law=LAW)
    with pytest.raises(StateConflict, match="not disputed"):
        decide_objection(sample(), objection_decision(ObjectionOutcome.UPHELD), today=TODAY, law=LAW)
    for ended in (
        lift(sample(), lift_draft(), today=TODAY, law=LAW),
        revoke(sample(), revocation(), today=TODAY, law=LAW),
    ):
        with pytest.raises(StateConflict):
            raise_objection(ended, objection(), today=TODAY, law=LAW)


def test_its_day_lies_between_the_decision_and_today() -> None:
    for day in (TODAY + timedelta(days=1), TODAY - timedelta(days=31)):
        with pytest.raises(Invalid) as caught:
            raise_objection(sample(), objection(on=day), today=TODAY, law=LAW)
        assert [violation.field for violation in caught.value.violations] == ["raised_on"]


def test_an_amendment_keeps_the_mark() -> None:
    record = disputed()
    given = replace(draft_of(record), measures=draft(areas=(Area.LAND_SUPPLY,)).measures)
    assert amend(record, Amendment(draft=given, paths={"measures"}), today=TODAY, law=LAW).disputed
