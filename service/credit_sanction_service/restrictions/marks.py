"""Marks: which hashes were ever put in here, told of many at once, and wrongly "yes" now and then."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

import numpy as np

from credit_sanction_service.restrictions.sieve import fall_through, put_through

if TYPE_CHECKING:
    import numpy.typing as npt

_FIRST_BITS: Final = 16
_BITS_EACH: Final = 32


class Marks:
    """A set of 32-bit hashes that grows with what it holds. It says "no" of none that is in it."""

    def __init__(self) -> None:
        self._hashes = array("I")
        self._fill(_FIRST_BITS)

    def add(self, lead: int) -> None:
        """Put a hash in."""
        place = lead >> self._shift
        self._bytes[place >> 3] |= 1 << (place & 7)
        self._hashes.append(lead)
        if len(self._hashes) * _BITS_EACH > 1 << self._bits:
            self._fill(self._bits + 2)

    def may_have(self, leads: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Return of each whether it may be in here."""
        if not self._hashes:
            return np.zeros(leads.size, np.bool_)
        places = leads >> np.uint32(self._shift)
        return fall_through(np.frombuffer(self._bytes, np.uint8), places)

    def _fill(self, bits: int) -> None:
        self._bits = min(bits, 32)
        self._shift = 32 - self._bits
        places = np.frombuffer(self._hashes, np.uint32) >> np.uint32(self._shift)
        self._bytes = bytearray(1 << (self._bits - 3))
        put_through(np.frombuffer(self._bytes, np.uint8), places)
