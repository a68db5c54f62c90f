"""A table of names in memory that processes share, and as a file for the next start. Anything odd about one means: build anew."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from dataclasses import fields
from typing import TYPE_CHECKING, Final

import numpy as np

from credit_sanction_service.restrictions.names.grams import GRAMS
from credit_sanction_service.restrictions.names.name_table import CODE_LENGTH, NameTable
from credit_sanction_service.restrictions.sealed import Sealed, copied, save, sealed, share, shared, writable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

_MAGIC: Final = b"CSNAMES1"
_HEADER: Final = struct.Struct(
    "<8s32s6QI"
)  # magic, identity of what it was made of, bytes of each array, their checksum
_START: Final = 128
_ALIGNED: Final = 8
_PIECE: Final = 1 << 20
_WRITABLE_BY_OTHERS: Final = 0o022
_NAMES: Final = tuple(field.name for field in fields(NameTable))
_TYPES: Final = (np.uint8, np.uint32, np.uint16, np.uint32, np.uint32, np.uint32)


class NotATable(Exception):
    """The file is no table of names, not whole, of something else, or not only ours."""


def keep_table(path: Path, table: NameTable, identity: bytes) -> NameTable:
    """
    Return the table out of memory that other processes can open by `path`, where the next start finds it too. `identity`: 32
    bytes that say what it was made of. Raises `OSError`.
    """
    arrays = [np.ascontiguousarray(getattr(table, name)) for name in _NAMES]
    checksum = 0
    with writable() as file:
        file.write(bytes(_START))
        for array in arrays:
            data = array.reshape(-1).view(np.uint8)
            for start in range(0, len(data), _PIECE):
                piece = data[start : start + _PIECE].tobytes()
                checksum = zlib.crc32(piece, checksum)
                file.write(piece)
            file.write(bytes(-array.nbytes % _ALIGNED))
        file.seek(0)
        file.write(_HEADER.pack(_MAGIC, identity, *(array.nbytes for array in arrays), checksum))
        memory = sealed(file)
    save(memory, path)
    share(memory, path)
    return _read(memory, identity, check=False)


def open_table(path: Path, identity: bytes) -> NameTable:
    """Return the table that a process keeps of this file, else a copy after reading all of it. Raises `NotATable`, `OSError`."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if sys.platform != "win32" and (status.st_uid != os.geteuid() or status.st_mode & _WRITABLE_BY_OTHERS):
            raise NotATable("it may have been written by another account")
        if status.st_size < _START:
            raise NotATable("it breaks off")
        head = file.read(_START)
    memory = shared(path, head)
    if memory is not None:
        return _read(memory, identity, check=False)
    memory = copied(path)
    table = _read(memory, identity, check=True)
    share(memory, path)
    return table


def _read(memory: Sealed, identity: bytes, *, check: bool) -> NameTable:
    magic, made_of, *sizes, checksum = _HEADER.unpack_from(memory)
    if magic != _MAGIC or made_of != identity:
        raise NotATable("it is of another kind, or of other records")
    return _checked(np.frombuffer(memory, np.uint8), sizes, checksum if check else None)


def _checked(mapped: npt.NDArray[np.uint8], sizes: Sequence[int], checksum: int | None) -> NameTable:
    arrays = []
    start, summed = _START, 0
    for size, kind in zip(sizes, _TYPES, strict=True):
        if start + size > len(mapped) or size % np.dtype(kind).itemsize:
            raise NotATable("it breaks off")
        raw = mapped[start : start + size]
        for piece in range(0, size if checksum is not None else 0, _PIECE):
            summed = zlib.crc32(bytes(raw[piece : piece + _PIECE]), summed)
        arrays.append(raw.view(kind))
        start += size + -size % _ALIGNED
    if checksum is not None and summed != checksum:
        raise NotATable("its checksum is wrong")
    codes, starts, letters, gram_starts, postings, spread = arrays
    table = NameTable(
        codes=codes.reshape(-1, CODE_LENGTH),
        starts=starts,
        letters=letters,
        gram_starts=gram_starts,
        postings=postings,
        spread=spread,
    )
    if len(starts) != len(table) + 1 or len(gram_starts) != GRAMS + 1:
        raise NotATable("its arrays do not belong together")
    return table
