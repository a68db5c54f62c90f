"""The way to a listing, step by step: notice 告知, statement 陈述申辩, decision 决定, listing 列入 (国办发〔2020〕49号 §八)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction._words import day_text, number, request_id_of
from credit_sanction.v1 import sanction_record_pb2
from credit_sanction.v1 import sanction_record_service_pb2 as wire
from credit_sanction.v1.sanction_record_pb2 import Decision, SanctionRecord, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from credit_sanction._calls import Caller
    from credit_sanction.v1.measure_pb2 import Measure


class Proceedings:
    """
    The proceedings of a record. It restricts nobody and is pushed nowhere before `list_record`. A step that comes before
    its time is refused, and the refusal names the day and the rule.
    """

    _caller: Caller

    def serve_notice(
        self, record: SanctionRecord, *, request_id: str | None = None, validate_only: bool = False
    ) -> SanctionRecord:
        """
        Open a record 告知 with the notice that was served, `record.notice`, and without a decision. Measures, class and
        district are those intended. Returns it in NOTICE_SERVED.
        """
        request = wire.ServeNoticeRequest(
            record=record, request_id=request_id_of(request_id), validate_only=validate_only
        )
        return self._caller.call(self._caller.records.ServeNotice, request, request_id=request.request_id)

    def record_statement(
        self,
        record: SanctionRecord,
        *,
        kind: str | sanction_record_pb2.StatementKind.ValueType,
        date: date | str,
        summary: str = "",
        document_number: str = "",
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> SanctionRecord:
        """
        Add what the enterprise said 陈述申辩, or a step of its hearing. `kind` is a name without prefix: STATEMENT,
        HEARING_REQUESTED, HEARING_HELD or WAIVED.
        """
        request = wire.RecordStatementRequest(
            name=record.name,
            version=record.version,
            statement=Statement(
                kind=number(sanction_record_pb2.StatementKind, "STATEMENT_KIND_", kind),
                date=day_text(date),
                summary=summary,
                document_number=document_number,
            ),
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.records.RecordStatement, request, request_id=request.request_id)

    def decide(
        self,
        record: SanctionRecord,
        decision: Decision,
        *,
        measures: Iterable[Measure] = (),
        publication_class: str | sanction_record_pb2.PublicationClass.ValueType | None = None,
        publication_end_date: date | str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> SanctionRecord:
        """
        Take the decision 决定, with cause, conditions of removal and remedies; its authority may be left out. Measures and
        class that are left out are those of the notice. Returns it in DECIDED, without effect yet.
        """
        request = wire.DecideRequest(
            name=record.name,
            version=record.version,
            decision=decision,
            measures=measures,
            publication_class=number(
                sanction_record_pb2.PublicationClass,
                "PUBLICATION_CLASS_",
                "UNSPECIFIED" if publication_class is None else publication_class,
            ),
            publication_end_date=day_text(publication_end_date),
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.records.Decide, request, request_id=request.request_id)

    def list_record(
        self,
        record: SanctionRecord,
        *,
        listed_on: date | str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> SanctionRecord:
        """Put a decided record into effect 列入, from `listed_on` on; left out: from today. `list` is the call that reads."""
        request = wire.ListRequest(
            name=record.name,
            version=record.version,
            listed_on=day_text(listed_on),
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.records.List, request, request_id=request.request_id)
