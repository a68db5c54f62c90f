"""
The out directory of a file exchange: one batch file for each idempotency key, numbered without gap or repetition.

The order of the writes is what holds the promise. The batch file comes first and means nothing without its manifest;
then the slip `last.json` gives the number away; then the key's own slip and the manifest. Whoever comes next, in any
process, first finishes what the last slip began, and only then gives away the next number.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from credit_sanction_connectors.exchange_files import ExchangeDirectory
from credit_sanction_connectors.port import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

_OWN: Final = ".exchange"
_LAST: Final = "last.json"
_SLIP_MAX: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """
    What was given away for one key. `batch` is the file's content, for it is shown again as it was.

    `presentation` counts how often the manifest was shown; `answered` is the last one whose answer was read.
    """

    key: str
    sequence: int
    batch: str
    created_at: str
    presentation: int
    answered: int
    finished: bool

    @property
    def number(self) -> str:
        """The batch number, which names its files."""
        return f"{self.sequence:012d}"

    @property
    def digest(self) -> str:
        """The SHA-256 of the batch file, in hex."""
        return hashlib.sha256(self.batch.encode()).hexdigest()

    def manifest(self) -> bytes:
        """Return what is shown to the counterpart."""
        told = {
            "number": self.number,
            "sequence": self.sequence,
            "file": f"batch-{self.number}.json",
            "sha256": self.digest,
            "entries": 1,
            "created_at": self.created_at,
            "presentation": self.presentation,
        }
        return json.dumps(told).encode()


class Outbox:
    """Writes batches into one directory, whichever other workers write there too."""

    def __init__(
        self, path: Path, *, now: Callable[[], datetime], on_step: Callable[[str], None] = lambda _: None
    ) -> None:
        """`now` dates the manifests; `on_step` is told of each step of each write after it happened."""
        self._now = now
        self._out = ExchangeDirectory(path, on_step=on_step)
        self._own = ExchangeDirectory(path / _OWN, on_step=on_step)

    def find(self, key: str) -> Slip | None:
        """Return the slip of `key`, None where it was never offered."""
        return self._read(_slip_name(key))

    def offer(self, key: str, batch: bytes, *, until: float) -> Slip:
        """
        Show the batch of `key`: under a new number the first time, the same file again each further time.

        Raises `Unavailable`; its `sent` is False where no manifest can have been shown.
        """
        shown = False
        try:
            self._own.path.mkdir(mode=0o700, exist_ok=True)
            with self._own.locked(until=until):
                self._finish()
                if time.monotonic() >= until:
                    raise TimeoutError("no time is left to write")
                slip = self.find(key)
                if slip is None:
                    slip = self._new(key, batch)
                    self._out.write(f"batch-{slip.number}.json", batch, shared=True)
                    shown = True
                    self._write(_LAST, slip)
                    self._finish()
                else:
                    shown = True
                    slip = replace(slip, presentation=slip.presentation + 1)
                    self._out.write(f"batch-{slip.number}.json", slip.batch.encode(), shared=True)
                    self._write(_slip_name(key), slip)
                    self._show(slip)
                return slip
        except OSError as error:
            raise Unavailable(f"the out directory: {error.strerror or error}", sent=shown) from error

    def answered(self, slip: Slip, presentation: int, *, until: float) -> None:
        """Remember that the answer to a presentation was read, so that it is not taken for a later one's."""
        with self._own.locked(until=until):
            self._finish()
            known = self.find(slip.key)
            if known is not None and known.answered < presentation:
                self._write(_slip_name(slip.key), replace(known, answered=presentation))

    def last(self) -> int:
        """Return the highest number given away, 0 before the first."""
        slip = self._read(_LAST)
        return slip.sequence if slip else 0

    def _new(self, key: str, batch: bytes) -> Slip:
        return Slip(
            key=key,
            sequence=self.last() + 1,
            batch=batch.decode(),
            created_at=self._now().isoformat(timespec="seconds"),
            presentation=1,
            answered=0,
            finished=False,
        )

    def _finish(self) -> None:
        """Complete what the last slip began; also after a kill between any two of its steps."""
        slip = self._read(_LAST)
        if slip is None and next(self._out.path.glob("manifest-*.json"), None) is not None:
            raise OSError(
                "there are manifests and no note of the last number; expected the directory .exchange as it was"
            )
        if slip is None or slip.finished:
            return
        self._out.sweep()
        self._own.sweep()
        finished = replace(slip, finished=True)
        self._write(_slip_name(slip.key), finished)
        self._show(slip)
        # The content stays with the key's slip alone.
        self._write(_LAST, replace(finished, batch=""))

    def _show(self, slip: Slip) -> None:
        self._out.write(f"manifest-{slip.number}.json", slip.manifest(), shared=True)

    def _write(self, name: str, slip: Slip) -> None:
        self._own.write(name, json.dumps(asdict(slip)).encode(), shared=False)

    def _read(self, name: str) -> Slip | None:
        content = self._own.read(name, limit=_SLIP_MAX) if self._own.path.is_dir() else None
        if content is None:
            return None
        try:
            return Slip(**json.loads(content))
        except (TypeError, ValueError):
            # Numbers given away are not guessed at: to go on without the slip could repeat one.
            raise OSError(f"{name} of the exchange's own notes is unreadable") from None


def _slip_name(key: str) -> str:
    return f"key-{hashlib.sha256(key.encode()).hexdigest()}.json"
