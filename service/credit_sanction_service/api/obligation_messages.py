"""Exit obligations, from the domain to the contract and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction.v1 import exit_obligation_service_pb2 as exit_pb
from credit_sanction_service.api import words
from credit_sanction_service.api.drafts import district_draft, enterprise_draft, obligation_draft
from credit_sanction_service.api.parts import (
    authority_message,
    district_message,
    enterprise_message,
    iso,
    obligation_message,
    revision_message,
)
from credit_sanction_service.domain.exit_drafts import (
    ActiveExitDraft,
    CompletionDraft,
    InterimDraft,
    InterimEvidenceDraft,
    RegistrationDraft,
    WithdrawalDraft,
)

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.exit_evidence import ActiveExit, Completion, InterimEvidence, Withdrawal
    from credit_sanction_service.store.obligations import StoredObligation


def registered_message(stored: StoredObligation, day: date) -> exit_pb.RegisteredObligation:
    """Write one version of an obligation; whether it is overdue is said for `day`."""
    registered = stored.registered
    message = exit_pb.RegisteredObligation(
        name=registered.name,
        state=words.OBLIGATION_STATE.write(registered.state),
        overdue=registered.is_overdue(day),
        enterprise=enterprise_message(registered.enterprise),
        obligation=obligation_message(registered.obligation),
        authority=authority_message(registered.authority),
        responsible_district=district_message(registered.district),
        interim=[_evidence(piece) for piece in registered.interim],
        dismantle_by=iso(registered.dismantle_by),
        completion=_completion(registered.completion) if registered.completion else None,
        active_exit=_active_exit(registered.active_exit) if registered.active_exit else None,
        withdrawal=_withdrawal(registered.withdrawal) if registered.withdrawal else None,
        sanction_records=stored.sanction_records,
        warnings=registered.warnings,
        version=registered.version,
        revision=revision_message(stored.revision),
    )
    message.create_time.FromDatetime(stored.created_at)
    message.update_time.FromDatetime(stored.updated_at)
    return message


def _evidence(piece: InterimEvidence) -> exit_pb.InterimEvidence:
    return exit_pb.InterimEvidence(
        kind=words.INTERIM_EVIDENCE_KIND.write(piece.kind),
        date=iso(piece.made_on),
        document_number=piece.document_number,
        description=piece.description,
        place=piece.place,
    )


def _completion(completion: Completion) -> exit_pb.Completion:
    return exit_pb.Completion(
        date=iso(completion.completed_on),
        document_number=completion.document_number,
        method=completion.method,
        verifier=completion.verifier,
    )


def _active_exit(active_exit: ActiveExit) -> exit_pb.ActiveExit:
    return exit_pb.ActiveExit(
        declared_on=iso(active_exit.declared_on),
        document_number=active_exit.document_number,
        description=active_exit.description,
    )


def _withdrawal(withdrawal: Withdrawal) -> exit_pb.ObligationWithdrawal:
    return exit_pb.ObligationWithdrawal(
        date=iso(withdrawal.withdrawn_on), document_number=withdrawal.document_number, reason=withdrawal.reason
    )


def registration_draft(message: exit_pb.RegisteredObligation) -> RegistrationDraft:
    """Read what a caller wants registered; output-only fields are not looked at."""
    return RegistrationDraft(
        enterprise=enterprise_draft(message.enterprise),
        obligation=obligation_draft(message.obligation),
        authority_code=message.authority.code,
        authority_name=message.authority.name,
        district=district_draft(message.responsible_district),
    )


def interim_draft(request: exit_pb.ReportInterimRequest) -> InterimDraft:
    """Read that an obligation is sealed."""
    return InterimDraft(
        evidence=tuple(
            InterimEvidenceDraft(
                kind=words.INTERIM_EVIDENCE_KIND.read(piece.kind),
                date=piece.date,
                document_number=piece.document_number,
                description=piece.description,
                place=piece.place,
            )
            for piece in request.interim
        ),
        dismantle_by=request.dismantle_by,
    )


def completion_draft(message: exit_pb.Completion) -> CompletionDraft:
    """Read that an obligation is completed."""
    return CompletionDraft(
        date=message.date,
        document_number=message.document_number,
        method=message.method,
        verifier=message.verifier,
    )


def active_exit_draft(message: exit_pb.ActiveExit) -> ActiveExitDraft:
    """Read that an enterprise exits actively."""
    return ActiveExitDraft(
        declared_on=message.declared_on, document_number=message.document_number, description=message.description
    )


def withdrawal_draft(request: exit_pb.WithdrawObligationRequest) -> WithdrawalDraft:
    """Read that an obligation was registered by mistake."""
    return WithdrawalDraft(date=request.date, document_number=request.document_number, reason=request.reason)
