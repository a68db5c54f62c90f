"""Days: how they are read, how months are added, which instant begins one. Asia/Shanghai throughout."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from credit_sanction_service.domain.privacy import shown

# China has had one offset and no summer time since 1991-09-15, before the earliest day taken here.
SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2099, 12, 31)
_ONE_DAY: Final = timedelta(days=1)
_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_day(text: str) -> date:
    """Read `YYYY-MM-DD`. ValueError, with a sentence, for another form, no such day, or a day outside 2000 to 2099."""
    if not _ISO_DAY.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a date of the form YYYY-MM-DD")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is not a day of the calendar") from None
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"{text} lies outside {EARLIEST} to {LATEST}")
    return day


def add_months(day: date, months: int) -> date:
    """Return the corresponding day, or the month's last where there is none: 31 August + 6 = 28 or 29 February (民法典 art. 202)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_day(day: date) -> date:
    """Return the day after."""
    return day + _ONE_DAY


def day_of(instant: datetime) -> date:
    """Return the Shanghai day of an aware instant."""
    return instant.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    """Return the instant, in UTC, at which a Shanghai day begins."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
