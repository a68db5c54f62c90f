"""
How a row moves: pure steps from one value to the next, each taken while the row is held.

Between two attempts of one row lies its lease, and attempts are numbered: whoever settles shows his number, so an attempt
that was given up cannot speak for the row any more. What it may have done to the target is remembered as `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.deliveries import Correction, Delivery
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from credit_sanction_service.push.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """
    How an attempt ended. `version`, `generation`, `present`, `lease_until` and `opened_at` are those it was opened with.

    `fresh` says that it was the first under its key: only then can the target not have answered from memory.
    `counts` is False where it does not move the row in its schedule; `may_arrive` is True where what the target refused may
    still reach it, or may have.
    """

    number: int
    version: Revision
    generation: int
    present: bool
    lease_until: datetime | None
    opened_at: datetime
    fresh: bool
    outcome: Outcome
    status: int = 0
    receipt: str = ""
    detail: str = ""
    corrections: tuple[Correction, ...] = ()
    wish_s: float | None = None
    counts: bool = True
    may_arrive: bool = False


class Finding(StrEnum):
    """What reading a target's own entry showed. `WRONG` also where the entry does not say enough."""

    RIGHT = "RIGHT"
    WRONG = "WRONG"
    UNREADABLE = "UNREADABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The end of a verification, with what the row was when it was claimed for it."""

    lease_until: datetime
    unknown_until: datetime
    finding: Finding
    detail: str = ""
    wish_s: float | None = None


def is_fresh(row: Delivery, *, renew: bool) -> bool:
    """Whether the attempt to be opened is the first under its idempotency key."""
    return renew or (row.claimed, row.claimed_generation) != (row.desired, row.generation)


def opened(row: Delivery, now: datetime, *, lease: timedelta, renew: bool) -> Delivery:
    """Begin an attempt: from here on the desired version counts as possibly sent."""
    until = now + lease
    return replace(
        row,
        attempt=row.attempt + 1,
        generation=row.generation + renew,
        claimed=row.desired,
        claimed_generation=row.generation + renew,
        lease_until=until,
        next_attempt_at=until,
        due_since=row.due_since or now,
        rejected=False,
        given_up=False,
        corrections=(),
    )


def is_settled(row: Delivery, now: datetime) -> bool:
    """Whether nothing that was sent before may still arrive."""
    return row.unknown_until is None or row.unknown_until < now


def renewed(row: Delivery) -> Delivery:
    """Say it under a new key: what was opened to repeat what was said before is the first of its own."""
    return replace(row, generation=row.generation + 1, claimed_generation=row.generation + 1)


def leased(row: Delivery, now: datetime, *, lease: timedelta) -> Delivery:
    """Hold the row for a verification."""
    return replace(row, lease_until=now + lease, next_attempt_at=now + lease)


def cleared(row: Delivery) -> Delivery:
    """Owe nothing."""
    return replace(row, unknown=None, unknown_until=None, next_attempt_at=None, lease_until=None)


def deferred(row: Delivery, until: datetime) -> Delivery:
    """Look again at `until`."""
    return replace(row, next_attempt_at=until, lease_until=None)


def doubted(row: Delivery, version: Revision, until: datetime) -> Delivery:
    """
    Remember that `version` may arrive as late as `until`.

    Of several the lowest version and the latest instant are kept: a verification too many does no harm, while forgetting
    an older one because a newer equals what was confirmed would leave the older one standing at the target.
    """
    lowest = version if row.unknown is None else min(version, row.unknown)
    latest = until if row.unknown_until is None else max(until, row.unknown_until)
    return replace(row, unknown=lowest, unknown_until=latest)


