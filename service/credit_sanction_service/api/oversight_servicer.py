"""OversightService: what is late, and how the work goes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from typing_extensions import override

from credit_sanction.v1 import enterprise_pb2 as enterprise_pb
from credit_sanction.v1 import oversight_service_pb2 as pb
from credit_sanction.v1 import oversight_service_pb2_grpc as service_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.enforcement_servicer import rate_message
from credit_sanction_service.api.guard import caller
from credit_sanction_service.api.parts import authority_message, district_message, iso, revision_message
from credit_sanction_service.api.requests import (
    invalid,
    known_words,
    page_size,
    plain,
    plain_texts,
    read_token,
    require_few,
    seal_of,
    write_token,
)
from credit_sanction_service.domain.calendar import parse_day
from credit_sanction_service.store.open_duties import DutyQuery, Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import grpc

    from credit_sanction_service.oversight import Oversight, Statistics
    from credit_sanction_service.store.open_duties import OpenDuty
    from credit_sanction_service.store.statistics import CaseCounts, PushCounts
    from credit_sanction_service.store.timeliness import TimelinessCounts

MOST_DAYS_AHEAD: Final = 366
_PLACE_PARTS: Final = 6


class OversightServicer(service_grpc.OversightServiceServicer):
    """Reads. An authority bounded to its own code sees its own duties; statistics are the joint conference's, and whole."""

    def __init__(self, oversight: Oversight) -> None:
        self._oversight = oversight

    @override
    def ListOverdueDuties(
        self, request: pb.ListOverdueDutiesRequest, context: grpc.ServicerContext
    ) -> pb.ListOverdueDutiesResponse:
        size, seal, today = page_size(request.page_size), seal_of(request), self._oversight.today
        if not 0 <= request.within_days <= MOST_DAYS_AHEAD:
            raise invalid("within_days", f"{request.within_days}: 0 to {MOST_DAYS_AHEAD} days are taken")
        scope = caller().authorities
        query = DutyQuery(
            today=today,
            until=today + timedelta(days=request.within_days),
            kinds=known_words("kinds", [words.DUTY_KIND.read(number) for number in request.kinds]),
            districts=plain_texts("district_codes", request.district_codes),
            authorities=plain_texts("authority_codes", request.authority_codes),
            targets=_target_names(request.targets),
            only_authorities=None if scope is None else tuple(sorted(scope)),
            after=_read_place(request.page_token, seal),
            limit=size + 1,
        )
        page = self._oversight.overdue(query)
        return pb.ListOverdueDutiesResponse(
            duties=[_duty(duty, today) for duty in page[:size]],
            next_page_token=_write_place(page[size - 1].place, seal) if len(page) > size else "",
        )

    @override
    def GetStatistics(self, request: pb.GetStatisticsRequest, context: grpc.ServicerContext) -> pb.Statistics:
        today = self._oversight.today
        since = _day("since", request.since) or date(today.year, 1, 1)
        until = _day("until", request.until) or today
        if until < since:
            raise invalid("until", f"{until} lies before {since}, the first day")
        districts = plain_texts("district_codes", request.district_codes)
        return _statistics(self._oversight.statistics(since, until, districts))


def _target_names(names: Sequence[str]) -> tuple[str, ...]:
    require_few("targets", len(names))
    return tuple(_target_name(f"targets[{number}]", name) for number, name in enumerate(names))


def _target_name(field: str, name: str) -> str:
    collection, slash, target = plain(field, name).partition("/")
    if collection != "targets" or not slash or not target or "/" in target:
        raise invalid(field, "it is not of the form targets/{name}")
    return target


def _day(field: str, text: str) -> date | None:
    try:
        return parse_day(plain(field, text)) if text else None
    except ValueError as fault:
        raise invalid(field, str(fault)) from None


def _write_place(place: Place, seal: str) -> str:
    parts = (iso(place.due_on), str(place.record_id), place.target, place.kind, iso(place.since), place.note_digest)
    return write_token(parts, seal)


def _read_place(token: str, seal: str) -> Place | None:
    parts = read_token(token, seal, parts=_PLACE_PARTS)
    if parts is None:
        return None
    due_on, record, target, kind, since, digest = parts
    try:
        return Place(
            due_on=date.fromisoformat(due_on) if due_on else None,
            record_id=UUID(record),
            target=target,
            kind=kind,
            since=date.fromisoformat(since),
            note_digest=digest,
        )
    except ValueError:
        raise invalid("page_token", "it is not the token of a page of this very list") from None


def _duty(duty: OpenDuty, today: date) -> pb.Duty:
    return pb.Duty(
        kind=words.DUTY_KIND.write(duty.kind),
        record=f"sanctionRecords/{duty.record_id}",
        target=f"targets/{duty.target}" if duty.target else "",
        authority=authority_message(duty.authority),
        responsible_district=district_message(duty.district),
        since=iso(duty.since),
        due_on=iso(duty.due_on),
        calendar_not_published=duty.due_on is None,
        late=duty.due_on is not None and duty.due_on < today,
        note=duty.note,
    )


def _statistics(figures: Statistics) -> pb.Statistics:
    names = figures.district_names
    message = pb.Statistics(
        cases=[_case(counts, names) for counts in figures.cases],
        timeliness=[_timeliness(counts, names) for counts in figures.timeliness],
        pushes=[_push(counts) for counts in figures.pushes],
        look_ups=[
            pb.LookUpStatistics(area=area, verdict=verdict, count=count)
            for area, verdict, count in sorted(
                (words.AREA.write(area), words.VERDICT.write(verdict), count)
                for (area, verdict), count in figures.look_ups.items()
            )
        ],
        feedback=[rate_message(rate) for rate in figures.feedback],
        blocked_cases=figures.blocked_cases,
        revision=revision_message(figures.revision),
        since=iso(figures.period.since),
        until=iso(figures.period.until),
    )
    message.answered_at.FromDatetime(figures.answered_at)
    return message


def _district(code: str, names: Mapping[str, str]) -> enterprise_pb.ResponsibleDistrict:
    return enterprise_pb.ResponsibleDistrict(code=code, name=names.get(code, ""))


def _case(counts: CaseCounts, names: Mapping[str, str]) -> pb.CaseStatistics:
    return pb.CaseStatistics(
        district=_district(counts.district, names),
        sector=words.SECTOR.write(counts.sector),
        standard=words.STANDARD.write(counts.standard),
        obligations=counts.obligations,
        obligations_completed=counts.obligations_completed,
        obligations_overdue=counts.obligations_overdue,
        notices=counts.notices,
        listed=counts.listed,
        suspended=counts.suspended,
        lifted=counts.lifted,
        repaired=counts.repaired,
        revoked=counts.revoked,
        expired=counts.expired,
        in_force=counts.in_force,
    )


def _timeliness(counts: TimelinessCounts, names: Mapping[str, str]) -> pb.TimelinessStatistics:
    return pb.TimelinessStatistics(
        kind=words.DUTY_KIND.write(counts.kind),
        district=_district(counts.district, names),
        in_time=counts.in_time,
        late=counts.late,
        open=counts.open,
        open_late=counts.open_late,
    )


def _push(counts: PushCounts) -> pb.PushStatistics:
    return pb.PushStatistics(
        target=f"targets/{counts.target}",
        attempts=counts.attempts,
        confirmed=counts.confirmed,
        unavailable=counts.unavailable,
        rejected=counts.rejected,
        unknown=counts.unknown,
        open_deliveries=counts.open_deliveries,
    )
