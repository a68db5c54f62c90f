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
from datetime import date
from typing import TYPE_CHECKING

from credit_sanction_service.domain.measures import Basis, Demand, Row
from credit_sanction_service.domain.records import Measure, SanctionRecord
from credit_sanction_service.domain.terms import Area, PublicationClass, Sector, Standard, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from credit_sanction_service.domain.measures import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureInForce:
    """One measure of one record on one day, with its last day and the text that carries it."""

    record: SanctionRecord
    measure: Measure
    until: date
    row: Row
    basis: Basis
    binding: bool
    demands: tuple[Demand, ...]


def has_effect(record: SanctionRecord, day: date) -> bool:
    """Whether the record has effect on `day`, its measures' own ends apart."""
    match record.state:
        case State.QUARANTINED | State.REVOKED | State.NOTICE_SERVED | State.DECIDED:
            return False
        case State.LISTED | State.SUSPENDED:
            return record.since <= day <= record.last_day and not record.rests_on(day)
        case State.LIFTED | State.EXPIRED:
            return bool(record.ending and record.since <= day < record.ending.effective_on) and not record.rests_on(day)


def in_force(
    record: SanctionRecord, day: date, areas: Collection[Area], catalogue: Catalogue
) -> Iterator[MeasureInForce]:
    """Yield the record's measures in force on `day` in `areas`. `catalogue` is the edition the record was decided under."""
    if not has_effect(record, day):
        return
    for measure in record.measures:
        if measure.area in areas and day <= (until := record.end_of(measure)):
            row = catalogue.rows[measure.area]
            basis, binding = row.basis_on(day, record.penalty)
            yield MeasureInForce(
                record=record,
                measure=measure,
                until=until,
                row=row,
                basis=basis,
                binding=binding,
                demands=row.demands_on(day, record.penalty),
            )


def may_have_effect(record: SanctionRecord, day: date) -> bool:
    """Whether a quarantined record would have effect on `day` if its code were confirmed."""
    return record.state is State.QUARANTINED and record.since <= day <= record.last_day


def areas_running(record: SanctionRecord, day: date) -> frozenset[Area]:
    """Return the areas in which a record that has effect on `day` has a measure then; for one in quarantine, would have."""
    if not (has_effect(record, day) or may_have_effect(record, day)):
        return frozenset()
    return frozenset(measure.area for measure in record.measures if day <= record.end_of(measure))


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
