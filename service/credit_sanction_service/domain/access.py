"""
Who may do what. Deny by default: a role grants named calls, the areas it may ask about, and nothing else.

A bank sees what concerns loans, procurement what concerns bidding; an authority submits only under its own code, for its
standards and districts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.faults import NotPermitted
from credit_sanction_service.domain.terms import ALL_AREAS, GROUPS, Area, AreaGroup, Standard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction_service.domain.records import SanctionRecord

READ_RECORDS: Final = frozenset({"GetSanctionRecord", "ListSanctionRecords"})
WRITE_RECORDS: Final = frozenset(
    {
        "CreateSanctionRecord",
        "BatchCreateSanctionRecords",
        "AmendSanctionRecord",
        "LiftSanctionRecord",
        "RevokeSanctionRecord",
        "ConfirmIdentifier",
    }
)
CHECK: Final = frozenset({"CheckRestrictions", "BatchCheckRestrictions"})
READ_DELIVERIES: Final = frozenset({"ListTargets", "ListDeliveries", "GetDelivery"})
OPERATE: Final = READ_DELIVERIES | {"RetryDelivery"}


class Role(StrEnum):
    """Roles of callers."""

    ADMINISTRATOR = "administrator"
    AUTHORITY = "authority"
    FINANCE_OFFICE = "finance-office"
    BANK = "bank"
    PROCUREMENT = "procurement"
    LAND = "land"
    LICENSING = "licensing"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a role may call, and which areas it may ask about."""

    methods: frozenset[str]
    areas: frozenset[Area] = frozenset()


GRANTS: Final = {
    Role.ADMINISTRATOR: Grant(methods=READ_RECORDS | WRITE_RECORDS | CHECK | OPERATE, areas=frozenset(ALL_AREAS)),
    Role.AUTHORITY: Grant(methods=READ_RECORDS | WRITE_RECORDS),
    Role.FINANCE_OFFICE: Grant(methods=READ_RECORDS | CHECK | READ_DELIVERIES, areas=frozenset(ALL_AREAS)),
    Role.BANK: Grant(methods=CHECK, areas=frozenset(GROUPS[AreaGroup.LOANS])),
    Role.PROCUREMENT: Grant(methods=CHECK, areas=frozenset(GROUPS[AreaGroup.PROCUREMENT])),
    Role.LAND: Grant(methods=CHECK, areas=frozenset(GROUPS[AreaGroup.LAND])),
    Role.LICENSING: Grant(methods=CHECK, areas=frozenset(GROUPS[AreaGroup.LICENSING])),
    Role.OPERATOR: Grant(methods=OPERATE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A known caller. The three scopes bound what it may write; None does not bound, an empty one forbids all."""

    name: str
    roles: frozenset[Role]
    authorities: frozenset[str] | None = None
    standards: frozenset[Standard] | None = None
    districts: frozenset[str] | None = None

    def require_method(self, method: str) -> None:
        """Raise `NotPermitted` unless a role grants the call."""
        if not any(method in GRANTS[role].methods for role in self.roles):
            raise NotPermitted(f"{self.name} ({', '.join(sorted(self.roles)) or 'no role'}) may not call {method}")

    def require_areas(self, areas: Iterable[Area]) -> None:
        """Raise `NotPermitted`, naming what may be asked, unless the roles grant every area."""
        granted = frozenset[Area]().union(*(GRANTS[role].areas for role in self.roles))
        missing = [area for area in areas if area not in granted]
        if missing:
            allowed = ", ".join(area for area in ALL_AREAS if area in granted) or "none"
            raise NotPermitted(f"{self.name} may not ask about {', '.join(missing)}; it may ask about: {allowed}")

    def require_record(self, record: SanctionRecord) -> None:
        """Raise `NotPermitted` unless the record is of an authority, standard and district that the caller may write for."""
        scopes = (
            ("authority", record.decision.authority.code, self.authorities),
            ("standard", record.obligation.standard.value, self.standards),
            ("district", record.district.code, self.districts),
        )
        for what, value, allowed in scopes:
            if allowed is not None and value not in allowed:
                raise NotPermitted(f"{self.name} may not act for the {what} {value}")

    def may_see(self, record: SanctionRecord) -> bool:
        """Whether an authority bounded to its own code may read the record: it may read its own."""
        return self.authorities is None or record.decision.authority.code in self.authorities
