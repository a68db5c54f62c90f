"""The measure catalogue 惩戒措施清单: what each area's reader must do, on which text, and whether that text binds."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from credit_sanction_service.domain.calendar import add_day, add_months
from credit_sanction_service.domain.terms import Area, IssuerLevel

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import Penalty

CURRENT_EDITION: Final = "2026-1"
SHIPPED_EDITIONS: Final = ("2026-1",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """
    A legal basis 依据. It applies on days in force, and where `penalty_years` is set only if a penalty decision was taken
    within so many years before, the corresponding day included (政府采购法实施条例 art. 19; 民法典 art. 202).
    """

    document: str
    article: str
    issuer_level: IssuerLevel
    in_force_from: date
    in_force_to: date | None
    binding: bool
    penalty_years: int | None

    def applies(self, day: date, penalty: Penalty | None) -> bool:
        """Whether it carries a measure on `day`."""
        if day < self.in_force_from or (self.in_force_to is not None and day > self.in_force_to):
            return False
        if self.penalty_years is None:
            return True
        return penalty is not None and penalty.decided_on <= day <= add_months(
            penalty.decided_on, 12 * self.penalty_years
        )

    def turning_days(self, penalty: Penalty | None) -> Iterator[date]:
        """Yield the days on which it may begin to apply or first not apply any more."""
        yield self.in_force_from
        if self.in_force_to is not None:
            yield add_day(self.in_force_to)
        if penalty is not None and self.penalty_years is not None:
            yield penalty.decided_on
            yield add_day(add_months(penalty.decided_on, 12 * self.penalty_years))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One area of the catalogue: the directive, and its bases in order of preference."""

    area: Area
    directive_zh: str
    directive_en: str
    bases: tuple[Basis, ...]

    def basis_on(self, day: date, penalty: Penalty | None) -> tuple[Basis, bool]:
        """
        Return the basis for `day` and whether it binds. Where none is in force any more the last one stands and only
        advises: a sanction does not vanish because its text lapsed, but it no longer binds.
        """
        for basis in self.bases:
            if basis.applies(day, penalty):
                return basis, basis.binding
        return self.bases[-1], False


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One edition. An area without a row cannot be sanctioned."""

    edition: str
    rows: Mapping[Area, Row]


def parse_catalogue(text: str) -> Catalogue:
    """Read one edition from TOML. ValueError names the row and key at fault."""
    data = tomllib.loads(text)
    rows: dict[Area, Row] = {}
    for number, row in enumerate(data["area"], 1):
        parsed = _parse_row(row, f"area {number}")
        if parsed.area in rows:
            raise ValueError(f"area {number}: {parsed.area} has a row already")
        rows[parsed.area] = parsed
    return Catalogue(edition=data["edition"], rows=rows)


def _parse_row(row: Mapping[str, Any], where: str) -> Row:
    try:
        bases = tuple(
            Basis(
                document=basis["document"],
                article=basis["article"],
                issuer_level=IssuerLevel(basis["issuer_level"]),
                in_force_from=date.fromisoformat(basis["in_force_from"]),
                in_force_to=date.fromisoformat(basis["in_force_to"]) if "in_force_to" in basis else None,
                binding=basis["binding"],
                penalty_years=basis.get("requires_penalty_within_years"),
            )
            for basis in row["basis"]
        )
        if not bases:
            raise ValueError("a row needs at least one basis")  # noqa: TRY301 - handled just here
        return Row(
            area=Area(row["name"]),
            directive_zh=row["directive_zh"],
            directive_en=row["directive_en"],
            bases=bases,
        )
    except KeyError as missing:
        raise ValueError(f"{where}: {missing} is missing") from None
    except ValueError as fault:
        raise ValueError(f"{where}: {fault}") from None


@cache
def shipped() -> Mapping[str, Catalogue]:
    """Return every edition that ships with this release, by its name: an old record keeps the edition it was decided under."""
    folder = resources.files("credit_sanction_service.domain") / "data"
    editions = [parse_catalogue((folder / f"catalogue-{name}.toml").read_text("utf-8")) for name in SHIPPED_EDITIONS]
    return {catalogue.edition: catalogue for catalogue in editions}
