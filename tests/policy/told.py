"""Histories told once for all properties, and the days on which something about them may turn."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from tests.policy.histories import FIRST, LAST, History

from credit_sanction_service.domain.effect import Filter, belongs, in_force
from credit_sanction_service.domain.terms import ALL_AREAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.policy.naive import Event
    from tests.policy.worlds import World

    from credit_sanction_service.domain.records import SanctionRecord

TOLD: Final = 1_500
ALL: Final = Filter()
WEBSITE: Final = Filter(public=True)
DAY: Final = timedelta(days=1)


def every_version(
    histories: Iterable[History],
) -> Iterator[tuple[History, Event, SanctionRecord | None, SanctionRecord]]:
    """Yield each step with the record before it and after it."""
    for story in histories:
        for event, before, after in zip(story.events, [None, *story.records], story.records, strict=False):
            yield story, event, before, after


def on_any_day(record: SanctionRecord, law_of: World) -> set[date]:
    """Return the days around every date of the record on which it has effect anywhere, and a few days more."""
    days = probes(record)
    catalogue = law_of.law.catalogues[record.catalogue_edition]
    restricts = {day for day in days if any(in_force(record, day, ALL_AREAS, catalogue))}
    return restricts | {day for day in days if belongs(record, ALL, day) or belongs(record, WEBSITE, day)}


def probes(record: SanctionRecord) -> list[date]:
    ends = [record.end_of(measure) for measure in record.measures] if record.decision else []
    rests = [day for one in record.suspensions for day in (one.effective_on, one.resumed_on) if day]
    since = [record.since, record.last_day] if record.decision else []
    over = [record.ending.effective_on] if record.ending else []
    around = {day + offset * DAY for day in (*ends, *rests, *since, *over) for offset in (-1, 0, 1)}
    return sorted({*around, FIRST, date(2024, 6, 30), LAST, date(2030, 1, 1)})


def holds_of_every_history(check: Callable[[History], None], told: list[History]) -> None:
    for seed, story in enumerate(told):
        try:
            check(story)
        except AssertionError as fault:
            fault.add_note(f"seed {seed}\n{story.told()}")
            raise
