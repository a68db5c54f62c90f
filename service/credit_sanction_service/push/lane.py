"""A target's lane: how much of it may be under way, apart from every other's."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.push.breaker import Breaker, BreakerState
from credit_sanction_service.push.claim import Order
from credit_sanction_service.push.observing import LaneState
from credit_sanction_service.push.rate import Rate

if TYPE_CHECKING:
    from credit_sanction_connectors.port import Connector
    from credit_sanction_service.push.settings import TargetSettings

log: Final = structlog.get_logger()
# How many of a lane's orders may wait for their turn at most.
MOST_AHEAD: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """
    An order of a lane, with the instant, of the worker's clock, by which its lease has ended. `probe`: it is carried out to see
    whether the target is there again.
    """

    order: Order
    lease_ends: float
    probe: bool = False


class Lane:
    """
    One target's connector behind its own bounds: concurrency, rate, breaker. Used from one event loop.

    A target that answers well is claimed for ahead, so that nothing idles while the store is asked: about as much as it
    answers between two turns, which therefore waits for its turn that long. A target that is in trouble, or that may only
    be called so often, is claimed for only as it can be called at once.
    """

    def __init__(self, settings: TargetSettings, connector: Connector) -> None:
        self.settings = settings
        self.connector = connector
        self._waiting: deque[Ticket] = deque()
        self._under_way = 0
        self._answered = 0
        self._rate = Rate(settings.rate_per_s)
        self._breaker = Breaker(failures=settings.breaker_failures, open_s=settings.breaker_open_s)

    def room(self, now: float) -> int:
        """Return how many more may be claimed at `now`; to be asked once for each turn at the store."""
        if self._waiting and self._breaker.state(now) is not BreakerState.CLOSED:
            return 0  # one of these is enough to see
        most = self.settings.concurrency
        ahead = min(2 * self._answered, MOST_AHEAD) if self.settings.rate_per_s is None else 0
        self._answered = 0
        free = most + ahead - self._under_way - len(self._waiting)
        return self._rate.room(now, self._breaker.room(now, free)) if free > 0 else 0

    def take(self, ticket: Ticket) -> None:
        """Have an order wait for its turn: withdrawals before listings."""
        if ticket.order.row.desired_present:
            self._waiting.append(ticket)
        else:
            self._waiting.appendleft(ticket)

    def begin(self, now: float) -> Ticket | None:
        """Return the next order whose turn it is, None where there is none; `end` follows when it has been carried out."""
        if not self._waiting or self._under_way >= self.settings.concurrency or not self._breaker.room(now, 1):
            return None
        self._under_way += 1
        self._rate.spend()
        ticket = self._waiting.popleft()
        return replace(ticket, probe=True) if self._breaker.let_through(now) else ticket

    def end(self, now: float, *, answered: bool | None, probe: bool = False) -> None:
        """
        Count a call that ended: the target answered, was unavailable, or (None) was not called after all.

        `probe` is its ticket's.
        """
        self._under_way -= 1
        was_open = self._breaker.state(now) is not BreakerState.CLOSED
        self._breaker.note(now, answered=answered, probe=probe)
        if (is_open := self._breaker.state(now) is not BreakerState.CLOSED) != was_open:
            tell = log.warning if is_open else log.info
            tell("breaker.opened" if is_open else "breaker.closed", target=self.settings.name)
        self._answered = self._answered + 1 if answered else 0

    def put_back(self) -> list[Order]:
        """Return what waits for its turn; its turn will not come."""
        orders = [ticket.order for ticket in self._waiting]
        self._waiting.clear()
        return orders

    def state(self, now: float) -> LaneState:
        """Say how it stands."""
        return LaneState(breaker=self._breaker.state(now), in_flight=self._under_way + len(self._waiting))

    def is_open(self, now: float) -> bool:
        """Whether the breaker keeps every call away."""
        return self._breaker.state(now) is BreakerState.OPEN
