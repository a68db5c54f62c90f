"""The public-list part of the client: what is sent, and pages that are turned."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from typing_extensions import override

from credit_sanction import Client, ClientError, types
from credit_sanction.v1 import public_list_service_pb2 as wire
from credit_sanction.v1.public_list_service_pb2_grpc import (
    PublicListServiceServicer,
    add_PublicListServiceServicer_to_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRY = types.PublicListEntry(name="publicListEntries/1", version=3)


class Desk(PublicListServiceServicer):
    """Keeps what arrived, and fails as often as told."""

    def __init__(self) -> None:
        self.arrivals: list[Any] = []
        self.failures = 0

    def keep(self, request: object, context: grpc.ServicerContext) -> None:
        self.arrivals.append(request)
        if self.failures:
            self.failures -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "starting")

    @override
    def PublishPublicListEntry(
        self, request: wire.PublishPublicListEntryRequest, context: grpc.ServicerContext
    ) -> wire.PublicListEntry:
        self.keep(request, context)
        return ENTRY

    @override
    def WithdrawPublicListEntry(
        self, request: wire.WithdrawPublicListEntryRequest, context: grpc.ServicerContext
    ) -> wire.PublicListEntry:
        self.keep(request, context)
        return ENTRY

    @override
    def GetPublicListEntry(
        self, request: wire.GetPublicListEntryRequest, context: grpc.ServicerContext
    ) -> wire.PublicListEntry:
        self.keep(request, context)
        return ENTRY

    @override
    def ListPublicListEntries(
        self, request: wire.ListPublicListEntriesRequest, context: grpc.ServicerContext
    ) -> wire.ListPublicListEntriesResponse:
        self.keep(request, context)
        following = {"": "a", "a": ""}[request.page_token]
        return wire.ListPublicListEntriesResponse(entries=[ENTRY], next_page_token=following)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def client(desk: Desk) -> Iterator[Client]:
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    add_PublicListServiceServicer_to_server(desk, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with Client(f"127.0.0.1:{port}", token="a-token", timeout=10) as client:
        yield client
    server.stop(None).wait()


def test_an_entry_is_published_under_a_request_id_that_a_retry_keeps(desk: Desk, client: Client) -> None:
    desk.failures = 1
    given = types.PublicListEntry(item="2号高炉")
    assert client.publish_list_entry(given) == ENTRY
    assert desk.arrivals[0] == desk.arrivals[1]
    assert desk.arrivals[0].entry == given
    assert desk.arrivals[0].request_id
    client.publish_list_entry(given, request_id="r", validate_only=True)
    assert desk.arrivals[2] == wire.PublishPublicListEntryRequest(entry=given, request_id="r", validate_only=True)


def test_an_entry_is_withdrawn_as_it_was_read(desk: Desk, client: Client) -> None:
    gone = client.withdraw_list_entry(
        ENTRY, document_number="虚构撤牌字1号", date=date(2026, 11, 20), reason="整改完成", request_id="r"
    )
    assert gone == ENTRY
    assert desk.arrivals == [
        wire.WithdrawPublicListEntryRequest(
            name=ENTRY.name,
            version=3,
            withdrawal=wire.Withdrawal(document_number="虚构撤牌字1号", date="2026-11-20", reason="整改完成"),
            request_id="r",
        )
    ]


def test_entries_are_read_one_by_one_and_page_after_page(desk: Desk, client: Client) -> None:
    assert client.list_entry(ENTRY.name) == ENTRY
    found = client.list_entries(
        list_classes=["red_card", "ENVIRONMENT_SERIOUS"],
        enterprise_code="C",
        district_codes=["220113"],
        include_withdrawn=True,
        page_size=1,
    )
    assert list(found) == [ENTRY, ENTRY]
    assert desk.arrivals[0] == wire.GetPublicListEntryRequest(name=ENTRY.name)
    expected = wire.ListPublicListEntriesRequest(
        list_classes=[wire.LIST_CLASS_RED_CARD, wire.LIST_CLASS_ENVIRONMENT_SERIOUS],
        enterprise_code="C",
        district_codes=["220113"],
        include_withdrawn=True,
        page_size=1,
    )
    assert desk.arrivals[1] == expected
    expected.page_token = "a"
    assert desk.arrivals[2] == expected


def test_a_list_that_there_is_not_is_refused_before_anything_is_sent(desk: Desk, client: Client) -> None:
    with pytest.raises(ClientError, match="YELLOW_CARD, RED_CARD"):
        list(client.list_entries(list_classes=["BLACK_LIST"]))
    assert not desk.arrivals
