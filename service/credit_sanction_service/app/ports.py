"""The ports that `run` needs, taken before anything is started."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from credit_sanction_service.app.stand_ins import reserve_stand_ins
from credit_sanction_service.app.watching import reserve_metrics
from credit_sanction_service.app.watching_api import reserve_api_metrics
from credit_sanction_service.host.ports import Reservation, reserve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction_service.config import Settings

_MOST_WORKERS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """
    The service's port, held for its processes; the stand-in targets' and the metrics' where they are to be, the API's one
    a process.
    """

    service: Reservation
    stand_ins: Reservation | None
    metrics: Reservation | None
    api_metrics: tuple[Reservation, ...] = ()

    def settled(self, settings: Settings) -> Settings:
        """Return the settings with the ports that were taken: port 0 has become one."""
        settings = replace(settings, listen=self.service.address)
        if self.metrics:
            settings = replace(settings, metrics=self.metrics.address)
        return replace(settings, stand_ins=self.stand_ins.address) if self.stand_ins else settings

    def hand_over(self) -> None:
        """Let the others' ports go, for them to take: unlike the service they share them with nobody."""
        for port in (self.stand_ins, self.metrics, *self.api_metrics):
            if port:
                port.close()


@contextmanager
def reserved(settings: Settings) -> Iterator[Ports]:
    """Hold the ports until the block ends. Raises `StartRefused` where one is not to be had."""
    with ExitStack() as held:
        service = held.enter_context(reserve(*settings.address))
        stand_ins = None if settings.targets else held.enter_context(reserve_stand_ins(settings))
        metrics = held.enter_context(reserve_metrics(settings)) if settings.metrics else None
        api_metrics: tuple[Reservation, ...] = ()
        if settings.api_metrics:
            numbers = range(worker_count(settings))
            api_metrics = tuple(held.enter_context(reserve_api_metrics(settings, number)) for number in numbers)
        yield Ports(service=service, stand_ins=stand_ins, metrics=metrics, api_metrics=api_metrics)


def worker_count(settings: Settings) -> int:
    """Return how many API processes `run` starts."""
    if not sys.platform.startswith("linux"):
        return 1  # only Linux spreads connections over processes that listen on one port
    return settings.workers or min(os.cpu_count() or 1, _MOST_WORKERS)
