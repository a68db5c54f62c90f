"""HTTP/1.1 as the connectors speak it: what an answer may look like, and when its connection is used again."""

import asyncio

import pytest
from tests.connectors.rig import TIMEOUT_S, Odd, now, odd_server, on_loop, unavailable

from credit_sanction_connectors.answers import Answer
from credit_sanction_connectors.http import HttpTarget
from credit_sanction_connectors.settings import Endpoint


async def post(target: HttpTarget, **headers: str) -> Answer:
    return await target.post("/x", b"{}", headers=headers, timeout_s=TIMEOUT_S)


def one_after_the_other(*answers: bytes) -> Odd:
    """Answer each request of a connection in turn; the server reads the first by itself."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, told in enumerate(answers):
            if number:
                await reader.readuntil(b"{}")
            writer.write(told)
        await reader.read()

    return answer


@on_loop
@pytest.mark.parametrize(
    "told",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200\r\ncontent-length:2\r\n\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 103 Early\r\nRetry-After: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nTrailer: t\r\n\r\n",
    ],
)
async def test_these_are_whole_answers_and_leave_the_connection_to_the_next(told: bytes) -> None:
    async with odd_server(one_after_the_other(told, told)) as odd:
        target = HttpTarget(Endpoint(url=odd.url), now=now)
        for _ in range(2):
            assert await post(target) == Answer(status=200, body=b"ok")
        await target.aclose()
        assert odd.connections == 1


@on_loop
@pytest.mark.parametrize(
    "told",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
    ],
)
async def test_behind_these_nothing_more_is_said(told: bytes) -> None:
    async with odd_server(told) as odd:
        target = HttpTarget(Endpoint(url=odd.url), now=now)
        for _ in range(2):
            assert await post(target) == Answer(status=200, body=b"ok")
        await target.aclose()
        assert odd.connections == 2


@on_loop
async def test_a_line_that_would_be_two_is_not_said() -> None:
    async with odd_server(b"") as odd:
        target = HttpTarget(Endpoint(url=odd.url), now=now)
        for value in ("a\r\nX: b", "a\nb", "a\rb"):
            assert not (await unavailable(post(target, Odd=value))).sent
        await target.aclose()
        assert odd.requests == []
