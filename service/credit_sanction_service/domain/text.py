"""Plain text as people type it: what is normalised, what is refused, how two names compare."""

from __future__ import annotations

import unicodedata
from typing import Final

NAME_LIMIT: Final = 200  # CF_XDR_MC C200
DOCUMENT_NUMBER_LIMIT: Final = 128  # CF_WSH C128
DISTRICT_NAME_LIMIT: Final = 100
ITEM_LIMIT: Final = 100
EQUIPMENT_LIMIT: Final = 500
REASON_LIMIT: Final = 500
CODE_LIMIT: Final = 64  # as typed, before it is normalised
OTHER_IDENTIFIER_LIMIT: Final = 32
REQUEST_ID_LIMIT: Final = 64

_BRACKETS: Final = str.maketrans("（）［］【】〔〕", "()[][]()")


def has_control_characters(value: str) -> bool:
    """Whether `value` holds control, surrogate, private or unassigned characters: none of them is ever text."""
    return any(unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"} for character in value)


def without_invisible(value: str) -> str:
    """Return `value` without format characters: joiners, marks and overrides of direction, soft hyphens."""
    return "".join(character for character in value if unicodedata.category(character) != "Cf")


def tidy(value: str) -> str:
    """Return `value` in Unicode form C without invisible characters, runs of white space as one space, trimmed."""
    return " ".join(unicodedata.normalize("NFC", without_invisible(value)).split())


def name_key(name: str) -> str:
    """Return what two spellings of one name share: widths, brackets, case and spaces make no difference."""
    folded = unicodedata.normalize("NFKC", without_invisible(name)).translate(_BRACKETS)
    return "".join(folded.split()).casefold()
