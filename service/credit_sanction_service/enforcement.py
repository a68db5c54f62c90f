"""Use cases over enforcement feedback: take a report in, list reports, count them against the measures in force."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.enforcement import Moment, take_report
from credit_sanction_service.domain.faults import Invalid, Overloaded
from credit_sanction_service.store import enforcement as reports
from credit_sanction_service.store.enforcement import StoredReport
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from credit_sanction_service.calls import Call
    from credit_sanction_service.domain.enforcement import Rate, Report, ReportDraft
    from credit_sanction_service.store.connect import Reader
    from credit_sanction_service.store.enforcement import RateQuery, ReportQuery
    from credit_sanction_service.store.transaction import Transaction
    from credit_sanction_service.store.writer import Writer


class Enforcement:
    """
    The use cases. `most_counting` bounds how many rates are counted at once: each reads every record in force, and the
    connections are wanted for more than that.
    """

    def __init__(self, writer: Writer, reader: Reader, *, timeout: float = 20, most_counting: int = 2) -> None:
        self._writer = writer
        self._reader = reader
        self._timeout = timeout
        self._counting = threading.BoundedSemaphore(most_counting)

    def report(self, record_id: str, draft: ReportDraft, call: Call) -> StoredReport:
        """
        Take one report in. Raises `NotPermitted` for an area that the caller may not ask about, before anything is said of
        the record; then `NotFound`, `Invalid`, `RequestIdReused`.
        """
        if draft.area:
            call.principal.require_areas([draft.area])

        def work(tx: Transaction) -> Report:
            record = tx.lock_record(record_id)
            head = read_head(tx.connection).revision
            moment = Moment(instant=tx.now, day=tx.today, head=(head.epoch, head.number))
            try:
                report = take_report(
                    draft,
                    record,
                    report_id=new_id(),
                    reporter=call.principal.name,
                    moment=moment,
                    law=tx.law,
                )
            except Invalid as fault:
                raise fault.under("report") from None
            reports.insert_report(tx, report)
            return report

        if call.validate_only:
            now, report = self._writer.run(lambda tx: (tx.now, work(tx)), dry=True, timeout=self._timeout).value
            return StoredReport(report=report, revision=Revision(epoch=0, number=0), created_at=now)

        def remembered(tx: Transaction) -> str:
            key = call.key
            first = tx.recall(key) if key else None
            if first is not None:
                return str(first["id"])
            report = work(tx)
            if key:
                tx.remember(key, {"id": report.id})
            return report.id

        report_id = self._writer.run(remembered, timeout=self._timeout).value
        with self._reader.connection() as connection:
            return reports.get_report(connection, report_id)

    def page(self, query: ReportQuery) -> list[StoredReport]:
        """Return one page of what the query's sight lets through."""
        with self._reader.connection() as connection:
            return reports.list_reports(connection, query)

    def rates(self, query: RateQuery) -> tuple[list[Rate], Revision]:
        """Return the rates with the revision that they are of. Raises `Overloaded` while too many are counted already."""
        if not self._counting.acquire(blocking=False):
            raise Overloaded("too many feedback rates are being counted already")
        try:
            with self._reader.connection() as connection:
                return reports.rates_at_head(connection, query)
        finally:
            self._counting.release()
