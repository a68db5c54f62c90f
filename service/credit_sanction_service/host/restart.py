"""Keeping one process alive: when to start it again, and what has become of it."""

import enum
from dataclasses import dataclass
from typing import Protocol

import structlog

from credit_sanction_service.host.refusal import StartRefused

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_MOST_DOUBLINGS = 30


class Part(Protocol):
    """A process that can be kept alive; no method waits for it to be ready."""

    name: str

    def launch(self) -> None:
        """Start it; raises OSError when the system does not let it."""

    def is_ready(self) -> bool:
        """Tell whether it does its work."""

    def exit_code(self) -> int | None:
        """Give its exit code once it has ended, None while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """
    How long to wait before starting again what has died; all in seconds.

    `first` after the first death, doubled after each further one up to `longest`; one that was ready for
    `well_after` counts as having run well, and its next death as the first.
    """

    first: float = 0.1
    longest: float = 15.0
    well_after: float = 10.0

    def delay(self, deaths: int) -> float:
        """Give the wait after this many deaths in a row, 1 being the first."""
        return min(self.longest, self.first * 2.0 ** min(deaths - 1, _MOST_DOUBLINGS))


class State(enum.Enum):
    """Where a kept process stands."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"


class Kept:
    """
    A part and its history: started again whenever it has died, later each time it dies soon.

    `running` says that the part runs and is ready already, as the database does when the supervisor begins. `refused` is
    set, and it is not started again, where it ended before it was ever ready because its configuration is refused.
    """

    def __init__(self, part: Part, policy: RestartPolicy, *, running: bool = False) -> None:
        self.part = part
        self.state = State.READY if running else State.WAITING
        self.was_ever_ready = running
        self.refused = False
        self.next_start = 0.0
        self._policy = policy
        self._deaths = 0
        self._ready_since = 0.0

    def advance(self, now: float) -> int | None:
        """Look at it once, at monotonic time `now`; the answer is its exit code if it was found dead."""
        if self.refused:
            return None
        if self.state is State.WAITING:
            if now >= self.next_start:
                self._launch(now)
            return None
        code = self.part.exit_code()
        if code is not None:
            self._died(now, code)
            return code
        if self.state is State.STARTING and self.part.is_ready():
            self.state = State.READY
            self.was_ever_ready = True
            self._ready_since = now
            log.info("process.ready", process=self.part.name)
        return None

    def _launch(self, now: float) -> None:
        try:
            self.part.launch()
        except OSError as fault:
            log.exception("process.not_started", process=self.part.name, reason=fault.strerror)
            self._postpone(now)
        else:
            self.state = State.STARTING

    def _died(self, now: float, code: int) -> None:
        self.refused = code == StartRefused.EXIT_CODE and not self.was_ever_ready
        if self.refused:
            log.error("process.refused", process=self.part.name)
            return
        if self.state is State.READY and now - self._ready_since >= self._policy.well_after:
            self._deaths = 0
        self._postpone(now)
        log.warning("process.died", process=self.part.name, exit_code=code, again_in=round(self.next_start - now, 2))

    def _postpone(self, now: float) -> None:
        self._deaths += 1
        self.next_start = now + self._policy.delay(self._deaths)
        self.state = State.WAITING
