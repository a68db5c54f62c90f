"""Citizens' numbers 公民身份号码 do not belong in record sheets, and what was typed by mistake is not shown again."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

_GAP: Final = r"[\s\u00ad\u200b-\u200f\u2060\ufeff-]{0,3}"
_SHAPE: Final = re.compile(rf"(?<![0-9A-Za-z０-９])(?:\d{_GAP}){{17}}[\dXxＸｘ](?![0-9A-Za-z０-９])")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SHOWN: Final = 6
_LENGTH: Final = 18


def masked(text: str) -> str:
    """Return `text` with each citizen's number in it, however it is spaced, as its first six digits and stars."""
    return _SHAPE.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    number = re.sub(r"[^0-9X]", "", unicodedata.normalize("NFKC", match[0]).upper())
    return number[:_SHOWN] + "*" * (_LENGTH - _SHOWN) if _is_citizens(number) else match[0]


def _is_citizens(number: str) -> bool:
    """Whether it has a day of birth and the check digit of GB 11643 (ISO 7064 MOD 11-2)."""
    if len(number) != _LENGTH:  # digits of a script that NFKC does not fold
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return born.year in range(1900, 2100) and "10X98765432"[total % 11] == number[17]
