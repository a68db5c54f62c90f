"""Taking due rows: what is to be sent is composed and written down, in the turn's transaction, before a byte leaves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_connectors.port import Parcel, Rejected
from credit_sanction_service.push import decide, transitions
from credit_sanction_service.push.parcels import idempotency_key, parcel_of
from credit_sanction_service.push.session import Aside, here
from credit_sanction_service.store import attempts, claims
from credit_sanction_service.store.deliveries import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.push.lane import Lane
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.law import KnownLaw

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent: the parcel, and the body, with what it was composed of; None where it repeats what nobody knows that of."""

    parcel: Parcel
    body: bytes
    made: attempts.Making | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOrder:
    """An attempt that is open: `row` as claimed for it. `message` is an exception where it cannot be written down."""

    row: Delivery
    opened_at: datetime
    fresh: bool
    message: Message | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOrder:
    """A verification: `row` as held for it."""

    row: Delivery


Order = PushOrder | VerifyOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What became of due rows: `rows` and `opened` are to be written, `orders` to be carried out once that is committed."""

    rows: list[Delivery] = field(default_factory=list)
    opened: list[attempts.Opened] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """Rows as they are to be: those whose attempts begin, each with whether its key is new, and the `rest`."""

    pushes: list[tuple[Delivery, bool]]
    rest: list[Delivery]


def claim(
    connection: Connection,
    held: claims.Held,
    lanes: Mapping[str, Lane],
    *,
    worker: str,
    known_law: KnownLaw,
    aside: Aside = here,
) -> Claimed:
    """
    Say what to do with due rows that the connection's transaction holds. What needs nothing is put away.

    Every lease begins before this is called, by the caller's clock. Raises `LawUnreadable` where this code cannot say what
    the store's records mean.
    """
    if not held.due:
        return Claimed()
    rows = _close_lapsed(connection, held.due, lanes)
    decided = aside(partial(_decided, rows, held.now, lanes))
    if not decided.pushes:
        return _claimed([], decided.rest, worker)
    contents = claims.read_contents(connection, [row for row, _ in decided.pushes])
    law = known_law.at(connection, contents[0].law_version)
    again = [(row.target, row.subject, idempotency_key(row)) for row, fresh in decided.pushes if not fresh]
    said = attempts.said_before(connection, again) if again else {}

    def compose() -> Claimed:
        orders = [
            _order(row, content, law, lanes[row.target], said.get((row.target, row.subject)), held.now, fresh=fresh)
            for (row, fresh), content in zip(decided.pushes, contents, strict=True)
        ]
        return _claimed(orders, decided.rest, worker)

    return aside(compose)


def _decided(rows: Sequence[Delivery], now: datetime, lanes: Mapping[str, Lane]) -> _Decided:
    pushes: list[tuple[Delivery, bool]] = []
    rest: list[Delivery] = []
    for row in rows:
        settings = lanes[row.target].settings
        lease = timedelta(seconds=settings.lease_s)
        match decide.decide(row, now, offers_list=settings.offers_list):
            case decide.Push(renew=renew):
                fresh = transitions.is_fresh(row, renew=renew)
                pushes.append((transitions.opened(row, now, lease=lease, renew=renew), fresh))
            case decide.Verify():
                rest.append(transitions.leased(row, now, lease=lease))
            case decide.Clear():
                rest.append(transitions.cleared(row))
            case decide.Wait(until=until):
                rest.append(transitions.deferred(row, until))
    return _Decided(pushes=pushes, rest=rest)


def _claimed(pushes: Sequence[PushOrder], rest: Sequence[Delivery], worker: str) -> Claimed:
    verified = [VerifyOrder(row=row) for row in rest if row.lease_until is not None]
    return Claimed(
        rows=[*(order.row for order in pushes), *rest],
        opened=[_opened(order, worker) for order in pushes],
        orders=[*pushes, *verified],
    )


def _close_lapsed(connection: Connection, rows: Sequence[Delivery], lanes: Mapping[str, Lane]) -> list[Delivery]:
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
        own = lanes[row.target].settings
        # Checked right before it is sent, a request leaves within its lease or not at all.
        last_sent = row.lease_until or attempt.opened_at + timedelta(seconds=own.lease_s)
        moved.append(transitions.doubted(row, attempt.version, last_sent + own.policy.horizon))
        log.warning("attempt.lapsed", target=row.target, subject=row.subject, attempt=attempt.number, by=attempt.worker)
    return moved


def _order(
    row: Delivery,
    content: claims.Content,
    law: Law,
    lane: Lane,
    said: attempts.Said | None,
    now: datetime,
    *,
    fresh: bool,
) -> PushOrder:
    """
    Return the order for a row that is claimed. What was `said` under its key before goes out to the letter; but where the
    target never took that, none of it may still arrive, and its settings of today write it otherwise, it is said anew under a
    new key.
    """
    if said is not None:
        if said.taken or not transitions.is_settled(row, now) or _is_as_today(row, content, law, lane, said):
            return PushOrder(row=row, opened_at=now, fresh=fresh, message=_repeated(row, content, law, said))
        row, fresh = transitions.renewed(row), True
    return PushOrder(row=row, opened_at=now, fresh=fresh, message=_composed(row, content, law, lane))


def _composed(row: Delivery, content: claims.Content, law: Law, lane: Lane) -> Message | Exception:
    try:
        parcel = parcel_of(row, content, law)
        made = attempts.Making(manner=lane.settings.manner, head=content.head)
        return Message(parcel=parcel, body=lane.connector.compose(parcel), made=made)
    except Exception as fault:  # noqa: BLE001 - it is told of where the attempt ends, not while rows are held
        return fault


def _repeated(row: Delivery, content: claims.Content, law: Law, said: attempts.Said) -> Message | Exception:
    try:
        parcel = parcel_of(row, content, law)
        return Message(parcel=parcel, body=said.body, made=said.made)
    except Exception as fault:  # noqa: BLE001 - as above
        return fault


def _is_as_today(row: Delivery, content: claims.Content, law: Law, lane: Lane, said: attempts.Said) -> bool:
    """Whether the target's settings of today would have written the same; also where nobody can tell."""
    if said.made is None or said.made.manner == lane.settings.manner:
        return True
    today = _composed(row, replace(content, head=said.made.head), law, lane)
    return today.body == said.body if isinstance(today, Message) else not isinstance(today, Rejected)


def _opened(order: PushOrder, worker: str) -> attempts.Opened:
    row = order.row
    message = order.message if isinstance(order.message, Message) else None
    return attempts.Opened(
        target=row.target,
        subject=row.subject,
        number=row.attempt,
        version=row.desired,
        present=row.desired_present,
        idempotency_key=idempotency_key(row),
        worker=worker,
        opened_at=order.opened_at,
        body=message.body if message else None,
        digest=hashlib.sha256(message.body).digest() if message else None,
        made=message.made if message else None,
    )
