"""Working days: the shipped calendar, periods that end on them, and years that are not published."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar  # type: ignore[import-untyped]  # the package ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.domain.calendar import add_months
from credit_sanction_service.domain.editions import UnreadableEdition
from credit_sanction_service.domain.faults import CalendarNotPublished
from credit_sanction_service.domain.law import shipped_law
from credit_sanction_service.domain.working_days import Reckoned, parse_calendar

CALENDAR = shipped_law().calendar
FIRST, LAST = date(2004, 1, 1), date(2026, 12, 31)
HEADER = 'kind = "CALENDAR"\nedition = "t"\nformat = 1\nsource = ["虚构通知"]\n'
NEXT = f"{HEADER}[[year]]\nyear = 2027\noff = [2027-01-01, 2027-02-08]\nwork = [2027-02-14]\n"
days = st.dates(FIRST, LAST)


def day(text: str) -> date:
    return date.fromisoformat(text)


def test_every_day_from_2004_to_2026_is_as_the_package_says() -> None:
    every = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    assert [CALENDAR.is_working(each) for each in every] == [chinese_calendar.is_workday(each) for each in every]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2017-09-28", "2017-10-13"),
        ("2017-01-20", "2017-02-04"),  # a Saturday that is worked
        ("2018-02-09", "2018-02-24"),
        ("2025-09-26", "2025-10-13"),
        ("2026-02-11", "2026-02-27"),
    ],
)
def test_seven_working_days_pass_over_holidays_and_count_saturdays_that_are_worked(start: str, end: str) -> None:
    reckoned = CALENDAR.after(day(start), 7)
    assert (reckoned.day, reckoned.edition) == (day(end), "2004-2026")
    assert CALENDAR.working_days_between(day(start), day(end)) == 7


def test_the_nominal_day_of_working_days_knows_saturdays_and_sundays_alone() -> None:
    assert CALENDAR.after(day("2017-01-20"), 7).nominal == day("2017-01-31")
    assert CALENDAR.after(day("2026-12-30"), 2) == Reckoned(nominal=day("2027-01-01"), day=None, edition="")


@pytest.mark.parametrize(
    ("nominal", "end"),
    [
        ("2026-09-30", "2026-09-30"),
        ("2026-10-01", "2026-10-08"),
        ("2026-10-10", "2026-10-10"),  # a Saturday that is worked
        ("2026-10-11", "2026-10-12"),
        ("2025-10-01", "2025-10-09"),
        ("2026-02-28", "2026-02-28"),  # a Saturday that is worked
    ],
)
def test_a_last_day_that_is_off_moves_to_the_next_working_day(nominal: str, end: str) -> None:
    assert CALENDAR.period_end(day(nominal)) == Reckoned(nominal=day(nominal), day=day(end), edition="2004-2026")


def test_six_months_from_the_31st_of_august_end_on_the_last_of_february_or_the_next_working_day() -> None:
    assert CALENDAR.period_end(add_months(day("2017-08-31"), 6)).day == day("2018-02-28")
    assert CALENDAR.period_end(add_months(day("2014-08-31"), 6)).day == day("2015-02-28")  # a Saturday that is worked
    assert CALENDAR.period_end(add_months(day("2020-08-31"), 6)).day == day("2021-03-01")


@given(days, st.integers(1, 60))
def test_a_period_of_working_days_ends_on_a_working_day_and_holds_exactly_so_many(start: date, count: int) -> None:
    end = CALENDAR.after(start, count).day
    if end is None:
        assert start + timedelta(days=3 * count + 12) > LAST
        return
    assert end > start
    assert CALENDAR.is_working(end)
    assert sum(CALENDAR.is_working(start + timedelta(days=n)) for n in range(1, (end - start).days + 1)) == count
    assert CALENDAR.working_days_between(start, end) == count
    assert CALENDAR.working_days_between(end, start) == -count


@given(days)
def test_a_period_ends_on_its_last_day_or_the_first_working_day_behind(nominal: date) -> None:
    end = CALENDAR.period_end(nominal).day
    assert end is not None
    assert end >= nominal
    assert CALENDAR.is_working(end)
    assert not any(CALENDAR.is_working(nominal + timedelta(days=n)) for n in range((end - nominal).days))


def test_a_period_has_at_least_one_day() -> None:
    for none in (0, -1):
        with pytest.raises(ValueError, match="at least one"):
            CALENDAR.after(FIRST, none)
    assert CALENDAR.after(day("2026-11-23"), 1).day == day("2026-11-24")


@given(days)
def test_no_day_lies_between_a_day_and_itself(one: date) -> None:
    assert CALENDAR.working_days_between(one, one) == 0


@pytest.mark.parametrize("unknown", ["2003-12-31", "2027-01-01", "2027-06-01", "2000-01-01", "2099-12-31"])
def test_beyond_the_published_years_nothing_is_guessed(unknown: str) -> None:
    with pytest.raises(CalendarNotPublished) as caught:
        CALENDAR.is_working(day(unknown))
    assert caught.value.year == day(unknown).year
    assert CALENDAR.period_end(day(unknown)) == Reckoned(nominal=day(unknown), day=None, edition="")


def test_a_span_into_a_year_that_is_not_published_is_not_published() -> None:
    assert CALENDAR.after(day("2026-12-30"), 1).day == day("2026-12-31")
    assert CALENDAR.after(day("2026-12-30"), 2).day is None
    assert CALENDAR.after(day("2026-12-31"), 1).day is None
    assert CALENDAR.working_days_between(day("2026-12-30"), day("2027-01-01")) is None
    assert CALENDAR.working_days_between(day("2027-01-01"), day("2026-12-30")) is None
    assert CALENDAR.working_days_between(day("2026-12-30"), day("2026-12-31")) == 1


def test_the_day_that_a_period_starts_on_need_not_be_published() -> None:
    assert CALENDAR.after(day("2003-12-31"), 1).day == day("2004-01-02")
    assert CALENDAR.working_days_between(day("2003-12-31"), day("2004-01-02")) == 1
    assert CALENDAR.after(day("2003-12-30"), 1).day is None


def test_a_year_that_is_loaded_later_answers_and_its_edition_is_named() -> None:
    more = CALENDAR.extended(parse_calendar(NEXT))
    assert more.after(day("2026-12-30"), 2) == Reckoned(
        nominal=day("2027-01-01"), day=day("2027-01-04"), edition="2004-2026+t"
    )
    assert more.period_end(day("2027-02-13")) == Reckoned(nominal=day("2027-02-13"), day=day("2027-02-14"), edition="t")
    assert not more.is_working(day("2027-02-08"))
    assert more.is_working(day("2027-02-09"))
    assert more.period_end(day("2028-01-01")).day is None


def test_a_later_edition_replaces_a_year_as_a_whole() -> None:
    changed = parse_calendar(f"{HEADER}[[year]]\nyear = 2026\noff = [2026-01-01]\n")
    more = CALENDAR.extended(changed)
    assert more.is_working(day("2026-10-01"))
    assert not more.is_working(day("2026-10-10"))
    assert more.years[2026] == changed.years[2026]
    assert more.years[2025] == CALENDAR.years[2025]
    assert changed.extended(CALENDAR) == CALENDAR


@given(days)
def test_the_first_working_day_after_a_day_is_where_a_period_that_ends_on_the_next_day_ends(one: date) -> None:
    assert CALENDAR.years[one.year].edition == "2004-2026"
    assert CALENDAR.after(one - timedelta(days=1), 1).day == CALENDAR.period_end(one).day


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("off = [2027-01-01, 2027-02-08]\n", "", "year 1: off: is missing"),
        ("2027-01-01, 2027-02-08", "", "year 1: off: is not a list"),
        ("2027-01-01, ", "2026-01-01, ", "year 1: off: 2026-01-01 is no day of 2027"),
        ("2027-01-01, ", "2027-01-02, ", "year 1: off: 2027-01-02 is no weekday"),
        ("2027-02-14", "2027-02-15", "year 1: work: 2027-02-15 is a weekday"),
        ("2027-02-14", "2028-02-13", "year 1: work: 2028-02-13 is no day of 2027"),
        ("2027-01-01, 2027-02-08", "2027-02-08, 2027-01-01", "year 1: off: 2027-01-01 stands behind 2027-02-08"),
        ("year = 2027\n", "", "year 1: year: is missing"),
        ("year = 2027\n", "year = 1999\n", "year 1: year: is not a whole number from 2000 to 2099"),
        ("year = 2027\n", "year = 2027\nrest = []\n", "year 1: rest: is not a key"),
    ],
)
def test_a_calendar_at_fault_is_refused(old: str, new: str, says: str) -> None:
    assert old in NEXT
    with pytest.raises(UnreadableEdition, match=f"^CALENDAR t: {says}"):
        parse_calendar(NEXT.replace(old, new))


@pytest.mark.parametrize("year", [2026, 2027, 2029])
def test_years_follow_each_other(year: int) -> None:
    with pytest.raises(UnreadableEdition, match=f"^CALENDAR t: year: {year} stands behind 2027"):
        parse_calendar(
            f"{NEXT}[[year]]\nyear = {year}\noff = [{year}-01-01, {year}-06-01]\n".replace("2029-01-01, ", "")
        )


def test_a_calendar_without_years_is_refused() -> None:
    with pytest.raises(UnreadableEdition, match="year: is missing"):
        parse_calendar(HEADER)
