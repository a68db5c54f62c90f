"""PublicListService over a real socket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from tests.samples import AUTHORITY_NAME, authority_code, code, doubtful_code, noon

from credit_sanction.v1 import enterprise_pb2 as enterprise_pb
from credit_sanction.v1 import public_list_service_pb2 as pb
from credit_sanction.v1 import public_list_service_pb2_grpc as service_grpc
from credit_sanction_service.api.access_log import AccessLog
from credit_sanction_service.api.callers import Callers
from credit_sanction_service.api.guard import guarded
from credit_sanction_service.api.public_list_servicer import PublicListServicer
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.public_lists import PublicLists
from credit_sanction_service.store.connect import Reader, connect
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.tokens import issue_token
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.database import Database

ADMINISTRATOR = Principal(name="管理员", roles=frozenset({Role.ADMINISTRATOR}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One service on a socket of its own: `desk.call(principal, "GetPublicListEntry", request)`."""

    dsn: str
    callers: Callers
    stub: Any

    def call(self, principal: Principal, method: str, request: object) -> Any:  # noqa: ANN401 - whatever it is, it is passed on
        with connect(self.dsn) as connection:
            token = issue_token(connection, principal)
            self.callers.catch_up(connection, read_head(connection), asked_at=0)
        metadata = (("authorization", f"Bearer {token}"),)
        return getattr(self.stub, method)(request, metadata=metadata, timeout=20)


@contextmanager
def served(
    dsn: str,
    add: Callable[[grpc.Server, Writer, Reader], None],
    stub: Callable[[grpc.Channel], object],
) -> Iterator[Desk]:
    """Serve what `add` adds, behind the guard."""
    with ExitStack() as stack:
        callers, writer, reader = Callers(clock=noon), Writer(dsn, clock=noon), Reader(dsn)
        stack.callback(reader.close)
        stack.callback(writer.close)
        pool = stack.enter_context(ThreadPoolExecutor(4))
        server = grpc.server(pool, options=[("grpc.so_reuseport", 0)])
        add(guarded(server, callers, AccessLog()), writer, reader)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        stack.callback(lambda: server.stop(None).wait())
        channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))
        yield Desk(dsn=dsn, callers=callers, stub=stub(channel))


@pytest.fixture
def desk(store: Database) -> Iterator[Desk]:
    def add(server: grpc.Server, writer: Writer, reader: Reader) -> None:
        service_grpc.add_PublicListServiceServicer_to_server(PublicListServicer(PublicLists(writer, reader)), server)

    with served(store.service_dsn, add, service_grpc.PublicListServiceStub) as opened:
        yield opened


def refused(desk: Desk, principal: Principal, method: str, request: object) -> tuple[grpc.StatusCode, str, set[str]]:
    """Return status code, reason and the fields at fault of a call that has to fail."""
    with pytest.raises(grpc.RpcError) as raised:
        desk.call(principal, method, request)
    trailing = [pair[1] for pair in raised.value.trailing_metadata() or () if pair[0] == "grpc-status-details-bin"]  # type: ignore[index]
    reason, fields = "", set()
    for detail in status_pb2.Status.FromString(trailing[0]).details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason = info.reason
        if detail.Unpack(bad):
            fields = {violation.field for violation in bad.field_violations}
    return raised.value.code(), reason, fields


def entry(number: int = 1, **changes: Any) -> pb.PublicListEntry:  # noqa: ANN401 - fields of the message
    message = pb.PublicListEntry(
        list_class=pb.LIST_CLASS_RED_CARD,
        enterprise=enterprise_pb.Enterprise(code=code(number), name=f"长春虚构{number}号水泥有限公司"),
        item="2号高炉",
        authority=enterprise_pb.Authority(code=authority_code(), name=AUTHORITY_NAME),
        responsible_district=enterprise_pb.ResponsibleDistrict(code="220113", name="九台区"),
        document_number="虚构红牌字1号",
        date="2026-11-18",
        reason="整改不合格",
    )
    message.MergeFrom(pb.PublicListEntry(**changes))
    return message


def publish(desk: Desk, message: pb.PublicListEntry, **options: Any) -> pb.PublicListEntry:  # noqa: ANN401 - fields of the message
    request = pb.PublishPublicListEntryRequest(entry=message, **options)
    answer: pb.PublicListEntry = desk.call(ADMINISTRATOR, "PublishPublicListEntry", request)
    return answer


def published_at() -> Timestamp:
    instant = Timestamp()
    instant.FromDatetime(noon())
    return instant


def withdrawal(name: str, version: int = 1) -> pb.WithdrawPublicListEntryRequest:
    given = pb.Withdrawal(document_number="虚构撤牌字1号", date="2026-11-20", reason="整改完成")
    return pb.WithdrawPublicListEntryRequest(name=name, version=version, withdrawal=given)


def test_everybody_reads_what_an_authority_published(desk: Desk) -> None:
    published = publish(desk, entry())
    assert (published.version, published.revision.number, published.create_time) == (1, 2, published_at())
    expected = entry(name=published.name, version=1, revision=published.revision, create_time=published_at())
    expected.responsible_district.since = "2026-11-18"
    expected.update_time.CopyFrom(published.update_time)
    assert published == expected
    for role in Role:
        reader = Principal(name=f"读者{role}", roles=frozenset({role}), authorities=frozenset())
        request = pb.GetPublicListEntryRequest(name=published.name)
        assert desk.call(reader, "GetPublicListEntry", request) == published
        page = desk.call(reader, "ListPublicListEntries", pb.ListPublicListEntriesRequest())
        assert list(page.entries) == [published]


