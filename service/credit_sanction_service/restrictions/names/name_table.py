"""
The names of millions of enterprises as arrays: what each is called, and which names hold which gram. It never changes, and can be
mapped into memory from a file, so that all processes of a machine share one copy.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from credit_sanction_service.restrictions.names.characters import Letters
from credit_sanction_service.restrictions.names.grams import GRAMS, grams_of_many, telling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from credit_sanction_service.restrictions.names.characters import Characters

CODE_LENGTH: Final = 18
_SLICE: Final = 2_000  # names folded at a time: a millisecond or two, after which other threads have their turn
_BLOCK: Final = (
    50_000  # characters whose grams are sorted at a time: long enough to be fast, short enough for other threads
)
_MOST_READ: Final = 60_000  # entries of grams read for one search
_MOST_READ_OF_ONE: Final = 300_000  # where even the rarest gram has more, it is too common to search by
_KEPT: Final = 2_000  # names that are looked at closer, of those with the most and rarest grams
_LENGTH_COUNTS: Final = 0.05  # so that of two names that share as much, the shorter one comes first
_CORE_TELLS: Final = 2.0
_LINE_FEED: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTable:
    """
    Names by number. `codes`: n rows of 18 ASCII bytes, shorter codes filled with zeros. `letters[starts[i]:starts[i + 1]]` is the
    folded name. `postings[gram_starts[g]:gram_starts[g + 1]]` are the numbers of the names that hold gram g. `spread`: how many
    times each character occurs.
    """

    codes: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.uint32]
    letters: Letters
    gram_starts: npt.NDArray[np.uint32]
    postings: npt.NDArray[np.uint32]
    spread: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def nbytes(self) -> int:
        """Size of all arrays in bytes."""
        return sum(getattr(self, field.name).nbytes for field in fields(self))

    def name(self, number: int) -> str:
        """Return a folded name."""
        letters = bytes(self.letters[self.starts[number] : self.starts[number + 1]])
        name: str = letters.decode("utf-16-le", "replace")
        return name

    def code(self, number: int) -> str:
        """Return the code of a name's enterprise."""
        return bytes(self.codes[number]).rstrip(b"\0").decode("ascii")

    def rarity(self, grams: Iterable[int]) -> dict[int, float]:
        """Return how much each gram tells: the logarithm of the share of names that lack it."""
        wanted = np.fromiter(dict.fromkeys(grams), dtype=np.int64)
        held = self.gram_starts[wanted + 1] - self.gram_starts[wanted]
        told = np.log((len(self) + 2) / (held + 1))
        return dict(zip(wanted.tolist(), told.tolist(), strict=True))

    def find(self, rarity: dict[int, float], letters: Letters, core: Letters, *, length: int, most: int) -> list[int]:
        """
        Return the numbers of at most `most` names with the rarest of these grams, by them and by how many of `letters`
        they hold, those of the `core` twice. `length` is that of the name searched for.
        """
        read = self._to_read(rarity)
        if not read:
            return []
        scores = np.zeros(len(self), dtype=np.float32)
        for gram in read:
            scores[self._held_by(gram)] += rarity[gram]
        found = np.concatenate([self._held_by(gram) for gram in read])
        if len(found) > _KEPT:
            best = np.argpartition(scores[found], len(found) - _KEPT)[-_KEPT:]
            found = found[best]
        found = np.unique(found)
        told = scores[found] + self._shared_letters(found, letters, core, length)
        order = np.argsort(-told, kind="stable")[:most]
        return [int(number) for number in found[order]]

    def _held_by(self, gram: int) -> npt.NDArray[np.uint32]:
        return self.postings[self.gram_starts[gram] : self.gram_starts[gram + 1]]

    def _to_read(self, rarity: dict[int, float]) -> list[int]:
        """Return the grams that are read: the rarest, whatever they tell, until that would be too many entries."""
        sizes = {gram: int(self.gram_starts[gram + 1]) - int(self.gram_starts[gram]) for gram in rarity}
        read: list[int] = []
        total = 0
        for gram, size in sorted(sizes.items(), key=lambda item: item[1]):
            if size and (total + size <= _MOST_READ or (not read and size <= _MOST_READ_OF_ONE)):
                read.append(gram)
                total += size
        return read

    def _shared_letters(
        self, found: npt.NDArray[np.uint32], letters: Letters, core: Letters, length: int
    ) -> npt.NDArray[np.float64]:
        first, behind = self.starts[found].astype(np.int64), self.starts[found + 1].astype(np.int64)
        sizes = behind - first
        ends = np.cumsum(sizes)
        of_each = np.arange(int(ends[-1])) - np.repeat(ends - sizes - first, sizes)
        told = np.zeros(1 << 16, dtype=np.float64)
        told[letters] = np.log((len(self) + 2) / (self.spread[letters] + 1.0))
        told[core] *= _CORE_TELLS
        sums: npt.NDArray[np.float64] = np.add.reduceat(told[self.letters[of_each]], ends - sizes)
        sums -= _LENGTH_COUNTS * np.abs(sizes - length)
        return sums


