"""A circuit breaker: whether a target is called at all at present. It never touches a row's schedule."""

from __future__ import annotations

from enum import StrEnum


class BreakerState(StrEnum):
    """Calls pass, no call passes, or one call passes to see."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Breaker:
    """
    Opens after `failures` calls in a row that the target was unavailable for, and lets one through every `open_s` then.

    Time is passed in, as seconds of any clock that only goes forward. Every `let_through` is followed by one `note`, which is
    told what that returned: calls that began before it opened end while another is under way to see.
    """

    def __init__(self, *, failures: int, open_s: float) -> None:
        self._limit = failures
        self._open_s = open_s
        self._failures = 0
        self._opened_at: float | None = None
        self._probing = False

    def state(self, now: float) -> BreakerState:
        """Say how it stands."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if now >= self._opened_at + self._open_s else BreakerState.OPEN

    def room(self, now: float, wanted: int) -> int:
        """Return how many of `wanted` calls may pass now."""
        match self.state(now):
            case BreakerState.CLOSED:
                return wanted
            case BreakerState.HALF_OPEN if not self._probing:
                return min(wanted, 1)
            case _:
                return 0

    def let_through(self, now: float) -> bool:
        """Count a call that passes; True where it passes to see."""
        probes = self.state(now) is BreakerState.HALF_OPEN
        self._probing = self._probing or probes
        return probes

    def note(self, now: float, *, answered: bool | None, probe: bool = False) -> None:
        """Take note how a call ended: the target answered, was unavailable, or (None) was not called after all."""
        if probe:
            self._probing = False
        if answered:
            self._failures = 0
            self._opened_at = None
        elif answered is False:
            self._failures += 1
            if self._failures >= self._limit:
                self._opened_at = now
