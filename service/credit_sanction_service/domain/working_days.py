"""
Working days, from the official calendar 国务院办公厅节假日安排: holidays on weekdays, and weekend days that are worked.

The calendar of a year is published in the autumn before. Beyond the last published year the answer is "not published":
never a guess, and never a crash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import EARLIEST, LATEST, add_day
from credit_sanction_service.domain.editions import parse
from credit_sanction_service.domain.faults import CalendarNotPublished
from credit_sanction_service.domain.terms import EditionKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction_service.domain.editions import Table

PERIOD_END: Final = "民法典 art. 203"
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """
    The day on which a period ends. `nominal` is reckoned without the official calendar and is no answer by itself: the
    corresponding day of a period by months; of working days, the day if Saturdays and Sundays alone were off. `day` is
    None while a year that it takes is not published. `edition` names the editions that it came from, "" without a day.
    """

    nominal: date
    day: date | None
    edition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class YearDays:
    """One published year: its weekdays that are `off` and its weekend days that are `work`, and the edition that says so."""

    edition: str
    off: frozenset[date]
    work: frozenset[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """The published years."""

    years: Mapping[int, YearDays]

    def is_working(self, day: date) -> bool:
        """Whether it is worked on `day`. CalendarNotPublished where that year is not published."""
        if day.year not in self.years:
            raise CalendarNotPublished(day.year)
        year = self.years[day.year]
        return day in year.work or (_is_weekday(day) and day not in year.off)

    def period_end(self, nominal: date) -> Reckoned:
        """Return the last day of a period: `nominal`, or the next working day where that is off (民法典 art. 203)."""
        return self._reckon(nominal, nominal, 1)

    def after(self, start: date, days: int) -> Reckoned:
        """Return the `days`-th working day after `start`; `start` does not count (民法典 art. 201). ValueError below 1."""
        if days < 1:
            raise ValueError(f"{days} working days: a period has at least one")
        nominal, left = start, days
        while left:
            nominal = add_day(nominal)
            left -= _is_weekday(nominal)
        return self._reckon(nominal, add_day(start), days)

    def working_days_between(self, a: date, b: date) -> int | None:
        """
        Return how many working days lie after `a` up to `b`, b included: n for b = after(a, n). Negative where b is
        before a; None where a year in between is not published.
        """
        first, last = min(a, b), max(a, b)
        try:
            count = sum(self.is_working(day) for day in _days(add_day(first), last))
        except CalendarNotPublished:
            return None
        return count if a < b else -count

    def extended(self, other: WorkingCalendar) -> WorkingCalendar:
        """Return both; a year that both have is the other's alone."""
        return WorkingCalendar(years={**self.years, **other.years})

    def _reckon(self, nominal: date, first: date, days: int) -> Reckoned:
        """Return the `days`-th working day from `first` on, `first` itself included."""
        day, left = first, days
        try:
            while left := left - self.is_working(day):
                day = add_day(day)
        except CalendarNotPublished:
            return Reckoned(nominal=nominal, day=None, edition="")
        editions = dict.fromkeys(self.years[year].edition for year in range(first.year, day.year + 1))
        return Reckoned(nominal=nominal, day=day, edition="+".join(editions))


def parse_calendar(text: str) -> WorkingCalendar:
    """Read an edition: years without a gap, of each the weekdays off and the weekend days worked. UnreadableEdition if not."""
    return parse(text, EditionKind.CALENDAR, _calendar)


def _calendar(table: Table) -> WorkingCalendar:
    years: dict[int, YearDays] = {}
    for year, days in table.rows("year", _year):
        if years and year != max(years) + 1:
            raise table.unreadable(f"{year} stands behind {max(years)}: years follow each other without a gap", "year")
        years[year] = days
    return WorkingCalendar(years=years)


def _year(row: Table) -> tuple[int, YearDays]:
    year = row.number("year", EARLIEST.year, LATEST.year)
    off = row.days("off")
    work = row.days("work", least=0) if row.has("work") else ()
    for key, days, weekday in (("off", off, True), ("work", work, False)):
        for day in days:
            if day.year != year:
                raise row.unreadable(f"{day} is no day of {year}", key)
            if _is_weekday(day) != weekday:
                raise row.unreadable(f"{day} is {'no' if weekday else 'a'} weekday", key)
    return year, YearDays(edition=row.edition, off=frozenset(off), work=frozenset(work))


def _is_weekday(day: date) -> bool:
    return day.weekday() < _SATURDAY


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = add_day(first)
