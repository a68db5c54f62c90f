"""What the connector tests share: parcels, connectors bound to stand-ins, and a server for odd answers."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from ssl import SSLContext
from tempfile import TemporaryDirectory
from typing import ParamSpec

from credit_sanction_connectors.port import Connector, Parcel, Receipt, Unavailable, Version
from credit_sanction_connectors.registry import build
from credit_sanction_connectors.settings import Secrets
from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_connectors.standins.desk import Desk
from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.kinds import BY_FILE, DIALECTS, connector_table
from credit_sanction_connectors.standins.runner import serving

TIMEOUT_S = 5.0
CODE = "91220199MADEUP0001"
NAME = "虚构轧钢（测试用）有限公司"

P = ParamSpec("P")


def on_loop(story: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    """Run an async test on a loop of its own."""

    @functools.wraps(story)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(story(*args, **kwargs))

    return test


def now() -> datetime:
    return datetime.now(UTC)


def version(number: int) -> Version:
    return Version(epoch=1, number=number)


def document(record: str) -> dict[str, object]:
    """Return a public view as the service sends it, of an enterprise that does not exist."""
    return {
        "record": record,
        "enterprise_code": CODE,
        "enterprise_name": NAME,
        "authority_name": "虚构市工业和信息化局",
        "authority_code": "11220199MADEUP0002",
        "document_number": "虚工信〔2026〕1号",
        "decision_date": "2026-03-02",
        "obligation": {"scope": "LINE", "item": "虚构轧机", "last_day": "2026-02-28"},
        "areas": [{"area": "LAND", "directive": "拒绝新增用地", "binding": True, "until": None}],
        "disputed": False,
        "publication_end": "2027-03-02",
    }


def parcel(
    number: int,
    *,
    record: str = "sanctionRecords/r1",
    present: bool = True,
    others: tuple[str, ...] = (),
    key: str = "",
    code: str = CODE,
) -> Parcel:
    """Return what the worker sends of one record at version `number`."""
    return Parcel(
        idempotency_key=key or f"t1:{record}:{number}:0",
        subject=record,
        enterprise_code=code,
        enterprise_name=NAME,
        version=version(number),
        present=present,
        documents=[document(record)],
        standing=[document(other) for other in others],
        standing_revision=version(number),
    )


def stand_in_of(
    kind: str, *, directory: Path | None = None, version_check: bool = True, page_size: int = 100
) -> StandIn:
    """Describe a stand-in; one that exchanges files does so below `directory`."""
    return StandIn(
        name="target-a",
        kind=kind,
        secret=DIALECTS[kind].new_secret(),
        version_check=version_check,
        page_size=page_size,
        directory=directory,
    )


def connector_to(kind: str, url: str, **keys: object) -> Connector:
    """Build a connector by the registry, with a secret in the form its kind wants."""
    return connector_of(stand_in_of(kind), url, **keys)


def connector_of(stand_in: StandIn, url: str, **keys: object) -> Connector:
    """Build the connector that `stand_in` will understand."""
    table: dict[str, object] = {**connector_table(stand_in, url)}
    if stand_in.kind not in BY_FILE:
        table["secret_env"] = "SECRET"
    secrets = Secrets(directory=Path(), environ={"SECRET": stand_in.secret})
    return build(stand_in.name, stand_in.kind, {**table, **keys}, secrets=secrets, now=now)


@asynccontextmanager
async def closing(connector: Connector) -> AsyncIterator[Connector]:
    try:
        yield connector
    finally:
        await connector.aclose()


@asynccontextmanager
async def target(
    kind: str, *, version_check: bool = True, page_size: int = 100, **keys: object
) -> AsyncIterator[tuple[Connector, Desk]]:
    """Serve one stand-in and yield a connector to it, and its desk."""
    with TemporaryDirectory() as directory:
        stand_in = stand_in_of(kind, directory=Path(directory), version_check=version_check, page_size=page_size)
        async with (
            serving([stand_in]) as running,
            closing(connector_of(stand_in, running.url("target-a"), **keys)) as connector,
        ):
            yield connector, running.desks["target-a"]


@dataclass(slots=True)
class OddServer:
    """Reads each request and does to it what it was made for. `requests` are the heads and bodies it read."""

    url: str = ""
    connections: int = 0
    requests: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)


Odd = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def odd_server(
    answer: bytes | Odd, *, read: bool = True, tls: SSLContext | None = None
) -> AsyncIterator[OddServer]:
    """Serve `answer` to whatever comes, over https where `tls` is given; what hangs ends with the block."""
    seen = OddServer()
    tasks: set[asyncio.Task[object]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
        try:
            if read:
                seen.requests.append(await _request(reader))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the connector hung up, or the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    seen.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
    try:
        yield seen
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _request(reader: asyncio.StreamReader) -> tuple[Mapping[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {"": first} | {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return headers, await reader.readexactly(int(headers.get("content-length", 0)))


def http(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return a whole HTTP answer."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


async def leave_late(connector: Connector, desk: Desk, late: Parcel, *, after: float | None = None) -> None:
    """Push `late`, whose client goes away while the stand-in keeps it to arrive `after` seconds, or at release."""
    desk.script.tell([Behaviour(mode="late", times=1, after=after)])
    pushing = asyncio.create_task(push(connector, late, timeout_s=TIMEOUT_S))
    await desk.holding_back(1)
    pushing.cancel()
    await asyncio.wait({pushing})


async def unavailable(pushing: Awaitable[object]) -> Unavailable:
    """Await what must end as "not now" and return why."""
    try:
        await pushing
    except Unavailable as answer:
        return answer
    raise AssertionError("the target took it")


async def push(connector: Connector, one: Parcel, *, timeout_s: float) -> Receipt:
    """Push what the connector itself makes of a parcel."""
    return await connector.push(one, connector.compose(one), timeout_s=timeout_s)
