"""Citizens' numbers 公民身份号码 belong into no list, and what was typed by mistake is not shown again."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

_GAP: Final = r"[\s\u00ad\u200b-\u200f\u2060\ufeff-]{0,3}"
_SHAPE: Final = re.compile(rf"(?<![0-9A-Za-z０-９])(?:\d{_GAP}){{17}}[\dXxＸｘ](?![0-9A-Za-z０-９])")
# With any signs between its digits, and found even where the eighteen characters from an earlier start are none.
_ANYWHERE: Final = re.compile(r"(?<![0-9])(?=((?:[0-9][\W_]*+){17}[0-9X])(?![0-9]))")
_LIKE_X: Final = str.maketrans("xХх×", "XXXX")  # Cyrillic, and the sign of multiplication
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SHOWN: Final = 6
_LENGTH: Final = 18
_LONGEST_CODE: Final = 80  # that is shown; none has more than 18 characters
_LOOKED_THROUGH: Final = 1_000
_WITHHELD: Final = "*" * _LENGTH


def masked(text: str) -> str:
    """Return `text` with each citizen's number in it, however it is spaced, as its first six digits and stars."""
    return _SHAPE.sub(_mask, text)


def shown_code(typed: str) -> str:
    """
    Return what somebody gave as a code, to be shown: cut where it is longer than any, masked where a citizen's number stands in it,
    in whatever widths and with whatever signs between its digits, and withheld where that cannot be told from the rest.
    """
    if len(typed) == _LENGTH and typed.isascii() and not typed[:-1].isdigit():
        return typed  # most codes are seen through at once
    if len(typed) > _LOOKED_THROUGH:
        return _WITHHELD
    told = masked(typed)
    if _holds(told):
        return _WITHHELD
    return told if len(told) <= _LONGEST_CODE else f"{told[:_LONGEST_CODE]}…"


def _holds(text: str) -> bool:
    """Whether a citizen's number stands anywhere in it."""
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    folded = unicodedata.normalize("NFKC", visible).translate(_LIKE_X).upper()
    digits = "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in folded)
    return any(is_citizens_number(re.sub(r"[^0-9X]", "", match[1])) for match in _ANYWHERE.finditer(digits))


def _mask(match: re.Match[str]) -> str:
    number = re.sub(r"[^0-9X]", "", unicodedata.normalize("NFKC", match[0]).upper())
    return number[:_SHOWN] + "*" * (_LENGTH - _SHOWN) if is_citizens_number(number) else match[0]


def is_citizens_number(number: str) -> bool:
    """Whether it has a day of birth and the check digit of GB 11643 (ISO 7064 MOD 11-2)."""
    if len(number) != _LENGTH or not number[:17].isdecimal() or not number.isascii():
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return born.year in range(1900, 2100) and "10X98765432"[total % 11] == number[17]
