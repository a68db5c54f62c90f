"""The exit obligation 退出任务 and its parts, as values that cannot be built wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from credit_sanction_service.domain.calendar import add_months
from credit_sanction_service.domain.terms import CapacityUnit, Scope, Sector, Standard


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Yearly capacity 产能."""

    amount: Decimal
    unit: CapacityUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a government or body approved 批准: an exit plan, or a closure."""

    document_number: str
    approver: str
    approved_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence of the enterprise that is to be revoked or withdrawn 证照."""

    name: str
    number: str
    issuer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """The one extension 延期: months beyond the due day, the application and the document that granted it."""

    months: int
    document_number: str
    applied_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """
    One item of capacity that has to exit 退出任务. `item` is empty for the whole enterprise.

    `standard` is the one whose deadline runs, `further_standards` are others that it fails; `report_reference` is the report
    from the public that it began with. `moved_to` is the working day that the last day moves to where it is none, by the
    official days of `calendar_edition`; `calendar_missing`: those of its year are not published, so nobody knows yet.
    """

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
    plan: Approval | None = None
    closure_approval: Approval | None = None
    induction_furnace: bool = False
    licences: tuple[Licence, ...] = ()
    further_standards: tuple[Standard, ...] = ()
    report_reference: str = ""
    moved_to: date | None = None
    calendar_edition: str = ""
    calendar_missing: bool = False

    def __post_init__(self) -> None:
        if (self.scope is Scope.LINE) != bool(self.item):
            raise ValueError("a line has an item, the whole enterprise has none")
        if self.due_on < self.ordered_on:
            raise ValueError("an obligation cannot be due before it was ordered")

    @property
    def standards(self) -> frozenset[Standard]:
        """Every standard that it fails."""
        return frozenset({self.standard, *self.further_standards})

    @property
    def nominal_last_day(self) -> date:
        """The last day by months alone, extension included."""
        return add_months(self.due_on, self.extension.months) if self.extension else self.due_on

    @property
    def last_day(self) -> date:
        """The last day, extension included; overdue from the day after. Where `calendar_missing`, only the earliest it can be."""
        return self.moved_to or self.nominal_last_day
