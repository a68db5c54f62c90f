"""What is the city website's own: publishing, the mark of a dispute, and that its public page says so."""

import asyncio
from dataclasses import replace
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import pytest
from tests.connectors.certificates import Authority, serving_with
from tests.connectors.rig import (
    CODE,
    NAME,
    TIMEOUT_S,
    OddServer,
    closing,
    connector_to,
    document,
    http,
    odd_server,
    on_loop,
    parcel,
    push,
    target,
    unavailable,
)

from credit_sanction_connectors.answers import Answer
from credit_sanction_connectors.city_website import CityWebsiteSettings, page_path
from credit_sanction_connectors.port import Connector, Parcel, Unavailable
from credit_sanction_connectors.public_page import PAGE_MAX, published_fault, visible, withdrawn_fault
from credit_sanction_connectors.settings import BadTarget, Secrets
from credit_sanction_connectors.standins.behaviour import Behaviour

RECORD = "sanctionRecords/r1"
NUMBER = "虚工信〔2026〕1号"
MARK = "异议处理中"
TAKEN = b'{"receipt": "R1"}'


def disputed(number: int) -> Parcel:
    return replace(parcel(number), documents=[{**document(RECORD), "disputed": True}])


def website(url: str, **keys: object) -> Connector:
    return connector_to("city-website", url, **keys)


async def pushed_before(page: bytes, one: Parcel) -> tuple[Unavailable, OddServer]:
    """Push where the page answers so, and return why that is not now, and the page's server."""
    async with (
        odd_server(http(201, TAKEN)) as odd,
        odd_server(page) as pages,
        closing(website(odd.url, page_url=pages.url)) as connector,
    ):
        return await unavailable(push(connector, one, timeout_s=TIMEOUT_S)), pages


@on_loop
async def test_published_marked_and_withdrawn_each_time_the_page_says_so() -> None:
    async with target("city-website") as (connector, desk):
        for number, one in enumerate((parcel(1), disputed(2), parcel(3), parcel(4, present=False)), 1):
            receipt = await push(connector, one, timeout_s=TIMEOUT_S)
            assert receipt.number == f"R{number:08d}"
            assert desk.ledger.held[RECORD].document.get("disputed", False) is (number == 2)
        assert not desk.ledger.held[RECORD].present


@on_loop
@pytest.mark.parametrize("version_check", [True, False])
async def test_a_page_that_lags_is_not_yet_a_receipt_and_the_same_key_ends_it(*, version_check: bool) -> None:
    steps = (
        (parcel(1), "but its public page answers with status 404"),
        (disputed(2), f"but its public page does not show the mark {MARK}"),
        (parcel(3), f"but its public page still shows the mark {MARK}"),
        (parcel(4, present=False), f"but its public page still shows {NUMBER}"),
    )
    async with target("city-website", version_check=version_check) as (connector, desk):
        for one, fault in steps:
            desk.script.tell([Behaviour(mode="stale_page", times=2, on="page", subject=RECORD)])
            for _ in range(2):
                answer = await unavailable(push(connector, one, timeout_s=TIMEOUT_S))
                assert answer.reason.endswith(fault)
                assert answer.reason.startswith("taken with receipt R")
                assert (answer.sent, answer.status, answer.gone) == (True, 201, False)
            assert (await push(connector, one, timeout_s=TIMEOUT_S)).number
        assert desk.ledger.inversions == 0


@on_loop
async def test_without_the_check_the_receipt_is_enough() -> None:
    async with target("city-website", check_page=False) as (connector, desk):
        desk.script.tell([Behaviour(mode="500", on="page")])
        assert (await push(connector, parcel(1), timeout_s=TIMEOUT_S)).number


@on_loop
async def test_the_page_is_asked_for_by_configuration_and_record_alone_and_without_credentials() -> None:
    lure = b'{"receipt": "R1", "page": "https://elsewhere.example/", "location": "/other"}'
    page = http(200, f"<p>{NUMBER}</p>".encode(), Set_Cookie="a=b")
    async with (
        odd_server(http(201, lure, Location="https://elsewhere.example/")) as odd,
        odd_server(page) as pages,
        closing(website(odd.url, page_url=f"{pages.url}/show/")) as connector,
    ):
        for _ in range(2):
            await push(connector, parcel(1), timeout_s=TIMEOUT_S)
        for headers, body in pages.requests:
            assert headers[""] == "GET /api/show/r1 HTTP/1.1"
            assert not {"authorization", "cookie", "idempotency-key"} & headers.keys()
            assert (headers["accept"], body) == ("text/html", b"")
        assert "authorization" in odd.requests[0][0]


