"""Compaction: when much has changed since the base, a thread of its own makes a later one, and the overlay is short again."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.domain.faults import RevisionNotReached
from credit_sanction_service.restrictions.base_directory import Interrupted
from credit_sanction_service.store.connect import Connection, connect, translated

if TYPE_CHECKING:
    from credit_sanction_service.restrictions.base_directory import BaseDirectory
    from credit_sanction_service.restrictions.index import Index
    from credit_sanction_service.store.values import Head, Revision

log: Final = structlog.get_logger()

_PAUSE_S: Final = 30.0
_LONGEST_WAIT_S: Final = 60.0
_LOOK_S: Final = 0.5


class Compaction:
    """
    A follower of the feed, which goes on meanwhile: it wakes the thread once more records are in the overlay than there should
    be. Where that did not help, the next attempt comes after `pause` seconds.
    """

    def __init__(self, dsn: str, index: Index, bases: BaseDirectory, *, pause: float = _PAUSE_S) -> None:
        self._dsn = dsn
        self._index = index
        self._bases = bases
        self._pause = pause
        self._wanted = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="compaction", daemon=True)

    def start(self) -> None:
        """Begin to wait for work."""
        self._thread.start()

    def close(self) -> None:
        """Stop, soon."""
        self._stop.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()

    def catch_up(self, connection: Connection, head: Head, *, asked_at: float) -> None:  # noqa: ARG002 - the port
        """Wake the thread if there is work."""
        if self._is_wanted():
            self._wanted.set()

    def _is_wanted(self) -> bool:
        base = self._index.base
        return self._index.overlaid > self._bases.most_overlaid(len(base) if base is not None else 0)

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._stop.is_set():
                return
            try:
                if self._is_wanted():
                    self._compact()
            except Interrupted:
                return
            except Exception as fault:  # noqa: BLE001 - the index is whole without it; the next attempt may succeed
                log.warning("index.compaction_failed", fault=repr(fault))
            if self._is_wanted():
                self._stop.wait(self._pause)

    def _compact(self) -> None:
        started = time.monotonic()
        with (
            translated(),
            connect(self._dsn) as connection,
            self._bases.latest(connection, stop=self._stop) as (_, base),
        ):
            pass
        self._wait_for(base.revision)
        if self._index.rebase(base):
            log.info(
                "index.compacted",
                records=len(base),
                revision=str(base.revision),
                seconds=round(time.monotonic() - started, 3),
            )

    def _wait_for(self, revision: Revision) -> None:
        """Wait until the index has come to it: the base was read from the store, and may be ahead."""
        until = time.monotonic() + _LONGEST_WAIT_S
        while True:
            try:
                return self._index.wait_for(revision, timeout=_LOOK_S)
            except RevisionNotReached:
                if self._stop.is_set():
                    raise Interrupted from None
                if time.monotonic() > until:
                    raise
