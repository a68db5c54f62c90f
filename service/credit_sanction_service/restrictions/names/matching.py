"""From a typed name to the names that fit it: found by their grams, then compared part by part, some or more of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from credit_sanction_service.restrictions.names.characters import characters
from credit_sanction_service.restrictions.names.grams import grams_of, telling
from credit_sanction_service.restrictions.names.parts import Parts, parts_of, parts_said, said_parts
from credit_sanction_service.restrictions.names.scoring import LEAST, Fit, fit
from credit_sanction_service.restrictions.names.sounds import numbers, read_pinyin, said, said_vocabulary, spelt

if TYPE_CHECKING:
    from credit_sanction_service.restrictions.names.keeping import Names
    from credit_sanction_service.restrictions.names.name_table import NameTable

COMPARED: Final = 64  # names that are taken apart for one search, from the table and from what is recent each
_SPELLING_APART: Final = Fit(1.0, ("the same name, spelling apart",))
_PINYIN: Final = 0.9
_CORE_TELLS: Final = 3.0  # times as much as another part
_BEST_BUT_SAME: Final = 0.99
_BRACKETS: Final = str.maketrans("", "", "()")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameGuess:
    """A name that may be the one meant, folded, whose it is, and why."""

    code: str
    folded: str
    score: float
    reasons: tuple[str, ...]


class Guesses:
    """The names that fit a query, found among those that are nearest to it, and among more of these where it is asked for."""

    def __init__(self, query: str, names: Names) -> None:
        self._names = names
        self._asked: list[_Name | _Spoken] = [_Name.typed(query)]
        if pinyin := read_pinyin(query):
            self._asked.append(_Spoken(pinyin))
        self._fits: list[dict[tuple[str, str], Fit]] = [{} for _ in self._asked]

    def among(self, most: int = COMPARED) -> tuple[list[NameGuess], bool]:
        """
        Return the names that fit among the `most` nearest, the best first, and whether there may be more near ones. Raises
        `StoreUnavailable` while the names are being prepared.
        """
        best: dict[tuple[str, str], Fit] = {}
        more = False
        for asked, fits in zip(self._asked, self._fits, strict=True):
            near, is_cut = _near(asked.wanted, self._names, most=most)
            more |= is_cut
            for place in near:
                fitting = fits.get(place)
                if fitting is None:
                    fitting = fits[place] = asked.fit(place[1])
                if fitting.score >= LEAST and fitting.score > best.get(place, Fit(0.0)).score:
                    best[place] = fitting
        guesses = [
            NameGuess(code=code, folded=folded, score=fitting.score, reasons=fitting.reasons)
            for (code, folded), fitting in best.items()
        ]
        return sorted(guesses, key=lambda guess: (-guess.score, len(guess.folded), guess.code)), more


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """
    What a name is looked up by: all that tells in it, core and trade in one piece, and the core, in sounds; `folded` and `core`
    are the characters, where they are known.
    """

    telling: str
    rest_said: str
    core_said: str
    folded: str = ""
    core: str = ""

    def rarity(self, table: NameTable) -> dict[int, float]:
        """Return the grams and how much each tells. Those of the core tell most: what lies across its ends may be missing."""
        grams = {*grams_of(numbers(self.telling)), *grams_of(numbers(self.rest_said))}
        told = table.rarity(grams) if grams else {}
        for gram in grams_of(numbers(self.core_said)):
            told[gram] *= _CORE_TELLS
        return told


def _near(wanted: _Wanted, names: Names, *, most: int) -> tuple[list[tuple[str, str]], bool]:
    """
    Return code and name of what shares the rarest grams, and whether there may be more; grams that all share are not looked
    up.
    """
    with names.lend() as (table, recent):
        rarity = wanted.rarity(table)
        near = recent.find(rarity, most=most)
    folded, core = (characters().letters(text) for text in (wanted.folded, wanted.core))
    length = len(wanted.folded) or len(wanted.telling)
    found = table.find(rarity, folded, core, length=length, most=most)
    is_cut = most in {len(near), len(found)}
    near.extend((table.code(number), table.name(number)) for number in found)
    return near, is_cut


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """A name asked for in characters."""

    bare: str
    parts: Parts
    core_said: str
    wanted: _Wanted

    @classmethod
    def typed(cls, query: str) -> _Name:
        folded = characters().fold(query)
        parts = parts_of(folded)
        core_said = said(parts.core)
        return cls(
            bare=folded.translate(_BRACKETS),
            parts=parts,
            core_said=core_said,
            wanted=_Wanted(
                telling=said(telling(folded)),
                rest_said=said(parts.rest),
                core_said=core_said,
                folded=folded,
                core=parts.core,
            ),
        )

    def fit(self, folded: str) -> Fit:
        """Return how another name fits."""
        if folded.translate(_BRACKETS) == self.bare:
            return _SPELLING_APART
        other = parts_of(folded)
        same_sound = len(other.core) == len(self.core_said) and said(other.core, self.core_said) == self.core_said
        fitting = fit(self.parts, other, same_sound=same_sound)
        return Fit(min(fitting.score, _BEST_BUT_SAME), fitting.reasons)


class _Spoken:
    """A name asked for in pinyin."""

    def __init__(self, sounds: str) -> None:
        words = said_vocabulary()
        self._sounds = sounds
        bare = said_parts(sounds, words, suffixes=False)
        self._parts = {said_parts(sounds, words, suffixes=True), bare}
        telling = sounds
        for form in words.forms:
            telling = telling.replace(form, "")
        self.wanted = _Wanted(telling=telling, rest_said=bare.rest, core_said=bare.core)

    def fit(self, folded: str) -> Fit:
        """Return how a name in characters fits, the better of the ways in which the pinyin can be read."""
        heard = said(folded.translate(_BRACKETS), self._sounds)
        if heard == self._sounds:
            return Fit(_PINYIN, (f"its pinyin 拼音: {spelt(heard)}",))
        other = parts_said(parts_of(folded), lambda part: said(part, self._sounds))
        best = max((fit(parts, other, same_sound=False) for parts in self._parts), key=lambda one: one.score)
        reasons = (f"compared by its pinyin 拼音: {spelt(heard)}", *map(spelt, best.reasons)) if best.score else ()
        return Fit(round(best.score * _PINYIN, 3), reasons)
