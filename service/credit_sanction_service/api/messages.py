"""From the domain to the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction.v1 import enterprise_pb2 as enterprise_pb
from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import obligation_pb2 as obligation_pb
from credit_sanction.v1 import revision_pb2 as revision_pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction_service.api import words
from credit_sanction_service.domain.measures import shipped

if TYPE_CHECKING:
    from datetime import date, datetime

    from credit_sanction_service.domain.measures import Basis
    from credit_sanction_service.domain.records import Decision, Ending, Enterprise, Measure, Obligation, SanctionRecord
    from credit_sanction_service.store.values import Revision, StoredRecord


def record_message(stored: StoredRecord, day: date) -> record_pb.SanctionRecord:
    """Write one version of a record; what its measures demand is said for `day`."""
    record = stored.record
    message = plain_record(record, day)
    message.revision.CopyFrom(revision_message(stored.revision))
    message.create_time.FromDatetime(stored.created_at)
    message.update_time.FromDatetime(stored.updated_at)
    return message


def plain_record(record: SanctionRecord, day: date) -> record_pb.SanctionRecord:
    """Write a record without what the store adds to it."""
    message = record_pb.SanctionRecord(
        name=record.name,
        state=words.STATE.write(record.state),
        enterprise=_enterprise(record.enterprise),
        obligation=_obligation(record.obligation),
        decision=_decision(record.decision),
        responsible_district=enterprise_pb.ResponsibleDistrict(
            code=record.district.code, name=record.district.name, since=iso(record.district.since)
        ),
        measures=[_measure(record, measure, day) for measure in record.measures],
        publication_class=words.PUBLICATION_CLASS.write(record.publication_class),
        publication_end_date=iso(record.publication_end),
        disputed=record.disputed,
        catalogue_edition=record.catalogue_edition,
        version=record.version,
        replaces=record.replaces,
        warnings=record.warnings,
    )
    if record.quarantine:
        message.quarantine.description = record.quarantine.reason
        message.quarantine.rule = record.quarantine.rule
        message.quarantine.likely_codes.extend(record.quarantine.likely)
    if record.confirmation:
        message.confirmation.evidence = record.confirmation.evidence
        message.confirmation.document_number = record.confirmation.document_number
        message.confirmation.confirmed_on = iso(record.confirmation.confirmed_on)
    if record.ending:
        message.ending.CopyFrom(_ending(record.ending))
    return message


def _enterprise(enterprise: Enterprise) -> enterprise_pb.Enterprise:
    return enterprise_pb.Enterprise(
        code=enterprise.code,
        name=enterprise.name,
        former_names=enterprise.former_names,
        other_identifiers=[
            enterprise_pb.OtherIdentifier(kind=words.IDENTIFIER_KIND.write(other.kind), value=other.value)
            for other in enterprise.other_identifiers
        ],
    )


def _obligation(obligation: Obligation) -> obligation_pb.ExitObligation:
    extension = obligation.extension
    return obligation_pb.ExitObligation(
        scope=words.SCOPE.write(obligation.scope),
        item=obligation.item,
        equipment=obligation.equipment,
        quantity=obligation.quantity,
        capacity=obligation_pb.Capacity(
            amount=format(obligation.capacity.amount, "f"), unit=words.CAPACITY_UNIT.write(obligation.capacity.unit)
        ),
        sector=words.SECTOR.write(obligation.sector),
        standard=words.STANDARD.write(obligation.standard),
        ordered_on=iso(obligation.ordered_on),
        due_on=iso(obligation.due_on),
        extension=obligation_pb.Extension(months=extension.months, document_number=extension.document_number)
        if extension
        else None,
        last_day=iso(obligation.last_day),
    )


def _decision(decision: Decision) -> record_pb.Decision:
    penalty = decision.penalty
    return record_pb.Decision(
        authority=enterprise_pb.Authority(code=decision.authority.code, name=decision.authority.name),
        document_number=decision.document_number,
        date=iso(decision.decided_on),
        notice_served_on=iso(decision.notice_served_on),
        penalty=record_pb.Penalty(
            kind=words.PENALTY_KIND.write(penalty.kind),
            document_number=penalty.document_number,
            date=iso(penalty.decided_on),
        )
        if penalty
        else None,
    )


def _measure(record: SanctionRecord, measure: Measure, day: date) -> measure_pb.Measure:
    row = shipped()[record.catalogue_edition].rows[measure.area]
    basis, binding = row.basis_on(day, record.decision.penalty)
    return measure_pb.Measure(
        area=words.AREA.write(measure.area),
        end_date=iso(measure.end),
        last_day=iso(record.end_of(measure)),
        directive_zh=row.directive_zh,
        directive_en=row.directive_en,
        binding=binding,
        legal_basis=basis_message(basis),
    )


def basis_message(basis: Basis) -> measure_pb.LegalBasis:
    """Write a legal basis."""
    return measure_pb.LegalBasis(
        document=basis.document,
        article=basis.article,
        issuer_level=words.ISSUER_LEVEL.write(basis.issuer_level),
        in_force_from=iso(basis.in_force_from),
    )


def _ending(ending: Ending) -> record_pb.Ending:
    return record_pb.Ending(
        ground=words.LIFT_GROUND.write(ending.ground),
        reason=ending.reason,
        document_number=ending.document_number,
        date=iso(ending.decided_on),
        effective_on=iso(ending.effective_on),
        replacement=ending.replacement,
    )


def revision_message(revision: Revision) -> revision_pb.Revision:
    """Write a revision."""
    return revision_pb.Revision(epoch=revision.epoch, number=revision.number)


def iso(day: date | None) -> str:
    """Write a day, empty for None."""
    return day.isoformat() if day else ""


def set_time(field: object, instant: datetime | None) -> None:
    """Fill a timestamp field, or leave it unset."""
    if instant is not None:
        field.FromDatetime(instant)  # type: ignore[attr-defined]
