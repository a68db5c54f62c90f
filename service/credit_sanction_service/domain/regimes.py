"""
How long a record is published and its measures last, by class: a dated table of regimes. A record keeps the regime of its
document's date, from which the periods run (国办发〔2025〕22号; 国家发展改革委令第36号).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import EARLIEST
from credit_sanction_service.domain.editions import parse, period, succeed
from credit_sanction_service.domain.terms import EditionKind, PublicationClass

if TYPE_CHECKING:
    from credit_sanction_service.domain.editions import Table

_MOST_MONTHS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRule:
    """
    What a regime says of a class. `max_months` bounds its publication, where it is `published` at all, and its measures
    always; repair is possible once `min_months` have passed. Both run from the document's date.
    """

    published: bool
    min_months: int
    max_months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """The rules for documents dated from `in_force_from` to `in_force_to`, both included; None: until further notice."""

    name: str
    document: str
    article: str
    in_force_from: date
    in_force_to: date | None
    classes: Mapping[PublicationClass, ClassRule]
    confirmed: bool

    @property
    def rule(self) -> str:
        """Return what a refusal quotes."""
        return f"{self.document} {self.article}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regimes:
    """One edition: regimes in the order of their days, each day in exactly one."""

    edition: str
    rows: tuple[Regime, ...]

    def on(self, document_date: date) -> Regime:
        """Return the regime of a document of that day. ValueError for a day before the first."""
        for regime in reversed(self.rows):
            if document_date >= regime.in_force_from:
                return regime
        raise ValueError(f"{document_date} lies before {self.rows[0].in_force_from}, the first day with a regime")


def parse_regimes(text: str) -> Regimes:
    """Read an edition: regimes without a gap or an overlap, from 2000 until further notice. UnreadableEdition if not."""
    return parse(text, EditionKind.REGIMES, _regimes)


def _regimes(table: Table) -> Regimes:
    rows = table.rows("regime", _regime)
    if rows[0].in_force_from > EARLIEST:
        raise table.unreadable(f"the first begins on {rows[0].in_force_from}, behind {EARLIEST}", "regime")
    for before, after in pairwise(rows):
        if not succeed(before.in_force_to, after.in_force_from):
            raise table.unreadable(
                f"{after.name} from {after.in_force_from} does not follow on {before.name} to {before.in_force_to}",
                "regime",
            )
    if rows[-1].in_force_to is not None:
        raise table.unreadable(f"the last ends on {rows[-1].in_force_to}: nothing would hold afterwards", "regime")
    names = [row.name for row in rows]
    for name in names:
        if names.count(name) > 1:
            raise table.unreadable(f"the name {name} stands twice", "regime")
    return Regimes(edition=table.edition, rows=rows)


def _regime(row: Table) -> Regime:
    in_force_from, in_force_to = period(row, "in_force_from", "in_force_to")
    if in_force_from is None:
        raise row.unreadable("is missing", "in_force_from")
    return Regime(
        name=row.text("name"),
        document=row.text("document"),
        article=row.text("article"),
        in_force_from=in_force_from,
        in_force_to=in_force_to,
        classes={each: row.table(each, _class_rule) for each in PublicationClass},
        confirmed=row.confirmed(),
    )


def _class_rule(row: Table) -> ClassRule:
    rule = ClassRule(
        published=row.truth("published"),
        min_months=row.number("min_months", 0, _MOST_MONTHS),
        max_months=row.number("max_months", 1, _MOST_MONTHS),
    )
    if rule.min_months > rule.max_months:
        raise row.unreadable(f"{rule.min_months} is more than max_months {rule.max_months}", "min_months")
    return rule
