"""The ports that `run` needs, taken before anything is started."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from credit_sanction_service.app.stand_ins import reserve_stand_ins
from credit_sanction_service.app.watching import reserve_metrics
from credit_sanction_service.host.ports import Reservation, reserve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction_service.config import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The service's port, held for its processes; the stand-in targets' and the metrics' where they are to be."""

    service: Reservation
    stand_ins: Reservation | None
    metrics: Reservation | None

    def settled(self, settings: Settings) -> Settings:
        """Return the settings with the ports that were taken: port 0 has become one."""
        settings = replace(settings, listen=self.service.address)
        if self.metrics:
            settings = replace(settings, metrics=self.metrics.address)
        return replace(settings, stand_ins=self.stand_ins.address) if self.stand_ins else settings

    def hand_over(self) -> None:
        """Let the others' ports go, for them to take: unlike the service they share them with nobody."""
        for port in (self.stand_ins, self.metrics):
            if port:
                port.close()


@contextmanager
def reserved(settings: Settings) -> Iterator[Ports]:
    """Hold the ports until the block ends. Raises `StartRefused` where one is not to be had."""
    with ExitStack() as held:
        service = held.enter_context(reserve(*settings.address))
        stand_ins = None if settings.targets else held.enter_context(reserve_stand_ins(settings))
        metrics = held.enter_context(reserve_metrics(settings)) if settings.metrics else None
        yield Ports(service=service, stand_ins=stand_ins, metrics=metrics)
