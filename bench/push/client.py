"""
The HTTP client of the connectors, in the setting of theirs, with nothing around it: what one push costs at least.

As a process: pushes bodies in a bare loop, `in_flight` at a time; the sink counts.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from credit_sanction_connectors import http
from credit_sanction_connectors.settings import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADERS: Final = {
    "Content-Type": "application/cloudevents+json",
    "webhook-timestamp": "1700000000",
    "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
}


class BareClient:
    """What a connector sends by, taken out of it: httpx's transport over aiohttp, without httpx's own client."""

    def __init__(self, url: str) -> None:
        self._url = httpx.URL(url)
        target = http.HttpTarget(Endpoint(url=url), now=lambda: datetime.now(UTC))
        self._transport = target._transport  # noqa: SLF001 - the bare client is the subject

    async def push(self, number: int, body: bytes) -> None:
        """Push one body and read the receipt. Raises whatever goes wrong."""
        headers = {**_HEADERS, "webhook-id": f"bench/{number}"}
        response = await self._transport.handle_async_request(
            httpx.Request("POST", self._url, content=body, headers=headers)
        )
        json.loads(await response.aread())["receipt"]
        await response.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


async def push_all(url: str, bodies: list[bytes], count: int, in_flight: int) -> None:
    """Push `count` times, `in_flight` at once."""
    client = BareClient(url)
    numbers = iter(range(count))
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(_push_some(client, bodies, numbers))
    await client.aclose()


async def _push_some(client: BareClient, bodies: list[bytes], numbers: Iterator[int]) -> None:
    for number in numbers:
        await client.push(number, bodies[number % len(bodies)])


def read_bodies(path: str) -> list[bytes]:
    """Return the bodies that a run has kept."""
    return [text.encode() for text in json.loads(Path(path).read_text("utf-8"))]


if __name__ == "__main__":
    _, given_url, given_bodies, given_count, given_in_flight = sys.argv
    asyncio.run(push_all(given_url, read_bodies(given_bodies), int(given_count), int(given_in_flight)))