def test_a_page_lies_below_its_address_whatever_the_record_is_called() -> None:
    assert page_path("sanctionRecords/r1") == "/r1"
    assert page_path("sanctionRecords/a?b#c d%e") == "/a%3Fb%23c%20d%25e"
    assert page_path(CODE) == f"/{CODE}"


@on_loop
@pytest.mark.parametrize("status", [301, 302, 307, 401, 403, 429, 500, 503])
@pytest.mark.parametrize("present", [True, False])
async def test_a_page_that_answers_otherwise_is_no_page(status: int, *, present: bool) -> None:
    page = http(status, f"{NUMBER}".encode(), Location="https://elsewhere.example/", Retry_After="9")
    answer, pages = await pushed_before(page, parcel(1, present=present))
    assert answer.reason == f"taken with receipt R1, but its public page answers with status {status}"
    assert (answer.status, answer.sent, answer.retry_after, len(pages.requests)) == (201, True, 9, 1)


@on_loop
async def test_a_gone_page_does_not_say_that_the_website_wants_no_more_calls() -> None:
    answer, _ = await pushed_before(http(410), parcel(1))
    assert (answer.gone, answer.status) == (False, 201)


@on_loop
async def test_a_page_that_cannot_be_reached_is_still_sent() -> None:
    async with odd_server(http(201, TAKEN)) as odd:
        async with closing(website(odd.url, page_url="https://target.invalid/pages")) as connector:
            answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert answer.reason.startswith("taken with receipt R1, but its public page cannot be read: ")
        assert (answer.sent, answer.status) == (True, 201)


async def _endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n")
        await writer.drain()


async def _silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


@on_loop
async def test_an_endless_page_is_cut() -> None:
    async with odd_server(http(201, TAKEN)) as odd, odd_server(_endless) as pages:
        async with closing(website(odd.url, page_url=pages.url)) as connector:
            answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert answer.reason.endswith(f"but its public page is longer than {PAGE_MAX} bytes")
        assert len(answer.excerpt) == 500


@on_loop
async def test_the_page_shares_the_time_of_the_push() -> None:
    async with odd_server(http(201, TAKEN)) as odd, odd_server(_silent) as pages:
        async with closing(website(odd.url, page_url=pages.url)) as connector, asyncio.timeout(TIMEOUT_S):
            answer = await unavailable(push(connector, parcel(1), timeout_s=0.3))
        assert "its public page cannot be read: no complete answer within" in answer.reason
        assert answer.sent


def page_of(text: str, encoding: str = "utf-8") -> Answer:
    return Answer(status=200, body=text.encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize(
    "text",
    [
        f"<p>{NUMBER}</p>",
        "<p>虚工信<b>〔2026〕</b>\n 1号</p>",
        "<td>虚工信&#12308;2026&#x3015;1&#21495;</td>",
        "<td>虚工信［２０２６］１号</td>",
        "虚工信【2026】1号",
    ],
)
def test_a_document_number_is_found_as_a_visitor_reads_it(text: str, encoding: str) -> None:
    assert published_fault(page_of(text, encoding), document(RECORD), MARK) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<p>虚工信〔2026〕11号</p>",
        f"<!-- {NUMBER} -->",
        f"<script>let a = '{NUMBER}'</script>",
        f"<STYLE>{NUMBER}</STYLE >",
        f"<template>{NUMBER}</template>",
        f'<p title="{NUMBER}">x</p>',
        f"<p>x</p><script>{NUMBER}",
    ],
)
def test_what_a_visitor_does_not_see_does_not_count(text: str) -> None:
    assert (
        published_fault(page_of(text), document(RECORD), MARK) == f"does not show the record's document number {NUMBER}"
    )


def test_a_withdrawn_record_is_gone_where_nothing_of_it_is_shown() -> None:
    names = [NUMBER, CODE, NAME]
    assert withdrawn_fault(page_of("<p>该信息不存在</p>"), names) == ""
    assert withdrawn_fault(page_of(f"<p>{NAME}</p>"), names) == f"still shows {NAME}"
    assert withdrawn_fault(page_of("x"), ["", "x"]) == "still shows x"
    assert [withdrawn_fault(Answer(status=status, body=b""), names) for status in (404, 410)] == ["", ""]


