"""Days: reading them, adding months, and the instant at which one begins."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.domain.calendar import add_day, add_months, day_of, parse_day, start_of


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2025-08-31", 6, "2026-02-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-02-28", 6, "2026-08-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-03-31", 3, "2026-06-30"),
        ("2026-11-23", 0, "2026-11-23"),
    ],
)
def test_months_end_on_the_corresponding_day_or_the_months_last(day: str, months: int, expected: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(0, 60))
def test_added_months_change_the_month_by_so_many_and_the_day_only_downwards(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and add_day(later).day == 1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30",
        "2026-13-01",
        "2026-1-1",
        "20260101",
        "1999-12-31",
        "2100-01-01",
        "0000-00-00",
        "9999-99-99",
        "２０２６-01-01",
        "2026-01-01T00:00:00",
        " 2026-01-01",
        "tomorrow",
        "9" * 1_000_000,
    ],
)
def test_what_is_no_day_is_refused_with_a_short_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_day(text)
    assert len(str(caught.value)) < 120


def test_a_day_begins_at_midnight_in_shanghai() -> None:
    assert start_of(date(2026, 11, 23)) == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert day_of(datetime(2026, 11, 22, 16, tzinfo=UTC)) == date(2026, 11, 23)
    assert day_of(datetime(2026, 11, 22, 16, tzinfo=UTC) - timedelta(microseconds=1)) == date(2026, 11, 22)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_day_lasts_from_its_start_to_the_next_ones(day: date) -> None:
    assert day_of(start_of(day)) == day
    assert day_of(start_of(add_day(day)) - timedelta(microseconds=1)) == day
