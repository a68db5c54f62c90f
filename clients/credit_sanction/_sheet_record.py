"""Cells as a record. What a cell means is decided here; whether the record is right, only the service decides."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar

from credit_sanction import _sheet_columns as columns
from credit_sanction import types
from credit_sanction._areas import Area
from credit_sanction._errors import ClientError
from credit_sanction._sheet_text import DAMAGED
from credit_sanction._words import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

Value = TypeVar("Value", bound=int)

_DAY: Final = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))(?:[ T]0{1,2}:00(?::00)?)?",
    re.ASCII,
)
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_SEVERAL: Final = re.compile(r"[;；|\n]")
_SEVERAL_AREAS: Final = re.compile(r"[;；|\n、,，]")
_NUMBERS: Final = {
    "organisation_code": types.IdentifierKind.IDENTIFIER_KIND_ORGANISATION_CODE,
    "registration_number": types.IdentifierKind.IDENTIFIER_KIND_REGISTRATION_NUMBER,
    "tax_number": types.IdentifierKind.IDENTIFIER_KIND_TAX_NUMBER,
}


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
            self._note(name, "holds a character that cannot be read; save the file as UTF-8")
        return value

    def several(self, name: str) -> list[str]:
        """Return the parts of a cell, which `;` or `；` separates."""
        return [part for raw in _SEVERAL.split(self.text(name)) if (part := raw.strip())]

    def day(self, name: str) -> str:
        """Return a day as `YYYY-MM-DD`. Read are 2026-01-02, 2026/1/2, 2026.1.2, 2026年1月2日 and 20260102."""
        text = unicodedata.normalize("NFKC", self.text(name)).strip()
        match = _DAY.fullmatch(text)
        if match is None:
            if text:
                self._note(name, f"{text[:40]!r} is not a day: write 2026-01-02, 2026/1/2 or 2026年1月2日")
            return ""
        year, month, day = (int(part) for part in match.groups() if part and part.isdigit())
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            self._note(name, f"{text[:40]!r} is not a day of the calendar")
            return ""

    def whole(self, name: str) -> int:
        """Return a whole number, 0 where the cell is empty."""
        text = unicodedata.normalize("NFKC", self.text(name)).strip()
        if re.fullmatch(r"\d{1,9}", text, re.ASCII):
            return int(text)
        if text:
            self._note(name, f"{text[:40]!r} is not a whole number")
        return 0

    def amount(self, name: str) -> str:
        """Return a decimal as the contract writes it: half width, without the commas of thousands."""
        text = unicodedata.normalize("NFKC", self.text(name)).strip()
        return text.replace(",", "") if _GROUPED.fullmatch(text) else text

    def word(self, name: str, words: Mapping[str, Value], enum: _EnumTypeWrapper[Value], prefix: str) -> Value:
        """Return the value of a Chinese word or of the contract's own; unspecified where the cell is empty."""
        text = unicodedata.normalize("NFKC", self.text(name)).strip().removesuffix("/年")
        if text in words:
            return words[text]
        try:
            return number(enum, prefix, text or "UNSPECIFIED")
        except ClientError:
            self._note(name, f"{text[:40]!r} is none of {'、'.join(words)}")
            return number(enum, prefix, "UNSPECIFIED")

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
                self._note(name, f"{part[:40]!r} is none of 全部、{'、'.join(columns.AREAS)}")
        return named

    def _note(self, name: str, message: str) -> None:
        self.faults.append(Fault(line=self._line, column=self._headings.get(name, name), message=message))


def record_of(cells: Cells) -> types.SanctionRecord:
    """Return the record that the row says. Only meaningful where the cells noted no fault."""
    end = cells.day("measure_end")
    return types.SanctionRecord(
        enterprise=_enterprise(cells),
        obligation=_obligation(cells),
        decision=_decision(cells),
        responsible_district=types.ResponsibleDistrict(
            code=cells.text("district_code"), name=cells.text("district"), since=cells.day("district_since")
        ),
        measures=[types.Measure(area=area.wire, end_date=end) for area in cells.areas("areas")],
        publication_class=cells.word(
            "publication_class", columns.CLASSES, types.PublicationClass, "PUBLICATION_CLASS_"
        ),
        publication_end_date=cells.day("publication_end"),
    )


def _enterprise(cells: Cells) -> types.Enterprise:
    return types.Enterprise(
        code=cells.text("code"),
        name=cells.text("name"),
        former_names=cells.several("former_names"),
        other_identifiers=[
            types.OtherIdentifier(kind=kind, value=value)
            for name, kind in _NUMBERS.items()
            if (value := cells.text(name))
        ],
    )


def _obligation(cells: Cells) -> types.ExitObligation:
    months, document = cells.whole("extension_months"), cells.text("extension_document")
    return types.ExitObligation(
        scope=cells.word("scope", columns.SCOPES, types.ObligationScope, "OBLIGATION_SCOPE_"),
        item=cells.text("item"),
        equipment=cells.text("equipment"),
        quantity=cells.whole("quantity"),
        capacity=types.Capacity(
            amount=cells.amount("capacity"),
            unit=cells.word("capacity_unit", columns.UNITS, types.CapacityUnit, "CAPACITY_UNIT_"),
        ),
        sector=cells.word("sector", columns.SECTORS, types.Sector, "SECTOR_"),
        standard=cells.word("standard", columns.STANDARDS, types.Standard, "STANDARD_"),
        ordered_on=cells.day("ordered_on"),
        due_on=cells.day("due_on"),
        extension=types.Extension(months=months, document_number=document) if months or document else None,
    )


def _decision(cells: Cells) -> types.Decision:
    penalty = types.Penalty(
        kind=cells.word("penalty_kind", columns.PENALTIES, types.PenaltyKind, "PENALTY_KIND_"),
        document_number=cells.text("penalty_document"),
        date=cells.day("penalty_date"),
    )
    return types.Decision(
        authority=types.Authority(code=cells.text("authority_code"), name=cells.text("authority")),
        document_number=cells.text("document_number"),
        date=cells.day("decided_on"),
        notice_served_on=cells.day("notice_served_on"),
        penalty=penalty if penalty.ByteSize() else None,
    )
