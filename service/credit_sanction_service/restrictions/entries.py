"""What a reader who keeps a copy is told of a record: as it stands within the reader's scope, on the day it is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from credit_sanction_service.domain.facts import MeasureFacts, PenaltyFacts, RecordFacts
from credit_sanction_service.domain.measures import Basis, Demand, Row
from credit_sanction_service.domain.terms import Area, RestrictionState, State

if TYPE_CHECKING:
    from collections.abc import Collection

    from credit_sanction_service.domain.measures import Catalogue

_DAY: Final = timedelta(days=1)
_MOST_WORDINGS: Final = 10_000
# What readers may know of a record. Before it is listed it binds nobody and may come to nothing; what was revoked never was.
_SHOWN: Final = frozenset({State.QUARANTINED, State.LISTED, State.SUSPENDED, State.LIFTED, State.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a reader hears of: records with a measure in one of `areas`, of these districts (None: all), of this portfolio."""

    areas: frozenset[Area]
    districts: frozenset[str] | None = None
    portfolio: UUID | None = None

    def takes(self, record: RecordFacts | None) -> bool:
        """Whether it takes this version, portfolio and days apart."""
        return (
            record is not None
            and record.state in _SHOWN
            and (self.districts is None or record.district in self.districts)
            and any(measure.area in self.areas for measure in record.measures)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What the catalogue says of a measure on a day, and whether that binds. For the same row and day it is the same object."""

    row: Row
    basis: Basis
    binding: bool
    demands: tuple[Demand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    One measure within a scope. `since` is None where a quarantined one has no first day yet. `wording` is that of the day
    it is told, or of its first where that lies ahead.
    """

    measure: MeasureFacts
    since: date | None
    until: date
    wording: Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record within a scope: it takes the place of all that was told of it before. `codes`: those of the portfolio."""

    record: RecordFacts
    state: RestrictionState
    standings: tuple[Standing, ...]
    codes: tuple[str, ...] = ()


def entry_of(
    record: RecordFacts, areas: Collection[Area], day: date, catalogue: Catalogue, *, codes: tuple[str, ...] = ()
) -> Entry:
    """Return the entry of a version on `day`: ENDED where no measure in `areas` has, or may come to have, effect from then on."""
    stopped = record.ended_on - _DAY if record.ended_on else date.max
    running = [
        (measure, min(measure.end, stopped))
        for measure in record.measures
        if measure.area in areas and measure.end is not None and day <= min(measure.end, stopped)
    ]
    state = _state_on(record, day) if running else RestrictionState.ENDED
    if state is RestrictionState.ENDED:
        return ended(record)
    standings = (
        _standing(record, measure, record.since, until, catalogue.rows[measure.area], day) for measure, until in running
    )
    return Entry(record=record, state=state, standings=tuple(standings), codes=codes)


def ended(record: RecordFacts) -> Entry:
    """Return the entry of a record to be forgotten."""
    return Entry(record=record, state=RestrictionState.ENDED, standings=())


def _standing(
    record: RecordFacts, measure: MeasureFacts, since: date | None, until: date, row: Row, day: date
) -> Standing:
    on = max(day, since) if since else day
    return Standing(measure=measure, since=since, until=until, wording=_wording(row, on, record.penalty))


_wordings: dict[tuple[int, date, date | None], Wording] = {}  # by the row's identity, which each of them holds on to


def _wording(row: Row, on: date, penalty: PenaltyFacts | None) -> Wording:
    key = (id(row), on, penalty.decided_on if penalty else None)
    found = _wordings.get(key)
    if found is None:
        basis, binding = row.basis_on(on, penalty)
        found = Wording(row=row, basis=basis, binding=binding, demands=row.demands_on(on, penalty))
        if len(_wordings) >= _MOST_WORDINGS:
            _wordings.clear()
        _wordings[key] = found
    return found


def _state_on(record: RecordFacts, day: date) -> RestrictionState:
    """Return what a record with a measure that runs on `day` is then."""
    match record.state:
        case State.REVOKED | State.NOTICE_SERVED | State.DECIDED:
            return RestrictionState.ENDED
        case State.QUARANTINED:
            return RestrictionState.QUARANTINED
        case _:
            pass
    if record.since is None or day < record.since:
        return RestrictionState.NOT_LISTED
    if record.rests_on(day):
        return RestrictionState.SUSPENDED
    return RestrictionState.DISPUTED if record.disputed else RestrictionState.LISTED
