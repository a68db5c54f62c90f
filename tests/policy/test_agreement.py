"""
A look-up with as_of_date agrees with the day-by-day interpreter, whatever happened to the records before.

`CREDIT_SANCTION_LONG=1` tells ten times as many histories.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.policy.histories import FIRST, LAST, History, history, random_of
from tests.policy.naive import interpret, shown, worst
from tests.policy.steps import typed_code
from tests.policy.worlds import worlds

from credit_sanction_service.domain.answers import Answer, Known, Question, answer
from credit_sanction_service.domain.effect import Filter, belongs
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.terms import ALL_AREAS, Area

if TYPE_CHECKING:
    from random import Random

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import SanctionRecord

HISTORIES: Final = 100_000 if os.environ.get("CREDIT_SANCTION_LONG") == "1" else 10_000
PARTS: Final = 10
STEPS: Final = 12
_RIGHT: Final = [judge(typed_code("right", number)) for number in (1, 2)]
_WEBSITE: Final = Filter(public=True)
_LAND_OR_LOANS: Final = frozenset({Area.LAND_SUPPLY, Area.FINANCING_CREDIT})
_PLATFORM: Final = Filter(areas=_LAND_OR_LOANS)


def tell(rng: Random) -> list[History]:
    """Return the histories of one enterprise: of one record, or of two that fall under one law."""
    world = rng.choice(worlds())
    return [history(rng, world, steps=STEPS) for _ in range(rng.choice((1, 1, 1, 2)))]


def days_worth_asking(rng: Random, histories: list[History]) -> list[date]:
    """Return the days around some of the dates that a history names and around its ends, and some others, in order."""
    named: set[date] = set()
    for story in histories:
        record = story.record
        named |= {day for event in story.events for day in (event.dated, event.effective) if day}
        named |= {story.today, record.last_day if record.decision else story.today}
        if record.decision:
            named |= {record.since, *(record.end_of(measure) for measure in record.measures)}
        if record.ending:
            named.add(record.ending.effective_on)
    chosen = rng.sample(sorted(named), min(4, len(named)))
    around = {day + timedelta(days=offset) for day in chosen for offset in (-1, 0, 1)}
    others = {FIRST + timedelta(days=rng.randrange((LAST - FIRST).days)) for _ in range(3)}
    return sorted(around | others)


def check(rng: Random) -> None:
    """Tell histories of an enterprise and compare what domain and interpreter say of each day, area and target."""
    histories = tell(rng)
    try:
        compare(histories, days_worth_asking(rng, histories))
    except AssertionError as fault:
        fault.add_note("\n\n".join(story.told() for story in histories))
        raise


def compare(histories: list[History], days: list[date]) -> None:
    world = histories[0].world
    records = tuple(story.record for story in histories)
    plain = [interpret(story.events, days, world.plain) for story in histories]
    targets = [shown(story.events, days, world.plain) for story in histories]
    for day in days:
        assert ask(records, day, world.law).areas == worst([one[day] for one in plain]), day
        for record, target in zip(records, targets, strict=True):
            areas, website = target[day]
            assert belongs(record, _PLATFORM, day) == bool(areas & _LAND_OR_LOANS), f"platform {day}"
            assert belongs(record, _WEBSITE, day) == website, f"website {day}"


def ask(records: tuple[SanctionRecord, ...], day: date, law: Law) -> Answer:
    """Return what is answered to who asks by the enterprise's right code in every area."""
    question = Question(code=_RIGHT[0], name="", areas=ALL_AREAS)
    return answer(question, Known(records=tuple(map(facts_of, records))), day=day, catalogues=law.catalogues)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_answer_agrees_with_the_interpreter(part: int) -> None:
    for seed in range(part, HISTORIES, PARTS):
        try:
            check(random_of(seed))
        except Exception as fault:
            fault.add_note(f"seed {seed}: tests.policy.test_agreement.check(random_of({seed}))")
            raise


@given(rng=st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_agrees_with_the_interpreter_on_small_histories(rng: Random) -> None:
    check(rng)
