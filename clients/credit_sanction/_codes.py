"""
Codes as the service judges them: a unified social credit code 统一社会信用代码 right in every digit (GB 32100-2015 with its
amendment, GB 11714), one in doubt, or what no enterprise can have. For who answers without the service; else it judges.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from credit_sanction._privacy import is_citizens_number

USCC_LENGTH: Final = 18
_TAX_LENGTH: Final = 15
_LONGEST: Final = 64  # as typed, before it is normalised
_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE: Final = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_VALUE: Final = {c: v for v, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_REGISTERING: Final = frozenset("123456789ANY")
_OF_BUSINESS: Final = ("91", "92", "93")
_HYPHENS: Final = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212")


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """
    A code, normalised. `fault` says why no enterprise can have it; `doubt` why a look-up that finds nothing under it answers
    UNKNOWN. Each is empty where there is nothing to say.
    """

    value: str
    fault: str = ""
    doubt: str = ""

    @property
    def numbers(self) -> tuple[str, ...]:
        """What leads to an enterprise: the number, and the organisation code 主体标识码 inside it, where there is one."""
        if len(self.value) == USCC_LENGTH:
            return (self.value, self.value[8:17])
        return (self.value, self.value[6:]) if _is_tax_number(self.value) else (self.value,)


def judge(typed: str) -> Code:
    """Normalise and judge. What it says never repeats what was typed."""
    if len(typed) > _LONGEST:
        return Code(value="", fault=f"it is {len(typed)} characters long; no code is longer than 18")
    value = normalise(typed)
    if not value:
        return Code(value="", fault="it is empty")
    if not (value.isascii() and value.isalnum()):
        return Code(value=value, fault="it holds characters that are neither digits nor Latin letters")
    if len(set(value)) == 1:
        return Code(value=value, fault="it is one character repeated")
    if len(value) == USCC_LENGTH:
        return _judge_uscc(value)
    return Code(value=value, fault=_fault_of_old(value), doubt="it is an old number")


def normalise(typed: str) -> str:
    """Return a code in half width and upper case, without spaces, hyphens and invisible characters."""
    if typed.isascii() and typed.isalnum():
        return typed.upper()
    visible = "".join(character for character in typed if unicodedata.category(character) != "Cf")
    folded = unicodedata.normalize("NFKC", visible)
    return "".join(one for one in folded if one not in _HYPHENS and not one.isspace()).upper()


def _judge_uscc(value: str) -> Code:
    is_whole = _VALUE.keys() >= set(value) and value[2:8].isdigit() and _organisation_is_right(value[8:17])
    is_right = is_whole and _check_character(value) == value[17]
    is_citizens = is_citizens_number(value)
    if is_citizens and not (is_right and value.startswith(_OF_BUSINESS)):
        fault = "it has the shape of a citizen's identity number 公民身份号码, which must never stand here"
    elif not _VALUE.keys() >= set(value):
        fault = "the letters I, O, S, V and Z do not occur in a unified social credit code"
    elif value[0] not in _REGISTERING:
        fault = f"no registering authority has the number {value[0]}"
    elif not is_whole:
        fault = "its division code or the check character of its organisation code is wrong"
    elif is_citizens:
        return Code(value=value, doubt="it is right as a citizen's identity number too")
    else:
        return Code(
            value=value, doubt="" if is_right else "its last character is wrong while its organisation code is right"
        )
    return Code(value=value, fault=fault)


def _fault_of_old(value: str) -> str:
    match len(value):
        case 9:
            return "" if _organisation_is_right(value) else "the check character of this organisation code is wrong"
        case 12 | 15 if value.isdigit():
            return ""
        case _ if _is_tax_number(value):
            return ""
        case length:
            return f"it has {length} characters: a unified social credit code has {USCC_LENGTH}"


def _is_tax_number(value: str) -> bool:
    return len(value) == _TAX_LENGTH and value[:6].isdigit() and _organisation_is_right(value[6:])


def _check_character(value: str) -> str:
    total = sum(_VALUE[c] * weight for c, weight in zip(value[:17], _WEIGHTS, strict=True))
    return _ALPHABET[(31 - total % 31) % 31]


def _organisation_is_right(value: str) -> bool:
    if not _ORGANISATION_VALUE.keys() >= set(value):
        return False
    total = sum(_ORGANISATION_VALUE[c] * weight for c, weight in zip(value[:8], _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11] == value[8]
