"""
Authorities, keyed by their own unified social credit code: agencies change their names, the code stays. What function each
has, what its agencies were called when, and which function leads what (长工信联字[2017]9号 §五).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import add_day
from credit_sanction_service.domain.editions import parse, period, succeed
from credit_sanction_service.domain.identifiers import is_uscc
from credit_sanction_service.domain.terms import EditionKind, ListClass, Sector, Standard
from credit_sanction_service.domain.text import NAME_LIMIT, name_key

if TYPE_CHECKING:
    from credit_sanction_service.domain.editions import Table

_DIVISION_LENGTH: Final = 6


class Function(StrEnum):
    """What an agency is there for 职能, whatever it is called."""

    INDUSTRY = "INDUSTRY"
    DEVELOPMENT_REFORM = "DEVELOPMENT_REFORM"
    ECOLOGY = "ECOLOGY"
    MARKET_REGULATION = "MARKET_REGULATION"
    EMERGENCY = "EMERGENCY"
    NATURAL_RESOURCES = "NATURAL_RESOURCES"
    TAXATION = "TAXATION"
    FINANCE = "FINANCE"
    CREDIT = "CREDIT"
    GOVERNMENT = "GOVERNMENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedName:
    """A name and its first and last day, both included; None where that day is not known or there is none."""

    name: str
    since: date | None
    until: date | None
    confirmed: bool = True

    def on(self, day: date) -> bool:
        """Whether it was the name on `day`."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityEntry:
    """One authority, with its names in the order of their days."""

    code: str
    function: Function
    district_code: str
    names: tuple[DatedName, ...]

    def name_on(self, day: date) -> str:
        """Return its name on `day`; before the first one's day the first, after the last one's the last."""
        return name_on(self.names, day)

    def bore(self, name: str, day: date) -> bool:
        """Whether `name`, however it is spelt in widths, brackets and spaces, was its name on `day`."""
        key = name_key(name)
        return any(each.on(day) and name_key(each.name) == key for each in self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorities:
    """
    One edition. `function_names` says what the agencies of a function are called, several at a time where there were
    several. `leads_rule` and `lists_rule` are what a refusal quotes.
    """

    edition: str
    entries: Mapping[str, AuthorityEntry]
    function_names: Mapping[Function, tuple[DatedName, ...]]
    standard_leads: Mapping[Standard, frozenset[Function]]
    sector_leads: Mapping[Sector, frozenset[Function]]
    list_leads: Mapping[ListClass, frozenset[Function]]
    leads_rule: str
    lists_rule: str

    def get(self, code: str) -> AuthorityEntry | None:
        """Return the authority of that code, None where it is not in the register."""
        return self.entries.get(code)

    def leads(self, standard: Standard, sector: Sector) -> frozenset[Function]:
        """Return the functions that lead: the standard's and the sector's."""
        return self.standard_leads[standard] | self.sector_leads[sector]


def name_on(names: tuple[DatedName, ...], day: date) -> str:
    """Return the name on `day` of names that follow each other; before the first one's day the first, then the last."""
    for each in names:
        if each.until is None or day <= each.until:
            return each.name
    return names[-1].name


def read_succession(table: Table) -> tuple[DatedName, ...]:
    """Read the `name` rows of one bearer: they follow each other without a gap or an overlap."""
    names = table.rows("name", read_name)
    for before, after in pairwise(names):
        if not succeed(before.until, after.since):
            raise table.unreadable(
                f"{after.name} since {after.since} does not follow on {before.name} until {before.until}", "name"
            )
    return names


def read_name(row: Table) -> DatedName:
    """Read one dated name."""
    name = row.text("name")
    if len(name) > NAME_LIMIT:
        raise row.unreadable(f"is longer than {NAME_LIMIT} characters", "name")
    since, until = period(row, "since", "until")
    return DatedName(name=name, since=since, until=until, confirmed=row.confirmed())


def read_division(row: Table, key: str) -> str:
    """Read a division code: six digits."""
    code = row.text(key)
    if not (len(code) == _DIVISION_LENGTH and code.isascii() and code.isdecimal()):
        raise row.unreadable(f"is not {_DIVISION_LENGTH} digits", key)
    return code


def parse_authorities(text: str) -> Authorities:
    """Read an edition: every function's names, every lead, the register. UnreadableEdition if not."""
    return parse(text, EditionKind.AUTHORITIES, _authorities)


def _authorities(table: Table) -> Authorities:
    entries: dict[str, AuthorityEntry] = {}
    for entry in table.rows("authority", _entry):
        if entry.code in entries:
            raise table.unreadable(f"{entry.code} stands twice", "authority")
        entries[entry.code] = entry
    return Authorities(
        edition=table.edition,
        entries=entries,
        function_names=table.table("functions", lambda row: {each: row.table(each, _names) for each in Function}),
        standard_leads=table.table("standard_leads", lambda row: {each: _lead(row, each) for each in Standard}),
        sector_leads=table.table("sector_leads", lambda row: {each: _lead(row, each) for each in Sector}),
        list_leads=table.table("list_leads", lambda row: {each: _lead(row, each) for each in ListClass}),
        leads_rule=table.text("leads_rule"),
        lists_rule=table.text("lists_rule"),
    )


def _entry(row: Table) -> AuthorityEntry:
    code = row.text("code")
    if not is_uscc(code):
        raise row.unreadable("is not a unified social credit code right in every digit", "code")
    return AuthorityEntry(
        code=code,
        function=row.word("function", Function),
        district_code=read_division(row, "district_code"),
        names=read_succession(row),
    )


def _names(row: Table) -> tuple[DatedName, ...]:
    """Read a function's names. They may overlap, for there were two tax offices at a time; but every day has one."""
    names = row.rows("name", read_name)
    reached: date | None = date.min
    for each in sorted(names, key=lambda name: name.since or date.min):
        if reached is None:
            break
        if each.since is not None and each.since > reached:
            raise row.unreadable(f"nothing is in use on {reached}", "name")
        reached = None if each.until is None else max(reached, add_day(each.until))
    if reached is not None:
        raise row.unreadable(f"nothing is in use from {reached} on", "name")
    return names


def _lead(row: Table, key: str) -> frozenset[Function]:
    return frozenset(row.words(key, Function))
