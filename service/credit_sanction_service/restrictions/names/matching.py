"""From a typed name to the names that fit it: found by their grams, then compared part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from credit_sanction_service.restrictions.names.characters import characters
from credit_sanction_service.restrictions.names.grams import grams_of, telling
from credit_sanction_service.restrictions.names.parts import Parts, parts_of, parts_said, said_parts
from credit_sanction_service.restrictions.names.scoring import LEAST, Fit, fit
from credit_sanction_service.restrictions.names.sounds import numbers, read_pinyin, said, said_vocabulary, spelt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction_service.restrictions.names.keeping import Names
    from credit_sanction_service.restrictions.names.name_table import NameTable

_COMPARED: Final = 64  # names that are taken apart for one search, from the table and from what is recent each
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


def name_guesses(query: str, names: Names) -> list[NameGuess]:
    """Return the names that fit, the best first. Raises `StoreUnavailable` while the names are being prepared."""
    best: dict[tuple[str, str], Fit] = {}
    asked = _Name.typed(query)
    _compare(asked, _near(asked.wanted, names), best)
    if pinyin := read_pinyin(query):
        spoken = _Spoken(pinyin)
        _compare(spoken, _near(spoken.wanted, names), best)
    guesses = [
        NameGuess(code=code, folded=folded, score=fitting.score, reasons=fitting.reasons)
        for (code, folded), fitting in best.items()
        if fitting.score >= LEAST
    ]
    return sorted(guesses, key=lambda guess: (-guess.score, len(guess.folded), guess.code))


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


def _near(wanted: _Wanted, names: Names) -> Iterable[tuple[str, str]]:
    """Return code and name of what shares the rarest grams; grams that all share are not looked up."""
    with names.lend() as (table, recent):
        rarity = wanted.rarity(table)
        near = recent.find(rarity, most=_COMPARED)
    folded, core = (characters().letters(text) for text in (wanted.folded, wanted.core))
    length = len(wanted.folded) or len(wanted.telling)
    found = table.find(rarity, folded, core, length=length, most=_COMPARED)
    near.extend((table.code(number), table.name(number)) for number in found)
    return near


def _compare(asked: _Name | _Spoken, near: Iterable[tuple[str, str]], best: dict[tuple[str, str], Fit]) -> None:
    for code, folded in near:
        fitting = asked.fit(folded)
        if fitting.score > best.get((code, folded), Fit(0.0)).score:
            best[code, folded] = fitting


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
