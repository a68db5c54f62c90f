"""
Pairs of neighbouring sounds, by which a name is found: of characters side by side, and with one between them. So a name is found with
other characters of the same sound, in pinyin, and with one wrong character in it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from credit_sanction_service.restrictions.names.characters import SOUNDS, Characters
from credit_sanction_service.restrictions.names.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from collections.abc import Sequence

GRAMS: Final = 2 * SOUNDS * SOUNDS
_APART: Final = SOUNDS * SOUNDS  # from here on: with one between them
_NOT_INDEXED: Final = re.compile("|".join((*VOCABULARY.forms, r"[()]")))

Grams = npt.NDArray[np.uint32]


def telling(folded: str) -> str:
    """Return what is found by: all but legal forms and brackets. Line feeds between names stay."""
    return _NOT_INDEXED.sub("", folded)


def grams_of(sounds: Sequence[int]) -> list[int]:
    """Return the grams of one text of sounds, in order, some of them twice."""
    side = [first * SOUNDS + second for first, second in pairwise(sounds)]
    apart = [_APART + first * SOUNDS + second for first, second in zip(sounds, sounds[2:], strict=False)]
    return side + apart


def grams_of_name(folded: str, table: Characters) -> list[int]:
    """Return the grams by which one name is found: those of the second readings of its characters too."""
    said = table.sounds_of(telling(folded))
    grams = grams_of([first for first, _ in said])
    for (first, other), (second, another) in pairwise(said):
        if other:
            grams.append(other * SOUNDS + second)
        if another:
            grams.append(first * SOUNDS + another)
        if other and another:
            grams.append(other * SOUNDS + another)
    return grams


def grams_of_many(
    sounds: npt.NDArray[np.uint16], second: npt.NDArray[np.uint16], names: npt.NDArray[np.uint32]
) -> tuple[Grams, npt.NDArray[np.uint32]]:
    """
    Return grams, and to which name each belongs. The arrays run side by side: sound, second sound and name of each character; where
    the name changes, or the sound is 0, no gram reaches across.
    """
    first, other = sounds.astype(np.uint32), second.astype(np.uint32)
    near = (names[:-1] == names[1:]) & (first[:-1] != 0) & (first[1:] != 0)
    far = near[:-1] & near[1:]
    found = [(near, first[:-1], first[1:], 0, names[:-1]), (far, first[:-2], first[2:], _APART, names[:-2])]
    for left, right in ((other[:-1], first[1:]), (first[:-1], other[1:]), (other[:-1], other[1:])):
        found.append((near & (left != 0) & (right != 0), left, right, 0, names[:-1]))
    grams = [np.uint32(base) + left[mask] * np.uint32(SOUNDS) + right[mask] for mask, left, right, base, _ in found]
    return np.concatenate(grams), np.concatenate([of[mask] for mask, *_, of in found])
