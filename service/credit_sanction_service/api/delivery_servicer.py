"""DeliveryService: how far the targets have converged, pushing again, pausing, reconciling, and the proof of it all."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Final

import structlog
from typing_extensions import override

from credit_sanction.v1 import delivery_service_pb2 as pb
from credit_sanction.v1 import delivery_service_pb2_grpc as service_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.delivery_messages import (
    attempt_message,
    delivery_message,
    reconciliation_message,
    target_message,
)
from credit_sanction_service.api.delivery_proof import MOST_BYTES, MOST_KEPT, proof_chunks, proof_document
from credit_sanction_service.api.delivery_requests import (
    delivery_place,
    enterprise_code,
    instant,
    past_instant,
    pause_reason,
    reconciliation_id,
    reconciliation_place,
    target_name,
)
from credit_sanction_service.api.guard import caller
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
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.faults import NotFound, Overloaded
from credit_sanction_service.domain.text import REQUEST_ID_LIMIT
from credit_sanction_service.store import backlog, claims, deliveries, reconciliations, resending
from credit_sanction_service.store.due_days import due_days, past_due_counts
from credit_sanction_service.store.proof import read_proof

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    import grpc

    from credit_sanction_service.store.connect import Connection, Reader
    from credit_sanction_service.store.deliveries import DeliveryView
    from credit_sanction_service.store.proof import Proof


log: Final = structlog.get_logger()
MOST_DRAINING: Final = 4  # calls that wait for a target to fall still hold a thread each: most are for others
LONGEST_DRAIN_S: Final = 60.0
_DRAIN_MARGIN_S: Final = 0.5  # left of the caller's deadline for the answer
_DRAIN_POLL_S: Final = 0.05


class DeliveryServicer(service_grpc.DeliveryServiceServicer):
    """Reads the convergence rows; what it pushes again is always the current state."""

    def __init__(self, reader: Reader, *, clock: Callable[[], datetime]) -> None:
        """`clock` says which Shanghai day it is."""
        self._reader = reader
        self._clock = clock
        self._draining = threading.BoundedSemaphore(MOST_DRAINING)

    @override
    def ListTargets(self, request: pb.ListTargetsRequest, context: grpc.ServicerContext) -> pb.ListTargetsResponse:
        with self._reader.connection() as connection:
            targets = backlog.list_targets(connection)
            late = past_due_counts(connection, self._today)
        return pb.ListTargetsResponse(
            targets=[target_message(target, past_due=late.get(target.name, 0)) for target in targets]
        )

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
                enterprise_code=enterprise_code(request.enterprise_code),
                states=known_words("states", [words.DELIVERY_STATE.read(number) for number in request.states]),
                past_due_on=self._today if request.past_due else None,
                after=(after[0], after[1]) if after else None,
                limit=size + 1,
            )
            messages = self._deliveries(connection, page[:size])
        last = page[size - 1].delivery if len(page) > size else None
        return pb.ListDeliveriesResponse(
            deliveries=messages,
            next_page_token=write_token([last.target, last.subject], seal) if last else "",
        )

    @override
    def GetDelivery(self, request: pb.GetDeliveryRequest, context: grpc.ServicerContext) -> pb.Delivery:
        target, subject = delivery_place(request.name)
        with self._reader.connection() as connection:
            view, attempts = deliveries.get_delivery(connection, target, subject)
            (message,) = self._deliveries(connection, [view])
        message.attempts.extend(attempt_message(attempt) for attempt in attempts)
        return message

    @override
    def RetryDelivery(self, request: pb.RetryDeliveryRequest, context: grpc.ServicerContext) -> pb.Delivery:
        target, subject = delivery_place(request.name)
        with self._reader.connection() as connection:
            view = resending.retry_delivery(connection, target, subject, lost_by_target=request.lost_by_target)
            (message,) = self._deliveries(connection, [view])
        return message

    @override
    def RetryDeliveries(
        self, request: pb.RetryDeliveriesRequest, context: grpc.ServicerContext
    ) -> pb.RetryDeliveriesResponse:
        states = known_words("states", [words.DELIVERY_STATE.read(number) for number in request.states])
        for place, state in enumerate(states):
            if state not in resending.RETRYABLE:
                raise invalid(f"states[{place}]", f"{state} is none of {', '.join(resending.RETRYABLE)}")
        with self._reader.connection() as connection:
            chosen = resending.Chosen(
                target=self._known_target(connection, request.target),
                states=states or resending.HELD_UP,
                since=self._since(connection, request) if request.HasField("since") else None,
                enterprise_code=enterprise_code(request.enterprise_code),
                error_contains=plain("error_contains", request.error_contains),
            )
            return pb.RetryDeliveriesResponse(count=resending.retry_deliveries(connection, chosen))

    @override
    def RecoverDeliveries(
        self, request: pb.RecoverDeliveriesRequest, context: grpc.ServicerContext
    ) -> pb.RecoverDeliveriesResponse:
        if not request.HasField("since"):
            raise invalid("since", "it is missing: say from which instant on the target has lost what it confirmed")
        with self._reader.connection() as connection:
            since = self._since(connection, request)
            target = self._known_target(connection, request.target)
            count = resending.recover_deliveries(connection, target, since=since)
        log.warning("deliveries.recovered", target=target, since=since.isoformat(), count=count, by=caller().name)
        return pb.RecoverDeliveriesResponse(count=count)

    @override
    def PauseTarget(self, request: pb.PauseTargetRequest, context: grpc.ServicerContext) -> pb.Target:
        until = instant("until", request.until) if request.HasField("until") else None
        with self._reader.connection() as connection:
            if until is not None and until <= backlog.read_clock(connection):
                raise invalid("until", "it does not lie ahead: leave it out to pause until somebody resumes the target")
            target = self._pause(connection, request.name, request.reason, until)
            return self._target(connection, target)

    @override
    def DrainTarget(self, request: pb.DrainTargetRequest, context: grpc.ServicerContext) -> pb.Target:
        if not self._draining.acquire(blocking=False):
            raise Overloaded(f"{MOST_DRAINING} calls wait for targets to fall still already")
        try:
            with self._reader.connection() as connection:
                target = self._pause(connection, request.name, request.reason, None)
            self._wait_until_still(target, context)
            with self._reader.connection() as connection:
                return self._target(connection, target)
        finally:
            self._draining.release()

    @override
    def ResumeTarget(self, request: pb.ResumeTargetRequest, context: grpc.ServicerContext) -> pb.Target:
        with self._reader.connection() as connection:
            target = self._known_target(connection, request.name)
            if claims.resume_target(connection, target):
                log.warning("target.resumed", target=target, by=caller().name)
            return self._target(connection, target)

    @override
    def ReconcileTarget(self, request: pb.ReconcileTargetRequest, context: grpc.ServicerContext) -> pb.Reconciliation:
        request_id = plain("request_id", request.request_id, limit=REQUEST_ID_LIMIT)
        with self._reader.connection() as connection:
            found = reconciliations.request(
                connection,
                self._known_target(connection, request.name),
                repair=request.repair,
                requested_by=caller().name,
                request_id=request_id,
            )
        return reconciliation_message(found)

    @override
    def GetReconciliation(
        self, request: pb.GetReconciliationRequest, context: grpc.ServicerContext
    ) -> pb.Reconciliation:
        identifier = reconciliation_id(request.name)
        with self._reader.connection() as connection:
            return reconciliation_message(reconciliations.get_reconciliation(connection, identifier))

    @override
    def ListReconciliations(
        self, request: pb.ListReconciliationsRequest, context: grpc.ServicerContext
    ) -> pb.ListReconciliationsResponse:
        size, seal = page_size(request.page_size), seal_of(request)
        after = reconciliation_place(request.page_token, seal)
        with self._reader.connection() as connection:
            page = reconciliations.list_reconciliations(
                connection,
                target=self._known_target(connection, request.target) if request.target else None,
                after=after,
                limit=size + 1,
            )
        last = page[size - 1] if len(page) > size else None
        return pb.ListReconciliationsResponse(
            reconciliations=[reconciliation_message(one) for one in page[:size]],
            next_page_token=write_token([last.requested_at.isoformat(), str(last.id)], seal) if last else "",
        )

    @override
    def ExportDeliveryProof(
        self, request: pb.ExportDeliveryProofRequest, context: grpc.ServicerContext
    ) -> pb.ExportDeliveryProofResponse:
        proof, file_name = self._proof(request, most_bytes=MOST_BYTES)
        document = proof_document(proof)
        return pb.ExportDeliveryProofResponse(
            document=document, sha256=hashlib.sha256(document).hexdigest(), file_name=file_name
        )

    @override
    def DownloadDeliveryProof(
        self, request: pb.DownloadDeliveryProofRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.DownloadDeliveryProofResponse]:
        # Read before the first part leaves: however slowly a caller reads, he holds no connection and no snapshot.
        proof, file_name = self._proof(request, most_bytes=MOST_KEPT)
        digest = hashlib.sha256()
        for part in proof_chunks(proof):
            digest.update(part)
            yield pb.DownloadDeliveryProofResponse(part=part)
        yield pb.DownloadDeliveryProofResponse(sha256=digest.hexdigest(), file_name=file_name)

    def _proof(
        self, request: pb.ExportDeliveryProofRequest | pb.DownloadDeliveryProofRequest, *, most_bytes: int
    ) -> tuple[Proof, str]:
        """Return the proof that is asked for, and the name of its file."""
        record = record_id(request.record, field="record")
        target = target_name(request.target) if request.target else None
        with self._reader.connection() as connection:
            proof = read_proof(
                connection, record, target=target, bodies=not request.without_bodies, most_bytes=most_bytes
            )
        if target is not None and target not in proof.kinds and not proof.attempts:
            raise NotFound("target", request.target)  # one that is gone is known by what it was sent
        return proof, "-".join(["delivery-proof", proof.record_id, *([target] if target else [])]) + ".json"

    @property
    def _today(self) -> date:
        return day_of(self._clock())

    def _deliveries(self, connection: Connection, views: list[DeliveryView]) -> list[pb.Delivery]:
        days = due_days(connection, [view.delivery for view in views], today=self._today)
        return [delivery_message(view, due_on=day) for view, day in zip(views, days, strict=True)]

    def _target(self, connection: Connection, name: str) -> pb.Target:
        late = past_due_counts(connection, self._today, target=name)
        return target_message(backlog.get_target(connection, name), past_due=late.get(name, 0))

    def _pause(self, connection: Connection, name: str, why: str, until: datetime | None) -> str:
        reason = pause_reason(why)
        target = self._known_target(connection, name)
        if claims.pause_target(connection, target, f"paused by {caller().name}: {reason}", until):
            log.warning("target.paused", target=target, by=caller().name, until=until and until.isoformat())
        return target

    def _wait_until_still(self, target: str, context: grpc.ServicerContext) -> None:
        """Wait until nothing is in flight, the caller hangs up, or his time or ours is up."""
        hung_up = threading.Event()
        context.add_callback(hung_up.set)
        end = time.monotonic() + min(LONGEST_DRAIN_S, context.time_remaining() - _DRAIN_MARGIN_S)
        while True:
            with self._reader.connection() as connection:
                if not backlog.in_flight(connection, target):
                    return
            if time.monotonic() >= end or hung_up.wait(_DRAIN_POLL_S) or not context.is_active():
                return

    @staticmethod
    def _since(connection: Connection, request: pb.RetryDeliveriesRequest | pb.RecoverDeliveriesRequest) -> datetime:
        return past_instant("since", request.since, now=backlog.read_clock(connection))

    @staticmethod
    def _known_target(connection: Connection, name: str) -> str:
        target = target_name(name)
        if not backlog.has_target(connection, target):
            raise NotFound("target", name)
        return target
