"""
What a look-up needs of a record, and no more: small enough to hold millions of them in memory.

It is derived from the record, in the same transaction that writes it, and never the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from credit_sanction_service.domain.enterprises import Authority
from credit_sanction_service.domain.terms import Area, State

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import SanctionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureFacts:
    """One area, and the last day of its measure."""

    area: Area
    end: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyFacts:
    """The penalty decision behind a record: a basis may look at its day."""

    decided_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFacts:
    """
    One version of a record, as far as look-ups speak of it. `numbers` are the other numbers that lead to the enterprise, in
    order, organisation codes inside others included.

    `since` is None while it is not decided; `last_day` and the measures' ends are None where they follow from what is not
    decided yet. `ended_on` is the first day without effect of one that was lifted or has expired. `rests` are the times
    without effect by order, each from its first day until the day before the second, None while it lasts.
    """

    id: str
    version: int
    state: State
    code: str
    enterprise_name: str
    former_names: tuple[str, ...]
    numbers: tuple[str, ...]
    since: date | None
    last_day: date | None
    measures: tuple[MeasureFacts, ...]
    authority: Authority
    document_number: str
    catalogue_edition: str
    district: str
    ever_listed: bool
    disputed: bool = False
    ended_on: date | None = None
    penalty: PenaltyFacts | None = None
    rests: tuple[tuple[date, date | None], ...] = ()

    @property
    def name(self) -> str:
        """The resource name."""
        return f"sanctionRecords/{self.id}"

    @property
    def names(self) -> tuple[str, ...]:
        """Present and former names of the enterprise."""
        return (self.enterprise_name, *self.former_names)

    def end_of(self, measure: MeasureFacts) -> date:
        """Return the last day of one of its measures. ValueError while the record is not decided."""
        if measure.end is None:
            raise ValueError(f"{measure.area} has no end in {self.name}")
        return measure.end

    def rests_on(self, day: date) -> bool:
        """Whether it is suspended on `day`."""
        return any(first <= day and (resumed is None or day < resumed) for first, resumed in self.rests)


def facts_of(record: SanctionRecord) -> RecordFacts:
    """Return what a look-up needs of this version."""
    decided = record.decision is not None
    source = record.decision or record.notice
    return RecordFacts(
        id=record.id,
        version=record.version,
        state=record.state,
        code=record.enterprise.code,
        enterprise_name=record.enterprise.name,
        former_names=record.enterprise.former_names,
        numbers=tuple(sorted(record.enterprise.old_numbers)),
        since=record.since if decided else None,
        last_day=record.last_day if decided else None,
        measures=tuple(
            MeasureFacts(area=one.area, end=record.end_of(one) if decided else one.end) for one in record.measures
        ),
        authority=record.authority,
        document_number=source.document_number if source else "",
        catalogue_edition=record.catalogue_edition,
        district=record.district.code,
        ever_listed=record.ever_listed,
        disputed=record.disputed,
        ended_on=record.ending.effective_on if record.ending else None,
        penalty=PenaltyFacts(decided_on=record.penalty.decided_on) if record.penalty else None,
        rests=tuple((one.effective_on, one.resumed_on) for one in record.suspensions),
    )
