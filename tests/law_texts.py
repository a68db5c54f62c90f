"""Made-up editions: the shipped tables under other names, with what a test wants changed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from credit_sanction_service.domain.editions import read_header
from credit_sanction_service.domain.law import shipped_editions
from credit_sanction_service.domain.terms import EditionKind

if TYPE_CHECKING:
    from credit_sanction_service.domain.editions import Edition

LATER_FORMAT = 'format = 2\nkind = "CALENDAR"\nedition = "2099"\nsource = ["虚构通知"]\n'


def again(kind: EditionKind, name: str) -> Edition:
    """Return the shipped edition of a kind under another name."""
    shipped = next(edition for edition in shipped_editions() if edition.kind is kind)
    return read_header(shipped.text.replace(f'edition = "{shipped.name}"', f'edition = "{name}"', 1))


def catalogue(name: str, *, decisions_from: str = "2000-01-01", repeals: dict[str, date] | None = None) -> Edition:
    """Return the shipped catalogue under another name, for decisions from a day on, with repeals of documents."""
    shipped = next(edition for edition in shipped_editions() if edition.kind is EditionKind.CATALOGUE)
    lines = [line for line in shipped.text.splitlines() if not line.startswith(("edition =", "decisions_from ="))]
    rows = [
        f'[[repeal]]\ndocument = "{document}"\nlast_day = {day}\nby = "虚构废止决定"\n'
        for document, day in (repeals or {}).items()
    ]
    header = [f'edition = "{name}"', f"decisions_from = {decisions_from}"]
    return read_header("\n".join([*header, *lines, *rows]))


def year(number: int, name: str = "") -> Edition:
    """Return the official days of one year, which has a single holiday: its first Monday in June."""
    first = date(number, 6, 1)
    monday = first + timedelta(days=-first.weekday() % 7)
    return read_header(
        f'kind = "CALENDAR"\nedition = "{name or number}"\nformat = 1\nsource = ["虚构通知"]\n'
        f"[[year]]\nyear = {number}\noff = [{monday}]\n"
    )
