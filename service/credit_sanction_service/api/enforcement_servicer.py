"""EnforcementService: what readers did with measures."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from typing_extensions import override

from credit_sanction.v1 import enforcement_service_pb2 as pb
from credit_sanction.v1 import enforcement_service_pb2_grpc as service_grpc
from credit_sanction.v1 import enterprise_pb2 as enterprise_pb
from credit_sanction.v1 import revision_pb2 as revision_pb
from credit_sanction_service.api import words
from credit_sanction_service.api.guard import caller
from credit_sanction_service.api.parts import authority_message, district_message, iso, revision_message
from credit_sanction_service.api.requests import (
    invalid,
    known_words,
    page_size,
    plain_texts,
    read_token,
    record_id,
    seal_of,
    write_call,
    write_token,
)
from credit_sanction_service.domain.calendar import day_of, parse_day
from credit_sanction_service.domain.enforcement import LookUpDraft, ReportDraft, sight_of
from credit_sanction_service.domain.terms import ALL_AREAS
from credit_sanction_service.store.enforcement import RateQuery, ReportQuery

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    import grpc

    from credit_sanction_service.domain.enforcement import Rate
    from credit_sanction_service.enforcement import Enforcement
    from credit_sanction_service.store.enforcement import StoredReport


class EnforcementServicer(service_grpc.EnforcementServiceServicer):
    """Takes feedback in and counts it. Each caller sees the reports that concern it."""

    def __init__(self, enforcement: Enforcement, *, clock: Callable[[], datetime]) -> None:
        self._enforcement = enforcement
        self._clock = clock

    @override
    def ReportEnforcement(
        self, request: pb.ReportEnforcementRequest, context: grpc.ServicerContext
    ) -> pb.EnforcementReport:
        call = write_call("ReportEnforcement", request)
        record = record_id(request.report.record, field="report.record")
        return _report(self._enforcement.report(record, _report_draft(request.report), call))

    @override
    def ListEnforcementReports(
        self, request: pb.ListEnforcementReportsRequest, context: grpc.ServicerContext
    ) -> pb.ListEnforcementReportsResponse:
        size, seal = page_size(request.page_size), seal_of(request)
        after = read_token(request.page_token, seal, parts=1)
        query = ReportQuery(
            sight=sight_of(caller()),
            record_id=record_id(request.record, field="record") if request.record else "",
            areas=known_words("areas", [words.AREA.read(value) for value in request.areas]),
            districts=plain_texts("district_codes", request.district_codes),
            since=_day("since", request.since),
            until=_day("until", request.until),
            after=after[0] if after else "",
            limit=size + 1,
        )
        page = self._enforcement.page(query)
        return pb.ListEnforcementReportsResponse(
            reports=[_report(stored) for stored in page[:size]],
            next_page_token=write_token([page[size - 1].report.id], seal) if len(page) > size else "",
        )

    @override
    def GetEnforcementRate(
        self, request: pb.GetEnforcementRateRequest, context: grpc.ServicerContext
    ) -> pb.GetEnforcementRateResponse:
        now = self._clock()
        areas = known_words("areas", [words.AREA.read(value) for value in request.areas])
        query = RateQuery(
            day=_day("as_of_date", request.as_of_date) or day_of(now),
            areas=areas or ALL_AREAS,
            districts=plain_texts("district_codes", request.district_codes),
        )
        rates, revision = self._enforcement.rates(query)
        message = pb.GetEnforcementRateResponse(
            rates=[rate_message(rate) for rate in rates], revision=revision_message(revision)
        )
        message.answered_at.FromDatetime(now)
        return message


def rate_message(rate: Rate) -> pb.EnforcementRate:
    """Write one rate."""
    return pb.EnforcementRate(
        area=words.AREA.write(rate.area),
        district=enterprise_pb.ResponsibleDistrict(code=rate.district_code, name=rate.district_name),
        measures_in_force=rate.measures_in_force,
        measures_reported=rate.measures_reported,
        reports=rate.reports,
        blocked_cases=rate.blocked_cases,
        rate=rate.rate,
    )


def _day(field: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return parse_day(text)
    except ValueError as fault:
        raise invalid(field, str(fault)) from None


def _report_draft(message: pb.EnforcementReport) -> ReportDraft:
    return ReportDraft(
        area=words.AREA.read(message.area),
        outcome=words.ENFORCEMENT_OUTCOME.read(message.outcome),
        description=message.description,
        applied_on=message.applied_on,
        department_code=message.executing_department.code,
        department_name=message.executing_department.name,
        look_up=_look_up_draft(message.look_up),
        blocked=message.blocked,
    )


def _look_up_draft(message: pb.LookUpReference) -> LookUpDraft:
    answered_at = None
    if message.HasField("answered_at"):
        try:
            answered_at = message.answered_at.ToDatetime(UTC)
        except (OverflowError, ValueError):
            raise invalid("report.look_up.answered_at", "it is no instant of the years 1 to 9999") from None
    return LookUpDraft(
        epoch=message.revision.epoch,
        number=message.revision.number,
        answered_at=answered_at,
        reference=message.reference,
    )


def _report(stored: StoredReport) -> pb.EnforcementReport:
    report = stored.report
    look_up = pb.LookUpReference(
        revision=revision_pb.Revision(epoch=report.look_up.epoch, number=report.look_up.number),
        reference=report.look_up.reference,
    )
    look_up.answered_at.FromDatetime(report.look_up.answered_at)
    message = pb.EnforcementReport(
        name=report.name,
        record=f"sanctionRecords/{report.record_id}",
        area=words.AREA.write(report.area),
        outcome=words.ENFORCEMENT_OUTCOME.write(report.outcome),
        description=report.description,
        applied_on=iso(report.applied_on),
        executing_department=authority_message(report.department),
        look_up=look_up,
        blocked=report.blocked,
        enterprise_code=report.enterprise_code,
        enterprise_name=report.enterprise_name,
        responsible_district=district_message(report.district),
        reporter=report.reporter,
        revision=revision_message(stored.revision),
    )
    message.create_time.FromDatetime(stored.created_at)
    return message
