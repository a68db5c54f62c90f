"""The rule tables read a second time, straight from their TOML: no parser, no calendar and no arithmetic of the service."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import resources
from typing import Any, Final

DATA: Final = resources.files("credit_sanction_service.domain") / "data"
NO_EXTENSION: Final = 0


def shipped_texts() -> tuple[str, ...]:
    """Return the shipped tables, in the order of their names."""
    files = sorted((file for file in DATA.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return tuple(file.read_text("utf-8") for file in files)


def months_after(day: date, months: int) -> date:
    """Return the corresponding day of a later month, or that month's last (民法典 art. 202)."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    for number in (day.day, 30, 29, 28):
        if number <= day.day:
            try:
                return date(year, month, number)
            except ValueError:
                continue
    raise AssertionError(day, months)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainBasis:
    """A basis as the table says it. `last` is None where the text is open ended."""

    document: str
    first: date
    last: date | None
    binding: bool
    years: int | None

    def holds(self, day: date, penalty: date | None) -> bool:
        if day < self.first or (self.last and day > self.last):
            return False
        if self.years is None:
            return True
        return penalty is not None and penalty <= day <= months_after(penalty, 12 * self.years)


@dataclass(frozen=True, slots=True)
class PlainLaw:
    """The tables as a lawyer reads them, of the texts in the order in which they were loaded."""

    texts: tuple[str, ...]
    catalogues: dict[str, dict[str, list[PlainBasis]]] = field(default_factory=dict)
    catalogue_from: dict[str, date] = field(default_factory=dict)
    regimes: list[dict[str, Any]] = field(default_factory=list)
    deadlines: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    off: dict[int, set[date]] = field(default_factory=dict)
    work: dict[int, set[date]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tables = [tomllib.loads(text) for text in self.texts]
        ends: dict[str, date] = {}
        for table in tables:
            ends |= {row["document"]: row["last_day"] for row in table.get("repeal", [])}
        for table in tables:
            self._read(table, ends)

    def _read(self, table: dict[str, Any], ends: dict[str, date]) -> None:
        match table["kind"]:
            case "CATALOGUE":
                self.catalogue_from[table["edition"]] = table["decisions_from"]
                self.catalogues[table["edition"]] = {
                    row["name"]: [
                        _basis(basis, ends.get(basis["document"]))
                        for basis in row["basis"]
                        if row["actions"][0]
                        in basis.get("actions", row["actions"])  # the area's verdict is the first one's
                    ]
                    for row in table["area"]
                }
            case "REGIMES":
                self.regimes[:] = table["regime"]
            case "DEADLINES":
                self.deadlines.update(table)
            case "LIMITS":
                self.limits.update(table)
            case "CALENDAR":
                for row in table["year"]:
                    self.off[row["year"]] = set(row["off"])
                    self.work[row["year"]] = set(row.get("work", []))

    def edition_for(self, decided: date) -> str:
        """Return the catalogue that a decision of that day is taken under."""
        return [name for name, first in self.catalogue_from.items() if first <= decided][-1]

    def period(self, which: str, publication_class: str, document: date) -> date:
        """Return the day that is `which`, min_months or max_months, after a document of a class."""
        for regime in self.regimes:
            if regime["in_force_from"] <= document <= regime.get("in_force_to", date.max):
                return months_after(document, regime[publication_class][which])
        raise AssertionError(document)

    def is_worked(self, day: date) -> bool | None:
        """Whether it is worked on a day; None where nobody can say yet."""
        if day.year not in self.off:
            return None
        return day in self.work[day.year] or (day.isoweekday() < 6 and day not in self.off[day.year])

    def working_day(self, start: date, number: int) -> date | None:
        """Return the working day number `number` after a day; None where nobody can say yet."""
        day = start
        while number:
            day += timedelta(days=1)
            worked = self.is_worked(day)
            if worked is None:
                return None
            number -= worked
        return day

    def last_day(self, standard: str, ordered: date, due: date | None, extension: int) -> date | None:
        """Return an obligation's last day, moved to a working day (民法典 art. 203); None where nobody can say yet."""
        end = months_after(due or months_after(ordered, self.deadlines[standard]["months"]), extension)
        while not (worked := self.is_worked(end)):
            if worked is None:
                return None
            end += timedelta(days=1)
        return end


def _basis(row: dict[str, Any], repealed: date | None) -> PlainBasis:
    ends = [day for day in (row.get("in_force_to"), repealed) if day]
    return PlainBasis(
        document=row["document"],
        first=row["in_force_from"],
        last=min(ends) if ends else None,
        binding=row["binding"],
        years=row.get("requires_penalty_within_years"),
    )
