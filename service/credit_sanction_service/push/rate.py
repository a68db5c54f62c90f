"""A target's rate: so many calls a second, counted before a row is claimed, so that nobody waits under a lease."""

from __future__ import annotations


class Rate:
    """A bucket of tokens, `per_s` dropping in a second, at most a second's worth. None: no bound."""

    def __init__(self, per_s: float | None) -> None:
        self._per_s = per_s
        self._most = max(per_s or 0.0, 1.0)
        self._tokens = self._most
        self._filled_at: float | None = None

    def room(self, now: float, wanted: int) -> int:
        """Return how many of `wanted` calls may begin now; `now` in seconds of a clock that only goes forward."""
        if self._per_s is None:
            return wanted
        since = now if self._filled_at is None else self._filled_at
        self._tokens = min(self._most, self._tokens + (now - since) * self._per_s)
        self._filled_at = now
        return min(wanted, int(self._tokens))

    def spend(self) -> None:
        """Count one call that begins."""
        self._tokens -= 1
