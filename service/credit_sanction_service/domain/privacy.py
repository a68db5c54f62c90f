"""Citizens' identity numbers 公民身份号码 (GB 11643): they belong into no field, and no message ever repeats one."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from credit_sanction_service.domain.text import bare

PRIVACY: Final = "山东省社会信用条例 art. 20; GB 11643-1999"
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# Looks ahead, so that a number is found even where the eighteen characters from an earlier start are none.
_EIGHTEEN: Final = re.compile(r"(?<![0-9])(?=((?:[0-9][\W_]*+){17}[0-9X])(?![0-9]))")
_ENOUGH_DIGITS: Final = re.compile(
    r"(?:\d[\W_]*+){17}"
)  # of any script: without them no text holds one, and few have them
_NEITHER: Final = re.compile(r"[^0-9X]")
_LOOKS_LIKE_X: Final = str.maketrans("Хх×", "XXX")  # Cyrillic, and the sign of multiplication
_MASK: Final = "******"
WITHHELD: Final = "withheld: it holds a citizen's identity number"
_SHOWN: Final = 80
_LOOKED_THROUGH: Final = 1_000


def is_citizen_number(value: str) -> bool:
    """Whether it is 18 characters with a day of birth and the check digit of GB 11643 (ISO 7064 MOD 11-2)."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", value):
        return False
    try:
        born = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        return False
    total = sum(int(c) * w for c, w in zip(value[:17], _WEIGHTS, strict=True))
    return born.year in range(1900, 2100) and "10X98765432"[total % 11] == value[17]


def holds_citizen_number(text: str) -> bool:
    """Whether a citizen's number stands anywhere in it, in whatever widths and digits, with signs between its digits."""
    folded = bare(text)
    if not _ENOUGH_DIGITS.search(folded):
        return False
    folded = folded.translate(_LOOKS_LIKE_X).upper()
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded)
    return any(is_citizen_number(_NEITHER.sub("", match[1])) for match in _EIGHTEEN.finditer(digits))


def shown(typed: str, *, most: int = _SHOWN) -> str:
    """Return `typed` quoted and shortened for a message; "what was typed" where it holds a citizen's number or is endless."""
    if len(typed) > _LOOKED_THROUGH or holds_citizen_number(typed):
        return "what was typed"
    return repr(typed if len(typed) <= most else f"{typed[:most]}…")


def masked(text: str) -> str:
    """Return what somebody else wrote without citizens' numbers; nothing of it where one cannot be told from the rest."""
    if not holds_citizen_number(text):
        return text
    same_length = text.replace("x", "X")
    found = [
        match.span(1) for match in _EIGHTEEN.finditer(same_length) if is_citizen_number(_NEITHER.sub("", match[1]))
    ]
    for start, end in reversed(found):
        text = f"{text[:start]}{_MASK}{text[end:]}"
    return WITHHELD if holds_citizen_number(text) else text
