"""Answers that were made before and still hold, to be given again without making them anew."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from credit_sanction_service.domain.law import Law
from credit_sanction_service.domain.terms import Area, LandPurpose, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet

T = TypeVar("T")
Profile = tuple[tuple[Area, Verdict], ...]

NAME_MARK: Final = "@"
"""What stands before a name's key among what was touched."""
_ENTRY_BYTES: Final = 500  # of the tables themselves, and of what `Ready` adds, about
_MOST_REMEMBERED: Final = 10_000
_USCC_LENGTH: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terms:
    """What holds for all questions of a call, the day apart. Made once for each combination and compared by identity."""

    areas: tuple[Area, ...]
    land_purpose: LandPurpose = LandPurpose.NEW_SUPPLY
    include_ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ready(Generic[T]):
    """
    An answer that is ready to be sent: `reply`, its word, and the verdicts of the areas, to be counted by. `is_plain`: CLEAR,
    about the code as it was asked, with nothing more to say. `roots` are those that it rests on beside its code's own.
    """

    reply: T
    verdict: Verdict
    profile: Profile
    is_plain: bool
    roots: tuple[str, ...] = ()


class _Generation(Generic[T]):
    """Answers by terms and code, and by what has to be touched for them to go. `size` in bytes, about."""

    def __init__(self) -> None:
        self.tables: dict[Terms, dict[str, Ready[T]]] = {}
        self.codes: dict[str, tuple[str, ...]] = {}
        self.size = 0

    def forget(self, roots: Iterable[str]) -> None:
        for root in roots:
            for code in self.codes.pop(root, ()):
                for table in self.tables.values():
                    table.pop(code, None)


@dataclass(slots=True, kw_only=True)
class _Held(Generic[T]):
    """What holds under one law on one day; two generations, of which the older goes when the younger is full."""

    law: Law | None = None
    day: date | None = None
    young: _Generation[T] = field(default_factory=_Generation)
    old: _Generation[T] = field(default_factory=_Generation)


class Prepared(Generic[T]):
    """
    Answers about accepted codes, as of the present revision, law and day: at most about `most_bytes` of them.

    `get` is asked while the index is held, and `touched` called by the index while it moves: so what is got is what the index
    would have answered. An answer is made after the index was let go, hence the `ticket`: where the index has moved since it
    was drawn, under what the answer rests on, `put` drops it.
    """

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._held: _Held[T] = _Held()
        self._ticket = 0
        self._known_since = 0
        self._touched_at: dict[str, int] = {}

    @property
    def ticket(self) -> int:
        """How often the index has moved. To be read while the index is held."""
        return self._ticket

    def tables(self, terms: Terms, law: Law, day: date) -> tuple[Mapping[str, Ready[T]], Mapping[str, Ready[T]]]:
        """Return the answers under these terms, law and day by code, newer and older. Good while the index is held."""
        held = self._held
        if held.law is not law or held.day != day:
            with self._lock:
                held = self._held = _Held(law=law, day=day)
        young = held.young.tables.get(terms)
        if young is None:
            with self._lock:
                young = held.young.tables.setdefault(terms, {})
        return young, held.old.tables.get(terms, young)

    def put(
        self,
        code: str,
        terms: Terms,
        ready: Ready[T],
        *,
        law: Law,
        day: date,
        ticket: int,
        size: int,
    ) -> None:
        """
        Keep an answer about an accepted code. `ticket` was drawn when what it rests on was read, `size` is that of the reply in
        bytes.
        """
        roots = (root_of(code), *ready.roots)
        with self._lock:
            held = self._held
            if held.law is not law or held.day != day or self._has_moved(roots, ticket):
                return
            if held.young.size > self._most_bytes // 2:
                held.old, held.young = held.young, _Generation()
            young = held.young
            table = young.tables.setdefault(terms, {})
            if code not in table:
                young.size += size + _ENTRY_BYTES
            table[code] = ready
            for root in roots:
                known = young.codes.get(root, ())
                if code not in known:
                    young.codes[root] = (*known, code)

    def touched(self, numbers: Collection[str] | None) -> None:
        """Forget what rests on any of these codes and numbers, everything for None. Called while the index moves."""
        with self._lock:
            self._ticket += 1
            if numbers is None or len(self._touched_at) > _MOST_REMEMBERED:
                self._touched_at.clear()
                self._known_since = self._ticket
            if numbers is None:
                self._held = _Held()
                return
            roots = set(map(root_of, numbers))
            for root in roots:
                self._touched_at.pop(root, None)  # so that the latest stand last
                self._touched_at[root] = self._ticket
            self._held.young.forget(roots)
            self._held.old.forget(roots)

    def touched_since(self, ticket: int) -> AbstractSet[str] | None:
        """Return the roots of what was touched since the ticket was drawn; None: perhaps everything."""
        if ticket == self._ticket:
            return frozenset()
        with self._lock:
            if ticket < self._known_since:
                return None
            latest = takewhile(lambda one: one[1] > ticket, reversed(self._touched_at.items()))
            return {root for root, _ in latest}

    def _has_moved(self, roots: Collection[str], ticket: int) -> bool:
        if ticket < self._known_since:
            return True
        return any(self._touched_at.get(root, 0) > ticket for root in roots)


def root_of(lead: str) -> str:
    """
    Return what an answer about a code hangs on: the organisation code inside, for whatever the code leads to is touched by that
    too. Of any other number, and of a name's key behind its mark, itself.
    """
    return lead[8:17] if len(lead) == _USCC_LENGTH and not lead.startswith(NAME_MARK) else lead
