"""A sieve: one bit for each of many places, eight in a byte, the lowest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


def put_through(sieve: npt.NDArray[np.uint8], places: npt.NDArray[np.uint32]) -> None:
    """Set the bits at these places."""
    np.bitwise_or.at(sieve, places >> np.uint32(3), np.uint8(1) << (places & np.uint32(7)).astype(np.uint8))


def fall_through(sieve: npt.NDArray[np.uint8], places: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Return of each place whether its bit is set."""
    bits = sieve.take(places >> np.uint32(3)) >> (places & np.uint32(7)).astype(np.uint8)
    return (bits & np.uint8(1)).view(np.bool_)
