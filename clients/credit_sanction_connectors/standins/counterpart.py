"""
The other side of a file exchange: watches the out directory, answers into the in directory.

Each entry it finds is brought over HTTP to a desk of kind file-exchange, so that scripts, books and control addresses
are those of every stand-in. A status of the desk becomes a code; what the desk leaves unanswered (hang, cut) stays
without an answer file until the manifest is shown again; what is late is answered late.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp

from credit_sanction_connectors.answers import TARGET_HOLDS_NEWER, retry_after
from credit_sanction_connectors.exchange_files import ExchangeDirectory
from credit_sanction_connectors.file_exchange import DATA_REFUSED, FULL_LIST, NOT_NOW, TAKEN
from credit_sanction_connectors.standins.dialect import read_object
from credit_sanction_connectors.standins.file_exchange import ENTRIES, exchange_directories
from credit_sanction_connectors.standins.ledger import REMEMBERED

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from pathlib import Path
    from types import TracebackType

_FILE_MAX: Final = 8 * 1024 * 1024
_SHOWN: Final = "manifest-"
_FETCHED: Final = "fetched-"
_POLL_S: Final = 0.01
_SETTLED_NS: Final = 100_000_000  # a directory's time is that of the clock's last tick: one so young may hide a change
_STATUS_CODES: Final[Mapping[int, str]] = {400: "96", 409: "98", 422: "97"}
_GOOD: Final = 200


class Counterpart:
    """
    Plays the other side while its block runs. `url` and `token` are those of the desk.

    A manifest that it has read it takes away, and goes on with it after a restart; `seen` are these, in order. With
    `answers_twice` it writes each answer file a second time, as some do.
    """

    def __init__(self, directory: Path, *, url: str, token: str) -> None:
        """Exchange files below `directory`, which is made where it is missing. Nothing is watched yet."""
        self._path, in_dir = exchange_directories(directory)
        for path in (self._path, in_dir):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._out, self._in = ExchangeDirectory(self._path), ExchangeDirectory(in_dir)
        self._url, self._token = url, token
        self._tasks: set[asyncio.Task[None]] = set()
        self.seen: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)
        self.answers_twice = False

    async def __aenter__(self) -> Self:
        """Begin to watch."""
        headers = {"Authorization": f"Bearer {self._token}"}
        # A connection for each call: a desk that is told to answer twice shall not confuse what follows.
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None),
            headers=headers,
        )
        self._begin(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and leave unanswered what is not answered."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()

    def leave_list(self, lines: list[dict[str, object]], *, through: int) -> None:
        """Put a full list into the in directory, made after batch `through`."""
        self._in.write(FULL_LIST, json.dumps({"through": through, "lines": lines}).encode(), shared=True)

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self) -> None:
        for name in self._names(_FETCHED):  # what was not worked off when the process ended
            self._take_up(name)
        looked_at = 0
        while True:
            changed = self._path.stat().st_mtime_ns
            if changed != looked_at or time.time_ns() - changed < _SETTLED_NS:
                looked_at = changed
                for name in self._names(_SHOWN):
                    # Taken away: what is shown under its name from now on is another showing.
                    fetched = _FETCHED + name.removeprefix(_SHOWN)
                    (self._path / name).rename(self._path / fetched)
                    self._take_up(fetched)
            await asyncio.sleep(_POLL_S)

    def _names(self, prefix: str) -> list[str]:
        with os.scandir(self._path) as entries:
            return sorted(entry.name for entry in entries if entry.name.startswith(prefix))

    def _take_up(self, name: str) -> None:
        manifest = read_object(self._out.read(name, limit=_FILE_MAX) or b"{}")
        self.seen.append(manifest)
        self._begin(self._serve(name, manifest))

    async def _serve(self, name: str, manifest: Mapping[str, Any]) -> None:
        batch = self._out.read(manifest["file"], limit=_FILE_MAX) or b""
        if hashlib.sha256(batch).hexdigest() != manifest["sha256"]:
            return  # half a file stays unanswered
        with suppress(aiohttp.ClientError):
            lines = [await self._told(entry) for entry in read_object(batch)["entries"]]
            answer = {key: manifest[key] for key in ("number", "sequence", "sha256", "presentation")}
            content = json.dumps({**answer, "entries": lines}).encode()
            for _ in range(1 + self.answers_twice):
                self._in.write(f"answer-{manifest['number']}.json", content, shared=True)
        (self._path / name).unlink(missing_ok=True)

    async def _told(self, entry: Mapping[str, Any]) -> dict[str, object]:
        async with self._http.post(f"{self._url}{ENTRIES}", json=entry) as response:
            body = await response.read()
            wish = retry_after(response.headers.get("Retry-After"), now=lambda: datetime.now(UTC))
            return {"key": entry["key"], **_line(response.status, body, wish)}


def _line(status: int, body: bytes, wish: float | None) -> dict[str, object]:
    if status == _GOOD:
        return {"code": TAKEN, "receipt": read_object(body)["receipt"]}
    code = _STATUS_CODES.get(status, NOT_NOW)
    if code in DATA_REFUSED:
        reason = {"reason": TARGET_HOLDS_NEWER} if code == "98" else {}
        return {"code": code, "message": read_object(body)["error"], **reason}
    return {"code": code, "status": status} | ({} if wish is None else {"retry_after": wish})
