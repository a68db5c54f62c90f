"""What a caller asks to be taken in, before anything was checked. Field names are those of the contract."""

from __future__ import annotations

from dataclasses import dataclass

from credit_sanction_service.domain.terms import (
    Area,
    CapacityUnit,
    IdentifierKind,
    LiftGround,
    PenaltyKind,
    PublicationClass,
    Scope,
    Sector,
    Standard,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterpriseDraft:
    """`record.enterprise`."""

    code: str = ""
    name: str = ""
    former_names: tuple[str, ...] = ()
    other_identifiers: tuple[tuple[IdentifierKind | None, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationDraft:
    """`record.obligation`. `extension` is (months, document number)."""

    scope: Scope | None = None
    item: str = ""
    equipment: str = ""
    quantity: int = 0
    capacity_amount: str = ""
    capacity_unit: CapacityUnit | None = None
    sector: Sector | None = None
    standard: Standard | None = None
    ordered_on: str = ""
    due_on: str = ""
    extension: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyDraft:
    """`record.decision.penalty`."""

    kind: PenaltyKind | None = None
    document_number: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDraft:
    """`record.decision`."""

    authority_code: str = ""
    authority_name: str = ""
    document_number: str = ""
    date: str = ""
    notice_served_on: str = ""
    penalty: PenaltyDraft | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictDraft:
    """`record.responsible_district`."""

    code: str = ""
    name: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureDraft:
    """One of `record.measures`."""

    area: Area | None = None
    end_date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDraft:
    """`record`, as typed."""

    enterprise: EnterpriseDraft = EnterpriseDraft()
    obligation: ObligationDraft = ObligationDraft()
    decision: DecisionDraft = DecisionDraft()
    district: DistrictDraft = DistrictDraft()
    measures: tuple[MeasureDraft, ...] = ()
    publication_class: PublicationClass | None = None
    publication_end_date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationDraft:
    """`confirmation` of ConfirmIdentifier."""

    evidence: str = ""
    document_number: str = ""
    confirmed_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftDraft:
    """The fields of LiftSanctionRecord."""

    ground: LiftGround | None = None
    document_number: str = ""
    date: str = ""
    effective_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationDraft:
    """The fields of RevokeSanctionRecord."""

    reason: str = ""
    document_number: str = ""
    date: str = ""