@on_loop
async def test_a_page_may_go_on_naming_an_enterprise_of_which_another_record_stands() -> None:
    page = http(200, f"<p>{NAME}</p>".encode())
    async with (
        odd_server(http(201, TAKEN)) as odd,
        odd_server(page) as pages,
        closing(website(odd.url, page_url=pages.url)) as connector,
    ):
        others = ("sanctionRecords/r2",)
        assert (await push(connector, parcel(1, present=False, others=others), timeout_s=TIMEOUT_S)).number
        answer = await unavailable(push(connector, parcel(2, present=False), timeout_s=TIMEOUT_S))
        assert answer.reason.endswith(f"still shows {NAME}")


def test_a_page_of_nothing_but_beginnings_is_read_once_through() -> None:
    """Where each of half a million beginnings looked for its end, this would not end today."""
    for piece in ("<", "<a ", "<script", "<!--", "<script></script>", "&#x", "&", "<!---->", "＜", "ﷺ"):
        body = (piece.encode() * PAGE_MAX)[:PAGE_MAX]
        assert NUMBER not in visible(body)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"check_page": "no"}, "check_page: is text; expected true or false"),
        ({"page_url": "credit.example"}, "page_url: has the scheme ''; expected https"),
        ({"page_url": "http://credit.example"}, "page_url: is plain http to another machine; expected https"),
        ({"page_url": 7}, "page_url: is a number; expected text"),
        ({"page_ca_file": "missing.pem"}, "page_ca_file: missing.pem cannot be read (No such file or directory)"),
        (
            {"page_url": "http://127.0.0.1/p", "page_ca_file": "a.pem"},
            "page_ca_file: stands beside a plain http address; expected it with https only",
        ),
        ({"dispute_mark": " "}, "dispute_mark: expected the words on the page"),
        ({"dispute_mark": "a\nb"}, "dispute_mark: expected the words on the page"),
    ],
)
def test_bad_keys_are_refused_by_name(keys: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadTarget) as refusal:
        website("https://target.example/api", **keys)
    assert str(refusal.value).startswith(f"targets.target-a.{sentence}")


def test_pages_lie_below_the_address_unless_said_otherwise() -> None:
    def pages(**keys: object) -> tuple[str, SSLContext | None] | None:
        table = {"url": "https://target.example/api", "secret_env": "SECRET", **keys}
        told = CityWebsiteSettings.from_table("city", table, Secrets(environ={"SECRET": "made-up"})).pages
        return (told.url, told.tls) if told else None

    usual = pages()
    assert usual
    assert usual[0] == "https://target.example/api/pages"
    assert usual[1]
    assert usual[1].protocol == PROTOCOL_TLS_CLIENT
    elsewhere = pages(page_url="https://credit.example/xxgs/", url="http://127.0.0.1:9/api")
    assert elsewhere
    assert elsewhere[0] == "https://credit.example/xxgs"
    assert elsewhere[1], "https has its context, however the website itself is reached"
    assert elsewhere[1].cert_store_stats()["x509_ca"] > 1
    assert pages(check_page=False) is None


@on_loop
async def test_the_pages_have_authorities_of_their_own(tmp_path: Path) -> None:
    api, public = Authority(tmp_path, "api"), Authority(tmp_path, "public")
    async with (
        odd_server(http(201, TAKEN), tls=serving_with(api.paper("api", "127.0.0.1"))) as odd,
        odd_server(http(200, NUMBER.encode()), tls=serving_with(public.paper("public", "127.0.0.1"))) as pages,
    ):
        keys = {"ca_file": str(api.path), "page_url": pages.url}
        async with closing(website(odd.url, **keys, page_ca_file=str(public.path))) as connector:
            assert (await push(connector, parcel(1), timeout_s=TIMEOUT_S)).number
        for trusted in ({}, {"page_ca_file": str(api.path)}):
            async with closing(website(odd.url, **keys, **trusted)) as connector:
                answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
            assert "its public page cannot be read: " in answer.reason
        assert len(pages.requests) == 1


@on_loop
async def test_a_website_may_mark_a_dispute_in_its_own_words() -> None:
    page = http(200, f"<p>{NUMBER}</p><p>异议核查</p><a>异议处理中的说明</a>".encode())
    async with (
        odd_server(http(201, TAKEN)) as odd,
        odd_server(page) as pages,
        closing(website(odd.url, page_url=pages.url, dispute_mark="异议核查")) as connector,
    ):
        assert (await push(connector, disputed(1), timeout_s=TIMEOUT_S)).number
        answer = await unavailable(push(connector, parcel(2), timeout_s=TIMEOUT_S))
        assert answer.reason.endswith("but its public page still shows the mark 异议核查")
