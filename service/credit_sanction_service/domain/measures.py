"""The measure catalogue 惩戒措施清单: what each area's reader must do, on which text, and whether that text binds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Final, Protocol

from credit_sanction_service.domain.calendar import EARLIEST, add_day, add_months
from credit_sanction_service.domain.editions import parse, period
from credit_sanction_service.domain.terms import Action, Area, EditionKind, IssuerLevel

if TYPE_CHECKING:
    from credit_sanction_service.domain.editions import Table

_MOST_YEARS: Final = 10


class Decided(Protocol):
    """A penalty decision, as far as a basis looks at it."""

    @property
    def decided_on(self) -> date:
        """The day of the decision."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """
    A legal basis 依据 of what it demands, `actions`. It applies on days in force, and where `penalty_years` is set only if a
    penalty decision was taken within so many years before, the corresponding day included (政府采购法实施条例 art. 19;
    民法典 art. 202).
    """

    document: str
    article: str
    issuer_level: IssuerLevel
    in_force_from: date
    in_force_to: date | None
    binding: bool
    penalty_years: int | None
    actions: tuple[Action, ...] = ()

    def applies(self, day: date, penalty: Decided | None) -> bool:
        """Whether it carries a measure on `day`."""
        if day < self.in_force_from or (self.in_force_to is not None and day > self.in_force_to):
            return False
        if self.penalty_years is None:
            return True
        return penalty is not None and penalty.decided_on <= day <= add_months(
            penalty.decided_on, 12 * self.penalty_years
        )

    def turning_days(self, penalty: Decided | None) -> Iterator[date]:
        """Yield the days on which it may begin to apply or first not apply any more."""
        yield self.in_force_from
        if self.in_force_to is not None:
            yield add_day(self.in_force_to)
        if penalty is not None and self.penalty_years is not None:
            yield penalty.decided_on
            yield add_day(add_months(penalty.decided_on, 12 * self.penalty_years))


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One thing that a measure demands on a day, on which text, and whether that binds."""

    action: Action
    basis: Basis
    binding: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One area of the catalogue: the directive, what it demands word by word with the principal demand first, the departments
    that execute it, and its bases in order of preference. A text may carry one demand and not another.
    """

    area: Area
    directive_zh: str
    directive_en: str
    actions: tuple[Action, ...]
    departments: tuple[str, ...]
    bases: tuple[Basis, ...]

    def basis_on(self, day: date, penalty: Decided | None) -> tuple[Basis, bool]:
        """
        Return the basis of the principal demand for `day` and whether it binds. Where none is in force any more the last one
        stands and only advises: a sanction does not vanish because its text lapsed, but it no longer binds.
        """
        return self._basis_of(self.actions[0], day, penalty)

    def demands_on(self, day: date, penalty: Decided | None) -> tuple[Demand, ...]:
        """Return each thing demanded on `day`, with the text that carries it."""
        found = ((action, self._basis_of(action, day, penalty)) for action in self.actions)
        return tuple(Demand(action=action, basis=basis, binding=binding) for action, (basis, binding) in found)

    def _basis_of(self, action: Action, day: date, penalty: Decided | None) -> tuple[Basis, bool]:
        carrying = [basis for basis in self.bases if action in basis.actions]
        for basis in carrying:
            if basis.applies(day, penalty):
                return basis, basis.binding
        return carrying[-1], False

    def lapsed_basis(self, day: date, since: date, penalty: Decided | None) -> Basis | None:
        """
        Return the basis that bound on some day from `since` to the day before `day` and does not any more because its
        validity ended, where nothing binds on `day`; of several the one that ended last. None where there is none: that a
        penalty's years ran out is no lapse.
        """
        if self.basis_on(day, penalty)[1]:
            return None
        turns = {turn for basis in self.bases for turn in basis.turning_days(penalty) if since < turn < day}
        held = [self.basis_on(then, penalty) for then in {since} | turns]
        lapsed = [
            (basis.in_force_to, basis)
            for basis in self.bases
            if (basis, True) in held
            and basis.in_force_to is not None
            and basis.in_force_to < day
            and replace(basis, in_force_to=None).applies(day, penalty)
        ]
        return max(lapsed, key=lambda each: each[0])[1] if lapsed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """
    One edition, for decisions from `decisions_from` on. An area without a row cannot be sanctioned. `repeals` says of which
    documents it is known that they end, with their last day in force: that holds for the bases of all editions.
    """

    edition: str
    rows: Mapping[Area, Row]
    decisions_from: date = EARLIEST
    repeals: Mapping[str, date] = field(default_factory=dict)


def parse_catalogue(text: str) -> Catalogue:
    """Read an edition: rows with their bases, none twice, and repeals. UnreadableEdition if not."""
    return parse(text, EditionKind.CATALOGUE, _catalogue)


def repealed(catalogue: Catalogue, repeals: Mapping[str, date]) -> Catalogue:
    """Return the catalogue with the validity of its bases shortened to their document's last day in `repeals`."""
    rows = {
        area: replace(row, bases=tuple(_shortened(basis, repeals.get(basis.document)) for basis in row.bases))
        for area, row in catalogue.rows.items()
    }
    return replace(catalogue, rows=rows)


