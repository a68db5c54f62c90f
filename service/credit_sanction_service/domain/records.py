"""
The sanction record 惩戒记录 and its parts, as values that cannot be built wrong.

They are built from what callers typed by `intake`, which names every fault and judges the codes. The checks here are the
last line, for code, and hold for what older releases stored: a rule that grows stricter must not make a store unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from credit_sanction_service.domain.calendar import add_months
from credit_sanction_service.domain.identifiers import judge, organisation_code_in
from credit_sanction_service.domain.terms import (
    Area,
    CapacityUnit,
    IdentifierKind,
    LiftGround,
    PenaltyKind,
    PublicationClass,
    Scope,
    Sector,
    Standard,
    State,
)
from credit_sanction_service.domain.text import name_key


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherIdentifier:
    """Another number under which the enterprise is or was known, normalised."""

    kind: IdentifierKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enterprise:
    """The enterprise 企业. `code` is normalised: a unified social credit code, or an old number in quarantine."""

    code: str
    name: str
    former_names: tuple[str, ...] = ()
    other_identifiers: tuple[OtherIdentifier, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Present and former names."""
        return (self.name, *self.former_names)

    @property
    def old_numbers(self) -> frozenset[str]:
        """Every number other than `code` that leads to this enterprise, organisation codes inside others included."""
        values = {identifier.value for identifier in self.other_identifiers}
        inside = {organisation_code_in(identifier.kind, identifier.value) for identifier in self.other_identifiers}
        return frozenset((values | inside | {judge(self.code).organisation_code}) - {"", self.code})


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The authority 认定部门, keyed by its own code."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """The responsible district 责任区县 from a day on."""

    code: str
    name: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Yearly capacity 产能."""

    amount: Decimal
    unit: CapacityUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """The one extension 延期: months beyond the due day, and the document that granted it."""

    months: int
    document_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """One item of capacity that had to exit 退出任务. `item` is empty for the whole enterprise."""

    scope: Scope
    item: str
    equipment: str
    quantity: int
    capacity: Capacity
    sector: Sector
    standard: Standard
    ordered_on: date
    due_on: date
    extension: Extension | None = None

    def __post_init__(self) -> None:
        if (self.scope is Scope.LINE) != bool(self.item):
            raise ValueError("a line has an item, the whole enterprise has none")
        if self.due_on < self.ordered_on:
            raise ValueError("an obligation cannot be due before it was ordered")

    @property
    def last_day(self) -> date:
        """The last day, extension included; overdue from the day after."""
        return add_months(self.due_on, self.extension.months) if self.extension else self.due_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """A penalty decision behind the record 行政处罚决定."""

    kind: PenaltyKind
    document_number: str
    decided_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision to list 列入决定. Its date is the record's first day of effect."""

    authority: Authority
    document_number: str
    decided_on: date
    notice_served_on: date
    penalty: Penalty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """
    One area with the last day of its measure; what it demands is the catalogue's. `end` is None where the measure ends with
    the record's publication and moves with it: `SanctionRecord.end_of` tells the day.
    """

    area: Area
    end: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Why the identifier is in doubt."""

    reason: str
    rule: str
    likely: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """How a code in doubt was confirmed."""

    evidence: str
    document_number: str
    confirmed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a record ended. `effective_on` is its first day without effect; a revoked one never had any."""

    effective_on: date
    ground: LiftGround | None = None
    reason: str = ""
    document_number: str = ""
    decided_on: date | None = None
    replacement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SanctionRecord:
    """A sanction record 惩戒记录: one overdue obligation, one decision. `id` is opaque; versions count from 1."""

    id: str
    version: int
    state: State
    enterprise: Enterprise
    obligation: Obligation
    decision: Decision
    district: District
    measures: tuple[Measure, ...]
    publication_class: PublicationClass
    publication_end: date | None
    catalogue_edition: str
    ever_listed: bool
    disputed: bool = False
    quarantine: Quarantine | None = None
    confirmation: Confirmation | None = None
    ending: Ending | None = None
    replaces: str = ""
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.measures:
            raise ValueError("a record has at least one measure")
        if self.publication_end is None and any(measure.end is None for measure in self.measures):
            raise ValueError("a measure of a record that is not published has an end of its own")
        if (self.state is State.QUARANTINED) != (self.quarantine is not None):
            raise ValueError("quarantined and only quarantined records say why")
        if (self.state in {State.LIFTED, State.REVOKED, State.EXPIRED}) != (self.ending is not None):
            raise ValueError("ended and only ended records say how")

    @property
    def name(self) -> str:
        """The resource name."""
        return f"sanctionRecords/{self.id}"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """
        What no two records that are not revoked share: authority, document number, enterprise, obligation item. Number and
        item are folded: two spellings of one, by width, brackets, case or spaces, are one.
        """
        return (
            self.decision.authority.code,
            name_key(self.decision.document_number),
            self.enterprise.code,
            name_key(self.obligation.item),
        )

    def end_of(self, measure: Measure) -> date:
        """Return the last day of one of its measures: the measure's own, else that of the publication."""
        end = measure.end or self.publication_end
        if end is None:
            raise ValueError(f"{measure.area} has no end in {self.name}")
        return end

    @property
    def last_day(self) -> date:
        """The last day on which it has any effect or is published."""
        ends = [self.end_of(measure) for measure in self.measures]
        return max([*ends, self.publication_end] if self.publication_end else ends)
