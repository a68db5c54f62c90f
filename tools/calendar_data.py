"""
Writes the working days of China, year by year, into the calendar that the service ships, or checks that they agree.

`python tools/calendar_data.py write` takes them from the package chinese-calendar (MIT), which the group `dev` installs; its
years are the edition's name. `python tools/calendar_data.py check` writes nothing and answers 1 where the file differs.
"""

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar  # type: ignore[import-untyped]  # the package ships no types

FIRST, LAST = 2004, 2026
SATURDAY = 5
ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "service" / "credit_sanction_service" / "domain" / "data"
FILE = DATA / f"calendar-{FIRST}-{LAST}.toml"
HEAD = f"""\
# Working days 工作日 as the State Council's office sets them each autumn for the year to come: `off` are weekdays that are
# holidays, `work` weekend days that are worked instead. Written by tools/calendar_data.py. Another year comes as an edition of
# its own, which may also replace a year of this one.
kind = "CALENDAR"
edition = "{FIRST}-{LAST}"
format = 1
source = [
  "国务院办公厅关于部分节假日安排的通知, {FIRST} to {LAST}",
  "the package chinese-calendar 1.11.0 (MIT)",
]
"""


def main(command: str) -> int:
    """Write the file, or compare it; answer 0, or 1 where it differs."""
    text = "\n".join([HEAD, *(year_text(year) for year in range(FIRST, LAST + 1))])
    if command == "write":
        FILE.write_text(text, encoding="utf-8")
        print(f"calendar: {FILE.relative_to(ROOT)}")
        return 0
    if FILE.read_text(encoding="utf-8") == text:
        return 0
    print(f"calendar: {FILE.relative_to(ROOT)} is not what the package says: run `python tools/calendar_data.py write`")
    return 1


def year_text(year: int) -> str:
    """Return the rows of one year."""
    off = [day for day in days(year) if day.weekday() < SATURDAY and not chinese_calendar.is_workday(day)]
    work = [day for day in days(year) if day.weekday() >= SATURDAY and chinese_calendar.is_workday(day)]
    return "\n".join(
        ["[[year]]", f"year = {year}", f"off = {listed(off)}", *([f"work = {listed(work)}"] if work else []), ""]
    )


def listed(found: list[date]) -> str:
    """Return days as a list of TOML, eight a line."""
    lines = [", ".join(map(str, found[at : at + 8])) for at in range(0, len(found), 8)]
    return "\n".join(["[", *(f"  {line}," for line in lines), "]"])


def days(year: int) -> Iterator[date]:
    """Yield the days of a year."""
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write" | "check" as given]:
            sys.exit(main(given))
        case _:
            sys.exit(__doc__)
