"""
Identifiers of enterprises: normalise, then accept, quarantine or refuse, each with a reason a clerk understands.

Accepted is a unified social credit code 统一社会信用代码 that is right in every digit (GB 32100-2015 with its amendment, GB
11714). Quarantined is what may be genuine and cannot be decided here: an old number, or a code whose own check digit is
wrong while its organisation code is right (such codes exist in the register). Refused is what no enterprise can have.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from operator import mul
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.privacy import PRIVACY, is_citizen_number, shown
from credit_sanction_service.domain.terms import IdentifierKind
from credit_sanction_service.domain.text import CODE_LIMIT, HYPHENS, without_invisible

if TYPE_CHECKING:
    from collections.abc import Iterator

USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUE: Final = {character: value for value, character in enumerate(USCC_ALPHABET)}
_USCC_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_VALUE: Final = {c: v for v, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_REGISTERING_AUTHORITIES: Final = frozenset("123456789ANY")
_BUSINESS_PREFIXES: Final = ("91", "92", "93")
_USCC_LENGTH: Final = 18
_MOST_LIKELY: Final = 8
_MOST_TOLD: Final = 3
_ALL_WEIGHTS: Final = (*_USCC_WEIGHTS, 1)  # the sum of all is a multiple of 31
_INVERSES: Final = tuple(pow(weight, -1, 31) for weight in _ALL_WEIGHTS)
_LOOK_ALIKE: Final = frozenset({"O0", "I1", "Z2", "S5", "VU", "B8", "Q0", "D0", "L1", "G6"})
_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1", "Z": "2", "S": "5", "V": "U"})

GB_32100: Final = "GB 32100-2015 第1号修改单"
GB_11714: Final = "GB 11714-1997"
OLD_NUMBERS: Final = "国务院令第746号(市场主体登记管理条例); GB 32100-2015: 统一社会信用代码为唯一标识"


class Judgement(StrEnum):
    """What intake does with a code."""

    ACCEPTED = "ACCEPTED"
    QUARANTINED = "QUARANTINED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """
    A code, judged. `value` is normalised; `kind` is None where it has no known shape. `reason` and `rule` are empty for
    an accepted one. `likely` are accepted codes that the writer may have meant.
    """

    value: str
    judgement: Judgement
    kind: IdentifierKind | None
    reason: str = ""
    rule: str = ""
    likely: tuple[str, ...] = field(default=())

    @property
    def organisation_code(self) -> str:
        """The organisation code 主体标识码 inside, empty where there is none. It outlives every renumbering."""
        return organisation_code_in(self.kind, self.value)

    @property
    def certain_organisation_code(self) -> str:
        """The organisation code inside, empty where the number may as well be a registration number, which has none."""
        return "" if self.may_be(IdentifierKind.REGISTRATION_NUMBER) else self.organisation_code

    def may_be(self, kind: IdentifierKind) -> bool:
        """Whether it has the shape of `kind`: every eleventh registration number has that of a tax number too."""
        both = kind is IdentifierKind.REGISTRATION_NUMBER and self.kind is IdentifierKind.TAX_NUMBER
        return self.kind is kind or (both and self.value.isdigit())


def describe(typed: str, code: Code) -> str:
    """Return the sentence for whoever typed a code. A citizen's number is not repeated."""
    likely = f"; perhaps {' or '.join(code.likely[:_MOST_TOLD])} was meant" if code.likely else ""
    return f"{shown(typed)}: {code.reason}{likely}"


def organisation_code_in(kind: IdentifierKind | None, value: str) -> str:
    """Return the organisation code inside a normalised identifier of this kind, empty where there is none."""
    match kind:
        case IdentifierKind.USCC:
            return value[8:17]
        case IdentifierKind.ORGANISATION_CODE:
            return value
        case IdentifierKind.TAX_NUMBER:
            return value[6:]
        case _:
            return ""


