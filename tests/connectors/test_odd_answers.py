"""What targets really answer at times: held for every kind against a raw server."""

import asyncio
import gzip
import itertools
import socket
import sys
import time

import pytest
from tests.connectors.rig import (
    TIMEOUT_S,
    Odd,
    closing,
    connector_to,
    http,
    odd_server,
    on_loop,
    parcel,
    push,
    unavailable,
)

from credit_sanction_connectors.port import Rejected

MEGABYTE = b"x" * 1_000_000

NO_PAGE: dict[str, dict[str, object]] = {"city-website": {"check_page": False}}


@pytest.fixture
def kind(http_kind: str) -> str:
    return http_kind


@on_loop
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_anywhere(kind: str, status: int) -> None:
    async with (
        odd_server(http(200)) as second,
        odd_server(http(status, Location=second.url)) as first,
        closing(connector_to(kind, first.url)) as connector,
    ):
        answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert (answer.status, answer.sent, answer.reason) == (status, True, "redirects are not followed")
        assert (len(first.requests), second.connections) == (1, 0)


@on_loop
@pytest.mark.parametrize("place", ["http://[::", "//", "javascript:alert(1)", ""])
async def test_a_redirect_to_nonsense_is_only_unavailable(kind: str, place: str) -> None:
    async with odd_server(http(302, Location=place)) as odd, closing(connector_to(kind, odd.url)) as connector:
        assert (await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))).sent


@on_loop
@pytest.mark.parametrize(
    "status", [202, 300, 304, 401, 403, 404, 405, 408, 410, 418, 425, 429, 500, 502, 503, 504, 599]
)
async def test_these_statuses_mean_not_now(kind: str, status: int) -> None:
    async with odd_server(http(status)) as odd, closing(connector_to(kind, odd.url)) as connector:
        answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert (answer.status, answer.sent, answer.gone) == (status, True, status == 410)
        assert len(odd.requests) == 1


@on_loop
@pytest.mark.parametrize("status", [400, 409, 422])
async def test_these_statuses_mean_never_with_this_data(kind: str, status: int) -> None:
    body = '{"error": "认定日期\\u0000缺失", "message": "认定日期\\u0000缺失"}'.encode()
    async with odd_server(http(status, body)) as odd, closing(connector_to(kind, odd.url)) as connector:
        with pytest.raises(Rejected) as refusal:
            await push(connector, parcel(1), timeout_s=TIMEOUT_S)
        assert (refusal.value.status, refusal.value.reason) == (status, "认定日期缺失")
        assert refusal.value.code == ("TARGET_HOLDS_NEWER" if status == 409 else "")


@on_loop
@pytest.mark.parametrize(
    "body",
    [
        b"<html>login</html>",
        b"[]",
        b'"00"',
        b"[" * 60_000,
        b"1" * 5_000,
        b"\xff\xfe{",
        b'{"code": "00", "receipt": 7}',
        b'{"code": "00", "receipt": "a\\u0000b"}',
        b'{"code": "00", "receipt": "\\ud800"}',
        b'{"code": [], "receipt": null}',
        gzip.compress(b'{"code": "00", "receipt": "1"}'),
    ],
    ids=itertools.count(),
)
async def test_a_200_that_is_no_receipt_is_unknown(kind: str, body: bytes) -> None:
    async with odd_server(http(200, body)) as odd, closing(connector_to(kind, odd.url)) as connector:
        answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert (answer.status, answer.sent) == (200, True)


@on_loop
async def test_an_excerpt_is_short_and_safe_to_store(kind: str) -> None:
    body = b"\x00\x1b[31m\xe2\x80\xaeodd\r\n\xff" + MEGABYTE
    async with odd_server(http(500, body)) as odd, closing(connector_to(kind, odd.url)) as connector:
        excerpt = (await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))).excerpt
        assert excerpt.startswith("[31modd")
        assert excerpt.isprintable()
        assert len(excerpt) == 500


@on_loop
@pytest.mark.parametrize("status", [200, 503])
async def test_ten_megabytes_are_cut_and_become_an_outcome(kind: str, status: int) -> None:
    receipt = b'{"code": "00", "receipt": "R1", "more": "' + 10 * MEGABYTE + b'"}'
    async with odd_server(http(status, receipt)) as odd, closing(connector_to(kind, odd.url)) as connector:
        answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert (answer.status, answer.sent) == (status, True)


async def _endless_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n")
        await writer.drain()


@on_loop
async def test_an_endless_body_is_cut_long_before_the_timeout(kind: str) -> None:
    async with odd_server(_endless_body) as odd, closing(connector_to(kind, odd.url)) as connector:
        async with asyncio.timeout(TIMEOUT_S):
            answer = await unavailable(push(connector, parcel(1), timeout_s=60))
        assert (answer.status, answer.sent, len(answer.excerpt)) == (200, True, 500)


