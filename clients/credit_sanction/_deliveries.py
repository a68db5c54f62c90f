"""Targets and deliveries: how far what was accepted has reached those who must act on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from credit_sanction._words import number
from credit_sanction.v1 import delivery_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from credit_sanction._calls import Caller

Targets: TypeAlias = list[wire.Target]


class Deliveries:
    """The delivery part of the client, for operators."""

    _caller: Caller

    def targets(self) -> Targets:
        """Return the targets 推送对象 with their backlog."""
        return list(self._caller.call(self._caller.deliveries.ListTargets, wire.ListTargetsRequest()).targets)

    def deliveries(
        self, *, target: str = "", record: str = "", states: Iterable[str] = (), page_size: int = 0
    ) -> Iterator[wire.Delivery]:
        """
        Iterate over deliveries 推送, page after page, without their attempts. `target` is `targets/{name}`, `record` is
        `sanctionRecords/{id}`, `states` are names without prefix: `["RETRYING", "REJECTED"]`.
        """
        request = wire.ListDeliveriesRequest(
            target=target,
            record=record,
            states=[number(wire.DeliveryState, "DELIVERY_STATE_", word) for word in states],
            page_size=page_size,
        )
        while True:
            page = self._caller.call(self._caller.deliveries.ListDeliveries, request)
            yield from page.deliveries
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def delivery(self, name: str) -> wire.Delivery:
        """Read one delivery with all its attempts by its name, `targets/{target}/deliveries/{subject}`."""
        return self._caller.call(self._caller.deliveries.GetDelivery, wire.GetDeliveryRequest(name=name))

    def pause_target(self, name: str, reason: str) -> wire.Target:
        """Stop calling a target, `targets/{name}`, until it is resumed 暂停. Nothing that waits for it is lost."""
        request = wire.PauseTargetRequest(name=name, reason=reason)
        return self._caller.call(self._caller.deliveries.PauseTarget, request)

    def resume_target(self, name: str) -> wire.Target:
        """Call a paused target again 恢复, also one that paused itself by answering 410."""
        return self._caller.call(self._caller.deliveries.ResumeTarget, wire.ResumeTargetRequest(name=name))

    def retry_deliveries(self, target: str, *, states: Iterable[str] = (), since: datetime | None = None) -> int:
        """
        Make a target's deliveries due now 批量重新推送, those in `states` (`PENDING`, `RETRYING`, `REJECTED`; the last two
        where none is named) that changed at or after the aware instant `since`. Return how many.
        """
        request = wire.RetryDeliveriesRequest(
            target=target, states=[number(wire.DeliveryState, "DELIVERY_STATE_", word) for word in states]
        )
        if since is not None:
            request.since.FromDatetime(since)
        return self._caller.call(self._caller.deliveries.RetryDeliveries, request).count

    def retry_delivery(self, name: str, *, lost_by_target: bool = False) -> wire.Delivery:
        """
        Make a delivery due now 重新推送. What goes out is always the current state. `lost_by_target` says that the
        target was found without what it had confirmed; it has no request id, so it is sent once only.
        """
        request = wire.RetryDeliveryRequest(name=name, lost_by_target=lost_by_target)
        return self._caller.call(self._caller.deliveries.RetryDelivery, request, repeatable=not lost_by_target)
