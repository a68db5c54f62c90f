"""One reader's Watch: the log's end within its scope, by whole revisions, with heartbeats."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.restrictions.entries import Entry, Scope, ended, entry_of
from credit_sanction_service.restrictions.export import every_page
from credit_sanction_service.restrictions.portfolios import Held
from credit_sanction_service.store.portfolios import keys_changed, require_there
from credit_sanction_service.store.values import Revision
from credit_sanction_service.store.watching import HeldCodes, RecordChange, RevisionChanges, records_led_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.restrictions.tail import Tail

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
    Tells one reader what changes within its scope behind `after`, until it has `left`, with no silence longer than `heartbeat`
    seconds. `law` returns what holds, once that has the catalogues named.
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
        self._turns = tail.turns
        self._place = tail.begin(after)
        self._held = Held.at(tail, scope.portfolio, self._place.revision)
        self._is_open = False  # a part of a revision was told, and its end was not

    def messages(self) -> Iterator[Told]:
        """
        Yield what there is to tell. A heartbeat comes once all is told that there is, then at the latest every `heartbeat` seconds:
        never while the reader lags behind. Raises `EpochChanged`, `StoreUnavailable`, `NotFound` once the portfolio is deleted.
        """
        told, beat_at = None, float("-inf")
        while not self._left():
            due = beat_at + (
                self._heartbeat if told == self._place.revision else min(self._heartbeat, _LONGEST_UNTOLD_S)
            )
            timeout = max(0.0, due - time.monotonic())
            if self._tail.wait(self._place, turns=self._turns, timeout=timeout, left=self._left):
                for message in self._next_page():
                    yield message
                    told = message.revision
                time.sleep(_REST_S)
            now = time.monotonic()
            if now >= due and not self._is_open and self._tail.is_current(self._place):
                told, beat_at = self._place.revision, now
                yield Told(revision=told)

    def _next_page(self) -> Iterator[Told]:
        page = self._tail.page_after(self._place)
        for changes in page.revisions:
            yield from self._of(changes)
        self._place = page.until

    def _of(self, changes: RevisionChanges) -> Iterator[Told]:
        """Yield a revision's messages: none where nothing of it lies within the scope."""
        told = Told(revision=changes.revision, known_at=changes.known_at, more=True)
        portfolio = [version for identifier, version in changes.portfolios if identifier == self._scope.portfolio]
        for moved in self._moved(changes.revision, portfolio[-1]) if portfolio else ():
            if moved:
                self._is_open = True
                yield replace(told, entries=moved)
        entries, ends = tuple(self._entries(changes.records)), changes.is_whole
        if entries or changes.law_changed or (ends and self._is_open):
            self._is_open = not ends
            yield replace(told, entries=entries, more=not ends, law_changed=changes.law_changed)

    def _entries(self, changes: Iterable[RecordChange]) -> Iterator[Entry]:
        """Yield the entry of each version within the scope, and of each that left it the end."""
        concerned = [change for change in changes if self._scope.takes(change.now) or self._scope.takes(change.before)]
        if not concerned:
            return
        versions = [version for change in concerned for version in (change.now, change.before) if version]
        codes = self._held.codes_of(self._tail, versions)
        for change in concerned:
            found = codes(change.now)
            if self._scope.takes(change.now) and found is not None:
                yield self._entry(change.now, found)
            elif self._scope.takes(change.before) and change.before and codes(change.before) is not None:
                # Under the code that it was told of: the present one may be nothing that this reader hears of.
                yield ended(replace(change.before, version=change.now.version))

    def _moved(self, revision: Revision, version: int) -> Iterator[tuple[Entry, ...]]:
        """Yield what a change of the portfolio means: records that it brought in as they stand, those that it took out ended."""
        portfolio, before = self._held.portfolio, self._held
        self._tail.ask(lambda connection: require_there(connection, portfolio))
        self._held = replace(before, version=version)
        slices = self._tail.ask(
            lambda connection: keys_changed(connection, portfolio, after=before.version, until=version)
        )
        if slices is None:
            codes = HeldCodes(portfolio=portfolio, version=version, since=before.version)
            for page in every_page(self._tail, revision, codes):
                yield tuple(self._of_moved(page.records, before))
            return
        for keys in slices:
            led_to = partial(records_led_to, revision=revision, keys=keys)
            yield tuple(self._of_moved(self._tail.ask(led_to), before))

    def _of_moved(self, records: Sequence[RecordFacts], before: Held) -> Iterator[Entry]:
        taken = [record for record in records if self._scope.takes(record)]
        held, was_held = self._held.codes_of(self._tail, taken), before.codes_of(self._tail, taken)
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
