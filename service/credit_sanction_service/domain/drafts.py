"""What a caller asks to be taken in, before anything was checked. Field names are those of the contract."""

from __future__ import annotations

from dataclasses import dataclass

from credit_sanction_service.domain.terms import (
    Area,
    CapacityUnit,
    IdentifierKind,
    LiftGround,
    ObjectionOutcome,
    PenaltyKind,
    PublicationClass,
    Scope,
    Sector,
    Standard,
    StatementKind,
    SuspensionGround,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterpriseDraft:
    """`record.enterprise`."""

    code: str = ""
    name: str = ""
    former_names: tuple[str, ...] = ()
    other_identifiers: tuple[tuple[IdentifierKind | None, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDraft:
    """`record.obligation.plan` and `record.obligation.closure_approval`."""

    document_number: str = ""
    approver: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionDraft:
    """`record.obligation.extension`."""

    months: int = 0
    document_number: str = ""
    applied_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationDraft:
    """`record.obligation`. `licences` are (name, number, issuer)."""

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
    extension: ExtensionDraft | None = None
    plan: ApprovalDraft | None = None
    closure_approval: ApprovalDraft | None = None
    induction_furnace: bool = False
    licences: tuple[tuple[str, str, str], ...] = ()
    further_standards: tuple[Standard | None, ...] = ()
    report_reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyDraft:
    """`record.decision.penalty`. Amounts are in 万元."""

    kind: PenaltyKind | None = None
    document_number: str = ""
    date: str = ""
    violation: str = ""
    facts: str = ""
    basis: str = ""
    content: str = ""
    fine: str = ""
    confiscated: str = ""
    licence: str = ""
    valid_until: str = ""
    authority_code: str = ""
    authority_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDraft:
    """`record.decision`."""

    authority_code: str = ""
    authority_name: str = ""
    document_number: str = ""
    date: str = ""
    notice_served_on: str = ""
    penalty: PenaltyDraft | None = None
    cause: str = ""
    removal_conditions: str = ""
    remedies: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDraft:
    """`record.notice`."""

    authority_code: str = ""
    authority_name: str = ""
    document_number: str = ""
    served_on: str = ""
    facts: str = ""
    basis: str = ""
    rights: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementDraft:
    """One of `record.statements`, and `statement` of RecordStatement."""

    kind: StatementKind | None = None
    date: str = ""
    summary: str = ""
    document_number: str = ""


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
    statements: tuple[StatementDraft, ...] = ()
    notice: NoticeDraft | None = None
    obligation_name: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideDraft:
    """The fields of Decide. Empty measures and no class mean those of the notice."""

    decision: DecisionDraft = DecisionDraft()
    measures: tuple[MeasureDraft, ...] = ()
    publication_class: PublicationClass | None = None
    publication_end_date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionDraft:
    """The fields of RaiseObjection."""

    raised_on: str = ""
    reason: str = ""
    needs_others: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionDecisionDraft:
    """The fields of DecideObjection, the correction apart."""

    outcome: ObjectionOutcome | None = None
    document_number: str = ""
    date: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionDraft:
    """The fields of Suspend; Resume has the same without a ground."""

    ground: SuspensionGround | None = None
    document_number: str = ""
    date: str = ""
    effective_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairDraft:
    """The fields of Repair."""

    applied_on: str = ""
    corrected_on: str = ""
    document_number: str = ""
    date: str = ""
    effective_on: str = ""
