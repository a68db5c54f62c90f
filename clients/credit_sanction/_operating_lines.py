"""Targets and deliveries as the command prints them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from credit_sanction._words import china_time, word
from credit_sanction.v1 import delivery_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.timestamp_pb2 import Timestamp


def target_line(target: wire.Target) -> str:
    """Return one line for a target."""
    counts = (
        ("waiting", target.backlog),
        ("in flight", target.in_flight),
        ("rejected", target.rejected),
        ("given up", target.given_up),
        ("past due", target.past_due),
        ("listed", target.listed),
    )
    told = ", ".join(f"{count} {what}" for what, count in counts)
    oldest = f", oldest {_shown(target.oldest_due)}" if target.HasField("oldest_due") else ""
    until = f" until {_shown(target.paused_until)}" if target.HasField("paused_until") else ""
    retired = f", {target.inactive_reason}" if target.inactive_reason else ""
    standing = f"active{retired}" if target.active else f"NOT CALLED{until}: {target.inactive_reason}"
    return f"{target.name}  {target.kind}  {told}{oldest}  {standing}"


def target_object(target: wire.Target) -> Mapping[str, object]:
    """Return a target for JSON."""
    return {
        "name": target.name,
        "kind": target.kind,
        "active": target.active,
        "inactive_reason": target.inactive_reason,
        "paused_until": _moment(target, "paused_until"),
        "backlog": target.backlog,
        "in_flight": target.in_flight,
        "rejected": target.rejected,
        "given_up": target.given_up,
        "past_due": target.past_due,
        "listed": target.listed,
        "oldest_due": _moment(target, "oldest_due"),
    }


def delivery_lines(delivery: wire.Delivery) -> Iterable[str]:
    """Return a line for a delivery, and one for each field that its target refuses."""
    what = "listed" if delivery.desired_present else "withdrawn"
    state = delivery.state
    told = what if state == wire.DELIVERY_STATE_CONFIRMED else f"to be {what}"
    waits = state == wire.DELIVERY_STATE_RETRYING and delivery.HasField("next_attempt_at")
    next_ = f", next {_shown(delivery.next_attempt_at)}" if waits else ""
    due = f", due {delivery.due_on}" if delivery.due_on else ""
    error = f"  {delivery.last_error}" if delivery.last_error else ""
    yield (
        f"{_state(delivery)}  {delivery.name}  {delivery.enterprise_code}  {told}, "
        f"{delivery.attempt_count} attempt{'' if delivery.attempt_count == 1 else 's'}{next_}{due}{error}"
    )
    for fault in delivery.corrections:
        yield f"    {fault.field or 'no field of ours'} ({fault.target_field}): {fault.words}"


def delivery_object(delivery: wire.Delivery) -> Mapping[str, object]:
    """Return a delivery for JSON."""
    return {
        "name": delivery.name,
        "record": delivery.record,
        "enterprise_code": delivery.enterprise_code,
        "state": _state(delivery),
        "desired_present": delivery.desired_present,
        "confirmed_present": delivery.confirmed_present,
        "next_attempt_at": _moment(delivery, "next_attempt_at"),
        "attempt_count": delivery.attempt_count,
        "last_error": delivery.last_error,
        "receipt": delivery.receipt,
        "due_on": delivery.due_on,
        "corrections": [
            {"target_field": fault.target_field, "field": fault.field, "words": fault.words}
            for fault in delivery.corrections
        ],
    }


def reconciliation_lines(found: wire.Reconciliation) -> Iterable[str]:
    """Return a line for a reconciliation, and one for each subject that differs. Only one that is done has figures."""
    detail = f"  {found.detail}" if found.detail else ""
    if found.state != wire.RECONCILIATION_STATE_DONE:
        yield f"{found.name}  {_progress(found)}{detail}"
        return
    counts = ", ".join(f"{drift.count} {kind}" for kind, drift in _drifts(found).items())
    repaired = f"; {found.repaired} made due" if found.repair else ""
    yield f"{found.name}  {_progress(found)}  compared {found.compared}: {counts}{repaired}{detail}"
    for kind, drift in _drifts(found).items():
        yield from (f"  {kind}: {subject}" for subject in drift.subjects)
        if more := drift.count - len(drift.subjects):
            yield f"  {kind}: and {more} more"


def reconciliation_object(found: wire.Reconciliation) -> Mapping[str, object]:
    """Return a reconciliation for JSON."""
    told = {kind: {"count": drift.count, "subjects": list(drift.subjects)} for kind, drift in _drifts(found).items()}
    facts = {"name": found.name, "state": _progress(found), "compared": found.compared, "repaired": found.repaired}
    return {**facts, **told, "detail": found.detail}


def _drifts(found: wire.Reconciliation) -> Mapping[str, wire.Drift]:
    return {"missing": found.missing, "stale": found.stale, "extra": found.extra, "standing": found.standing}


def _progress(found: wire.Reconciliation) -> str:
    return word(wire.ReconciliationState, "RECONCILIATION_STATE_", found.state)


def _state(delivery: wire.Delivery) -> str:
    return word(wire.DeliveryState, "DELIVERY_STATE_", delivery.state)


def _moment(message: wire.Target | wire.Delivery, field: str) -> datetime | None:
    stamp: Timestamp = getattr(message, field)
    return stamp.ToDatetime(tzinfo=UTC) if message.HasField(field) else None  # type: ignore[arg-type] # a field's name


def _shown(stamp: Timestamp) -> str:
    return china_time(stamp.ToDatetime(tzinfo=UTC))
