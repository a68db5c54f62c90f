"""One turn at the store: what has ended is written down and what is due is taken, in one short transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.push.claim import Claimed, Order, claim
from credit_sanction_service.push.outcomes import storable
from credit_sanction_service.push.session import Aside, here
from credit_sanction_service.push.settle import GONE, Completion, Settled, closings, settle
from credit_sanction_service.push.transitions import Ending, Finding, Reading
from credit_sanction_service.store import claims
from credit_sanction_service.store.attempts import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from credit_sanction_service.push.lane import Lane
    from credit_sanction_service.store.attempts import AttemptKey, Closed
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.law import KnownLaw

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What came of it: `orders` to carry out, what was `settled`, and what is `busy` and has to be brought again."""

    orders: list[Order]
    settled: list[Settled]
    busy: list[Completion]


def take_turn(
    connection: Connection,
    room: Mapping[str, int],
    ended: Sequence[Completion],
    lanes: Mapping[str, Lane],
    *,
    worker: str,
    known_law: KnownLaw,
    aside: Aside = here,
) -> Turn:
    """
    Settle `ended`, and open attempts, as `worker`, for due rows, at most `room` for each target.

    It is committed durably before this returns, attempts with the bodies that are to be sent; and three statements long, one
    more where answers came late, for the rows are held against the writers all the while. Raises `LawUnreadable`, and does
    nothing, where this code cannot say what the store's records mean; and `Unwritable` where the store cannot hold what a
    target has answered: see `settle_each`.
    """
    wants = [
        claims.Want(target=name, digest=lanes[name].settings.digest, slots=slots)
        for name, slots in sorted(room.items())
        if slots > 0
    ]
    with connection.transaction():
        found = claims.hold(connection, wants, {completion.key for completion in ended})
        held, settled, late = aside(partial(_settled, found, ended, lanes))
        claimed = claim(connection, held, lanes, worker=worker, known_law=known_law, aside=aside)
        claims.enter(connection, aside(partial(_entries, held, settled, claimed)))
        answered_late = claims.enter_late(connection, late)
    if answered_late:
        log.warning("attempts.answered_late", count=answered_late)
    # Not in the transaction: a changed targets file takes the target first and then the rows.
    for target in sorted({one.completion.target for one in settled if one.completion.gone}):
        if claims.pause_target(connection, target, GONE):
            log.error("target.paused", target=target, reason=GONE)
    busy = [completion for completion in ended if completion.key in held.busy]
    return Turn(orders=claimed.orders, settled=settled, busy=busy)


def _settled(
    found: claims.Found, ended: Sequence[Completion], lanes: Mapping[str, Lane]
) -> tuple[claims.Held, list[Settled], list[tuple[AttemptKey, Closed]]]:
    held = found.read()
    settled = settle(held, ended, lanes)
    return held, settled, closings([one for one in settled if one.is_late], held)


def _entries(held: claims.Held, settled: Sequence[Settled], claimed: Claimed) -> claims.Entries:
    moved = {one.completion.key: one.after for one in settled if one.after is not None}
    return claims.entries_of([*moved.values(), *claimed.rows], claimed.opened, closings(settled, held))


def settle_each(take: Callable[[Mapping[str, int], Sequence[Completion]], Turn], ended: Sequence[Completion]) -> Turn:
    """
    Settle `ended` each in a turn of its own, by `take`. One that the store cannot hold ends as of unknown outcome, with that
    as its detail: what a target answers holds up nobody else.
    """
    turns = []
    for completion in ended:
        try:
            turns.append(take({}, [completion]))
        except claims.Unwritable as fault:
            log.error("attempt.unwritable", target=completion.target, subject=completion.subject, fault=str(fault))  # noqa: TRY400 - what was answered is no part of a log
            turns.append(take({}, [_unwritable(completion, fault)]))
    return Turn(
        orders=[],
        settled=[one for turn in turns for one in turn.settled],
        busy=[one for turn in turns for one in turn.busy],
    )


def _unwritable(completion: Completion, fault: claims.Unwritable) -> Completion:
    detail = storable(f"its end could not be written down: {fault}")
    match completion.end:
        case Ending() as end:
            unknown = replace(
                end,
                outcome=Outcome.UNKNOWN,
                status=0,
                receipt="",
                detail=detail,
                corrections=(),
                wish_s=None,
                counts=True,
            )
            return replace(completion, end=unknown)
        case Reading() as end:
            return replace(completion, end=replace(end, finding=Finding.UNREADABLE, detail=detail, wish_s=None))
