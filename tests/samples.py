"""Made-up enterprises and records. Every code is generated: right check digits over invented numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from credit_sanction_service.calls import Call, new_id
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.calendar import parse_day, start_of
from credit_sanction_service.domain.drafts import (
    ApprovalDraft,
    ConfirmationDraft,
    DecideDraft,
    DecisionDraft,
    DistrictDraft,
    EnterpriseDraft,
    ExtensionDraft,
    LiftDraft,
    MeasureDraft,
    NoticeDraft,
    ObjectionDecisionDraft,
    ObjectionDraft,
    ObligationDraft,
    PenaltyDraft,
    RecordDraft,
    RepairDraft,
    RevocationDraft,
    StatementDraft,
    SuspensionDraft,
)
from credit_sanction_service.domain.effect import Filter
from credit_sanction_service.domain.identifiers import organisation_check_character, uscc_check_character
from credit_sanction_service.domain.intake import take_in
from credit_sanction_service.domain.law import shipped_law
from credit_sanction_service.domain.terms import (
    ALL_AREAS,
    Area,
    CapacityUnit,
    LiftGround,
    ObjectionOutcome,
    PenaltyKind,
    PublicationClass,
    Scope,
    Sector,
    Standard,
    StatementKind,
    SuspensionGround,
)
from credit_sanction_service.store.codec import dump_filter
from credit_sanction_service.store.values import Target

if TYPE_CHECKING:
    from credit_sanction_service.domain.capacity import Approval
    from credit_sanction_service.domain.proceedings import Penalty
    from credit_sanction_service.domain.records import SanctionRecord

TODAY = date(2026, 11, 23)
LAW = shipped_law()
CATALOGUE = LAW.catalogue_on(TODAY)


def noon(day: date = TODAY) -> datetime:
    """Return the instant of a day's noon in Shanghai."""
    return start_of(day) + timedelta(hours=12)


def code(number: int, *, prefix: str = "91220101") -> str:
    """Return the unified social credit code number `number` of a made-up series."""
    body = f"MA{number:06d}"
    first17 = prefix + body + organisation_check_character(body)
    return first17 + uscc_check_character(first17)


def doubtful_code(number: int) -> str:
    """Return the code of enterprise `number` with a wrong last character: quarantined until it is confirmed."""
    right = code(number)
    return right[:17] + ("0" if right[17] != "0" else "1")


AUTHORITY_NAME = "长春市虚构工业和信息化局"


def authority_code() -> str:
    """Return the code of the made-up authority of the shipped register that leads energy and the industrial sectors."""
    return next(entry.code for entry in LAW.authorities.entries.values() if entry.bore(AUTHORITY_NAME, TODAY))


def plan(approved_on: date) -> ApprovalDraft:
    """Return the approval of an exit plan on that day."""
    return ApprovalDraft(document_number="虚构退出方案1号", approver="虚构市人民政府", date=approved_on.isoformat())


def draft(
    number: int = 1,
    *,
    item: str = "",
    document: str = "虚构认字〔2026〕1号",
    areas: tuple[Area, ...] = ALL_AREAS,
    publication_class: PublicationClass = PublicationClass.SERIOUS,
    decided_on: date = TODAY - timedelta(days=30),
    publication_end: str = "",
) -> RecordDraft:
    """Return a draft that intake accepts on `TODAY`: enterprise `number`, whole or one line of it."""
    line = bool(item)
    ends = (decided_on + timedelta(days=90)).isoformat() if publication_class is PublicationClass.MINOR else ""
    return RecordDraft(
        enterprise=EnterpriseDraft(code=code(number), name=f"长春虚构{number}号水泥有限公司"),
        obligation=ObligationDraft(
            scope=Scope.LINE if line else Scope.ENTERPRISE,
            item=item,
            equipment="虚构立窑" if line else "",
            quantity=1 if line else 0,
            capacity_amount="45.5",
            capacity_unit=CapacityUnit.TEN_THOUSAND_TONNES,
            sector=Sector.CEMENT,
            standard=Standard.ENERGY,
            ordered_on=(decided_on - timedelta(days=300)).isoformat(),
            plan=plan(decided_on - timedelta(days=320)),
        ),
        decision=DecisionDraft(
            authority_code=authority_code(),
            authority_name=AUTHORITY_NAME,
            document_number=document,
            date=decided_on.isoformat(),
            notice_served_on=(decided_on - timedelta(days=20)).isoformat(),
        ),
        district=DistrictDraft(code="220113", name="九台区"),
        measures=tuple(MeasureDraft(area=area, end_date=ends) for area in areas),
        publication_class=publication_class,
        publication_end_date=publication_end,
    )


