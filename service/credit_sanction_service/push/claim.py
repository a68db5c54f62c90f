"""Taking hold of due rows: one short transaction, committed before a byte leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_connectors.port import Parcel
from credit_sanction_service.push import decide, transitions
from credit_sanction_service.push.parcels import idempotency_key, parcel_of
from credit_sanction_service.store import attempts, claims
from credit_sanction_service.store.deliveries import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.push.settings import TargetSettings
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.law import KnownLaw

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOrder:
    """An attempt that is open: `row` as claimed for it. `parcel` is an exception where it cannot be written down."""

    row: Delivery
    opened_at: datetime
    fresh: bool
    parcel: Parcel | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOrder:
    """A verification: `row` as held for it."""

    row: Delivery


Order = PushOrder | VerifyOrder


def claim(
    connection: Connection,
    room: Mapping[str, int],
    settings: Mapping[str, TargetSettings],
    *,
    worker: str,
    known_law: KnownLaw,
) -> list[Order]:
    """
    Take due rows, at most `room` for each target, and open their attempts as `worker`.

    Returns what to do; what needed nothing was put away. Every lease begins before this is called, by the caller's clock.
    Raises `LawUnreadable`, and takes nothing, where this code cannot say what the store's records mean.
    """
    wants = [
        claims.Want(target=name, digest=settings[name].digest, slots=slots)
        for name, slots in sorted(room.items())
        if slots > 0
    ]
    with connection.transaction():
        due = claims.lock_due(connection, wants)
        if not due:
            return []
        now = due[0][1]
        rows = _close_lapsed(connection, [row for row, _ in due], settings)
        decided = [(row, decide.decide(row, now, offers_list=settings[row.target].offers_list)) for row in rows]
        pushes, rest = _moved(decided, now, settings)
        pushed = [row for row, _ in pushes]
        with connection.pipeline():
            claims.write(connection, [*pushed, *rest])
            attempts.open_attempts(connection, [_opened(row, now, worker) for row in pushed])
        contents = claims.read_contents(connection, pushed) if pushed else []
        # Read after the records: the catalogue of each is in it.
        law = known_law.current(connection)
    # Records are read once nobody waits for these rows any more.
    orders: list[Order] = [
        PushOrder(row=row, opened_at=now, fresh=fresh, parcel=_parcel(row, content, law))
        for (row, fresh), content in zip(pushes, contents, strict=True)
    ]
    return orders + [VerifyOrder(row=row) for row in rest if row.lease_until is not None]


def _close_lapsed(
    connection: Connection, rows: Sequence[Delivery], settings: Mapping[str, TargetSettings]
) -> list[Delivery]:
    """Close what a dead or stopped worker left open, and remember that it may still arrive."""
    suspects = {(r.target, r.subject, r.attempt) for r in rows if r.attempt and (r.lease_until or not r.claimed)}
    if not suspects:
        return list(rows)
    lapsed = {(a.target, a.subject): a for a in attempts.close_lapsed(connection, sorted(suspects))}
    moved = []
    for row in rows:
        attempt = lapsed.get((row.target, row.subject))
        if attempt is None:
            moved.append(row)
            continue
        own = settings[row.target]
        # Checked right before it is sent, a request leaves within its lease or not at all.
        last_sent = row.lease_until or attempt.opened_at + timedelta(seconds=own.lease_s)
        moved.append(transitions.doubted(row, attempt.version, last_sent + own.policy.horizon))
        log.warning("attempt.lapsed", target=row.target, subject=row.subject, attempt=attempt.number, by=attempt.worker)
    return moved


def _moved(
    decided: Sequence[tuple[Delivery, decide.Decision]], now: datetime, settings: Mapping[str, TargetSettings]
) -> tuple[list[tuple[Delivery, bool]], list[Delivery]]:
    """Return the rows after what was decided: those to be pushed, with whether their keys are fresh, and the others."""
    pushes: list[tuple[Delivery, bool]] = []
    rest: list[Delivery] = []
    for row, decision in decided:
        lease = timedelta(seconds=settings[row.target].lease_s)
        match decision:
            case decide.Push(renew=renew):
                fresh = transitions.is_fresh(row, renew=renew)
                pushes.append((transitions.opened(row, now, lease=lease, renew=renew), fresh))
            case decide.Verify():
                rest.append(transitions.leased(row, now, lease=lease))
            case decide.Clear():
                rest.append(transitions.cleared(row))
            case decide.Wait(until=until):
                rest.append(transitions.deferred(row, until))
    return pushes, rest


def _opened(row: Delivery, now: datetime, worker: str) -> attempts.Opened:
    return attempts.Opened(
        target=row.target,
        subject=row.subject,
        number=row.attempt,
        version=row.desired,
        present=row.desired_present,
        idempotency_key=idempotency_key(row),
        worker=worker,
        opened_at=now,
    )


def _parcel(row: Delivery, content: claims.Content, law: Law) -> Parcel | Exception:
    try:
        return parcel_of(row, content, law)
    except Exception as fault:
        log.exception("parcel.failed", target=row.target, subject=row.subject)
        return fault
