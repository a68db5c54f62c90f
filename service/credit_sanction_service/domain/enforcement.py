"""
Enforcement feedback 惩戒反馈, the last step of 发起—响应—反馈: what a reader did with a measure, on which look-up, and how many
of the measures in force were answered so. Reports are never changed: of what one reader said about one measure, the latest report
counts, and those before it count nowhere.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.access import GRANTS
from credit_sanction_service.domain.effect import in_force
from credit_sanction_service.domain.enterprises import Authority, District
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.parties import read_authority
from credit_sanction_service.domain.records import UNLISTED
from credit_sanction_service.domain.terms import ALL_AREAS, Area, EnforcementOutcome, State
from credit_sanction_service.domain.text import DOCUMENT_NUMBER_LIMIT, REASON_LIMIT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from credit_sanction_service.domain.access import Principal
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import SanctionRecord

FEEDBACK: Final = "长工信联字[2017]9号 §四(八); 联合惩戒 发起—响应—反馈"
EVIDENCE: Final = "财库〔2016〕125号: 查询记录和证据留存"
_FOUR_DIGITS: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpDraft:
    """`report.look_up`, as sent."""

    epoch: int = 0
    number: int = 0
    answered_at: datetime | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDraft:
    """`report`, as typed."""

    area: Area | None = None
    outcome: EnforcementOutcome | None = None
    description: str = ""
    applied_on: str = ""
    department_code: str = ""
    department_name: str = ""
    look_up: LookUpDraft = LookUpDraft()
    blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpReference:
    """The look-up that the reporter acted on 查询凭证: the revision that its answer named, and when it was answered."""

    epoch: int
    number: int
    answered_at: datetime
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one reader did with one measure 惩戒反馈. Enterprise and district are the record's when it was reported."""

    id: str
    record_id: str
    area: Area
    outcome: EnforcementOutcome
    description: str
    applied_on: date
    department: Authority
    look_up: LookUpReference
    blocked: bool
    enterprise_code: str
    enterprise_name: str
    district: District
    reporter: str

    @property
    def name(self) -> str:
        """The resource name."""
        return f"enforcementReports/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a report is taken in: the instant, its Shanghai day, and the head (epoch, number) of the store."""

    instant: datetime
    day: date
    head: tuple[int, int]


def take_report(
    draft: ReportDraft, record: SanctionRecord, *, report_id: str, reporter: str, moment: Moment, law: Law
) -> Report:
    """
    Return the report. Raises `Invalid` with every fault: no measure in that area in force on that day, a look-up that cannot
    have been answered yet, something refused under a measure that was not applied.
    """
    findings = Findings()
    area = findings.choice("area", draft.area)
    outcome = findings.choice("outcome", draft.outcome)
    description = findings.text("description", draft.description, limit=REASON_LIMIT)
    applied_on = findings.past_day("applied_on", draft.applied_on, today=moment.day, rule=FEEDBACK)
    department = read_authority(draft.department_code, draft.department_name, findings, "executing_department")
    look_up = _read_look_up(draft.look_up, findings, moment)
    if draft.blocked and outcome is EnforcementOutcome.NOT_APPLIED:
        findings.note("blocked", "nothing is refused under a measure that was not applied", FEEDBACK)
    if area and applied_on:
        _check_in_force(record, area, applied_on, findings, law)
    findings.stop_if_any()
    assert area and outcome and applied_on and department and look_up  # noqa: PT018, S101 - for the type checker
    return Report(
        id=report_id,
        record_id=record.id,
        area=area,
        outcome=outcome,
        description=description,
        applied_on=applied_on,
        department=department,
        look_up=look_up,
        blocked=draft.blocked,
        enterprise_code=record.enterprise.code,
        enterprise_name=record.enterprise.name,
        district=record.district,
        reporter=reporter,
    )


def _check_in_force(record: SanctionRecord, area: Area, day: date, findings: Findings, law: Law) -> None:
    """Note a measure that was not in force on the day. Why not is no news for who may not read the record."""
    shown = record.ever_listed and record.state is not State.QUARANTINED
    if shown and day < record.since:
        text = f"{day} lies before {record.since}, the first day of effect of {record.name}"
        findings.note("applied_on", text, FEEDBACK)
    elif not any(in_force(record, day, {area}, law.catalogues[record.catalogue_edition])):
        text = f"{record.name} had no measure in {area} in force on {day}: there was nothing to apply"
        findings.note("applied_on", text, FEEDBACK)


