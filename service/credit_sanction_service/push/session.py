"""One connection for one kind of work, off the event loop, that comes back when the database does."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_never, wait_random_exponential

from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.store.connect import Connection, connect, translated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Executor

    from tenacity.stop import stop_base

T = TypeVar("T")
log: Final = structlog.get_logger()
STATEMENT_TIMEOUT_MS: Final = 15_000
MOST_WAIT_S: Final = 2.0
_PATIENCE_S: Final = 0.02


class Aside(Protocol):
    """Does a piece of work that has nothing to do with the store, and returns what came of it."""

    def __call__(self, work: Callable[[], T], /) -> T:
        """Do it. Raises what it raises."""
        ...


def here(work: Callable[[], T], /) -> T:
    """Do it at once, in the caller's own thread."""
    return work()


def on_loop(loop: asyncio.AbstractEventLoop) -> Aside:
    """
    Return who has work done in the loop's thread, for the threads of the store to wait for.

    Two threads that compute hand the interpreter to and fro at each of the loop's reads and writes, and half a millisecond
    passes each time: so one computes, and the others only wait for the store. A loop that has no time is not waited for: rows
    are held meanwhile, and it may be one of their writers that has taken its time.
    """

    def aside(work: Callable[[], T], /) -> T:
        done: Future[T] = Future()

        def do() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(work())
            except BaseException as fault:  # noqa: BLE001 - it is the waiting thread's
                done.set_exception(fault)

        loop.call_soon_threadsafe(do)
        try:
            return done.result(_PATIENCE_S)
        except TimeoutError:
            return work() if done.cancel() else done.result()

    return aside


class Session:
    """
    Runs pieces of work one after the other on a connection of its own, in threads of `threads`.

    While the database is away they wait and are run again, so each must be one that may run twice.
    """

    def __init__(self, dsn: str, threads: Executor) -> None:
        self._dsn = dsn
        self._threads = threads
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None

    async def run(
        self,
        work: Callable[[Connection], T],
        *,
        stop: stop_base = stop_never,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> T:
        """Do `work`, as often as it takes until the database answers or `stop` has it raise `StoreUnavailable`."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(StoreUnavailable),
            wait=wait_random_exponential(multiplier=0.1, max=MOST_WAIT_S),
            stop=stop,
            sleep=sleep,
            before_sleep=_tell,
            reraise=True,
        )
        async with self._turn:
            return await retrying(self._once, work)

    async def close(self) -> None:
        """Close the connection."""
        async with self._turn:
            await self._in_thread(self._drop)

    async def _once(self, work: Callable[[Connection], T]) -> T:
        return await self._in_thread(lambda: self._work(work))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        done = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            # A thread cannot be cancelled; the connection is its own until it ends.
            await asyncio.wait([done])
            raise

    def _work(self, work: Callable[[Connection], T]) -> T:
        done = False
        try:
            if self._connection is None:
                self._connection = _connected(self._dsn)
            with translated():
                result = work(self._connection)
            done = True
            return result
        finally:
            if not done:
                self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connected(dsn: str) -> Connection:
    connection = connect(dsn)
    # A database that neither answers nor goes away must not hold the worker for ever.
    with translated():
        connection.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
    return connection


def _tell(state: RetryCallState) -> None:
    if state.attempt_number == 1:
        log.warning("store.lost", fault=str(state.outcome and state.outcome.exception()))
