"""The cells of one row: text, days, numbers and words out of what clerks type."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar

from credit_sanction import _sheet_columns as columns
from credit_sanction import types
from credit_sanction._areas import Area
from credit_sanction._errors import ClientError
from credit_sanction._sheet_text import DAMAGED
from credit_sanction._words import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

Value = TypeVar("Value", bound=int)

_DAY: Final = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))(?:[ T]0{1,2}:00(?::00)?)?",
    re.ASCII,
)
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_MONEY: Final = re.compile(r"(\d{1,15}(?:\.\d{1,6})?|\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,6})?)\s*(万?元)?", re.ASCII)
_HEADS_MONEY: Final = re.compile(r"\((?:单位:)?\s*(万?元)\s*\)")
_SEVERAL: Final = re.compile(r"[;；|\n]")
_COLON: Final = re.compile(r"[:：]")
_SEVERAL_AREAS: Final = re.compile(r"[;；|\n、,，]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What cannot be read: the line of the file, from 1, the column's heading (may be empty), and a sentence."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:  # type: ignore[explicit-override]  # typing.override is Python 3.12's
        return f"line {self.line}" + (f", {self.column}" if self.column else "") + f": {self.message}"


class Cells:
    """
    The cells of one row by column name. Reading one that makes no sense notes a fault and goes on, so that a clerk sees
    all of them at once.
    """

    def __init__(self, line: int, texts: Mapping[str, str], headings: Mapping[str, str]) -> None:
        self._line = line
        self._texts = texts
        self._headings = headings
        self.faults: list[Fault] = []

    def text(self, name: str) -> str:
        """Return the cell as it stands, empty where the sheet has no such column."""
        value = self._texts.get(name, "")
        if DAMAGED in value:
            self.note(name, "holds a character that cannot be read; save the file as UTF-8")
        return value

    def empty(self, names: Iterable[str]) -> bool:
        """Whether all of these cells are empty."""
        return not any(self._texts.get(name) for name in names)

    def several(self, name: str) -> list[str]:
        """Return the parts of a cell, which `;` or `；` separates."""
        return [part for raw in _SEVERAL.split(self.text(name)) if (part := raw.strip())]

    def day(self, name: str) -> str:
        """Return a day as `YYYY-MM-DD`. Read are 2026-01-02, 2026/1/2, 2026.1.2, 2026年1月2日 and 20260102."""
        return self._day(name, self.text(name))

    def days(self, name: str) -> list[str]:
        """Return the days of a cell, which `;` or `；` separates."""
        return [self._day(name, part) for part in self.several(name)]

    def _day(self, name: str, cell: str) -> str:
        text = unicodedata.normalize("NFKC", cell).strip()
        match = _DAY.fullmatch(text)
        if match is None:
            if text:
                self.note(name, f"{text[:40]!r} is not a day: write 2026-01-02, 2026/1/2 or 2026年1月2日")
            return ""
        year, month, day = (int(part) for part in match.groups() if part and part.isdigit())
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            self.note(name, f"{text[:40]!r} is not a day of the calendar")
            return ""

    def whole(self, name: str) -> int:
        """Return a whole number, 0 where the cell is empty."""
        text = unicodedata.normalize("NFKC", self.text(name)).strip()
        if re.fullmatch(r"\d{1,9}", text, re.ASCII):
            return int(text)
        if text:
            self.note(name, f"{text[:40]!r} is not a whole number")
        return 0

    def amount(self, name: str) -> str:
        """Return a decimal as the contract writes it: half width, without the commas of thousands."""
        text = unicodedata.normalize("NFKC", self.text(name)).strip()
        return text.replace(",", "") if _GROUPED.fullmatch(text) else text

    def money(self, name: str) -> str:
        """
        Return an amount of money in 万元. In 元 are those cells that say so, and where the heading does, those that say
        nothing.
        """
        text = unicodedata.normalize("NFKC", self.text(name)).strip()
        match = _MONEY.fullmatch(text)
        if match is None:
            return text
        number_, unit = match[1].replace(",", ""), match[2]
        if unit is None:
            heading = _HEADS_MONEY.search(unicodedata.normalize("NFKC", self._headings.get(name, "")))
            unit = heading[1] if heading else "万元"
        return number_ if unit == "万元" else format(Decimal(number_).scaleb(-4), "f")

    def word(self, name: str, words: Mapping[str, Value], enum: _EnumTypeWrapper[Value], prefix: str) -> Value:
        """Return the value of a Chinese word or of the contract's own; unspecified where the cell is empty."""
        return self._word(name, self.text(name), words, enum, prefix)

    def words(self, name: str, words: Mapping[str, Value], enum: _EnumTypeWrapper[Value], prefix: str) -> list[Value]:
        """Return the values of the words of a cell, which `;` or `；` separates."""
        return [self._word(name, part, words, enum, prefix) for part in self.several(name)]

    def _word(
        self, name: str, cell: str, words: Mapping[str, Value], enum: _EnumTypeWrapper[Value], prefix: str
    ) -> Value:
        text = unicodedata.normalize("NFKC", cell).strip().removesuffix("/年")
        if text in words:
            return words[text]
        try:
            return number(enum, prefix, text or "UNSPECIFIED")
        except ClientError:
            self.note(name, f"{text[:40]!r} is none of {'、'.join(words)}")
            return number(enum, prefix, "UNSPECIFIED")

    def flag(self, name: str) -> bool:
        """Return whether the cell says 是; empty is 否."""
        text = unicodedata.normalize("NFKC", self.text(name)).strip().upper()
        if text and text not in columns.YES_OR_NO:
            self.note(name, f"{text[:40]!r} is neither 是 nor 否")
        return columns.YES_OR_NO.get(text, False)

    def licences(self, name: str) -> list[types.Licence]:
        """Return the licences of a cell: `name:number；name:number`."""
        found: list[types.Licence] = []
        for part in self.several(name):
            title, *number_ = (piece.strip() for piece in _COLON.split(part, maxsplit=1))
            if title and number_ and number_[0]:
                found.append(types.Licence(name=title, number=number_[0]))
            else:
                self.note(name, f"{part[:40]!r} is not a name, a colon and a number: write 排污许可证:编号")
        return found

    def areas(self, name: str) -> list[Area]:
        """Return the areas, all nine for 全部."""
        named: list[Area] = []
        for raw in _SEVERAL_AREAS.split(self.text(name)):
            part = unicodedata.normalize("NFKC", raw).strip()
            if part.upper() in columns.ALL_AREAS:
                named.extend(columns.AREAS.values())
            elif area := columns.AREAS.get(part) or Area.__members__.get(part.upper()):
                named.append(area)
            elif part:
                self.note(name, f"{part[:40]!r} is none of 全部、{'、'.join(columns.AREAS)}")
        return named

    def note(self, name: str, message: str) -> None:
        """Note a fault of one cell."""
        self.faults.append(Fault(line=self._line, column=self._headings.get(name, name), message=message))
