"""Obligations: what is sent, by name and version, and how pages are turned."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

import grpc
import pytest
from typing_extensions import override

from credit_sanction import Client, ClientError, types
from credit_sanction.v1 import exit_obligation_service_pb2 as wire
from credit_sanction.v1 import exit_obligation_service_pb2_grpc as wire_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

HELD = types.RegisteredObligation(name="exitObligations/1", version=3)


class Service(wire_grpc.ExitObligationServiceServicer):
    """The other end: answers every write with `HELD`, lists three pages, and keeps what arrived. `away` fails so many calls."""

    def __init__(self) -> None:
        self.arrived: list[Message] = []
        self.away = 0

    def _held(self, request: Message, context: grpc.ServicerContext) -> types.RegisteredObligation:
        self.arrived.append(request)
        if self.away:
            self.away -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "starting")
        return HELD

    RegisterObligation = ExtendObligation = ReportInterim = ReportCompletion = DeclareActiveExit = GetObligation = _held
    WithdrawObligation = _held

    @override
    def ListObligations(
        self, request: wire.ListObligationsRequest, context: grpc.ServicerContext
    ) -> wire.ListObligationsResponse:
        del context
        self.arrived.append(request)
        following = {"": "a", "a": "b", "b": ""}[request.page_token]
        name = f"exitObligations/{request.page_token or 0}"
        return wire.ListObligationsResponse(
            obligations=[types.RegisteredObligation(name=name)], next_page_token=following
        )


@pytest.fixture
def obligations() -> Service:
    return Service()


@pytest.fixture
def client(obligations: Service) -> Iterator[Client]:
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    wire_grpc.add_ExitObligationServiceServicer_to_server(obligations, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with Client(f"127.0.0.1:{port}", token="a-token", timeout=10) as opened:
        yield opened
    server.stop(None).wait()


def test_an_obligation_is_registered_and_read(obligations: Service, client: Client) -> None:
    given = types.RegisteredObligation(enterprise=types.Enterprise(code="C1"))
    assert client.obligations.register(given, request_id="one", validate_only=True) == HELD
    assert client.obligations.get("exitObligations/1") == HELD
    assert obligations.arrived == [
        wire.RegisterObligationRequest(obligation=given, request_id="one", validate_only=True),
        wire.GetObligationRequest(name="exitObligations/1"),
    ]


def test_a_life_is_carried_on_with_name_and_version(obligations: Service, client: Client) -> None:
    pieces = [types.InterimEvidence(kind=types.InterimEvidenceKind.INTERIM_EVIDENCE_KIND_SEALED, date="2026-11-01")]
    room, day = client.obligations, date(2026, 11, 1)
    assert room.extend(HELD, months=3, document_number="1", applied_on=day, request_id="a") == HELD
    assert room.report_interim(HELD, iter(pieces), dismantle_by="2027-01-31", request_id="b") == HELD
    done = room.report_completion(HELD, date=day, document_number="2", method="拆除", verifier="虚构局", request_id="c")
    declared = room.declare_active_exit(
        HELD, declared_on=day, document_number="3", description="转型", request_id="d", validate_only=True
    )
    gone = room.withdraw(HELD, date=day, document_number="4", reason="误登", request_id="e", validate_only=True)
    assert done == declared == gone == HELD
    assert obligations.arrived == [
        wire.ExtendObligationRequest(
            name=HELD.name,
            version=3,
            extension=types.Extension(months=3, document_number="1", applied_on="2026-11-01"),
            request_id="a",
        ),
        wire.ReportInterimRequest(name=HELD.name, version=3, interim=pieces, dismantle_by="2027-01-31", request_id="b"),
        wire.ReportCompletionRequest(
            name=HELD.name,
            version=3,
            completion=types.Completion(date="2026-11-01", document_number="2", method="拆除", verifier="虚构局"),
            request_id="c",
        ),
        wire.DeclareActiveExitRequest(
            name=HELD.name,
            version=3,
            active_exit=types.ActiveExit(declared_on="2026-11-01", document_number="3", description="转型"),
            request_id="d",
            validate_only=True,
        ),
        wire.WithdrawObligationRequest(
            name=HELD.name,
            version=3,
            date="2026-11-01",
            document_number="4",
            reason="误登",
            request_id="e",
            validate_only=True,
        ),
    ]


def test_a_write_that_is_retried_keeps_its_request_id(obligations: Service, client: Client) -> None:
    obligations.away = 2
    client.obligations.register(HELD)
    sent = obligations.arrived
    assert len(sent) == 3
    assert sent[0] == sent[1] == sent[2]
    first = sent[0]
    assert isinstance(first, wire.RegisterObligationRequest)
    assert first.request_id


def test_pages_are_turned_with_the_same_filters(obligations: Service, client: Client) -> None:
    found = client.obligations.list(
        enterprise_code="C",
        states=["open", "INTERIM_SEALED"],
        standards=["TECHNOLOGY"],
        sectors=["POWER"],
        district_codes=["220102"],
        overdue_only=True,
        page_size=1,
    )
    assert [item.name for item in found] == ["exitObligations/0", "exitObligations/a", "exitObligations/b"]
    expected = wire.ListObligationsRequest(
        enterprise_code="C",
        states=[types.ObligationState.OBLIGATION_STATE_OPEN, types.ObligationState.OBLIGATION_STATE_INTERIM_SEALED],
        standards=[types.Standard.STANDARD_TECHNOLOGY],
        sectors=[types.Sector.SECTOR_POWER],
        district_codes=["220102"],
        overdue_only=True,
        page_size=1,
    )
    for request, token in zip(obligations.arrived, ["", "a", "b"], strict=True):
        expected.page_token = token
        assert request == expected


def test_a_filter_word_that_is_none_is_refused(client: Client) -> None:
    with pytest.raises(ClientError, match="OPEN, INTERIM_SEALED, COMPLETED, WITHDRAWN"):
        list(client.obligations.list(states=["overdue"]))
