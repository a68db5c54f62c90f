"""
Deadlines of exit obligations, by standard (长工信联字[2017]9号 §三), and reading one from a draft.

| standard    | period                   | extension                | article  |
|-------------|--------------------------|--------------------------|----------|
| energy      | at most 6 months         | one, at most 3 months    | §三(二)1 |
| environment | set by document          | none                     | §三(二)2 |
| quality     | at most 6 months         | none                     | §三(二)3 |
| safety      | set by document          | none                     | §三(二)4 |
| technology  | set by document          | none                     | §三(二)5 |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import add_months
from credit_sanction_service.domain.privacy import shown
from credit_sanction_service.domain.records import Capacity, Extension, Obligation
from credit_sanction_service.domain.terms import Scope, Standard
from credit_sanction_service.domain.text import DOCUMENT_NUMBER_LIMIT, EQUIPMENT_LIMIT, ITEM_LIMIT

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.drafts import ObligationDraft
    from credit_sanction_service.domain.findings import Findings

SOURCE: Final = "长工信联字[2017]9号"
MOST_SETS: Final = 10_000
_MOST_CAPACITY: Final = Decimal(10) ** 12
_CAPACITY_PLACES: Final = 4
# With as many zeros in front or behind as a form may print, but neither exponents nor marks between digits.
_PLAIN_DECIMAL: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,11})?")
_CAPACITY_STEP: Final = Decimal(1).scaleb(-_CAPACITY_PLACES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a standard allows. `months` None: the due day is set by document."""

    months: int | None
    extension_months: int
    article: str


PERIODS: Final = {
    Standard.ENERGY: Period(months=6, extension_months=3, article=f"{SOURCE} §三(二)1"),
    Standard.ENVIRONMENT: Period(months=None, extension_months=0, article=f"{SOURCE} §三(二)2"),
    Standard.QUALITY: Period(months=6, extension_months=0, article=f"{SOURCE} §三(二)3"),
    Standard.SAFETY: Period(months=None, extension_months=0, article=f"{SOURCE} §三(二)4"),
    Standard.TECHNOLOGY: Period(months=None, extension_months=0, article=f"{SOURCE} §三(二)5"),
}


def read_obligation(draft: ObligationDraft, findings: Findings, *, today: date) -> Obligation | None:
    """Return the obligation, None where anything about it is noted in `findings` (paths below `obligation`)."""
    scope = findings.choice("obligation.scope", draft.scope)
    sector = findings.choice("obligation.sector", draft.sector)
    standard = findings.choice("obligation.standard", draft.standard)
    item, equipment = _read_line(draft, findings)
    capacity = _read_capacity(draft, findings)
    ordered_on = findings.past_day("obligation.ordered_on", draft.ordered_on, today=today)
    due_on = _read_due_day(draft, findings, standard, ordered_on)
    extension = _read_extension(draft, findings, standard)
    if None in (scope, sector, standard, capacity, ordered_on, due_on) or (draft.extension and not extension):
        return None
    if scope is Scope.LINE and not item:
        return None
    assert scope and sector and standard and capacity and ordered_on and due_on  # noqa: PT018, S101 - for the type checker
    return Obligation(
        scope=scope,
        item=item if scope is Scope.LINE else "",
        equipment=equipment,
        quantity=draft.quantity,
        capacity=capacity,
        sector=sector,
        standard=standard,
        ordered_on=ordered_on,
        due_on=due_on,
        extension=extension,
    )


def _read_line(draft: ObligationDraft, findings: Findings) -> tuple[str, str]:
    rule = f"{SOURCE} §三(三)6"
    if draft.scope is Scope.LINE:
        item = findings.text("obligation.item", draft.item, limit=ITEM_LIMIT)
        equipment = findings.text("obligation.equipment", draft.equipment, limit=EQUIPMENT_LIMIT)
        if not 1 <= draft.quantity <= MOST_SETS:
            findings.note("obligation.quantity", f"{draft.quantity} sets: a line has 1 to {MOST_SETS}", rule)
        return item, equipment
    if draft.scope is Scope.ENTERPRISE:
        if draft.item.strip():
            findings.note("obligation.item", "the whole enterprise exits: no single item can be named", rule)
        if draft.quantity:
            findings.note("obligation.quantity", "the whole enterprise exits: it has no number of sets", rule)
    return "", findings.text("obligation.equipment", draft.equipment, limit=EQUIPMENT_LIMIT, least=0)


def _read_capacity(draft: ObligationDraft, findings: Findings) -> Capacity | None:
    field = "obligation.capacity.amount"
    unit = findings.choice("obligation.capacity.unit", draft.capacity_unit)
    if not _PLAIN_DECIMAL.fullmatch(draft.capacity_amount):
        findings.note(field, f"{shown(draft.capacity_amount)} is not a plain decimal number like 45.5")
        return None
    amount = Decimal(draft.capacity_amount)
    if not 0 < amount < _MOST_CAPACITY or amount.quantize(_CAPACITY_STEP) != amount:
        findings.note(
            field,
            f"{shown(draft.capacity_amount)} is not above 0 with at most 12 digits before and {_CAPACITY_PLACES} behind the point",
        )
        return None
    return Capacity(amount=amount.normalize() + 0, unit=unit) if unit else None


def _read_due_day(
    draft: ObligationDraft, findings: Findings, standard: Standard | None, ordered_on: date | None
) -> date | None:
    period = PERIODS[standard] if standard else None
    if not draft.due_on and period and period.months:
        return add_months(ordered_on, period.months) if ordered_on else None
    due_on = findings.day("obligation.due_on", draft.due_on)
    if due_on is None or ordered_on is None:
        return None
    if due_on < ordered_on:
        findings.note("obligation.due_on", f"{due_on} lies before the order of {ordered_on}")
        return None
    if period and period.months and due_on > add_months(ordered_on, period.months):
        findings.note(
            "obligation.due_on",
            f"{due_on} is more than {period.months} months after the order of {ordered_on}",
            period.article,
        )
        return None
    return due_on


def _read_extension(draft: ObligationDraft, findings: Findings, standard: Standard | None) -> Extension | None:
    if draft.extension is None or standard is None:
        return None
    months, document = draft.extension
    period = PERIODS[standard]
    field = "obligation.extension.months"
    if not period.extension_months:
        findings.note(field, f"the standard {standard} knows no extension", period.article)
        return None
    if not 1 <= months <= period.extension_months:
        findings.note(
            field,
            f"{months} months: one extension of 1 to {period.extension_months} is allowed",
            period.article,
        )
        return None
    number = findings.text("obligation.extension.document_number", document, limit=DOCUMENT_NUMBER_LIMIT)
    return Extension(months=months, document_number=number) if number else None
