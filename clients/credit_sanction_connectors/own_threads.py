"""Threads for what may block for ever, as a file system that is away does."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class OwnThreads:
    """
    Runs blocking work beside one event loop, at most `most` pieces at a time, apart from everybody else's.

    Who waits for a piece may be cancelled; the piece keeps its place until it ends, if ever. Neither the loop's own threads,
    by which names are resolved, nor the end of the process wait for it.
    """

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, or raise what it raises."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def end(result: T | None, fault: Exception | None) -> None:
            self._free.release()
            if done.cancelled():
                return
            if fault is not None:
                done.set_exception(fault)
            else:
                done.set_result(result)  # type: ignore[arg-type]  # there is one where there is no fault

        def piece() -> None:
            result, fault = None, None
            try:
                result = work()
            except Exception as raised:  # noqa: BLE001 - it is raised where it is waited for
                fault = raised
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(end, result, fault)

        threading.Thread(target=piece, name="file-exchange", daemon=True).start()
        return await done


def in_time(work: Callable[[], T], *, within_s: float, otherwise: T) -> T:
    """Return what `work` returns, or raise what it raises; `otherwise` where it has not ended after `within_s`."""
    done: Future[T] = Future()

    def piece() -> None:
        try:
            done.set_result(work())
        except Exception as raised:  # noqa: BLE001 - it is raised where it is waited for
            done.set_exception(raised)

    threading.Thread(target=piece, name="file-exchange", daemon=True).start()
    return done.result() if wait([done], within_s).done else otherwise
