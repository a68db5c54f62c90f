"""A target's lane: how much of it may be under way, apart from every other's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction_service.push.breaker import Breaker
from credit_sanction_service.push.rate import Rate

if TYPE_CHECKING:
    from credit_sanction_connectors.port import Connector
    from credit_sanction_service.push.settings import TargetSettings


class Lane:
    """
    One target's connector behind its own bounds: concurrency, rate, breaker. Used from one event loop.

    `hungry` says that more was due at the last claim than there was room for.
    """

    def __init__(self, settings: TargetSettings, connector: Connector) -> None:
        self.settings = settings
        self.connector = connector
        self.hungry = False
        self._under_way = 0
        self._rate = Rate(settings.rate_per_s)
        self._breaker = Breaker(failures=settings.breaker_failures, open_s=settings.breaker_open_s)

    def room(self, now: float) -> int:
        """Return how many calls may begin at `now`: waiting for one's turn is done before a claim, not under a lease."""
        free = self.settings.concurrency - self._under_way
        return self._rate.room(now, self._breaker.room(now, free)) if free > 0 else 0

    def begin(self, now: float) -> None:
        """Count a call that begins; `end` follows."""
        self._under_way += 1
        self._rate.spend()
        self._breaker.let_through(now)

    def end(self, now: float, *, answered: bool | None) -> None:
        """Count a call that ended: the target answered, was unavailable, or (None) was not called after all."""
        self._under_way -= 1
        self._breaker.note(now, answered=answered)
