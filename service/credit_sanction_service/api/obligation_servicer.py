"""ExitObligationService: each method moves a request to its use case and the result back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from credit_sanction.v1 import exit_obligation_service_pb2 as exit_pb
from credit_sanction.v1 import exit_obligation_service_pb2_grpc as exit_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.drafts import extension_draft
from credit_sanction_service.api.guard import caller
from credit_sanction_service.api.obligation_messages import (
    active_exit_draft,
    completion_draft,
    interim_draft,
    registered_message,
    registration_draft,
    withdrawal_draft,
)
from credit_sanction_service.api.requests import (
    invalid,
    known_words,
    page_size,
    plain,
    plain_texts,
    read_token,
    seal_of,
    typed_code,
    write_call,
    write_token,
)
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.exits import COLLECTION
from credit_sanction_service.domain.faults import NotFound
from credit_sanction_service.store.obligations import ObligationQuery

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    import grpc

    from credit_sanction_service.obligations import Obligations
    from credit_sanction_service.store.obligations import StoredObligation


class ExitObligationServicer(exit_grpc.ExitObligationServiceServicer):
    """Keeps exit obligations and what becomes of them."""

    def __init__(self, obligations: Obligations, *, clock: Callable[[], datetime]) -> None:
        self._obligations = obligations
        self._clock = clock

    @override
    def RegisterObligation(
        self, request: exit_pb.RegisterObligationRequest, context: grpc.ServicerContext
    ) -> exit_pb.RegisteredObligation:
        draft = registration_draft(request.obligation)
        return self._write(self._obligations.register(draft, write_call("RegisterObligation", request)))

    @override
    def ExtendObligation(
        self, request: exit_pb.ExtendObligationRequest, context: grpc.ServicerContext
    ) -> exit_pb.RegisteredObligation:
        call = write_call("ExtendObligation", request)
        draft = extension_draft(request.extension)
        return self._write(self._obligations.extend(obligation_id(request.name), request.version, draft, call))

    @override
    def ReportInterim(
        self, request: exit_pb.ReportInterimRequest, context: grpc.ServicerContext
    ) -> exit_pb.RegisteredObligation:
        call = write_call("ReportInterim", request)
        draft = interim_draft(request)
        return self._write(self._obligations.report_interim(obligation_id(request.name), request.version, draft, call))

    @override
    def ReportCompletion(
        self, request: exit_pb.ReportCompletionRequest, context: grpc.ServicerContext
    ) -> exit_pb.RegisteredObligation:
        call = write_call("ReportCompletion", request)
        draft = completion_draft(request.completion)
        identifier = obligation_id(request.name)
        return self._write(self._obligations.report_completion(identifier, request.version, draft, call))

    @override
    def DeclareActiveExit(
        self, request: exit_pb.DeclareActiveExitRequest, context: grpc.ServicerContext
    ) -> exit_pb.RegisteredObligation:
        call = write_call("DeclareActiveExit", request)
        draft = active_exit_draft(request.active_exit)
        identifier = obligation_id(request.name)
        return self._write(self._obligations.declare_active_exit(identifier, request.version, draft, call))

    @override
    def WithdrawObligation(
        self, request: exit_pb.WithdrawObligationRequest, context: grpc.ServicerContext
    ) -> exit_pb.RegisteredObligation:
        call = write_call("WithdrawObligation", request)
        draft = withdrawal_draft(request)
        return self._write(self._obligations.withdraw(obligation_id(request.name), request.version, draft, call))

    @override
    def GetObligation(
        self, request: exit_pb.GetObligationRequest, context: grpc.ServicerContext
    ) -> exit_pb.RegisteredObligation:
        return self._write(self._obligations.get(obligation_id(request.name), caller()))

    @override
    def ListObligations(
        self, request: exit_pb.ListObligationsRequest, context: grpc.ServicerContext
    ) -> exit_pb.ListObligationsResponse:
        size, seal = page_size(request.page_size), seal_of(request)
        after = read_token(request.page_token, seal, parts=1)
        scope, today = caller().authorities, self._today()
        query = ObligationQuery(
            number=typed_code("enterprise_code", request.enterprise_code),
            states=known_words("states", [words.OBLIGATION_STATE.read(value) for value in request.states]),
            standards=known_words("standards", [words.STANDARD.read(value) for value in request.standards]),
            sectors=known_words("sectors", [words.SECTOR.read(value) for value in request.sectors]),
            districts=plain_texts("district_codes", request.district_codes),
            overdue_on=today if request.overdue_only else None,
            after=after[0] if after else "",
            limit=size + 1,
            only_authorities=None if scope is None else tuple(scope),
        )
        page = self._obligations.page(query)
        return exit_pb.ListObligationsResponse(
            obligations=[registered_message(stored, today) for stored in page[:size]],
            next_page_token=write_token([page[size - 1].registered.id], seal) if len(page) > size else "",
        )

    def _write(self, stored: StoredObligation) -> exit_pb.RegisteredObligation:
        return registered_message(stored, self._today())

    def _today(self) -> date:
        return day_of(self._clock())


def obligation_id(name: str, *, field: str = "name") -> str:
    """Return the id of `exitObligations/{id}`. Raises `Invalid` for another form, `NotFound` for what cannot be an id."""
    collection, slash, identifier = plain(field, name).partition("/")
    if collection != COLLECTION or not slash or not identifier:
        raise invalid(field, f"it is not of the form {COLLECTION}/{{id}}")
    if "/" in identifier:
        raise NotFound("obligation", name)
    return identifier
