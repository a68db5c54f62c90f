"""What the worker tells those who watch it: its log, and an observer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from credit_sanction_service.push.breaker import BreakerState
from credit_sanction_service.push.transitions import Ending
from credit_sanction_service.store.attempts import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from credit_sanction_service.push.settle import Settled

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """How one target's lane stands: its breaker, and how many of its attempts are open."""

    breaker: BreakerState
    in_flight: int


class Observer(Protocol):
    """Who counts what a worker does. Nothing here may block or raise."""

    def begin(self, lanes: Callable[[], Mapping[str, LaneState]]) -> None:
        """Take note that a worker starts; `lanes` says at any time, to any thread, how its lanes stand, by target."""

    def attempt_ended(self, target: str, outcome: Outcome, *, lag_s: float | None) -> None:
        """
        Take note of an attempt that ended; `lag_s`: how long the target was owed what it confirmed by it, None unless it
        then had all that it should have.
        """


class Nobody:
    """Looks away."""

    def begin(self, lanes: Callable[[], Mapping[str, LaneState]]) -> None:
        """See the protocol."""

    def attempt_ended(self, target: str, outcome: Outcome, *, lag_s: float | None) -> None:
        """See the protocol."""


def tell(settled: Sequence[Settled], observer: Observer) -> None:
    """Tell of what was settled: one by one to the observer; to the log what went well by the number, the rest one by one."""
    confirmed: Counter[str] = Counter()
    for one in settled:
        end = one.completion.end
        if isinstance(end, Ending):
            observer.attempt_ended(one.completion.target, end.outcome, lag_s=one.lag_s)
        if isinstance(end, Ending) and end.outcome is Outcome.CONFIRMED:
            confirmed[one.completion.target] += 1
        else:
            _log(one)
    for target, number in confirmed.items():
        log.info("deliveries.confirmed", target=target, number=number)


def _log(one: Settled) -> None:
    where = {"target": one.completion.target, "subject": one.completion.subject}
    match one.completion.end:
        case Ending() as end:
            facts = {
                **where,
                "attempt": end.number,
                "version": str(end.version),
                "present": end.present,
                "outcome": end.outcome.value,
                "status": end.status,
                "detail": end.detail,
            }
            log.info("delivery.rejected" if end.outcome is Outcome.REJECTED else "delivery.postponed", **facts)
            if one.given_up:
                log.error("delivery.given_up", **facts)
        case reading:
            log.info("delivery.verified", **where, finding=reading.finding.value, detail=reading.detail)
