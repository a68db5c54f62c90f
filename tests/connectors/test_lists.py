"""Reading back what a target holds, where its kind offers that."""

import itertools
import json

import pytest
from tests.connectors.rig import (
    TIMEOUT_S,
    OddServer,
    closing,
    connector_to,
    http,
    odd_server,
    on_loop,
    parcel,
    push,
    target,
    unavailable,
    version,
)

from credit_sanction_connectors.answers import Answer
from credit_sanction_connectors.lists import read_pages
from credit_sanction_connectors.port import Entry
from credit_sanction_connectors.standins.behaviour import Behaviour

R1, R2, R3, R4, R5 = (f"sanctionRecords/r{number}" for number in range(1, 6))


@on_loop
@pytest.mark.parametrize("version_check", [True, False])
async def test_a_list_is_read_whole_over_its_pages(kind: str, *, version_check: bool) -> None:
    async with target(kind, version_check=version_check, page_size=2) as (connector, _):
        if not connector.offers_list:
            assert not (await unavailable(connector.read_list(timeout_s=TIMEOUT_S))).sent
            return
        for number, record in enumerate((R1, R2, R3, R4, R5), start=1):
            await push(connector, parcel(number, record=record, code=f"E{number}"), timeout_s=TIMEOUT_S)
        await push(connector, parcel(6, record=R4, code="E4", present=False), timeout_s=TIMEOUT_S)
        held = await connector.read_list(timeout_s=TIMEOUT_S)
        assert set(held) == {R1, R2, R3, R5}
        assert held[R5] == Entry(subject=R5, version=version(5) if version_check else None)


@on_loop
async def test_a_line_shows_the_enterprises_other_records(kind: str) -> None:
    async with target(kind) as (connector, _):
        if not connector.offers_list:
            return
        await push(connector, parcel(1, record=R1), timeout_s=TIMEOUT_S)
        await push(connector, parcel(2, record=R2, others=(R1,)), timeout_s=TIMEOUT_S)
        held = await connector.read_list(timeout_s=TIMEOUT_S)
        assert {subject: set(entry.standing) for subject, entry in held.items()} == {R1: {R2}, R2: {R1}}


@on_loop
async def test_one_entry_is_read_and_a_withdrawn_one_is_none(kind: str) -> None:
    async with target(kind) as (connector, _):
        if not connector.offers_list:
            assert not (await unavailable(connector.read_entry(R1, timeout_s=TIMEOUT_S))).sent
            return
        await push(connector, parcel(1, record=R1), timeout_s=TIMEOUT_S)
        await push(connector, parcel(2, record=R2, code="E2"), timeout_s=TIMEOUT_S)
        assert await connector.read_entry(R1, timeout_s=TIMEOUT_S) == Entry(subject=R1, version=version(1))
        await push(connector, parcel(3, record=R1, present=False), timeout_s=TIMEOUT_S)
        assert await connector.read_entry(R1, timeout_s=TIMEOUT_S) is None


@on_loop
async def test_an_empty_list_is_empty_and_a_failing_one_is_unavailable(kind: str) -> None:
    async with target(kind) as (connector, desk):
        if not connector.offers_list:
            return
        assert await connector.read_list(timeout_s=TIMEOUT_S) == {}
        desk.script.tell([Behaviour(mode=mode, on="read", times=1) for mode in ("503", "422", "hang")])
        assert (await unavailable(connector.read_list(timeout_s=TIMEOUT_S))).status == 503
        assert (await unavailable(connector.read_list(timeout_s=TIMEOUT_S))).status == 422
        await unavailable(connector.read_list(timeout_s=0.2))


def _page(kind: str, lines: object, **rest: object) -> bytes:
    key = {"credit-platform": "records", "city-website": "publications"}.get(kind, "lines")
    return http(200, json.dumps({key: lines, **rest}).encode())


GOOD: dict[str, object] = {"record": R1, "version": None, "standing": []}


@on_loop
@pytest.mark.parametrize(
    ("lines", "rest"),
    [
        ([GOOD], {}),
        ([GOOD], {"next_page_token": None}),
        (None, {"next_page_token": ""}),
        ([7], {"next_page_token": ""}),
        ([{**GOOD, "record": ""}], {"next_page_token": ""}),
        ([{**GOOD, "record": "a\x00b"}], {"next_page_token": ""}),
        ([{**GOOD, "standing": [7]}], {"next_page_token": ""}),
        ([{**GOOD, "standing": None}], {"next_page_token": ""}),
        ([{**GOOD, "version": "7"}], {"next_page_token": ""}),
        ([{**GOOD, "version": {"epoch": True, "number": 1}}], {"next_page_token": ""}),
        ([{**GOOD, "version": {"epoch": 1, "number": 1.5}}], {"next_page_token": ""}),
        ([GOOD], {"next_page_token": "always the same"}),
        ([GOOD], {"next_page_token": "x" * 10_000}),
        ([{**GOOD, "more": "x" * 10_000_000}], {"next_page_token": ""}),
    ],
)
async def test_a_list_not_wholly_understood_is_unavailable(
    http_kind: str, lines: object, rest: dict[str, object]
) -> None:
    async with (
        odd_server(_page(http_kind, lines, **rest)) as odd,
        closing(connector_to(http_kind, odd.url)) as connector,
    ):
        await unavailable(connector.read_list(timeout_s=TIMEOUT_S))
        assert len(odd.requests) <= 2


@on_loop
@pytest.mark.parametrize("lines_a_page", [0, 1, 7])
async def test_a_list_without_end_is_cut(lines_a_page: int) -> None:
    pages = itertools.count()

    async def ask(token: str, left_s: float) -> Answer:
        number = next(pages)
        assert (token, left_s > 0) == (str(number) if number else "", True)
        lines = [{**GOOD, "record": f"sanctionRecords/{number}-{line}"} for line in range(lines_a_page)]
        return Answer(status=200, body=json.dumps({"lines": lines, "next_page_token": str(number + 1)}).encode())

    answer = await unavailable(read_pages(ask, lines="lines", timeout_s=TIMEOUT_S, most=20))
    assert (answer.sent, answer.reason) == (True, "the list is longer than 20 lines")
    assert next(pages) <= 21


@on_loop
async def test_no_identifier_of_an_enterprise_stands_in_an_address(http_kind: str) -> None:
    async with odd_server(http(503)) as odd, closing(connector_to(http_kind, odd.url)) as connector:
        await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        await unavailable(connector.read_list(timeout_s=TIMEOUT_S))
        await unavailable(connector.read_entry(R1, timeout_s=TIMEOUT_S))
        assert _first_lines(odd)
        assert not any(parcel(1).enterprise_code in line for line in _first_lines(odd))


def _first_lines(odd: OddServer) -> list[str]:
    return [headers[""] for headers, _ in odd.requests]