def settled(row: Delivery, ending: Ending, now: datetime, policy: Policy, *, dice: float) -> Delivery:
    """End the row's present attempt. `dice` in 0..1 is the jitter."""
    if ending.outcome is Outcome.CONFIRMED:
        return _confirmed(row, ending, now)
    row = replace(row, lease_until=None, changed_at=now)
    if ending.outcome is Outcome.UNKNOWN or ending.may_arrive:
        row = doubted(row, ending.version, now + policy.horizon)
    match ending.outcome:
        case Outcome.REJECTED if _is_current(row, ending):
            # No amendment corrects a withdrawal, and what was lifted must not go on standing there: it is tried again.
            again = None if ending.present else now + timedelta(seconds=policy.schedule[-1])
            return replace(
                row, rejected=True, corrections=ending.corrections, next_attempt_at=again, last_error=ending.detail
            )
        case Outcome.REJECTED:
            return replace(row, next_attempt_at=now)
        case _:
            return _postponed(row, ending, now, policy, dice)


def overtaken(row: Delivery, ending: Ending, now: datetime, policy: Policy) -> Delivery:
    """
    Take note of the end of an attempt that had been given up: a worker that was stopped in the middle and went on later.

    If the target may have taken it, it may have done so after a newer one; so what it holds has to be verified anew.
    """
    if ending.outcome not in {Outcome.CONFIRMED, Outcome.UNKNOWN}:
        return row
    until = now if ending.outcome is Outcome.CONFIRMED else now + policy.horizon
    row = doubted(row, ending.version, until)
    if row.due_since is None and row.lease_until is None:
        return replace(row, next_attempt_at=row.unknown_until)
    return row


def verified(row: Delivery, reading: Reading, now: datetime, policy: Policy, *, dice: float) -> Delivery:
    """End a verification; without effect where the row is not held for it any more."""
    if row.lease_until != reading.lease_until:
        return row
    row = replace(row, lease_until=None)
    if row.due_since is not None:
        return replace(row, next_attempt_at=now)
    match reading.finding:
        case Finding.RIGHT if row.unknown_until == reading.unknown_until:
            return replace(cleared(row), failures=0, last_error="")
        case Finding.RIGHT:
            return replace(row, next_attempt_at=row.unknown_until)
        case Finding.WRONG:
            return repaired(row, now)
        case Finding.UNREADABLE:
            failures = row.failures + 1
            wait = policy.wait(failures, dice=dice, wish_s=reading.wish_s)
            return replace(row, failures=failures, last_error=reading.detail, next_attempt_at=now + wait)


def repaired(row: Delivery, now: datetime) -> Delivery:
    """Push the current state again under a new key: the target was found without what it had confirmed."""
    return replace(row, generation=row.generation + 1, due_since=now, next_attempt_at=now, failures=0, changed_at=now)


def _is_current(row: Delivery, ending: Ending) -> bool:
    return (row.desired, row.generation) == (ending.version, ending.generation)


def _confirmed(row: Delivery, ending: Ending, now: datetime) -> Delivery:
    # Sent after the last instant at which older bytes could arrive, and not answered from memory: it has the last word.
    in_doubt = not (ending.fresh and is_settled(row, ending.opened_at))
    is_current = _is_current(row, ending)
    unknown_until = row.unknown_until if in_doubt else None
    return replace(
        row,
        lease_until=None,
        changed_at=now,
        confirmed=ending.version,
        confirmed_present=ending.present,
        receipt=ending.receipt,
        failures=0,
        last_error="",
        unknown=row.unknown if in_doubt else None,
        unknown_until=unknown_until,
        due_since=None if is_current else row.due_since,
        next_attempt_at=unknown_until if is_current else now,
    )


def _postponed(row: Delivery, ending: Ending, now: datetime, policy: Policy, dice: float) -> Delivery:
    failures = row.failures + ending.counts
    row = replace(row, failures=failures, last_error=ending.detail)
    if ending.outcome is Outcome.NOT_SENT and not ending.counts:
        return replace(row, next_attempt_at=now)  # to wait for one's turn is no attempt
    # Where we never got to ask, nobody has refused anything yet.
    asked = ending.counts or ending.wish_s is not None
    since = max(row.due_since or now, row.tried_since or row.due_since or now)
    if asked and ending.present and _is_current(row, ending) and policy.gives_up(now - since):
        return replace(row, given_up=True, next_attempt_at=None)
    return replace(row, next_attempt_at=now + policy.wait(max(failures, 1), dice=dice, wish_s=ending.wish_s))