def record(number: int = 1, *, today: date = TODAY, **options: object) -> SanctionRecord:
    """Return the record that intake makes of `draft(number, …)`."""
    return taken_in(draft(number, **options), today=today)  # type: ignore[arg-type]


def penalty(decided_on: date, *, kind: PenaltyKind = PenaltyKind.CLOSURE_ORDER) -> PenaltyDraft:
    """Return a penalty decision of that day."""
    return PenaltyDraft(kind=kind, document_number="虚构停产字1号", date=decided_on.isoformat())


def telling(given: PenaltyDraft, **details: str) -> PenaltyDraft:
    """Return a penalty decision that says this of itself."""
    return replace(given, **details)  # type: ignore[arg-type]  # all of these are texts


PENALTY_DETAILS: Final = {
    "violation": "逾期未淘汰落后生产工艺装备",
    "facts": "责令期限届满后仍在生产",
    "basis": "《虚构规定》第一条",
    "content": "责令停产停业，处罚款2000元",
    "fine": "0.2",
    "confiscated": "12.345678",
    "licence": "虚构安许证〔2020〕1号",
    "valid_until": "2099-12-31",
}


PUNISHER: Final = {"authority_code": code(77, prefix="11220101"), "authority_name": "长春市虚构生态环境局"}


def taken_in(given: RecordDraft, *, today: date = TODAY) -> SanctionRecord:
    """Return the record that intake makes of a draft."""
    return take_in(given, record_id=new_id(), today=today, law=LAW)


def quarantined(number: int = 1, *, old_number: str = "220101000012345", today: date = TODAY) -> SanctionRecord:
    """Return a record that awaits confirmation: enterprise `number` under an old number."""
    return taken_in(with_enterprise(draft(number), code=old_number), today=today)


def with_enterprise(base: RecordDraft, **changes: object) -> RecordDraft:
    """Return the draft with fields of its enterprise replaced."""
    return replace(base, enterprise=replace(base.enterprise, **changes))  # type: ignore[arg-type]


def with_obligation(base: RecordDraft, **changes: object) -> RecordDraft:
    """
    Return the draft with fields of its obligation replaced, and with the approvals that go with them: a plan of the day of
    the order, and a closure where the standard wants one.
    """
    ordered, standard = changes.get("ordered_on"), changes.get("standard")
    if isinstance(ordered, str) and ordered and "plan" not in changes:
        changes["plan"] = replace(plan(TODAY), date=min(ordered, TODAY.isoformat()))
    if standard in {Standard.QUALITY, Standard.ENVIRONMENT} and "closure_approval" not in changes:
        changes["closure_approval"] = plan(TODAY - timedelta(days=30))
    obligation = replace(base.obligation, **changes)  # type: ignore[arg-type]
    if obligation.extension and not obligation.extension.applied_on:
        applied = replace(obligation.extension, applied_on=obligation.ordered_on)
        obligation = replace(obligation, extension=applied)
    return replace(base, obligation=obligation)


def is_past_day(text: str) -> bool:
    """Whether it is a day that a draft may name as past on `TODAY`."""
    try:
        return parse_day(text) <= TODAY
    except ValueError:
        return False


