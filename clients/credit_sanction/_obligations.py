"""Exit obligations: what has to go, until when, and what became of it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from credit_sanction._words import day_text, number
from credit_sanction.v1 import exit_obligation_service_pb2 as wire
from credit_sanction.v1 import obligation_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from credit_sanction._calls import Caller


class Obligations:
    """
    The obligations part of the client, as `client.obligations`.

    Every write takes `request_id` and `validate_only`. A request id is made up where none is given, so that a write
    that is retried happens once; an error carries it. `validate_only` runs every check and stores nothing. Writes to an
    obligation take it as it was last read: its version guards against lost updates. Days are `date`, or text.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def register(
        self, obligation: wire.RegisteredObligation, *, request_id: str | None = None, validate_only: bool = False
    ) -> wire.RegisteredObligation:
        """Register one obligation 登记退出任务, with the approved plan that it is part of. Returns it as taken in."""
        request = wire.RegisterObligationRequest(
            obligation=obligation, request_id=_request_id(request_id), validate_only=validate_only
        )
        return self._caller.call(self._caller.obligations.RegisterObligation, request, request_id=request.request_id)

    def extend(
        self,
        obligation: wire.RegisteredObligation,
        *,
        months: int,
        document_number: str,
        applied_on: date | str,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> wire.RegisteredObligation:
        """Grant the one extension of 1 to 3 months that energy knows 延期, applied for on or before the last day."""
        request = wire.ExtendObligationRequest(
            name=obligation.name,
            version=obligation.version,
            extension=obligation_pb2.Extension(
                months=months, document_number=document_number, applied_on=day_text(applied_on)
            ),
            request_id=_request_id(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.obligations.ExtendObligation, request, request_id=request.request_id)

    def report_interim(
        self,
        obligation: wire.RegisteredObligation,
        interim: Iterable[wire.InterimEvidence],
        *,
        dismantle_by: date | str,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> wire.RegisteredObligation:
        """Report equipment as sealed 临时封存, with all four pieces of evidence; `dismantle_by` lies ahead. Not completion."""
        request = wire.ReportInterimRequest(
            name=obligation.name,
            version=obligation.version,
            interim=interim,
            dismantle_by=day_text(dismantle_by),
            request_id=_request_id(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.obligations.ReportInterim, request, request_id=request.request_id)

    def report_completion(
        self,
        obligation: wire.RegisteredObligation,
        *,
        date: date | str,
        document_number: str,
        method: str,
        verifier: str,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> wire.RegisteredObligation:
        """Report the exit as completed 退出完成: how, and who verified it. It does not lift the records that name it."""
        request = wire.ReportCompletionRequest(
            name=obligation.name,
            version=obligation.version,
            completion=wire.Completion(
                date=day_text(date), document_number=document_number, method=method, verifier=verifier
            ),
            request_id=_request_id(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.obligations.ReportCompletion, request, request_id=request.request_id)

    def declare_active_exit(
        self,
        obligation: wire.RegisteredObligation,
        *,
        declared_on: date | str,
        document_number: str,
        description: str,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> wire.RegisteredObligation:
        """Declare that the enterprise exits actively 积极退出, for which lenders are to support it. It replaces an earlier one."""
        request = wire.DeclareActiveExitRequest(
            name=obligation.name,
            version=obligation.version,
            active_exit=wire.ActiveExit(
                declared_on=day_text(declared_on), document_number=document_number, description=description
            ),
            request_id=_request_id(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.obligations.DeclareActiveExit, request, request_id=request.request_id)

    def withdraw(
        self,
        obligation: wire.RegisteredObligation,
        *,
        date: date | str,
        document_number: str,
        reason: str,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> wire.RegisteredObligation:
        """Withdraw what was registered by mistake 撤回登记. Final; refused while a record that is not revoked names it."""
        request = wire.WithdrawObligationRequest(
            name=obligation.name,
            version=obligation.version,
            date=day_text(date),
            document_number=document_number,
            reason=reason,
            request_id=_request_id(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.obligations.WithdrawObligation, request, request_id=request.request_id)

    def get(self, name: str) -> wire.RegisteredObligation:
        """Read one obligation by its name, `exitObligations/{id}`."""
        return self._caller.call(self._caller.obligations.GetObligation, wire.GetObligationRequest(name=name))

    def list(
        self,
        *,
        enterprise_code: str = "",
        states: Iterable[str] = (),
        standards: Iterable[str] = (),
        sectors: Iterable[str] = (),
        district_codes: Iterable[str] = (),
        overdue_only: bool = False,
        page_size: int = 0,
    ) -> Iterator[wire.RegisteredObligation]:
        """
        Iterate over obligations, oldest first, page after page. Filters are joined by "and", values of one by "or"; they
        are names without prefix: `states=["OPEN"]`. `overdue_only`: what is overdue today.
        """
        request = wire.ListObligationsRequest(
            enterprise_code=enterprise_code,
            states=[number(wire.ObligationState, "OBLIGATION_STATE_", word) for word in states],
            standards=[number(obligation_pb2.Standard, "STANDARD_", word) for word in standards],
            sectors=[number(obligation_pb2.Sector, "SECTOR_", word) for word in sectors],
            district_codes=district_codes,
            overdue_only=overdue_only,
            page_size=page_size,
        )
        while True:
            page = self._caller.call(self._caller.obligations.ListObligations, request)
            yield from page.obligations
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token


def _request_id(given: str | None) -> str:
    return str(uuid.uuid4()) if given is None else given
