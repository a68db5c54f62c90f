"""What to do with a row that is due: a value. The worker only obeys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credit_sanction_service.store.deliveries import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Send the current state. `renew`: under a new key, for a receiver that remembers keys would answer from memory."""

    renew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Read the target's own entry: an older version may have arrived after the one that it confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """Nothing is owed: what may have arrived late says what the target confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Not before `until`."""

    until: datetime


Decision = Push | Verify | Clear | Wait


def decide(row: Delivery, now: datetime, *, offers_list: bool) -> Decision:
    """
    Say what a due row needs.

    What is not confirmed is pushed. What is confirmed is due only for an attempt of unknown outcome: once its bytes can
    arrive no more, and unless they said the same as what was confirmed, the target is asked what it holds; where it
    cannot be asked it is told again.
    """
    if row.due_since is not None:
        return Push()
    if row.unknown is None or row.unknown_until is None:
        return Clear()
    if now < row.unknown_until:
        return Wait(until=row.unknown_until)
    if row.unknown == row.confirmed:
        return Clear()
    return Verify() if offers_list else Push(renew=True)
