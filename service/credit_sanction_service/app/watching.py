"""Where the worker's metrics are shown, if anywhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from credit_sanction_service.app.clock import now
from credit_sanction_service.config import parse_address
from credit_sanction_service.host.ports import reserve
from credit_sanction_service.push.figures import StoreFigures
from credit_sanction_service.push.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction_service.config import Settings
    from credit_sanction_service.host.ports import Reservation


def reserve_metrics(settings: Settings) -> Reservation:
    """Hold the port of the metrics, which has to be let go before they are shown; port 0 takes a free one. See `reserve`."""
    host, port = parse_address("metrics", settings.metrics)
    return reserve(host, port, who="The worker's metrics", setting="--metrics or CREDIT_SANCTION_METRICS")


@contextmanager
def shown_metrics(settings: Settings) -> Iterator[Metrics | None]:
    """Answer scrapes until the block ends; None, and nothing, unless that is set. Raises `StartRefused`."""
    if not settings.metrics:
        yield None
        return
    with reserve_metrics(settings) as port:
        host, number, address = port.host, port.port, port.address
    metrics = Metrics(StoreFigures(settings.dsn, clock=now))
    with metrics.served(host, number):
        structlog.get_logger().info("metrics.shown", address=address)
        yield metrics
