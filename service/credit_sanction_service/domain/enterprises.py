"""The enterprise 企业, the authority 认定部门 and the responsible district 责任区县, as values that cannot be built wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from credit_sanction_service.domain.identifiers import judge, organisation_code_in
from credit_sanction_service.domain.terms import IdentifierKind


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
