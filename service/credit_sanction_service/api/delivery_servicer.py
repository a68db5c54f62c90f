"""DeliveryService: how far the targets have converged, and pushing again."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

import structlog
from typing_extensions import override

from credit_sanction.v1 import delivery_service_pb2 as pb
from credit_sanction.v1 import delivery_service_pb2_grpc as service_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.guard import caller
from credit_sanction_service.api.parts import revision_message, set_time
from credit_sanction_service.api.requests import (
    invalid,
    known_words,
    page_size,
    plain,
    read_token,
    record_id,
    seal_of,
    write_token,
)
from credit_sanction_service.domain.faults import NotFound
from credit_sanction_service.store import claims, deliveries

if TYPE_CHECKING:
    import grpc

    from credit_sanction_service.store.attempts import Attempt
    from credit_sanction_service.store.connect import Connection, Reader
    from credit_sanction_service.store.deliveries import DeliveryView, TargetBacklog


log: Final = structlog.get_logger()
REASON_LIMIT: Final = 200


class DeliveryServicer(service_grpc.DeliveryServiceServicer):
    """Reads the convergence rows; what it pushes again is always the current state."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @override
    def ListTargets(self, request: pb.ListTargetsRequest, context: grpc.ServicerContext) -> pb.ListTargetsResponse:
        with self._reader.connection() as connection:
            targets = deliveries.list_targets(connection)
        return pb.ListTargetsResponse(targets=[_target(target) for target in targets])

    @override
    def ListDeliveries(
        self, request: pb.ListDeliveriesRequest, context: grpc.ServicerContext
    ) -> pb.ListDeliveriesResponse:
        size, seal = page_size(request.page_size), seal_of(request)
        after = read_token(request.page_token, seal, parts=2)
        with self._reader.connection() as connection:
            page = deliveries.list_deliveries(
                connection,
                target=self._known_target(connection, request.target) if request.target else None,
                record_id=record_id(request.record, field="record") if request.record else None,
                states=known_words("states", [words.DELIVERY_STATE.read(number) for number in request.states]),
                after=(after[0], after[1]) if after else None,
                limit=size + 1,
            )
        last = page[size - 1].delivery if len(page) > size else None
        return pb.ListDeliveriesResponse(
            deliveries=[_delivery(row) for row in page[:size]],
            next_page_token=write_token([last.target, last.subject], seal) if last else "",
        )

    @staticmethod
    def _known_target(connection: Connection, name: str) -> str:
        target = _target_name(name)
        if not deliveries.has_target(connection, target):
            raise NotFound("target", name)
        return target

    @override
    def GetDelivery(self, request: pb.GetDeliveryRequest, context: grpc.ServicerContext) -> pb.Delivery:
        target, subject = _place(request.name)
        with self._reader.connection() as connection:
            row, attempts = deliveries.get_delivery(connection, target, subject)
        message = _delivery(row)
        message.attempts.extend(_attempt(attempt) for attempt in attempts)
        return message

    @override
    def RetryDelivery(self, request: pb.RetryDeliveryRequest, context: grpc.ServicerContext) -> pb.Delivery:
        target, subject = _place(request.name)
        with self._reader.connection() as connection:
            row = deliveries.retry_delivery(connection, target, subject, lost_by_target=request.lost_by_target)
        return _delivery(row)

    @override
    def RetryDeliveries(
        self, request: pb.RetryDeliveriesRequest, context: grpc.ServicerContext
    ) -> pb.RetryDeliveriesResponse:
        states = known_words("states", [words.DELIVERY_STATE.read(number) for number in request.states])
        for place, state in enumerate(states):
            if state not in deliveries.RETRYABLE:
                raise invalid(f"states[{place}]", f"{state} is none of {', '.join(deliveries.RETRYABLE)}")
        with self._reader.connection() as connection:
            target = self._known_target(connection, request.target)
            count = deliveries.retry_deliveries(
                connection,
                target,
                states=states or (deliveries.DeliveryState.RETRYING, deliveries.DeliveryState.REJECTED),
                since=request.since.ToDatetime(UTC) if request.HasField("since") else None,
            )
        return pb.RetryDeliveriesResponse(count=count)

    @override
    def PauseTarget(self, request: pb.PauseTargetRequest, context: grpc.ServicerContext) -> pb.Target:
        reason = plain("reason", request.reason, limit=REASON_LIMIT).strip()
        if not reason:
            raise invalid("reason", "it is missing: say why, for those who find the target paused")
        with self._reader.connection() as connection:
            target = self._known_target(connection, request.name)
            if claims.pause_target(connection, target, f"paused by {caller().name}: {reason}"):
                log.warning("target.paused", target=target, by=caller().name)
            return _target(deliveries.get_target(connection, target))

    @override
    def ResumeTarget(self, request: pb.ResumeTargetRequest, context: grpc.ServicerContext) -> pb.Target:
        with self._reader.connection() as connection:
            target = self._known_target(connection, request.name)
            if claims.resume_target(connection, target):
                log.warning("target.resumed", target=target, by=caller().name)
            return _target(deliveries.get_target(connection, target))


def _target_name(name: str) -> str:
    collection, slash, target = plain("target", name).partition("/")
    if collection != "targets" or not slash or not target or "/" in target:
        raise invalid("target", "it is not of the form targets/{name}")
    return target


def _place(name: str) -> tuple[str, str]:
    """Return target and subject of `targets/{target}/deliveries/{subject}`; a record's subject is its whole name."""
    parts = plain("name", name).split("/", 3)
    if len(parts) != 4 or parts[0] != "targets" or parts[2] != "deliveries" or not parts[1] or not parts[3]:  # noqa: PLR2004
        raise invalid("name", "it is not of the form targets/{target}/deliveries/{subject}")
    return parts[1], parts[3]


def _target(backlog: TargetBacklog) -> pb.Target:
    retired = f"retired = {backlog.retired}" if backlog.retired else ""
    message = pb.Target(
        name=f"targets/{backlog.name}",
        kind=backlog.kind,
        active=backlog.paused_reason is None and backlog.retired != "abandon",
        inactive_reason=backlog.paused_reason or retired,
        backlog=backlog.backlog,
        rejected=backlog.rejected,
        listed=backlog.listed,
    )
    set_time(message.oldest_due, backlog.oldest_due)
    return message


def _delivery(view: DeliveryView) -> pb.Delivery:
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
    )
    set_time(message.next_attempt_at, row.next_attempt_at)
    return message


def _attempt(attempt: Attempt) -> pb.Attempt:
    opened, closed = attempt.opened, attempt.closed
    message = pb.Attempt(
        number=opened.number,
        version=revision_message(opened.version),
        present=opened.present,
        idempotency_key=opened.idempotency_key,
        worker=opened.worker,
    )
    message.opened_at.FromDatetime(opened.opened_at)
    if closed is not None:
        message.outcome = words.ATTEMPT_OUTCOME.write(closed.outcome)
        message.status = closed.status
        message.receipt = closed.receipt
        message.detail = closed.detail
        message.closed_at.FromDatetime(closed.closed_at)
    return message
