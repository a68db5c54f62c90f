"""
Law as data: a rule table is an *edition*, a TOML text that a lawyer can read and change, read here key by key.

Its header says `kind`, `edition` (its name), `format` and `source`. What this code does not understand is refused, unknown
keys too: a table must never apply by half. An edition never changes; a correction is an edition of another name. A value
that no public text confirms carries `confirmed = false` beside it.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeVar

from credit_sanction_service.domain.calendar import LATEST, add_day
from credit_sanction_service.domain.privacy import holds_citizen_number
from credit_sanction_service.domain.terms import EditionKind
from credit_sanction_service.domain.text import has_control_characters, tidy

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT: Final = 1
TEXT_LIMIT: Final = 500
# No rule that is applied here is older than the republic; a day outside is a slip of the pen.
_OLDEST: Final = date(1949, 10, 1)
_NAME: Final = re.compile(r"[0-9a-z][0-9a-z.-]{0,39}")

Word = TypeVar("Word", bound=StrEnum)
Read = TypeVar("Read")


class UnreadableEdition(ValueError):
    """A rule table that this code cannot read: in which edition, at which row and key, and what is wrong there."""

    def __init__(self, edition: str, where: str, key: str, fault: str) -> None:
        self.edition = edition
        self.where = where
        self.key = key
        self.fault = fault
        super().__init__(": ".join(part for part in (edition, where, key, fault) if part))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One rule table as it was loaded, to the letter."""

    kind: EditionKind
    name: str
    text: str

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class Table:
    """
    One table of an edition. Each method reads a key once and refuses what is not as it asks; a key that nobody read is
    refused as unknown by `parse` and `rows`, which hand tables out.
    """

    def __init__(self, cells: dict[str, object], *, kind: str = "", edition: str = "", where: str = "") -> None:
        self.edition = edition
        self._kind = kind
        self._where = where
        self._cells = dict(cells)

    def unreadable(self, fault: str, key: str = "") -> UnreadableEdition:
        """Return the error that names this table."""
        return UnreadableEdition(f"{self._kind} {self.edition}".strip(), self._where, key, fault)

    def has(self, key: str) -> bool:
        """Whether the key is there and was not read yet."""
        return key in self._cells

    def text(self, key: str) -> str:
        """Read a text of 1 to 500 characters, as it would be typed: trimmed, without what does not print."""
        value = self._take(key)
        if not isinstance(value, str):
            raise self.unreadable("is not a text", key)
        if not 1 <= len(value) <= TEXT_LIMIT or value != tidy(value) or has_control_characters(value):
            raise self.unreadable(f"is not a plain text of 1 to {TEXT_LIMIT} characters", key)
        if holds_citizen_number(value):
            raise self.unreadable("holds a citizen's identity number 公民身份号码, which must never stand here", key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of one or more texts, none twice."""
        return tuple(self._new({key: item}, self._where).text(key) for item in self._list(key))

    def word(self, key: str, words: type[Word]) -> Word:
        """Read one word of a closed set."""
        return self._word(key, words, self._take(key))

    def words(self, key: str, words: type[Word]) -> tuple[Word, ...]:
        """Read a list of one or more words of a closed set, none twice."""
        return tuple(self._word(key, words, item) for item in self._list(key))

    def number(self, key: str, least: int, most: int) -> int:
        """Read a whole number from `least` to `most`."""
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.unreadable(f"is not a whole number from {least} to {most}", key)
        return value

    def truth(self, key: str) -> bool:
        """Read true or false."""
        value = self._take(key)
        if not isinstance(value, bool):
            raise self.unreadable("is neither true nor false", key)
        return value

    def confirmed(self) -> bool:
        """Read whether a public text confirms the values of this table: yes, unless it says otherwise."""
        return self.truth("confirmed") if self.has("confirmed") else True

    def day(self, key: str) -> date:
        """Read a day, written as TOML writes it: 2026-04-01 without quotation marks."""
        return self._day(key, self._take(key))

    def day_or_none(self, key: str) -> date | None:
        """Read a day that may be missing."""
        return self.day(key) if self.has(key) else None

    def days(self, key: str, *, least: int = 1) -> tuple[date, ...]:
        """Read a list of `least` days or more, each later than the one before."""
        days = tuple(self._day(key, item) for item in self._list(key, least=least))
        for before, after in pairwise(days):
            if after < before:  # the same day twice is a repetition, refused above
                raise self.unreadable(f"{after} stands behind {before}: days stand in their order", key)
        return days

    def table(self, key: str, read: Callable[[Table], Read]) -> Read:
        """Read a table below this one."""
        return self._read(self._take(key), self._below(key), key, read)

    def rows(self, key: str, read: Callable[[Table], Read]) -> tuple[Read, ...]:
        """Read a list of one or more tables."""
        rows = enumerate(self._list(key), 1)
        return tuple(self._read(row, self._below(f"{key} {number}"), key, read) for number, row in rows)

    def close(self) -> None:
        """Refuse what nobody read."""
        for key in self._cells:
            raise self.unreadable("is not a key that is known here", key)

    def _read(self, cells: object, where: str, key: str, read: Callable[[Table], Read]) -> Read:
        if not isinstance(cells, dict):
            raise self.unreadable("is not a table", key)
        table = self._new(cells, where)
        value = read(table)
        table.close()
        return value

    def _new(self, cells: dict[str, object], where: str) -> Table:
        return Table(cells, kind=self._kind, edition=self.edition, where=where)

    def _below(self, name: str) -> str:
        return f"{self._where}, {name}" if self._where else name

    def _take(self, key: str) -> object:
        try:
            return self._cells.pop(key)
        except KeyError:
            raise self.unreadable("is missing", key) from None

    def _list(self, key: str, *, least: int = 1) -> list[object]:
        value = self._take(key)
        if not isinstance(value, list):
            raise self.unreadable("is not a list of one or more" if least else "is not a list", key)
        if len(value) < least:
            raise self.unreadable("is not a list of one or more: it is empty", key)
        for before, item in enumerate(value):
            if item in value[:before]:
                raise self.unreadable(f"item {before + 1} repeats an earlier one", key)
        return value

    def _word(self, key: str, words: type[Word], value: object) -> Word:
        if not isinstance(value, str) or value not in words.__members__.values():
            raise self.unreadable(f"{value!r} is none of {', '.join(words)}", key)
        return words(value)

    def _day(self, key: str, value: object) -> date:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.unreadable("is not a day like 2026-04-01, without quotation marks", key)
        if not _OLDEST <= value <= LATEST:
            raise self.unreadable(f"{value} lies outside {_OLDEST} to {LATEST}", key)
        return value


def read_header(text: str) -> Edition:
    """Read an edition's header alone. UnreadableEdition where it is at fault or of a format that this code does not read."""
    edition, _ = _open(text)
    return edition


def parse(text: str, kind: EditionKind, read: Callable[[Table], Read]) -> Read:
    """Read a whole edition of `kind`. UnreadableEdition for anything in it that is not as `read` asks."""
    edition, table = _open(text)
    if edition.kind is not kind:
        raise table.unreadable(f"is a table of kind {edition.kind}, not {kind}", "kind")
    value = read(table)
    table.close()
    return value


def period(table: Table, first: str, last: str) -> tuple[date | None, date | None]:
    """Read two days that may be missing, the first and the last of a period; both belong to it."""
    begin, end = table.day_or_none(first), table.day_or_none(last)
    if begin is not None and end is not None and end < begin:
        raise table.unreadable(f"{end} lies before {first} {begin}", last)
    return begin, end


def succeed(end: date | None, begin: date | None) -> bool:
    """Whether a period that begins on `begin` follows one that ends on `end` without a gap or an overlap."""
    return end is not None and begin == add_day(end)


def _open(text: str) -> tuple[Edition, Table]:
    try:
        cells = tomllib.loads(text)
    except (ValueError, RecursionError) as fault:
        raise UnreadableEdition("", "", "", f"this is not TOML: {fault}") from None
    header = Table(cells, where="header")
    # The format first: what another format means by the other keys is not for this code to say.
    if header.number("format", 0, 10**6) != FORMAT:
        raise header.unreadable(f"this code reads format {FORMAT} alone", "format")
    kind = header.word("kind", EditionKind)
    name = header.text("edition")
    if not _NAME.fullmatch(name):
        raise header.unreadable("is not made of 1 to 40 small letters, digits, points and hyphens", "edition")
    if holds_citizen_number(name):
        what = "holds a citizen's identity number 公民身份号码, which must never stand here"
        raise UnreadableEdition(kind.value, "header", "edition", what)  # without the name: nothing repeats one
    header.texts("source")
    body = {key: value for key, value in cells.items() if key not in {"format", "kind", "edition", "source"}}
    return Edition(kind=kind, name=name, text=text), Table(body, kind=kind, edition=name)
