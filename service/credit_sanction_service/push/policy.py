"""How patient we are with a target: when a failed push is tried again, and how long its bytes may still arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

DEFAULT_SCHEDULE: Final = (1.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    `schedule` has the longest wait in seconds after the first failure, the second, …; its last one goes on for ever.

    A target's own wish (Retry-After) is honoured up to `retry_after_max_s`. `horizon_s` is how long after its end an
    attempt of unknown outcome may still arrive.
    """

    schedule: tuple[float, ...] = DEFAULT_SCHEDULE
    retry_after_max_s: float = 3600.0
    horizon_s: float = 60.0

    def wait(self, failures: int, *, dice: float, wish_s: float | None = None) -> timedelta:
        """Return the wait before the attempt after the `failures`-th failure: full jitter by `dice` in 0..1."""
        longest = self.schedule[min(failures, len(self.schedule)) - 1]
        wish = min(wish_s or 0.0, self.retry_after_max_s)
        return timedelta(seconds=max(longest * dice, wish))

    @property
    def horizon(self) -> timedelta:
        """`horizon_s` as a span."""
        return timedelta(seconds=self.horizon_s)
