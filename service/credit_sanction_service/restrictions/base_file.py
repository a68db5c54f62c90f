"""
The file of a base: an index of all records at one revision, as it lies in memory.

| part      | what                                                                                                |
|-----------|-----------------------------------------------------------------------------------------------------|
| head      | `Header`, and its checksum                                                                          |
| facts     | the facts of each record, one after the other (see `store.facts`), filled up to eight bytes         |
| bounds    | for each record where its facts begin, and where the last ones end: 64 bits each                    |
| leads     | the hashes of all that leads to records, the lowest first: 32 bits each                             |
| owners    | for each of them the place of the record that it leads to: 32 bits each                             |
| starts    | by the upper `bucket_bits` bits of a hash, where in `leads` it would stand; one more at the end     |
| sieve     | by the upper `sieve_bits` bits of a hash, one bit each, the lowest first: whether there is any      |

All numbers have their lowest byte first. A file that is not whole, or not what it says, is none: it is made anew.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Final
from zlib import crc32

import numpy as np

from credit_sanction_service.restrictions.sieve import put_through
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from credit_sanction_service.store.facts import PackedRecords

_MAGIC: Final = b"CSSBASE\x01"  # the last byte counts the forms of this file, and of the facts within
_HEAD: Final = struct.Struct("<8s8qI")
HEAD_SIZE: Final = 128
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SLICE: Final = 1 << 24
_MOST_BUCKET_BITS: Final = 28


class NotABase(Exception):
    """The file cannot be used: it is damaged, or of another form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """
    What a base is of: a revision, and the instant at which the store knew it, which tells two histories apart that use the
    same numbers. `checksum` is that of all behind the head.
    """

    revision: Revision
    known_at: datetime
    records: int
    facts_size: int
    leads: int
    bucket_bits: int
    checksum: int

    @property
    def sieve_bits(self) -> int:
        """How many bits of a hash the sieve looks at: one in sixteen of those that lead nowhere falls through."""
        return min(32, self.bucket_bits + 4)

    @property
    def sections(self) -> tuple[int, int, int, int, int, int, int]:
        """Where facts, bounds, leads, owners, starts and the sieve begin, and where the file ends."""
        bounds = HEAD_SIZE + _whole(self.facts_size)
        leads = bounds + 8 * (self.records + 1)
        owners = leads + _whole(4 * self.leads)
        starts = owners + _whole(4 * self.leads)
        sieve = starts + _whole(4 * ((1 << self.bucket_bits) + 1))
        return HEAD_SIZE, bounds, leads, owners, starts, sieve, sieve + (1 << (self.sieve_bits - 3))

    def packed(self) -> bytes:
        """Return it as it stands in the file."""
        micros = (self.known_at - _FIRST) // timedelta(microseconds=1)
        head = _HEAD.pack(
            _MAGIC,
            self.revision.epoch,
            self.revision.number,
            micros,
            self.records,
            self.facts_size,
            self.leads,
            self.bucket_bits,
            self.checksum,
            0,
        )[:-4]
        return (head + struct.pack("<I", crc32(head))).ljust(HEAD_SIZE, b"\0")


def write_base(file: IO[bytes], chunks: Iterable[PackedRecords], *, revision: Revision, known_at: datetime) -> Header:
    """Write the base of these records, all of `revision`, into an empty file, and return what stands at its head."""
    sink = _Summing(file)
    sink.skip(HEAD_SIZE)
    lengths: list[npt.NDArray[np.int64]] = []
    pairs: list[npt.NDArray[np.uint64]] = []
    records = 0
    for chunk in chunks:
        sink.write(chunk.facts)
        lengths.append(_lengths(chunk.facts_lengths))
        pairs.append(_pairs(chunk, first=records))
        records += chunk.count
    bounds = np.concatenate([np.zeros(1, np.int64), *lengths]).cumsum()
    facts_size = int(bounds[-1])
    sink.write(bytes(_whole(facts_size) - facts_size))
    sink.write(bounds.astype("<u8"))
    table = np.concatenate([np.empty(0, np.uint64), *pairs])
    pairs.clear()
    table.sort()
    leads = (table >> np.uint64(32)).astype("<u4")
    bits = min(_MOST_BUCKET_BITS, max(1, int(leads.size).bit_length()))
    for part in (leads, table.astype("<u4"), _starts(leads, bits)):
        sink.write(part)
        sink.write(bytes(_whole(part.nbytes) - part.nbytes))
    del table
    unsummed = Header(
        revision=revision,
        known_at=known_at,
        records=records,
        facts_size=facts_size,
        leads=leads.size,
        bucket_bits=bits,
        checksum=0,
    )
    sink.write(_sieve(leads, unsummed.sieve_bits))
    header = replace(unsummed, checksum=sink.checksum)
    file.seek(0)
    file.write(header.packed())
    file.flush()
    return header


