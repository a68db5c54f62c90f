"""The worker's metrics, as Prometheus reads them: what this worker does, and what the store says of the targets."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from credit_sanction_service.push.breaker import BreakerState
from credit_sanction_service.store.attempts import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client import Metric

    from credit_sanction_service.push.figures import Figures, StoreFigures
    from credit_sanction_service.push.observing import LaneState

PUSH: Final = "credit_sanction_push"
# From a target beside us to one that is away for a week: 5 ms, ... 1 min, 5 min, 15 min, 1 h, 4 h, 1 d, 3 d, 7 d.
LAG_BUCKETS_S: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    *(60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0, 259_200.0, 604_800.0),
)
_BREAKER: Final = {BreakerState.CLOSED: 0.0, BreakerState.HALF_OPEN: 1.0, BreakerState.OPEN: 2.0}
_TARGET: Final = ["target"]


class Metrics:
    """
    An observer of one worker whose counts are there to be scraped, in a registry of its own.

    What the store says is asked for at a scrape; where it does not answer, `credit_sanction_store_up` is 0 and its figures
    are left out, while the worker's own stay.
    """

    def __init__(self, figures: StoreFigures) -> None:
        """Nothing is asked yet; `figures` are closed when `served` ends."""
        self.registry = _Registry()
        self._attempts = Counter(
            f"{PUSH}_attempts", "Attempts that ended, by outcome", [*_TARGET, "outcome"], registry=self.registry
        )
        self._lag = Histogram(
            f"{PUSH}_lag_seconds",
            "From when a target was owed something to when it had confirmed all that it should have",
            _TARGET,
            buckets=LAG_BUCKETS_S,
            registry=self.registry,
        )
        self._figures = figures
        self._standing = _Standing(figures)
        self.registry.register(self._standing)

    def begin(self, lanes: Callable[[], Mapping[str, LaneState]]) -> None:
        """See the observer: every series is there from here on, so that what happens first is a step from nought."""
        self._standing.lanes = lanes
        for target in lanes():
            self._lag.labels(target)
            for outcome in Outcome:
                self._attempts.labels(target, outcome.value)

    def attempt_ended(self, target: str, outcome: Outcome, *, lag_s: float | None) -> None:
        """See the observer."""
        self._attempts.labels(target, outcome.value).inc()
        if lag_s is not None:
            self._lag.labels(target).observe(lag_s)

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[int]:
        """Answer scrapes on this address until the block ends; its value is the port. Raises `OSError`."""
        server, thread = start_http_server(port, host, self.registry)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            self._figures.close()


class _Registry(CollectorRegistry):
    """A registry that leaves out when each series was made: nobody asks for it, and it is as many lines again."""

    @override
    def collect(self) -> Iterable[Metric]:
        for family in super().collect():
            # Of this registry alone: the library's own switch is for the whole process.
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


class _Standing(Collector):
    """What is read off at a scrape: the lanes of this worker, and the store."""

    lanes: Callable[[], Mapping[str, LaneState]]

    def __init__(self, figures: StoreFigures) -> None:
        self.lanes = dict
        self._figures = figures

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        lanes = self.lanes()
        yield _gauge(
            "breaker_state",
            "Whether the target is called: 0 closed (yes), 1 half-open (one call, to see), 2 open (no)",
            {name: _BREAKER[lane.breaker] for name, lane in lanes.items()},
        )
        yield _gauge(
            "in_flight", "Deliveries that this worker has taken", {name: lane.in_flight for name, lane in lanes.items()}
        )
        figures = self._figures.read()
        yield GaugeMetricFamily(
            "credit_sanction_store_up",
            "Whether the store answered (1) at this scrape",
            value=float(figures is not None),
        )
        if figures is not None:
            yield from _of_store(figures)


def _of_store(figures: Figures) -> Iterator[GaugeMetricFamily]:
    rows = figures.undelivered
    yield _gauge("backlog", "Deliveries that the target has not confirmed", {row.target: row.backlog for row in rows})
    yield _gauge(
        "oldest_undelivered_seconds",
        "For how long the oldest of them has been due, 0 where there is none",
        {row.target: row.oldest_s for row in rows},
    )
    if figures.past_due is not None:
        yield _gauge(
            "past_due_deliveries",
            "Deliveries past the day by which the target must have been told by law",
            {row.target: figures.past_due.get(row.target, 0) for row in rows},
        )
    yield _gauge("rejected", "Deliveries whose data the target refuses", {row.target: row.rejected for row in rows})
    yield _gauge("given_up", "Deliveries that are tried no more", {row.target: row.given_up for row in rows})
    yield _gauge("target_paused", "Whether the target is paused (1)", {row.target: row.paused for row in rows})


def _gauge(name: str, meaning: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{PUSH}_{name}", meaning, labels=_TARGET)
    for target, value in values.items():
        family.add_metric([target], float(value))
    return family
