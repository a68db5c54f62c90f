"""
Which codes are plainly accepted, many at once: the rules of `domain.identifiers` over arrays.

Plainly accepted is a unified social credit code in half width and upper case that is right in every digit (GB 32100-2015,
GB 11714) and cannot be a citizen's number. About everything else these functions say nothing: ask `judge`.
"""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from credit_sanction_service.domain.identifiers import USCC_ALPHABET, Code, Judgement
from credit_sanction_service.domain.terms import IdentifierKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

Rows: TypeAlias = "npt.NDArray[np.uint8]"
Truths: TypeAlias = "npt.NDArray[np.bool_]"

LENGTH: Final = 18
_NONE: Final = 255
_ORGANISATION_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_AUTHORITIES: Final = "123456789ANY"
_DIGITS: Final = "0123456789"
_CITIZENS_CENTURIES: Final = (b"19", b"20")


def _table(alphabet: str) -> bytes:
    """Return what `bytes.translate` makes of each character: its place in the alphabet, 255 where it has none."""
    places = dict(zip(alphabet.encode(), range(len(alphabet)), strict=True))
    return bytes(places.get(byte, _NONE) for byte in range(256))


_VALUES: Final = _table(USCC_ALPHABET)
_ORGANISATION_VALUES: Final = _table(_ORGANISATION_ALPHABET)
# Products and sums stay below 2^24, so single precision is exact, and a product of matrices the fastest way to them.
_SUM_OF_ALL: Final = np.array(_WEIGHTS, np.float32)
_SUM_OF_ORGANISATION: Final = np.array(_ORGANISATION_WEIGHTS, np.float32)
_CHECK_VALUE: Final = np.array([(31 - rest) % 31 for rest in range(31)], np.uint8)
_ORGANISATION_CHECKS: Final = b"0X987654321"  # by the remainder of the sum, modulus 11
_ORGANISATION_CHECK: Final = np.frombuffer(_ORGANISATION_CHECKS, np.uint8)
_IS_AUTHORITY: Final = np.array([chr(byte) in _AUTHORITIES for byte in range(256)])


def is_accepted(text: str) -> bool:
    """Whether a code is plainly accepted: what `judge` says, in a fraction of its time."""
    if len(text) != LENGTH or not text.isascii():
        return False
    raw = text.encode()
    values = raw.translate(_VALUES)
    return not (
        values[17] != (31 - sum(map(mul, values, _WEIGHTS)) % 31) % 31
        or _NONE in values
        or text[0] not in _AUTHORITIES
        or not text[2:8].isdigit()
        or _ORGANISATION_CHECKS[sum(map(mul, raw[8:16].translate(_ORGANISATION_VALUES), _ORGANISATION_WEIGHTS)) % 11]
        != raw[16]
        or (raw[6:8] in _CITIZENS_CENTURIES and raw[:17].isdigit())
    )


def accepted_code(text: str) -> Code | None:
    """Return the code where it is plainly accepted, else None."""
    return Code(value=text, judgement=Judgement.ACCEPTED, kind=IdentifierKind.USCC) if is_accepted(text) else None


def rows_of(codes: Sequence[str]) -> tuple[Rows, npt.NDArray[np.intp] | None]:
    """
    Return the codes of 18 ASCII characters as an array of shape (n, 18), and where they stand in `codes`; None: all do, in
    order.
    """
    text = "".join(codes)
    if text.isascii() and set(map(len, codes)) == {LENGTH}:
        return np.frombuffer(text.encode(), np.uint8).reshape(-1, LENGTH), None
    places = [place for place, code in enumerate(codes) if len(code) == LENGTH and code.isascii()]
    text = "".join([codes[place] for place in places])
    return np.frombuffer(text.encode(), np.uint8).reshape(-1, LENGTH), np.array(places, np.intp)


def accepted(rows: Rows) -> Truths:
    """Return of each row of shape (n, 18) whether it is plainly accepted."""
    raw = rows.tobytes()
    translated = raw.translate(_VALUES)
    values = np.frombuffer(translated, np.uint8).reshape(-1, LENGTH)
    inside = np.frombuffer(raw.translate(_ORGANISATION_VALUES), np.uint8).reshape(-1, LENGTH)[:, 8:16]
    remainder = (values[:, :17].astype(np.float32) @ _SUM_OF_ALL).astype(np.int32) % 31
    remainder_inside = (inside.astype(np.float32) @ _SUM_OF_ORGANISATION).astype(np.int32) % 11
    good: Truths = values[:, 17] == _CHECK_VALUE[remainder]
    good &= _ORGANISATION_CHECK[remainder_inside] == rows[:, 16]
    good &= _IS_AUTHORITY[rows[:, 0]]
    good &= _largest(values, 2, 8) <= 9  # noqa: PLR2004 - the digits stand first in the alphabet
    if _NONE in translated:
        good &= _largest(values, 0, LENGTH) != _NONE
    century = values[:, 6] * np.uint8(10) + values[:, 7]
    born: Truths = (century == 19) | (century == 20)  # noqa: PLR2004 - a citizen's number would tell the year of birth there
    if born.any():
        good &= ~(born & (_largest(values, 0, 17) <= 9))  # noqa: PLR2004 - as above
    return good


def _largest(values: Rows, first: int, last: int) -> Rows:
    """Return the largest value of each row in these columns: column by column, for a reduction along short rows is slow."""
    found = values[:, first].copy()
    for column in range(first + 1, last):
        np.maximum(found, values[:, column], out=found)
    return found