def with_decision(base: RecordDraft, **changes: object) -> RecordDraft:
    """Return the draft with fields of its decision replaced; where the notice is, the enterprise waived its say that day."""
    served = changes.get("notice_served_on")
    statements = base.statements
    if isinstance(served, str) and is_past_day(served):
        statements = (StatementDraft(kind=StatementKind.WAIVED, date=served),)
    return replace(base, decision=replace(base.decision, **changes), statements=statements)  # type: ignore[arg-type]


def extension(months: int, document: str = "延期1号") -> ExtensionDraft:
    """Return an extension."""
    return ExtensionDraft(months=months, document_number=document)


def draft_of(record: SanctionRecord) -> RecordDraft:
    """Return the record as a caller would type it: what an amendment starts from."""
    enterprise, obligation, decision = record.enterprise, record.obligation, record.ruling
    extension = obligation.extension
    return RecordDraft(
        enterprise=EnterpriseDraft(
            code=enterprise.code,
            name=enterprise.name,
            former_names=enterprise.former_names,
            other_identifiers=tuple((other.kind, other.value) for other in enterprise.other_identifiers),
        ),
        obligation=ObligationDraft(
            scope=obligation.scope,
            item=obligation.item,
            equipment=obligation.equipment,
            quantity=obligation.quantity,
            capacity_amount=str(obligation.capacity.amount),
            capacity_unit=obligation.capacity.unit,
            sector=obligation.sector,
            standard=obligation.standard,
            ordered_on=obligation.ordered_on.isoformat(),
            due_on=obligation.due_on.isoformat(),
            extension=ExtensionDraft(
                months=extension.months,
                document_number=extension.document_number,
                applied_on=extension.applied_on.isoformat() if extension.applied_on else "",
            )
            if extension
            else None,
            plan=_approval(obligation.plan),
            closure_approval=_approval(obligation.closure_approval),
            induction_furnace=obligation.induction_furnace,
            licences=tuple((one.name, one.number, one.issuer) for one in obligation.licences),
            further_standards=obligation.further_standards,
            report_reference=obligation.report_reference,
        ),
        decision=DecisionDraft(
            authority_code=decision.authority.code,
            authority_name=decision.authority.name,
            document_number=decision.document_number,
            date=decision.decided_on.isoformat(),
            notice_served_on=decision.notice_served_on.isoformat(),
            penalty=_penalty(decision.penalty) if decision.penalty else None,
        ),
        district=DistrictDraft(
            code=record.district.code, name=record.district.name, since=record.district.since.isoformat()
        ),
        measures=tuple(MeasureDraft(area=m.area, end_date=m.end.isoformat() if m.end else "") for m in record.measures),
        publication_class=record.publication_class,
        publication_end_date=record.publication_end.isoformat() if record.publication_end else "",
        statements=tuple(
            StatementDraft(kind=one.kind, date=one.made_on.isoformat(), summary=one.summary)
            for one in record.statements
        ),
    )


def _penalty(given: Penalty) -> PenaltyDraft:
    texts = {name: getattr(given, name) for name in ("violation", "facts", "basis", "content", "licence")}
    amounts = {name: str(value) for name in ("fine", "confiscated") if (value := getattr(given, name)) is not None}
    until = given.valid_until.isoformat() if given.valid_until else ""
    who = {"authority_code": given.authority.code, "authority_name": given.authority.name} if given.authority else {}
    return telling(penalty(given.decided_on, kind=given.kind), **texts, **amounts, **who, valid_until=until)


def _approval(approval: Approval | None) -> ApprovalDraft | None:
    if approval is None:
        return None
    return ApprovalDraft(
        document_number=approval.document_number,
        approver=approval.approver,
        date=approval.approved_on.isoformat(),
    )


def notice_draft(number: int = 1, *, served_on: date = TODAY - timedelta(days=20), **options: object) -> RecordDraft:
    """Return what ServeNotice takes on `TODAY` of enterprise `number`."""
    base = draft(number, **options)  # type: ignore[arg-type]
    notice = NoticeDraft(
        authority_code=authority_code(),
        authority_name=AUTHORITY_NAME,
        document_number="虚构告字1号",
        served_on=served_on.isoformat(),
        facts="逾期未退出落后产能",
        basis="国发〔2010〕7号",
        rights="可陈述、申辩、申请听证，可申请复议、提起诉讼",
    )
    return replace(base, decision=DecisionDraft(), notice=notice)


