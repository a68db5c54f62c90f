"""The delivery part of the client, and the command's verbs for operators: what is sent, printed, and exited with."""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.sdk.loopback import always

from credit_sanction import Client, ClientError, InternalFault, types
from credit_sanction.__main__ import main
from credit_sanction.v1 import delivery_service_pb2 as wire

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.message import Message
    from tests.sdk.loopback import Loopback

SINCE = datetime(2026, 11, 20, tzinfo=UTC)
DOCUMENT = b'{"form":"made-up"}'
DIGEST = hashlib.sha256(DOCUMENT).hexdigest()
REFUSED = types.Delivery(
    name="targets/a/deliveries/sanctionRecords/1",
    enterprise_code="91220101FAKE000130",
    state=types.DeliveryState.DELIVERY_STATE_REJECTED,
    attempt_count=2,
    due_on="2026-11-30",
    last_error="97\x1b[31m",
    corrections=[types.Correction(target_field="CF_WSH", field="decision.penalty.document_number", words="格式不正确")],
)


def reconciliation(state: types.ReconciliationState.ValueType, **fields: object) -> types.Reconciliation:
    return types.Reconciliation(name="reconciliations/1", target="targets/a", state=state, compared=7, **fields)  # type: ignore[arg-type]


def test_deliveries_are_listed_read_and_made_due(service: Loopback, client: Client) -> None:
    held = types.Delivery(name="targets/a/deliveries/b")
    target = types.Target(name="targets/a", backlog=2)
    service.on("ListTargets", always(wire.ListTargetsResponse(targets=[target])))

    def page(request: wire.ListDeliveriesRequest) -> wire.ListDeliveriesResponse:
        return wire.ListDeliveriesResponse(deliveries=[held], next_page_token="" if request.page_token else "2")

    service.on("ListDeliveries", page)
    service.on("GetDelivery", always(held))
    service.on("RetryDelivery", always(held))
    assert client.targets() == [target]
    found = client.deliveries(
        target="targets/a", record="sanctionRecords/1", enterprise_code="x", states=["rejected"], past_due=True
    )
    assert list(found) == [held, held]
    assert list(client.corrections(target="targets/a")) == [held, held]
    assert client.delivery(held.name) == client.retry_delivery(held.name) == held
    first, *_, queue = service.requests(wire.ListDeliveriesRequest)
    assert first.past_due
    assert first.enterprise_code == "x"
    assert list(first.states) == list(queue.states) == [types.DeliveryState.DELIVERY_STATE_REJECTED]


def test_targets_are_paused_drained_and_resumed(service: Loopback, client: Client) -> None:
    for method in ("PauseTarget", "DrainTarget", "ResumeTarget"):
        service.on(method, always(types.Target(name="targets/a", in_flight=1)))
    assert client.pause_target("targets/a", "维护", until=SINCE).in_flight == 1
    assert client.drain_target("targets/a", "停机").in_flight == 1
    assert client.resume_target("targets/a").name == "targets/a"
    (pause,) = service.requests(wire.PauseTargetRequest)
    assert (pause.name, pause.reason, pause.until.ToDatetime(UTC)) == ("targets/a", "维护", SINCE)
    (drain,) = service.requests(wire.DrainTargetRequest)
    assert (drain.name, drain.reason) == ("targets/a", "停机")


def test_many_are_made_due_and_what_was_lost_is_asked_for_once(service: Loopback, client: Client) -> None:
    service.on("RetryDeliveries", always(wire.RetryDeliveriesResponse(count=7)))
    service.on("RecoverDeliveries", always(wire.RecoverDeliveriesResponse(count=8)))
    filters = {"states": ["given_up"], "since": SINCE, "enterprise_code": "x", "error_contains": "格式"}
    assert client.retry_deliveries("targets/a", **filters) == 7  # type: ignore[arg-type]
    assert client.recover_deliveries("targets/a", SINCE) == 8
    (many,) = service.requests(wire.RetryDeliveriesRequest)
    assert list(many.states) == [types.DeliveryState.DELIVERY_STATE_GIVEN_UP]
    assert (many.since.ToDatetime(UTC), many.enterprise_code, many.error_contains) == (SINCE, "x", "格式")
    naive = SINCE.replace(tzinfo=None)
    with pytest.raises(ClientError, match="time zone"):
        client.recover_deliveries("targets/a", naive)


