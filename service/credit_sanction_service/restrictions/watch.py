"""One reader's Watch: the log's end within its scope, by whole revisions, with heartbeats."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.restrictions.entries import Entry, Scope, ended, entry_of
from credit_sanction_service.restrictions.held import Held, led_to
from credit_sanction_service.restrictions.tail import Sight
from credit_sanction_service.store.as_of import Place, records_with
from credit_sanction_service.store.portfolios import require_there
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from uuid import UUID

    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.restrictions.tail import Tail
    from credit_sanction_service.store.watching import RecordChange, RevisionChanges

    Codes = Callable[[RecordFacts], tuple[str, ...] | None]

_REST_S: Final = 0.01  # between two readings: what comes in between is one page, for many readers at once
_LONGEST_UNTOLD_S: Final = 0.25  # how far a stream that nothing concerns may lag behind with its word


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a reader is told next. A heartbeat has no `known_at`. `more` of this revision follows."""

    revision: Revision
    known_at: datetime | None = None
    entries: tuple[Entry, ...] = ()
    more: bool = False
    law_changed: bool = False


class Watch:
    """
    Tells one reader what changes within its scope behind `after`, until it has `left`, with no silence much longer than
    `heartbeat` seconds. `law` returns what holds, once that has the catalogues named.
    """

    def __init__(
        self,
        tail: Tail,
        scope: Scope,
        after: Revision | None,
        *,
        heartbeat: float,
        law: Callable[[AbstractSet[str]], Law],
        clock: Callable[[], datetime],
        left: Callable[[], bool],
    ) -> None:
        self._tail = tail
        self._scope = scope
        self._heartbeat = heartbeat
        self._law = law
        self._clock = clock
        self._left = left
        self._sight = Sight(tail, after)
        self._place = self._sight.begun
        self._held = Held.at(self._sight, scope.portfolio, self._place.revision)
        self._codes: Codes | None = None  # of what the page at hand has yet to tell
        self._is_open = False  # a part of a revision was told, and its end was not
        self._told_at = time.monotonic()

    def messages(self) -> Iterator[Told]:
        """
        Yield what there is to tell. A heartbeat comes once all is told that there is, then at the latest every `heartbeat` seconds:
        never while the reader lags behind, and never from a process that does not know. A reader that lags behind, and whom nothing
        concerns, is told how far it has come. Raises `EpochChanged`, `StoreUnavailable`, `NotFound` once the portfolio is deleted.
        """
        told, beat_at = None, float("-inf")
        while not self._left():
            due = beat_at + (
                self._heartbeat if told == self._place.revision else min(self._heartbeat, _LONGEST_UNTOLD_S)
            )
            timeout = max(_REST_S, due - time.monotonic())
            if self._tail.wait(self._place, turns=self._sight.turns, timeout=timeout, left=self._left):
                for message in self._next_page():
                    yield message
                    told, self._told_at = message.revision, time.monotonic()
                time.sleep(_REST_S)
            now = time.monotonic()
            # Sending may have taken as long as it liked: who lags behind by now, or cannot know, says nothing.
            if now >= due and not self._is_open and self._tail.is_current(self._place, turns=self._sight.turns):
                told, beat_at = self._place.revision, now
                yield Told(revision=told)
                self._told_at = time.monotonic()

    def _is_silent(self) -> bool:
        """Whether it is time for a word, lest the reader take the connection for lost."""
        return time.monotonic() - self._told_at > self._heartbeat / 2

    def _next_page(self) -> Iterator[Told]:
        page = self._tail.page_after(self._place)
        self._codes, is_silent = None, True
        for number, changes in enumerate(page.revisions):
            for message in self._of(changes, page.revisions[number:]):
                is_silent = False
                yield message
        self._place = page.until
        if is_silent and page.revisions and self._is_silent():
            yield self._nothing_in(page.revisions)

    def _nothing_in(self, revisions: Sequence[RevisionChanges]) -> Told:
        """Return that of these revisions there is nothing to tell: up to the last that is whole, else of the one at hand so far."""
        whole = [changes for changes in revisions if changes.is_whole]
        last = revisions[-1] if self._is_open or not whole else whole[-1]
        self._is_open = not last.is_whole
        return Told(revision=last.revision, known_at=last.known_at, more=self._is_open)

    def _of(self, changes: RevisionChanges, ahead: Sequence[RevisionChanges]) -> Iterator[Told]:
        """Yield a revision's messages: none where nothing of it lies within the scope. `ahead` begins with it."""
        told = Told(revision=changes.revision, known_at=changes.known_at, more=True)
        portfolio = [version for identifier, version in changes.portfolios if identifier == self._scope.portfolio]
        if self._scope.portfolio is not None and portfolio:
            for moved in self._moved(changes.revision, self._scope.portfolio, portfolio[-1]):
                if moved or self._is_silent():
                    self._is_open = True
                    yield replace(told, entries=moved)
        entries, ends = tuple(self._entries(changes.records, ahead)), changes.is_whole
        if entries or changes.law_changed or (ends and self._is_open):
            self._is_open = not ends
            yield replace(told, entries=entries, more=not ends, law_changed=changes.law_changed)

    def _entries(self, changes: Iterable[RecordChange], ahead: Sequence[RevisionChanges]) -> Iterator[Entry]:
        """Yield the entry of each record within the scope, and of each that left it the end."""
        for change in self._concerned(changes):
            if self._codes is None:  # of the rest of the page at once
                all_of = [change for later in ahead for change in self._concerned(later.records)]
                versions = [version for change in all_of for version in (change.now, change.before) if version]
                self._codes = self._held.codes_of(self._sight, versions)
            found = self._codes(change.now)
            if self._scope.takes(change.now) and found is not None:
                yield self._entry(change.now, found)
            elif self._scope.takes(change.before) and change.before and self._codes(change.before) is not None:
                # Under the code that it was told of: the present one may be nothing that this reader hears of.
                yield ended(replace(change.before, version=change.now.version))

    def _concerned(self, changes: Iterable[RecordChange]) -> Iterator[RecordChange]:
        return (change for change in changes if self._scope.takes(change.now) or self._scope.takes(change.before))

    def _moved(self, revision: Revision, portfolio: UUID, version: int) -> Iterator[tuple[Entry, ...]]:
        """
        Yield what a change of the portfolio means: records that it brought in as they stand, those that it took out ended. It is
        told slice by slice, some of which are empty.
        """
        self._sight.ask(lambda connection: require_there(connection, portfolio))
        before, self._held, self._codes = self._held, replace(self._held, version=version), None
        place = Place(revision=revision)
        for ids in led_to(self._sight, place, self._held.codes(since=before.version)):
            if self._left():
                return
            records = self._sight.ask(partial(records_with, place=place, ids=ids)) if ids else ()
            yield tuple(self._of_moved(records, before))

    def _of_moved(self, records: Sequence[RecordFacts], before: Held) -> Iterator[Entry]:
        taken = [record for record in records if self._scope.takes(record)]
        held, was_held = self._held.codes_of(self._sight, taken), before.codes_of(self._sight, taken)
        for record in taken:
            found = held(record)
            if found is not None:
                yield self._entry(record, found)
            elif was_held(record) is not None:
                yield ended(record)

    def _entry(self, record: RecordFacts, codes: tuple[str, ...]) -> Entry:
        law = self._law({record.catalogue_edition})
        return entry_of(
            record,
            self._scope.areas,
            day_of(self._clock()),
            law.catalogues[record.catalogue_edition],
            codes=codes,
        )