def normalise(text: str) -> str:
    """Return the code in half width and upper case, without spaces, hyphens and invisible characters."""
    if text.isascii() and text.isalnum():  # as nearly everybody types it
        return text.upper()
    folded = unicodedata.normalize("NFKC", without_invisible(text))
    return "".join(c for c in folded if c not in HYPHENS and not c.isspace()).upper()


def uscc_check_character(first17: str) -> str:
    """Return the 18th character, modulus 31 (GB 32100-2015 §5). KeyError for characters outside its alphabet."""
    total = sum(_USCC_VALUE[c] * w for c, w in zip(first17, _USCC_WEIGHTS, strict=True))
    # The outer modulus is what several published validators forget: without it a remainder of 0 has no character.
    return USCC_ALPHABET[(31 - total % 31) % 31]


def organisation_check_character(first8: str) -> str:
    """Return the 9th character of an organisation code, modulus 11 (GB 11714). KeyError outside 0-9, A-Z."""
    total = sum(_ORGANISATION_VALUE[c] * w for c, w in zip(first8, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def is_uscc(value: str) -> bool:
    """Whether `value`, already normalised, is a unified social credit code right in every digit."""
    return len(value) == _USCC_LENGTH and judge(value).judgement is Judgement.ACCEPTED


def judge(text: str) -> Code:
    """Normalise `text` and say whether it is accepted, quarantined or refused. Never raises."""
    value = normalise(text) if len(text) <= CODE_LIMIT else text[:CODE_LIMIT]
    if len(text) > CODE_LIMIT:
        return _refused(value, f"it is {len(text)} characters long; no code is longer than 18", GB_32100)
    if not value:
        return _refused(value, "it is empty", GB_32100)
    if not value.isascii() or not value.isalnum():
        return _refused(value, "it holds characters that are neither digits nor Latin letters", GB_32100)
    if len(set(value)) == 1:
        return _refused(value, "it is one character repeated", GB_32100)
    match len(value):
        case 18:
            return _judge_uscc(value)
        case 9:
            return _judge_organisation_code(value)
        case 12 if value.isdigit():
            return _old(value, IdentifierKind.INSTITUTION_CERTIFICATE, "a certificate number 事业单位证书号")
        case 15 if value[:6].isdigit() and _organisation_code_is_right(value[6:]):
            return _old(value, IdentifierKind.TAX_NUMBER, "a tax registration number 税务登记号")
        case 15 if value.isdigit():
            return _old(value, IdentifierKind.REGISTRATION_NUMBER, "a business registration number 工商注册号")
        case length:
            return _refused(
                value,
                f"it has {length} characters: a unified social credit code has 18",
                GB_32100,
                _near(value),
            )


def _judge_uscc(value: str) -> Code:
    business = value.startswith(_BUSINESS_PREFIXES)
    if is_citizen_number(value) and not (business and _checks_are_right(value)):
        return _refused(
            value,
            "it has the shape of a citizen's identity number 公民身份号码, which must never stand here",
            PRIVACY,
        )
    if wrong := "".join(sorted(set(value).difference(_USCC_VALUE))):
        return _refused(
            value, f"the letters I, O, S, V and Z do not occur in it; found {wrong}", GB_32100, _near(value)
        )
    if value[0] not in _REGISTERING_AUTHORITIES:
        return _refused(value, f"no registering authority has the number {value[0]}", GB_32100, _near(value))
    if not value[2:8].isdigit():
        return _refused(value, "characters 3 to 8 are a division code and must be digits", GB_32100, _near(value))
    if not _organisation_code_is_right(value[8:17]):
        return _refused(
            value,
            f"the check character of its organisation code (character 17, {value[16]}) is wrong",
            GB_11714,
            _near(value),
        )
    if uscc_check_character(value[:17]) != value[17]:
        return Code(
            value=value,
            judgement=Judgement.QUARANTINED,
            kind=IdentifierKind.USCC,
            reason=f"its last character {value[17]} is wrong while its organisation code is right: "
            "a typing error, or one of the early codes that break the rule; ask the register",
            rule=GB_32100,
            likely=_near(value),
        )
    if is_citizen_number(value):
        return Code(
            value=value,
            judgement=Judgement.QUARANTINED,
            kind=IdentifierKind.USCC,
            reason="it is right as a unified social credit code and as a citizen's identity number too; ask the register",
            rule=PRIVACY,
        )
    return Code(value=value, judgement=Judgement.ACCEPTED, kind=IdentifierKind.USCC)


def _judge_organisation_code(value: str) -> Code:
    if not _organisation_code_is_right(value):
        return _refused(value, "the check character of this organisation code is wrong", GB_11714)
    return _old(value, IdentifierKind.ORGANISATION_CODE, "an organisation code 组织机构代码")


def _old(value: str, kind: IdentifierKind, what: str) -> Code:
    return Code(
        value=value,
        judgement=Judgement.QUARANTINED,
        kind=kind,
        reason=f"it is {what}; the unified social credit code has to be found and confirmed",
        rule=OLD_NUMBERS,
    )


def _refused(value: str, reason: str, rule: str, likely: tuple[str, ...] = ()) -> Code:
    return Code(value=value, judgement=Judgement.REFUSED, kind=None, reason=reason, rule=rule, likely=likely)


def _near(value: str) -> tuple[str, ...]:
    """
    Return the accepted codes that differ in letters people mistake for digits, in one character, or in two that stand side by
    side and were swapped: the likeliest first, at most `_MOST_LIKELY`. Two check characters leave few.
    """
    found = {value.translate(_LOOKALIKES): 0}
    if len(value) == _USCC_LENGTH:
        for code, rank in _one_mistake(value):
            found.setdefault(code, rank)
    found.pop(value, None)
    likely = [code for code in sorted(found, key=found.__getitem__) if _is_right(code)]
    # What is right as a citizen's number too is not proposed: it would be that number, repeated.
    return tuple(code for code in likely if not is_citizen_number(code))[:_MOST_LIKELY]


def _one_mistake(value: str) -> Iterator[tuple[str, int]]:
    """Yield the codes one mistake away for which the check modulus 31 comes out, each with its rank."""
    values = [_USCC_VALUE.get(character, 0) for character in value]
    strangers = [place for place, character in enumerate(value) if character not in _USCC_VALUE]
    if len(strangers) > 1:
        return
    total = sum(map(mul, values, _ALL_WEIGHTS))
    for place in strangers or range(_USCC_LENGTH):
        right = (values[place] - total * _INVERSES[place]) % 31
        if right < 10 or not 2 <= place < 8:  # noqa: PLR2004 - the division code is digits, which stand first in the alphabet
            yield value[:place] + USCC_ALPHABET[right] + value[place + 1 :], _rank(place, value[place], right)
    for place, (first, second) in enumerate(pairwise(values)):
        if (total + (second - first) * (_ALL_WEIGHTS[place] - _ALL_WEIGHTS[place + 1])) % 31 == 0:
            yield value[:place] + value[place + 1] + value[place] + value[place + 2 :], 3


def _rank(place: int, typed: str, right: int) -> int:
    """Say how unlikely a mistake here is: less where both look alike, or in the last place, more where nearly all codes are alike."""
    if not {typed + USCC_ALPHABET[right], USCC_ALPHABET[right] + typed}.isdisjoint(_LOOK_ALIKE):
        return 1
    if place == _USCC_LENGTH - 1:
        return 2
    return 4 if place > 1 else 5


def _is_right(value: str) -> bool:
    return len(value) == _USCC_LENGTH and value[0] in _REGISTERING_AUTHORITIES and _checks_are_right(value)


def _checks_are_right(value: str) -> bool:
    return (
        _USCC_VALUE.keys() >= set(value)
        and value[2:8].isdigit()
        and _organisation_code_is_right(value[8:17])
        and uscc_check_character(value[:17]) == value[17]
    )


def _organisation_code_is_right(value: str) -> bool:
    return _ORGANISATION_VALUE.keys() >= set(value) and organisation_check_character(value[:8]) == value[8]
