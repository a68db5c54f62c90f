"""The API's metrics, as Prometheus reads them: calls by method and outcome, how long they took, what waits, how old the index is."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from operator import add
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prometheus_client import Metric

    from credit_sanction_service.api.access_log import Entry

API: Final = "credit_sanction_api"
# From a look-up in memory to a call that waits for a revision, or a stream: 50 µs ... 1 ms ... 1 s ... 1 min.
BUCKETS_S: Final = (
    *(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0),
)
_BOUNDS: Final = (*(str(bound) for bound in BUCKETS_S), "+Inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A figure that is read off at a scrape; where `read` returns None there is none to tell."""

    name: str
    meaning: str
    read: Callable[[], float | None]


class CallCounts:
    """Counts of calls, kept by one thread: a reader of the access log."""

    def __init__(self) -> None:
        self._by_outcome = Counter[tuple[str, str]]()
        self._up_to: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def take(self, entries: Sequence[Entry]) -> None:
        """Count these calls."""
        self._by_outcome.update((method, outcome) for _, method, _, outcome, _ in entries)
        times: dict[str, list[float]] = {}
        for _, method, _, _, elapsed in entries:
            times.setdefault(method, []).append(elapsed)
        for method, each in times.items():
            each.sort()
            self._seconds[method] = self._seconds.get(method, 0.0) + sum(each)
            held = self._up_to.get(method, [0] * len(_BOUNDS))
            found = [*(bisect_right(each, bound) for bound in BUCKETS_S), len(each)]
            self._up_to[method] = list(map(add, held, found))

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        calls = CounterMetricFamily(
            f"{API}_calls", "Calls that were answered, by outcome", labels=["method", "outcome"]
        )
        for (method, outcome), number in list(self._by_outcome.items()):
            calls.add_metric([method, outcome], number)
        yield calls
        times = HistogramMetricFamily(
            f"{API}_call_seconds",
            "From when a thread had a call's question to when it had its answer",
            labels=["method"],
        )
        for method, counts in list(self._up_to.items()):
            times.add_metric([method], list(zip(_BOUNDS, counts, strict=True)), self._seconds[method])
        yield times


class ApiMetrics(Collector):
    """All figures of one API process, in a registry of its own. `drain` brings the counts up to date."""

    def __init__(self, counts: CallCounts, gauges: Iterable[Gauge], *, drain: Callable[[], None]) -> None:
        self._counts = counts
        self._gauges = tuple(gauges)
        self._drain = drain
        self.registry = CollectorRegistry()
        self.registry.register(self)

    @override
    def collect(self) -> Iterator[Metric]:
        self._drain()
        yield from self._counts.collect()
        for gauge in self._gauges:
            value = gauge.read()
            if value is not None:
                yield GaugeMetricFamily(f"{API}_{gauge.name}", gauge.meaning, value=value)

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
