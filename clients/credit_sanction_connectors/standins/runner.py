"""Runs stand-ins: many in one process, on one port, each under its own prefix."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aiohttp import web

from credit_sanction_connectors.standins.desk import Desk
from credit_sanction_connectors.standins.journal import Journal
from credit_sanction_connectors.standins.kinds import DIALECTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from credit_sanction_connectors.standins.dialect import StandIn

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_GRACE_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Where the stand-ins listen, and their desks by name."""

    address: str
    desks: Mapping[str, Desk]

    def url(self, name: str) -> str:
        """Return the base address of one stand-in: its connector's `url`."""
        return f"{self.address}/{name}"

    def connector_table(self, name: str) -> dict[str, object]:
        """Return what the connector's table must say to reach the stand-in, but for the secret's reference."""
        return {"url": self.url(name), **self.desks[name].dialect.connector_keys}


def run(
    stand_ins: Sequence[StandIn],
    *,
    host: str,
    port: int,
    state_dir: Path | None = None,
    on_ready: Callable[[Running], None] = lambda _: None,
) -> None:
    """
    Serve until SIGTERM or SIGINT. `on_ready` is called once they listen.

    With `state_dir` a restart remembers what each target holds (not how it was told to behave). Raises ValueError for
    an unusable description, OSError where the port is taken or the directory cannot be written.
    """
    asyncio.run(_run(stand_ins, host=host, port=port, state_dir=state_dir, on_ready=on_ready))


@asynccontextmanager
async def serving(
    stand_ins: Sequence[StandIn], *, host: str = "127.0.0.1", port: int = 0, state_dir: Path | None = None
) -> AsyncIterator[Running]:
    """Serve while the block runs; port 0 takes a free one. See `run`."""
    _check(stand_ins)
    desks = {one.name: _desk(one, state_dir) for one in stand_ins}
    root = web.Application()
    for name, desk in desks.items():
        root.add_subapp(f"/{name}", desk.app())
    # A client that went away ends its handler: otherwise each hang would stay until the server stops.
    runner = web.AppRunner(root, handler_cancellation=True, access_log=None, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound_host, bound_port = runner.addresses[0][:2]
        shown = f"[{bound_host}]" if ":" in bound_host else bound_host
        yield Running(address=f"http://{shown}:{bound_port}", desks=desks)
    finally:
        await runner.cleanup()


async def _run(
    stand_ins: Sequence[StandIn],
    *,
    host: str,
    port: int,
    state_dir: Path | None,
    on_ready: Callable[[Running], None],
) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with serving(stand_ins, host=host, port=port, state_dir=state_dir) as running:
        on_ready(running)
        await stopped.wait()


def _check(stand_ins: Sequence[StandIn]) -> None:
    names = [one.name for one in stand_ins]
    for one in stand_ins:
        if not _NAME.fullmatch(one.name) or names.count(one.name) > 1:
            raise ValueError(f"stand-in {one.name!r}: expected a name of a-z, 0-9 and '-', given once")
        if one.kind not in DIALECTS:
            kinds = ", ".join(sorted(DIALECTS))
            raise ValueError(f"stand-in {one.name}: kind {one.kind!r}; expected one of {kinds}")
        if not one.secret:
            raise ValueError(f"stand-in {one.name}: without a secret; expected the one its connector is given")


def _desk(stand_in: StandIn, state_dir: Path | None) -> Desk:
    journal = Journal(state_dir / f"{stand_in.name}.jsonl") if state_dir else None
    return Desk(stand_in, now=lambda: datetime.now(UTC), journal=journal)
