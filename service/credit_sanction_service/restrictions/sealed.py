"""
Memory that the processes of a machine share and that nobody can write to any more, whoever made it.

What verdicts are read from must not lie in a file while it is read: a file that was good when it was opened can be
overwritten in place a moment later, by a careless `cp` or by a bad disk. On Linux this is a sealed memfd. A note beside the
file that it is a copy of says who keeps it, `PID FD` in each line, and others open it by that. Elsewhere it is a file without
a name, which each process has of its own.
"""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
import weakref
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME: Final = "credit-sanction"
_PRIVATE_FILE: Final = 0o600
_PIECE: Final = 1 << 24


class Sealed(mmap.mmap):
    """Such memory, mapped for reading. `descriptor` is what others open it by, for as long as this is not collected."""

    descriptor: int


def writable() -> IO[bytes]:
    """Return an empty file without a name, to be written and given to `sealed`."""
    if sys.platform == "linux":
        return open(os.memfd_create(_NAME, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "w+b")  # noqa: PTH123 - it has no path
    return tempfile.TemporaryFile(prefix=_NAME)


def sealed(file: IO[bytes]) -> Sealed:
    """Close a file of `writable` against every writer, and map it. Raises `OSError`; `ValueError` for an empty one."""
    file.flush()
    if sys.platform != "linux":
        return _mapped(os.dup(file.fileno()))
    import fcntl  # noqa: PLC0415 - does not exist on Windows

    fcntl.fcntl(file, fcntl.F_ADD_SEALS, _seals() | fcntl.F_SEAL_SEAL)
    # Through a descriptor that cannot write: older kernels map a sealed file by no other.
    return _mapped(os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY))


def copied(path: Path) -> Sealed:
    """Return what is in a file now. Raises as `sealed`."""
    with path.open("rb") as source, writable() as file:
        while piece := source.read(_PIECE):
            file.write(piece)
        return sealed(file)


def save(memory: Sealed, path: Path) -> None:
    """Write it to a file that appears whole or not at all; nobody else may do so meanwhile. Raises `OSError`."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    _note(path).unlink(missing_ok=True)
    try:
        with _created(fresh) as file, memoryview(memory) as whole:
            for start in range(0, len(whole), _PIECE):
                file.write(whole[start : start + _PIECE])
        fresh.replace(path)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)  # what was not finished; else it bears its name by now


def share(memory: Sealed, path: Path) -> None:
    """
    Note that this process keeps `memory`, a copy of the file at `path` which it has read whole; nobody else may do so
    meanwhile. Where that fails, others make a copy of their own.
    """
    me = (os.getpid(), memory.descriptor)
    keepers = [one for one in _keepers(path) if _is_kept(*one) and one != me]
    note = _note(path)
    fresh = note.with_name(f"{note.name}.new")
    with suppress(OSError):
        fresh.unlink(missing_ok=True)
        with _created(fresh) as file:
            file.write("\n".join(f"{pid} {descriptor}" for pid, descriptor in [*keepers, me]).encode())
        fresh.replace(note)


def shared(path: Path, head: bytes) -> Sealed | None:
    """Return what a process keeps of the file at `path`, where it begins with `head`; None where nobody does."""
    for pid, descriptor in _keepers(path):
        if not _is_kept(pid, descriptor):
            continue
        with suppress(OSError, ValueError):
            memory = _mapped(os.open(f"/proc/{pid}/fd/{descriptor}", os.O_RDONLY))
            if _is_sealed(memory.descriptor) and memory[: len(head)] == head:
                return memory
    return None


def _mapped(descriptor: int) -> Sealed:
    """Map what is behind a descriptor, which goes with the mapping."""
    try:
        memory = Sealed(descriptor, 0, access=mmap.ACCESS_READ)
    except BaseException:
        os.close(descriptor)
        raise
    memory.descriptor = descriptor
    weakref.finalize(memory, os.close, descriptor)
    return memory


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.kept")


def _created(path: Path) -> IO[bytes]:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE), "wb")  # noqa: PTH123 - with this mode from the first


def _keepers(path: Path) -> Iterator[tuple[int, int]]:
    with suppress(OSError, ValueError):
        for line in _note(path).read_text("ascii").splitlines():
            pid, descriptor = map(int, line.split())
            yield pid, descriptor


def _is_kept(pid: int, descriptor: int) -> bool:
    """Whether a descriptor is memory of ours still: the process may have gone, and its number be another's."""
    try:
        return os.readlink(f"/proc/{pid}/fd/{descriptor}").startswith(f"/memfd:{_NAME}")  # noqa: PTH115 - a link to no path
    except OSError:
        return False


def _is_sealed(descriptor: int) -> bool:
    import fcntl  # noqa: PLC0415 - does not exist on Windows, where nothing is shared

    return fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & _seals() == _seals()


def _seals() -> int:
    import fcntl  # noqa: PLC0415 - does not exist on Windows

    return fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
