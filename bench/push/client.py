"""
HTTP clients in a bare loop, with nothing around them: what one push costs at least.

`Own` is what the connectors send by, in the setting of theirs: httpx's transport over aiohttp, with its bounds on time and size.
`OverTransport` is that transport alone, `OverHttpx` httpx's client over it. As a process: pushes bodies, `in_flight` at a time; the
sink counts.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import httpx
from httpx_aiohttp import HttpxAiohttpClient

from credit_sanction_connectors.http import HttpTarget
from credit_sanction_connectors.settings import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HEADERS: Final = {
    "Content-Type": "application/cloudevents+json",
    "webhook-timestamp": "1700000000",
    "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
}
_TIMEOUT_S: Final = 10.0


class Client(Protocol):
    """Pushes to one address."""

    async def push(self, number: int, body: bytes) -> None:
        """Push one body and read the receipt. Raises whatever goes wrong."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class Own:
    """What a connector sends by."""

    def __init__(self, url: str) -> None:
        self._http = HttpTarget(Endpoint(url=url), now=lambda: datetime.now(UTC))

    async def push(self, number: int, body: bytes) -> None:
        """See `Client`."""
        headers = {**_HEADERS, "webhook-id": f"bench/{number}"}
        answer = await self._http.post("", body, headers=headers, timeout_s=_TIMEOUT_S)
        json.loads(answer.body)["receipt"]

    async def aclose(self) -> None:
        """See `Client`."""
        await self._http.aclose()


class OverHttpx:
    """httpx's client over aiohttp's connections."""

    def __init__(self, url: str) -> None:
        self._url = httpx.URL(url)
        self._http = HttpxAiohttpClient(
            trust_env=False,
            timeout=_TIMEOUT_S,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
        )

    async def push(self, number: int, body: bytes) -> None:
        """See `Client`."""
        headers = {**_HEADERS, "webhook-id": f"bench/{number}"}
        response = await self._http.post(self._url, content=body, headers=headers)
        response.json()["receipt"]

    async def aclose(self) -> None:
        """See `Client`."""
        await self._http.aclose()


class OverTransport:
    """The same without httpx's own part: its transport alone."""

    def __init__(self, url: str) -> None:
        self._beneath = OverHttpx(url)
        self._url = httpx.URL(url)
        self._transport = self._beneath._http._transport  # noqa: SLF001 - what carries httpx is the subject

    async def push(self, number: int, body: bytes) -> None:
        """See `Client`."""
        headers = {**_HEADERS, "webhook-id": f"bench/{number}"}
        response = await self._transport.handle_async_request(
            httpx.Request("POST", self._url, content=body, headers=headers)
        )
        json.loads(await response.aread())["receipt"]
        await response.aclose()

    async def aclose(self) -> None:
        """See `Client`."""
        await self._beneath.aclose()


CLIENTS: Final[Mapping[str, type[Own | OverHttpx | OverTransport]]] = {
    "own": Own,
    "httpx": OverHttpx,
    "transport": OverTransport,
}


async def push_all(client: Client, bodies: list[bytes], count: int, in_flight: int) -> None:
    """Push `count` times, `in_flight` at once."""
    numbers = iter(range(count))
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(_push_some(client, bodies, numbers))
    await client.aclose()


async def _push_some(client: Client, bodies: list[bytes], numbers: Iterator[int]) -> None:
    for number in numbers:
        await client.push(number, bodies[number % len(bodies)])


def read_bodies(path: str) -> list[bytes]:
    """Return the bodies that a run has kept."""
    return [text.encode() for text in json.loads(Path(path).read_text("utf-8"))]


async def _main(kind: str, url: str, bodies: list[bytes], count: int, in_flight: int) -> None:
    await push_all(CLIENTS[kind](url), bodies, count, in_flight)


if __name__ == "__main__":
    _, given_kind, given_url, given_bodies, given_count, given_in_flight = sys.argv
    asyncio.run(_main(given_kind, given_url, read_bodies(given_bodies), int(given_count), int(given_in_flight)))
