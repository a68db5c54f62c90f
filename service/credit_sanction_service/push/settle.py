"""Writing down how attempts and verifications ended: each only while its row is still its own."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from credit_sanction_service.push import transitions
from credit_sanction_service.push.transitions import Ending, Reading
from credit_sanction_service.store.attempts import Closed
from credit_sanction_service.store.deliveries import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credit_sanction_service.push.lane import Lane
    from credit_sanction_service.push.policy import Policy
    from credit_sanction_service.store.attempts import AttemptKey
    from credit_sanction_service.store.claims import Held, RowKey

GONE: Final = "it answered 410 Gone: it no longer wants to be called"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One piece of work that ended, to be written down. `gone` has the target paused."""

    target: str
    subject: str
    end: Ending | Reading
    gone: bool = False

    @property
    def key(self) -> RowKey:
        """The row."""
        return self.target, self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """
    A completion with its row before and after it; both None where there is no such row any more.

    `lag_s` is how long the target was owed what it has now confirmed, None where it has not.
    """

    completion: Completion
    before: Delivery | None
    after: Delivery | None

    @property
    def lag_s(self) -> float | None:
        """Seconds from when the row became due to its confirmation."""
        if self.before is None or self.before.due_since is None or self.after is None or self.after.due_since:
            return None
        return (self.after.changed_at - self.before.due_since).total_seconds()

    @property
    def is_late(self) -> bool:
        """Whether an attempt had no say in it any more: another may have closed it before."""
        match self.completion.end:
            case Ending() as end:
                return self.before is None or not _speaks(self.before, end)
            case Reading():
                return False

    @property
    def given_up(self) -> bool:
        """Whether the row is left to a person by it."""
        return self.after is not None and self.after.given_up


def settle(held: Held, completions: Sequence[Completion], lanes: Mapping[str, Lane]) -> list[Settled]:
    """
    Say what becomes of the held rows as these have ended. Those that are busy with another are left out: settle them again.

    Done twice it has the effect of once, so it may be repeated where nobody knows whether the commit came through.
    """
    rows = dict(held.own)
    settled = []
    for completion in completions:
        if completion.key in held.busy:
            continue
        before = after = rows.get(completion.key)
        if before is not None:
            after = _moved(before, completion.end, held, lanes[completion.target].settings.policy)
            rows[completion.key] = after
        settled.append(Settled(completion=completion, before=before, after=after))
    return settled


def closings(settled: Sequence[Settled], held: Held) -> list[tuple[AttemptKey, Closed]]:
    """Return how the attempts among them are to be closed."""
    return [
        (
            (one.completion.target, one.completion.subject, end.number),
            Closed(
                outcome=end.outcome,
                status=end.status,
                receipt=end.receipt,
                detail=end.detail,
                closed_at=held.now,
            ),
        )
        for one in settled
        if isinstance(end := one.completion.end, Ending)
    ]


def _speaks(row: Delivery, end: Ending) -> bool:
    """Whether an attempt speaks for its row: it is the last, and has its lease, for nobody closed it before."""
    return row.attempt == end.number and row.lease_until == end.lease_until


def _moved(row: Delivery, end: Ending | Reading, held: Held, policy: Policy) -> Delivery:
    """Return the row after `end`."""
    dice = random.random()  # noqa: S311 - jitter
    match end:
        case Reading():
            return transitions.verified(row, end, held.now, policy, dice=dice)
        case Ending() if row.attempt != end.number:
            return transitions.overtaken(row, end, held.now, policy)
        case Ending() if _speaks(row, end):
            return transitions.settled(row, end, held.now, policy, dice=dice)
        case _:
            return row
