"""Threads for calls: few that work, and substitutes for those that only wait."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import structlog
from typing_extensions import ParamSpec, override

from credit_sanction_service.domain.faults import Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")
_Task = tuple["Ticket", "Callable[..., Any]", tuple[Any, ...], dict[str, Any]]

log: Final = structlog.get_logger()

STUCK_S: Final = 0.05
_LOOK_S: Final = 0.025
_working = threading.local()  # `.worker`: which worker of which pool this thread is


class ElasticPool(ThreadPoolExecutor):
    """
    `threads` that work, and one more for each that waits, at most `most_waiting` of them: a call says so by `waiting()`.

    A call that holds its thread for longer than 50 ms while others queue is taken for one that waits, whatever for: a
    caller that sends its question by dribs, say. For these there are `most_waiting` more threads, so that they take no
    place from those who say so.

    It is made for grpcio: a `ThreadPoolExecutor` because grpcio takes nothing else as a method's own pool, and what
    `submit` returns has `add_done_callback` alone, for a whole `Future` costs 3 µs a call.
    """

    def __init__(self, threads: int, *, most_waiting: int, name: str) -> None:
        super().__init__(max_workers=threads, thread_name_prefix=name)
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._name = name
        self._most_waiting = most_waiting
        self._workers: set[_Worker] = set()
        self._waiting = self._stuck = 0
        self._closed = threading.Event()
        for _ in range(threads):
            self._start()
        self._watch = threading.Thread(target=self._lend_for_the_stuck, name=f"{name}-watch", daemon=True)
        self._watch.start()

    @property
    def waiting(self) -> int:
        """How many calls wait at present, those that merely seem to included."""
        return self._waiting + self._stuck

    @override
    def submit(self, fn: Callable[_Args, _Result], /, *args: _Args.args, **kwargs: _Args.kwargs) -> Future[_Result]:
        """Queue a call, which is to raise nothing. Of what is returned see above."""
        if self._closed.is_set():
            raise RuntimeError("the pool is closed")
        ticket = Ticket()
        self._tasks.put((ticket, fn, args, kwargs))
        return cast("Future[_Result]", ticket)

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls, and with `wait` let those taken end."""
        self._closed.set()
        with self._guard:
            workers = list(self._workers)
        for _ in workers:
            self._tasks.put(None)
        if wait:
            self._watch.join()
            for worker in workers:
                worker.thread.join()

    def _start(self) -> None:
        worker = _Worker(self)
        worker.thread = threading.Thread(target=worker.run, name=self._name, daemon=True)
        self._workers.add(worker)
        worker.thread.start()

    def lend_for(self, worker: _Worker) -> None:
        """Put a substitute to work for a worker that is about to wait. Raises `Overloaded` where too many do."""
        with self._guard:
            if worker.replaced_as == _WAITS:
                return
            if self._waiting >= self._most_waiting:
                raise Overloaded(f"{self._waiting} calls wait already, and no more than that may: ask again later")
            self._waiting += 1
            if worker.replaced_as == _STUCK:
                self._stuck -= 1
            else:
                self._start()
            worker.replaced_as = _WAITS

    def replaced(self, worker: _Worker) -> bool:
        """Whether a substitute has this worker's place, so that it has to go now that its call has ended."""
        with self._guard:
            if worker.replaced_as == _WAITS:
                self._waiting -= 1
            elif worker.replaced_as == _STUCK:
                self._stuck -= 1
            else:
                return False
            self._workers.discard(worker)
            return True

    def _lend_for_the_stuck(self) -> None:
        while not self._closed.wait(_LOOK_S):
            if self._tasks.empty():
                continue
            since = time.monotonic() - STUCK_S
            with self._guard:
                for worker in list(self._workers):
                    if self._stuck >= self._most_waiting:
                        break
                    if worker.busy_since < since and not worker.replaced_as:
                        worker.replaced_as = _STUCK
                        self._stuck += 1
                        self._start()


_WAITS: Final = 1
_STUCK: Final = 2
_IDLE: Final = float("inf")


class _Worker:
    """One thread of a pool. `busy_since`: the monotonic instant at which its present call began."""

    thread: threading.Thread

    def __init__(self, pool: ElasticPool) -> None:
        self.pool = pool
        self.busy_since = _IDLE
        self.replaced_as = 0
        self._tasks = pool._tasks  # noqa: SLF001 - its own pool's

    def lend(self) -> None:
        """Have a substitute take this worker's place. Raises `Overloaded` where too many wait."""
        self.pool.lend_for(self)

    def run(self) -> None:
        """Take calls until the pool closes, or until a substitute has this worker's place."""
        _working.worker = self
        take, now = self._tasks.get, time.monotonic
        while (task := take()) is not None:
            self.busy_since = now()
            ticket, call, args, kwargs = task
            try:
                call(*args, **kwargs)
            except BaseException:
                log.exception("call.broken")  # grpcio's own: ours are answered by the guard
            ticket.end()
            del task, ticket, call, args, kwargs
            self.busy_since = _IDLE
            if self.replaced_as and self.pool.replaced(self):
                return


class Ticket:
    """Tells whoever asks to be told that a call has ended. Callbacks may come before or after that, from another thread."""

    __slots__ = ("_callbacks", "_has_ended")

    def __init__(self) -> None:
        self._callbacks: list[Callable[[Any], object]] = []
        self._has_ended = False

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        """Have `callback` called with this once the call has ended, which may be now."""
        self._callbacks.append(callback)
        if self._has_ended:
            self._tell()

    def end(self) -> None:
        """Tell that the call has ended."""
        self._has_ended = True
        self._tell()

    def _tell(self) -> None:
        while self._callbacks:
            try:
                callback = self._callbacks.pop()
            except IndexError:  # the other thread has told it
                return
            callback(self)


class MustWait(BaseException):
    """A call was about to wait where none may. It passes every handler by, up to who runs the call."""


class _NeverWaiting:
    """Stands for a thread that may not wait, and for its pool."""

    def lend(self) -> None:
        """Raise `MustWait`."""
        raise MustWait


_NEVER_WAITING: Final = _NeverWaiting()


def forbid_waiting() -> None:
    """Have `waiting` raise `MustWait` on this thread from now on."""
    _working.worker = _NEVER_WAITING


def take_time() -> None:
    """Say, before anything is done, that this call computes for milliseconds: raises `MustWait` on a thread that may not wait."""
    if getattr(_working, "worker", None) is _NEVER_WAITING:
        raise MustWait


@contextmanager
def waiting() -> Iterator[None]:
    """
    Say that this call is about to wait: its pool puts another thread to work. Outside an elastic pool it does nothing.
    Raises `Overloaded` where too many calls of the pool wait already.
    """
    worker: _Worker | _NeverWaiting | None = getattr(_working, "worker", None)
    if worker is not None:
        worker.lend()
    yield