def test_only_authorities_publish_and_withdraw(desk: Desk) -> None:
    published = publish(desk, entry())
    for role in set(Role) - {Role.ADMINISTRATOR, Role.AUTHORITY}:
        principal = Principal(name=f"他人{role}", roles=frozenset({role}))
        for method, request in (
            ("PublishPublicListEntry", pb.PublishPublicListEntryRequest(entry=entry(2))),
            ("WithdrawPublicListEntry", withdrawal(published.name)),
        ):
            assert refused(desk, principal, method, request)[1] == "NOT_PERMITTED"


def test_a_withdrawn_entry_is_kept_and_shown_to_who_asks(desk: Desk) -> None:
    published = publish(desk, entry())
    gone = desk.call(ADMINISTRATOR, "WithdrawPublicListEntry", withdrawal(published.name))
    assert (gone.withdrawn, gone.version, gone.withdrawal.reason) == (True, 2, "整改完成")
    assert desk.call(ADMINISTRATOR, "GetPublicListEntry", pb.GetPublicListEntryRequest(name=published.name)) == gone
    for include, shown in ((False, []), (True, [gone])):
        request = pb.ListPublicListEntriesRequest(include_withdrawn=include)
        assert list(desk.call(ADMINISTRATOR, "ListPublicListEntries", request).entries) == shown
    again = refused(desk, ADMINISTRATOR, "WithdrawPublicListEntry", withdrawal(published.name))
    assert again[:2] == (grpc.StatusCode.ABORTED, "VERSION_CONFLICT")
    twice = refused(desk, ADMINISTRATOR, "WithdrawPublicListEntry", withdrawal(published.name, 2))
    assert twice[:2] == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_CONFLICT")


def test_a_retry_gets_the_first_answer_and_a_second_entry_names_the_first(desk: Desk) -> None:
    published = publish(desk, entry(), request_id="r")
    assert publish(desk, entry(), request_id="r") == published
    other = pb.PublishPublicListEntryRequest(entry=entry(2), request_id="r")
    assert refused(desk, ADMINISTRATOR, "PublishPublicListEntry", other)[1] == "REQUEST_ID_REUSED"
    with pytest.raises(grpc.RpcError) as raised:
        publish(desk, entry())
    assert raised.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert published.name in str(raised.value.details())


def test_a_check_stores_nothing(desk: Desk) -> None:
    assert publish(desk, entry(), validate_only=True).revision.number == 0
    assert not desk.call(ADMINISTRATOR, "ListPublicListEntries", pb.ListPublicListEntriesRequest()).entries


def test_faults_name_their_fields_and_a_code_in_doubt_is_one(desk: Desk) -> None:
    doubtful = entry()
    doubtful.enterprise.code = doubtful_code(1)
    request = pb.PublishPublicListEntryRequest(entry=doubtful)
    assert refused(desk, ADMINISTRATOR, "PublishPublicListEntry", request) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "IDENTIFIER_REFUSED",
        {"entry.enterprise.code"},
    )
    environment = pb.PublishPublicListEntryRequest(entry=entry(list_class=pb.LIST_CLASS_ENVIRONMENT_SERIOUS))
    assert refused(desk, ADMINISTRATOR, "PublishPublicListEntry", environment) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
        {"entry.authority.code"},
    )


def test_names_of_another_form_are_refused_and_unknown_ones_not_found(desk: Desk) -> None:
    for name, reason in (
        ("sanctionRecords/1", "INVALID_FIELD"),
        ("publicListEntries/", "INVALID_FIELD"),
        ("publicListEntries/1", "LIST_ENTRY_NOT_FOUND"),
        ("publicListEntries/1/2", "LIST_ENTRY_NOT_FOUND"),
        ("publicListEntries/00000000-0000-7000-8000-000000000000", "LIST_ENTRY_NOT_FOUND"),
    ):
        request = pb.GetPublicListEntryRequest(name=name)
        assert refused(desk, ADMINISTRATOR, "GetPublicListEntry", request)[1] == reason, name


def test_pages_are_turned_within_one_list(desk: Desk) -> None:
    names = [publish(desk, entry(number)).name for number in range(1, 4)]
    request = pb.ListPublicListEntriesRequest(list_classes=[pb.LIST_CLASS_RED_CARD], page_size=2)
    page = desk.call(ADMINISTRATOR, "ListPublicListEntries", request)
    assert [each.name for each in page.entries] == names[:2]
    request.page_token = page.next_page_token
    rest = desk.call(ADMINISTRATOR, "ListPublicListEntries", request)
    assert ([each.name for each in rest.entries], rest.next_page_token) == (names[2:], "")
    request.enterprise_code = code(1)
    assert refused(desk, ADMINISTRATOR, "ListPublicListEntries", request)[2] == {"page_token"}
    unknown = pb.ListPublicListEntriesRequest(list_classes=[pb.LIST_CLASS_UNSPECIFIED])
    assert refused(desk, ADMINISTRATOR, "ListPublicListEntries", unknown)[2] == {"list_classes[0]"}
