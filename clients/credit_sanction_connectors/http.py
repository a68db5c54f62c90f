"""One HTTP exchange with one target, bounded in time and size: an `Answer`, or `Unavailable`."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import aclosing
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential

from credit_sanction_connectors.answers import Answer, printable, retry_after
from credit_sanction_connectors.port import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

PUSH_ANSWER_MAX: Final = 64 * 1024
LIST_PAGE_MAX: Final = 8 * 1024 * 1024
CONNECT_TRIES: Final = 3
_FAULTS: Final = (
    httpx.HTTPError,
    httpx.StreamError,
    httpx.InvalidURL,
    aiohttp.ClientError,
    OSError,
    ValueError,
)
_NEVER_LEFT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class HttpTarget:
    """
    The connections to one target's own host; safe from many tasks of one loop at once.

    Redirects are not followed, proxies of the environment not used, cookies not kept.
    """

    def __init__(self, url: str, *, now: Callable[[], datetime], conceal: str = "") -> None:
        """
        Take the base address, without a trailing slash; `now` serves Retry-After in its date form.

        `conceal` is a secret that travels in a header: a page that echoes it shall not end in our store.
        """
        self._url = url
        self._conceal = conceal.encode()
        self._now = now
        # Plain http has no use for the root certificates, which take their time to load; a bare context trusts nobody.
        secure = url.startswith("https:")
        tls = httpx.create_ssl_context(trust_env=False) if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._client = httpx.AsyncClient(
            transport=AiohttpTransport(verify=tls, client=lambda: _session(tls)),
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
            # identity: an answer is read as it arrives, so a small one cannot unpack into a large one
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "credit-sanction",
            },
        )

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        timeout_s: float,
        limit: int = PUSH_ANSWER_MAX,
    ) -> Answer:
        """POST below the base address, within `timeout_s` in all. Raises `Unavailable`."""
        request = self._client.build_request("POST", self._url + path, content=body, headers=dict(headers))
        return await self._exchange(request, timeout_s=timeout_s, limit=limit)

    async def get(
        self, path: str, *, params: Mapping[str, str], headers: Mapping[str, str], timeout_s: float
    ) -> Answer:
        """GET one page of a list, which may be longer than a push's answer. Raises `Unavailable`."""
        request = self._client.build_request("GET", self._url + path, params=dict(params), headers=dict(headers))
        return await self._exchange(request, timeout_s=timeout_s, limit=LIST_PAGE_MAX)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _exchange(self, request: httpx.Request, *, timeout_s: float, limit: int) -> Answer:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        sent = False

        async def once() -> Answer:
            nonlocal sent
            # Half of the time left to connect: so it is the connection, known unsent, that runs out first.
            request.extensions["timeout"] = {"pool": max(deadline - loop.time(), 0.001) / 2}
            sent = True
            try:
                return await self._send(request, limit)
            except Unavailable as failure:
                sent = failure.sent
                raise

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, Unavailable) and not error.sent),
            # What took long to fail is not tried again: the last try would end with the whole exchange, and as unknown.
            stop=stop_after_attempt(CONNECT_TRIES) | stop_after_delay(timeout_s / 4),
            wait=wait_random_exponential(multiplier=0.05, max=0.5),
            reraise=True,
        )
        try:
            async with asyncio.timeout(timeout_s):
                return await retrying(once)
        except TimeoutError:
            raise Unavailable(f"no complete answer within {timeout_s:g} s", sent=sent) from None

    async def _send(self, request: httpx.Request, limit: int) -> Answer:
        try:
            response = await self._client.send(request, stream=True)
            async with aclosing(response):
                body, complete = await _read(response, limit)
                if self._conceal:
                    body = body.replace(self._conceal, b"[secret]")
                wish = retry_after(response.headers.get("retry-after"), now=self._now)
                return Answer(status=response.status_code, body=body, complete=complete, retry_after=wish)
        except _FAULTS as error:
            cause = error.__cause__ or error
            # By the cause: the transport calls any lost connection a ConnectTimeout, sent or not.
            sent = not isinstance(cause, _NEVER_LEFT)
            reason = printable(str(cause), 200) or type(cause).__name__
            raise Unavailable(reason, sent=sent) from error


async def _read(response: httpx.Response, limit: int) -> tuple[bytes, bool]:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            return bytes(body[:limit]), False
    return bytes(body), True


def _session(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    """Make what the transport asks for at the first request: a session belongs to its loop."""
    connector = aiohttp.TCPConnector(ssl=tls, limit=0, keepalive_timeout=15.0)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
