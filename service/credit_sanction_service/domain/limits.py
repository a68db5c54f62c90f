"""Clocks that people are held to, in working days: a table. Each is counted from the day after (民法典 art. 201)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.editions import parse
from credit_sanction_service.domain.terms import EditionKind

if TYPE_CHECKING:
    from credit_sanction_service.domain.editions import Table

_MOST_DAYS: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many working days, by this rule. Not `confirmed`: a value that no public text was found to state."""

    days: int
    rule: str
    confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    One edition: from a decision to its reporting; from a record's end to its withdrawal; from an objection to its decision,
    and where others have to check; from the notice to asking for a hearing; from a basis' lapse to its review.
    """

    edition: str
    reporting: Limit
    withdrawal: Limit
    objection: Limit
    objection_with_others: Limit
    hearing_request: Limit
    basis_review: Limit


def parse_limits(text: str) -> Limits:
    """Read an edition: every limit, with its rule. UnreadableEdition if not."""
    return parse(text, EditionKind.LIMITS, _limits)


def _limits(table: Table) -> Limits:
    limits = Limits(
        edition=table.edition,
        reporting=table.table("reporting", _limit),
        withdrawal=table.table("withdrawal", _limit),
        objection=table.table("objection", _limit),
        objection_with_others=table.table("objection_with_others", _limit),
        hearing_request=table.table("hearing_request", _limit),
        basis_review=table.table("basis_review", _limit),
    )
    if limits.objection_with_others.days < limits.objection.days:
        raise table.unreadable("is shorter than the limit without others", "objection_with_others")
    return limits


def _limit(row: Table) -> Limit:
    return Limit(days=row.number("days", 1, _MOST_DAYS), rule=row.text("rule"), confirmed=row.confirmed())
