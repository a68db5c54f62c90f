"""DeliveryService over a real socket: who pauses and drains, what is made due together, reconciled, and proved."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc
import pytest
from tests import samples
from tests.api.conftest import Caller, House, principal
from tests.api.test_records import create, fault
from tests.samples import TODAY, target

from credit_sanction import Client
from credit_sanction.v1 import delivery_service_pb2 as pb
from credit_sanction_service.api.delivery_proof import canonical
from credit_sanction_service.api.delivery_servicer import MOST_DRAINING
from credit_sanction_service.api.requests import seal_of, write_token
from credit_sanction_service.domain.access import GRANTS, Role
from credit_sanction_service.store.attempts import OPEN, Opened, opening
from credit_sanction_service.store.connect import Connection, connect
from credit_sanction_service.store.targets import install_targets
from credit_sanction_service.store.tokens import issue_token
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Callable


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
    request = pb.PauseTargetRequest(name="targets/platform", reason="联系 990000190001010294")
    _, _, violations = fault(with_target.administrator, "PauseTarget", request)
    assert set(violations) == {"reason"}
    assert "990000190001010294" not in str(violations)


def test_a_pause_may_have_an_end_which_lies_ahead(with_target: House) -> None:
    request = pb.PauseTargetRequest(name="targets/platform", reason="平台维护")
    request.until.FromDatetime(datetime.now(UTC) + timedelta(hours=1))
    paused = with_target.administrator("PauseTarget", request)
    assert (paused.active, paused.paused_until) == (False, request.until)
    assert with_target.administrator("ListTargets", pb.ListTargetsRequest()).targets == [paused]
    for seconds in (0, 10**18):
        request.until.seconds = seconds
        assert set(fault(with_target.administrator, "PauseTarget", request)[2]) == {"until"}
    resumed = with_target.administrator("ResumeTarget", pb.ResumeTargetRequest(name="targets/platform"))
    assert (resumed.active, resumed.HasField("paused_until")) == (True, False)


def hold(connection: Connection, seconds: int) -> None:
    """Have a worker hold all deliveries for so long."""
    connection.execute(
        "UPDATE delivery SET lease_until = clock_timestamp() + make_interval(secs => %s),"
        " next_attempt_at = clock_timestamp() + make_interval(secs => %s)",
        (seconds, seconds),
    )


def test_a_drained_target_is_paused_and_answers_once_nothing_is_in_flight(with_target: House) -> None:
    create(with_target)
    request = pb.DrainTargetRequest(name="targets/platform", reason="停机")
    with connect(with_target.database.service_dsn) as connection, ThreadPoolExecutor(1) as pool:
        hold(connection, 60)
        draining = pool.submit(with_target.administrator, "DrainTarget", request)
        while with_target.administrator("ListTargets", pb.ListTargetsRequest()).targets[0].active:
            assert not draining.done()
        hold(connection, 0)
        drained = draining.result()
    assert (drained.active, drained.in_flight, drained.inactive_reason) == (False, 0, "paused by administrator: 停机")


def test_a_drain_ends_with_its_callers_time_and_tells_what_is_in_flight(with_target: House) -> None:
    create(with_target)
    with connect(with_target.database.service_dsn) as connection:
        hold(connection, 60)
    request = pb.DrainTargetRequest(name="targets/platform", reason="停机")
    assert with_target.administrator("DrainTarget", request, timeout=0.7).in_flight == 1


def test_no_more_drain_at_once_than_leave_threads_for_others(with_target: House) -> None:
    create(with_target)
    request = pb.DrainTargetRequest(name="targets/platform", reason="停机")
    with connect(with_target.database.service_dsn) as connection, ThreadPoolExecutor(MOST_DRAINING + 1) as pool:
        hold(connection, 60)
        waiting = [pool.submit(with_target.administrator, "DrainTarget", request) for _ in range(MOST_DRAINING + 1)]
        refused = next(as_completed(waiting)).exception()
        assert isinstance(refused, grpc.RpcError)
        assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        hold(connection, 0)


def test_many_are_made_due_by_state_and_instant(with_target: House) -> None:
    for number in (1, 2):
        create(with_target, number)
    request = pb.RetryDeliveriesRequest(target="targets/platform")
    assert with_target.administrator("RetryDeliveries", request).count == 0  # they wait for their first attempt
    request.states.append(pb.DELIVERY_STATE_PENDING)
    assert with_target.administrator("RetryDeliveries", request).count == 2
    request.enterprise_code = samples.code(2).lower()
    assert with_target.administrator("RetryDeliveries", request).count == 1
    request.error_contains = "格式"
    assert with_target.administrator("RetryDeliveries", request).count == 0
    request.ClearField("error_contains")
    request.since.FromDatetime(datetime(2099, 1, 1, tzinfo=UTC))
    assert "ahead" in fault(with_target.administrator, "RetryDeliveries", request)[2]["since"]
    confirmed = pb.RetryDeliveriesRequest(target="targets/platform", states=[pb.DELIVERY_STATE_CONFIRMED])
    code, reason, violations = fault(with_target.administrator, "RetryDeliveries", confirmed)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert "GIVEN_UP" in violations["states[0]"]
    unknown = pb.RetryDeliveriesRequest(target="targets/nobody")
    assert fault(with_target.administrator, "RetryDeliveries", unknown)[1] == "TARGET_NOT_FOUND"


def test_what_a_target_lost_is_asked_for_from_an_instant_on(with_target: House) -> None:
    request = pb.RecoverDeliveriesRequest(target="targets/platform")
    assert set(fault(with_target.administrator, "RecoverDeliveries", request)[2]) == {"since"}
    request.since.GetCurrentTime()
    assert with_target.administrator("RecoverDeliveries", request).count == 0
    request.target = "targets/nobody"
    assert fault(with_target.administrator, "RecoverDeliveries", request)[1] == "TARGET_NOT_FOUND"
    request.since.FromDatetime(datetime(2099, 1, 1, tzinfo=UTC))
    assert "ahead" in fault(with_target.administrator, "RecoverDeliveries", request)[2]["since"]


def test_a_code_that_no_enterprise_can_have_is_refused_and_does_not_look_as_if_nothing_waited(
    with_target: House,
) -> None:
    for method, request in (
        ("ListDeliveries", pb.ListDeliveriesRequest(enterprise_code="123")),
        ("RetryDeliveries", pb.RetryDeliveriesRequest(target="targets/platform", enterprise_code="-")),
    ):
        _, reason, violations = fault(with_target.administrator, method, request)
        assert (reason, set(violations)) == ("IDENTIFIER_REFUSED", {"enterprise_code"})


def test_deliveries_say_by_when_and_which_are_late(with_target: House) -> None:
    create(with_target, 1)  # decided 30 days ago: its report is late
    recent = create(with_target, 2, decided_on=TODAY - timedelta(days=1))
    listed = with_target.administrator("ListDeliveries", pb.ListDeliveriesRequest()).deliveries
    due = {one.enterprise_code: one.due_on for one in listed}
    assert due[samples.code(1)] < TODAY.isoformat() < due[samples.code(2)]
    late = with_target.administrator("ListDeliveries", pb.ListDeliveriesRequest(past_due=True)).deliveries
    assert [one.enterprise_code for one in late] == [samples.code(1)]
    only = pb.ListDeliveriesRequest(enterprise_code=samples.code(2).lower())
    (found,) = with_target.administrator("ListDeliveries", only).deliveries
    assert found.record == recent.name
    assert with_target.administrator("GetDelivery", pb.GetDeliveryRequest(name=found.name)).due_on == found.due_on
    assert with_target.administrator("ListTargets", pb.ListTargetsRequest()).targets[0].past_due == 1


def test_a_reconciliation_is_asked_for_once_and_read(with_target: House) -> None:
    operator = with_target.calling(principal("值班员", Role.OPERATOR))
    request = pb.ReconcileTargetRequest(name="targets/platform", repair=True, request_id="a")
    asked = operator("ReconcileTarget", request)
    assert operator("ReconcileTarget", request) == asked
    assert (asked.state, asked.repair, asked.requested_by) == (pb.RECONCILIATION_STATE_REQUESTED, True, "值班员")
    assert operator("GetReconciliation", pb.GetReconciliationRequest(name=asked.name)) == asked
    second = operator("ReconcileTarget", pb.ReconcileTargetRequest(name="targets/platform"))
    page = pb.ListReconciliationsRequest(target="targets/platform", page_size=1)
    first = operator("ListReconciliations", page)
    page.page_token = first.next_page_token
    rest = operator("ListReconciliations", page)
    assert [*first.reconciliations, *rest.reconciliations] == [second, asked]
    assert rest.next_page_token == ""
    request.repair = False
    assert fault(operator, "ReconcileTarget", request)[1] == "REQUEST_ID_REUSED"


def test_what_is_no_reconciliation_is_refused(with_target: House) -> None:
    for method, request, expected in (
        ("GetReconciliation", pb.GetReconciliationRequest(), "INVALID_FIELD"),
        ("GetReconciliation", pb.GetReconciliationRequest(name="reconciliations/1"), "RECONCILIATION_NOT_FOUND"),
        ("ReconcileTarget", pb.ReconcileTargetRequest(name="targets/nobody"), "TARGET_NOT_FOUND"),
        ("ListReconciliations", pb.ListReconciliationsRequest(page_token="x"), "INVALID_FIELD"),
    ):
        assert fault(with_target.administrator, method, request)[1] == expected
    seal = seal_of(pb.ListReconciliationsRequest())
    for place in (["yesterday", "1"], ["2026-11-23T00:00:00+08:00", "1"]):
        forged = pb.ListReconciliationsRequest(page_token=write_token(place, seal))
        assert fault(with_target.administrator, "ListReconciliations", forged)[1] == "INVALID_FIELD"


def test_the_proof_of_a_record_is_one_document(with_target: House) -> None:
    record = create(with_target)
    request = pb.ExportDeliveryProofRequest(record=record.name)
    proof = with_target.administrator("ExportDeliveryProof", request)
    assert proof == with_target.administrator("ExportDeliveryProof", request)
    assert proof.sha256 == hashlib.sha256(proof.document).hexdigest()
    assert proof.file_name == f"delivery-proof-{record.name.partition('/')[2]}.json"
    told = json.loads(proof.document)
    assert proof.document == canonical(told)
    assert (told["record"], told["enterprise_code"]) == (record.name, record.enterprise.code)
    (version,) = told["versions"]
    assert version["sha256"] == hashlib.sha256(canonical(version["body"])).hexdigest()
    (delivery,) = told["deliveries"]
    assert (delivery["target"], delivery["kind"], delivery["state"]) == ("platform", "stand-in", "PENDING")
    assert delivery["attempts"] == []
    only = pb.ExportDeliveryProofRequest(record=record.name, target="targets/nobody")
    assert fault(with_target.administrator, "ExportDeliveryProof", only)[1] == "TARGET_NOT_FOUND"
    only.target = "targets/platform"
    assert len(json.loads(with_target.administrator("ExportDeliveryProof", only).document)["deliveries"]) == 1
    missing = pb.ExportDeliveryProofRequest(record="sanctionRecords/0199")
    assert fault(with_target.administrator, "ExportDeliveryProof", missing)[1] == "RECORD_NOT_FOUND"


def test_a_proof_that_no_message_holds_comes_in_parts(with_target: House) -> None:
    record = create(with_target)
    body = json.dumps("虚构" * 250_000).encode()
    opened = [
        Opened(
            target="platform",
            subject=record.name,
            number=number,
            version=Revision(epoch=1, number=record.revision.number),
            present=True,
            idempotency_key=str(number),
            worker="worker",
            opened_at=datetime(2026, 11, 23, tzinfo=UTC),
            body=body,
            digest=hashlib.sha256(body).digest(),
        )
        for number in (1, 2)
    ]
    with connect(with_target.database.service_dsn) as connection:
        connection.execute(OPEN, opening(opened))
        token = issue_token(connection, principal("值班员", Role.OPERATOR))
    request = pb.ExportDeliveryProofRequest(record=record.name)
    assert fault(with_target.administrator, "ExportDeliveryProof", request)[1] == "TOO_LARGE"
    in_parts = pb.DownloadDeliveryProofRequest(record=record.name)
    *parts, last = with_target.administrator("DownloadDeliveryProof", in_parts)
    whole = b"".join(message.part for message in parts)
    assert len(parts) > 3
    assert last.sha256 == hashlib.sha256(whole).hexdigest()
    with Client(with_target.address, token=token) as client:
        proof = client.delivery_proof(record.name)
    assert (proof.document, proof.sha256, proof.file_name) == (whole, last.sha256, last.file_name)
    told = json.loads(whole)
    assert whole == canonical(told)
    (delivery,) = told["deliveries"]
    assert [attempt["body"] for attempt in delivery["attempts"]] == [body.decode()] * 2
    in_parts.target = "targets/nobody"
    assert fault(streamed(with_target.administrator), "DownloadDeliveryProof", in_parts)[1] == "TARGET_NOT_FOUND"


def streamed(caller: Caller) -> Callable[[str, pb.DownloadDeliveryProofRequest], list[object]]:
    """Return who makes calls that stream, to their ends."""
    return lambda method, request: list(caller(method, request))


def test_operating_is_for_operators(house: House) -> None:
    bank = house.calling(principal("bank", Role.BANK))
    for method, request in (
        ("RecoverDeliveries", pb.RecoverDeliveriesRequest()),
        ("DrainTarget", pb.DrainTargetRequest()),
        ("ReconcileTarget", pb.ReconcileTargetRequest()),
        ("GetReconciliation", pb.GetReconciliationRequest()),
        ("ListReconciliations", pb.ListReconciliationsRequest()),
        ("ExportDeliveryProof", pb.ExportDeliveryProofRequest()),
        ("DownloadDeliveryProof", pb.DownloadDeliveryProofRequest()),
    ):
        asking = streamed(bank) if method == "DownloadDeliveryProof" else bank
        assert fault(asking, method, request)[1] == "NOT_PERMITTED"
        assert {role for role in Role if method in GRANTS[role].methods} == {Role.ADMINISTRATOR, Role.OPERATOR}
