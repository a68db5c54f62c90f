"""Which records a reader of a portfolio is told of: those of every enterprise that one of its codes leads to, as in a look-up."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from credit_sanction_service.store import portfolios as store
from credit_sanction_service.store.as_of import ids_with, kin_of
from credit_sanction_service.store.history import by_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.restrictions.tail import Sight
    from credit_sanction_service.store.as_of import Place
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.portfolios import HeldCodes
    from credit_sanction_service.store.values import Revision

_BLOCK: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A portfolio in one version of it, or none at all: then every record is held, for no code of it."""

    id: UUID | None
    version: int = 0

    @classmethod
    def at(cls, sight: Sight, portfolio: UUID | None, revision: Revision) -> Held:
        """Return the portfolio as it was at `revision`. Raises `NotFound` where it was deleted."""
        if portfolio is None:
            return cls(id=None)
        sight.ask(lambda connection: store.require_there(connection, portfolio))
        return cls(
            id=portfolio, version=sight.ask(lambda connection: store.version_at(connection, portfolio, revision))
        )

    def codes(self, *, since: int | None = None) -> HeldCodes:
        """Return what it holds or, with `since`, what came or went after that version. ValueError where there is no portfolio."""
        if self.id is None:
            raise ValueError("every record is held: there is no portfolio")
        return store.HeldCodes(portfolio=self.id, version=self.version, since=since)

    def codes_of(self, sight: Sight, records: Sequence[RecordFacts]) -> Callable[[RecordFacts], tuple[str, ...] | None]:
        """
        Return what tells of each of `records`, which have all the numbers of their enterprises, for which codes it is held; None
        where it is not.
        """
        if self.id is None:
            return lambda _: ()
        identifier = self.id
        numbers = {number for record in records for number in (record.code, *record.numbers)}
        if not numbers:
            return lambda _: None
        by_number: dict[str, set[str]] = defaultdict(set)
        for code, organisation in sight.ask(
            lambda connection: store.codes_among(connection, identifier, self.version, numbers)
        ):
            by_number[code].add(code)
            by_number[organisation].add(code)

        def codes(record: RecordFacts) -> tuple[str, ...] | None:
            found = {code for number in (record.code, *record.numbers) for code in by_number.get(number, ())}
            return tuple(sorted(found)) or None

        return codes


def led_to(sight: Sight, place: Place, codes: HeldCodes) -> Iterator[list[UUID]]:
    """
    Yield, in slices that may be empty and may overlap, the ids of all records of the enterprises that these codes lead to at
    `place`, and perhaps of some more.
    """
    keys = sight.ask(lambda connection: store.keys_changed(connection, codes)) if codes.since is not None else None
    if keys is not None:
        for some in keys:
            yield sight.ask(partial(_by_keys, place=place, keys=some))
    elif sight.ask(lambda connection: store.are_fewer_than_records(connection, codes)):
        yield from _by_codes(sight, place, codes)
    else:
        yield from _by_records(sight, place, codes)


def _by_codes(sight: Sight, place: Place, codes: HeldCodes) -> Iterator[list[UUID]]:
    """Look for each code among the records."""
    after = ""
    while True:
        keys, after = sight.ask(partial(store.next_keys, codes=codes, after=after))
        yield sight.ask(partial(_by_keys, place=place, keys=keys))
        if not after:
            return


def _by_records(sight: Sight, place: Place, codes: HeldCodes) -> Iterator[list[UUID]]:
    """Look for each record among the codes."""
    after: UUID | None = None
    while True:
        found, after = sight.ask(partial(store.leading_ids, codes=codes, after=after, limit=_BLOCK))
        yield sight.ask(partial(kin_of, place=place, ids=found))
        if after is None:
            return


def _by_keys(connection: Connection, place: Place, keys: Sequence[int]) -> list[UUID]:
    with by_key(connection):
        leading = ids_with(connection, keys)
    return kin_of(connection, place, leading)