def read_header(raw: bytes, size: int) -> Header:
    """Return what stands at the head of a file of `size` bytes, given its first `HEAD_SIZE`. Raises `NotABase`."""
    if len(raw) != HEAD_SIZE or raw[: len(_MAGIC)] != _MAGIC:
        raise NotABase("it does not begin like one")
    (_, epoch, number, micros, records, facts_size, leads, bits, checksum, own) = _HEAD.unpack_from(raw)
    if crc32(raw[: _HEAD.size - 4]) != own:
        raise NotABase("its head is damaged")
    header = Header(
        revision=Revision(epoch=epoch, number=number),
        known_at=_FIRST + timedelta(microseconds=micros),
        records=records,
        facts_size=facts_size,
        leads=leads,
        bucket_bits=bits,
        checksum=checksum,
    )
    if size != header.sections[-1]:
        raise NotABase("it is not of the size that it says")
    return header


def require_whole(memory: memoryview, header: Header) -> None:
    """Read all of it. Raises `NotABase` where it is not what was written."""
    if sys.byteorder != "little":
        raise NotABase("this machine has another order of bytes")
    checksum = 0
    for part in _slices(memory[HEAD_SIZE:]):
        checksum = crc32(part, checksum)
    if checksum != header.checksum:
        raise NotABase("it is damaged")


class _Summing:
    """Writes, and keeps the checksum of all that was written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.checksum = 0

    def skip(self, size: int) -> None:
        self._file.write(bytes(size))

    def write(self, data: bytes | npt.NDArray[np.uint8 | np.uint32 | np.uint64]) -> None:
        for part in _slices(memoryview(data if isinstance(data, bytes) else data.data.cast("B"))):
            self.checksum = crc32(part, self.checksum)
            self._file.write(part)


def _slices(data: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(data), _SLICE):
        yield data[start : start + _SLICE]


def _lengths(raw: bytes) -> npt.NDArray[np.int64]:
    return np.frombuffer(raw, ">i4").astype(np.int64)


def _pairs(chunk: PackedRecords, *, first: int) -> npt.NDArray[np.uint64]:
    """Return each hash in the upper half of a number, and the place of the record that it leads to in the lower one."""
    leads = np.frombuffer(chunk.leads, "<u4").astype(np.uint64)
    places = np.arange(first, first + chunk.count, dtype=np.uint64)
    return (leads << np.uint64(32)) | np.repeat(places, _lengths(chunk.leads_lengths) // 4)


def _starts(leads: npt.NDArray[np.uint32], bits: int) -> npt.NDArray[np.uint32]:
    sizes = np.bincount(leads >> np.uint32(32 - bits), minlength=1 << bits)
    starts = np.zeros(sizes.size + 1, np.uint32)
    np.cumsum(sizes, dtype=np.uint32, out=starts[1:])
    return starts


def _sieve(leads: npt.NDArray[np.uint32], bits: int) -> npt.NDArray[np.uint8]:
    sieve = np.zeros(1 << (bits - 3), np.uint8)
    put_through(sieve, leads >> np.uint32(32 - bits))
    return sieve


def _whole(size: int) -> int:
    return -(-size // 8) * 8
