"""The law in force here: every edition that is loaded, read, and put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, TypeVar

from credit_sanction_service.domain.authorities import Authorities, parse_authorities
from credit_sanction_service.domain.calendar import EARLIEST
from credit_sanction_service.domain.deadlines import Deadlines, parse_deadlines
from credit_sanction_service.domain.districts import Districts, parse_districts
from credit_sanction_service.domain.editions import Edition, UnreadableEdition, read_header
from credit_sanction_service.domain.limits import Limits, parse_limits
from credit_sanction_service.domain.measures import Catalogue, parse_catalogue, repealed
from credit_sanction_service.domain.regimes import Regimes, parse_regimes
from credit_sanction_service.domain.terms import EditionKind
from credit_sanction_service.domain.working_days import WorkingCalendar, parse_calendar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """
    What holds: of each kind the edition loaded last; all catalogues by name, in the order of loading, for an old record keeps
    the one it was decided under; the codes of all districts, also of those that a later edition leaves out; all years of the
    calendar. `editions` are what it was built of.
    """

    catalogues: Mapping[str, Catalogue]
    regimes: Regimes
    deadlines: Deadlines
    authorities: Authorities
    districts: Districts
    district_codes: frozenset[str]
    calendar: WorkingCalendar
    limits: Limits
    editions: tuple[Edition, ...]

    def catalogue_on(self, decided_on: date) -> Catalogue:
        """Return the catalogue for a decision of that day: of those that hold for it, the one loaded last."""
        for catalogue in reversed(tuple(self.catalogues.values())):
            if catalogue.decisions_from <= decided_on:
                return catalogue
        raise ValueError(f"no catalogue holds for a decision of {decided_on}")

    def names(self) -> Mapping[EditionKind, str]:
        """Return the name of the edition of each kind that was loaded last."""
        return {edition.kind: edition.name for edition in self.editions}


def build_law(editions: Iterable[Edition]) -> Law:
    """
    Read editions, given in the order of loading, and put them together. The same text twice counts where it stood first.
    UnreadableEdition for one that cannot be read, a name with two texts, a kind that is missing, days for which no catalogue
    holds, and a repeal of a document that is no basis anywhere.
    """
    known: dict[tuple[EditionKind, str], Edition] = {}
    for edition in editions:
        if known.setdefault((edition.kind, edition.name), edition).digest != edition.digest:
            raise _fault(edition, "another text has this name: an edition never changes, a correction has its own name")
    loaded = tuple(known.values())
    calendar = WorkingCalendar(years={})
    for part in _all(loaded, EditionKind.CALENDAR, parse_calendar):
        calendar = calendar.extended(part)
    districts = _all(loaded, EditionKind.DISTRICTS, parse_districts)
    return Law(
        catalogues=_catalogues(loaded),
        regimes=_last(loaded, EditionKind.REGIMES, parse_regimes),
        deadlines=_last(loaded, EditionKind.DEADLINES, parse_deadlines),
        authorities=_last(loaded, EditionKind.AUTHORITIES, parse_authorities),
        districts=districts[-1],
        district_codes=frozenset[str]().union(*(edition.entries for edition in districts)),
        calendar=calendar,
        limits=_last(loaded, EditionKind.LIMITS, parse_limits),
        editions=loaded,
    )


@cache
def shipped_editions() -> tuple[Edition, ...]:
    """Return every edition that ships with this release, in the order of kinds and names: what a new store begins with."""
    folder = resources.files("credit_sanction_service.domain") / "data"
    texts = (file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".toml"))
    return tuple(sorted(map(read_header, texts), key=lambda edition: (edition.kind, edition.name)))


@cache
def shipped_law() -> Law:
    """Return the law of the shipped editions, for a first start and for tests: what holds is what the store has."""
    return build_law(shipped_editions())


def _catalogues(loaded: tuple[Edition, ...]) -> Mapping[str, Catalogue]:
    catalogues = _all(loaded, EditionKind.CATALOGUE, parse_catalogue)
    if all(catalogue.decisions_from > EARLIEST for catalogue in catalogues):
        raise UnreadableEdition(EditionKind.CATALOGUE, "", "decisions_from", f"none holds from {EARLIEST} on")
    documents = {basis.document for catalogue in catalogues for row in catalogue.rows.values() for basis in row.bases}
    # A later edition's word on a document stands for an earlier one's: that is how a wrong day is corrected.
    repeals = {document: day for catalogue in catalogues for document, day in catalogue.repeals.items()}
    for document in repeals:
        if document not in documents:
            raise UnreadableEdition(EditionKind.CATALOGUE, "", "repeal", f"{document} is no basis in any edition")
    return {catalogue.edition: repealed(catalogue, repeals) for catalogue in catalogues}


def _all(loaded: tuple[Edition, ...], kind: EditionKind, read: Callable[[str], Part]) -> list[Part]:
    parts = [read(edition.text) for edition in loaded if edition.kind is kind]
    if not parts:
        raise UnreadableEdition(kind, "", "", "no edition of this kind is loaded")
    return parts


def _last(loaded: tuple[Edition, ...], kind: EditionKind, read: Callable[[str], Part]) -> Part:
    # Those before the last are read too: a process whose code cannot read what is loaded must not start.
    return _all(loaded, kind, read)[-1]


def _fault(edition: Edition, fault: str) -> UnreadableEdition:
    return UnreadableEdition(f"{edition.kind} {edition.name}", "", "", fault)
