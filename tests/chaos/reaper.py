"""Kills processes at random moments, and stops workers for longer than their leases."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tests.chaos.actors import Actor
from tests.chaos.places import LEASE_S
from typing_extensions import override

if TYPE_CHECKING:
    import random
    import threading
    from collections.abc import Mapping

    from tests.chaos.running import Running, Victim

ODDS: Final[Mapping[Victim, float]] = {"worker": 42, "api": 24, "backend": 18, "postmaster": 16}
# On average; a stopped worker wakes up between a little and much later than its leases end.
STOPS_EVERY_S: Final = 3.0
AIMED_STOPS: Final = 0.8
STOPPED_S: Final = (LEASE_S + 0.1, LEASE_S + 2.0)


class Reaper(Actor):
    """
    Kills `kills` processes with SIGKILL, one about every `pace_s` seconds; stops one worker now and then besides, mostly
    while it speaks: where `stirred` is set, a target has just been told something, and more of the same claim is on its way.

    `killed` counts by sort, `stopped` the stops. When it has ended, nobody is left stopped.
    """

    def __init__(
        self, running: Running, dice: random.Random, stirred: threading.Event, *, kills: int, pace_s: float
    ) -> None:
        """Nothing is killed yet."""
        super().__init__("reaper")
        self.killed: Counter[Victim] = Counter()
        self.stopped = 0
        self._running = running
        self._dice = dice
        self._stirred = stirred
        self._kills = kills
        self._pace_s = pace_s
        self._sleeper = 0
        self._next_kill = time.monotonic() + self._soon(pace_s)
        # Of the worker that is stopped its waking, else the next stop.
        self._next_turn = time.monotonic() + self._soon(STOPS_EVERY_S)

    @override
    def act(self) -> None:
        if self.killed.total() >= self._kills:
            self.stop()
        elif self.enough.wait(max(min(self._next_kill, self._next_turn) - time.monotonic(), 0)):
            return
        elif self._next_turn < self._next_kill:
            self._wake() if self._sleeper else self._stop_one()
        else:
            self._kill_one()
            self._next_kill = time.monotonic() + self._soon(self._pace_s)

    @override
    def leave(self) -> None:
        self._wake()

    def _kill_one(self) -> None:
        sort = self._dice.choices([*ODDS], [*ODDS.values()])[0]
        pids = self._running.pids(sort)
        if pids and _signalled(self._dice.choice(pids), signal.SIGKILL):
            self.killed[sort] += 1

    def _stop_one(self) -> None:
        pids = self._running.pids("worker")
        self._next_turn = time.monotonic() + 0.1
        if not pids:
            return
        pid = self._dice.choice(pids)
        if self._dice.random() < AIMED_STOPS:
            self._stirred.clear()
            self._stirred.wait(timeout=0.5)
        if _signalled(pid, signal.SIGSTOP):
            self.stopped += 1
            self._sleeper = pid
            self._next_turn = time.monotonic() + self._dice.uniform(*STOPPED_S)

    def _wake(self) -> None:
        # It may have been killed meanwhile, and its number given to another: only a worker of the house is woken.
        if self._sleeper in self._running.pids("worker"):
            _signalled(self._sleeper, signal.SIGCONT)
        self._sleeper = 0
        self._next_turn = time.monotonic() + self._soon(STOPS_EVERY_S)

    def _soon(self, mean_s: float) -> float:
        return self._dice.expovariate(1 / mean_s)


def _signalled(pid: int, number: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False