def test_a_target_is_named_with_or_without_its_collection_and_one_state_is_a_text(
    service: Loopback, client: Client
) -> None:
    service.on("PauseTarget", always(types.Target()))
    service.on("ListDeliveries", always(wire.ListDeliveriesResponse()))
    client.pause_target("a", "维护")
    assert list(client.deliveries(target="a", record="1", states="rejected")) == []
    assert service.requests(wire.PauseTargetRequest)[0].name == "targets/a"
    (asked,) = service.requests(wire.ListDeliveriesRequest)
    assert (asked.target, asked.record) == ("targets/a", "sanctionRecords/1")
    assert list(asked.states) == [types.DeliveryState.DELIVERY_STATE_REJECTED]


@pytest.mark.parametrize(
    ("method", "arguments", "sentence"),
    [
        ("deliveries", {"target": ""}, "target: it is empty"),
        ("deliveries", {"enterprise_code": " "}, "enterprise_code: it is empty"),
        ("deliveries", {"record": "targets/a"}, "record: 'targets/a' is not of the form NAME or sanctionRecords/NAME"),
        ("deliveries", {"states": None}, "states: expected names such as REJECTED"),
        ("deliveries", {"page_size": "all"}, "page_size"),
        ("retry_deliveries", {"target": "sanctionRecords/1"}, "is not of the form NAME or targets/NAME"),
        ("retry_deliveries", {"target": "a", "error_contains": ""}, "error_contains: it is empty"),
        ("retry_deliveries", {"target": "a", "states": [1.5]}, "wrong kind"),
        ("recover_deliveries", {"target": "a", "since": "2026-11-20"}, "since: expected an aware datetime, not '2026"),
        ("pause_target", {"name": 5, "reason": "x"}, "name: expected a text, not 5"),
        ("reconcile_target", {"name": "a", "wait": -1}, "wait: expected seconds from 0, not -1"),
        ("reconciliations", {"target": ""}, "target: it is empty"),
        ("delivery_proof", {"record": "1", "target": ""}, "target: it is empty"),
    ],
)
def test_a_wrong_argument_is_a_sentence_and_nothing_is_sent(
    service: Loopback, client: Client, method: str, arguments: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client, method)(**arguments)
    assert sentence in str(refused.value)
    assert service.arrivals == []


def test_a_reconciliation_is_waited_for_under_one_request_id(service: Loopback, client: Client) -> None:
    requested = reconciliation(types.ReconciliationState.RECONCILIATION_STATE_REQUESTED)
    done = reconciliation(types.ReconciliationState.RECONCILIATION_STATE_DONE)
    service.on("ReconcileTarget", always(requested))
    service.on("GetReconciliation", always(done))
    service.on("ListReconciliations", always(wire.ListReconciliationsResponse(reconciliations=[done])))
    assert client.reconcile_target("targets/a", wait=0) == requested
    assert client.reconcile_target("targets/a", repair=True, request_id="mine") == done
    assert list(client.reconciliations(target="targets/a")) == [done]
    own, given = service.requests(wire.ReconcileTargetRequest)
    assert (own.repair, given.repair, given.request_id) == (False, True, "mine")
    assert own.request_id
    (asked,) = service.requests(wire.GetReconciliationRequest)
    assert asked.name == done.name


def test_a_proof_that_does_not_fit_its_digest_is_no_proof(service: Loopback, client: Client) -> None:
    service.on("ExportDeliveryProof", always(wire.ExportDeliveryProofResponse(document=DOCUMENT, sha256=DIGEST)))
    assert client.delivery_proof("sanctionRecords/1", target="targets/a", without_bodies=True).document == DOCUMENT
    (asked,) = service.requests(wire.ExportDeliveryProofRequest)
    assert (asked.record, asked.target, asked.without_bodies) == ("sanctionRecords/1", "targets/a", True)
    service.on("ExportDeliveryProof", always(wire.ExportDeliveryProofResponse(document=b"{}", sha256=DIGEST)))
    with pytest.raises(InternalFault, match="digest"):
        client.delivery_proof("sanctionRecords/1")


def run(service: Loopback, *arguments: str) -> int:
    return main([*arguments, "--address", service.address])


