"""A real server on a real socket over a migrated database, in this process, with tokens for every kind of caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.database import Database
from tests.samples import TODAY

from credit_sanction.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from credit_sanction.v1.enforcement_service_pb2_grpc import EnforcementServiceStub
from credit_sanction.v1.exit_obligation_service_pb2_grpc import ExitObligationServiceStub
from credit_sanction.v1.law_service_pb2_grpc import LawServiceStub
from credit_sanction.v1.oversight_service_pb2_grpc import OversightServiceStub
from credit_sanction.v1.public_list_service_pb2_grpc import PublicListServiceStub
from credit_sanction.v1.restriction_service_pb2_grpc import RestrictionServiceStub
from credit_sanction.v1.sanction_record_service_pb2_grpc import SanctionRecordServiceStub
from credit_sanction.v1.watch_service_pb2_grpc import WatchServiceStub
from credit_sanction_service.api.callers import Callers
from credit_sanction_service.api.pools import waiting
from credit_sanction_service.api.receipts import Receipts
from credit_sanction_service.api.search import EnterpriseSearch
from credit_sanction_service.api.server import Server
from credit_sanction_service.app.servicers import Parts, build
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.faults import CallerUnknown
from credit_sanction_service.restrictions.counting import AnswerCounter
from credit_sanction_service.restrictions.feed import Feed, IndexFollower
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.restrictions.names.keeping import Names
from credit_sanction_service.restrictions.names.search import Search
from credit_sanction_service.restrictions.past import Past
from credit_sanction_service.restrictions.receipts import new_receipt_key, read_receipt_keys
from credit_sanction_service.restrictions.tail import Tail
from credit_sanction_service.store.connect import Reader, connect
from credit_sanction_service.store.tokens import issue_token
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from credit_sanction_service.domain.terms import Standard


def clock() -> datetime:
    """Return noon of the samples' day in Shanghai."""
    return datetime(2026, 11, 23, 4, tzinfo=UTC)


STUBS: tuple[Callable[[grpc.Channel], object], ...] = (
    SanctionRecordServiceStub,
    ExitObligationServiceStub,
    RestrictionServiceStub,
    DeliveryServiceStub,
    PublicListServiceStub,
    EnforcementServiceStub,
    OversightServiceStub,
    LawServiceStub,
    WatchServiceStub,
)


class Caller:
    """The services as one caller sees them: `caller("GetSanctionRecord", request)`."""

    def __init__(self, channel: grpc.Channel, token: str) -> None:
        self._stubs = [stub(channel) for stub in STUBS]
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def __call__(self, method: str, request: Message, *, timeout: float = 20) -> Any:  # noqa: ANN401 - whatever it is, it is passed on
        stub = next(stub for stub in self._stubs if hasattr(stub, method))
        return getattr(stub, method)(request, metadata=self._metadata, timeout=timeout)

    def stream(self, method: str, requests: object, *, timeout: float = 20) -> Any:  # noqa: ANN401 - as above
        """Make a call that streams."""
        stub = next(stub for stub in self._stubs if hasattr(stub, method))
        return getattr(stub, method)(requests, metadata=self._metadata, timeout=timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The running server."""

    address: str
    database: Database
    tail: Tail
    names: Names
    administrator: Caller
    calling: Callable[[Principal], Caller]
    calling_with: Callable[[str], Caller]


def principal(name: str, role: Role, **scopes: frozenset[str] | frozenset[Standard] | None) -> Principal:
    return Principal(name=name, roles=frozenset({role}), **scopes)  # type: ignore[arg-type]


@pytest.fixture
def house(store: Database) -> Iterator[House]:
    dsn = store.service_dsn
    with ExitStack() as stack:
        index, law, callers = Index(), LawFollower(), Callers(clock=clock)
        # The server's clock is the samples' day, not today: the skew between the two is not what is tested here.
        tail = Tail(dsn)
        stack.callback(tail.close)
        follower = IndexFollower(index, law, clock=clock, most_skew=float("inf"))
        feed = Feed(dsn, [callers, follower, tail], interval=0.002)
        feed.start()
        stack.callback(feed.close)
        writer, reader = Writer(dsn, clock=clock), Reader(dsn)
        stack.callback(reader.close)
        stack.callback(writer.close)
        counter = AnswerCounter(dsn, interval=0.05)
        counter.start()
        stack.callback(counter.close)
        look_up = LookUp(
            index, law.current, clock=clock, longest_wait=0.5, counter=counter, past=Past(reader), waiting=waiting
        )
        receipts = Receipts(read_receipt_keys(new_receipt_key(), ""))
        names = Names(index)  # a test that searches starts it
        stack.callback(names.close)
        parts = Parts(
            writer=writer,
            reader=reader,
            law=law,
            look_up=look_up,
            tail=tail,
            clock=clock,
            receipts=receipts,
            search=EnterpriseSearch(Search(index, names, today=lambda: TODAY)),
        )
        server = Server(build(parts), callers, index=index)
        assert feed.wait_until_ready(10)
        port = server.start("127.0.0.1", 0)
        stack.callback(server.stop, 1)
        stack.callback(tail.stop)
        address = f"127.0.0.1:{port}"

        def calling_with(token: str) -> Caller:
            return Caller(stack.enter_context(grpc.insecure_channel(address)), token)

        def calling(who: Principal) -> Caller:
            with connect(dsn) as connection:
                token = issue_token(connection, who)
            # The server learns of it with its next question to the store, milliseconds from now.
            while True:
                with suppress(CallerUnknown):
                    callers.identify([("authorization", f"Bearer {token}")])
                    return calling_with(token)

        administrator = calling(principal("administrator", Role.ADMINISTRATOR))
        yield House(
            address=address,
            database=store,
            tail=tail,
            names=names,
            administrator=administrator,
            calling=calling,
            calling_with=calling_with,
        )
