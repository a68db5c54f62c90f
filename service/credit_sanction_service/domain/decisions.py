"""Reading decisions, and what must have come before them: an overdue obligation, a notice, time to state one's case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.capacity import Obligation
from credit_sanction_service.domain.faults import CalendarNotPublished
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.identifiers import GB_32100, judge
from credit_sanction_service.domain.obligations import unpublished_year
from credit_sanction_service.domain.parties import read_authority
from credit_sanction_service.domain.penalties import read_penalty
from credit_sanction_service.domain.proceedings import Decision, Statement
from credit_sanction_service.domain.records import Confirmation
from credit_sanction_service.domain.terms import StatementKind
from credit_sanction_service.domain.text import DOCUMENT_NUMBER_LIMIT, PASSAGE_LIMIT, REASON_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_sanction_service.domain.drafts import ConfirmationDraft, DecisionDraft, StatementDraft
    from credit_sanction_service.domain.identifiers import Code
    from credit_sanction_service.domain.law import Law

DUE_PROCESS: Final = "国办发〔2020〕49号 §八; 吉林省社会信用条例"
HEARING: Final = "行政处罚法 art. 63, 64"
OVERDUE: Final = "长工信联字[2017]9号 §四(八): 未按期完成"
MOST_STATEMENTS: Final = 20
DECISION_STATES: Final = ("cause", "removal_conditions", "remedies")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What a record has from elsewhere and is not read from its draft: a registered obligation, or its own of before."""

    obligation: Obligation
    name: str = ""
    completed_on: date | None = None


