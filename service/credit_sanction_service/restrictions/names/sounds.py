"""Names by their sound: typed pinyin cut into syllables, characters as what they sound like."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from credit_sanction_service.restrictions.names.characters import characters
from credit_sanction_service.restrictions.names.vocabulary import VOCABULARY, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_FIRST: Final = (
    0xE000  # a sound is written as one private-use character, so that texts of sounds are compared like texts
)
_LONGEST: Final = 6  # letters of a syllable
_SOUND: Final = re.compile("[\ue000-\ue3ff]+")
_RUN: Final = re.compile(r"[a-z]+|[0-9]|[^\W_a-z0-9]+")
_TONE: Final = re.compile(r"(?<=[a-z])[1-5](?![0-9])")


def said(folded: str, heard: Collection[str] = ()) -> str:
    """Return the text of sounds of folded characters. Where a second reading is among `heard`, and the first is not, it counts."""
    spoken = []
    for character in folded:
        first, second = _sounds_of(character)
        spoken.append(second if second and first not in heard and second in heard else first)
    return "".join(spoken)


@lru_cache(maxsize=1 << 16)
def _sounds_of(character: str) -> tuple[str, str]:
    ((first, second),) = characters().sounds_of(character)
    return chr(_FIRST + first), chr(_FIRST + second) if second else ""


def numbers(sounds: str) -> list[int]:
    """Return the numbers of a text of sounds."""
    return [ord(sound) - _FIRST for sound in sounds]


@lru_cache(maxsize=1)
def said_vocabulary() -> Vocabulary:
    """Return the shared words in sounds."""
    return VOCABULARY.said(said)


def spelt(text: str) -> str:
    """Return a text with its sounds spelt out; everything else in it stays."""
    return _SOUND.sub(lambda run: " ".join(map(_spelling, run[0])), text)


def _spelling(sound: str) -> str:
    return _spellings().get(ord(sound) - _FIRST, "?")


@lru_cache(maxsize=1)
def _spellings() -> dict[int, str]:
    digits = {characters().sounds_of(digit)[0][0]: digit for digit in "0123456789"}
    return digits | {number: syllable for syllable, number in characters().syllables.items()}


def read_pinyin(typed: str) -> str:
    """
    Return the text of sounds of typed pinyin, with or without tones, spaces and apostrophes; empty where it is none. Digits, and
    characters among the pinyin, stay what they are.
    """
    runs = _RUN.findall(_letters(typed))
    if not any(len(run) > 1 and run.isascii() for run in runs):  # single Latin letters are part of many a name
        return ""
    spoken = []
    for run in runs:
        if not run.isascii() or run.isdigit():
            spoken.append(said(characters().fold(run)))
            continue
        syllables = _cut(run)
        if not syllables:
            return ""
        spoken.extend(chr(_FIRST + characters().syllables[syllable]) for syllable in syllables)
    return "".join(spoken)


def _letters(typed: str) -> str:
    """Return the text with Latin letters without tones, and signs as spaces."""
    marks = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", typed).casefold()).replace("u\u0308", "v")
    bare = "".join(c for c in marks if not unicodedata.combining(c))
    return _TONE.sub(" ", bare)


def _cut(run: str) -> Sequence[str]:
    """Return the fewest syllables that a run of letters consists of, the longer first; none where it does not."""
    known = characters().syllables
    best: list[tuple[str, ...] | None] = [None] * len(run) + [()]
    for start in range(len(run) - 1, -1, -1):
        for length in range(min(_LONGEST, len(run) - start), 0, -1):
            behind, syllable = best[start + length], run[start : start + length]
            if behind is None or syllable not in known:
                continue
            shortest = best[start]
            if shortest is None or len(behind) + 1 < len(shortest):
                best[start] = (syllable, *behind)
    return best[0] or ()
