"""What a caller asks of an exit obligation, before anything was checked. Field names are those of the contract."""

from __future__ import annotations

from dataclasses import dataclass

from credit_sanction_service.domain.drafts import DistrictDraft, EnterpriseDraft, ObligationDraft
from credit_sanction_service.domain.terms import InterimEvidenceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationDraft:
    """`obligation` of RegisterObligation."""

    enterprise: EnterpriseDraft
    obligation: ObligationDraft
    district: DistrictDraft
    authority_code: str = ""
    authority_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimEvidenceDraft:
    """One of `interim`."""

    kind: InterimEvidenceKind | None = None
    date: str = ""
    document_number: str = ""
    description: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimDraft:
    """The fields of ReportInterim."""

    evidence: tuple[InterimEvidenceDraft, ...] = ()
    dismantle_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionDraft:
    """`completion` of ReportCompletion."""

    date: str = ""
    document_number: str = ""
    method: str = ""
    verifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalDraft:
    """The fields of WithdrawObligation."""

    date: str = ""
    document_number: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveExitDraft:
    """`active_exit` of DeclareActiveExit."""

    declared_on: str = ""
    document_number: str = ""
    description: str = ""
