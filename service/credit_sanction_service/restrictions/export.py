"""One reader's Export: every record within its scope as it was at one revision, page by page, by that revision's law."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.terms import RestrictionState
from credit_sanction_service.restrictions.entries import Entry, Scope, entry_of
from credit_sanction_service.restrictions.portfolios import Held
from credit_sanction_service.store.law import load_law
from credit_sanction_service.store.watching import HeldCodes, records_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.restrictions.tail import Tail
    from credit_sanction_service.store.values import Revision
    from credit_sanction_service.store.watching import RecordsPage

_PAGE: Final = 1_000  # records, most of which may lie outside the scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Entries by record, and up to which record that is all there are; None: to the last."""

    entries: tuple[Entry, ...]
    last: UUID | None


class Export:
    """An Export of `scope` at `revision`, None: the present one; it goes on behind the record `after`, None: from the first."""

    def __init__(
        self,
        tail: Tail,
        scope: Scope,
        *,
        clock: Callable[[], datetime],
        revision: Revision | None = None,
        after: UUID | None = None,
    ) -> None:
        self._tail = tail
        self._scope = scope
        self._clock = clock
        self._after = after
        self.revision: Revision = tail.begin(revision).revision
        self._held = Held.at(tail, scope.portfolio, self.revision)
        self.law: Law = tail.ask(lambda connection: load_law(connection, until=self.revision))

    def parts(self) -> Iterator[Part]:
        """Yield the parts, the last one with `last` None. Raises `StoreUnavailable`."""
        codes = HeldCodes(portfolio=self._held.id, version=self._held.version) if self._held.id else None
        for page in every_page(self._tail, self.revision, codes, after=self._after):
            yield Part(entries=tuple(self._entries(page.records)), last=page.last)

    def _entries(self, records: Sequence[RecordFacts]) -> Iterator[Entry]:
        day = day_of(self._clock())
        taken = [record for record in records if self._scope.takes(record)]
        codes = self._held.codes_of(self._tail, taken)
        for record in taken:
            found = codes(record)
            if found is not None:
                catalogue = self.law.catalogues[record.catalogue_edition]
                entry = entry_of(record, self._scope.areas, day, catalogue, codes=found)
                if entry.state is not RestrictionState.ENDED:
                    yield entry


def every_page(
    tail: Tail, revision: Revision, codes: HeldCodes | None, *, after: UUID | None = None
) -> Iterator[RecordsPage]:
    """Yield all records as of a revision behind the record `after`, page by page, the last one with `last` None."""
    while True:
        ask = partial(records_at, revision=revision, after=after, limit=_PAGE, codes=codes)
        page = tail.ask(ask)
        yield page
        if page.last is None:
            return
        after = page.last
