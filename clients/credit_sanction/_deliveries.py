"""Targets and deliveries: how far what was accepted has reached those who must act on it, and what an operator can do."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from credit_sanction._arguments import aware, chosen, chosen_name, fitting, named, seconds, text, whole
from credit_sanction._errors import ClientError, Facts, InternalFault, ServiceError
from credit_sanction._streams import Following
from credit_sanction._words import number, request_id_of
from credit_sanction.v1 import delivery_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from credit_sanction._calls import Caller

Targets: TypeAlias = list[wire.Target]
_POLL_FIRST: Final = 0.1
_POLL_MOST: Final = 2.0
_ENDED: Final = (wire.RECONCILIATION_STATE_DONE, wire.RECONCILIATION_STATE_FAILED)


class Deliveries:
    """
    The delivery part of the client, for operators. A target is named by `NAME` or `targets/NAME`. Without a filter there is
    no narrowing; an empty text is none, and is refused.
    """

    _caller: Caller

    def targets(self) -> Targets:
        """Return the targets 推送对象 with their backlog."""
        return list(self._caller.call(self._caller.deliveries.ListTargets, wire.ListTargetsRequest()).targets)

    def deliveries(
        self,
        *,
        target: str | None = None,
        record: str | None = None,
        enterprise_code: str | None = None,
        states: str | Iterable[str] = (),
        past_due: bool = False,
        page_size: int = 0,
    ) -> Iterator[wire.Delivery]:
        """
        Iterate over deliveries 推送, page after page, without their attempts. `record` is `sanctionRecords/{id}`, `states` are
        names without prefix: `["RETRYING", "REJECTED"]`. `past_due` leaves those past their legal due date.
        """
        with fitting():
            request = wire.ListDeliveriesRequest(
                target=chosen_name("target", "targets", target),
                record=chosen_name("record", "sanctionRecords", record),
                enterprise_code=chosen("enterprise_code", enterprise_code),
                states=_states(states),
                past_due=past_due,
                page_size=whole("page_size", page_size),
            )
        return self._pages(request)

    def _pages(self, request: wire.ListDeliveriesRequest) -> Iterator[wire.Delivery]:
        while True:
            page = self._caller.call(self._caller.deliveries.ListDeliveries, request)
            yield from page.deliveries
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def corrections(self, *, target: str | None = None) -> Iterator[wire.Delivery]:
        """Iterate over the correction queue 待更正队列: what targets refuse, with the fields at fault in `corrections`."""
        return self.deliveries(target=target, states=["REJECTED"])

    def delivery(self, name: str) -> wire.Delivery:
        """Read one delivery with all its attempts by its name, `targets/{target}/deliveries/{subject}`."""
        request = wire.GetDeliveryRequest(name=text("name", name))
        return self._caller.call(self._caller.deliveries.GetDelivery, request)

    def pause_target(self, name: str, reason: str, *, until: datetime | None = None) -> wire.Target:
        """
        Stop calling a target until it is resumed, or until the aware instant `until` 暂停. Nothing that waits for it is lost. A
        pause is never shortened by another one, and keeps its reason then: resume the target first.
        """
        request = wire.PauseTargetRequest(name=named("name", "targets", name), reason=text("reason", reason))
        if until is not None:
            request.until.FromDatetime(aware("until", until))
        return self._caller.call(self._caller.deliveries.PauseTarget, request)

    def drain_target(self, name: str, reason: str) -> wire.Target:
        """
        Pause a target and wait until nothing is in flight to it 停推排空, at most as long as this client waits for an
        answer; `in_flight` of the answer says what has not ended. The pause stays.
        """
        request = wire.DrainTargetRequest(name=named("name", "targets", name), reason=text("reason", reason))
        return self._caller.call(self._caller.deliveries.DrainTarget, request)

    def resume_target(self, name: str) -> wire.Target:
        """Call a paused target again 恢复, also one that paused itself by answering 410."""
        request = wire.ResumeTargetRequest(name=named("name", "targets", name))
        return self._caller.call(self._caller.deliveries.ResumeTarget, request)

    def retry_deliveries(
        self,
        target: str,
        *,
        states: str | Iterable[str] = (),
        since: datetime | None = None,
        enterprise_code: str | None = None,
        error_contains: str | None = None,
    ) -> int:
        """
        Make a target's deliveries due now 批量重新推送, those in `states` (`PENDING`, `RETRYING`, `REJECTED`, `GIVEN_UP`; all
        but the first where none is named) that changed at or after the aware instant `since`, are of this enterprise, and
        whose last error holds this text. Return how many.
        """
        with fitting():
            request = wire.RetryDeliveriesRequest(
                target=named("target", "targets", target),
                states=_states(states),
                enterprise_code=chosen("enterprise_code", enterprise_code),
                error_contains=chosen("error_contains", error_contains),
            )
        if since is not None:
            request.since.FromDatetime(aware("since", since))
        return self._caller.call(self._caller.deliveries.RetryDeliveries, request).count

    def retry_delivery(self, name: str, *, lost_by_target: bool = False) -> wire.Delivery:
        """
        Make a delivery due now 重新推送. What goes out is always the current state. `lost_by_target` says that the
        target was found without what it had confirmed; it has no request id, so it is sent once only.
        """
        with fitting():
            request = wire.RetryDeliveryRequest(name=text("name", name), lost_by_target=lost_by_target)
        return self._caller.call(self._caller.deliveries.RetryDelivery, request, repeatable=not lost_by_target)

    def recover_deliveries(self, target: str, since: datetime) -> int:
        """
        Send again, under new keys, all that a target confirmed at or after the aware instant `since` and has lost 补推; return
        how many. It has no request id, so it is asked for once only.
        """
        request = wire.RecoverDeliveriesRequest(target=named("target", "targets", target))
        request.since.FromDatetime(aware("since", since))
        return self._caller.call(self._caller.deliveries.RecoverDeliveries, request, repeatable=False).count

    def reconcile_target(
        self, name: str, *, repair: bool = False, wait: float = 60.0, request_id: str | None = None
    ) -> wire.Reconciliation:
        """
        Have a target's own list compared 对账, and put right where `repair` says so. Wait at most `wait` seconds for its end,
        0 not at all; `state` of the answer says whether it has come.

        `repair` also withdraws what is named as ours is and unknown here, which the schedule only tells of: look without it
        first where another installation pushes to the same target.
        """
        patience, own_id = seconds("wait", wait), request_id_of(request_id)
        with fitting():
            request = wire.ReconcileTargetRequest(
                name=named("name", "targets", name), repair=repair, request_id=text("request_id", own_id)
            )
        found = self._caller.call(self._caller.deliveries.ReconcileTarget, request, request_id=own_id)
        end = time.monotonic() + patience
        pause = _POLL_FIRST
        while found.state not in _ENDED and (left := end - time.monotonic()) > 0:
            time.sleep(min(pause, left))
            pause = min(2 * pause, _POLL_MOST)
            found = self.reconciliation(found.name)
        return found

    def reconciliation(self, name: str) -> wire.Reconciliation:
        """Read one reconciliation by its name, `reconciliations/{id}`."""
        request = wire.GetReconciliationRequest(name=text("name", name))
        return self._caller.call(self._caller.deliveries.GetReconciliation, request)

    def reconciliations(self, *, target: str | None = None, page_size: int = 0) -> Iterator[wire.Reconciliation]:
        """Iterate over reconciliations, the newest first, page after page."""
        with fitting():
            request = wire.ListReconciliationsRequest(
                target=chosen_name("target", "targets", target), page_size=whole("page_size", page_size)
            )
        return self._reconciliations(request)

    def _reconciliations(self, request: wire.ListReconciliationsRequest) -> Iterator[wire.Reconciliation]:
        while True:
            page = self._caller.call(self._caller.deliveries.ListReconciliations, request)
            yield from page.reconciliations
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def delivery_proof(
        self, record: str, *, target: str | None = None, without_bodies: bool = False
    ) -> wire.ExportDeliveryProofResponse:
        """
        Return the proof of delivery 推送凭证 of a record, of one target where it is named: `document` is JSON to be kept as it
        is, `sha256` its digest, which was checked, however large it is. `without_bodies` leaves out what was sent.
        """
        with fitting():
            request = wire.ExportDeliveryProofRequest(
                record=named("record", "sanctionRecords", record),
                target=chosen_name("target", "targets", target),
                without_bodies=without_bodies,
            )
        try:
            proof = self._caller.call(self._caller.deliveries.ExportDeliveryProof, request)
        except ServiceError as refused:
            if refused.reason != "TOO_LARGE":
                raise
            proof = self._downloaded_proof(request)
        if hashlib.sha256(proof.document).hexdigest() != proof.sha256:
            message = f"the proof of {record} does not fit its digest: it was changed on its way"
            raise InternalFault(Facts(message=message, code="DATA_LOSS", metadata={}))
        return proof

    def _downloaded_proof(self, request: wire.ExportDeliveryProofRequest) -> wire.ExportDeliveryProofResponse:
        """Return a proof that comes in parts: it is asked for anew, from its beginning, where the connection breaks off."""
        parts: list[bytes] = []

        def asked() -> wire.DownloadDeliveryProofRequest:
            parts.clear()
            return wire.DownloadDeliveryProofRequest(
                record=request.record, target=request.target, without_bodies=request.without_bodies
            )

        following = Following(
            self._caller,
            self._caller.deliveries.DownloadDeliveryProof,
            asked,
            silence=self._caller.timeout,
            patience=self._caller.timeout,
        )
        proof = wire.ExportDeliveryProofResponse()
        for message in following.messages(lambda message: bool(message.sha256)):
            parts.append(message.part)
            proof.sha256, proof.file_name = message.sha256, message.file_name
        proof.document = b"".join(parts)
        return proof


def _states(names: str | Iterable[str]) -> list[wire.DeliveryState.ValueType]:
    several = [names] if isinstance(names, str) else names
    try:
        return [number(wire.DeliveryState, "DELIVERY_STATE_", name) for name in several]
    except TypeError:
        raise ClientError(f"states: expected names such as REJECTED, not {names!r:.60}") from None
