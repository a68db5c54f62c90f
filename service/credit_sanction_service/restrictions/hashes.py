"""The hashes of what leads to records, of many codes at once: the same as `domain.leads` has them one by one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final
from zlib import crc32

import numpy as np

from credit_sanction_service.domain.leads import NUMBER_TAG

if TYPE_CHECKING:
    import numpy.typing as npt

CODE_LENGTH: Final = 18
_ORGANISATION: Final = slice(8, 17)


def leads_of_codes(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Return the hash of each code: one row of 18 bytes of ASCII each."""
    return _hashes(codes)


def leads_of_organisations(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Return the hash of the organisation code inside each code."""
    return _hashes(codes[:, _ORGANISATION])


def _hashes(texts: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """
    Return the checksums of texts of one length. A checksum is linear: that of a text is that of as many zeros, changed by
    what each of its characters alone would change.
    """
    base, tables = _tables(texts.shape[1])
    hashes = np.full(texts.shape[0], base, np.uint32)
    for characters, table in zip(np.ascontiguousarray(texts.T), tables, strict=True):
        hashes ^= table.take(characters)
    return hashes


@cache
def _tables(length: int) -> tuple[int, npt.NDArray[np.uint32]]:
    """Return the checksum of `length` zeros, and by place and character what the character there changes of it."""
    zeros = bytes(length)
    base = crc32(NUMBER_TAG + zeros)
    rows = [
        [crc32(NUMBER_TAG + zeros[:place] + bytes([character]) + zeros[place + 1 :]) ^ base for character in range(256)]
        for place in range(length)
    ]
    return base, np.array(rows, np.uint32)
