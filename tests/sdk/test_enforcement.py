"""The feedback part of the client: what is sent, and pages that are turned."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from typing_extensions import override

from credit_sanction import Area, Client, ClientError, look_up_reference, types
from credit_sanction.v1 import enforcement_service_pb2 as wire
from credit_sanction.v1 import restriction_service_pb2 as restriction_wire
from credit_sanction.v1.enforcement_service_pb2_grpc import (
    EnforcementServiceServicer,
    add_EnforcementServiceServicer_to_server,
)
from credit_sanction.v1.revision_pb2 import Revision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sdk.loopback import Loopback

REPORT = types.EnforcementReport(name="enforcementReports/1")
RATE = types.EnforcementRate(measures_in_force=4, measures_reported=3, rate="0.75")


class Desk(EnforcementServiceServicer):
    """Keeps what arrived, and fails as often as told."""

    def __init__(self) -> None:
        self.arrivals: list[Any] = []
        self.failures = 0

    @override
    def ReportEnforcement(
        self, request: wire.ReportEnforcementRequest, context: grpc.ServicerContext
    ) -> wire.EnforcementReport:
        self.arrivals.append(request)
        if self.failures:
            self.failures -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "starting")
        return REPORT

    @override
    def ListEnforcementReports(
        self, request: wire.ListEnforcementReportsRequest, context: grpc.ServicerContext
    ) -> wire.ListEnforcementReportsResponse:
        self.arrivals.append(request)
        following = {"": "a", "a": ""}[request.page_token]
        return wire.ListEnforcementReportsResponse(reports=[REPORT], next_page_token=following)

    @override
    def GetEnforcementRate(
        self, request: wire.GetEnforcementRateRequest, context: grpc.ServicerContext
    ) -> wire.GetEnforcementRateResponse:
        self.arrivals.append(request)
        return wire.GetEnforcementRateResponse(rates=[RATE])


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def client(desk: Desk) -> Iterator[Client]:
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    add_EnforcementServiceServicer_to_server(desk, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with Client(f"127.0.0.1:{port}", token="a-token", timeout=10) as client:
        yield client
    server.stop(None).wait()


def test_a_report_is_sent_under_a_request_id_that_a_retry_keeps(desk: Desk, client: Client) -> None:
    desk.failures = 1
    given = types.EnforcementReport(record="sanctionRecords/1", area=Area.FINANCING_CREDIT.wire)
    assert client.report_enforcement(given) == REPORT
    assert desk.arrivals[0] == desk.arrivals[1]
    assert desk.arrivals[0].report == given
    assert desk.arrivals[0].request_id
    client.report_enforcement(given, request_id="r", validate_only=True)
    assert desk.arrivals[2] == wire.ReportEnforcementRequest(report=given, request_id="r", validate_only=True)


def test_the_proof_of_a_look_up_comes_out_of_its_answer(service: Loopback) -> None:
    answered_at = datetime(2026, 11, 23, 4, 0, 0, 250_000, tzinfo=UTC)
    basis = restriction_wire.AnswerBasis(revision=Revision(epoch=1, number=7))
    basis.answered_at.FromDatetime(answered_at)
    response = restriction_wire.CheckRestrictionsResponse(basis=basis)
    service.on("CheckRestrictions", lambda _: response)
    with Client(service.address, token="a-token", timeout=10) as asker:
        proof = look_up_reference(asker.check("91220101FAKE000130"), "虚构查询1号")
    assert (proof.revision, proof.reference) == (basis.revision, "虚构查询1号")
    assert proof.answered_at.ToDatetime(UTC) == answered_at


def test_reports_are_read_page_after_page(desk: Desk, client: Client) -> None:
    found = client.enforcement_reports(
        record="sanctionRecords/1",
        areas=["land_supply", Area.BOND_ISSUANCE],
        district_codes=["220113"],
        since=date(2026, 11, 1),
        until="2026-11-23",
        page_size=1,
    )
    assert list(found) == [REPORT, REPORT]
    expected = wire.ListEnforcementReportsRequest(
        record="sanctionRecords/1",
        areas=[Area.LAND_SUPPLY.wire, Area.BOND_ISSUANCE.wire],
        district_codes=["220113"],
        since="2026-11-01",
        until="2026-11-23",
        page_size=1,
    )
    assert desk.arrivals[0] == expected
    expected.page_token = "a"
    assert desk.arrivals[1] == expected


def test_rates_are_asked_for_a_day_by_area_and_district(desk: Desk, client: Client) -> None:
    assert client.enforcement_rates() == [RATE]
    assert client.enforcement_rates(areas=["LAND_SUPPLY"], district_codes=["220113"], as_of_date=date(2026, 6, 30)) == [
        RATE
    ]
    assert desk.arrivals == [
        wire.GetEnforcementRateRequest(),
        wire.GetEnforcementRateRequest(
            areas=[Area.LAND_SUPPLY.wire], district_codes=["220113"], as_of_date="2026-06-30"
        ),
    ]


def test_an_area_that_there_is_not_is_refused_before_anything_is_sent(desk: Desk, client: Client) -> None:
    with pytest.raises(ClientError, match="LAND_SUPPLY"):
        client.enforcement_rates(areas=["MOON"])
    assert not desk.arrivals
