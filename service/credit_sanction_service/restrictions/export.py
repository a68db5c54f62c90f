"""One reader's Export: every record within its scope as it was at one revision, page by page, by that revision's law."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np

from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.terms import RestrictionState
from credit_sanction_service.restrictions.entries import Entry, Scope, entry_of
from credit_sanction_service.restrictions.held import Held, led_to
from credit_sanction_service.restrictions.tail import Sight
from credit_sanction_service.store.as_of import RecordsPage, records_at, records_with
from credit_sanction_service.store.law import load_law

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    import numpy.typing as npt

    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.restrictions.tail import Tail
    from credit_sanction_service.store.values import Revision

_PAGE: Final = 1_000  # records, most of which may lie outside the scope
_ID_BYTES: Final = 16
_LONGEST_SILENCE_S: Final = 1.0
_BEFORE_ALL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Entries by record, and up to which record that is all there are; None: to the last."""

    entries: tuple[Entry, ...]
    last: UUID | None


class Export:
    """
    An Export of `scope` at `revision`, None: the present one; it goes on behind the record `after`, None: from the first. It looks
    through `page_size` records at once.
    """

    def __init__(
        self,
        tail: Tail,
        scope: Scope,
        *,
        clock: Callable[[], datetime],
        revision: Revision | None = None,
        after: UUID | None = None,
        page_size: int = _PAGE,
    ) -> None:
        self._sight = Sight(tail, revision)
        self._scope = scope
        self._clock = clock
        self._after = after
        self._page_size = page_size
        self._place = self._sight.begun
        self.revision: Revision = self._place.revision
        self._held = Held.at(self._sight, scope.portfolio, self.revision)
        self.law: Law = self._sight.ask(lambda connection: load_law(connection, until=self.revision))

    def parts(self) -> Iterator[Part]:
        """
        Yield the parts, the last one with `last` None; in between some without entries, so that it is not silent for long. Raises
        `EpochChanged` where the store is restored meanwhile, `StoreUnavailable`.
        """
        for page in self._every_page() if self._held.id is None else self._pages_held():
            yield Part(entries=tuple(self._entries(page.records)), last=page.last)

    def _every_page(self) -> Iterator[RecordsPage]:
        after = self._after
        while True:
            page = self._sight.ask(partial(records_at, place=self._place, after=after, limit=self._page_size))
            yield page
            if page.last is None:
                return
            after = page.last

    def _pages_held(self) -> Iterator[RecordsPage]:
        """Yield the records that the portfolio may hold: first it is found out which they are, in 16 bytes each."""
        found = bytearray()
        told_at = time.monotonic()
        for ids in led_to(self._sight, self._place, self._held.codes()):
            found += b"".join([one.bytes for one in ids])
            if time.monotonic() - told_at > _LONGEST_SILENCE_S:
                yield RecordsPage(records=(), last=self._after or _BEFORE_ALL)
                told_at = time.monotonic()
        rows = _in_order(found)
        if self._after is not None:
            rows = rows[rows > self._after.bytes]
        size = self._page_size
        for start in range(0, len(rows) or 1, size):
            some = [UUID(bytes=one) for one in _cut(rows[start : start + size].tobytes())]
            records = self._sight.ask(partial(records_with, place=self._place, ids=some))
            yield RecordsPage(records=records, last=some[-1] if start + size < len(rows) else None)

    def _entries(self, records: Sequence[RecordFacts]) -> Iterator[Entry]:
        day = day_of(self._clock())
        taken = [record for record in records if self._scope.takes(record)]
        codes = self._held.codes_of(self._sight, taken)
        for record in taken:
            found = codes(record)
            if found is not None:
                catalogue = self.law.catalogues[record.catalogue_edition]
                entry = entry_of(record, self._scope.areas, day, catalogue, codes=found)
                if entry.state is not RestrictionState.ENDED:
                    yield entry


def _in_order(ids: bytearray) -> npt.NDArray[np.bytes_]:
    """Return ids that stand one after the other in order, each once."""
    return np.unique(np.frombuffer(ids, dtype=f"S{_ID_BYTES}"))


def _cut(ids: bytes) -> Iterator[bytes]:
    for start in range(0, len(ids), _ID_BYTES):
        yield ids[start : start + _ID_BYTES]