def _shortened(basis: Basis, last_day: date | None) -> Basis:
    if last_day is None or (basis.in_force_to is not None and basis.in_force_to <= last_day):
        return basis
    return replace(basis, in_force_to=last_day)


def _catalogue(table: Table) -> Catalogue:
    rows: dict[Area, Row] = {}
    for row in table.rows("area", _row):
        if row.area in rows:
            raise table.unreadable(f"{row.area} stands twice", "area")
        rows[row.area] = row
    repeals: dict[str, date] = {}
    for document, last_day in table.rows("repeal", _repeal) if table.has("repeal") else ():
        if document in repeals:
            raise table.unreadable(f"{document} stands twice", "repeal")
        repeals[document] = last_day
    return Catalogue(
        edition=table.edition,
        rows=rows,
        decisions_from=table.day("decisions_from"),
        repeals=repeals,
    )


def _row(row: Table) -> Row:
    actions = row.words("actions", Action)
    bases = tuple(replace(basis, actions=basis.actions or actions) for basis in row.rows("basis", _basis))
    carried = {action for basis in bases for action in basis.actions}
    if carried != set(actions):
        raise row.unreadable(
            f"{', '.join(sorted(carried ^ set(actions)))}: each demand needs a basis, and no other", "actions"
        )
    known = set()
    for basis in bases:
        which = (basis.document, basis.article, basis.in_force_from, basis.penalty_years)
        if which in known:
            raise row.unreadable(f"{basis.document} {basis.article} stands twice", "basis")
        known.add(which)
    return Row(
        area=row.word("name", Area),
        directive_zh=row.text("directive_zh"),
        directive_en=row.text("directive_en"),
        actions=actions,
        departments=row.table("departments", _departments),
        bases=bases,
    )


def _departments(row: Table) -> tuple[str, ...]:
    row.confirmed()  # for the reader of the table alone: who executes decides no answer
    return row.texts("names")


def _basis(row: Table) -> Basis:
    in_force_from, in_force_to = period(row, "in_force_from", "in_force_to")
    if in_force_from is None:
        raise row.unreadable("is missing", "in_force_from")
    years = "requires_penalty_within_years"
    row.confirmed()  # for the reader of the table alone: what is not to count is left out
    return Basis(
        document=row.text("document"),
        article=row.text("article"),
        issuer_level=row.word("issuer_level", IssuerLevel),
        in_force_from=in_force_from,
        in_force_to=in_force_to,
        binding=row.truth("binding"),
        penalty_years=row.number(years, 1, _MOST_YEARS) if row.has(years) else None,
        actions=row.words("actions", Action) if row.has("actions") else (),
    )


def _repeal(row: Table) -> tuple[str, date]:
    row.text("by")  # for the reader of the table: on which text the repeal stands
    return row.text("document"), row.day("last_day")
