"""How a plain event is put to the service's domain: as the drafts that a caller would send."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from tests.policy.naive import Event, Terms, What
from tests.samples import AUTHORITY_NAME, authority_code, code, doubtful_code, penalty, plan

from credit_sanction_service.domain.amendments import Amendment, amend, confirm
from credit_sanction_service.domain.decisions import Fixed
from credit_sanction_service.domain.drafts import (
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
    RecordDraft,
    RepairDraft,
    RevocationDraft,
    StatementDraft,
    SuspensionDraft,
)
from credit_sanction_service.domain.due_process import decide, list_record, record_statement, serve_notice
from credit_sanction_service.domain.intake import take_in
from credit_sanction_service.domain.lifecycle import lift, pass_days, revoke
from credit_sanction_service.domain.objections import decide_objection, raise_objection
from credit_sanction_service.domain.records import Confirmation
from credit_sanction_service.domain.repair import repair
from credit_sanction_service.domain.suspensions import resume, suspend
from credit_sanction_service.domain.terms import (
    CapacityUnit,
    LiftGround,
    ObjectionOutcome,
    Scope,
    Sector,
    Standard,
    StatementKind,
    SuspensionGround,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.policy.naive import Exit

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import SanctionRecord

OLD_NUMBER: Final = "220101000012345"
_AUTHORITY: Final = authority_code()
_AMENDED: Final = frozenset(
    {"measures", "publication_class", "publication_end_date", "decision.date", "decision.penalty"}
)


def begin(event: Event, number: int, law: Law) -> SanctionRecord:
    """Return the record that begins with a decision on paper or a notice."""
    assert event.terms
    assert event.exit
    terms = event.terms
    base = RecordDraft(
        enterprise=EnterpriseDraft(code=typed_code(event.code, number), name=f"长春虚构{number}号水泥有限公司"),
        obligation=_obligation(event.exit),
        district=DistrictDraft(code="220102", name="南关区"),
        measures=measures(terms),
        publication_class=terms.publication_class,
    )
    if event.what is What.NOTICE:
        notice = NoticeDraft(
            authority_code=_AUTHORITY,
            authority_name=AUTHORITY_NAME,
            document_number="虚构告字1号",
            served_on=terms.served.isoformat(),
            facts="逾期未退出落后产能",
            basis="国发〔2010〕7号",
            rights="可陈述、申辩、申请听证",
        )
        return serve_notice(replace(base, notice=notice), record_id=f"r{number}", today=event.today, law=law)
    draft = replace(
        base,
        decision=_decision(terms),
        publication_end_date=iso(terms.published_to),
        statements=tuple(StatementDraft(kind=StatementKind(kind), date=day.isoformat()) for kind, day in event.said),
    )
    return take_in(draft, record_id=f"r{number}", today=event.today, law=law)


def step(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    """Return the next version. Raises what the domain raises."""
    return _STEPS[event.what](record, event, law)


def amendment(record: SanctionRecord, terms: Terms | None) -> Amendment:
    """Return the record as a caller would type it, with everything that the terms say in place."""
    if record.decision is None or terms is None or terms.decided is None:
        return Amendment(draft=RecordDraft(), paths=_AMENDED)
    base = draft_of(record)
    draft = replace(
        base,
        decision=replace(
            base.decision,
            date=terms.decided.isoformat(),
            penalty=penalty(terms.penalty) if terms.penalty else None,
        ),
        measures=measures(terms),
        publication_class=terms.publication_class,
        publication_end_date=iso(terms.published_to),
    )
    return Amendment(draft=draft, paths=_AMENDED)


def draft_of(record: SanctionRecord) -> RecordDraft:
    """Return a decided record as typed."""
    enterprise, decision = record.enterprise, record.ruling
    return RecordDraft(
        enterprise=EnterpriseDraft(
            code=enterprise.code,
            name=enterprise.name,
            other_identifiers=tuple((other.kind, other.value) for other in enterprise.other_identifiers),
        ),
        decision=DecisionDraft(
            authority_code=decision.authority.code,
            authority_name=decision.authority.name,
            document_number=decision.document_number,
            date=decision.decided_on.isoformat(),
            notice_served_on=decision.notice_served_on.isoformat(),
            penalty=penalty(decision.penalty.decided_on, kind=decision.penalty.kind) if decision.penalty else None,
            cause=decision.cause,
            removal_conditions=decision.removal_conditions,
            remedies=decision.remedies,
        ),
        district=DistrictDraft(
            code=record.district.code, name=record.district.name, since=record.district.since.isoformat()
        ),
        measures=tuple(MeasureDraft(area=m.area, end_date=iso(m.end)) for m in record.measures),
        publication_class=record.publication_class,
        publication_end_date=iso(record.publication_end),
        statements=tuple(StatementDraft(kind=one.kind, date=one.made_on.isoformat()) for one in record.statements),
    )


def typed_code(kind: str, number: int) -> str:
    """Return how enterprise `number` is typed: by its right code, with a slip in the last character, by an old number."""
    return {"right": code, "doubtful": doubtful_code}[kind](number) if kind != "old" else OLD_NUMBER


def measures(terms: Terms) -> tuple[MeasureDraft, ...]:
    """Return the measures as typed."""
    return tuple(MeasureDraft(area=area, end_date=iso(end)) for area, end in terms.ends)


def iso(day: date | None) -> str:
    """Return a day as typed, nothing where there is none."""
    return day.isoformat() if day else ""


def _obligation(exit_: Exit) -> ObligationDraft:
    applied = iso(exit_.ordered)
    extension = None
    if exit_.extension:
        extension = ExtensionDraft(months=exit_.extension, document_number="虚构延字1号", applied_on=applied)
    return ObligationDraft(
        scope=Scope.LINE,
        item="一号线",
        equipment="虚构立窑",
        quantity=1,
        capacity_amount="45.5",
        capacity_unit=CapacityUnit.TEN_THOUSAND_TONNES,
        sector=Sector.CEMENT,
        standard=Standard(exit_.standard),
        ordered_on=exit_.ordered.isoformat(),
        due_on=iso(exit_.due),
        extension=extension,
        plan=plan(exit_.ordered - timedelta(days=20)),
    )


def _decision(terms: Terms) -> DecisionDraft:
    return DecisionDraft(
        authority_code=_AUTHORITY,
        authority_name=AUTHORITY_NAME,
        document_number="虚构认字1号",
        date=iso(terms.decided),
        notice_served_on=terms.served.isoformat(),
        penalty=penalty(terms.penalty) if terms.penalty else None,
    )


def _decide_draft(event: Event) -> DecideDraft:
    assert event.terms
    terms = event.terms
    return DecideDraft(
        decision=replace(
            _decision(terms),
            authority_code="",
            authority_name="",
            notice_served_on="",
            cause="逾期未退出",
            removal_conditions="完成退出并验收",
            remedies="可复议、可诉讼",
        ),
        measures=measures(terms),
        publication_class=terms.publication_class,
        publication_end_date=iso(terms.published_to),
    )


def _state(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    said = StatementDraft(kind=StatementKind(event.word), date=iso(event.dated))
    return record_statement(record, said, today=event.today, law=law)


def _decide(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    return decide(record, _decide_draft(event), today=event.today, law=law)


def _list(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    return list_record(record, iso(event.effective), today=event.today, law=law)


def _object(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    raised = ObjectionDraft(raised_on=iso(event.dated), reason="虚构异议", needs_others=event.needs_others)
    return raise_objection(record, raised, today=event.today, law=law)


def _suspend(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    return suspend(record, _suspension(event), today=event.today, law=law)


def _resume(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    return resume(record, _suspension(event), today=event.today, law=law)


def _lift(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    how = LiftDraft(
        ground=LiftGround(event.word),
        document_number="虚构移字1号",
        date=iso(event.dated),
        effective_on=iso(event.effective),
    )
    return lift(record, how, today=event.today, law=law, fixed=_registered(record, event))


def _repair(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    return repair(record, _repair_draft(event), today=event.today, law=law, fixed=_registered(record, event))


def _registered(record: SanctionRecord, event: Event) -> Fixed | None:
    """Return the registered obligation that a record names, completed long ago or not at all; None where it names none."""
    if event.completed is None:
        return None
    obligation = record.obligation
    done = obligation.ordered_on if event.completed else None
    return Fixed(obligation=obligation, name="exitObligations/1", completed_on=done)


def _revoke(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    grounds = RevocationDraft(reason="认定有误", document_number="虚构撤字1号", date=iso(event.dated))
    return revoke(record, grounds, today=event.today, law=law)


def _amend(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    return amend(record, amendment(record, event.terms), today=event.today, law=law)


def _pass(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    return pass_days(record, today=event.today, law=law)


def _confirm(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    number = int(record.id.removeprefix("r"))
    evidence = Confirmation(evidence="登记机关查询结果", document_number="虚构查字1号", confirmed_on=event.today)
    given = draft_of(record) if record.decision else RecordDraft()
    return confirm(
        record, given, code=typed_code(event.code, number), confirmation=evidence, today=event.today, law=law
    )


def _settle(record: SanctionRecord, event: Event, law: Law) -> SanctionRecord:
    how = ObjectionDecisionDraft(
        outcome=ObjectionOutcome(event.word), document_number="虚构异字1号", date=iso(event.dated), reason="虚构理由"
    )
    correction = amendment(record, event.terms) if event.word == "CORRECTED" else None
    return decide_objection(record, how, today=event.today, law=law, amendment=correction)


def _suspension(event: Event) -> SuspensionDraft:
    return SuspensionDraft(
        ground=SuspensionGround.COURT_ORDER,
        document_number="虚构行停字1号",
        date=iso(event.dated),
        effective_on=iso(event.effective),
    )


def _repair_draft(event: Event) -> RepairDraft:
    applied = iso(event.applied or event.dated)
    return RepairDraft(
        applied_on=applied,
        corrected_on=applied,
        document_number="虚构修字1号",
        date=iso(event.dated),
        effective_on=iso(event.effective),
    )


_STEPS: Final[dict[What, Callable[[SanctionRecord, Event, Law], SanctionRecord]]] = {
    What.STATEMENT: _state,
    What.DECIDE: _decide,
    What.LIST: _list,
    What.CONFIRM: _confirm,
    What.OBJECT: _object,
    What.SETTLE: _settle,
    What.SUSPEND: _suspend,
    What.RESUME: _resume,
    What.LIFT: _lift,
    What.REPAIR: _repair,
    What.REVOKE: _revoke,
    What.AMEND: _amend,
    What.PASS: _pass,
}
