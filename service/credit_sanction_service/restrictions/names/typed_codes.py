"""What a mistyped code may have been: one wrong character, two swapped, one missing, one too many."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from credit_sanction_service.domain.identifiers import USCC_ALPHABET

WHOLE: Final = 18
_OLD: Final = (9, 15)
_OLD_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FEWEST_DIGITS: Final = 4
_LOOKS_LIKE: Final = frozenset({"O0", "I1", "Z2", "S5", "VU", "B8", "Q0", "D0", "L1", "G6"})

SAME_ORGANISATION: Final = 0.75
_READ_WRONG: Final = 0.95
_SWAPPED: Final = 0.9
_WRONG: Final = 0.85
_LENGTH: Final = 0.8


def may_be_code(value: str) -> bool:
    """Whether a normalised text may have been meant as a code: about as long as one, and with digits."""
    long_enough = any(abs(len(value) - length) <= 1 for length in (*_OLD, WHOLE)) or len(value) == 12  # noqa: PLR2004 - 事业单位证书号
    return long_enough and value.isascii() and value.isalnum() and sum(map(str.isdigit, value)) >= _FEWEST_DIGITS


def variants(value: str) -> dict[str, tuple[float, str]]:
    """Return every code that `value` may have been, with how likely that is and why; none for what is far from any length."""
    found: dict[str, tuple[float, str]] = {}
    length = next((length for length in (WHOLE, *_OLD) if abs(len(value) - length) <= 1), 0)
    alphabet = USCC_ALPHABET if length == WHOLE else _OLD_ALPHABET
    if len(value) == length:
        _swap(value, found)
        _replace(value, alphabet, found)
    elif len(value) == length - 1:
        for place in range(length):
            for character in alphabet:
                why = f"character {place + 1} is missing: {character}"
                found.setdefault(value[:place] + character + value[place:], (_LENGTH, why))
    elif len(value) == length + 1:
        for place, character in enumerate(value):
            why = f"character {place + 1} is too many: {character}"
            found.setdefault(value[:place] + value[place + 1 :], (_LENGTH, why))
    found.pop(value, None)
    return found


def _swap(value: str, found: dict[str, tuple[float, str]]) -> None:
    for place, (first, second) in enumerate(pairwise(value)):
        swapped = value[:place] + second + first + value[place + 2 :]
        found.setdefault(swapped, (_SWAPPED, f"characters {place + 1} and {place + 2} are swapped: {first}{second}"))


def _replace(value: str, alphabet: str, found: dict[str, tuple[float, str]]) -> None:
    for place, wrong in enumerate(value):
        for character in alphabet:
            score = _READ_WRONG if {wrong + character, character + wrong} & _LOOKS_LIKE else _WRONG
            why = f"character {place + 1} is {character}, not {wrong}"
            found.setdefault(value[:place] + character + value[place + 1 :], (score, why))
