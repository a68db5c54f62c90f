"""How patient we are with a target: what is tried again, when, for how long, and until when its bytes may arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

DEFAULT_SCHEDULE: Final = (1.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0)


class Jitter(StrEnum):
    """What of a wait is left to chance: all of it, its second half, nothing."""

    FULL = "full"
    EQUAL = "equal"
    NONE = "none"


_FIXED_PART: Final = {Jitter.FULL: 0.0, Jitter.EQUAL: 0.5, Jitter.NONE: 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    `schedule` has the longest wait in seconds after the first failure, the second, …; its last one goes on for ever.

    A target's own wish (Retry-After) is honoured up to `retry_after_max_s`. `transient` and `permanent` are statuses and
    codes, as text, that are taken as "not now" and as "never with this data" whatever the connector makes of them.
    A listing that has been tried in vain for `give_up_s` (0: for ever), as it is and without a pause, is left to a person.
    `horizon_s` is how long after its end
    an attempt of unknown outcome may still arrive.
    """

    schedule: tuple[float, ...] = DEFAULT_SCHEDULE
    jitter: Jitter = Jitter.FULL
    retry_after_max_s: float = 3600.0
    transient: frozenset[str] = frozenset()
    permanent: frozenset[str] = frozenset()
    give_up_s: float = 0.0
    horizon_s: float = 60.0

    def wait(self, failures: int, *, dice: float, wish_s: float | None = None) -> timedelta:
        """Return the wait before the attempt after the `failures`-th failure; `dice` in 0..1 is the jitter."""
        longest = self.schedule[min(failures, len(self.schedule)) - 1]
        fixed = _FIXED_PART[self.jitter]
        wish = min(wish_s or 0.0, self.retry_after_max_s)
        return timedelta(seconds=max(longest * (fixed + (1 - fixed) * dice), wish))

    def gives_up(self, age: timedelta) -> bool:
        """Whether a listing that has been tried for so long is tried no more."""
        return 0 < self.give_up_s <= age.total_seconds()

    def is_transient(self, status: int | None, code: str) -> bool:
        """Whether a refusal of the data is to be taken as "not now"."""
        return not self.transient.isdisjoint((str(status), code))

    def is_permanent(self, status: int | None, code: str) -> bool:
        """Whether a "not now" is to be taken as a refusal of the data."""
        return not self.permanent.isdisjoint((str(status), code))

    @property
    def horizon(self) -> timedelta:
        """`horizon_s` as a span."""
        return timedelta(seconds=self.horizon_s)
