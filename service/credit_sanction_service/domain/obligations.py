"""
Reading an exit obligation 退出任务: its form, its approvals, and its deadline by the standard it fails.

What each standard allows is data (`deadlines`, 长工信联字[2017]9号 §三); that a deadline exists only inside an approved plan
is §二. A last day that is no working day moves to the next one (民法典 art. 203).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.amounts import read_amount
from credit_sanction_service.domain.calendar import add_months
from credit_sanction_service.domain.capacity import Approval, Capacity, Extension, Licence, Obligation
from credit_sanction_service.domain.faults import CalendarNotPublished
from credit_sanction_service.domain.terms import Scope, Sector, Standard
from credit_sanction_service.domain.text import (
    APPROVER_LIMIT,
    DOCUMENT_NUMBER_LIMIT,
    EQUIPMENT_LIMIT,
    ITEM_LIMIT,
    LICENCE_LIMIT,
)
from credit_sanction_service.domain.working_days import PERIOD_END

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.deadlines import DeadlineRule
    from credit_sanction_service.domain.drafts import ApprovalDraft, ExtensionDraft, ObligationDraft
    from credit_sanction_service.domain.findings import Findings
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.working_days import WorkingCalendar

SOURCE: Final = "长工信联字[2017]9号"
STANDARDS_RULE: Final = f"{SOURCE} §三"
PLAN_RULE: Final = f"{SOURCE} §二"
INDUCTION_RULE: Final = f"{SOURCE} §三(二)5"
MOST_SETS: Final = 10_000
MOST_LICENCES: Final = 20
_CAPACITY_PLACES: Final = 4


def read_obligation(draft: ObligationDraft, findings: Findings, *, today: date, law: Law) -> Obligation | None:
    """Return the obligation, None where anything about it is noted in `findings` (paths below `obligation`)."""
    before = findings.count
    scope = findings.choice("obligation.scope", draft.scope)
    sector = findings.choice("obligation.sector", draft.sector)
    standard = findings.choice("obligation.standard", draft.standard)
    item, equipment = _read_line(draft, findings)
    capacity = _read_capacity(draft, findings)
    ordered_on = findings.past_day("obligation.ordered_on", draft.ordered_on, today=today)
    if draft.induction_furnace and not (sector is Sector.STEEL and standard is Standard.TECHNOLOGY):
        text = "地条钢 is steel that fails the technology standard: its sector is STEEL, its standard TECHNOLOGY"
        findings.note("obligation.induction_furnace", text, INDUCTION_RULE)
    furnace = draft.induction_furnace and standard is Standard.TECHNOLOGY  # under another standard it is noted above
    rule = law.deadlines.of(standard, induction_furnace=furnace) if standard else None
    due_on = _read_due_day(draft, findings, rule, ordered_on)
    extension = read_extension(draft.extension, findings, rule, standard, path="obligation.extension")
    plan = _read_approval(draft.plan, findings, "obligation.plan", today=today)
    if plan is None and draft.plan is None:
        text = "it is missing: a deadline exists only inside an approved exit plan"
        findings.note("obligation.plan", text, PLAN_RULE)
    if plan and due_on and plan.approved_on > due_on:
        text = f"{plan.approved_on} lies after the due day {due_on}: no deadline ran before the plan was approved"
        findings.note("obligation.plan.date", text, PLAN_RULE)
    closure = _read_closure(draft, findings, rule, today=today)
    licences = _read_licences(draft, findings)
    further = _read_further_standards(draft, findings)
    path = "obligation.report_reference"
    report = findings.text(path, draft.report_reference, limit=DOCUMENT_NUMBER_LIMIT, least=0)
    if findings.count > before:
        return None
    assert scope and sector and standard and capacity and ordered_on and due_on  # noqa: PT018, S101 - for the type checker
    obligation = Obligation(
        scope=scope,
        item=item if scope is Scope.LINE else "",
        equipment=equipment,
        quantity=draft.quantity,
        capacity=capacity,
        sector=sector,
        standard=standard,
        ordered_on=ordered_on,
        due_on=due_on,
        extension=extension,
        plan=plan,
        closure_approval=closure,
        induction_furnace=draft.induction_furnace,
        licences=licences,
        further_standards=further,
        report_reference=report,
    )
    if extension:
        path = "obligation.extension.applied_on"
        check_application(extension, obligation, findings, path=path, today=today, law=law)
    return reckoned(obligation, law.calendar) if findings.count == before else None


def reckoned(obligation: Obligation, calendar: WorkingCalendar) -> Obligation:
    """Return the obligation with its last day moved to a working day (民法典 art. 203), or marked as not to be told yet."""
    end = calendar.period_end(obligation.nominal_last_day)
    moved = end.day if end.day and end.day != end.nominal else None
    return replace(
        obligation, moved_to=moved, calendar_edition=end.edition if end.day else "", calendar_missing=end.day is None
    )


def _read_approval(draft: ApprovalDraft | None, findings: Findings, path: str, *, today: date) -> Approval | None:
    if draft is None:
        return None
    number = findings.text(f"{path}.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    approver = findings.text(f"{path}.approver", draft.approver, limit=APPROVER_LIMIT, least=2)
    day = findings.past_day(f"{path}.date", draft.date, today=today, rule=PLAN_RULE)
    return Approval(document_number=number, approver=approver, approved_on=day) if number and approver and day else None


def _read_closure(
    draft: ObligationDraft, findings: Findings, rule: DeadlineRule | None, *, today: date
) -> Approval | None:
    approval = _read_approval(draft.closure_approval, findings, "obligation.closure_approval", today=today)
    needed = rule is not None and rule.closure_needs_approval and draft.scope is Scope.ENTERPRISE
    if needed and draft.closure_approval is None:
        text = f"it is missing: to close a whole enterprise under {draft.standard} needs the approval of the competent body"
        findings.note("obligation.closure_approval", text, rule.article if rule else SOURCE)
    return approval


def _read_further_standards(draft: ObligationDraft, findings: Findings) -> tuple[Standard, ...]:
    """Return the other standards that it fails, in their order, each once."""
    chosen = {
        findings.choice(f"obligation.further_standards[{place}]", standard)
        for place, standard in enumerate(draft.further_standards[: len(Standard)])
    }
    if len(draft.further_standards) > len(Standard) or draft.standard in chosen:
        findings.note("obligation.further_standards", "they are others than `standard`, each once", STANDARDS_RULE)
    return tuple(standard for standard in Standard if standard in chosen)


def _read_licences(draft: ObligationDraft, findings: Findings) -> tuple[Licence, ...]:
    if len(draft.licences) > MOST_LICENCES:
        findings.note("obligation.licences", f"at most {MOST_LICENCES} are taken")
    return tuple(
        Licence(
            name=findings.text(f"obligation.licences[{place}].name", name, limit=LICENCE_LIMIT),
            number=findings.text(f"obligation.licences[{place}].number", number, limit=LICENCE_LIMIT),
            issuer=findings.text(f"obligation.licences[{place}].issuer", issuer, limit=APPROVER_LIMIT, least=0),
        )
        for place, (name, number, issuer) in enumerate(draft.licences[:MOST_LICENCES])
    )


def _read_line(draft: ObligationDraft, findings: Findings) -> tuple[str, str]:
    rule = f"{SOURCE} §三(三)6"
    if draft.scope is Scope.LINE:
        item = findings.text("obligation.item", draft.item, limit=ITEM_LIMIT)
        equipment = findings.text("obligation.equipment", draft.equipment, limit=EQUIPMENT_LIMIT)
        if not 1 <= draft.quantity <= MOST_SETS:
            findings.note("obligation.quantity", f"{draft.quantity} sets: a line has 1 to {MOST_SETS}", rule)
        return item, equipment
    if draft.scope is Scope.ENTERPRISE:
        if draft.item.strip():
            findings.note("obligation.item", "the whole enterprise exits: no single item can be named", rule)
        if draft.quantity:
            findings.note("obligation.quantity", "the whole enterprise exits: it has no number of sets", rule)
    return "", findings.text("obligation.equipment", draft.equipment, limit=EQUIPMENT_LIMIT, least=0)


def _read_capacity(draft: ObligationDraft, findings: Findings) -> Capacity | None:
    field = "obligation.capacity.amount"
    unit = findings.choice("obligation.capacity.unit", draft.capacity_unit)
    typed = draft.capacity_amount
    amount = read_amount(field, typed, findings, places=_CAPACITY_PLACES, like="45.5", positive=True)
    return Capacity(amount=amount, unit=unit) if amount and unit else None


def _read_due_day(
    draft: ObligationDraft, findings: Findings, rule: DeadlineRule | None, ordered_on: date | None
) -> date | None:
    if not draft.due_on and rule and rule.months:
        return add_months(ordered_on, rule.months) if ordered_on else None
    due_on = findings.day("obligation.due_on", draft.due_on)
    if due_on is None or ordered_on is None:
        return None
    if due_on < ordered_on:
        findings.note("obligation.due_on", f"{due_on} lies before the order of {ordered_on}")
        return None
    if rule and rule.months and due_on > add_months(ordered_on, rule.months):
        text = f"{due_on} is more than {rule.months} months after the order of {ordered_on}"
        findings.note("obligation.due_on", text, rule.article)
        return None
    return due_on


def read_extension(
    draft: ExtensionDraft | None,
    findings: Findings,
    rule: DeadlineRule | None,
    standard: Standard | None,
    *,
    path: str,
) -> Extension | None:
    """Return the extension; what the standard does not allow is noted below `path`, with its article."""
    if draft is None or rule is None:
        return None
    if not rule.extension_months:
        findings.note(f"{path}.months", f"the standard {standard} knows no extension", rule.article)
        return None
    number = findings.text(f"{path}.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    if not draft.applied_on:
        text = "it is missing: nothing is extended without an application"
        findings.note(f"{path}.applied_on", text, rule.article)
    applied_on = findings.day(f"{path}.applied_on", draft.applied_on, required=False)
    if not 1 <= draft.months <= rule.extension_months:
        text = f"{draft.months} months: one extension of 1 to {rule.extension_months} is allowed"
        findings.note(f"{path}.months", text, rule.article)
        return None
    if not number or applied_on is None:
        return None
    return Extension(months=draft.months, document_number=number, applied_on=applied_on)


def check_application(
    extension: Extension, obligation: Obligation, findings: Findings, *, path: str, today: date, law: Law
) -> None:
    """
    Note an application that was not made between the order and the last day before any extension. Where that day is no
    working day, the next one is in time (民法典 art. 203).
    """
    applied_on = extension.applied_on
    if applied_on is None:
        return
    rule = law.deadlines.of(obligation.standard, induction_furnace=obligation.induction_furnace).article
    if applied_on > today:
        findings.note(path, f"{applied_on} lies in the future (today is {today})", rule)
    elif applied_on < obligation.ordered_on:
        findings.note(path, f"{applied_on} lies before the order of {obligation.ordered_on}", rule)
    elif applied_on > obligation.due_on:
        last = law.calendar.period_end(obligation.due_on).day
        if last is None:
            raise CalendarNotPublished(unpublished_year(obligation.due_on, law))
        if applied_on > last:
            text = f"{applied_on} lies after the last day {last}: what has run out cannot be extended"
            findings.note(path, text, f"{rule}; {PERIOD_END}")


def unpublished_year(nominal: date, law: Law) -> int:
    """Return the first year from that of `nominal` on whose official days are not published."""
    return next(year for year in count(nominal.year) if year not in law.calendar.years)
