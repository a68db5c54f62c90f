"""Sanction records: submit, read, amend. Their way to a listing is in `_records_process`, what comes after in `_records_effect`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from google.protobuf.field_mask_pb2 import FieldMask

from credit_sanction._answers import ItemFailure
from credit_sanction._batches import demand_complete
from credit_sanction._calls import chunks
from credit_sanction._errors import ClientError
from credit_sanction._reading import failure_of
from credit_sanction._words import day_text, number, request_id_of
from credit_sanction.v1 import measure_pb2, obligation_pb2, sanction_record_pb2
from credit_sanction.v1 import sanction_record_service_pb2 as wire
from credit_sanction.v1.sanction_record_pb2 import IdentifierConfirmation, SanctionRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from credit_sanction._calls import Caller

SUBMIT_MANY_MAX: Final = 1_000
"""Records in one request; longer lists are cut."""
REQUEST_ID_MAX: Final = 64

Submissions: TypeAlias = list[SanctionRecord | ItemFailure]


class Records:
    """
    Records as a whole: taken in, read, amended, confirmed.

    Every write takes `request_id` and `validate_only`. A request id is made up where none is given, so that a write
    that is retried happens once; an error carries it. `validate_only` runs every check and stores nothing. Writes to
    a record take it as it was last read: its version guards against lost updates. Days are `date`, or text.
    """

    _caller: Caller

    def submit(
        self, record: SanctionRecord, *, request_id: str | None = None, validate_only: bool = False
    ) -> SanctionRecord:
        """
        Submit one record 登记 whose notice and decision were done on paper. Returns it as taken in: listed, or quarantined
        where its code is in doubt.
        """
        request = wire.CreateSanctionRecordRequest(
            record=record, request_id=request_id_of(request_id), validate_only=validate_only
        )
        return self._caller.call(self._caller.records.CreateSanctionRecord, request, request_id=request.request_id)

    def submit_many(
        self,
        records: Iterable[SanctionRecord],
        *,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> Submissions:
        """
        Submit many records 批量登记. One result for each, in the same order: the record as taken in, or the
        `ItemFailure` that says why it was refused.

        Any number: beyond 1,000 it takes several requests. Where one of these fails, those before it are taken in;
        call again with the same records and the error's `request_id` to go on without taking anything in twice.
        """
        given = list(records)
        request_id = request_id_of(request_id)
        results: Submissions = []
        runs = chunks([record.ByteSize() for record in given], most=SUBMIT_MANY_MAX)
        ids = _request_ids(request_id, len(runs))
        for run, run_id in zip(runs, ids, strict=True):
            request = wire.BatchCreateSanctionRecordsRequest(
                records=given[run.start : run.stop], request_id=run_id, validate_only=validate_only
            )
            response = self._caller.call(
                self._caller.records.BatchCreateSanctionRecords, request, request_id=request_id
            )
            demand_complete(len(run), len(response.results))
            for index, result in zip(run, response.results, strict=True):
                if result.HasField("record"):
                    results.append(result.record)
                else:
                    results.append(failure_of(index, given[index].enterprise.code, result.error))
        return results

    def get(self, name: str) -> SanctionRecord:
        """Read one record by its name, `sanctionRecords/{id}`."""
        return self._caller.call(self._caller.records.GetSanctionRecord, wire.GetSanctionRecordRequest(name=name))

    def list(
        self,
        *,
        enterprise_code: str = "",
        states: Iterable[str] = (),
        standards: Iterable[str] = (),
        district_codes: Iterable[str] = (),
        areas: Iterable[str] = (),
        page_size: int = 0,
    ) -> Iterator[SanctionRecord]:
        """
        Iterate over records, oldest first, page after page. Filters are joined by "and", values of one by "or"; they
        are names without prefix: `states=["LISTED"]`.
        """
        request = wire.ListSanctionRecordsRequest(
            enterprise_code=enterprise_code,
            states=[number(sanction_record_pb2.RecordState, "RECORD_STATE_", word) for word in states],
            standards=[number(obligation_pb2.Standard, "STANDARD_", word) for word in standards],
            district_codes=district_codes,
            areas=[number(measure_pb2.Area, "AREA_", word) for word in areas],
            page_size=page_size,
        )
        while True:
            page = self._caller.call(self._caller.records.ListSanctionRecords, request)
            yield from page.records
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def amend(
        self,
        record: SanctionRecord,
        fields: Iterable[str],
        *,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> SanctionRecord:
        """Change the named fields 更正 to what `record`, with the version last read, says. Returns it as amended."""
        request = wire.AmendSanctionRecordRequest(
            record=record,
            update_mask=FieldMask(paths=[fields] if isinstance(fields, str) else fields),
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.records.AmendSanctionRecord, request, request_id=request.request_id)

    def confirm_identifier(
        self,
        record: SanctionRecord,
        code: str,
        *,
        evidence: str,
        confirmed_on: date | str,
        document_number: str = "",
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> SanctionRecord:
        """Take a record out of quarantine 确认代码 with the confirmed or corrected code; intake's checks run anew."""
        request = wire.ConfirmIdentifierRequest(
            name=record.name,
            version=record.version,
            code=code,
            confirmation=IdentifierConfirmation(
                evidence=evidence, document_number=document_number, confirmed_on=day_text(confirmed_on)
            ),
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.records.ConfirmIdentifier, request, request_id=request.request_id)


def _request_ids(request_id: str, runs: int) -> Sequence[str]:
    """Return one id for each request of a list that takes several, always the same ones for the same list."""
    if runs <= 1:
        return [request_id] * runs
    ids = [f"{request_id}/{run}" for run in range(1, runs + 1)]
    if len(ids[-1]) > REQUEST_ID_MAX:
        raise ClientError(f"a request id for {runs} requests has at most {REQUEST_ID_MAX - 6} characters")
    return ids
