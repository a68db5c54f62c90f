"""Oversight for the joint conference 联席会议: who is late, and how the work goes (长工信联字[2017]9号 §五)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from credit_sanction_service.domain.calendar import add_day, day_of, start_of
from credit_sanction_service.domain.enforcement import Rate
from credit_sanction_service.domain.faults import NotFound, Overloaded
from credit_sanction_service.domain.terms import Area, Verdict
from credit_sanction_service.store.backlog import has_target
from credit_sanction_service.store.enforcement import RateQuery, rates
from credit_sanction_service.store.law import load_law
from credit_sanction_service.store.look_up_counts import sum_counts
from credit_sanction_service.store.open_duties import DutyQuery, OpenDuty, list_open_duties
from credit_sanction_service.store.statistics import (
    CaseCounts,
    Period,
    PushCounts,
    count_blocked,
    count_cases,
    count_pushes,
    name_districts,
    one_snapshot,
)
from credit_sanction_service.store.timeliness import TimelinessCounts, count_timeliness
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.store.connect import Connection, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """All figures of one revision. `district_names` has a name for every district in them that anything names."""

    cases: list[CaseCounts]
    timeliness: list[TimelinessCounts]
    pushes: list[PushCounts]
    look_ups: dict[tuple[Area, Verdict], int]
    feedback: list[Rate]
    blocked_cases: int
    district_names: Mapping[str, str]
    period: Period
    revision: Revision
    answered_at: datetime


class Oversight:
    """
    The use cases. They only read. `most_counting` bounds how many statistics are made at once: they read much, and the
    connections are wanted for more than that.
    """

    def __init__(self, reader: Reader, *, clock: Callable[[], datetime], most_counting: int = 1) -> None:
        self._reader = reader
        self._clock = clock
        self._counting = threading.BoundedSemaphore(most_counting)

    @property
    def today(self) -> date:
        """The Shanghai day."""
        return day_of(self._clock())

    def overdue(self, query: DutyQuery) -> list[OpenDuty]:
        """Return one page of open duties. Raises `NotFound` for a target that the targets file never had."""
        with self._reader.connection() as connection:
            for target in query.targets:
                if not has_target(connection, target):
                    raise NotFound("target", f"targets/{target}")
            return list_open_duties(connection, query)

    def statistics(self, since: date, until: date, districts: tuple[str, ...] = ()) -> Statistics:
        """
        Return the figures of a period, of these districts, of all where none is named. One that reaches into the future is
        told up to today, but for duties, which count by their due days. Raises `Overloaded` while too many are being made.
        """
        if not self._counting.acquire(blocking=False):
            raise Overloaded("statistics are being made already")
        try:
            with self._reader.connection() as connection, one_snapshot(connection) as head:
                return self._count(connection, self._period(since, until), districts, head.revision)
        finally:
            self._counting.release()

    def _period(self, since: date, until: date) -> Period:
        last = min(until, self.today)
        return Period(
            since=since,
            until=last,
            last=last,
            opens=start_of(since),
            closes=start_of(add_day(last)),
            today=self.today,
        )

    def _count(
        self, connection: Connection, period: Period, districts: tuple[str, ...], revision: Revision
    ) -> Statistics:
        law = load_law(connection)
        cases = count_cases(connection, period, districts)
        timeliness = count_timeliness(connection, period, districts)
        found = {counts.district for counts in cases} | {counts.district for counts in timeliness}
        return Statistics(
            cases=cases,
            timeliness=timeliness,
            pushes=count_pushes(connection, period),
            look_ups=sum_counts(connection, period.since, period.last),
            feedback=rates(connection, RateQuery(day=period.last, districts=districts), law=law),
            blocked_cases=count_blocked(connection, period, districts),
            district_names=_names(connection, found, law, period.last),
            period=period,
            revision=revision,
            answered_at=self._clock(),
        )


def _names(connection: Connection, codes: Iterable[str], law: Law, day: date) -> dict[str, str]:
    """Return the districts' names on a day by law; of those that it does not know, what records call them."""
    entries = {code: law.districts.get(code) for code in codes}
    known = {code: entry.name_on(day) for code, entry in entries.items() if entry}
    return name_districts(connection, entries.keys() - known.keys()) | known
