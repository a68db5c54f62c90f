"""
What a record means on a day: for readers, and for targets.

| state               | look-up                        | platform, lenders | website                                     |
|---------------------|--------------------------------|-------------------|---------------------------------------------|
| QUARANTINED         | UNKNOWN                        | absent            | absent                                      |
| NOTICE_SERVED, DECIDED | no effect                   | absent            | absent                                      |
| LISTED              | by its basis                   | listed            | listed if public and publication not ended  |
| SUSPENDED           | no effect while it rests       | absent            | absent                                      |
| LIFTED, EXPIRED     | no effect from the effective day | absent          | absent                                      |
| REVOKED             | never had effect               | absent            | absent                                      |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

from credit_sanction_service.domain.facts import MeasureFacts, RecordFacts
from credit_sanction_service.domain.measures import Basis, Demand, Row
from credit_sanction_service.domain.records import Measure, SanctionRecord
from credit_sanction_service.domain.terms import Area, PublicationClass, RestrictionState, Sector, Standard, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from credit_sanction_service.domain.measures import Catalogue

Told: TypeAlias = SanctionRecord | RecordFacts
"""A record, or what look-ups keep of it: both have the same effect on every day."""
R = TypeVar("R", SanctionRecord, RecordFacts)
_DAY: Final = timedelta(days=1)
UNTOLD: Final = frozenset({State.NOTICE_SERVED, State.DECIDED, State.REVOKED})
"""Of a record in these nothing is told to who looks up: it has, and had, no effect."""
_NEVER_IN_FORCE: Final = UNTOLD | {State.QUARANTINED}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureInForce(Generic[R]):
    """One measure of one record on one day, with its last day and the text that carries it."""

    record: R
    measure: Measure | MeasureFacts
    until: date
    row: Row
    basis: Basis
    binding: bool
    demands: tuple[Demand, ...]

    @property
    def state(self) -> RestrictionState:
        """LISTED, or DISPUTED while an objection is open."""
        return RestrictionState.DISPUTED if self.record.disputed else RestrictionState.LISTED


InForce: TypeAlias = MeasureInForce[RecordFacts]
"""What a look-up shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureOfThePast:
    """
    A measure without effect on a day before which it had some. SUSPENDED: it rests, and `until` is the last day that it
    would have; ENDED: `until` was its last. `demands` are those of the day, or of that last day: they say what would bind if it
    did not rest, or bound then. On the day none of it binds.
    """

    record: RecordFacts
    measure: MeasureFacts
    state: RestrictionState
    until: date
    row: Row
    basis: Basis
    demands: tuple[Demand, ...]


def has_effect(record: Told, day: date) -> bool:
    """Whether the record has effect on `day`, its measures' own ends apart."""
    match record.state:
        case State.QUARANTINED | State.REVOKED | State.NOTICE_SERVED | State.DECIDED:
            return False
        case State.LISTED | State.SUSPENDED:
            return _spans(record, day) and not record.rests_on(day)
        case State.LIFTED | State.EXPIRED:
            since, ended_on = record.since, record.ended_on
            return bool(since and ended_on and since <= day < ended_on) and not record.rests_on(day)


def in_force(record: R, day: date, areas: Collection[Area], catalogue: Catalogue) -> Iterator[MeasureInForce[R]]:
    """Yield the record's measures in force on `day` in `areas`. `catalogue` is the edition the record was decided under."""
    if not has_effect(record, day):
        return
    for measure in record.measures:
        if measure.area in areas and day <= (until := record.end_of(measure)):
            row = catalogue.rows[measure.area]
            demands = row.demands_on(day, record.penalty)
            yield MeasureInForce(
                record=record,
                measure=measure,
                until=until,
                row=row,
                basis=demands[0].basis,  # the principal one's
                binding=demands[0].binding,
                demands=demands,
            )


def of_the_past(
    record: RecordFacts, day: date, areas: Collection[Area], catalogue: Catalogue
) -> Iterator[MeasureOfThePast]:
    """
    Yield the record's measures in `areas` that rest on `day`, or have ended by then. What was revoked never was, and what
    begins later is not of the past.
    """
    if record.state in _NEVER_IN_FORCE or record.since is None or day < record.since:
        return
    stopped = record.ended_on - _DAY if record.ended_on else date.max
    for measure in record.measures:
        end = record.end_of(measure)
        last = min(end, stopped)
        if measure.area not in areas or last < record.since:
            continue
        if day > last:
            state, until, basis_day = RestrictionState.ENDED, last, last
        elif record.rests_on(day):
            state, until, basis_day = RestrictionState.SUSPENDED, end, day
        else:
            continue
        row = catalogue.rows[measure.area]
        demands = row.demands_on(basis_day, record.penalty)
        yield MeasureOfThePast(
            record=record,
            measure=measure,
            state=state,
            until=until,
            row=row,
            basis=demands[0].basis,
            demands=demands,
        )


def may_have_effect(record: Told, day: date) -> bool:
    """Whether a quarantined record would have effect on `day` if its code were confirmed."""
    return record.state is State.QUARANTINED and _spans(record, day)


def areas_running(record: R, day: date) -> frozenset[Area]:
    """Return the areas in which a record that has effect on `day` has a measure then; for one in quarantine, would have."""
    if not (has_effect(record, day) or may_have_effect(record, day)):
        return frozenset()
    return frozenset(measure.area for measure in record.measures if day <= record.end_of(measure))


def _spans(record: Told, day: date) -> bool:
    since, last_day = record.since, record.last_day
    return bool(since and last_day and since <= day <= last_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which records a target takes. None takes all. `public` takes only what may be published, while it may."""

    areas: frozenset[Area] | None = None
    districts: frozenset[str] | None = None
    sectors: frozenset[Sector] | None = None
    standards: frozenset[Standard] | None = None
    public: bool = False


def belongs(record: SanctionRecord, target: Filter, day: date) -> bool:
    """Whether the target should have the record as listed on `day`. Leaving the filter is a withdrawal."""
    return belonging(record, [target], day)[0]


def belonging(record: SanctionRecord, targets: Sequence[Filter], day: date) -> list[bool]:
    """Return the same for several targets."""
    if not has_effect(record, day):
        return [False] * len(targets)
    current = areas_running(record, day)
    published = record.publication_class is not PublicationClass.MINOR and bool(
        record.publication_end and day <= record.publication_end
    )
    return [
        (published or not target.public)
        and (target.areas is None or bool(current & target.areas))
        and (target.districts is None or record.district.code in target.districts)
        and (target.sectors is None or record.obligation.sector in target.sectors)
        and (target.standards is None or not record.obligation.standards.isdisjoint(target.standards))
        and (bool(current) or target.public)
        for target in targets
    ]
