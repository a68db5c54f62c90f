"""DeliveryService: how far the targets have converged, and pushing again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from typing_extensions import override

from credit_sanction.v1 import delivery_service_pb2 as pb
from credit_sanction.v1 import delivery_service_pb2_grpc as service_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.messages import revision_message, set_time
from credit_sanction_service.api.record_servicer import page_size, read_token, record_id, write_token
from credit_sanction_service.domain.faults import Invalid, NotFound, Violation
from credit_sanction_service.store import deliveries

if TYPE_CHECKING:
    from collections.abc import Sequence

    import grpc

    from credit_sanction_service.store.attempts import Attempt
    from credit_sanction_service.store.connect import Reader
    from credit_sanction_service.store.deliveries import DeliveryState, DeliveryView, TargetBacklog


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
        size = page_size(request.page_size)
        filters = pb.ListDeliveriesRequest(target=request.target, record=request.record, states=request.states)
        seal = hashlib.sha256(filters.SerializeToString(deterministic=True)).hexdigest()[:16]
        after = read_token(request.page_token, seal) if request.page_token else None
        with self._reader.connection() as connection:
            page = deliveries.list_deliveries(
                connection,
                target=_target_name(request.target) if request.target else None,
                record_id=record_id(request.record, field="record") if request.record else None,
                states=_states(request.states),
                after=(after[0], after[1]) if after else None,
                limit=size + 1,
            )
        last = page[size - 1].delivery if len(page) > size else None
        return pb.ListDeliveriesResponse(
            deliveries=[_delivery(row) for row in page[:size]],
            next_page_token=write_token([last.target, last.subject], seal) if last else "",
        )

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


def _target_name(name: str) -> str:
    collection, slash, target = name.partition("/")
    if collection != "targets" or not slash or not target or "/" in target:
        raise Invalid([Violation(field="target", description=f"{name[:80]!r} is not of the form targets/{{name}}")])
    return target


def _place(name: str) -> tuple[str, str]:
    """Return target and subject of `targets/{target}/deliveries/{subject}`; a record's subject is its whole name."""
    parts = name.split("/", 3)
    if len(parts) != 4 or parts[0] != "targets" or parts[2] != "deliveries" or not parts[1] or not parts[3]:  # noqa: PLR2004
        text = f"{name[:120]!r} is not of the form targets/{{target}}/deliveries/{{subject}}"
        raise Invalid([Violation(field="name", description=text)])
    if len(name) > 200:  # noqa: PLR2004 - longer than any name
        raise NotFound("delivery", name[:200])
    return parts[1], parts[3]


def _states(numbers: Sequence[int]) -> tuple[DeliveryState, ...]:
    states = [words.DELIVERY_STATE.read(number) for number in numbers]
    if None in states:
        raise Invalid([Violation(field=f"states[{states.index(None)}]", description="it is not a known value")])
    return tuple(state for state in states if state is not None)


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
