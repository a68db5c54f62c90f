"""An operator who has deliveries sent again, pauses targets and lets them go on, while everything falls down."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tests.chaos.actors import Actor
from typing_extensions import override

from credit_sanction import Client, ServiceError

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

EVERY_S: Final = 0.7


class Operator(Actor):
    """Acts at random until stopped; what fails is left. `renewed` are the deliveries for which a new key was asked."""

    def __init__(self, client: Client, dice: random.Random, targets: Sequence[str]) -> None:
        """Nothing is done yet."""
        super().__init__("operator")
        self.renewed: set[str] = set()
        self.acts = 0
        self._client = client
        self._dice = dice
        self._targets = [f"targets/{name}" for name in targets]

    @override
    def act(self) -> None:
        if self.enough.wait(self._dice.expovariate(1 / EVERY_S)):
            return
        with suppress(ServiceError):  # nobody answered, or the moment has passed
            self._act(self._dice.choice(self._targets))
            self.acts += 1

    def _act(self, target: str) -> None:
        match self._dice.randrange(4):
            case 0:
                self._client.retry_deliveries(target, states=["RETRYING", "REJECTED"])
            case 1:
                self._client.pause_target(target, "虚构检修")
                self.enough.wait(self._dice.uniform(0.1, 1.0))
                self._client.resume_target(target)
            case _:
                found = list(self._client.deliveries(target=target, states=["CONFIRMED"], page_size=1_000))
                if found:
                    name = self._dice.choice(found).name
                    self.renewed.add(name)
                    self._client.retry_delivery(name, lost_by_target=True)
