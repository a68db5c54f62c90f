"""From the contract to the domain's drafts: nothing is judged here, only moved. And back, for what an amendment leaves as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction.v1 import sanction_record_service_pb2 as service_pb
from credit_sanction_service.api import words
from credit_sanction_service.domain.drafts import (
    ApprovalDraft,
    ConfirmationDraft,
    DecideDraft,
    DecisionDraft,
    DistrictDraft,
    EnterpriseDraft,
    ExtensionDraft,
    LiftDraft,
    MeasureDraft,
    NoticeDraft,
    ObjectionDecisionDraft,
    ObjectionDraft,
    ObligationDraft,
    PenaltyDraft,
    RecordDraft,
    RepairDraft,
    RevocationDraft,
    StatementDraft,
    SuspensionDraft,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction.v1 import sanction_record_pb2 as record_pb
    from credit_sanction.v1.enterprise_pb2 import Enterprise, ResponsibleDistrict
    from credit_sanction.v1.measure_pb2 import Measure
    from credit_sanction.v1.obligation_pb2 import Approval, ExitObligation, Extension


def record_draft(message: record_pb.SanctionRecord) -> RecordDraft:
    """Read what a caller wants taken in; output-only fields are not looked at."""
    return RecordDraft(
        enterprise=enterprise_draft(message.enterprise),
        obligation=obligation_draft(message.obligation),
        obligation_name=message.obligation_name,
        notice=_notice(message.notice) if message.HasField("notice") else None,
        statements=tuple(statement_draft(statement) for statement in message.statements),
        decision=_decision(message.decision),
        district=district_draft(message.responsible_district),
        measures=_measures(message.measures),
        publication_class=words.PUBLICATION_CLASS.read(message.publication_class),
        publication_end_date=message.publication_end_date,
    )


def _measures(messages: Iterable[Measure]) -> tuple[MeasureDraft, ...]:
    return tuple(MeasureDraft(area=words.AREA.read(m.area), end_date=m.end_date) for m in messages)


def district_draft(message: ResponsibleDistrict) -> DistrictDraft:
    """Read a responsible district."""
    return DistrictDraft(code=message.code, name=message.name, since=message.since)


def enterprise_draft(message: Enterprise) -> EnterpriseDraft:
    """Read an enterprise."""
    return EnterpriseDraft(
        code=message.code,
        name=message.name,
        former_names=tuple(message.former_names),
        other_identifiers=tuple(
            (words.IDENTIFIER_KIND.read(other.kind), other.value) for other in message.other_identifiers
        ),
    )


def obligation_draft(message: ExitObligation) -> ObligationDraft:
    """Read an obligation."""
    return ObligationDraft(
        scope=words.SCOPE.read(message.scope),
        item=message.item,
        equipment=message.equipment,
        quantity=message.quantity,
        capacity_amount=message.capacity.amount,
        capacity_unit=words.CAPACITY_UNIT.read(message.capacity.unit),
        sector=words.SECTOR.read(message.sector),
        standard=words.STANDARD.read(message.standard),
        ordered_on=message.ordered_on,
        due_on=message.due_on,
        extension=extension_draft(message.extension) if message.HasField("extension") else None,
        plan=_approval(message.plan) if message.HasField("plan") else None,
        closure_approval=_approval(message.closure_approval) if message.HasField("closure_approval") else None,
        induction_furnace=message.induction_furnace,
        licences=tuple((licence.name, licence.number, licence.issuer) for licence in message.licences),
        further_standards=tuple(words.STANDARD.read(standard) for standard in message.further_standards),
        report_reference=message.report_reference,
    )


def extension_draft(message: Extension) -> ExtensionDraft:
    """Read an extension."""
    return ExtensionDraft(months=message.months, document_number=message.document_number, applied_on=message.applied_on)


def _approval(message: Approval) -> ApprovalDraft:
    return ApprovalDraft(document_number=message.document_number, approver=message.approver, date=message.date)


def _notice(message: record_pb.Notice) -> NoticeDraft:
    return NoticeDraft(
        authority_code=message.authority.code,
        authority_name=message.authority.name,
        document_number=message.document_number,
        served_on=message.served_on,
        facts=message.facts,
        basis=message.basis,
        rights=message.rights,
        method=message.method,
    )


def statement_draft(message: record_pb.Statement) -> StatementDraft:
    """Read a step between notice and decision."""
    return StatementDraft(
        kind=words.STATEMENT_KIND.read(message.kind),
        date=message.date,
        summary=message.summary,
        document_number=message.document_number,
    )


def _decision(message: record_pb.Decision) -> DecisionDraft:
    return DecisionDraft(
        authority_code=message.authority.code,
        authority_name=message.authority.name,
        document_number=message.document_number,
        date=message.date,
        notice_served_on=message.notice_served_on,
        penalty=_penalty(message.penalty) if message.HasField("penalty") else None,
        cause=message.cause,
        removal_conditions=message.removal_conditions,
        remedies=message.remedies,
    )


def _penalty(message: record_pb.Penalty) -> PenaltyDraft:
    return PenaltyDraft(
        kind=words.PENALTY_KIND.read(message.kind),
        document_number=message.document_number,
        date=message.date,
        violation=message.violation,
        facts=message.facts,
        basis=message.basis,
        content=message.content,
        fine=message.fine,
        confiscated=message.confiscated,
        licence=message.licence,
        valid_until=message.valid_until,
        authority_code=message.authority.code,
        authority_name=message.authority.name,
    )


def lift_draft(request: service_pb.LiftSanctionRecordRequest) -> LiftDraft:
    """Read how a record is to be lifted."""
    return LiftDraft(
        ground=words.LIFT_GROUND.read(request.ground),
        document_number=request.document_number,
        date=request.date,
        effective_on=request.effective_on,
    )


def revocation_draft(request: service_pb.RevokeSanctionRecordRequest) -> RevocationDraft:
    """Read how a record is to be revoked."""
    return RevocationDraft(reason=request.reason, document_number=request.document_number, date=request.date)


def confirmation_draft(message: record_pb.IdentifierConfirmation) -> ConfirmationDraft:
    """Read how a code was confirmed."""
    return ConfirmationDraft(
        evidence=message.evidence, document_number=message.document_number, confirmed_on=message.confirmed_on
    )


def decide_draft(request: service_pb.DecideRequest) -> DecideDraft:
    """Read what is decided."""
    return DecideDraft(
        decision=_decision(request.decision),
        measures=_measures(request.measures),
        publication_class=words.PUBLICATION_CLASS.read(request.publication_class),
        publication_end_date=request.publication_end_date,
    )


def objection_draft(request: service_pb.RaiseObjectionRequest) -> ObjectionDraft:
    """Read an objection."""
    return ObjectionDraft(raised_on=request.raised_on, reason=request.reason, needs_others=request.needs_others)


def objection_decision_draft(request: service_pb.DecideObjectionRequest) -> ObjectionDecisionDraft:
    """Read how an objection ends."""
    return ObjectionDecisionDraft(
        outcome=words.OBJECTION_OUTCOME.read(request.outcome),
        document_number=request.document_number,
        date=request.date,
        reason=request.reason,
    )


def suspension_draft(request: service_pb.SuspendRequest | service_pb.ResumeRequest) -> SuspensionDraft:
    """Read an order to suspend, or to resume, which has no ground."""
    ground = request.ground if isinstance(request, service_pb.SuspendRequest) else 0
    return SuspensionDraft(
        ground=words.SUSPENSION_GROUND.read(ground),
        document_number=request.document_number,
        date=request.date,
        effective_on=request.effective_on,
    )


def repair_draft(request: service_pb.RepairRequest) -> RepairDraft:
    """Read a repair."""
    return RepairDraft(
        applied_on=request.applied_on,
        corrected_on=request.corrected_on,
        document_number=request.document_number,
        date=request.date,
        effective_on=request.effective_on,
    )
