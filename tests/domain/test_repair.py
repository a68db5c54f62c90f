"""Repair: never before the minimum of its class under the regime of its document's day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.samples import LAW, TODAY, draft, lift_draft, repair_draft, suspension, taken_in

from credit_sanction_service.domain.decisions import Fixed
from credit_sanction_service.domain.effect import Filter, belongs, has_effect
from credit_sanction_service.domain.faults import Invalid, StateConflict, TooEarly
from credit_sanction_service.domain.lifecycle import lift
from credit_sanction_service.domain.repair import repair
from credit_sanction_service.domain.suspensions import suspend
from credit_sanction_service.domain.terms import LiftGround, PublicationClass, State

OPEN = Fixed(obligation=taken_in(draft()).obligation, name="exitObligations/1")


@pytest.mark.parametrize(
    ("publication_class", "decided_on", "earliest", "rule"),
    [
        (PublicationClass.SERIOUS, date(2026, 4, 1), date(2027, 4, 2), "第36号"),
        (PublicationClass.GENERAL, date(2026, 4, 1), date(2026, 7, 2), "第36号"),
        (PublicationClass.SERIOUS, date(2026, 3, 31), date(2027, 4, 1), "第58号"),
        (PublicationClass.GENERAL, date(2026, 2, 28), date(2026, 5, 29), "第58号"),
    ],
)
def test_repair_waits_for_the_minimum_of_its_class(
    publication_class: PublicationClass, decided_on: date, earliest: date, rule: str
) -> None:
    record = taken_in(draft(publication_class=publication_class, decided_on=decided_on), today=decided_on)
    before = earliest - timedelta(days=1)
    with pytest.raises(TooEarly) as caught:
        repair(record, repair_draft(on=before), today=before, law=LAW)
    assert caught.value.earliest == earliest
    assert rule in str(caught.value)
    repaired = repair(record, repair_draft(on=earliest), today=earliest, law=LAW)
    assert repaired.state is State.LIFTED
    assert repaired.ending
    assert repaired.ending.ground is LiftGround.REPAIR


@pytest.mark.parametrize(
    ("publication_class", "decided_on"),
    [(PublicationClass.MINOR, date(2026, 10, 26)), (PublicationClass.SERIOUS, date(2023, 4, 28))],
)
def test_a_minor_record_and_one_before_order_58_have_no_minimum(
    publication_class: PublicationClass, decided_on: date
) -> None:
    record = taken_in(draft(publication_class=publication_class, decided_on=decided_on), today=decided_on)
    assert repair(record, repair_draft(on=decided_on), today=decided_on, law=LAW).state is State.LIFTED


def test_repair_ends_publication_sharing_and_measures_together() -> None:
    record = taken_in(draft(publication_class=PublicationClass.GENERAL, decided_on=date(2026, 5, 8)))
    repaired = repair(record, repair_draft(), today=TODAY, law=LAW)
    for target in (Filter(), Filter(public=True)):
        assert belongs(record, target, TODAY)
        assert not belongs(repaired, target, TODAY)
    assert has_effect(record, TODAY)
    assert not has_effect(repaired, TODAY)
    assert has_effect(repaired, TODAY - timedelta(days=1))


def test_who_has_not_corrected_cannot_repair_nor_be_lifted_as_completed() -> None:
    record = taken_in(draft(publication_class=PublicationClass.GENERAL, decided_on=date(2026, 5, 8)))
    with pytest.raises(StateConflict):
        repair(record, repair_draft(), today=TODAY, law=LAW, fixed=OPEN)
    with pytest.raises(StateConflict):
        lift(record, lift_draft(), today=TODAY, law=LAW, fixed=OPEN)
    court = replace(lift_draft(), ground=LiftGround.COURT_OR_REVIEW)
    assert lift(record, court, today=TODAY, law=LAW, fixed=OPEN).state is State.LIFTED


def test_repair_is_no_ground_of_a_lift() -> None:
    record = taken_in(draft())
    with pytest.raises(Invalid) as caught:
        lift(record, replace(lift_draft(), ground=LiftGround.REPAIR), today=TODAY, law=LAW)
    assert [violation.field for violation in caught.value.violations] == ["ground"]


def test_a_suspended_record_can_be_repaired_and_an_ended_one_not() -> None:
    record = taken_in(draft(publication_class=PublicationClass.GENERAL, decided_on=date(2026, 5, 8)))
    resting = suspend(record, suspension(), today=TODAY, law=LAW)
    assert repair(resting, repair_draft(), today=TODAY, law=LAW).state is State.LIFTED
    with pytest.raises(StateConflict):
        repair(lift(record, lift_draft(), today=TODAY, law=LAW), repair_draft(), today=TODAY, law=LAW)


def test_the_days_of_a_repair_stand_in_their_order() -> None:
    record = taken_in(draft(publication_class=PublicationClass.GENERAL, decided_on=date(2026, 5, 8)))
    later = (TODAY + timedelta(days=1)).isoformat()
    base = repair_draft(on=TODAY - timedelta(days=5))
    after = (TODAY - timedelta(days=4)).isoformat()
    for field, value in (
        ("applied_on", later),
        ("corrected_on", later),
        ("applied_on", after),
        ("corrected_on", after),
    ):
        with pytest.raises(Invalid) as caught:
            repair(record, replace(base, **{field: value}), today=TODAY, law=LAW)
        assert [violation.field for violation in caught.value.violations] == [field]


def test_neither_repair_nor_lift_precedes_the_verified_completion() -> None:
    record = taken_in(draft(publication_class=PublicationClass.GENERAL, decided_on=date(2026, 5, 8)))
    done = replace(OPEN, completed_on=TODAY)
    early = (TODAY - timedelta(days=1)).isoformat()
    with pytest.raises(Invalid) as caught:
        lift(record, lift_draft(early, decided_on=TODAY - timedelta(days=1)), today=TODAY, law=LAW, fixed=done)
    assert [violation.field for violation in caught.value.violations] == ["date", "effective_on"]
    with pytest.raises(Invalid) as caught:
        repair(record, replace(repair_draft(), corrected_on=early), today=TODAY, law=LAW, fixed=done)
    assert [violation.field for violation in caught.value.violations] == ["corrected_on"]
    assert lift(record, lift_draft(), today=TODAY, law=LAW, fixed=done).state is State.LIFTED
    ordered = record.obligation.ordered_on - timedelta(days=1)
    with pytest.raises(Invalid):
        repair(record, replace(repair_draft(), corrected_on=ordered.isoformat()), today=TODAY, law=LAW)


def test_a_repair_that_lies_ahead_is_not_put_off() -> None:
    record = taken_in(draft(publication_class=PublicationClass.GENERAL, decided_on=date(2026, 5, 8)))
    ahead = replace(repair_draft(), effective_on="2026-12-01")
    repaired = repair(record, ahead, today=TODAY, law=LAW)
    with pytest.raises(Invalid) as caught:
        lift(repaired, lift_draft("2026-12-02"), today=TODAY, law=LAW)
    assert [violation.field for violation in caught.value.violations] == ["effective_on"]
    assert lift(repaired, lift_draft("2026-11-30"), today=TODAY, law=LAW).ending is not None
