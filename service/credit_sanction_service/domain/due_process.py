"""
Notice, statement, decision, listing: the steps before a record has effect (国办发〔2020〕49号 §八; 吉林省社会信用条例).

Nothing is pushed or answered as restricted before the decision is listed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.decisions import (
    DECISION_STATES,
    DUE_PROCESS,
    MOST_STATEMENTS,
    OVERDUE,
    Fixed,
    check_completed,
    check_decision,
    check_heard,
    check_hearing,
    check_overdue,
    check_overdue_on,
    read_decision,
    read_statement,
)
from credit_sanction_service.domain.drafts import DecisionDraft, MeasureDraft
from credit_sanction_service.domain.duties import refreshed
from credit_sanction_service.domain.faults import StateConflict
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.identifiers import GB_32100, Judgement, judge
from credit_sanction_service.domain.obligations import read_obligation
from credit_sanction_service.domain.parties import (
    check_authority,
    check_district,
    quarantine_of,
    read_authority,
    read_district,
    read_enterprise,
)
from credit_sanction_service.domain.proceedings import Notice
from credit_sanction_service.domain.publication import read_measures, read_publication_end
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.domain.terms import State
from credit_sanction_service.domain.text import DOCUMENT_NUMBER_LIMIT, NAME_LIMIT, PASSAGE_LIMIT

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.capacity import Obligation
    from credit_sanction_service.domain.drafts import DecideDraft, NoticeDraft, RecordDraft, StatementDraft
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.proceedings import Decision

LISTING: Final = "国办发〔2020〕49号 §八"


def serve_notice(
    draft: RecordDraft, *, record_id: str, today: date, law: Law, fixed: Fixed | None = None
) -> SanctionRecord:
    """
    Return a record in NOTICE_SERVED: the enterprise was told facts, basis and rights. Measures and class are those intended.

    Raises `Invalid` with every fault; the obligation must have been overdue on the day of the notice.
    """
    findings = Findings()
    enterprise, code = read_enterprise(draft.enterprise, findings)
    obligation = fixed.obligation if fixed else read_obligation(draft.obligation, findings, today=today, law=law)
    notice = _read_notice(draft.notice, findings, today=today)
    for field, typed in (("publication_end_date", draft.publication_end_date), ("statements", draft.statements)):
        if typed:
            findings.note(field, "it comes after the notice", DUE_PROCESS)
    if draft.decision != DecisionDraft():
        findings.note("decision", "it comes after the notice: call Decide", DUE_PROCESS)
    _check_notice(notice, obligation, fixed, findings, today=today, law=law)
    if notice and code.certain_organisation_code == judge(notice.authority.code).organisation_code:
        findings.note("enterprise.code", "it is the authority's own: nobody decides about himself", GB_32100)
    since = obligation.ordered_on if obligation else today
    district = read_district(draft.district, findings, default_since=since, today=today)
    on = notice.served_on if notice else today
    told = notice.authority if notice else None
    warnings = check_authority(told, obligation, findings, on=on, law=law, path="notice.authority")
    warnings += check_district(district, findings, on=on, law=law)
    publication_class = findings.choice("publication_class", draft.publication_class)
    catalogue = law.catalogue_on(on)
    measures = read_measures(draft.measures, None, findings, decided_on=None, catalogue=catalogue, regimes=law.regimes)
    findings.stop_if_any()
    assert enterprise and obligation and notice and district and publication_class  # noqa: PT018, S101 - for the type checker
    assert code.judgement is not Judgement.REFUSED  # noqa: S101 - it would have been noted
    return SanctionRecord(
        id=record_id,
        version=1,
        state=State.NOTICE_SERVED,
        enterprise=enterprise,
        obligation=obligation,
        obligation_name=fixed.name if fixed else "",
        decision=None,
        notice=notice,
        district=district,
        measures=measures,
        publication_class=publication_class,
        publication_end=None,
        catalogue_edition=catalogue.edition,
        regime=law.regimes.on(on).name,
        ever_listed=False,
        warnings=tuple(warnings),
    )


def _read_notice(draft: NoticeDraft | None, findings: Findings, *, today: date) -> Notice | None:
    if draft is None:
        findings.note(
            "notice", "it is missing: facts, basis and rights are told before anything is decided", DUE_PROCESS
        )
        return None
    authority = read_authority(draft.authority_code, draft.authority_name, findings, "notice.authority")
    number = findings.text("notice.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    served_on = findings.past_day("notice.served_on", draft.served_on, today=today, rule=DUE_PROCESS)
    facts = findings.text("notice.facts", draft.facts, limit=PASSAGE_LIMIT)
    basis = findings.text("notice.basis", draft.basis, limit=PASSAGE_LIMIT)
    rights = findings.text("notice.rights", draft.rights, limit=PASSAGE_LIMIT)
    method = findings.text("notice.method", draft.method, limit=NAME_LIMIT, least=0)
    if not (authority and number and served_on and facts and basis and rights):
        return None
    return Notice(
        authority=authority,
        document_number=number,
        served_on=served_on,
        facts=facts,
        basis=basis,
        rights=rights,
        method=method,
    )


def _check_notice(
    notice: Notice | None,
    obligation: Obligation | None,
    fixed: Fixed | None,
    findings: Findings,
    *,
    today: date,
    law: Law,
) -> None:
    """Note a notice about an obligation that was not overdue on its day, or completed by then."""
    served_on = notice.served_on if notice else None
    check_overdue_on(obligation, served_on, findings, "notice.served_on", today=today, law=law)
    if fixed and fixed.completed_on and notice and fixed.completed_on <= notice.served_on:
        findings.note("obligation_name", f"the exit was completed on {fixed.completed_on}", OVERDUE)


def record_statement(record: SanctionRecord, draft: StatementDraft, *, today: date, law: Law) -> SanctionRecord:
    """
    Return the next version with a step of the enterprise's: a statement, a hearing asked for or held, or a waiver. A hearing
    is asked for within the working days that the law gives (行政处罚法 art. 64); later, what is said is a statement.
    """
    notice = _require_notice(record)
    findings = Findings()
    if len(record.statements) >= MOST_STATEMENTS:
        findings.note("statement", f"it has {MOST_STATEMENTS} already, and no more are kept")
    step = read_statement(draft, findings, "statement", today=today)
    if step and step.made_on < notice.served_on:
        text = f"{step.made_on} lies before the notice of {notice.served_on} that it answers"
        findings.note("statement.date", text, DUE_PROCESS)
    if step:
        check_hearing(notice.served_on, step, record.statements, findings, law=law, path="statement")
    findings.stop_if_any()
    assert step  # noqa: S101 - for the type checker
    steps = tuple(sorted((*record.statements, step), key=lambda one: one.made_on))
    return replace(record, version=record.version + 1, statements=steps)


def decide(
    record: SanctionRecord, draft: DecideDraft, *, today: date, law: Law, fixed: Fixed | None = None
) -> SanctionRecord:
    """
    Return the next version, DECIDED: the decision with cause, conditions of removal and remedies (国办发〔2020〕49号 §八). It
    has no effect until it is listed. The authority is the notice's. `fixed` is the registered obligation that it names, as
    that is now: an extension granted since the notice counts.
    """
    notice = _require_notice(record)
    record = _of_now(record, fixed)
    findings = Findings()
    typed = replace(
        draft.decision,
        authority_code=draft.decision.authority_code or notice.authority.code,
        authority_name=draft.decision.authority_name or notice.authority.name,
        notice_served_on=notice.served_on.isoformat(),
    )
    for field in DECISION_STATES:
        if not getattr(typed, field).strip():
            findings.note(f"decision.{field}", "it is missing: the decision has to state it", DUE_PROCESS)
    if draft.decision.notice_served_on not in {"", typed.notice_served_on}:
        text = f"the notice was served on {notice.served_on}: leave it out"
        findings.note("decision.notice_served_on", text, DUE_PROCESS)
    decision = read_decision(typed, findings, today=today)
    if decision and decision.authority.code != notice.authority.code:
        findings.note("decision.authority.code", "it is not the authority that served the notice", DUE_PROCESS)
    check_overdue(record.obligation, decision, findings, today=today, law=law)
    check_decision(decision, findings, code=judge(record.enterprise.code), obligation=record.obligation)
    check_completed(fixed, decision, findings)
    fresh = _decided(record, draft, decision, findings, today=today, law=law)
    return refreshed(fresh, law=law, today=today)


def _of_now(record: SanctionRecord, fixed: Fixed | None) -> SanctionRecord:
    """Return the record with the registered obligation that it names as that is now."""
    return replace(record, obligation=fixed.obligation) if fixed else record


def _decided(
    record: SanctionRecord, draft: DecideDraft, decision: Decision | None, findings: Findings, *, today: date, law: Law
) -> SanctionRecord:
    decided_on = decision.decided_on if decision else None
    if decision:
        check_heard(decision.notice_served_on, decision.decided_on, record.statements, findings, law=law)
    catalogue = law.catalogue_on(decided_on or today)
    chosen = draft.publication_class or record.publication_class
    intended = tuple(
        MeasureDraft(area=measure.area, end_date=measure.end.isoformat() if measure.end else "")
        for measure in record.measures
    )
    end = read_publication_end(chosen, draft.publication_end_date, findings, decided_on=decided_on, regimes=law.regimes)
    measures = read_measures(
        draft.measures or intended,
        chosen,
        findings,
        decided_on=decided_on,
        catalogue=catalogue,
        regimes=law.regimes,
    )
    findings.stop_if_any()
    assert decision  # noqa: S101 - for the type checker
    return replace(
        record,
        version=record.version + 1,
        state=State.DECIDED,
        decision=decision,
        measures=measures,
        publication_class=chosen,
        publication_end=end,
        catalogue_edition=catalogue.edition,
        regime=law.regimes.on(decision.decided_on).name,
    )


def list_record(
    record: SanctionRecord, listed_on: str, *, today: date, law: Law, fixed: Fixed | None = None
) -> SanctionRecord:
    """Return the next version, LISTED from `listed_on` on (empty: today); QUARANTINED where its code is in doubt."""
    if record.state is not State.DECIDED:
        raise StateConflict(f"{record.name} is {record.state}: only a decided record is listed ({LISTING})")
    findings = Findings()
    day = findings.past_day("listed_on", listed_on, today=today, rule=LISTING) if listed_on else today
    decided_on = record.ruling.decided_on
    if day and day < decided_on:
        findings.note("listed_on", f"{day} lies before the decision of {decided_on}", LISTING)
    if today > record.last_day:
        raise StateConflict(f"{record.name} ended on {record.last_day}, before it was listed ({LISTING})")
    record = _of_now(record, fixed)
    check_overdue(record.obligation, record.ruling, findings, today=today, law=law)
    check_completed(fixed, record.ruling, findings)
    findings.stop_if_any()
    code = judge(record.enterprise.code)
    doubt = code.judgement is Judgement.QUARANTINED
    fresh = replace(
        record,
        version=record.version + 1,
        state=State.QUARANTINED if doubt else State.LISTED,
        quarantine=quarantine_of(code) if doubt else None,
        ever_listed=not doubt,
        listed_on=day,
    )
    return refreshed(fresh, law=law, today=today)


def _require_notice(record: SanctionRecord) -> Notice:
    if record.state is not State.NOTICE_SERVED or record.notice is None:
        raise StateConflict(f"{record.name} is {record.state}: this comes between notice and decision ({DUE_PROCESS})")
    return record.notice
