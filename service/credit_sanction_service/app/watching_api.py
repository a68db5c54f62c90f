"""Where an API process shows its metrics, if anywhere, and what is in them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from credit_sanction_service.api.api_metrics import ApiMetrics, CallCounts, Gauge
from credit_sanction_service.config import parse_address
from credit_sanction_service.domain.faults import SanctionError
from credit_sanction_service.host.ports import reserve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction_service.api.access_log import AccessLog
    from credit_sanction_service.api.server import Server
    from credit_sanction_service.config import Settings
    from credit_sanction_service.host.ports import Reservation
    from credit_sanction_service.restrictions.index import Index


def reserve_api_metrics(settings: Settings, number: int = 0) -> Reservation:
    """Hold the port of the metrics of API process `number`, to be let go before they are shown. See `reserve`."""
    host, port = parse_address("api_metrics", settings.api_metrics)
    return reserve(
        host, port + number if port else 0, who="An API process's metrics", setting="CREDIT_SANCTION_API_METRICS"
    )


def gauges(index: Index, server: Server) -> list[Gauge]:
    """Return what is read off at a scrape."""
    return [
        Gauge(name="index_age_seconds", meaning="How old what the index knows is at most", read=lambda: _age(index)),
        Gauge(
            name="index_revision",
            meaning="Number of the revision that the index is at, within its epoch",
            read=lambda: index.revision.number if index.revision else None,
        ),
        Gauge(
            name="index_epoch",
            meaning="Epoch of the revision that the index is at",
            read=lambda: index.revision.epoch if index.revision else None,
        ),
        Gauge(
            name="waiting_calls",
            meaning="Look-ups that wait for a revision or the database",
            read=lambda: server.hot.waiting,
        ),
        Gauge(name="streams", meaning="Streams that run", read=lambda: server.streams.waiting),
    ]


def _age(index: Index) -> float | None:
    try:
        with index.hold() as view:
            return view.age
    except SanctionError:
        return None  # not loaded yet


@contextmanager
def shown_api_metrics(
    settings: Settings, counts: CallCounts, access_log: AccessLog, *, index: Index, server: Server
) -> Iterator[None]:
    """Answer scrapes until the block ends; nothing unless that is set. Raises `StartRefused`."""
    if not settings.api_metrics:
        yield
        return
    with reserve_api_metrics(settings) as port:
        host, number, address = port.host, port.port, port.address
    with ApiMetrics(counts, gauges(index, server), drain=access_log.drain).served(host, number):
        structlog.get_logger().info("metrics.shown", address=address)
        yield