async def _endless_header(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 x\r\n")
    while True:
        writer.write(b"X-Odd: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def _drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 x\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await asyncio.sleep(0.02)


async def _endless_words(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 x\r\nContent-Length: 1000\r\n\r\n{"code": "00", "receipt": "1"')
    await asyncio.Event().wait()


async def _short_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 x\r\nContent-Length: 1000\r\n\r\n{"code": "00", "receipt": "1"}')


async def _reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


@on_loop
@pytest.mark.parametrize("odd_answer", [_endless_header, _drip, _short_body, _reset])
async def test_no_whole_answer_is_unknown(kind: str, odd_answer: Odd) -> None:
    async with odd_server(odd_answer) as odd, closing(connector_to(kind, odd.url)) as connector:
        async with asyncio.timeout(TIMEOUT_S):
            assert (await unavailable(push(connector, parcel(1), timeout_s=0.5))).sent


@on_loop
@pytest.mark.parametrize("odd_answer", [_endless_words, _short_body])
async def test_what_has_come_of_an_answer_is_shown(kind: str, odd_answer: Odd) -> None:
    async with odd_server(odd_answer) as odd, closing(connector_to(kind, odd.url)) as connector:
        answer = await unavailable(push(connector, parcel(1), timeout_s=0.3))
        assert (answer.sent, answer.status) == (True, 200)
        assert answer.excerpt.startswith('{"code": "00", "receipt": "1"')


@on_loop
@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-odd\r\n\r\n", b"HTTP/1.1 abc x\r\n\r\n", b"HTTP/1.1 200 x\r\nbad\r\n\r\n"]
)
async def test_what_is_not_http_is_unknown(kind: str, answer: bytes) -> None:
    async with odd_server(answer) as odd, closing(connector_to(kind, odd.url)) as connector:
        assert (await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))).sent
        assert len(odd.requests) == 1


@on_loop
async def test_a_refused_connection_was_never_sent(kind: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening: refuses, and nobody else gets the port
        async with closing(connector_to(kind, f"http://127.0.0.1:{bound.getsockname()[1]}")) as connector:
            assert not (await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))).sent


@on_loop
async def test_a_host_that_nobody_knows_was_never_sent(kind: str) -> None:
    async with closing(connector_to(kind, "https://target.invalid")) as connector:
        assert not (await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))).sent


@on_loop
async def test_a_failed_tls_handshake_is_tried_three_times_and_was_never_sent(kind: str) -> None:
    async with odd_server(b"HTTP/1.1 400 speak plain\r\n\r\n", read=False) as odd:
        async with closing(connector_to(kind, odd.url.replace("http:", "https:"))) as connector:
            answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert (answer.sent, answer.status, odd.connections) == (False, None, 3)


async def _silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


@on_loop
async def test_a_handshake_that_hangs_was_never_sent(kind: str) -> None:
    async with (
        odd_server(_silence, read=False) as odd,
        closing(connector_to(kind, odd.url.replace("http:", "https:"))) as connector,
    ):
        assert not (await unavailable(push(connector, parcel(1), timeout_s=0.6))).sent
        assert odd.connections == 1


@on_loop
async def test_a_connection_on_which_a_second_answer_came_is_not_used_again(kind: str) -> None:
    said = asyncio.Event()

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = f'{{"code": "00", "receipt": "R{odd.connections}"}}'.encode()
        answer = f"HTTP/1.1 200 x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        writer.write(answer)
        await asyncio.sleep(0.01)  # so that the first is taken and the connection kept
        writer.write(answer)
        await writer.drain()
        said.set()
        await reader.read()

    async with odd_server(twice) as odd, closing(connector_to(kind, odd.url, **NO_PAGE.get(kind, {}))) as connector:
        for number in (1, 2):
            receipt = await push(connector, parcel(number), timeout_s=TIMEOUT_S)
            assert (receipt.number, odd.connections) == (f"R{number}", number)
            await said.wait()
            said.clear()


@on_loop
async def test_a_connection_that_owes_an_answer_is_not_used_again(kind: str) -> None:
    async def of_another(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b'{"code": "00", "receipt": "R1"}'
        key = b"" if odd.connections > 1 else b"Idempotency-Key: another\r\n"
        writer.write(b"HTTP/1.1 200 x\r\n%bContent-Length: %d\r\n\r\n%b" % (key, len(body), body))
        await reader.read()

    async with (
        odd_server(of_another) as odd,
        closing(connector_to(kind, odd.url, **NO_PAGE.get(kind, {}))) as connector,
    ):
        assert "another request's" in (await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))).reason
        assert (await push(connector, parcel(2), timeout_s=TIMEOUT_S)).number == "R1"
        assert odd.connections == 2


@on_loop
async def test_a_process_that_was_stopped_says_nothing_after_its_time(kind: str) -> None:
    late = bytearray()
    ended = asyncio.Event()

    async def kept_alive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b'{"code": "00", "receipt": "R1"}'
        writer.write(f"HTTP/1.1 200 x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        late.extend(await reader.read())
        ended.set()

    async with odd_server(kept_alive) as odd:
        async with closing(connector_to(kind, odd.url, **NO_PAGE.get(kind, {}))) as connector:
            await push(connector, parcel(1), timeout_s=TIMEOUT_S)
            pushing = asyncio.create_task(push(connector, parcel(2), timeout_s=0.05))
            asyncio.get_running_loop().call_soon(time.sleep, 0.1)  # as a stop does: behind the push's first step
            answer = await unavailable(pushing)
        await ended.wait()
        assert answer.sent is bool(late)
        assert (odd.connections, len(odd.requests)) == (1, 1)
        if sys.version_info < (3, 12):  # from then on it is said in the first step already, in time
            assert late == b""


@on_loop
async def test_no_cookie_is_kept(kind: str) -> None:
    async with odd_server(http(503, Set_Cookie="session=1; Path=/")) as odd:
        named = odd.url.replace("127.0.0.1", "localhost")  # cookies of bare addresses are seldom kept anyway
        async with closing(connector_to(kind, named)) as connector:
            for _ in range(2):
                await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert all("cookie" not in headers for headers, _ in odd.requests)
        assert all(headers["accept-encoding"] == "identity" for headers, _ in odd.requests)
        assert len(odd.requests) == 2
