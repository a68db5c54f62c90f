"""Plain text as people type it: what is normalised, what is refused, how two names compare."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

NAME_LIMIT: Final = 200  # CF_XDR_MC C200
DOCUMENT_NUMBER_LIMIT: Final = 128  # CF_WSH C128
DISTRICT_NAME_LIMIT: Final = 100
ITEM_LIMIT: Final = 100
EQUIPMENT_LIMIT: Final = 500
REASON_LIMIT: Final = 500
PASSAGE_LIMIT: Final = 2_000  # facts, basis, rights, cause: a paragraph of a document (CF_WFXW 2000)
PENALTY_FACTS_LIMIT: Final = 5_000  # CF_SY 5000
PENALTY_BASIS_LIMIT: Final = 2_048  # CF_YJ 2048
PENALTY_CONTENT_LIMIT: Final = 4_000  # CF_NR 4000
APPROVER_LIMIT: Final = 200
LICENCE_LIMIT: Final = 200  # CF_NR_ZKDX C200
CODE_LIMIT: Final = 64  # as typed, before it is normalised
OTHER_IDENTIFIER_LIMIT: Final = 32
REQUEST_ID_LIMIT: Final = 64

HYPHENS: Final = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
# The brackets of GB/T 15834 and their kin as NFKC leaves them. Corner brackets 「」 are quotation marks, and 《》 title marks.
_BRACKETS: Final = str.maketrans("[]{}【】〔〕〖〗〘〙〚〛", "()" * 7)


def has_control_characters(value: str) -> bool:
    """Whether `value` holds control characters, surrogates or noncharacters: none of them is ever text."""
    # Not what is unassigned: that depends on how old the interpreter's tables are, and rare characters of names are new.
    return not value.isprintable() and any(
        unicodedata.category(c) in {"Cc", "Cs"} or _is_noncharacter(ord(c)) for c in value
    )


def has_private_characters(value: str) -> bool:
    """Whether `value` holds private-use characters 自造字: each machine shows them as something else."""
    return not value.isprintable() and any(unicodedata.category(character) == "Co" for character in value)


def without_invisible(value: str) -> str:
    """Return `value` without format characters: joiners, marks and overrides of direction, soft hyphens."""
    if value.isprintable():  # then nothing in it is of category C: nearly every text is, and this is asked for each
        return value
    return "".join(character for character in value if unicodedata.category(character) != "Cf")


# Fillers, joiners and variation selectors: they show nothing by themselves, whatever category Unicode gives them.
_SHOWS_NOTHING: Final = re.compile(
    "[\u034f\u115f\u1160\u2800\u3164\uffa0\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)


def bare(value: str) -> str:
    """Return `value` in half width, without anything that shows nothing: for comparing, never for keeping."""
    if value.isascii() and value.isprintable():  # then it is that already
        return value
    folded = unicodedata.normalize("NFKC", _SHOWS_NOTHING.sub("", without_invisible(value)))
    return _SHOWS_NOTHING.sub("", folded)


def tidy(value: str) -> str:
    """Return `value` in Unicode form C without invisible characters, runs of white space as one space, trimmed."""
    return " ".join(unicodedata.normalize("NFC", without_invisible(value)).split())


def name_key(name: str) -> str:
    """Return what two spellings of one name share: widths, kinds of brackets, case and spaces make no difference."""
    folded = bare(name).translate(_BRACKETS)
    return "".join(folded.split()).casefold()


def _is_noncharacter(number: int) -> bool:
    return number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF  # noqa: PLR2004 - the range that the standard says
