"""Runs stand-ins: many in one process, on one port, each under its own prefix."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aiohttp import web

from credit_sanction_connectors.standins.counterpart import Counterpart
from credit_sanction_connectors.standins.desk import Desk
from credit_sanction_connectors.standins.journal import Journal
from credit_sanction_connectors.standins.kinds import BY_FILE, DIALECTS, connector_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path
    from ssl import SSLContext

    from credit_sanction_connectors.standins.dialect import StandIn

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_GRACE_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Where the stand-ins listen; their desks by name, and the counterparts of those that exchange files."""

    address: str
    desks: Mapping[str, Desk]
    counterparts: Mapping[str, Counterpart]

    def url(self, name: str) -> str:
        """Return the base address of one stand-in: its connector's `url`."""
        return f"{self.address}/{name}"

    def connector_table(self, name: str) -> dict[str, str]:
        """Return what the connector's table must say to reach the stand-in, but for the secret's reference."""
        return connector_table(self.desks[name].stand_in, self.url(name))


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
    stand_ins: Sequence[StandIn],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    state_dir: Path | None = None,
    tls: SSLContext | None = None,
) -> AsyncIterator[Running]:
    """Serve while the block runs; port 0 takes a free one; with `tls` over https. See `run`."""
    _check(stand_ins)
    desks = {one.name: _desk(one, state_dir) for one in stand_ins}
    root = web.Application()
    for name, desk in desks.items():
        root.add_subapp(f"/{name}", desk.app())
    # A client that went away ends its handler: otherwise each hang would stay until the server stops.
    runner = web.AppRunner(root, handler_cancellation=True, access_log=None, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls)
        await site.start()
        bound_host, bound_port = runner.addresses[0][:2]
        shown = f"[{bound_host}]" if ":" in bound_host else bound_host
        address = f"{'https' if tls else 'http'}://{shown}:{bound_port}"
        counterparts = {
            one.name: Counterpart(one.directory, url=f"{address}/{one.name}", token=one.secret)
            for one in stand_ins
            if one.kind in BY_FILE and one.directory is not None
        }
        async with AsyncExitStack() as watching:
            for counterpart in counterparts.values():
                await watching.enter_async_context(counterpart)
            yield Running(address=address, desks=desks, counterparts=counterparts)
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
        if one.kind in BY_FILE and one.directory is None:
            raise ValueError(
                f"stand-in {one.name}: without a directory; expected the one below which files are exchanged"
            )
        if not one.secret:
            raise ValueError(f"stand-in {one.name}: without a secret; expected the one its connector is given")


def _desk(stand_in: StandIn, state_dir: Path | None) -> Desk:
    journal = Journal(state_dir / f"{stand_in.name}.jsonl") if state_dir else None
    return Desk(stand_in, now=lambda: datetime.now(UTC), journal=journal)
