"""How the stand-ins fail at random: a script that is drawn anew for every call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from credit_sanction_connectors.standins.behaviour import Behaviour, Script

if TYPE_CHECKING:
    import random

    from credit_sanction_connectors.standins.behaviour import Call

# Of a hundred calls, how many are answered so. A late one arrives long after its client has given up, and still
# within the horizon that the targets file promises.
PUSHES: Final = {
    "well": 70.0,
    "503": 4.0,
    "429": 2.0,
    "500": 3.0,
    "502": 1.0,
    "hang": 2.0,
    "cut": 4.0,
    "cut_after_accept": 5.0,
    "late": 5.0,
    "twice": 3.5,
    "reject": 0.5,
}
READS: Final = {"well": 85.0, "503": 6.0, "cut": 6.0, "hang": 3.0}
PAGES: Final = {"well": 90.0, "stale_page": 4.0, "503": 3.0, "cut": 2.0, "hang": 1.0}
LATEST_S: Final = 1.8
SECOND_ANSWERS_S: Final = (0.0, 0.002, 0.02)


class Weather(Script):
    """Plays well until `bad` is set; `spell` has every push played in one way while it is set."""

    def __init__(self, dice: random.Random) -> None:
        """Take the dice of one stand-in."""
        super().__init__()
        self.bad = False
        self.spell = ""
        self._dice = dice

    @override
    def next(self, on: Call, *names: str) -> Behaviour | None:
        """Draw what to play; None means to behave well."""
        if not self.bad:
            return None
        odds = {"push": PUSHES, "read": READS, "page": PAGES}[on]
        mode = self.spell if self.spell and on == "push" else self._dice.choices([*odds], [*odds.values()])[0]
        if mode == "well":
            return None
        return Behaviour(mode=mode, on=on, after=self._after(mode), retry_after=self._wish(mode))

    def _after(self, mode: str) -> float | None:
        match mode:
            case "late":
                return self._dice.uniform(0.01, LATEST_S)
            case "twice":
                return self._dice.choice(SECOND_ANSWERS_S)
            case _:
                return None

    def _wish(self, mode: str) -> int | None:
        return self._dice.choice((None, 1)) if mode in {"429", "503"} else None
