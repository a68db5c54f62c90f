"""The names of what changed since the table was made: few enough for dictionaries, and found by the same grams."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING

from credit_sanction_service.restrictions.names.grams import grams_of_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction_service.restrictions.names.characters import Characters


class RecentNames:
    """Names by code, in memory of this process alone. For one thread at a time."""

    def __init__(self, table: Characters) -> None:
        self._table = table
        self._numbers = count()
        self._names: dict[int, tuple[str, str]] = {}
        self._by_code: dict[str, list[int]] = {}
        self._by_gram: defaultdict[int, set[int]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._names)

    def put(self, code: str, names: Iterable[str]) -> None:
        """Hold these names of an enterprise and no others."""
        for number in self._by_code.pop(code, ()):
            _, folded = self._names.pop(number)
            for gram in set(grams_of_name(folded, self._table)):
                self._by_gram[gram].discard(number)
                if not self._by_gram[gram]:
                    del self._by_gram[gram]
        numbers = []
        for folded in filter(None, map(self._table.fold, dict.fromkeys(names))):
            number = next(self._numbers)
            numbers.append(number)
            self._names[number] = code, folded
            for gram in grams_of_name(folded, self._table):
                self._by_gram[gram].add(number)
        if numbers:
            self._by_code[code] = numbers

    def find(self, rarity: dict[int, float], *, most: int) -> list[tuple[str, str]]:
        """Return code and folded name of at most `most` names, those with the rarest grams first."""
        told: defaultdict[int, float] = defaultdict(float)
        for gram, weight in rarity.items():
            for number in self._by_gram.get(gram, ()):
                told[number] += weight
        best = sorted(told, key=lambda number: (-told[number], len(self._names[number][1])))[:most]
        return [self._names[number] for number in best]