def test_targets_and_deliveries_have_a_line_each_and_corrections_below(
    service: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    paused = types.Target(name="targets/a", kind="city-website", backlog=3, past_due=2, inactive_reason="维护")
    paused.paused_until.FromDatetime(SINCE)
    gone = types.Target(name="b", active=True, inactive_reason="retired = withdraw")
    service.on("ListTargets", always(wire.ListTargetsResponse(targets=[paused, gone])))
    service.on("ListDeliveries", always(wire.ListDeliveriesResponse(deliveries=[REFUSED])))
    assert run(service, "targets") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("targets/a  city-website  3 waiting, ")
    assert "2 past due" in first
    assert first.endswith("NOT CALLED until 2026-11-20T08:00:00+08:00: 维护")
    assert second.endswith("active, retired = withdraw")
    assert run(service, "deliveries", "--target", "a", "--record", "1", "--state", "rejected", "--past-due") == 0
    told = capsys.readouterr().out
    assert told.startswith(f"REJECTED  {REFUSED.name}  ")
    assert "\n    decision.penalty.document_number (CF_WSH): 格式不正确\n" in told
    assert "\x1b" not in told
    (asked,) = service.requests(wire.ListDeliveriesRequest)
    assert (asked.target, asked.record, asked.past_due) == ("targets/a", "sanctionRecords/1", True)
    assert run(service, "deliveries", "--json") == run(service, "targets", "--json") == 0
    deliveries, targets = map(json.loads, capsys.readouterr().out.splitlines())
    assert deliveries["deliveries"][0]["corrections"][0]["target_field"] == "CF_WSH"
    assert [one["paused_until"] for one in targets["targets"]] == ["2026-11-20T00:00:00+00:00", None]


def test_one_delivery_or_many_are_pushed_again(service: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    service.on("RetryDelivery", always(REFUSED))
    service.on("RetryDeliveries", always(wire.RetryDeliveriesResponse(count=7)))
    service.on("RecoverDeliveries", always(wire.RecoverDeliveriesResponse(count=8)))
    assert run(service, "retry", REFUSED.name, "--lost") == 0
    assert run(service, "retry", "a", "--state", "given_up", "--error", "格式", "--since", "6h") == 0
    assert run(service, "recover", "a", "--since", "2026-11-20T08:00+08:00", "--json") == 0
    *_, many, lost = capsys.readouterr().out.splitlines()
    assert (many, json.loads(lost)) == ("7 made due", {"count": 8})
    (one,) = service.requests(wire.RetryDeliveryRequest)
    assert one.lost_by_target
    (chosen,) = service.requests(wire.RetryDeliveriesRequest)
    ago = datetime.now(UTC) - chosen.since.ToDatetime(UTC)
    assert timedelta(hours=6) <= ago < timedelta(hours=7)
    (recover,) = service.requests(wire.RecoverDeliveriesRequest)
    assert (recover.target, recover.since.ToDatetime(UTC)) == ("targets/a", SINCE)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["retry", REFUSED.name, "--state", "rejected"], "one delivery has no filters"),
        (["retry", "a", "--lost"], "`recover`"),
        (["deliveries", "--state", "late"], "GIVEN_UP"),
        (["recover", "a", "--since", "2026-11-20T08:00"], "neither an instant with its zone"),
        (["recover", "a", "--since", "99999999999999d"], "neither an instant with its zone"),
        (["recover", "a", "--since", "0h"], "neither an instant with its zone"),
        (["deliveries", "--enterprise", ""], "argument --enterprise: it is empty"),
        (["retry", "a", "--error", ""], "argument --error: it is empty"),
        (["retry", "sanctionRecords/1"], "is not of the form NAME or targets/NAME"),
        (["reconcile", "a", "--wait", "-1"], "wait: expected seconds from 0"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_sent(
    service: Loopback, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    try:
        code = run(service, *arguments)
    except SystemExit as wrong:  # argparse's way
        code = int(str(wrong.code))
    assert code == 2
    assert sentence in capsys.readouterr().err
    assert service.arrivals == []


@pytest.mark.parametrize(("in_flight", "code"), [(0, 0), (2, 6)])
def test_targets_are_paused_drained_and_resumed_by_name(
    service: Loopback, capsys: pytest.CaptureFixture[str], in_flight: int, code: int
) -> None:
    for method in ("PauseTarget", "DrainTarget", "ResumeTarget"):
        service.on(method, always(types.Target(name="targets/a", in_flight=in_flight)))
    assert run(service, "pause", "a", "--reason", "维护", "--until", "2d") == 0
    assert run(service, "drain", "a", "--reason", "停机") == code
    assert run(service, "resume", "targets/a") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    (pause,) = service.requests(wire.PauseTargetRequest)
    assert pause.until.ToDatetime(UTC) > datetime.now(UTC) + timedelta(days=1)
    (resume,) = service.requests(wire.ResumeTargetRequest)
    assert resume.name == "targets/a"


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (reconciliation(types.ReconciliationState.RECONCILIATION_STATE_DONE), 0),
        (reconciliation(types.ReconciliationState.RECONCILIATION_STATE_DONE, missing={"count": 1}), 1),
        (reconciliation(types.ReconciliationState.RECONCILIATION_STATE_DONE, stale={"count": 1}, repair=True), 0),
        (reconciliation(types.ReconciliationState.RECONCILIATION_STATE_FAILED, detail="503"), 1),
        (reconciliation(types.ReconciliationState.RECONCILIATION_STATE_RUNNING), 6),
    ],
)
def test_the_exit_code_says_whether_a_target_agrees(
    service: Loopback, capsys: pytest.CaptureFixture[str], found: types.Reconciliation, code: int
) -> None:
    service.on("ReconcileTarget", always(found))
    assert run(service, "reconcile", "a", "--wait", "0") == code
    told = capsys.readouterr().out
    assert found.detail in told
    assert ("compared" in told) == (found.state == types.ReconciliationState.RECONCILIATION_STATE_DONE)
    assert run(service, "reconcile", "a", "--wait", "0", "--json") == code
    assert json.loads(capsys.readouterr().out)["missing"]["count"] == found.missing.count


def test_a_refused_reconciliation_hints_at_no_option_that_there_is_not(
    service: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    service.fail(grpc.StatusCode.FAILED_PRECONDITION, "the target 'a' is paused")
    assert run(service, "reconcile", "a") == 1
    assert capsys.readouterr().err == "credit-sanction: FAILED_PRECONDITION: the target 'a' is paused\n"


def test_an_older_pause_that_stands_is_told(service: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    service.on("PauseTarget", always(types.Target(name="targets/a", inactive_reason="paused by 甲: 维护")))
    assert run(service, "pause", "a", "--reason", "维护") == 0
    assert capsys.readouterr().err == ""
    assert run(service, "pause", "a", "--reason", "停机") == 0
    assert "that pause stands" in capsys.readouterr().err


def test_what_nobody_reads_any_more_ends_quietly(service: Loopback) -> None:
    service.on("ListTargets", always(wire.ListTargetsResponse(targets=[types.Target(name="a")])))
    command = [sys.executable, "-m", "credit_sanction", "targets", "--address", service.address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:
        assert reading.stdout
        reading.stdout.close()  # before anything can have been written: it only starts
        assert reading.wait() == 141
        assert reading.stderr
        assert reading.stderr.read() == b""


def test_subjects_that_differ_have_a_line_each(service: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    drift = {"count": 200, "subjects": ["sanctionRecords/1"]}
    state = types.ReconciliationState.RECONCILIATION_STATE_DONE
    service.on("ReconcileTarget", always(reconciliation(state, standing=drift)))
    assert run(service, "reconcile", "a") == 1
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.endswith("compared 7: 0 missing, 0 stale, 0 extra, 200 standing")
    assert rest == ["  standing: sanctionRecords/1", "  standing: and 199 more"]


def test_a_proof_is_written_to_the_letter(
    service: Loopback, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    service.on("ExportDeliveryProof", always(wire.ExportDeliveryProofResponse(document=DOCUMENT, sha256=DIGEST)))
    file = tmp_path / "proof.json"
    assert run(service, "proof", "1", "--out", str(file)) == 0
    assert file.read_bytes() == DOCUMENT
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert DIGEST in capsys.readouterr().out
    assert run(service, "proof", "1", "--out", str(file), "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(file), "sha256": DIGEST, "bytes": len(DOCUMENT)}
    asked: Message = service.requests(wire.ExportDeliveryProofRequest)[0]
    assert asked == wire.ExportDeliveryProofRequest(record="sanctionRecords/1")
    assert run(service, "proof", "1", "--out", "-") == 0
    assert capsys.readouterr().out == DOCUMENT.decode()
    file.write_bytes(b"another proof")
    assert run(service, "proof", "1", "--out", str(file)) == 2
    assert "holds something else" in capsys.readouterr().err
    assert file.read_bytes() == b"another proof"
