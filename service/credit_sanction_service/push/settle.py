"""Writing down how attempts and verifications ended: many in one transaction, each only while its row is still its own."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.push import transitions
from credit_sanction_service.push.transitions import Ending, Reading
from credit_sanction_service.store import attempts, claims
from credit_sanction_service.store.attempts import Closed, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from credit_sanction_service.push.policy import Policy
    from credit_sanction_service.store.attempts import AttemptKey
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.deliveries import Delivery

log: Final = structlog.get_logger()
_EVENTS: Final = {
    Outcome.CONFIRMED: "delivery.confirmed",
    Outcome.REJECTED: "delivery.rejected",
    Outcome.UNAVAILABLE: "delivery.postponed",
    Outcome.UNKNOWN: "delivery.postponed",
    Outcome.NOT_SENT: "delivery.postponed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One piece of work that ended, to be written down. `gone` has the target paused."""

    target: str
    subject: str
    end: Ending | Reading
    gone: bool = False

    @property
    def key(self) -> claims.RowKey:
        """The row."""
        return self.target, self.subject


def settle(
    connection: Connection, completions: Sequence[Completion], policies: Mapping[str, Policy]
) -> list[Completion]:
    """
    Write down how these ended, and return those whose rows were held by another: settle them again.

    Done twice it has the effect of once, so it may be repeated where nobody knows whether the commit came through.
    """
    with connection.transaction():
        held, busy = claims.lock(connection, {completion.key for completion in completions})
        ready = [completion for completion in completions if completion.key not in busy]
        if ready:
            now = max((instant for _, instant in held.values()), default=None) or _clock(connection)
            newly = _close(connection, ready, now)
            rows = {key: row for key, (row, _) in held.items()}
            for completion in ready:
                if completion.key in rows:
                    row = rows[completion.key]
                    rows[completion.key] = _moved(row, completion, now, policies[completion.target], newly)
            claims.write(connection, list(rows.values()))
    for completion in ready:
        _tell(completion)
    # Not in the transaction: a changed targets file takes the target first and then the rows.
    for target in sorted({completion.target for completion in ready if completion.gone}):
        if claims.pause_target(connection, target, _GONE):
            log.error("target.paused", target=target, reason=_GONE)
    return [completion for completion in completions if completion.key in busy]


_GONE: Final = "it answered 410 Gone: it no longer wants to be called"


def _close(connection: Connection, ready: Sequence[Completion], now: datetime) -> set[AttemptKey]:
    endings = [
        (
            (completion.target, completion.subject, completion.end.number),
            Closed(
                outcome=completion.end.outcome,
                status=completion.end.status,
                receipt=completion.end.receipt,
                detail=completion.end.detail,
                closed_at=now,
            ),
        )
        for completion in ready
        if isinstance(completion.end, Ending)
    ]
    return attempts.close_attempts(connection, endings) if endings else set()


def _moved(row: Delivery, completion: Completion, now: datetime, policy: Policy, newly: set[AttemptKey]) -> Delivery:
    """Return the row after `completion`. An attempt speaks for the row if it is its last and nobody closed it before."""
    dice = random.random()  # noqa: S311 - jitter
    match completion.end:
        case Reading() as reading:
            return transitions.verified(row, reading, now, policy, dice=dice)
        case Ending() as ending if row.attempt != ending.number:
            return transitions.overtaken(row, ending, now, policy)
        case Ending() as ending if (*completion.key, ending.number) in newly:
            return transitions.settled(row, ending, now, policy, dice=dice)
        case _:
            return row


def _clock(connection: Connection) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    if row is None:
        raise RuntimeError("the store has no clock")
    now: datetime = row[0]
    return now


def _tell(completion: Completion) -> None:
    match completion.end:
        case Ending() as end:
            log.info(
                _EVENTS[end.outcome],
                target=completion.target,
                subject=completion.subject,
                attempt=end.number,
                version=str(end.version),
                present=end.present,
                outcome=end.outcome.value,
                status=end.status,
                receipt=end.receipt,
                detail=end.detail if end.outcome is not Outcome.CONFIRMED else "",
            )
        case Reading() as reading:
            log.info(
                "delivery.verified",
                target=completion.target,
                subject=completion.subject,
                finding=reading.finding.value,
                detail=reading.detail,
            )