def statement(kind: StatementKind = StatementKind.WAIVED, *, on: date = TODAY - timedelta(days=10)) -> StatementDraft:
    """Return a step of the enterprise's between notice and decision."""
    return StatementDraft(kind=kind, date=on.isoformat(), summary="虚构陈述")


def decide_draft(*, on: date = TODAY, document: str = "虚构认字〔2026〕1号") -> DecideDraft:
    """Return a decision on a notice, with measures and class as intended."""
    return DecideDraft(
        decision=DecisionDraft(
            document_number=document,
            date=on.isoformat(),
            cause="逾期未退出",
            removal_conditions="完成退出并验收",
            remedies="六十日内复议，六个月内诉讼",
        )
    )


def objection(*, on: date = TODAY, needs_others: bool = False) -> ObjectionDraft:
    """Return an objection."""
    return ObjectionDraft(raised_on=on.isoformat(), reason="虚构异议", needs_others=needs_others)


def objection_decision(outcome: ObjectionOutcome, *, on: date = TODAY) -> ObjectionDecisionDraft:
    """Return how an objection ends."""
    return ObjectionDecisionDraft(
        outcome=outcome, document_number="虚构异字1号", date=on.isoformat(), reason="虚构理由"
    )


def suspension(*, on: date = TODAY, effective_on: date | None = None) -> SuspensionDraft:
    """Return an order to suspend, or to resume."""
    return SuspensionDraft(
        ground=SuspensionGround.COURT_ORDER,
        document_number="虚构行停字1号",
        date=on.isoformat(),
        effective_on=effective_on.isoformat() if effective_on else "",
    )


def repair_draft(*, on: date = TODAY) -> RepairDraft:
    """Return a repair that takes effect at once."""
    return RepairDraft(
        applied_on=on.isoformat(),
        corrected_on=on.isoformat(),
        document_number="虚构修字1号",
        date=on.isoformat(),
    )


def lift_draft(effective_on: str = "", *, decided_on: date = TODAY) -> LiftDraft:
    """Return how a record is lifted after its exit was completed; empty takes effect at once."""
    return LiftDraft(
        ground=LiftGround.EXIT_COMPLETED,
        document_number="虚构移字1号",
        date=decided_on.isoformat(),
        effective_on=effective_on,
    )


def revocation(*, decided_on: date = TODAY) -> RevocationDraft:
    """Return how a record is revoked."""
    return RevocationDraft(reason="认定有误", document_number="虚构撤字1号", date=decided_on.isoformat())


def confirmation(*, on: date = TODAY) -> ConfirmationDraft:
    """Return how a code is confirmed."""
    return ConfirmationDraft(evidence="登记机关查询结果", document_number="虚构查字1号", confirmed_on=on.isoformat())


ADMINISTRATOR = Principal(name="管理员", roles=frozenset({Role.ADMINISTRATOR}))


def call(request_id: str = "", *, digest: bytes = b"1", validate_only: bool = False, name: str = "管理员") -> Call:
    """Return a call of a principal who may do everything; all methods are one here."""
    principal = ADMINISTRATOR if name == ADMINISTRATOR.name else replace(ADMINISTRATOR, name=name)
    return Call(principal=principal, method="Test", request_id=request_id, digest=digest, validate_only=validate_only)


def target(
    name: str = "平台",
    *,
    takes: Filter | None = None,
    holds: str = "record",
    kind: str = "stand-in",
    retired: str | None = None,
) -> Target:
    """Return a target as the targets file would say it; its digest stands for all of that."""
    takes = takes or Filter()
    digest = f"{kind} {holds} {retired} {dump_filter(takes)}"
    return Target(name=name, kind=kind, holds=holds, filter=takes, digest=digest, retired=retired, paused_reason=None)
