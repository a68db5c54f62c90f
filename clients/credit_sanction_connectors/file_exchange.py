"""
The file mode 文件方式 of an exchange after GB/T 39443-2020: batch files out, answer files in.

The standard's annex is not at hand: the files' names and content are ours.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from credit_sanction_connectors.answers import RETRY_AFTER_MAX, TARGET_HOLDS_NEWER, Answer, excerpt
from credit_sanction_connectors.exchange_files import ExchangeDirectory, TooLong
from credit_sanction_connectors.exchange_outbox import Outbox
from credit_sanction_connectors.lists import entries
from credit_sanction_connectors.own_threads import OwnThreads, in_time
from credit_sanction_connectors.parcels import checked, to_json, version_json
from credit_sanction_connectors.port import Unavailable
from credit_sanction_connectors.settings import COMMON, BadTarget, Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from credit_sanction_connectors.exchange_outbox import Slip
    from credit_sanction_connectors.port import Entry, Holds, Parcel, Receipt
    from credit_sanction_connectors.settings import Secrets

FULL_LIST: Final = "full-list.json"
TAKEN: Final = "00"
DATA_REFUSED: Final = frozenset({"96", "97", "98"})
NOT_NOW: Final = "99"
_ANSWER_MAX: Final = 1024 * 1024
_LIST_MAX: Final = 64 * 1024 * 1024
_STATUSES: Final = range(100, 600)
_THREADS: Final = 4  # pieces of file work at a time; what hangs keeps its place
_POLL_S: Final = 0.02
_POLL_MAX_S: Final = 0.5
_LOADING_S: Final = 2.0  # how long who reads the targets file waits for a directory


@dataclass(frozen=True, slots=True, kw_only=True)
class FileExchangeSettings:
    """`out_dir`, which we write, and `in_dir`, which the counterpart writes."""

    out_dir: Path
    in_dir: Path

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets) -> Self:  # noqa: ARG003 - has none
        """Read `targets.<name>`. Raises `BadTarget`."""
        keys = Table(name, table, own={"out_dir", "in_dir"})
        if sys.platform == "win32":
            raise keys.bad("kind", "a file exchange wants flock and fsync of directories; expected Linux or macOS")
        for key in sorted(COMMON & table.keys()):
            raise keys.bad(key, "a file exchange has no address and no secret; expected only out_dir and in_dir")
        out_dir, in_dir = (_path(name, table, key) for key in ("out_dir", "in_dir"))
        # A directory that does not answer is let through: its own target meets it, and the others do not wait for it.
        in_time(partial(_check, keys, name, out_dir, in_dir), within_s=_LOADING_S, otherwise=None)
        return cls(out_dir=out_dir, in_dir=in_dir)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What lies in the in directory for one key: its `line`, or a `fault` of what is no answer, and its `start`."""

    line: Mapping[str, object] | None = None
    fault: str = ""
    start: bytes = b""


