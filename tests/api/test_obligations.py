"""ExitObligationService over a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from tests.exit_samples import AUTHORITIES, DUE, INDUSTRY, LAW, ORDERED, registered
from tests.samples import TODAY, code, noon
from tests.samples import record as sanction

from credit_sanction.v1 import exit_obligation_service_pb2 as pb
from credit_sanction.v1 import exit_obligation_service_pb2_grpc as exit_grpc
from credit_sanction.v1 import obligation_pb2 as obligation_pb
from credit_sanction_service.api.access_log import AccessLog
from credit_sanction_service.api.callers import Callers
from credit_sanction_service.api.guard import guarded
from credit_sanction_service.api.obligation_messages import registered_message, registration_draft
from credit_sanction_service.api.obligation_servicer import ExitObligationServicer
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.authorities import Function
from credit_sanction_service.domain.exits import register
from credit_sanction_service.domain.terms import Standard
from credit_sanction_service.obligations import Obligations
from credit_sanction_service.store.connect import Reader, connect
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.obligations import StoredObligation
from credit_sanction_service.store.tokens import issue_token
from credit_sanction_service.store.values import Revision
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from tests.database import Database

Ask = Callable[[str, "Message"], Any]
EVERYBODY = Principal(name="管理员", roles=frozenset({Role.ADMINISTRATOR}))


class Desk:
    """A server of this service alone; `as_caller` gives its methods to a principal."""

    def __init__(self, store: Database, stack: ExitStack) -> None:
        self._store, self._stack = store, stack
        self.callers = Callers(clock=noon)
        self.writer, reader = Writer(store.service_dsn, clock=noon), Reader(store.service_dsn)
        stack.callback(reader.close)
        stack.callback(self.writer.close)
        server = grpc.server(stack.enter_context(ThreadPoolExecutor(4)))
        exit_grpc.add_ExitObligationServiceServicer_to_server(
            ExitObligationServicer(Obligations(self.writer, reader), clock=noon),
            guarded(server, self.callers, AccessLog()),
        )
        self._address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        stack.callback(lambda: server.stop(None).wait())
        self.ask = self.as_caller(EVERYBODY)

    def as_caller(self, principal: Principal) -> Ask:
        with connect(self._store.service_dsn) as connection:
            token = issue_token(connection, principal)
            self.callers.catch_up(connection, read_head(connection), asked_at=0)
        channel = self._stack.enter_context(grpc.insecure_channel(self._address))
        stub = exit_grpc.ExitObligationServiceStub(channel)
        metadata = (("authorization", f"Bearer {token}"),)
        return lambda method, request: getattr(stub, method)(request, metadata=metadata, timeout=20)


@pytest.fixture
def desk(store: Database) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(store, stack)


def message(number: int = 1, **changes: str) -> pb.RegisteredObligation:
    """Return what a caller sends to register enterprise `number`'s line that fails technology."""
    stored = StoredObligation(
        registered=registered(number=number),
        revision=Revision(epoch=0, number=0),
        created_at=noon(),
        updated_at=noon(),
    )
    given = registered_message(stored, TODAY)
    given.ClearField("name")
    for field, value in changes.items():
        setattr(given.obligation, field, value)
    return given


def energy(number: int = 1) -> pb.RegisteredObligation:
    """Return the same line that fails energy, with the period that the policy sets."""
    given = message(number, due_on="")
    given.obligation.standard = obligation_pb.STANDARD_ENERGY
    return given


def evidence(*kinds: pb.InterimEvidenceKind.ValueType) -> list[pb.InterimEvidence]:
    return [
        pb.InterimEvidence(kind=kind, date="2026-11-20", document_number="虚构封字1号", place="http://fake.example/1")
        for kind in kinds
    ]


ALL_FOUR = [kind for kind in pb.InterimEvidenceKind.values() if kind]


