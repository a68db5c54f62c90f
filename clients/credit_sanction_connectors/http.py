"""One HTTP exchange with one target, bounded in time and size: an `Answer`, or `Unavailable`."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final, cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential
from typing_extensions import override

from credit_sanction_connectors.answers import Answer, excerpt, printable, retry_after
from credit_sanction_connectors.connections import distrust, session
from credit_sanction_connectors.port import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from datetime import datetime

    from credit_sanction_connectors.settings import Endpoint

PUSH_ANSWER_MAX: Final = 64 * 1024
LIST_PAGE_MAX: Final = 8 * 1024 * 1024
CONNECT_TRIES: Final = 3
KEY_LINE: Final = "Idempotency-Key"
_FAULTS: Final = (
    httpx.HTTPError,
    httpx.StreamError,
    httpx.InvalidURL,
    aiohttp.ClientError,
    OSError,
    ValueError,
)
# Said, because httpx otherwise finds it out anew at each look at a header.
_ONE_BYTE: Final = "latin-1"
_NEVER_LEFT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody: plain http has no use for the authorities


class HttpTarget:
    """
    The connections to one target's own host; safe from many tasks of one loop at once.

    Redirects are not followed, proxies of the environment not used, cookies not kept.
    """

    def __init__(self, endpoint: Endpoint, *, now: Callable[[], datetime], conceal: str = "") -> None:
        """
        Take where the target answers; `now` serves Retry-After in its date form.

        `conceal` is a secret that travels in a header, as the endpoint's bearer token does: a page that echoes it shall
        not end in our store.
        """
        self._url = endpoint.url
        self._places: dict[str, httpx.URL] = {}
        self._conceal = tuple(secret.encode() for secret in (conceal, endpoint.bearer) if secret)
        self._now = now
        # The transport itself: what httpx's client does beyond it (redirects, cookies, authentication) is not wanted.
        tls = endpoint.tls or _PLAIN
        self._transport = AiohttpTransport(verify=tls, client=lambda: session(tls, bearer=endpoint.bearer))

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        timeout_s: float,
        limit: int = PUSH_ANSWER_MAX,
    ) -> Answer:
        """
        POST below the base address, within `timeout_s` in all. Raises `Unavailable`.

        An answer that bears another Idempotency-Key than the request is another request's, and is none.
        """
        call = _Call(body, timeout_s=timeout_s, limit=limit)
        lines = {**headers, "Content-Length": str(len(body))}
        return await self._exchange(httpx.Request("POST", self._place(path), stream=call, headers=lines), call)

    async def get(
        self,
        path: str,
        *,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        timeout_s: float,
        limit: int = LIST_PAGE_MAX,
    ) -> Answer:
        """GET one page of a list, which may be longer than a push's answer. Raises `Unavailable`."""
        request = httpx.Request("GET", self._place(path), params=params or None, headers=headers)
        return await self._exchange(request, _Call(None, timeout_s=timeout_s, limit=limit))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _place(self, path: str) -> httpx.URL:
        """Return the address of one of the kind's few paths, read once."""
        if path not in self._places:
            self._places[path] = httpx.URL(self._url + path)
        return self._places[path]

    async def _exchange(self, request: httpx.Request, call: _Call) -> Answer:
        try:
            async with asyncio.timeout_at(call.deadline):
                try:
                    return await self._send(request, call)
                except Unavailable as failure:
                    if failure.sent:
                        raise
                    return await self._send_again(request, call, failure)
        except TimeoutError:
            raise self._lost(call, f"no complete answer within {call.timeout_s:g} s") from None

    async def _send_again(self, request: httpx.Request, call: _Call, first: Unavailable) -> Answer:
        """Go on after a first try of which no byte has left; that one counts."""
        # What took long to fail is not tried again: the last try would end with the whole exchange, and as unknown.
        patience_s = max(call.left_s - call.timeout_s * 3 / 4, 0.0)
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, Unavailable) and not error.sent),
            stop=stop_after_attempt(CONNECT_TRIES) | stop_after_delay(patience_s),
            wait=wait_random_exponential(multiplier=0.05, max=0.5),
            reraise=True,
        ):
            with attempt:
                if attempt.retry_state.attempt_number == 1:
                    raise first
                return await self._send(request, call)
        raise first

    async def _send(self, request: httpx.Request, call: _Call) -> Answer:
        # Half of the time left to connect: so it is the connection that runs out first.
        request.extensions["timeout"] = {"pool": max(call.left_s, 0.001) / 2}
        request.headers.encoding = _ONE_BYTE
        call.sent = call.body is None
        try:
            response = await self._transport.handle_async_request(request)
            try:
                call.status = response.status_code
                complete = await call.hear(response)
            finally:
                await response.aclose()
        except _FAULTS as error:
            # By the cause: the transport calls any lost connection a ConnectTimeout, sent or not.
            cause = error.__cause__ or error
            call.sent = call.sent and not isinstance(cause, _NEVER_LEFT)
            raise self._lost(call, printable(str(cause), 200) or type(cause).__name__) from error
        told = response.headers
        told.encoding = _ONE_BYTE
        if told.get(KEY_LINE, "") not in {"", request.headers.get(KEY_LINE, "")}:
            distrust(response)
            raise self._lost(call, "the answer bears another request's Idempotency-Key")
        wish = retry_after(told.get("Retry-After"), now=self._now)
        body = self._shown(call.heard)
        return Answer(status=response.status_code, body=body, complete=complete, retry_after=wish)

    def _lost(self, call: _Call, reason: str) -> Unavailable:
        """Return what a call comes to that ended without a whole answer of its own, with what was heard."""
        return Unavailable(reason, sent=call.sent, status=call.status, excerpt=excerpt(self._shown(call.heard)))

    def _shown(self, content: bytearray) -> bytes:
        shown = bytes(content)
        for secret in self._conceal:
            shown = shown.replace(secret, b"[secret]")
        return shown


class _Call(httpx.AsyncByteStream):
    """
    One exchange: what is to be said (as the request's stream), how far it has come, what was heard of an answer.

    The headers wait for the body, so nothing has left before it is asked for; it is given out only while there is time:
    a process that was stopped in between does not say afterwards what may be out of date by then.
    """

    def __init__(self, body: bytes | None, *, timeout_s: float, limit: int) -> None:
        self._clock = asyncio.get_running_loop().time
        self._limit = limit
        self.timeout_s = timeout_s
        self.deadline = self._clock() + timeout_s
        self.body = body
        self.sent = False
        self.status: int | None = None
        self.heard = bytearray()

    @property
    def left_s(self) -> float:
        """The seconds left."""
        return self.deadline - self._clock()

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.left_s <= 0:
            raise TimeoutError("no time was left to send")
        self.sent = True
        yield self.body or b""

    async def hear(self, response: httpx.Response) -> bool:
        """Read an answer, as much as may be taken of one; say whether that was all."""
        # Not by the response's own reader, which decodes and counts besides; the transport's stream is always this.
        async for chunk in cast("httpx.AsyncByteStream", response.stream):
            self.heard += chunk
            if len(self.heard) > self._limit:
                del self.heard[self._limit :]
                return False
        return True
