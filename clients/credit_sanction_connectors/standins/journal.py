"""A stand-in's memory over restarts: one line per arrival, replayed at the start."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from credit_sanction_connectors.port import Version
from credit_sanction_connectors.standins.ledger import Arrival

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Journal:
    """An append-only file. A line is written whole before its answer leaves; a torn last line was never answered."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, readable by its owner alone."""
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def replay(self) -> Iterator[tuple[Arrival, bool]]:
        """Yield what was appended, oldest first, and cut a torn last line off."""
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        os.ftruncate(self._file, whole)
        for number, line in enumerate(content[:whole].split(b"\n")[:-1], start=1):
            try:
                told = json.loads(line)
                arrival, take = _arrival(told["arrival"]), told["take"]
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(
                    f"{self._path}, line {number}: unreadable; move the file away to start empty"
                ) from error
            yield arrival, take

    def append(self, arrival: Arrival, *, take: bool) -> None:
        """Keep one arrival, in one write."""
        line = json.dumps({"take": take, "arrival": asdict(arrival)})
        os.write(self._file, line.encode() + b"\n")

    def clear(self) -> None:
        """Forget everything."""
        os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _arrival(told: dict[str, Any]) -> Arrival:
    versions = {name: Version(**told[name]) for name in ("version", "standing_revision")}
    return Arrival(**{**told, **versions})
