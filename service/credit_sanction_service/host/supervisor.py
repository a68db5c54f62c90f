"""Runs the service's processes on one machine: starts them, keeps them alive, stops them in order."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from credit_sanction_service.host import leftovers
from credit_sanction_service.host.child import Child, ChildProcess
from credit_sanction_service.host.lifeline import Info
from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.host.restart import Kept, Part, RestartPolicy, State
from credit_sanction_service.host.signals import StopRequests

log: structlog.stdlib.BoundLogger = structlog.get_logger()

OnReady = Callable[[Mapping[str, Info]], None]
"""Called once, when every child has announced itself, with what each one said by its name."""

# While something starts its announcement is looked for; otherwise a signal wakes us, and the rest is for lost ones.
_STARTING_SECONDS = 0.02
_IDLE_SECONDS = 0.5
_PROGRESS_SECONDS = 5.0


class Supervisor:
    """
    Keeps children running until it is asked to stop.

    `run_dir` is a claimed data directory's. `also` are parts that run already and are kept alive too, though it is
    not the supervisor that stops them: the embedded database, which outlives the children. `drain_seconds` is the time
    that the children of one stage have to end on SIGTERM; a second request to stop cuts it short.
    """

    def __init__(
        self,
        run_dir: Path,
        children: Sequence[Child],
        *,
        also: Sequence[Part] = (),
        policy: RestartPolicy | None = None,
        drain_seconds: float = 15.0,
    ) -> None:
        if len({child.name for child in children}) != len(children):
            raise ValueError("every child needs a name of its own")
        self._run_dir = run_dir
        self._children = children
        self._also = also
        self._policy = policy or RestartPolicy()
        self._drain_seconds = drain_seconds

    def run(self, on_ready: OnReady) -> int:
        """
        Run until SIGINT, SIGTERM or SIGHUP; for the main thread. The answer is the process's exit code.

        It is 0 after an orderly stop, and 2 when a child that was never ready ended with 2: its configuration is
        refused, it has said so on standard error, and everything is stopped. Whatever ends this call, no child of it
        is left.
        """
        with StopRequests.collected() as requests, _lifeline() as reading_end:
            children = [ChildProcess(child, self._run_dir, reading_end) for child in self._children]
            try:
                return self._keep(children, requests, on_ready)
            finally:
                self._stop(children, requests)
                leftovers.record(self._run_dir, {})

    def _keep(self, children: Sequence[ChildProcess], requests: StopRequests, on_ready: OnReady) -> int:
        kept_children = [Kept(child, self._policy) for child in children]
        everything = [*(Kept(part, self._policy, running=True) for part in self._also), *kept_children]
        recorded: dict[str, int] = {}
        announced = False
        awaited = _Awaited(kept_children)
        while requests.count == 0:
            now = time.monotonic()
            for kept in everything:
                kept.advance(now)
                if kept.refused:
                    return StartRefused.EXIT_CODE
            running = {child.name: child.pid for child in children if child.pid is not None}
            if running != recorded:
                leftovers.record(self._run_dir, running)
                recorded = running
            if not announced and awaited.is_over(now):
                announced = True
                on_ready({child.name: child.info or {} for child in children})
            requests.wait(_pause(everything, now))
        log.info("supervisor.asked_to_stop")
        return 0

    def _stop(self, children: Sequence[ChildProcess], requests: StopRequests) -> None:
        for stage in sorted({child.child.stage for child in children}, reverse=True):
            left = [child for child in children if child.child.stage == stage and child.pid is not None]
            for child in reversed(left):
                child.terminate()
            deadline = time.monotonic() + self._drain_seconds
            # The first request is why we are here; whoever asks again does not want to wait.
            while left and time.monotonic() < deadline and requests.count <= 1:
                requests.wait(min(_IDLE_SECONDS, deadline - time.monotonic()))
                left = [child for child in left if child.pid is not None]
            for child in left:
                log.warning("process.stop_overdue", process=child.name, pid=child.pid)
                child.kill()
        log.info("supervisor.stopped")


class _Awaited:
    """The wait for all children to be ready for the first time, which says now and then for whom it waits."""

    def __init__(self, children: Sequence[Kept]) -> None:
        self._children = children
        self._tell_at = time.monotonic() + _PROGRESS_SECONDS

    def is_over(self, now: float) -> bool:
        missing = [kept.part.name for kept in self._children if kept.state is not State.READY]
        if missing and now >= self._tell_at:
            self._tell_at = now + _PROGRESS_SECONDS
            log.info("process.awaited", processes=missing)
        return not missing


def _pause(everything: Sequence[Kept], now: float) -> float:
    pause = _IDLE_SECONDS
    for kept in everything:
        if kept.state is State.STARTING:
            pause = min(pause, _STARTING_SECONDS)
        if kept.state is State.WAITING:
            pause = min(pause, kept.next_start - now)
    return pause


@contextmanager
def _lifeline() -> Iterator[int]:
    """Give the reading end, for the children, of a pipe whose writing end no other process ever has."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)
