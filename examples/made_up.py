"""Codes, numbers and names that are made up and right in every digit: every organisation code begins with FAKE."""

from __future__ import annotations

from typing import Final

USCC: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_character(first17: str) -> str:
    """Return the last character of a unified social credit code (GB 32100)."""
    total = sum(USCC.index(character) * pow(3, place, 31) for place, character in enumerate(first17))
    return USCC[-total % 31]


def organisation_code(first8: str) -> str:
    """Return an organisation code with its check character (GB 11714)."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(ORGANISATION.index(c) * weight for c, weight in zip(first8, weights, strict=True))
    return first8 + "0123456789X"[-total % 11]


def uscc(kind: str, division: str, number: int) -> str:
    """Return a made-up code that is right in every digit."""
    first17 = f"{kind}{division}{organisation_code(f'FAKE{number:04d}')}"
    return first17 + check_character(first17)


def authority_code(number: int) -> str:
    """Return the made-up code of an authority, right in every digit."""
    first17 = f"11220100{organisation_code(f'FAKEA{number:03d}')}"
    return first17 + check_character(first17)


def registration_number(serial: int) -> str:
    """Return a made-up number of the old form, 15 digits with their check digit (ISO 7064 MOD 11,10)."""
    first14 = f"2201019999{serial:04d}"
    product = 10
    for digit in first14:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return f"{first14}{(11 - product) % 10}"


def numeral(number: int) -> str:
    """Return a number below 1,000 in Chinese numerals."""
    digits = "零一二三四五六七八九"
    if number < 10:  # noqa: PLR2004 - decimal
        return digits[number]
    head, rest = divmod(number, 100 if number >= 100 else 10)  # noqa: PLR2004 - decimal
    unit = "百" if number >= 100 else "十"  # noqa: PLR2004 - decimal
    lead = "" if unit == "十" and head == 1 else digits[head]
    zero = "零" if unit == "百" and 0 < rest < 10 else ""  # noqa: PLR2004 - decimal
    one = "一" if unit == "百" and 10 <= rest < 20 else ""  # noqa: PLR2004 - decimal
    return f"{lead}{unit}{zero}{one}{numeral(rest) if rest else ''}"


def full_width(text: str) -> str:
    """Return `text` in full-width forms."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


def wrong_last(code: str) -> str:
    """Return a code whose last character alone is wrong."""
    return code[:17] + USCC[(USCC.index(code[17]) + 1) % 31]


def wrong_organisation(code: str) -> str:
    """Return a code whose organisation code is wrong and whose last character is right."""
    wrong = "0123456789X"[("0123456789X".index(code[16]) + 1) % 11]
    first17 = code[:16] + wrong
    return first17 + check_character(first17)
