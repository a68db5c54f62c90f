"""From the contract to the domain's drafts: nothing is judged here, only moved. And back, for what an amendment leaves as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction_service.api import words
from credit_sanction_service.domain.drafts import (
    ConfirmationDraft,
    DecisionDraft,
    DistrictDraft,
    EnterpriseDraft,
    LiftDraft,
    MeasureDraft,
    ObligationDraft,
    PenaltyDraft,
    RecordDraft,
    RevocationDraft,
)

if TYPE_CHECKING:
    from credit_sanction.v1 import sanction_record_pb2 as record_pb
    from credit_sanction.v1 import sanction_record_service_pb2 as service_pb
    from credit_sanction.v1.enterprise_pb2 import Enterprise
    from credit_sanction.v1.obligation_pb2 import ExitObligation


def record_draft(message: record_pb.SanctionRecord) -> RecordDraft:
    """Read what a caller wants taken in; output-only fields are not looked at."""
    district = message.responsible_district
    return RecordDraft(
        enterprise=_enterprise(message.enterprise),
        obligation=_obligation(message.obligation),
        decision=_decision(message.decision),
        district=DistrictDraft(code=district.code, name=district.name, since=district.since),
        measures=tuple(MeasureDraft(area=words.AREA.read(m.area), end_date=m.end_date) for m in message.measures),
        publication_class=words.PUBLICATION_CLASS.read(message.publication_class),
        publication_end_date=message.publication_end_date,
    )


def _enterprise(message: Enterprise) -> EnterpriseDraft:
    return EnterpriseDraft(
        code=message.code,
        name=message.name,
        former_names=tuple(message.former_names),
        other_identifiers=tuple(
            (words.IDENTIFIER_KIND.read(other.kind), other.value) for other in message.other_identifiers
        ),
    )


def _obligation(message: ExitObligation) -> ObligationDraft:
    extension = message.extension if message.HasField("extension") else None
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
        extension=(extension.months, extension.document_number) if extension else None,
    )


def _decision(message: record_pb.Decision) -> DecisionDraft:
    penalty = message.penalty if message.HasField("penalty") else None
    return DecisionDraft(
        authority_code=message.authority.code,
        authority_name=message.authority.name,
        document_number=message.document_number,
        date=message.date,
        notice_served_on=message.notice_served_on,
        penalty=PenaltyDraft(
            kind=words.PENALTY_KIND.read(penalty.kind), document_number=penalty.document_number, date=penalty.date
        )
        if penalty
        else None,
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
