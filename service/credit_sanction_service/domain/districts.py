"""
Districts and the days on which their codes are valid. Three systems of codes collide in Changchun: GB/T 2260, the
statistical codes of the development zones, and what the register of companies uses, so that no code of an enterprise
says which district is responsible for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_sanction_service.domain.authorities import DatedName, name_on, read_division, read_succession
from credit_sanction_service.domain.editions import parse, period, succeed
from credit_sanction_service.domain.terms import EditionKind

if TYPE_CHECKING:
    from credit_sanction_service.domain.editions import Table


class DistrictKind(StrEnum):
    """Where a code comes from."""

    DIVISION = "GB/T 2260"
    DEVELOPMENT_ZONE = "development zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictEntry:
    """
    One code, valid from `since` to `until`, both included; None: since ever, until further notice. `successor` is the code
    that took its place, "" for none. Not `confirmed`: its days are general knowledge.
    """

    code: str
    kind: DistrictKind
    since: date | None
    until: date | None
    successor: str
    names: tuple[DatedName, ...]
    note: str
    confirmed: bool

    def name_on(self, day: date) -> str:
        """Return its name on `day`; before the first one's day the first, after the last one's the last."""
        return name_on(self.names, day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Districts:
    """One edition."""

    edition: str
    entries: Mapping[str, DistrictEntry]

    def get(self, code: str) -> DistrictEntry | None:
        """Return the district of that code, None where it is not in the table."""
        return self.entries.get(code)

    def valid_on(self, code: str, day: date) -> bool | None:
        """Whether the code was valid on `day`; None where it is not in the table, which proves nothing against it."""
        entry = self.entries.get(code)
        if entry is None:
            return None
        return (entry.since is None or entry.since <= day) and (entry.until is None or day <= entry.until)


def parse_districts(text: str) -> Districts:
    """Read an edition: codes, none twice, each successor valid from the day after. UnreadableEdition if not."""
    return parse(text, EditionKind.DISTRICTS, _districts)


def _districts(table: Table) -> Districts:
    entries: dict[str, DistrictEntry] = {}
    for entry in table.rows("district", _entry):
        if entry.code in entries:
            raise table.unreadable(f"{entry.code} stands twice", "district")
        entries[entry.code] = entry
    for entry in entries.values():
        if entry.successor and entry.successor not in entries:
            raise table.unreadable(f"the successor {entry.successor} of {entry.code} is missing", "district")
        if entry.successor and not succeed(entry.until, entries[entry.successor].since):
            raise table.unreadable(
                f"the successor {entry.successor} does not begin on the day after {entry.code} ends", "district"
            )
    return Districts(edition=table.edition, entries=entries)


def _entry(row: Table) -> DistrictEntry:
    since, until = period(row, "since", "until")
    return DistrictEntry(
        code=read_division(row, "code"),
        kind=row.word("kind", DistrictKind),
        since=since,
        until=until,
        successor=read_division(row, "successor") if row.has("successor") else "",
        names=read_succession(row),
        note=row.text("note") if row.has("note") else "",
        confirmed=row.confirmed(),
    )