def sealing(name: str, version: int = 1) -> pb.ReportInterimRequest:
    return pb.ReportInterimRequest(name=name, version=version, interim=evidence(*ALL_FOUR), dismantle_by="2027-01-31")


def completing(name: str, version: int = 1, **options: Any) -> pb.ReportCompletionRequest:  # noqa: ANN401 - fields of a message
    done = pb.Completion(
        date="2026-11-23", document_number="虚构验字1号", method="拆除主体设备", verifier="虚构市工业和信息化局"
    )
    return pb.ReportCompletionRequest(name=name, version=version, completion=done, **options)


def declaring(name: str, version: int = 1) -> pb.DeclareActiveExitRequest:
    declared = pb.ActiveExit(declared_on="2026-11-20", document_number="虚构积字1号", description="提前拆除")
    return pb.DeclareActiveExitRequest(name=name, version=version, active_exit=declared)


def withdrawing(name: str, version: int = 1, **options: Any) -> pb.WithdrawObligationRequest:  # noqa: ANN401 - fields of a message
    said = {"date": "2026-11-23", "document_number": "虚构撤字1号", "reason": "不在已批准的方案内"}
    return pb.WithdrawObligationRequest(name=name, version=version, **(said | options))


def create(desk: Desk, given: pb.RegisteredObligation | None = None, **options: Any) -> pb.RegisteredObligation:  # noqa: ANN401 - fields of a message
    request = pb.RegisterObligationRequest(obligation=given or message(), **options)
    created: pb.RegisteredObligation = desk.ask("RegisterObligation", request)
    return created


def fault(ask: Ask, method: str, request: Message) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    """Return status code, reason and the violations of a call that has to fail."""
    with pytest.raises(grpc.RpcError) as raised:
        ask(method, request)
    error = raised.value
    trailing = [pair[1] for pair in error.trailing_metadata() or () if pair[0] == "grpc-status-details-bin"]  # type: ignore[index]
    reason, violations = "", {}
    for detail in status_pb2.Status.FromString(trailing[0]).details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            detail.Unpack(info)
            reason = info.reason
        if detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest()
            detail.Unpack(bad)
            violations = {v.field: v.description for v in bad.field_violations}
    return error.code(), reason, violations


def test_what_is_read_back_is_what_was_registered() -> None:
    given = message()
    again = register(registration_draft(given), obligation_id="1", today=TODAY, law=LAW)
    assert again == replace(registered(), id="1")


def test_what_was_registered_is_what_is_read(desk: Desk) -> None:
    created = create(desk)
    assert (created.state, created.version, created.overdue) == (pb.OBLIGATION_STATE_OPEN, 1, False)
    assert created.name.startswith("exitObligations/")
    assert created.revision.number
    assert created.obligation.last_day == created.obligation.due_on == DUE.isoformat()
    assert created.obligation.plan.document_number == "虚构方案1号"
    assert created.authority.code == INDUSTRY.code
    assert not created.warnings
    assert desk.ask("GetObligation", pb.GetObligationRequest(name=created.name)) == created


