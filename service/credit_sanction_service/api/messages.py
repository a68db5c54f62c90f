"""From the domain to the contract: sanction records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction_service.api import words
from credit_sanction_service.api.parts import (
    authority_message,
    basis_message,
    district_message,
    enterprise_message,
    iso,
    obligation_message,
    revision_message,
)
from credit_sanction_service.domain.publication import earliest_repair

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.proceedings import (
        Decision,
        DueDay,
        Ending,
        Notice,
        Objection,
        Penalty,
        Statement,
        Suspension,
    )
    from credit_sanction_service.domain.records import Measure, SanctionRecord
    from credit_sanction_service.store.values import StoredRecord


def record_message(stored: StoredRecord, day: date, law: Law) -> record_pb.SanctionRecord:
    """Write one version of a record; what its measures demand is said for `day`, by `law`."""
    record = stored.record
    message = plain_record(record, day, law)
    message.revision.CopyFrom(revision_message(stored.revision))
    message.create_time.FromDatetime(stored.created_at)
    message.update_time.FromDatetime(stored.updated_at)
    return message


def plain_record(record: SanctionRecord, day: date, law: Law) -> record_pb.SanctionRecord:
    """Write a record without what the store adds to it."""
    message = record_pb.SanctionRecord(
        name=record.name,
        state=words.STATE.write(record.state),
        enterprise=enterprise_message(record.enterprise),
        obligation=obligation_message(record.obligation),
        obligation_name=record.obligation_name,
        notice=_notice(record.notice) if record.notice else None,
        statements=[_statement(statement) for statement in record.statements],
        decision=_decision(record.decision) if record.decision else None,
        responsible_district=district_message(record.district),
        measures=[_measure(record, measure, day, law) for measure in record.measures],
        publication_class=words.PUBLICATION_CLASS.write(record.publication_class),
        publication_end_date=iso(record.publication_end),
        disputed=record.disputed,
        suspensions=[_suspension(suspension) for suspension in record.suspensions],
        objection=_objection(record.objection) if record.objection else None,
        due_days=[_due_day(due) for due in record.due_days],
        catalogue_edition=record.catalogue_edition,
        regime=record.regime,
        version=record.version,
        replaces=record.replaces,
        warnings=record.warnings,
        ending=_ending(record.ending) if record.ending else None,
    )
    if record.decision:
        day_of_repair, _ = earliest_repair(record.publication_class, record.decision.decided_on, law.regimes)
        message.earliest_repair_date = iso(day_of_repair)
    if record.decision and (record.listed_on or record.ever_listed):
        message.listed_on = iso(record.since)
    if record.quarantine:
        message.quarantine.description = record.quarantine.reason
        message.quarantine.rule = record.quarantine.rule
        message.quarantine.likely_codes.extend(record.quarantine.likely)
    if record.confirmation:
        message.confirmation.evidence = record.confirmation.evidence
        message.confirmation.document_number = record.confirmation.document_number
        message.confirmation.confirmed_on = iso(record.confirmation.confirmed_on)
    return message


def _notice(notice: Notice) -> record_pb.Notice:
    return record_pb.Notice(
        authority=authority_message(notice.authority),
        document_number=notice.document_number,
        served_on=iso(notice.served_on),
        facts=notice.facts,
        basis=notice.basis,
        rights=notice.rights,
        method=notice.method,
    )


def _statement(statement: Statement) -> record_pb.Statement:
    return record_pb.Statement(
        kind=words.STATEMENT_KIND.write(statement.kind),
        date=iso(statement.made_on),
        summary=statement.summary,
        document_number=statement.document_number,
    )


def _decision(decision: Decision) -> record_pb.Decision:
    return record_pb.Decision(
        authority=authority_message(decision.authority),
        document_number=decision.document_number,
        date=iso(decision.decided_on),
        notice_served_on=iso(decision.notice_served_on),
        penalty=_penalty(decision.penalty) if decision.penalty else None,
        cause=decision.cause,
        removal_conditions=decision.removal_conditions,
        remedies=decision.remedies,
    )


def _penalty(penalty: Penalty) -> record_pb.Penalty:
    return record_pb.Penalty(
        kind=words.PENALTY_KIND.write(penalty.kind),
        document_number=penalty.document_number,
        date=iso(penalty.decided_on),
        violation=penalty.violation,
        facts=penalty.facts,
        basis=penalty.basis,
        content=penalty.content,
        fine=_money(penalty.fine),
        confiscated=_money(penalty.confiscated),
        licence=penalty.licence,
        valid_until=iso(penalty.valid_until),
        authority=authority_message(penalty.authority) if penalty.authority else None,
    )


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else format(amount, "f")


def _measure(record: SanctionRecord, measure: Measure, day: date, law: Law) -> measure_pb.Measure:
    row = law.catalogues[record.catalogue_edition].rows[measure.area]
    basis, binding = row.basis_on(day, record.penalty)
    return measure_pb.Measure(
        area=words.AREA.write(measure.area),
        end_date=iso(measure.end),
        last_day=iso(record.end_of(measure)) if record.decision else "",
        directive_zh=row.directive_zh,
        directive_en=row.directive_en,
        binding=binding,
        legal_basis=basis_message(basis),
        actions=[words.ACTION.write(action) for action in row.actions],
        executing_department="、".join(row.departments),
    )


def _suspension(suspension: Suspension) -> record_pb.Suspension:
    return record_pb.Suspension(
        ground=words.SUSPENSION_GROUND.write(suspension.ground),
        document_number=suspension.document_number,
        date=iso(suspension.decided_on),
        effective_on=iso(suspension.effective_on),
        resumed_on=iso(suspension.resumed_on),
        resume_document_number=suspension.resume_document_number,
        resume_date=iso(suspension.resume_decided_on),
    )


def _objection(objection: Objection) -> record_pb.Objection:
    return record_pb.Objection(
        raised_on=iso(objection.raised_on),
        reason=objection.reason,
        needs_others=objection.needs_others,
        due_on=iso(objection.due_on),
        calendar_edition=objection.calendar_edition,
        calendar_not_published=objection.due_on is None,
        outcome=words.OBJECTION_OUTCOME.write(objection.outcome),
        document_number=objection.document_number,
        date=iso(objection.decided_on),
        decision_reason=objection.decision_reason,
    )


def _due_day(due: DueDay) -> record_pb.DueDay:
    return record_pb.DueDay(
        kind=words.DUTY_KIND.write(due.kind),
        since=iso(due.since),
        due_on=iso(due.due_on),
        calendar_edition=due.calendar_edition,
        calendar_not_published=due.due_on is None,
        note=due.note,
    )


def _ending(ending: Ending) -> record_pb.Ending:
    return record_pb.Ending(
        ground=words.LIFT_GROUND.write(ending.ground),
        reason=ending.reason,
        document_number=ending.document_number,
        date=iso(ending.decided_on),
        effective_on=iso(ending.effective_on),
        replacement=ending.replacement,
        applied_on=iso(ending.applied_on),
        corrected_on=iso(ending.corrected_on),
    )
