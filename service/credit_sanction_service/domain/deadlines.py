"""Deadlines of exit obligations, by standard: a table (长工信联字[2017]9号 §三(二))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.editions import parse
from credit_sanction_service.domain.terms import EditionKind, Standard

if TYPE_CHECKING:
    from credit_sanction_service.domain.editions import Table

_MOST_MONTHS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineRule:
    """
    What a standard allows: at most `months` from the order, None where the due day is set by document; one extension of at
    most `extension_months`, 0 for none; whether closing what did not comply takes the government's approval.
    """

    months: int | None
    extension_months: int
    article: str
    closure_needs_approval: bool
    confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """One edition. 地条钢, steel from induction furnaces, has a rule of its own within the standard of technology."""

    edition: str
    rules: Mapping[Standard, DeadlineRule]
    induction_furnace: DeadlineRule

    def of(self, standard: Standard, *, induction_furnace: bool = False) -> DeadlineRule:
        """Return the rule. ValueError for 地条钢 under another standard than technology."""
        if not induction_furnace:
            return self.rules[standard]
        if standard is not Standard.TECHNOLOGY:
            raise ValueError(f"地条钢 is a matter of {Standard.TECHNOLOGY}, not of {standard}")
        return self.induction_furnace


def parse_deadlines(text: str) -> Deadlines:
    """Read an edition: a rule for each standard, and the one for 地条钢. UnreadableEdition if not."""
    return parse(text, EditionKind.DEADLINES, _deadlines)


def _deadlines(table: Table) -> Deadlines:
    document = table.text("document")

    def rule(row: Table) -> DeadlineRule:
        by_document = row.has("by_document") and row.truth("by_document")
        if by_document and row.has("months"):
            raise row.unreadable("a due day that is set by document has no period", "months")
        return DeadlineRule(
            months=None if by_document else row.number("months", 1, _MOST_MONTHS),
            extension_months=row.number("extension_months", 0, _MOST_MONTHS),
            article=f"{document} {row.text('article')}",
            closure_needs_approval=row.truth("closure_needs_approval"),
            confirmed=row.confirmed(),
        )

    rules = {standard: table.table(standard, rule) for standard in Standard}
    return Deadlines(
        edition=table.edition,
        rules=rules,
        induction_furnace=table.table("induction_furnace", rule),
    )
