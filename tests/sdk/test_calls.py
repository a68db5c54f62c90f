"""Errors are decoded, calls are made again where that is safe, tokens stay where they are safe."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, ResourceInfo, RetryInfo
from hypothesis import given
from hypothesis import strategies as st
from tests.sdk.loopback import Loopback, serve

import credit_sanction
from credit_sanction import Client, ClientError, ServiceError, types
from credit_sanction._calls import Caller, Retry, chunks
from credit_sanction._errors import Facts
from credit_sanction._status import split_rule
from credit_sanction.v1 import error_reason_pb2
from credit_sanction.v1 import sanction_record_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RULE = "长工信联字[2017]9号 §三(二)"
RECORD = types.SanctionRecord(name="sanctionRecords/1", version=3)
SOON = RetryInfo(retry_delay=Duration(nanos=1_000_000))
WRITES: dict[str, Callable[[Client], object]] = {
    "CreateSanctionRecord": lambda client: client.submit(RECORD),
    "BatchCreateSanctionRecords": lambda client: client.submit_many([RECORD]),
    "AmendSanctionRecord": lambda client: client.amend(RECORD, ["measures"]),
    "LiftSanctionRecord": lambda client: client.lift(
        RECORD, ground="EXIT_COMPLETED", document_number="1", date="2026-11-01"
    ),
    "RevokeSanctionRecord": lambda client: client.revoke(RECORD, reason="x", document_number="1", date="2026-11-01"),
    "ConfirmIdentifier": lambda client: client.confirm_identifier(
        RECORD, "91220101FAKE000130", evidence="x", confirmed_on="2026-11-01"
    ),
    "ServeNotice": lambda client: client.serve_notice(RECORD),
    "RecordStatement": lambda client: client.record_statement(RECORD, kind="WAIVED", date="2026-11-01"),
    "Decide": lambda client: client.decide(RECORD, types.Decision(document_number="1")),
    "List": lambda client: client.list_record(RECORD),
    "RaiseObjection": lambda client: client.raise_objection(RECORD, reason="x"),
    "DecideObjection": lambda client: client.decide_objection(
        RECORD, outcome="UPHELD", document_number="1", date="2026-11-01", reason="x"
    ),
    "Suspend": lambda client: client.suspend(RECORD, ground="COURT_ORDER", document_number="1", date="2026-11-01"),
    "Resume": lambda client: client.resume(RECORD, document_number="1", date="2026-11-01"),
    "Repair": lambda client: client.repair(
        RECORD, applied_on="2026-11-01", corrected_on="2026-10-01", document_number="1", date="2026-11-01"
    ),
}


def info(reason: str, domain: str = "credit-sanction") -> ErrorInfo:
    return ErrorInfo(reason=reason, domain=domain, metadata={"fault": "7"})


def failure_of(client: Client) -> ServiceError:
    with pytest.raises(ServiceError) as raised:
        client.get("sanctionRecords/1")
    return raised.value


def test_faults_are_named_field_by_field(service: Loopback, client: Client) -> None:
    bad = BadRequest(
        field_violations=[
            BadRequest.FieldViolation(field="record.decision.date", description=f"too early [{RULE}]"),
            BadRequest.FieldViolation(field="record.measures", description="at least one"),
        ]
    )
    service.fail(grpc.StatusCode.INVALID_ARGUMENT, "two fields are at fault", info("INVALID_FIELD"), bad)
    error = failure_of(client)
    assert isinstance(error, credit_sanction.InvalidRequest)
    assert (error.code, error.reason, error.metadata) == ("INVALID_ARGUMENT", "INVALID_FIELD", {"fault": "7"})
    assert [(v.field, v.description, v.rule) for v in error.violations] == [
        ("record.decision.date", "too early", RULE),
        ("record.measures", "at least one", ""),
    ]
    told = ["INVALID_FIELD: record.decision.date: too early [" + RULE + "]", "  record.measures: at least one"]
    assert str(error).splitlines() == told
    assert error.message == "two fields are at fault"


def test_a_refusal_with_very_many_faults_stays_a_refusal(service: Loopback, client: Client) -> None:
    violation = BadRequest.FieldViolation(field="record.measures[0].area", description=f"it stands twice [{RULE}]")
    service.fail(grpc.StatusCode.INVALID_ARGUMENT, "x" * 4_000, BadRequest(field_violations=[violation] * 500))
    error = failure_of(client)
    assert isinstance(error, credit_sanction.InvalidRequest)
    assert len(error.violations) == 500


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.NOT_FOUND, credit_sanction.NotFound),
        (grpc.StatusCode.ABORTED, credit_sanction.Conflict),
        (grpc.StatusCode.FAILED_PRECONDITION, credit_sanction.Conflict),
        (grpc.StatusCode.UNAUTHENTICATED, credit_sanction.Unauthenticated),
        (grpc.StatusCode.PERMISSION_DENIED, credit_sanction.PermissionDenied),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, credit_sanction.Overloaded),
        (grpc.StatusCode.DEADLINE_EXCEEDED, credit_sanction.DeadlineExceeded),
        (grpc.StatusCode.INTERNAL, credit_sanction.InternalFault),
        (grpc.StatusCode.DATA_LOSS, credit_sanction.InternalFault),
    ],
)
def test_each_status_has_its_error(
    service: Loopback, client: Client, code: grpc.StatusCode, kind: type[ServiceError]
) -> None:
    service.fail(code, "no", info("X"))
    error = failure_of(client)
    assert type(error) is kind
    assert isinstance(error, credit_sanction.CreditSanctionError)
    assert error.message == "no"


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (grpc.StatusCode.FAILED_PRECONDITION, credit_sanction.Conflict, "TOO_EARLY"),
        (grpc.StatusCode.FAILED_PRECONDITION, credit_sanction.Conflict, "CALENDAR_NOT_PUBLISHED"),
        (grpc.StatusCode.INVALID_ARGUMENT, credit_sanction.InvalidRequest, "EDITION_REFUSED"),
        (grpc.StatusCode.NOT_FOUND, credit_sanction.NotFound, "OBLIGATION_NOT_FOUND"),
        (grpc.StatusCode.NOT_FOUND, credit_sanction.NotFound, "LIST_ENTRY_NOT_FOUND"),
        (grpc.StatusCode.NOT_FOUND, credit_sanction.NotFound, "EDITION_NOT_FOUND"),
    ],
)
def test_each_reason_is_a_word_of_its_error(
    service: Loopback, client: Client, code: grpc.StatusCode, kind: type[ServiceError], reason: str
) -> None:
    assert error_reason_pb2.ErrorReason.Value(f"ERROR_REASON_{reason}")
    told = "sanctionRecords/1, SERIOUS, is not repaired before 2027-11-16 (国家发展改革委令第36号)"
    service.fail(code, told, info(reason))
    with pytest.raises(kind) as raised:
        WRITES["Repair"](client)
    assert (raised.value.reason, raised.value.message) == (reason, told)


def test_a_duplicate_names_the_record_that_exists(service: Loopback, client: Client) -> None:
    service.fail(
        grpc.StatusCode.ALREADY_EXISTS,
        "exists",
        info("DUPLICATE_RECORD"),
        ResourceInfo(resource_type="SanctionRecord", resource_name="sanctionRecords/9"),
    )
    with pytest.raises(credit_sanction.AlreadyExists) as raised:
        client.submit(RECORD, request_id="mine")
    assert raised.value.existing_record == "sanctionRecords/9"
    assert raised.value.request_id == "mine"


@pytest.mark.parametrize("details", [None, b"", b"\xff\xff rubbish"])
def test_details_that_cannot_be_read_do_not_hide_the_error(
    service: Loopback, client: Client, details: bytes | None
) -> None:
    service.fail_raw(grpc.StatusCode.NOT_FOUND, "no such record", details)
    error = failure_of(client)
    assert isinstance(error, credit_sanction.NotFound)
    assert (error.reason, error.violations, error.retry_after) == ("", (), None)


def test_a_reason_of_another_domain_is_not_ours(service: Loopback, client: Client) -> None:
    service.fail(grpc.StatusCode.NOT_FOUND, "no", info("SOMETHING", domain="proxy.example"))
    assert failure_of(client).reason == ""


@given(
    st.text(), st.text(alphabet="长工信联字[2017]9号 §三(二)").filter(lambda rule: rule.count("[") == rule.count("]"))
)
def test_splitting_a_rule_off_never_loses_a_character(description: str, rule: str) -> None:
    for text in (description, f"{description} [{rule}]"):
        before, after = split_rule(text)
        assert text.replace(" ", "").replace("\n", "").startswith(before.replace(" ", "").replace("\n", ""))
        assert after == "" or text.endswith(f"[{after}]")


@pytest.mark.parametrize("method", WRITES)
def test_a_write_that_is_retried_keeps_its_request_id(service: Loopback, client: Client, method: str) -> None:
    answer = {
        "BatchCreateSanctionRecords": wire.BatchCreateSanctionRecordsResponse(
            results=[wire.CreateResult(record=RECORD)]
        ),
        "RevokeSanctionRecord": wire.RevokeSanctionRecordResponse(record=RECORD),
    }.get(method, RECORD)
    service.on(method, lambda _: answer)
    service.fail(grpc.StatusCode.CANCELLED, "CANCELLED")  # by a server that stops
    service.fail(grpc.StatusCode.UNAVAILABLE, "starting", info("STORE_UNAVAILABLE"), SOON)
    WRITES[method](client)
    WRITES[method](client)
    ids = [str(getattr(arrival.request, "request_id", "")) for arrival in service.arrivals]
    assert len(ids) == 4
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert all(ids)


def test_the_service_says_how_long_to_wait(service: Loopback, client: Client) -> None:
    service.on("GetSanctionRecord", lambda _: RECORD)
    wait = RetryInfo(retry_delay=Duration(nanos=300_000_000))
    service.fail(grpc.StatusCode.RESOURCE_EXHAUSTED, "later", info("OVERLOADED"), wait)
    begun = time.monotonic()
    assert client.get("sanctionRecords/1") == RECORD
    assert time.monotonic() - begun >= 0.3


def test_retries_end_with_the_time(service: Loopback) -> None:
    service.fail(grpc.StatusCode.UNAVAILABLE, "down", RetryInfo(retry_delay=Duration(seconds=60)), times=9)
    begun = time.monotonic()
    with Client(service.address, timeout=5) as client:
        error = failure_of(client)
    assert isinstance(error, credit_sanction.Unavailable)
    assert error.retry_after == 60
    assert time.monotonic() - begun < 5
    assert len(service.arrivals) == 1


def test_retries_are_bounded(service: Loopback) -> None:
    service.fail(grpc.StatusCode.UNAVAILABLE, "down", times=100)
    with grpc.insecure_channel(service.address) as channel:
        caller = Caller(channel, metadata=(), timeout=30, retry=Retry(first=0.001, most=0.001))
        with pytest.raises(credit_sanction.Unavailable):
            caller.call(caller.records.GetSanctionRecord, wire.GetSanctionRecordRequest())
    assert len(service.arrivals) == Retry().attempts


@given(st.integers(1, 20), st.one_of(st.none(), st.floats(0, 100)))
def test_pauses_grow_to_a_ceiling_above_what_the_service_asked_for(attempt: int, asked: float | None) -> None:
    facts = Facts(message="down", code="UNAVAILABLE", metadata={}, retry_after=asked)
    wait = Retry(attempts=10, first=0.1, most=2).wait(attempt, credit_sanction.Unavailable(facts))
    if attempt >= 10:
        assert wait is None
    else:
        assert wait is not None
        assert (asked or 0) <= wait <= (asked or 0) + min(2, 0.1 * 2 ** (attempt - 1))


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.ABORTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.RESOURCE_EXHAUSTED]
)
def test_nothing_else_is_made_again(service: Loopback, client: Client, code: grpc.StatusCode) -> None:
    service.fail(code, "no")
    failure_of(client)
    assert len(service.arrivals) == 1


def test_a_push_of_what_the_target_lost_is_sent_once(service: Loopback, client: Client) -> None:
    service.fail(grpc.StatusCode.UNAVAILABLE, "down", times=1)
    with pytest.raises(credit_sanction.Unavailable):
        client.retry_delivery("targets/a/deliveries/b", lost_by_target=True)
    assert len(service.arrivals) == 1


def test_a_service_that_comes_back_is_found() -> None:
    first, second = Loopback(), Loopback()
    first.on("GetSanctionRecord", lambda _: RECORD)
    second.on("GetSanctionRecord", lambda _: RECORD)
    server = serve(first)
    with Client(first.address, timeout=10) as client:
        client.get("sanctionRecords/1")
        server.stop(None).wait()
        again = serve(second, port=int(first.address.rpartition(":")[2]))
        assert client.get("sanctionRecords/1") == RECORD
        again.stop(None).wait()
    assert len(second.arrivals) == 1


def test_token_and_deadline_travel_with_every_call(service: Loopback, client: Client) -> None:
    service.on("GetSanctionRecord", lambda _: RECORD)
    client.get("sanctionRecords/1")
    with Client(service.address, token=" padded\n") as padded, Client(service.address) as nobody:
        padded.get("sanctionRecords/1")
        nobody.get("sanctionRecords/1")
    tokens = [arrival.metadata.get("authorization") for arrival in service.arrivals]
    assert tokens == ["Bearer a-token", "Bearer padded", None]
    assert 5 < service.arrivals[0].seconds_left < 11  # it travels rounded
    assert "a-token" not in repr(client)


@pytest.mark.parametrize(
    "address", ["credit.example:443", "10.0.0.1:50051", "[2001:db8::1]:50051", "localhost.example:1"]
)
def test_a_token_never_travels_in_plain_text_to_another_machine(address: str) -> None:
    with pytest.raises(ClientError, match="plain text"):
        Client(address, token="a-token", insecure=True)
    Client(address, token="a-token").close()
    Client(address, insecure=True).close()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/run/credit.sock"])
def test_this_machine_needs_no_encryption(address: str) -> None:
    Client(address, token="a-token").close()
    Client(address, token="a-token", insecure=False).close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost",
        "https://a.example:443",
        "a.example:0",
        "a.example:99999",
        "ipv4:127.0.0.1:1,10.0.0.1:1",
        "a b:1",
    ],
)
def test_an_address_that_cannot_be_read_is_refused(address: str) -> None:
    with pytest.raises(ClientError, match="host:port"):
        Client(address)


def test_settings_that_make_no_sense_are_refused() -> None:
    for token in ("", "  ", "two words", "列入"):
        with pytest.raises(ClientError, match="token"):
            Client("127.0.0.1:1", token=token)
    for timeout in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ClientError, match="timeout"):
            Client("127.0.0.1:1", timeout=timeout)
    with pytest.raises(ClientError, match="contradict"):
        Client("127.0.0.1:1", root_certificates=b"", insecure=True)


def test_a_closed_client_says_so(client: Client) -> None:
    client.close()
    client.close()
    with pytest.raises(ClientError, match="closed"):
        client.get("sanctionRecords/1")


@given(st.lists(st.integers(0, 4 * 1024 * 1024), max_size=60), st.integers(1, 10))
def test_chunks_hold_everything_once_in_order(sizes: list[int], most: int) -> None:
    runs = chunks(sizes, most=most)
    assert [index for run in runs for index in run] == list(range(len(sizes)))
    for run in runs:
        assert 1 <= len(run) <= most
        assert len(run) == 1 or sum(sizes[index] for index in run) <= 3 * 1024 * 1024


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_a_token_travels_under_a_certificate_that_is_verified(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    loopback = Loopback()
    loopback.on("GetSanctionRecord", lambda _: RECORD)
    pair = (key.read_bytes(), certificate.read_bytes())
    server = serve(loopback, credentials=grpc.ssl_server_credentials([pair]))
    address = loopback.address.replace("127.0.0.1", "localhost")
    with Client(address, token="a-token", root_certificates=pair[1], timeout=10) as client:
        assert client.get("sanctionRecords/1") == RECORD
    with Client(address, token="a-token", insecure=False, timeout=2) as client:
        assert isinstance(failure_of(client), credit_sanction.Unavailable)  # the public authorities do not know it
    server.stop(None).wait()
    assert len(loopback.arrivals) == 1