def read_decision(draft: DecisionDraft, findings: Findings, *, today: date) -> Decision | None:
    """Return the decision, with a notice served on or before its day (国办发〔2020〕49号 §八)."""
    authority = read_authority(draft.authority_code, draft.authority_name, findings, "decision.authority")
    number = findings.text("decision.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    decided_on = findings.past_day("decision.date", draft.date, today=today, rule=DUE_PROCESS)
    served_on = findings.past_day("decision.notice_served_on", draft.notice_served_on, today=today, rule=DUE_PROCESS)
    if decided_on and served_on and served_on > decided_on:
        findings.note(
            "decision.notice_served_on",
            f"{served_on} lies after the decision of {decided_on}: nothing is listed without notice before",
            DUE_PROCESS,
        )
    penalty = read_penalty(draft.penalty, findings, today=today) if draft.penalty else None
    if not (authority and number and decided_on and served_on):
        return None
    return Decision(
        authority=authority,
        document_number=number,
        decided_on=decided_on,
        notice_served_on=served_on,
        penalty=penalty,
        cause=findings.text("decision.cause", draft.cause, limit=PASSAGE_LIMIT, least=0),
        removal_conditions=findings.text(
            "decision.removal_conditions", draft.removal_conditions, limit=PASSAGE_LIMIT, least=0
        ),
        remedies=findings.text("decision.remedies", draft.remedies, limit=PASSAGE_LIMIT, least=0),
    )


def check_overdue(
    obligation: Obligation | None, decision: Decision | None, findings: Findings, *, today: date, law: Law
) -> None:
    """Note an obligation whose last day has not passed, today or on the day of the decision."""
    decided_on = decision.decided_on if decision else None
    check_overdue_on(obligation, decided_on, findings, "decision.date", today=today, law=law)


def check_overdue_on(
    obligation: Obligation | None, day: date | None, findings: Findings, field: str, *, today: date, law: Law
) -> None:
    """
    Note, in `field`, a day on which the obligation was not overdue yet; that it is not even today says more. Raises
    `CalendarNotPublished` where nobody can tell.
    """
    if obligation is None:
        return
    if obligation.calendar_missing and obligation.nominal_last_day < today:
        raise CalendarNotPublished(unpublished_year(obligation.nominal_last_day, law))
    if obligation.last_day >= today:
        text = f"its last day {obligation.last_day} has not passed (today is {today}): it is not overdue"
        findings.note_not_overdue("obligation.due_on", text, OVERDUE)
    elif day and day <= obligation.last_day:
        text = f"{day} lies on or before the obligation's last day {obligation.last_day}"
        findings.note(field, f"{text}: it was not overdue yet", OVERDUE)


def check_decision(decision: Decision | None, findings: Findings, *, code: Code, obligation: Obligation | None) -> None:
    """Note a notice from before the obligation was overdue, and an authority that is the enterprise itself."""
    if decision is None:
        return
    # Where the decision itself comes too early, that was said, and this is only its consequence.
    if obligation and decision.notice_served_on <= obligation.last_day < decision.decided_on:
        text = (
            f"{decision.notice_served_on} lies on or before the obligation's last day {obligation.last_day}:"
            " nothing was overdue to notify of"
        )
        findings.note("decision.notice_served_on", text, DUE_PROCESS)
    deciding = [decision.authority, decision.penalty.authority if decision.penalty else None]
    if any(code.certain_organisation_code == judge(one.code).organisation_code for one in deciding if one):
        findings.note("enterprise.code", "it is the authority's own: nobody decides about himself", GB_32100)


def check_completed(fixed: Fixed | None, decision: Decision | None, findings: Findings) -> None:
    """Note a decision about an obligation that had been completed by then."""
    if fixed and fixed.completed_on and decision and fixed.completed_on <= decision.decided_on:
        text = f"the exit was completed on {fixed.completed_on}: nothing was overdue on {decision.decided_on}"
        findings.note("obligation_name", text, OVERDUE)


def read_statements(drafts: Sequence[StatementDraft], findings: Findings, *, today: date) -> tuple[Statement, ...]:
    """Return the steps between notice and decision, in the order of their days."""
    if len(drafts) > MOST_STATEMENTS:
        findings.note("statements", f"at most {MOST_STATEMENTS} are taken")
    read = [
        read_statement(draft, findings, f"statements[{place}]", today=today)
        for place, draft in enumerate(drafts[:MOST_STATEMENTS])
    ]
    return tuple(sorted((step for step in read if step), key=lambda step: step.made_on))


def read_statement(draft: StatementDraft, findings: Findings, path: str, *, today: date) -> Statement | None:
    """Return one step."""
    kind = findings.choice(f"{path}.kind", draft.kind)
    made_on = findings.past_day(f"{path}.date", draft.date, today=today, rule=DUE_PROCESS)
    summary = findings.text(f"{path}.summary", draft.summary, limit=PASSAGE_LIMIT, least=0)
    number = findings.text(f"{path}.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT, least=0)
    return Statement(kind=kind, made_on=made_on, summary=summary, document_number=number) if kind and made_on else None


def check_heard(
    served_on: date, decided_on: date, statements: Sequence[Statement], findings: Findings, *, law: Law
) -> None:
    """
    Note a step before the notice or after the decision, what `check_hearing` notes of it, a hearing that was asked for and
    not held, and a decision before the working days in which the enterprise may ask for one have passed, unless one was
    held or waived.
    """
    if served_on > decided_on:
        return  # that is a fault of its own, and all else its consequence
    for step in statements:
        if not served_on <= step.made_on <= decided_on:
            text = f"{step.kind} of {step.made_on} does not lie between the notice of {served_on} and the decision"
            findings.note("statements", text, DUE_PROCESS)
        check_hearing(served_on, step, statements, findings, law=law, path="statements")
    asked = [step.made_on for step in statements if step.kind is StatementKind.HEARING_REQUESTED]
    held = [step.made_on for step in statements if step.kind is StatementKind.HEARING_HELD]
    waived = [step.made_on for step in statements if step.kind is StatementKind.WAIVED]
    # Of a waiver on the day of the request nobody can tell which came last: it does not undo the request.
    if asked and not any(day >= max(asked) for day in held) and not any(day > max(asked) for day in waived):
        findings.note("decision.date", f"a hearing was asked for on {max(asked)} and none was held since", HEARING)
    if held or waived:
        return
    window = law.calendar.after(served_on, law.limits.hearing_request.days)
    if window.day is None and decided_on > window.nominal:
        raise CalendarNotPublished(window.nominal.year)
    if window.day is None or decided_on <= window.day:
        until = window.day or window.nominal
        text = f"{decided_on} lies within the days until {until} in which the enterprise may ask for a hearing"
        findings.note("decision.date", text, law.limits.hearing_request.rule)


def check_hearing(
    served_on: date, step: Statement, others: Sequence[Statement], findings: Findings, *, law: Law, path: str
) -> None:
    """Note a hearing asked for after the working days that the law gives, and one held that nobody had asked for."""
    if step.kind is StatementKind.HEARING_REQUESTED:
        window = law.calendar.after(served_on, law.limits.hearing_request.days)
        if window.day and step.made_on > window.day:
            text = (
                f"{step.made_on} lies after {window.day}, the last day to ask for a hearing: record it as a statement"
            )
            findings.note(path, text, law.limits.hearing_request.rule)
    if step.kind is StatementKind.HEARING_HELD and not any(
        one.kind is StatementKind.HEARING_REQUESTED and one.made_on <= step.made_on for one in others
    ):
        findings.note(path, "a hearing was held that nobody had asked for", law.limits.hearing_request.rule)


def read_confirmation(draft: ConfirmationDraft, *, today: date) -> Confirmation:
    """Return how a code was confirmed. Raises `Invalid`."""
    findings = Findings()
    evidence = findings.text("confirmation.evidence", draft.evidence, limit=REASON_LIMIT)
    number = findings.text("confirmation.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT, least=0)
    day = findings.past_day("confirmation.confirmed_on", draft.confirmed_on, today=today)
    findings.stop_if_any()
    assert day  # noqa: S101 - for the type checker
    return Confirmation(evidence=evidence, document_number=number, confirmed_on=day)
