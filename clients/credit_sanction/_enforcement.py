"""Enforcement feedback 惩戒反馈: what a reader did with a measure, and how much of what is in force was answered so."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, TypeAlias

from credit_sanction._words import day_text, number
from credit_sanction.v1 import enforcement_service_pb2 as wire
from credit_sanction.v1 import measure_pb2, revision_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from credit_sanction._answers import Answer
    from credit_sanction._calls import Caller
    from credit_sanction.v1.enforcement_service_pb2_grpc import EnforcementServiceStub

Rates: TypeAlias = list[wire.EnforcementRate]


def look_up_reference(answer: Answer, reference: str = "") -> wire.LookUpReference:
    """Return the proof of a look-up 查询凭证 out of its answer, with the asker's own file number."""
    message = wire.LookUpReference(
        revision=revision_pb2.Revision(epoch=answer.revision.epoch, number=answer.revision.number), reference=reference
    )
    message.answered_at.FromDatetime(answer.answered_at)
    return message


class Enforcement:
    """The feedback part of the client."""

    _caller: Caller
    _enforcement: EnforcementServiceStub

    def report_enforcement(
        self, report: wire.EnforcementReport, *, request_id: str | None = None, validate_only: bool = False
    ) -> wire.EnforcementReport:
        """Report what was done with one measure 反馈. A report is never changed: a later one corrects it."""
        request = wire.ReportEnforcementRequest(
            report=report,
            request_id=str(uuid.uuid4()) if request_id is None else request_id,
            validate_only=validate_only,
        )
        return self._caller.call(self._enforcement.ReportEnforcement, request, request_id=request.request_id)

    def enforcement_reports(
        self,
        *,
        record: str = "",
        areas: Iterable[str] = (),
        district_codes: Iterable[str] = (),
        since: date | str | None = None,
        until: date | str | None = None,
        page_size: int = 0,
    ) -> Iterator[wire.EnforcementReport]:
        """
        Iterate over the reports that the caller may see, oldest first, page after page. `record` is
        `sanctionRecords/{id}`; `since` and `until` are days on which measures were applied.
        """
        request = wire.ListEnforcementReportsRequest(
            record=record,
            areas=_areas(areas),
            district_codes=district_codes,
            since=day_text(since),
            until=day_text(until),
            page_size=page_size,
        )
        while True:
            page = self._caller.call(self._enforcement.ListEnforcementReports, request)
            yield from page.reports
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def enforcement_rates(
        self,
        *,
        areas: Iterable[str] = (),
        district_codes: Iterable[str] = (),
        as_of_date: date | str | None = None,
    ) -> Rates:
        """Return per area and district how many of the measures in force were reported on 反馈率; today's where no day is given."""
        request = wire.GetEnforcementRateRequest(
            areas=_areas(areas), district_codes=district_codes, as_of_date=day_text(as_of_date)
        )
        return list(self._caller.call(self._enforcement.GetEnforcementRate, request).rates)


def _areas(words: Iterable[str]) -> list[measure_pb2.Area.ValueType]:
    return [number(measure_pb2.Area, "AREA_", word) for word in words]
