"""The feed: asks the store for its head every few milliseconds, and has everybody who follows catch up with it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.restrictions.base_directory import BaseDirectory
from credit_sanction_service.restrictions.skew import skew_of
from credit_sanction_service.store.connect import Connection, connect, translated
from credit_sanction_service.store.feed import changes_between, known_at, read_head
from credit_sanction_service.store.law import first_edition_after, load_law
from credit_sanction_service.store.obligations import load_active_exits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.restrictions.index import Index
    from credit_sanction_service.restrictions.law_follower import LawFollower
    from credit_sanction_service.store.values import Head, Revision

log: Final = structlog.get_logger()

_LONGEST_PAUSE: Final = 1.0
_AT_ONCE: Final = 500  # nobody is answered while they are taken in


class Follower(Protocol):
    """Something that keeps up with the store's head, on the feed's connection."""

    def catch_up(self, connection: Connection, head: Head, *, asked_at: float) -> None:
        """Know everything that `head`, asked for at the monotonic instant `asked_at`, stands for."""
        ...


class IndexFollower:
    """
    Keeps an index at the head, and with it the law. `clock` is this machine's; where it is off by more than `most_skew`
    seconds, the index says so. A law that this code cannot read holds both where they are: they grow old. `bases` is where
    the first load comes from, and one after a new epoch.
    """

    def __init__(
        self,
        index: Index,
        law: LawFollower,
        *,
        clock: Callable[[], datetime],
        most_skew: float = 2.0,
        bases: BaseDirectory | None = None,
    ) -> None:
        self._index = index
        self._law = law
        self._bases = bases or BaseDirectory()
        self._clock = clock
        self._most_skew = most_skew
        self._held: Head | None = None
        self._connection: Connection | None = None

    def catch_up(self, connection: Connection, head: Head, *, asked_at: float) -> None:
        """Load everything where nothing, or another epoch, is held; else take in what is new, by whole revisions."""
        skew = skew_of(head, self._clock, asked_at=asked_at)
        self._require_same_history(connection, head)
        known = self._index.revision
        if known is None or known.epoch != head.revision.epoch or known > head.revision:
            if known is not None:
                self._index.overtaken()
            head = self._load(connection)
            known = head.revision
        if not self._law.knows(head.law_version):
            known = self._advance_law(connection, known, head)
        self._advance(connection, known, head.revision)
        self._held = head
        self._index.reached(asked_at=asked_at, clock_in_doubt=skew > self._most_skew)

    def _require_same_history(self, connection: Connection, head: Head) -> None:
        """
        Raise `StoreUnavailable` where the store, asked over a new connection, does not know the revision that is held, or not since
        the same instant: it was restored within its epoch, and its numbers stand for something else now.
        """
        if connection is self._connection:
            return
        held = self._held
        if (
            held is not None
            and held.known_at is not None
            and held.revision.epoch == head.revision.epoch
            and known_at(connection, held.revision) != held.known_at
        ):
            self._index.overtaken()
            raise StoreUnavailable(
                f"the store does not have revision {held.revision} as it was known: it was restored, and nobody has begun another"
                " epoch: run `credit-sanction-service new-epoch`"
            )
        self._connection = connection

    def _load(self, connection: Connection) -> Head:
        started = time.monotonic()
        log.info("index.loading", records=0)
        with self._bases.latest(connection) as (head, base):
            law = load_law(connection)
            exits = load_active_exits(connection)
            changes = list(_changed_records(connection, base.revision, head.revision))
        with self._index.moving():
            self._index.replace(head.revision, base, exits, changes)
            self._law.take(law)
        self._law.reached(head.law_version)
        log.info(
            "index.loaded",
            records=len(base),
            base=str(base.revision),
            changes=len(changes),
            revision=str(head.revision),
            seconds=round(time.monotonic() - started, 3),
        )
        return head

    def _advance_law(self, connection: Connection, known: Revision, head: Head) -> Revision:
        """Go up to the last revision that changed the law, each time changing index and law at once."""
        while loaded := first_edition_after(connection, known, until=head.revision):
            before = replace(loaded, number=loaded.number - 1)
            self._advance(connection, known, before)
            law = load_law(connection, until=loaded)
            changes = changes_between(connection, before, loaded)
            with self._index.moving():
                self._law.take(law)
                self._index.apply(loaded, changes.records, changes.obligations)
            log.info("law.changed", revision=str(loaded), editions=dict(law.names()))
            known = loaded
        self._law.take(load_law(connection, until=head.revision))
        self._law.reached(head.law_version)
        return known

    def _advance(self, connection: Connection, known: Revision, until: Revision) -> None:
        while known < until:
            changes = changes_between(connection, known, until, limit=_AT_ONCE)
            known = changes.revision
            self._index.apply(known, changes.records, changes.obligations)


def _changed_records(connection: Connection, known: Revision, until: Revision) -> Iterator[RecordFacts]:
    while known < until:
        changes = changes_between(connection, known, until)
        known = changes.revision
        yield from changes.records


class Feed:
    """
    A thread that polls. While the store is away it keeps trying; followers grow stale by themselves.

    `interval` is the pause between two questions in seconds; it bounds how soon a commit elsewhere is visible here.
    """

    def __init__(self, dsn: str, followers: Sequence[Follower], *, interval: float = 0.008) -> None:
        self._dsn = dsn
        self._followers = followers
        self._interval = interval
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def wait_until_ready(self, timeout: float | None = None) -> bool:
        """Wait until every follower has caught up once; whether it came to that."""
        return self._ready.wait(timeout)

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        connection: Connection | None = None
        pause = self._interval
        while not self._stop.is_set():
            try:
                connection = connection or connect(self._dsn)
                self._follow(connection)
                pause = self._interval
            except Exception as fault:  # noqa: BLE001 - whatever it was belongs to whoever waits
                log.warning("feed.interrupted", fault=repr(fault))
                if connection is not None:
                    connection.close()
                connection = None
                pause = min(2 * max(pause, 0.05), _LONGEST_PAUSE)
            self._stop.wait(pause)
        if connection is not None:
            connection.close()

    def _follow(self, connection: Connection) -> None:
        asked_at = time.monotonic()
        with translated():
            head = read_head(connection)
            for follower in self._followers:
                follower.catch_up(connection, head, asked_at=asked_at)
        self._ready.set()