def _read_look_up(draft: LookUpDraft, findings: Findings, moment: Moment) -> LookUpReference | None:
    revision = (draft.epoch, draft.number)
    if draft.epoch < 1 or draft.number < 1:
        findings.note("look_up.revision", "it is missing: name the revision that the answer gave", EVIDENCE)
    elif revision > moment.head:
        known = f"{moment.head[0]}.{moment.head[1]}"
        text = f"{draft.epoch}.{draft.number} lies beyond {known}, the last one: no look-up can have named it"
        findings.note("look_up.revision", text, EVIDENCE)
    if draft.answered_at is None:
        findings.note("look_up.answered_at", "it is missing: name the time that the answer gave", EVIDENCE)
    elif draft.answered_at > moment.instant:
        findings.note("look_up.answered_at", "it lies in the future: no look-up was answered then", EVIDENCE)
    reference = findings.text("look_up.reference", draft.reference, limit=DOCUMENT_NUMBER_LIMIT, least=0)
    if draft.answered_at is None:
        return None
    return LookUpReference(epoch=draft.epoch, number=draft.number, answered_at=draft.answered_at, reference=reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Which reports a caller sees: its own as `reporter`, and those on records of `authorities`; None: on all records."""

    reporter: str
    authorities: frozenset[str] | None


def sight_of(principal: Principal) -> Sight:
    """Return what a caller sees: who may read records sees what was reported on them, everybody else only its own."""
    reads = any("GetSanctionRecord" in GRANTS[role].methods for role in principal.roles)
    return Sight(reporter=principal.name, authorities=principal.authorities if reads else frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The reports on one measure that count: how many, on how many cases something was refused, whether one of them applied it."""

    reports: int
    blocked: int
    applied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Feedback in one area of one district 反馈率. Reports and blocked cases are those that count on the measures in force."""

    area: Area
    district_code: str
    district_name: str
    measures_in_force: int
    measures_reported: int
    reports: int
    blocked_cases: int

    @property
    def rate(self) -> str:
        """Reported by in force, as decimal text with at most 4 digits; empty where no measure is in force."""
        if not self.measures_in_force:
            return ""
        exact = Decimal(self.measures_reported) / self.measures_in_force
        return format(exact.quantize(_FOUR_DIGITS, ROUND_HALF_UP).normalize(), "f")


@dataclass(slots=True)
class _Count:
    measures: int = 0
    reported: int = 0
    reports: int = 0
    blocked: int = 0


class RateCounter:
    """Counts feedback as records come by, and keeps none of them: what it holds grows with districts, not with records."""

    def __init__(self, *, day: date, areas: Collection[Area], law: Law) -> None:
        self._day = day
        self._areas = frozenset(areas)
        self._law = law
        self._counts: defaultdict[tuple[Area, str], _Count] = defaultdict(_Count)
        self._names: dict[str, str] = {}

    def add(self, record: SanctionRecord, tallies: Mapping[Area, Tally], *, times: int = 1) -> None:
        """Count one record with the reports on it up to the day, by area; `times`: and others with the same effect and reports."""
        self._names[record.district.code] = record.district.name
        for area in tallies.keys() & self._areas:
            self._counts[area, record.district.code]  # a row of its own, even where the measure has ended
        if record.state in UNLISTED | {State.QUARANTINED, State.REVOKED}:
            return
        catalogue = self._law.catalogues[record.catalogue_edition]
        for found in in_force(record, self._day, self._areas, catalogue):
            count = self._counts[found.measure.area, record.district.code]
            count.measures += times
            if tally := tallies.get(found.measure.area):
                count.reported += times * tally.applied
                count.reports += times * tally.reports
                count.blocked += times * tally.blocked

    def rates(self) -> list[Rate]:
        """Return the rates by area, in the areas' order, then by district."""
        return [
            Rate(
                area=area,
                district_code=code,
                district_name=self._name_of(code),
                measures_in_force=count.measures,
                measures_reported=count.reported,
                reports=count.reports,
                blocked_cases=count.blocked,
            )
            for (area, code), count in sorted(self._counts.items(), key=lambda item: _place(*item[0]))
        ]

    def _name_of(self, code: str) -> str:
        entry = self._law.districts.get(code)
        return entry.name_on(self._day) if entry else self._names[code]


def _place(area: Area, code: str) -> tuple[int, str]:
    return ALL_AREAS.index(area), code
