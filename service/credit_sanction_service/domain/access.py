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
        "ServeNotice",
        "RecordStatement",
        "Decide",
        "List",
        "RaiseObjection",
        "DecideObjection",
        "Suspend",
        "Resume",
        "Repair",
    }
)
READ_OBLIGATIONS: Final = frozenset({"GetObligation", "ListObligations"})
WRITE_OBLIGATIONS: Final = frozenset(
    {
        "RegisterObligation",
        "ExtendObligation",
        "ReportInterim",
        "ReportCompletion",
        "DeclareActiveExit",
        "WithdrawObligation",
    }
)
READ_LISTS: Final = frozenset({"GetPublicListEntry", "ListPublicListEntries"})
WRITE_LISTS: Final = frozenset({"PublishPublicListEntry", "WithdrawPublicListEntry"})
REPORT_ENFORCEMENT: Final = frozenset({"ReportEnforcement"})
READ_ENFORCEMENT: Final = frozenset({"ListEnforcementReports", "GetEnforcementRate"})
OVERSEE: Final = frozenset({"ListOverdueDuties", "GetStatistics"})
READ_LAW: Final = frozenset({"ListEditions", "GetEdition"})
WRITE_LAW: Final = frozenset({"LoadEdition"})
CHECK: Final = frozenset(
    {
        "CheckRestrictions",
        "BatchCheckRestrictions",
        "ScreenRestrictions",
        "SearchEnterprises",
    }
)
WATCH: Final = frozenset(
    {
        "WatchRestrictions",
        "ExportRestrictions",
        "PutPortfolio",
        "GetPortfolio",
        "ListPortfolios",
        "DeletePortfolio",
    }
)
READ_KEYS: Final = frozenset({"ListReceiptKeys"})
READ_DELIVERIES: Final = frozenset({"ListTargets", "ListDeliveries", "GetDelivery"})
OPERATE: Final = READ_DELIVERIES | {
    "RetryDelivery",
    "RetryDeliveries",
    "RecoverDeliveries",
    "PauseTarget",
    "DrainTarget",
    "ResumeTarget",
    "ReconcileTarget",
    "GetReconciliation",
    "ListReconciliations",
    "ExportDeliveryProof",
    "DownloadDeliveryProof",
}


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


_EVERYBODY: Final = READ_LISTS | READ_LAW | READ_KEYS
# What a bank, a procurement system, a land or licensing office does: ask, tell what came of it, and read what it told.
_ASKERS: Final = CHECK | WATCH | REPORT_ENFORCEMENT | {"ListEnforcementReports"} | _EVERYBODY
_AUTHORITY: Final = (
    READ_RECORDS
    | WRITE_RECORDS
    | READ_OBLIGATIONS
    | WRITE_OBLIGATIONS
    | WRITE_LISTS
    | READ_ENFORCEMENT
    | OVERSEE
    | _EVERYBODY
)
_FINANCE_OFFICE: Final = (
    READ_RECORDS
    | READ_OBLIGATIONS
    | CHECK
    | WATCH
    | READ_DELIVERIES
    | REPORT_ENFORCEMENT
    | READ_ENFORCEMENT
    | OVERSEE
    | _EVERYBODY
)

GRANTS: Final = {
    Role.ADMINISTRATOR: Grant(methods=_AUTHORITY | _FINANCE_OFFICE | OPERATE | WRITE_LAW, areas=frozenset(ALL_AREAS)),
    Role.AUTHORITY: Grant(methods=_AUTHORITY),
    Role.FINANCE_OFFICE: Grant(methods=_FINANCE_OFFICE, areas=frozenset(ALL_AREAS)),
    Role.BANK: Grant(methods=_ASKERS, areas=frozenset(GROUPS[AreaGroup.LOANS])),
    Role.PROCUREMENT: Grant(methods=_ASKERS, areas=frozenset(GROUPS[AreaGroup.PROCUREMENT])),
    Role.LAND: Grant(methods=_ASKERS, areas=frozenset(GROUPS[AreaGroup.LAND])),
    Role.LICENSING: Grant(methods=_ASKERS, areas=frozenset(GROUPS[AreaGroup.LICENSING])),
    Role.OPERATOR: Grant(methods=OPERATE | OVERSEE | _EVERYBODY),
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

    @property
    def areas(self) -> tuple[Area, ...]:
        """The areas that its roles may ask about, in their order."""
        granted = frozenset[Area]().union(*(GRANTS[role].areas for role in self.roles))
        return tuple(area for area in ALL_AREAS if area in granted)

    def require_areas(self, areas: Iterable[Area]) -> None:
        """Raise `NotPermitted`, naming what may be asked, unless the roles grant every area."""
        granted = frozenset[Area]().union(*(GRANTS[role].areas for role in self.roles))
        missing = [area for area in areas if area not in granted]
        if missing:
            allowed = ", ".join(self.areas) or "none"
            raise NotPermitted(
                f"{self.name} may not ask about {', '.join(missing)}; it may ask about: {allowed}", areas=self.areas
            )

    def require_record(self, record: SanctionRecord) -> None:
        """Raise `NotPermitted` unless the record is of an authority, standard and district that the caller may write for."""
        self.require_scope(record.authority.code, record.district.code, record.obligation.standard)

    def require_scope(self, authority: str, district: str, standard: Standard | None = None) -> None:
        """Raise `NotPermitted` unless the caller may write for this authority, district and, where there is one, standard."""
        scopes = (
            ("authority", authority, self.authorities),
            ("standard", standard, self.standards),
            ("district", district, self.districts),
        )
        for what, value, allowed in scopes:
            if value is not None and allowed is not None and value not in allowed:
                raise NotPermitted(f"{self.name} may not act for the {what} {value}")

    def may_see(self, record: SanctionRecord) -> bool:
        """Whether an authority bounded to its own code may read the record: it may read its own."""
        return self.authorities is None or record.authority.code in self.authorities
