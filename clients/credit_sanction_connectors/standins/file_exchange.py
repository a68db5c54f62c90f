"""
Stands in for the counterpart of a file exchange: watches the out directory, answers into the in directory.

Each entry it finds is brought to a desk over HTTP, in the form of a credit website, so that scripts, books and control
addresses are those of every stand-in. A status of the desk becomes a code; what the desk leaves unanswered (hang, cut)
stays without an answer file until the manifest is shown again; what is late is answered late.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp

from credit_sanction_connectors.answers import TARGET_HOLDS_NEWER, retry_after
from credit_sanction_connectors.exchange_files import ExchangeDirectory
from credit_sanction_connectors.file_exchange import DATA_REFUSED, FULL_LIST, NOT_NOW, TAKEN
from credit_sanction_connectors.standins.dialect import read_object

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from pathlib import Path
    from types import TracebackType

_FILE_MAX: Final = 8 * 1024 * 1024
_POLL_S: Final = 0.01
_STATUS_CODES: Final[Mapping[int, str]] = {400: "96", 409: "98", 422: "97"}
_GOOD: Final = (200, 201)


class Counterpart:
    """
    Plays the other side while its block runs. `url` and `token` are those of a desk of kind city-website.

    `answers_twice` writes each answer file a second time, as some do. `seen` are the manifests read, in order.
    """

    def __init__(self, out_dir: Path, in_dir: Path, *, url: str, token: str, answers_twice: bool = False) -> None:
        """Nothing is watched yet."""
        self._path = out_dir
        self._out, self._in = ExchangeDirectory(out_dir), ExchangeDirectory(in_dir)
        self._url, self._token, self._twice = url, token, answers_twice
        self._tasks: set[asyncio.Task[None]] = set()
        self._shown: dict[str, int] = {}
        self.seen: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        """Begin to watch."""
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
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
        while True:
            for path in sorted(self._path.glob("manifest-*.json")):
                manifest = read_object(self._out.read(path.name, limit=_FILE_MAX) or b"{}")
                if manifest and self._shown.get(path.name, 0) < manifest["presentation"]:
                    self._shown[path.name] = manifest["presentation"]
                    self.seen.append(manifest)
                    self._begin(self._serve(manifest))
            await asyncio.sleep(_POLL_S)

    async def _serve(self, manifest: Mapping[str, Any]) -> None:
        batch = self._out.read(manifest["file"], limit=_FILE_MAX) or b""
        if hashlib.sha256(batch).hexdigest() != manifest["sha256"]:
            raise AssertionError(f"half a file behind {manifest['number']}")
        with suppress(aiohttp.ClientError):
            lines = [await self._told(entry) for entry in read_object(batch)["entries"]]
            answer = {key: manifest[key] for key in ("number", "sequence", "sha256", "presentation")}
            content = json.dumps({**answer, "entries": lines}).encode()
            for _ in range(1 + self._twice):
                self._in.write(f"answer-{manifest['number']}.json", content, shared=True)

    async def _told(self, entry: Mapping[str, Any]) -> dict[str, object]:
        present = entry["action"] == "LIST"
        notice = {name: value for name, value in entry.items() if name not in {"key", "action", "list_record"}}
        notice["idempotency_key"] = entry["key"]
        if present:
            notice["publication"] = entry["list_record"]
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": entry["key"]}
        path = "/publications" if present else "/withdrawals"
        async with self._http.post(f"{self._url}{path}", json=notice, headers=headers) as response:
            body = await response.read()
            wish = retry_after(response.headers.get("Retry-After"), now=lambda: datetime.now(UTC))
            return {"key": entry["key"], **_line(response.status, body, wish)}


def _line(status: int, body: bytes, wish: float | None) -> dict[str, object]:
    if status in _GOOD:
        return {"code": TAKEN, "receipt": read_object(body)["receipt"]}
    code = _STATUS_CODES.get(status, NOT_NOW)
    if code in DATA_REFUSED:
        reason = {"reason": TARGET_HOLDS_NEWER} if code == "98" else {}
        return {"code": code, "message": read_object(body)["error"], **reason}
    return {"code": code, "status": status} | ({} if wish is None else {"retry_after": wish})