class FileExchange:
    """Exchanges files with one counterpart, record by record; a batch holds one entry."""

    holds: Holds = "record"
    public = False
    tells_endings = False

    def __init__(
        self,
        settings: FileExchangeSettings,
        *,
        now: Callable[[], datetime],
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`now` dates the manifests; `on_step` is told of each step of each write after it happened."""
        self._outbox = Outbox(settings.out_dir, now=now, on_step=on_step)
        self._in = ExchangeDirectory(settings.in_dir)
        self._threads = OwnThreads(_THREADS)
        self._writing = asyncio.Lock()

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets, now: Callable[[], datetime]) -> Self:
        """Build from `targets.<name>`. Raises `BadTarget`."""
        return cls(FileExchangeSettings.from_table(name, table, secrets), now=now)

    @property
    def offers_list(self) -> bool:
        """Whether the counterpart has put a full list into the in directory; False where that does not answer."""
        path = self._in.path / FULL_LIST
        return in_time(lambda: path.is_file() and not path.is_symlink(), within_s=_LOADING_S, otherwise=False)

    def compose(self, parcel: Parcel) -> bytes:
        """See the port: a batch file."""
        return to_json({"entries": [_notice(checked(parcel))]})

    async def push(self, parcel: Parcel, body: bytes, *, timeout_s: float) -> Receipt:
        """
        See the port. One key is one batch file for ever: a further push of it shows the same file again.

        An answer that came since the last push is the outcome at once. None within `timeout_s` is not yet a receipt:
        `Unavailable`, sent, with the excerpt of what lies there and is none; a receipt given for an earlier
        presentation still stands then.
        """
        until = time.monotonic() + timeout_s
        slip = await self._found(parcel.idempotency_key)
        answer = (await self._look(slip)).line if slip else None
        if slip is None or answer is None:
            slip = await self._offered(parcel.idempotency_key, body, until)
            answer = await self._awaited(slip, until)
        return await self._outcome(slip, answer, until)

    async def read_list(self, *, timeout_s: float) -> Mapping[str, Entry]:
        """See the port. A list older than the last number given away is none: what it lacks may be on the way."""
        try:
            async with asyncio.timeout(timeout_s):
                content = await self._threads.run(lambda: self._in.read(FULL_LIST, limit=_LIST_MAX))
                last = await self._threads.run(self._outbox.last)
        except OSError as error:
            raise Unavailable(f"the full list: {error.strerror or error}", sent=True) from error
        if content is None:
            raise Unavailable("the counterpart has left no full list", sent=False)
        answer = Answer(status=200, body=content)
        through = answer.json_object().get("through")
        if type(through) is not int or through < last:
            raise answer.unavailable(f"the full list does not reach batch {last}")
        return {entry.subject: entry for entry in entries(answer, lines="lines")}

    async def read_entry(self, subject: str, *, timeout_s: float) -> Entry | None:
        """See the port."""
        return (await self.read_list(timeout_s=timeout_s)).get(subject)

    async def aclose(self) -> None:
        """Nothing stays open. A file system that hangs is not waited for."""

    async def _found(self, key: str) -> Slip | None:
        try:
            return await self._threads.run(lambda: self._outbox.find(key))
        except OSError as error:
            raise Unavailable(f"the out directory: {error.strerror or error}", sent=False) from error

    async def _offered(self, key: str, batch: bytes, until: float) -> Slip:
        async with self._writing:  # one thread at a time: the others would only wait for the lock file
            return await self._threads.run(lambda: self._outbox.offer(key, batch, until=until))

    async def _awaited(self, slip: Slip, until: float) -> Mapping[str, object]:
        pause = _POLL_S
        while (left := until - time.monotonic()) > 0:
            looked = await self._look(slip)
            if looked.line is not None:
                return looked.line
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, _POLL_MAX_S)
        looked = await self._look(slip, earlier=True)
        if looked.line is not None and looked.line.get("code") == TAKEN:
            return looked.line
        fault = f": {looked.fault}" if looked.fault else ""
        raise Unavailable(
            f"batch {slip.number} is written, no receipt yet{fault}", sent=True, excerpt=excerpt(looked.start)
        )

    async def _look(self, slip: Slip, *, earlier: bool = False) -> _Look:
        """Look for the key's entry of the answer file: there is none yet in a stale one, in half a one, in another's."""
        name = f"answer-{slip.number}.json"
        try:
            content = await self._threads.run(lambda: self._in.read(name, limit=_ANSWER_MAX))
        except TooLong as error:
            return _Look(fault=str(error), start=error.start)
        except OSError as error:
            return _Look(fault=str(error.strerror or error))
        if content is None:
            return _Look()
        try:
            told = json.loads(content)
        except (ValueError, RecursionError):
            return _Look(fault=f"{name} is not JSON", start=content)
        match told:
            case {"sha256": slip.digest, "presentation": int(shown), "entries": list(lines)}:
                own = [line for line in lines if isinstance(line, dict) and line.get("key") == slip.key]
                if len(own) != 1:
                    return _Look(fault=f"{name} has not one entry of the key", start=content)
                fits = 0 < shown <= slip.presentation and (earlier or shown > slip.answered)
                return _Look(line={**own[0], "presentation": shown} if fits else None)
            case _:
                return _Look(fault=f"{name} does not answer this batch", start=content)

    async def _outcome(self, slip: Slip, entry: Mapping[str, object], until: float) -> Receipt:
        presentation, code = entry["presentation"], entry.get("code")
        if isinstance(presentation, int) and presentation > slip.answered:
            try:
                await self._threads.run(lambda: self._outbox.answered(slip, presentation, until=until))
            except OSError as error:
                raise Unavailable(f"the out directory: {error.strerror or error}", sent=True) from error
        wish = entry.get("retry_after")
        later = min(wish, RETRY_AFTER_MAX) if isinstance(wish, int | float) and wish >= 0 else None
        told = Answer(status=200, body=json.dumps(entry, ensure_ascii=True).encode(), retry_after=later)
        if code == TAKEN:
            return told.receipt(entry.get("receipt"))
        if isinstance(code, str) and code in DATA_REFUSED:
            newer = entry.get("reason") == TARGET_HOLDS_NEWER
            refusal = told.rejected(told.words("message"), code=TARGET_HOLDS_NEWER if newer else code)
            refusal.status = 409 if newer else None
            raise refusal
        reason = "the counterpart is not ready" if code == NOT_NOW else f"it answers with code {str(code)[:20]!r}"
        status = entry.get("status")
        raise Unavailable(
            reason,
            sent=True,
            status=status if type(status) is int and status in _STATUSES else None,
            retry_after=later,
            code=code if isinstance(code, str) else "",
            refused=code == NOT_NOW,
            excerpt=told.excerpt,
        )


def _path(name: str, table: Mapping[str, object], key: str) -> Path:
    value = table.get(key)
    if not isinstance(value, str) or not value or "\0" in value:
        raise BadTarget(name, key, "expected the absolute path of a directory, as text")
    path = Path(value)
    if not path.is_absolute() or ".." in path.parts:
        raise BadTarget(name, key, f"{value[:200]} is no absolute path; expected one without '..'")
    return path


def _check(keys: Table, name: str, out_dir: Path, in_dir: Path) -> None:
    for key, path in (("out_dir", out_dir), ("in_dir", in_dir)):
        if path.is_symlink() or not path.is_dir():
            said = f"{str(path)[:200]} is no directory; expected one that exists and is no symbolic link"
            raise BadTarget(name, key, said)
    if not os.access(out_dir, os.W_OK | os.X_OK):
        raise keys.bad("out_dir", f"{out_dir} cannot be written; expected a directory of our own")
    if not os.access(in_dir, os.R_OK | os.X_OK):
        raise keys.bad("in_dir", f"{in_dir} cannot be read; expected the directory of the answers")
    if out_dir.samefile(in_dir):
        raise keys.bad("in_dir", "is the same directory as out_dir; expected two")


def _notice(parcel: Parcel) -> dict[str, object]:
    notice: dict[str, object] = {
        "key": parcel.idempotency_key,
        "action": "LIST" if parcel.present else "WITHDRAW",
        "record": parcel.subject,
        "enterprise_code": parcel.enterprise_code,
        "enterprise_name": parcel.enterprise_name,
        "version": version_json(parcel.version),
        "standing": list(parcel.standing),
        "standing_revision": version_json(parcel.standing_revision),
    }
    if parcel.present:
        notice["list_record"] = dict(parcel.documents[0])
    return notice
