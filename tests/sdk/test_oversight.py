"""The oversight part of the client: what is sent, and pages that are turned."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.sdk.loopback import always

from credit_sanction import Client, ClientError, types
from credit_sanction.v1 import oversight_service_pb2 as wire
from credit_sanction.v1 import sanction_record_pb2

if TYPE_CHECKING:
    from tests.sdk.loopback import Loopback


def test_duties_are_read_page_after_page_with_the_same_filters(service: Loopback, client: Client) -> None:
    pages = {"": ("a", "1"), "1": ("b", "2"), "2": ("c", "")}

    def page(request: wire.ListOverdueDutiesRequest) -> wire.ListOverdueDutiesResponse:
        name, following = pages[request.page_token]
        return wire.ListOverdueDutiesResponse(duties=[types.Duty(record=name)], next_page_token=following)

    service.on("ListOverdueDuties", page)
    duties = client.overdue_duties(
        within_days=3,
        kinds=["withdraw"],
        district_codes=["220113"],
        authority_codes=["x"],
        targets=["targets/platform"],
        page_size=1,
    )
    assert [duty.record for duty in duties] == ["a", "b", "c"]
    requests = service.requests(wire.ListOverdueDutiesRequest)
    assert [request.page_token for request in requests] == ["", "1", "2"]
    for request in requests:
        request.ClearField("page_token")
        assert request == wire.ListOverdueDutiesRequest(
            within_days=3,
            kinds=[sanction_record_pb2.DUTY_KIND_WITHDRAW],
            district_codes=["220113"],
            authority_codes=["x"],
            targets=["targets/platform"],
            page_size=1,
        )


def test_a_kind_that_is_none_is_said_before_anything_is_sent(service: Loopback, client: Client) -> None:
    with pytest.raises(ClientError, match="REPORT_DECISION"):
        list(client.overdue_duties(kinds=["LATE"]))
    assert service.arrivals == []


def test_statistics_are_asked_for_by_days_and_again_where_the_service_is_away(
    service: Loopback, client: Client
) -> None:
    service.on("GetStatistics", always(types.Statistics(blocked_cases=7)))
    service.fail(grpc.StatusCode.UNAVAILABLE, "starting")
    assert client.statistics(since=date(2026, 1, 1), until="2026-06-30", district_codes=["220113"]).blocked_cases == 7
    assert client.statistics().blocked_cases == 7
    first, again, plain = service.requests(wire.GetStatisticsRequest)
    assert first == again
    assert first == wire.GetStatisticsRequest(since="2026-01-01", until="2026-06-30", district_codes=["220113"])
    assert plain == wire.GetStatisticsRequest()