def build(enterprises: Iterable[tuple[str, Sequence[str]]], table: Characters) -> NameTable:
    """Return the table of these codes and their names. Names that fold to nothing are left out."""
    codes = bytearray()
    letters: list[Letters] = []
    told: list[Letters] = []
    sizes: list[npt.NDArray[np.intp]] = []
    told_sizes: list[npt.NDArray[np.intp]] = []
    for owners, folded in _folded(enterprises, table):
        codes += b"".join(owner.encode("ascii").ljust(CODE_LENGTH, b"\0") for owner in owners)
        for text, texts, lengths in ((folded, letters, sizes), (telling(folded), told, told_sizes)):
            points = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype=np.uint16)
            ends = np.flatnonzero(points == _LINE_FEED)
            texts.append(points[points != _LINE_FEED])
            lengths.append(np.diff(ends, prepend=-1) - 1)
    if not codes:
        return _empty()
    starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.uint32)
    names = np.repeat(np.arange(len(starts) - 1, dtype=np.uint32), np.concatenate(told_sizes))
    gram_starts, postings = _invert(np.concatenate(told), names, table)
    whole = np.concatenate(letters)
    return NameTable(
        codes=np.frombuffer(bytes(codes), dtype=np.uint8).reshape(-1, CODE_LENGTH),
        starts=starts,
        letters=whole,
        gram_starts=gram_starts,
        postings=postings,
        spread=_spread(whole),
    )


def _folded(enterprises: Iterable[tuple[str, Sequence[str]]], table: Characters) -> Iterator[tuple[list[str], str]]:
    """Yield slices: the code of each name, and the folded names, each ended by a line feed."""
    owners: list[str] = []
    names: list[str] = []
    for code, called in enterprises:
        owners.extend(code for _ in called)
        names.extend(called)
        if len(names) >= _SLICE:
            yield _kept(owners, table.fold_many(names))
            owners, names = [], []
    if names:
        yield _kept(owners, table.fold_many(names))


def _kept(owners: list[str], folded: str) -> tuple[list[str], str]:
    if not folded.startswith("\n") and "\n\n" not in folded:
        return owners, folded
    both = [(owner, name) for owner, name in zip(owners, folded.split("\n"), strict=False) if name]
    return [owner for owner, _ in both], "".join(f"{name}\n" for _, name in both)


def _invert(
    letters: Letters, names: npt.NDArray[np.uint32], table: Characters
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Return where each gram's names begin, and the names, gram by gram, in two passes: count, then put in place."""
    blocks = list(_blocks(names))
    starts = np.zeros(GRAMS + 1, dtype=np.int64)
    for block in blocks:
        grams, _ = grams_of_many(table.sound[letters[block]], table.second[letters[block]], names[block])
        held, counts = np.unique(grams, return_counts=True)
        starts[held + 1] += counts
    np.cumsum(starts, out=starts)
    free = starts[:-1].copy()
    postings = np.empty(int(starts[-1]), dtype=np.uint32)
    for block in blocks:
        grams, of = grams_of_many(table.sound[letters[block]], table.second[letters[block]], names[block])
        order = np.argsort(grams, kind="stable")
        held, first, counts = np.unique(grams[order], return_index=True, return_counts=True)
        postings[np.repeat(free[held] - first, counts) + np.arange(len(order))] = of[order]
        free[held] += counts
    return starts.astype(np.uint32), postings


def _spread(letters: Letters) -> npt.NDArray[np.uint32]:
    """Return how many times each character occurs."""
    spread = np.zeros(1 << 16, dtype=np.uint32)
    for start in range(0, len(letters), _BLOCK):
        held, counts = np.unique(letters[start : start + _BLOCK], return_counts=True)
        spread[held] += counts.astype(np.uint32)
    return spread


def _blocks(names: npt.NDArray[np.uint32]) -> Iterator[slice]:
    """Yield slices of whole names."""
    start = 0
    while start < len(names):
        behind = min(start + _BLOCK, len(names))
        if behind < len(names):
            behind = int(np.searchsorted(names, names[behind - 1], side="right"))
        yield slice(start, behind)
        start = behind


def _empty() -> NameTable:
    none, points = np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.uint16)
    return NameTable(
        codes=np.zeros((0, CODE_LENGTH), dtype=np.uint8),
        starts=np.zeros(1, dtype=np.uint32),
        letters=points,
        gram_starts=np.zeros(GRAMS + 1, dtype=np.uint32),
        postings=none,
        spread=np.zeros(1 << 16, dtype=np.uint32),
    )