def test_a_life_is_carried_through(desk: Desk) -> None:
    created = create(desk)
    declared = desk.ask("DeclareActiveExit", declaring(created.name))
    assert (declared.version, declared.active_exit.declared_on) == (2, "2026-11-20")
    sealed = desk.ask("ReportInterim", sealing(created.name, 2))
    assert (sealed.state, sealed.dismantle_by) == (pb.OBLIGATION_STATE_INTERIM_SEALED, "2027-01-31")
    assert [piece.kind for piece in sealed.interim] == ALL_FOUR
    assert sealed.interim[3].place == "http://fake.example/1"
    done = desk.ask("ReportCompletion", completing(created.name, 3))
    assert (done.state, done.completion.method) == (pb.OBLIGATION_STATE_COMPLETED, "拆除主体设备")
    assert (done.create_time, done.revision.number) == (created.create_time, created.revision.number + 3)
    code_, reason, _ = fault(desk.ask, "ReportCompletion", completing(created.name, 4))
    assert (code_, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_CONFLICT")


def test_what_was_registered_by_mistake_is_withdrawn_for_good(desk: Desk) -> None:
    created = create(desk, message(1, due_on="2026-11-20"))
    assert created.overdue
    request = withdrawing(created.name, request_id="r")
    gone = desk.ask("WithdrawObligation", request)
    assert (gone.state, gone.version, gone.overdue) == (pb.OBLIGATION_STATE_WITHDRAWN, 2, False)
    assert gone.withdrawal == pb.ObligationWithdrawal(
        date="2026-11-23", document_number="虚构撤字1号", reason="不在已批准的方案内"
    )
    assert desk.ask("WithdrawObligation", request) == gone
    assert desk.ask("GetObligation", pb.GetObligationRequest(name=created.name)) == gone
    assert listed(desk.ask, states=[pb.OBLIGATION_STATE_WITHDRAWN]) == [created.name]
    assert listed(desk.ask, overdue_only=True) == []
    for method, again in (
        ("WithdrawObligation", withdrawing(created.name, 2)),
        ("ReportInterim", sealing(created.name, 2)),
        ("ReportCompletion", completing(created.name, 2)),
        ("DeclareActiveExit", declaring(created.name, 2)),
    ):
        code_, reason, _ = fault(desk.ask, method, again)
        assert (code_, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_CONFLICT"), method


def test_a_withdrawal_names_every_fault_with_its_rule(desk: Desk) -> None:
    created = create(desk)
    request = withdrawing(created.name, date="2026-11-24", document_number="", reason=" ")
    code_, reason, violations = fault(desk.ask, "WithdrawObligation", request)
    assert (code_, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert set(violations) == {"date", "document_number", "reason"}
    assert violations["date"].endswith("[长工信联字[2017]9号 §二]")


def test_an_obligation_that_a_record_names_is_not_withdrawn(desk: Desk) -> None:
    created = create(desk)
    record = replace(sanction(1), obligation_name=created.name)
    desk.writer.run(lambda tx: tx.insert([record], action="CREATE", principal="测试"), timeout=20)
    code_, reason, _ = fault(desk.ask, "WithdrawObligation", withdrawing(created.name))
    assert (code_, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_CONFLICT")


def test_energy_is_extended_once(desk: Desk) -> None:
    created = create(desk, energy())
    request = pb.ExtendObligationRequest(
        name=created.name,
        version=1,
        extension=obligation_pb.Extension(months=3, document_number="虚构延字1号", applied_on=ORDERED.isoformat()),
        request_id="r",
    )
    extended = desk.ask("ExtendObligation", request)
    assert extended.obligation.extension.applied_on == ORDERED.isoformat()
    assert extended.obligation.calendar_not_published  # it now ends in a year that is not published
    assert (extended.obligation.last_day, extended.overdue) == ("", False)
    assert desk.ask("ExtendObligation", request) == extended
    request.version, request.request_id = 2, ""
    code_, reason, _ = fault(desk.ask, "ExtendObligation", request)
    assert (code_, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_CONFLICT")


def test_every_fault_is_named_with_its_field_and_rule(desk: Desk) -> None:
    given = message(due_on="2026-13-01")
    given.enterprise.name = ""
    given.authority.code = AUTHORITIES[Function.EMERGENCY].code
    given.obligation.ClearField("plan")
    code_, reason, violations = fault(desk.ask, "RegisterObligation", pb.RegisterObligationRequest(obligation=given))
    assert (code_, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert set(violations) == {
        "obligation.enterprise.name",
        "obligation.obligation.due_on",
        "obligation.obligation.plan",
    }
    assert all(text.endswith("]") for text in violations.values())
    given = message()
    given.authority.code = AUTHORITIES[Function.EMERGENCY].code
    _, _, violations = fault(desk.ask, "RegisterObligation", pb.RegisterObligationRequest(obligation=given))
    assert violations["obligation.authority.code"].endswith("[长工信联字[2017]9号 §五(一)(二)]")


def test_each_missing_piece_of_evidence_is_named(desk: Desk) -> None:
    created = create(desk)
    request = sealing(created.name)
    del request.interim[1:3]
    with pytest.raises(grpc.RpcError) as raised:
        desk.ask("ReportInterim", request)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "SEALED 封存主体设备 is missing" in str(raised.value.details())
    assert "PUBLIC_COMMITMENT 公开承诺 is missing" in str(raised.value.details())


def test_a_retry_gets_the_first_answer_and_another_payload_is_refused(desk: Desk) -> None:
    first = create(desk, request_id="r")
    desk.ask("ReportCompletion", completing(first.name))
    assert create(desk, request_id="r") == first
    other = pb.RegisterObligationRequest(obligation=message(2), request_id="r")
    code_, reason, _ = fault(desk.ask, "RegisterObligation", other)
    assert (code_, reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


def test_validate_only_checks_and_stores_nothing(desk: Desk) -> None:
    assert create(desk, validate_only=True).revision.number == 0
    assert not desk.ask("ListObligations", pb.ListObligationsRequest()).obligations
    created = create(desk)
    assert desk.ask("WithdrawObligation", withdrawing(created.name, validate_only=True)).withdrawal.document_number
    checked = desk.ask("ReportCompletion", completing(created.name, validate_only=True))
    assert (checked.state, checked.version) == (pb.OBLIGATION_STATE_COMPLETED, 2)
    assert desk.ask("GetObligation", pb.GetObligationRequest(name=created.name)) == created


def test_an_old_version_is_refused(desk: Desk) -> None:
    created = create(desk)
    for method, request in (
        ("ReportInterim", sealing(created.name, 2)),
        ("ReportCompletion", completing(created.name, 0)),
        ("DeclareActiveExit", declaring(created.name, 7)),
        ("WithdrawObligation", withdrawing(created.name, 2)),
    ):
        code_, reason, _ = fault(desk.ask, method, request)
        assert (code_, reason) == (grpc.StatusCode.ABORTED, "VERSION_CONFLICT"), method


REQUESTS = {
    "RegisterObligation": pb.RegisterObligationRequest,
    "ExtendObligation": pb.ExtendObligationRequest,
    "ReportInterim": pb.ReportInterimRequest,
    "ReportCompletion": pb.ReportCompletionRequest,
    "DeclareActiveExit": pb.DeclareActiveExitRequest,
    "WithdrawObligation": pb.WithdrawObligationRequest,
    "GetObligation": pb.GetObligationRequest,
}


def test_an_empty_request_is_invalid_and_not_a_fault_of_ours(desk: Desk) -> None:
    for method, kind in REQUESTS.items():
        code_, _, violations = fault(desk.ask, method, kind())
        assert code_ is grpc.StatusCode.INVALID_ARGUMENT, method
        assert violations, method


def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    for name in ("exitObligations/1", "exitObligations/1/2", f"exitObligations/{'0' * 32}"):
        code_, reason, _ = fault(desk.ask, "GetObligation", pb.GetObligationRequest(name=name))
        assert (code_, reason) == (grpc.StatusCode.NOT_FOUND, "OBLIGATION_NOT_FOUND")


def test_a_name_of_another_kind_is_invalid(desk: Desk) -> None:
    for name in ("sanctionRecords/1", "exitObligations/", "exitObligations", "x\x00"):
        code_, _, violations = fault(desk.ask, "GetObligation", pb.GetObligationRequest(name=name))
        assert (code_, list(violations)) == (grpc.StatusCode.INVALID_ARGUMENT, ["name"])


def listed(ask: Ask, **filters: Any) -> list[str]:  # noqa: ANN401 - fields of a message
    """Return the names of all pages, two at a time."""
    names: list[str] = []
    request = pb.ListObligationsRequest(page_size=2, **filters)
    while True:
        page = ask("ListObligations", request)
        names += [item.name for item in page.obligations]
        request.page_token = page.next_page_token
        if not request.page_token:
            return names


def test_pages_and_filters(desk: Desk) -> None:
    late = create(desk, message(1, due_on="2026-11-20"))
    others = [create(desk, message(number)) for number in (2, 3)]
    last = create(desk, energy(4))
    everything = [item.name for item in (late, *others, last)]
    assert listed(desk.ask) == everything
    assert late.overdue
    assert listed(desk.ask, overdue_only=True) == [late.name]
    assert listed(desk.ask, enterprise_code=code(2).lower()) == [others[0].name]
    assert listed(desk.ask, standards=[obligation_pb.STANDARD_ENERGY]) == [last.name]
    assert listed(desk.ask, sectors=[obligation_pb.SECTOR_COAL]) == []
    assert listed(desk.ask, district_codes=["220113"], states=[pb.OBLIGATION_STATE_OPEN]) == everything
    for request in (
        pb.ListObligationsRequest(states=[9]),  # type: ignore[list-item] # what a newer contract may bring
        pb.ListObligationsRequest(page_token="forged"),
        pb.ListObligationsRequest(page_size=-1),
    ):
        assert fault(desk.ask, "ListObligations", request)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_a_record_that_names_it_is_shown(desk: Desk) -> None:
    created = create(desk)
    record = replace(sanction(1), obligation_name=created.name)
    desk.writer.run(lambda tx: tx.insert([record], action="CREATE", principal="测试"), timeout=20)
    shown = desk.ask("GetObligation", pb.GetObligationRequest(name=created.name))
    assert list(shown.sanction_records) == [record.name]


def test_an_authority_sees_and_writes_only_its_own(desk: Desk) -> None:
    own = create(desk)
    of_others = message(2)
    other = AUTHORITIES[Function.MARKET_REGULATION]
    of_others.authority.code, of_others.authority.name = other.code, other.name_on(TODAY)
    foreign = create(desk, of_others)
    scoped = Principal(name="虚构局", roles=frozenset({Role.AUTHORITY}), authorities=frozenset({INDUSTRY.code}))
    ask = desk.as_caller(scoped)
    assert listed(ask) == [own.name]
    assert ask("GetObligation", pb.GetObligationRequest(name=own.name)) == own
    assert ask("ReportCompletion", completing(own.name)).version == 2
    nothing: dict[str, str] = {}
    refused = (grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED", nothing)
    assert fault(ask, "GetObligation", pb.GetObligationRequest(name=foreign.name)) == refused
    assert fault(ask, "ReportCompletion", completing(foreign.name)) == refused
    assert fault(ask, "RegisterObligation", pb.RegisterObligationRequest(obligation=of_others)) == refused
    elsewhere = desk.as_caller(replace(scoped, name="虚构区局", districts=frozenset({"220102"})))
    assert fault(elsewhere, "RegisterObligation", pb.RegisterObligationRequest(obligation=message())) == refused
    safety = desk.as_caller(replace(scoped, name="虚构安监", standards=frozenset({Standard.SAFETY})))
    assert fault(safety, "RegisterObligation", pb.RegisterObligationRequest(obligation=message())) == refused


def test_the_finance_office_reads_all_and_writes_nothing(desk: Desk) -> None:
    created = create(desk)
    ask = desk.as_caller(Principal(name="金融办", roles=frozenset({Role.FINANCE_OFFICE})))
    assert listed(ask) == [created.name]
    assert fault(ask, "ReportCompletion", completing(created.name))[1] == "NOT_PERMITTED"
    assert fault(ask, "WithdrawObligation", withdrawing(created.name))[1] == "NOT_PERMITTED"
    bank = desk.as_caller(Principal(name="银行", roles=frozenset({Role.BANK})))
    assert fault(bank, "GetObligation", pb.GetObligationRequest(name=created.name))[1] == "NOT_PERMITTED"
