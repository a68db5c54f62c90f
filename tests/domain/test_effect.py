"""What a record means on a day, and that no day changes it unnoticed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples import (
    CATALOGUE,
    LAW,
    TODAY,
    draft,
    lift_draft,
    notice_draft,
    penalty,
    quarantined,
    revocation,
    suspension,
    taken_in,
    with_decision,
    with_enterprise,
)
from tests.samples import record as sample

from credit_sanction_service.domain.calendar import add_day, add_months
from credit_sanction_service.domain.drafts import MeasureDraft
from credit_sanction_service.domain.due_process import serve_notice
from credit_sanction_service.domain.effect import Filter, areas_running, belongs, has_effect, in_force, may_have_effect
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.lifecycle import lift, next_change, pass_days, revoke
from credit_sanction_service.domain.suspensions import suspend
from credit_sanction_service.domain.terms import ALL_AREAS, Area, PublicationClass, Sector, Standard, State

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import SanctionRecord

DECIDED = TODAY - timedelta(days=30)
EVERYTHING = Filter()
PUBLIC = Filter(public=True)


def areas_in_force(record: SanctionRecord, day: date) -> dict[Area, bool]:
    return {m.measure.area: m.binding for m in in_force(record, day, ALL_AREAS, CATALOGUE)}


@pytest.mark.parametrize(
    ("day", "effect"),
    [
        (DECIDED - timedelta(days=1), False),
        (DECIDED, True),
        (date(2029, 10, 24), True),
        (date(2029, 10, 25), False),
    ],
)
def test_a_listed_record_has_effect_from_its_decision_to_its_last_day(day: date, effect: bool) -> None:  # noqa: FBT001 - the expectation
    record = sample()
    assert has_effect(record, day) is effect
    assert bool(areas_in_force(record, day)) is effect
    assert belongs(record, EVERYTHING, day) is effect
    assert belongs(record, PUBLIC, day) is effect


def test_a_quarantined_record_has_no_effect_but_might() -> None:
    record = quarantined()
    assert not has_effect(record, TODAY)
    assert not belongs(record, EVERYTHING, TODAY)
    assert may_have_effect(record, TODAY)
    assert not may_have_effect(record, record.last_day + timedelta(days=1))


def test_areas_run_to_the_end_of_their_measures_in_quarantine_too() -> None:
    land = MeasureDraft(area=Area.LAND_SUPPLY, end_date="2027-01-31")
    given = replace(draft(), measures=(land, MeasureDraft(area=Area.SAFETY_LICENCE)))
    both, safety = {Area.LAND_SUPPLY, Area.SAFETY_LICENCE}, {Area.SAFETY_LICENCE}
    for record in (taken_in(given), taken_in(with_enterprise(given, code="220101000012345"))):
        assert areas_running(record, date(2027, 1, 31)) == both
        assert areas_running(record, date(2027, 2, 1)) == safety
        assert areas_running(record, DECIDED - timedelta(days=1)) == set()
        assert areas_running(record, record.last_day + timedelta(days=1)) == set()
        assert areas_running(revoke(record, revocation(), today=TODAY, law=LAW), TODAY) == set()


def test_a_revoked_record_never_had_effect() -> None:
    revoked = revoke(sample(), revocation(), today=TODAY, law=LAW)
    assert not any(has_effect(revoked, day) for day in (DECIDED, TODAY, TODAY + timedelta(days=1)))


def test_a_lifted_record_had_effect_before_its_day() -> None:
    lifted = lift(sample(), lift_draft("2026-12-01"), today=TODAY, law=LAW)
    assert has_effect(lifted, date(2026, 11, 30))
    assert not has_effect(lifted, date(2026, 12, 1))
    assert belongs(lifted, EVERYTHING, date(2026, 11, 30))
    assert not belongs(lifted, EVERYTHING, date(2026, 12, 1))


def test_an_expired_record_had_effect_to_its_last_day() -> None:
    record = sample()
    ended = pass_days(record, today=record.last_day + timedelta(days=40), law=LAW)
    assert has_effect(ended, record.last_day)
    assert not has_effect(ended, record.last_day + timedelta(days=1))


def test_each_measure_ends_on_its_own_day_and_publication_on_its_own() -> None:
    record = taken_in(
        replace(
            draft(publication_class=PublicationClass.GENERAL, publication_end="2027-03-31"),
            measures=(
                MeasureDraft(area=Area.LAND_SUPPLY, end_date="2027-01-31"),
                MeasureDraft(area=Area.SAFETY_LICENCE, end_date="2027-06-30"),
            ),
        )
    )
    assert set(areas_in_force(record, date(2027, 1, 31))) == {Area.LAND_SUPPLY, Area.SAFETY_LICENCE}
    assert set(areas_in_force(record, date(2027, 2, 1))) == {Area.SAFETY_LICENCE}
    land = Filter(areas=frozenset({Area.LAND_SUPPLY}))
    assert belongs(record, land, date(2027, 1, 31))
    assert not belongs(record, land, date(2027, 2, 1))
    assert belongs(record, PUBLIC, date(2027, 3, 31))
    assert not belongs(record, PUBLIC, date(2027, 4, 1))
    assert belongs(record, EVERYTHING, date(2027, 6, 30))
    assert not belongs(record, EVERYTHING, date(2027, 7, 1))


def test_a_website_shows_a_published_record_whose_measures_have_ended_and_a_platform_does_not() -> None:
    measures = (MeasureDraft(area=Area.LAND_SUPPLY, end_date="2027-01-31"),)
    record = taken_in(replace(draft(), measures=measures))
    assert belongs(record, PUBLIC, date(2027, 2, 1))
    assert not belongs(record, EVERYTHING, date(2027, 2, 1))


def test_a_minor_record_is_never_public() -> None:
    record = sample(publication_class=PublicationClass.MINOR)
    assert belongs(record, EVERYTHING, TODAY)
    assert not belongs(record, PUBLIC, TODAY)


@pytest.mark.parametrize(
    ("target", "takes"),
    [
        (Filter(areas=frozenset({Area.LAND_SUPPLY, Area.TAX_ADMINISTRATION})), True),
        (Filter(areas=frozenset({Area.TAX_ADMINISTRATION})), False),
        (Filter(areas=frozenset()), False),
        (Filter(districts=frozenset({"220113"})), True),
        (Filter(districts=frozenset({"220183"})), False),
        (Filter(sectors=frozenset({Sector.CEMENT})), True),
        (Filter(sectors=frozenset({Sector.STEEL})), False),
        (Filter(standards=frozenset({Standard.ENERGY})), True),
        (Filter(standards=frozenset({Standard.SAFETY}), sectors=frozenset({Sector.CEMENT})), False),
    ],
)
def test_a_filter_joins_its_parts_by_and(target: Filter, takes: bool) -> None:  # noqa: FBT001 - the expectation
    assert belongs(sample(areas=(Area.LAND_SUPPLY,)), target, TODAY) is takes


near = st.integers(0, 800).map(lambda count: TODAY + timedelta(days=count))


@st.composite
def listed(draw: st.DrawFn) -> SanctionRecord:
    """Draw a record with ends, publication, penalty and lift at any distance from one another."""
    publication_class = draw(st.sampled_from(PublicationClass))
    minor = publication_class is PublicationClass.MINOR
    general = publication_class is PublicationClass.GENERAL
    latest = add_months(DECIDED, 3 if minor else 12 if general else 36)
    published_to = "" if minor else min(draw(near), latest).isoformat()
    areas = draw(st.lists(st.sampled_from(ALL_AREAS), min_size=1, unique=True))
    own_ends = near.map(lambda day: min(day, latest).isoformat())
    ends = own_ends if minor else st.just("") | own_ends
    measures = tuple(MeasureDraft(area=area, end_date=draw(ends)) for area in areas)
    given_draft = replace(
        draft(), publication_class=publication_class, publication_end_date=published_to, measures=measures
    )
    if draw(st.booleans()):
        years_back = TODAY - timedelta(days=draw(st.integers(0, 1200)))
        given_draft = with_decision(given_draft, penalty=penalty(years_back))
    record = taken_in(given_draft)
    if draw(st.booleans()):
        day = min(draw(near), record.last_day)
        record = lift(record, lift_draft(day.isoformat()), today=TODAY, law=LAW)
    return record


filters = st.builds(
    Filter,
    areas=st.none() | st.frozensets(st.sampled_from(ALL_AREAS)),
    districts=st.none() | st.just(frozenset({"220113"})),
    sectors=st.none() | st.frozensets(st.sampled_from(Sector)),
    standards=st.none() | st.frozensets(st.sampled_from(Standard)),
    public=st.booleans(),
)


def picture(record: SanctionRecord, targets: list[Filter], day: date) -> object:
    """Return all that targets should have, and be told, of a record on a day."""
    told = [(m.measure.area, m.binding, m.basis.document) for m in in_force(record, day, ALL_AREAS, CATALOGUE)]
    return [belongs(record, target, day) for target in targets], told


@settings(max_examples=150, deadline=None)
@given(record=listed(), targets=st.lists(filters, max_size=4))
def test_nothing_changes_from_one_day_to_the_next_unless_next_change_said_so(
    record: SanctionRecord, targets: list[Filter]
) -> None:
    waits_for = next_change(record, after=TODAY, law=LAW)
    before = picture(record, targets, TODAY)
    day = TODAY
    while day <= record.last_day + timedelta(days=2):
        day = add_day(day)
        after = picture(record, targets, day)
        if day == waits_for:
            waits_for = next_change(record, after=day, law=LAW)
        else:
            assert after == before, f"{day} changes what targets should have, and nothing waits for it"
        before = after
    assert waits_for is None or waits_for > day
    assert before == ([False] * len(targets), [])


@given(record=listed())
def test_a_scheduler_that_slept_ends_where_one_that_ran_every_day_does(record: SanctionRecord) -> None:
    steps, day = record, TODAY
    while (due := next_change(steps, after=day, law=LAW)) is not None:
        day = due
        steps = pass_days(steps, today=day, law=LAW)
        assert [belongs(steps, f, day) for f in (EVERYTHING, PUBLIC)] == [
            belongs(record, f, day) for f in (EVERYTHING, PUBLIC)
        ]
    slept = pass_days(record, today=day, law=LAW)
    assert replace(slept, version=1) == replace(steps, version=1)
    assert steps.state is (State.LIFTED if record.state is State.LIFTED else State.EXPIRED)


@settings(max_examples=60, deadline=None)
@given(record=listed(), days=st.lists(st.integers(-40, 1_200), min_size=1, max_size=12))
def test_what_look_ups_keep_of_a_record_has_the_same_effect_on_every_day(
    record: SanctionRecord, days: list[int]
) -> None:
    kept = facts_of(record)
    for day in (TODAY + timedelta(days=count) for count in days):
        assert has_effect(kept, day) == has_effect(record, day)
        assert may_have_effect(kept, day) == may_have_effect(record, day)
        assert areas_running(kept, day) == areas_running(record, day)
        told = [
            (one.measure.area, one.until, one.basis, one.binding, one.demands)
            for one in in_force(record, day, ALL_AREAS, CATALOGUE)
        ]
        assert told == [
            (one.measure.area, one.until, one.basis, one.binding, one.demands)
            for one in in_force(kept, day, ALL_AREAS, CATALOGUE)
        ]


def test_a_record_that_awaits_or_rests_is_kept_as_what_it_is() -> None:
    resting = suspend(sample(), suspension(on=TODAY), today=TODAY, law=LAW)
    notified = serve_notice(notice_draft(), record_id="1", today=TODAY, law=LAW)
    for record in (quarantined(), resting, notified, revoke(sample(), revocation(), today=TODAY, law=LAW)):
        for day in (TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1_200)):
            assert has_effect(facts_of(record), day) == has_effect(record, day)
            assert may_have_effect(facts_of(record), day) == may_have_effect(record, day)
