"""One order carried out: a push or a verification, from the claim to what is to be written down."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_connectors.port import Entry, Receipt, Rejected, Unavailable
from credit_sanction_service.push.claim import Message, Order, PushOrder, VerifyOrder
from credit_sanction_service.push.outcomes import (
    NOT_BEGUN,
    STOPPED,
    TOO_LATE,
    Verdict,
    not_written,
    storable,
    verdict_of,
)
from credit_sanction_service.push.parcels import version_of
from credit_sanction_service.push.settings import GRACE_S
from credit_sanction_service.push.settle import Completion
from credit_sanction_service.push.transitions import Ending, Finding, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_sanction_service.push.lane import Lane
    from credit_sanction_service.store.deliveries import Delivery

log: Final = structlog.get_logger()
TRACE_MAX: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What is to be written down, and what the lane is told."""

    completion: Completion
    answered: bool | None


async def carry_out(order: Order, lane: Lane, *, lease_ends: float, clock: Callable[[], float]) -> Landed:
    """Carry out one order. Never raises, not even when cancelled: what was begun has an end that is written down."""
    match order:
        case PushOrder():
            return _landed(order, await _push(order, lane, lease_ends=lease_ends, clock=clock))
        case VerifyOrder():
            return await _verify(order, lane)


def not_begun(order: Order) -> Completion:
    """Return the end of an order that nobody carried out."""
    match order:
        case PushOrder():
            return _landed(order, NOT_BEGUN).completion
        case VerifyOrder():
            return _read(order, Finding.UNREADABLE, NOT_BEGUN.detail)


async def _push(order: PushOrder, lane: Lane, *, lease_ends: float, clock: Callable[[], float]) -> Verdict:
    message, policy, timeout_s = order.message, lane.settings.policy, lane.settings.timeout_s
    if not isinstance(message, Message):
        if not isinstance(message, Rejected):
            trace = "".join(traceback.format_exception(message))[-TRACE_MAX:]
            log.error("parcel.failed", target=order.row.target, subject=order.row.subject, trace=trace)
        return not_written(message)
    # The last thing before it is sent: a worker that was stopped since the claim must not speak any more.
    if clock() + timeout_s + GRACE_S > lease_ends:
        return TOO_LATE
    answer: Receipt | BaseException
    try:
        async with asyncio.timeout(timeout_s + GRACE_S):
            answer = await lane.connector.push(message.parcel, message.body, timeout_s=timeout_s)
    except asyncio.CancelledError:
        return STOPPED
    except Exception as fault:  # noqa: BLE001 - whatever it is, the attempt has an end
        answer = fault
    verdict = verdict_of(answer, policy)
    if verdict.fault:
        log.error("connector.failed", target=order.row.target, subject=order.row.subject, fault=verdict.detail)
    return verdict


def _landed(order: PushOrder, verdict: Verdict) -> Landed:
    row = order.row
    ending = Ending(
        number=row.attempt,
        version=row.desired,
        generation=row.generation,
        present=row.desired_present,
        lease_until=row.lease_until,
        opened_at=order.opened_at,
        fresh=order.fresh,
        outcome=verdict.outcome,
        status=verdict.status,
        receipt=verdict.receipt,
        detail=verdict.detail,
        corrections=verdict.corrections,
        wish_s=verdict.wish_s,
        counts=verdict.counts,
        may_arrive=verdict.may_arrive,
    )
    completion = Completion(target=row.target, subject=row.subject, end=ending, gone=verdict.gone)
    return Landed(completion=completion, answered=verdict.answered)


async def _verify(order: VerifyOrder, lane: Lane) -> Landed:
    row = order.row
    finding, detail, wish_s = Finding.UNREADABLE, "", None
    answered: bool | None = None
    try:
        async with asyncio.timeout(lane.settings.timeout_s + GRACE_S):
            entry = await lane.connector.read_entry(row.subject, timeout_s=lane.settings.timeout_s)
        finding, answered = compare(row, entry), True
    except asyncio.CancelledError:
        detail = "the worker stopped before the target answered"
    except Unavailable as fault:
        detail, wish_s, answered = fault.reason, fault.retry_after, False
    except Exception as fault:
        detail = repr(fault)
        log.exception("connector.failed", target=row.target, subject=row.subject)
    return Landed(completion=_read(order, finding, detail, wish_s), answered=answered)


def _read(order: VerifyOrder, finding: Finding, detail: str, wish_s: float | None = None) -> Completion:
    row = order.row
    if row.lease_until is None or row.unknown_until is None:
        raise ValueError("a verification is held by a lease and owed to an unknown attempt")
    reading = Reading(
        lease_until=row.lease_until,
        unknown_until=row.unknown_until,
        finding=finding,
        detail=storable(detail),
        wish_s=wish_s,
    )
    return Completion(target=row.target, subject=row.subject, end=reading)


def compare(row: Delivery, entry: Entry | None) -> Finding:
    """Say whether a target's own entry is what it confirmed. One that keeps no versions cannot say which it shows."""
    if entry is None:
        return Finding.WRONG if row.confirmed_present else Finding.RIGHT
    shown = row.confirmed and version_of(row.confirmed)
    return Finding.RIGHT if row.confirmed_present and entry.version == shown else Finding.WRONG
