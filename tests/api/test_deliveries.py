"""DeliveryService over a real socket: who pauses, who resumes, and what is made due together."""

from __future__ import annotations

from datetime import UTC, datetime

import grpc
import pytest
from tests.api.conftest import House, principal
from tests.api.test_records import create, fault
from tests.samples import TODAY, target

from credit_sanction.v1 import delivery_service_pb2 as pb
from credit_sanction_service.domain.access import Role
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.targets import install_targets


@pytest.fixture
def with_target(house: House) -> House:
    with connect(house.database.service_dsn) as connection:
        install_targets(connection, [target("platform")], day=TODAY)
    return house


def test_an_operator_pauses_and_resumes_and_says_why(with_target: House) -> None:
    operator = with_target.calling(principal("值班员", Role.OPERATOR))
    paused = operator("PauseTarget", pb.PauseTargetRequest(name="targets/platform", reason="平台维护"))
    assert (paused.active, paused.inactive_reason) == (False, "paused by 值班员: 平台维护")
    again = operator("PauseTarget", pb.PauseTargetRequest(name="targets/platform", reason="另一理由"))
    assert again.inactive_reason == paused.inactive_reason
    resumed = operator("ResumeTarget", pb.ResumeTargetRequest(name="targets/platform"))
    assert (resumed.active, resumed.inactive_reason) == (True, "")
    bank = with_target.calling(principal("bank", Role.BANK))
    assert fault(bank, "PauseTarget", pb.PauseTargetRequest(name="targets/platform", reason="x"))[1] == "NOT_PERMITTED"


def test_a_pause_names_a_target_and_a_reason(with_target: House) -> None:
    for request, expected in (
        (pb.PauseTargetRequest(name="targets/platform"), "INVALID_FIELD"),
        (pb.PauseTargetRequest(name="targets/platform", reason="x" * 201), "INVALID_FIELD"),
        (pb.PauseTargetRequest(name="platform", reason="x"), "INVALID_FIELD"),
        (pb.PauseTargetRequest(name="targets/nobody", reason="x"), "TARGET_NOT_FOUND"),
    ):
        assert fault(with_target.administrator, "PauseTarget", request)[1] == expected
    assert fault(with_target.administrator, "ResumeTarget", pb.ResumeTargetRequest())[1] == "INVALID_FIELD"


def test_many_are_made_due_by_state_and_instant(with_target: House) -> None:
    for number in (1, 2):
        create(with_target, number)
    request = pb.RetryDeliveriesRequest(target="targets/platform")
    assert with_target.administrator("RetryDeliveries", request).count == 0  # they wait for their first attempt
    request.states.append(pb.DELIVERY_STATE_PENDING)
    assert with_target.administrator("RetryDeliveries", request).count == 2
    request.since.FromDatetime(datetime(2099, 1, 1, tzinfo=UTC))
    assert with_target.administrator("RetryDeliveries", request).count == 0
    confirmed = pb.RetryDeliveriesRequest(target="targets/platform", states=[pb.DELIVERY_STATE_CONFIRMED])
    code, reason, violations = fault(with_target.administrator, "RetryDeliveries", confirmed)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert "PENDING" in violations["states[0]"]
    unknown = pb.RetryDeliveriesRequest(target="targets/nobody")
    assert fault(with_target.administrator, "RetryDeliveries", unknown)[1] == "TARGET_NOT_FOUND"
