"""The end of the change log, for all who watch it: one reading of each page, whoever waits for it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, TypeVar

from credit_sanction_service.domain.faults import EpochChanged, RevisionNotReached, StoreUnavailable
from credit_sanction_service.restrictions.skew import skew_of
from credit_sanction_service.store.as_of import WHOLE, Place, require_reached
from credit_sanction_service.store.connect import Reader
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.watching import ChangesPage, changes_after

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.values import Head, Revision

T = TypeVar("T")

# A heartbeat says that nothing has happened that was not told, up to 5 seconds before: not by whoever has lost sight of the
# store for longer, and not behind a head that was known for longer.
_STALE_S: Final = 4.0
_SLACK_S: Final = 1.0


class Tail:
    """
    Knows how far the log goes, as a follower of the feed, behind the index: what is told here can be looked up here. Pages are
    read by whoever needs one first, on connections of its own, and remembered for the others, `page_size` changes each.
    """

    def __init__(
        self,
        dsn: str,
        *,
        clock: Callable[[], datetime] | None = None,
        most_skew: float = 2.0,
        connections: int = 4,
        page_size: int = 250,
        remembered: int = 16,
    ) -> None:
        """`clock` is the one that tells readers what day it is; where it is off by more than `most_skew` seconds, nothing is told."""
        self._clock = clock
        self._most_skew = most_skew
        self._skew = 0.0
        self._reader = Reader(dsn, size=connections)
        self._page_size = page_size
        self._remembered = remembered
        self._moved = threading.Condition()
        self._head: Revision | None = None
        self._turns = 0  # how often the log did not go on from where it ended
        self._asked_at = float("-inf")
        self._heads: deque[tuple[float, Revision]] = (
            deque()
        )  # since when each was known, the last one of before the slack first
        self._stopping = False
        self._pages: OrderedDict[Place, Future[ChangesPage]] = OrderedDict()

    def catch_up(self, connection: Connection, head: Head, *, asked_at: float) -> None:  # noqa: ARG002 - the follower's port
        """Let everybody who waits know where the log ends now."""
        with self._moved:
            self._asked_at = asked_at
            if self._clock is not None:
                self._skew = skew_of(head, self._clock, asked_at=asked_at)
            if self._head == head.revision:
                return
            if self._head is not None and not _leads_on(self._head, head.revision):
                self._pages.clear()
                self._turns += 1
            self._head = head.revision
            self._heads.append((asked_at, head.revision))
            while len(self._heads) > 1 and self._heads[1][0] < asked_at - _SLACK_S:
                self._heads.popleft()
            self._moved.notify_all()

    @property
    def turns(self) -> int:
        """How often the log was found not to go on from where it ended: restored, and so another. See `wait`."""
        return self._turns

    def begin(self, after: Revision | None) -> Place:
        """
        Return where to begin: behind `after`, None: behind the present head. Raises `EpochChanged` for another epoch's,
        `RevisionNotReached` for one that was never committed, `StoreUnavailable`.
        """
        if after is None:
            return Place(revision=self.ask(read_head).revision)
        with self._moved:
            known = self._head
        if known is None or known.epoch != after.epoch or known < after:  # another process may know more already
            known = self.ask(read_head).revision
        if known.epoch != after.epoch:
            raise EpochChanged(f"the store is in epoch {known.epoch}, not {after.epoch}: take the Export again")
        if known < after:
            raise RevisionNotReached(
                f"there is no revision {after.told} yet: this service is at {known.told}", head=known.told
            )
        return Place(revision=after)

    def wait(self, place: Place, *, turns: int, timeout: float, left: Callable[[], bool]) -> bool:
        """
        Wait until there is more than `place`, at most `timeout` seconds or until `left`; whether there is. Raises
        `StoreUnavailable` at a stop, and where nobody knows any more what there is; `EpochChanged`, also where the log is
        another than it was at `turns`.
        """

        def has_news() -> bool:
            return self._stopping or self._turns != turns or left() or self._has_more(place)

        with self._moved:
            self._moved.wait_for(has_news, timeout)
            self._require_sound()
            self.require_unturned(turns)
            more = self._has_more(place)
            age = time.monotonic() - self._asked_at
        if not more and age > _STALE_S:
            raise StoreUnavailable(f"the store was last seen {age:.0f} s ago")
        return more

    def is_current(self, place: Place, *, turns: int) -> bool:
        """
        Whether it may be said, now, that nothing was committed behind `place` but in the last moments: `place` is the end of a
        revision, this process has come that far, and knows what it says.
        """
        if place.ordinal != WHOLE:
            return False
        with self._moved:
            now = time.monotonic()
            if not self._heads or self._stopping or self._turns != turns or self._skew > self._most_skew:
                return False
            if now - self._asked_at > _STALE_S or self._heads[-1][1] < place.revision:
                return False
            old = [revision for known_since, revision in self._heads if known_since < now - _SLACK_S]
            return Place(revision=(old or [self._heads[0][1]])[-1]) <= place

    def wake(self) -> None:
        """Have everybody who waits look whether it still wants to."""
        with self._moved:
            self._moved.notify_all()

    def page_after(self, place: Place) -> ChangesPage:
        """Return what there is behind `place`, or the first page of it. Raises `StoreUnavailable`."""
        with self._moved:
            until, turns, page = self._head, self._turns, self._pages.get(place)
            mine = page is None
            if page is None:
                page = self._pages[place] = Future()
                while len(self._pages) > self._remembered:
                    self._pages.popitem(last=False)
        if mine:
            try:
                page.set_result(self._read(place, until, turns))
            except BaseException as fault:  # whoever waits for it must hear of it
                with self._moved:
                    if self._pages.get(place) is page:
                        del self._pages[place]
                page.set_exception(fault)
                raise
        return page.result()

    def _read(self, place: Place, until: Revision | None, turns: int) -> ChangesPage:
        if until is None or until.epoch != place.revision.epoch:
            raise EpochChanged("the store's epoch has changed: take the Export again")
        return self.ask_of(
            until, lambda connection: changes_after(connection, place, until, limit=self._page_size), turns=turns
        )

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Ask the store. Raises `StoreUnavailable`, also where nothing may be told."""
        self._require_sound()
        with self._reader.connection() as connection:
            return question(connection)

    def ask_of(self, revision: Revision, question: Callable[[Connection], T], *, turns: int) -> T:
        """
        Ask the store about what it knew at `revision`. Raises `EpochChanged` where that was restored meanwhile, and the log is
        another than it was at `turns`; `StoreUnavailable`.
        """

        def asked(connection: Connection) -> T:
            answer = question(connection)
            require_reached(connection, revision)
            return answer

        answer = self.ask(asked)
        self.require_unturned(turns)
        return answer

    def stop(self) -> None:
        """End every stream that waits, or comes to wait again, with `StoreUnavailable`."""
        with self._moved:
            self._stopping = True
            self._moved.notify_all()

    def close(self) -> None:
        """Close the connections. What still reads fails with `StoreUnavailable`."""
        self.stop()
        self._reader.close()

    def require_unturned(self, turns: int) -> None:
        """Raise `EpochChanged` where the log is another than it was at `turns`."""
        if self._turns != turns:
            raise EpochChanged("the store was restored: take the Export again")

    def _require_sound(self) -> None:
        if self._stopping:
            raise StoreUnavailable("the service is stopping: go on with another")
        if self._skew > self._most_skew:
            raise StoreUnavailable(
                f"the clock of this service is {self._skew:.0f} s off that of its store: ask another"
            )

    def _has_more(self, place: Place) -> bool:
        if self._head is None:
            return False
        if self._head.epoch != place.revision.epoch:
            raise EpochChanged(f"the store is in epoch {self._head.epoch} now: take the Export again")
        return place < Place(revision=self._head)


class Sight:
    """
    The log as one reader has found it, who begins behind `after`, None: behind the store's head. It asks the store as long as that
    goes on from there. Raises as `Tail.begin` does.
    """

    def __init__(self, tail: Tail, after: Revision | None) -> None:
        self._tail = tail
        self.turns = tail.turns
        self.begun: Place = tail.begin(after)

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Ask the store. Raises `EpochChanged` where it was restored since, `StoreUnavailable`."""
        return self._tail.ask_of(self.begun.revision, question, turns=self.turns)


def _leads_on(known: Revision, later: Revision) -> bool:
    return known.epoch == later.epoch and known <= later
