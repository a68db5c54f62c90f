"""What holds of every history, whatever happens in whatever order: states, versions, effect, dispute, ends, replay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.policy.histories import FIRST, History, history
from tests.policy.naive import What
from tests.policy.steps import step
from tests.policy.told import ALL, DAY, TOLD, WEBSITE, every_version, holds_of_every_history, on_any_day, probes
from tests.policy.worlds import World, worlds

from credit_sanction_service.domain.effect import areas_running, belongs, in_force
from credit_sanction_service.domain.faults import Invalid, SanctionError, TooEarly
from credit_sanction_service.domain.lifecycle import next_change
from credit_sanction_service.domain.terms import ALL_AREAS, DutyKind, LiftGround, PublicationClass, State
from credit_sanction_service.store.codec import dump_record, load_record, read_record

if TYPE_CHECKING:
    from random import Random


N, D, Q, L, S, X, R, E = (
    State.NOTICE_SERVED,
    State.DECIDED,
    State.QUARANTINED,
    State.LISTED,
    State.SUSPENDED,
    State.LIFTED,
    State.REVOKED,
    State.EXPIRED,
)
# From which state a step may be taken, and where it leads. What does not stand here must not happen.
LIFECYCLE: Final[dict[What, dict[State | None, set[State]]]] = {
    What.PAPER: {None: {L, Q}},
    What.NOTICE: {None: {N}},
    What.STATEMENT: {N: {N}},
    What.DECIDE: {N: {D}},
    What.LIST: {D: {L, Q}},
    What.CONFIRM: {Q: {L}},
    What.OBJECT: {D: {D}, Q: {Q}, L: {L}, S: {S}, X: {X}},
    What.SETTLE: {D: {D, R}, Q: {Q, R}, L: {L, R}, S: {S, R}, X: {X, R}, E: {E, R}},
    What.SUSPEND: {L: {S}, X: {X}},
    What.RESUME: {S: {L}, X: {X}},
    What.LIFT: {L: {X}, S: {X}, X: {X}},
    What.REPAIR: {L: {X}, S: {X}, X: {X}},
    What.REVOKE: {state: {R} for state in (N, D, Q, L, S, X, E)},
    What.AMEND: {L: {L}, S: {S}, Q: {Q}, X: {X}},
    What.PASS: {L: {L, E}, S: {S, E}, **{state: {state} for state in (N, D, Q, X, R, E)}},
}


def test_every_state_is_one_that_the_lifecycle_allows(told: list[History]) -> None:
    seen: set[tuple[What, State | None, State]] = set()
    for story, event, before, after in every_version(told):
        was = before.state if before else None
        assert after.state in LIFECYCLE[event.what].get(was, set()), (
            f"{was} {event.told()} {after.state}\n{story.told()}"
        )
        seen.add((event.what, was, after.state))
    allowed = {
        (what, was, then) for what, steps in LIFECYCLE.items() for was, states in steps.items() for then in states
    }
    assert allowed == seen, "the histories do not try every step that is allowed"


def test_the_clerk_knows_the_state_after_every_step(told: list[History]) -> None:
    def check(story: History) -> None:
        assert [record.state for record in story.records] == [life.state for life in story.lives]
        assert [record.ever_listed for record in story.records] == [life.was_listed for life in story.lives]

    holds_of_every_history(check, told)


def test_what_is_refused_says_why_and_changes_nothing(told: list[History]) -> None:
    refusals = [(story, refusal) for story in told for refusal in story.refused]
    assert len(refusals) > TOLD
    for story, refusal in refusals:
        assert str(refusal.error)
        if isinstance(refusal.error, Invalid):
            assert all(fault.rule and fault.field and fault.description for fault in refusal.error.violations)
        if isinstance(refusal.error, TooEarly):
            assert refusal.error.rule in str(refusal.error)
        if refusal.record is None:
            continue
        body = dump_record(refusal.record)
        with pytest.raises(SanctionError):
            step(refusal.record, refusal.event, story.world.law)
        assert dump_record(refusal.record) == body


def test_versions_grow_by_one(told: list[History]) -> None:
    def check(story: History) -> None:
        assert [record.version for record in story.records] == list(range(1, len(story.records) + 1))
        assert len({record.id for record in story.records}) == 1

    holds_of_every_history(check, told)


def test_nothing_has_effect_before_it_is_listed(told: list[History]) -> None:
    for story, _, _, record in every_version(told):
        effect = on_any_day(record, story.world)
        if record.state in {N, D, Q}:
            assert not effect, story.told()
        elif record.decision:
            assert all(day >= record.since >= record.ruling.decided_on for day in effect), story.told()


def test_a_notice_or_decision_alone_restricts_nobody_and_reaches_no_target(told: list[History]) -> None:
    for story, _, _, record in every_version(told):
        if record.state in {N, D}:
            assert not any(areas_running(record, day) for day in probes(record)), story.told()


def test_nothing_has_effect_after_lift_repair_or_expiry(told: list[History]) -> None:
    for story, _, _, record in every_version(told):
        if record.state in {X, E}:
            assert record.ending
            assert all(day < record.ending.effective_on for day in on_any_day(record, story.world)), story.told()
        if record.decision and record.state is not R:
            assert all(day <= record.last_day for day in on_any_day(record, story.world)), story.told()


def test_nothing_has_effect_while_it_rests(told: list[History]) -> None:
    for story, _, _, record in every_version(told):
        for rest in record.suspensions:
            for day in on_any_day(record, story.world):
                assert day < rest.effective_on or (rest.resumed_on and day >= rest.resumed_on), story.told()


def test_what_was_revoked_never_had_effect(told: list[History]) -> None:
    revoked = [(story, record) for story, _, _, record in every_version(told) if record.state is R]
    assert revoked
    for story, record in revoked:
        assert not on_any_day(record, story.world), story.told()
        assert next_change(record, after=FIRST, law=story.world.law) is None


def test_publication_sharing_and_measures_end_together_at_a_repair(told: list[History]) -> None:
    repaired = 0
    for story, event, before, after in every_version(told):
        if event.what is not What.REPAIR or before is None or after.ending is None:
            continue
        repaired += 1
        day = after.ending.effective_on
        then = [day + offset * DAY for offset in (0, 1, 30, 400)]
        catalogue = story.world.law.catalogues[after.catalogue_edition]
        assert not any(any(in_force(after, one, ALL_AREAS, catalogue)) for one in then), story.told()
        assert not any(belongs(after, target, one) for target in (ALL, WEBSITE) for one in then), story.told()
        for target in (ALL, WEBSITE):
            assert belongs(after, target, day - DAY) == belongs(before, target, day - DAY), story.told()
    assert repaired > 20


def test_repair_never_comes_before_the_least_of_the_regime_of_the_document(told: list[History]) -> None:
    early = 0
    for story, event, before, after in every_version(told):
        if event.what is What.REPAIR and before and after.ending and after.ending.decided_on:
            decided_on, ending = before.ruling.decided_on, after.ending
            least = story.world.plain.period("min_months", before.publication_class, decided_on)
            assert ending.applied_on
            first = min(ending.applied_on, after.ending.decided_on, ending.effective_on)
            assert first > least or first >= least == decided_on, story.told()
            assert after.ending.ground is LiftGround.REPAIR
    for story in told:
        early += sum(isinstance(refusal.error, TooEarly) for refusal in story.refused)
    assert early > 20, "nobody tried to repair too early"


def test_no_step_stands_on_a_document_older_than_what_it_is_about(told: list[History]) -> None:
    tried = 0
    for story in told:
        for event, before in zip(story.events[1:], story.records, strict=False):
            about = before.ruling.decided_on if before.decision else before.notice.served_on if before.notice else FIRST
            if event.what in {What.SUSPEND, What.RESUME, What.LIFT, What.REPAIR, What.REVOKE, What.OBJECT, What.SETTLE}:
                assert event.dated is None or about <= event.dated <= event.today, f"{event.told()}\n{story.told()}"
                tried += 1
    assert tried > TOLD / 2


def test_no_measure_and_no_publication_is_longer_than_its_class_allows(told: list[History]) -> None:
    for story, _, _, record in every_version(told):
        if record.decision is None:
            continue
        longest = story.world.plain.period("max_months", record.publication_class, record.ruling.decided_on)
        assert record.last_day <= longest, story.told()
        assert (record.publication_end is None) == (record.publication_class is PublicationClass.MINOR)


def test_a_record_is_disputed_if_and_only_if_an_objection_is_open(told: list[History]) -> None:
    def check(story: History) -> None:
        is_open = False
        for event, record in zip(story.events, story.records, strict=True):
            is_open = (is_open or event.what is What.OBJECT) and event.what not in {What.SETTLE, What.REVOKE}
            assert record.disputed == is_open
            duties = [due for due in record.due_days if due.kind is DutyKind.DECIDE_OBJECTION]
            assert bool(duties) == is_open

    holds_of_every_history(check, told)


def test_every_version_is_read_back_from_its_stored_body_as_it_was(told: list[History]) -> None:
    for story, _, _, record in every_version(told[: TOLD // 3]):
        assert load_record(json.loads(dump_record(record))) == record, story.told()
        assert read_record(dump_record(record)) == record, story.told()


def test_a_history_replayed_from_stored_bodies_ends_the_same(told: list[History]) -> None:
    for story in told[: TOLD // 3]:
        record = load_record(json.loads(dump_record(story.records[0])))
        for event in story.events[1:]:
            record = load_record(json.loads(dump_record(step(record, event, story.world.law))))
        assert record == story.record, story.told()


@given(rng=st.randoms(use_true_random=False), world=st.sampled_from(worlds()))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_small_history_breaks_the_promises(rng: Random, world: World) -> None:
    story = history(rng, world, steps=6)
    for event, before, record in zip(story.events, [None, *story.records], story.records, strict=False):
        assert record.state in LIFECYCLE[event.what][before.state if before else None]
        effect = on_any_day(record, world)
        if record.state in {N, D, Q, R}:
            assert not effect
        if record.ending:
            assert all(day < record.ending.effective_on for day in effect)
        assert not any(record.rests_on(day) for day in effect)
