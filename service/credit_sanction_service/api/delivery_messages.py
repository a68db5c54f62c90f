"""From the store to the contract: targets, deliveries with their attempts, reconciliations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction.v1 import delivery_service_pb2 as pb
from credit_sanction_service.api import words
from credit_sanction_service.api.parts import iso, revision_message, set_time

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.store.attempts import Attempt
    from credit_sanction_service.store.backlog import TargetBacklog
    from credit_sanction_service.store.deliveries import DeliveryView
    from credit_sanction_service.store.reconciliations import Drift, Reconciliation


def target_message(backlog: TargetBacklog, *, past_due: int) -> pb.Target:
    """Write a target with what waits for it."""
    retired = f"retired = {backlog.retired}" if backlog.retired else ""
    message = pb.Target(
        name=f"targets/{backlog.name}",
        kind=backlog.kind,
        active=backlog.paused_reason is None and backlog.retired != "abandon",
        inactive_reason=backlog.paused_reason or retired,
        backlog=backlog.backlog,
        rejected=backlog.rejected,
        listed=backlog.listed,
        in_flight=backlog.in_flight,
        given_up=backlog.given_up,
        past_due=past_due,
    )
    set_time(message.oldest_due, backlog.oldest_due)
    set_time(message.paused_until, backlog.paused_until)
    return message


def delivery_message(view: DeliveryView, *, due_on: date | None) -> pb.Delivery:
    """Write a delivery without its attempts."""
    row = view.delivery
    message = pb.Delivery(
        name=f"targets/{row.target}/deliveries/{row.subject}",
        record=f"sanctionRecords/{row.record_id}" if row.record_id else "",
        enterprise_code=row.enterprise_code,
        state=words.DELIVERY_STATE.write(view.state),
        desired_version=revision_message(row.desired),
        desired_present=row.desired_present,
        confirmed_version=revision_message(row.confirmed) if row.confirmed else None,
        confirmed_present=row.confirmed_present,
        attempt_count=row.attempt,
        last_error=row.last_error,
        receipt=row.receipt,
        corrections=[
            pb.Correction(target_field=fault.target_field, field=fault.field, words=fault.words)
            for fault in row.corrections
        ],
        due_on=iso(due_on),
    )
    set_time(message.next_attempt_at, row.next_attempt_at)
    return message


def attempt_message(attempt: Attempt) -> pb.Attempt:
    """Write an attempt."""
    opened, closed = attempt.opened, attempt.closed
    message = pb.Attempt(
        number=opened.number,
        version=revision_message(opened.version),
        present=opened.present,
        idempotency_key=opened.idempotency_key,
        worker=opened.worker,
        sha256=opened.digest.hex() if opened.digest else "",
    )
    message.opened_at.FromDatetime(opened.opened_at)
    if closed is not None:
        message.outcome = words.ATTEMPT_OUTCOME.write(closed.outcome)
        message.status = closed.status
        message.receipt = closed.receipt
        message.detail = closed.detail
        message.closed_at.FromDatetime(closed.closed_at)
    if attempt.late is not None:
        message.late.outcome = words.ATTEMPT_OUTCOME.write(attempt.late.outcome)
        message.late.status = attempt.late.status
        message.late.receipt = attempt.late.receipt
        message.late.detail = attempt.late.detail
        message.late.noted_at.FromDatetime(attempt.late.closed_at)
    return message


def reconciliation_message(reconciliation: Reconciliation) -> pb.Reconciliation:
    """Write a reconciliation."""
    report = reconciliation.report
    message = pb.Reconciliation(
        name=f"reconciliations/{reconciliation.id}",
        target=f"targets/{reconciliation.target}",
        repair=reconciliation.repair,
        requested_by=reconciliation.requested_by,
        state=words.RECONCILIATION_STATE.write(reconciliation.state),
        worker=reconciliation.worker,
        compared=report.compared,
        missing=_drift(report.missing),
        stale=_drift(report.stale),
        extra=_drift(report.extra),
        standing=_drift(report.standing),
        repaired=report.repaired,
        detail=reconciliation.detail,
    )
    message.request_time.FromDatetime(reconciliation.requested_at)
    set_time(message.end_time, reconciliation.ended_at)
    return message


def _drift(drift: Drift) -> pb.Drift:
    return pb.Drift(count=drift.count, subjects=drift.subjects)
