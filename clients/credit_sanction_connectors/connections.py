"""The connections beneath the HTTP client: what is kept alive is used again only where nobody has spoken on it since."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Final

import aiohttp
from typing_extensions import override

if TYPE_CHECKING:
    import ssl

    import httpx
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

KEEP_ALIVE_S: Final = 15.0


def session(tls: ssl.SSLContext, *, bearer: str = "") -> aiohttp.ClientSession:
    """Make the session of one target, inside the loop that it belongs to; the headers are those of all its requests."""
    authorization = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return aiohttp.ClientSession(
        connector=QuietConnector(ssl=tls, limit=0, keepalive_timeout=KEEP_ALIVE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        # identity: an answer is read as it arrives, so a small one cannot unpack into a large one
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "credit-sanction",
            **authorization,
        },
    )


class QuietConnector(aiohttp.TCPConnector):
    """
    Drops a kept connection on which something has come since its last answer: an end, or a second answer, which the
    next request would take for its own.
    """

    @override
    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        while (kept := await super()._get(key, traces)) is not None:
            if not _has_spoken(kept):
                return kept
            kept.close()
        return None


def distrust(response: httpx.Response) -> None:
    """Have the connection of an answer that was read never used again: it still owes one that belongs to another request."""
    heard = getattr(response.stream, "_aiohttp_response", None)  # nothing public leads from an answer to its connection
    protocol = getattr(heard, "_protocol", None)
    if protocol is not None:
        protocol.force_close()


def _has_spoken(kept: Connection) -> bool:
    protocol = kept.protocol
    if protocol is None or protocol.should_close or kept.transport is None:
        return True
    socket = kept.transport.get_extra_info("socket")
    if socket is None or not hasattr(select, "poll"):
        return False
    # What the loop has not read yet waits in the socket.
    waiting = select.poll()
    waiting.register(socket.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
