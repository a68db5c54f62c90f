"""Memory that processes share and nobody can write to."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from credit_sanction_service.restrictions.sealed import Sealed, copied, save, sealed, share, shared, writable

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is shared")

CONTENT = b"head" + bytes(range(256)) * 100
OPENS = """
import sys, time
from pathlib import Path
from credit_sanction_service.restrictions.sealed import share, shared
memory = shared(Path(sys.argv[1]), b"head")
if memory is not None:
    share(memory, Path(sys.argv[1]))
sys.stdout.write("none" if memory is None else str(sum(memory)))
sys.stdout.flush()
sys.stdin.read()
"""


def made() -> Sealed:
    with writable() as file:
        file.write(CONTENT)
        return sealed(file)


def test_it_is_what_was_written_and_nobody_writes_to_it_any_more(tmp_path: Path) -> None:
    memory = made()
    assert memory[:] == CONTENT
    descriptor = os.open(f"/proc/self/fd/{memory.descriptor}", os.O_RDWR)
    try:
        with pytest.raises(PermissionError):
            os.write(descriptor, b"x")
        with pytest.raises(PermissionError):
            os.truncate(descriptor, 1)
    finally:
        os.close(descriptor)
    save(memory, tmp_path / "file")
    assert copied(tmp_path / "file")[:] == CONTENT
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ValueError, match="empty"):
        copied(tmp_path / "file")


def test_another_process_opens_it_and_keeps_it_when_its_maker_has_gone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    memory = made()
    save(memory, path)
    assert shared(path, b"head") is None
    share(memory, path)
    with subprocess.Popen(
        [sys.executable, "-c", OPENS, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    ) as other:
        assert other.stdout is not None
        assert other.stdout.read(len(str(sum(CONTENT)))) == str(sum(CONTENT)).encode()
        path.write_bytes(b"rubbish")
        del memory
        gc.collect()
        again = shared(path, b"head")
        assert again is not None
        assert again[:] == CONTENT
        assert shared(path, b"tail") is None
        del again
        other.communicate(timeout=20)
    assert shared(path, b"head") is None


def test_a_note_of_rubbish_leads_nowhere(tmp_path: Path) -> None:
    path, note = tmp_path / "file", tmp_path / "file.kept"
    with writable() as open_still:  # ours, and not closed against writers
        open_still.write(CONTENT)
        open_still.flush()
        for text in ("", "x", "1", f"{os.getpid()} 0", "999999999 3", f"{os.getpid()} {open_still.fileno()}"):
            note.write_text(text, "ascii")
            assert shared(path, b"head") is None
