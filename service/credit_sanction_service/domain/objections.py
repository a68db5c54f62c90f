"""
Objections 异议: marked at once, answered within working days, ended as upheld, corrected or revoked.

The effect stays while an objection is open; every answer and push says *disputed*. Sources: 山东省社会信用条例 and
河南省社会信用条例 (3 working days, 7 where others have to check); 国办发〔2020〕49号 §八.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.amendments import amend
from credit_sanction_service.domain.drafts import RevocationDraft
from credit_sanction_service.domain.duties import refreshed
from credit_sanction_service.domain.faults import Invalid, StateConflict, Violation
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.lifecycle import has_effect_ahead, require_running, revoke
from credit_sanction_service.domain.proceedings import Objection
from credit_sanction_service.domain.terms import ObjectionOutcome, State
from credit_sanction_service.domain.text import DOCUMENT_NUMBER_LIMIT, REASON_LIMIT

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.amendments import Amendment
    from credit_sanction_service.domain.drafts import ObjectionDecisionDraft, ObjectionDraft
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import SanctionRecord

OBJECTION: Final = "国办发〔2020〕49号 §八; 河南省社会信用条例 art. 41"
_OPEN_TO_OBJECTION: Final = frozenset({State.DECIDED, State.LISTED, State.SUSPENDED, State.QUARANTINED})


def raise_objection(record: SanctionRecord, draft: ObjectionDraft, *, today: date, law: Law) -> SanctionRecord:
    """Return the next version, disputed, with the day by which the objection has to be decided."""
    ends_later = has_effect_ahead(record, today)
    if record.state not in _OPEN_TO_OBJECTION and not ends_later:
        raise StateConflict(
            f"{record.name} is {record.state}: what is decided and has not ended is objected to ({OBJECTION})"
        )
    require_running(record, today)
    if record.disputed:
        raise StateConflict(f"{record.name} is disputed already: decide that objection first ({OBJECTION})")
    findings = Findings()
    reason = findings.text("reason", draft.reason, limit=REASON_LIMIT)
    day = findings.past_day("raised_on", draft.raised_on, today=today, rule=OBJECTION) if draft.raised_on else today
    decided_on = record.ruling.decided_on
    if day and day < decided_on:
        findings.note("raised_on", f"{day} lies before the decision of {decided_on} that it is about", OBJECTION)
    last = record.objection
    if day and last and last.decided_on and day < last.decided_on:
        findings.note("raised_on", f"{day} lies before the last objection was decided on {last.decided_on}", OBJECTION)
    findings.stop_if_any()
    assert day  # noqa: S101 - for the type checker
    objection = Objection(
        raised_on=day, reason=reason, needs_others=draft.needs_others, due_on=None, calendar_edition=""
    )
    return refreshed(replace(record, version=record.version + 1, objection=objection), law=law, today=today)


def decide_objection(
    record: SanctionRecord,
    draft: ObjectionDecisionDraft,
    *,
    today: date,
    law: Law,
    amendment: Amendment | None = None,
) -> SanctionRecord:
    """
    Return the next version, no longer disputed: as it was (UPHELD), with `amendment` (CORRECTED), or REVOKED. Raises
    `StateConflict` without an open objection, `Invalid`, and what amending or revoking raises.
    """
    objection = record.objection
    if objection is None or not record.disputed:
        raise StateConflict(f"{record.name} is not disputed: there is no objection to decide ({OBJECTION})")
    findings = Findings()
    outcome = findings.choice("outcome", draft.outcome)
    number = findings.text("document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    day = findings.past_day("date", draft.date, today=today, rule=OBJECTION)
    reason = findings.text("reason", draft.reason, limit=REASON_LIMIT)
    if day and day < objection.raised_on:
        findings.note("date", f"{day} lies before the objection of {objection.raised_on}", OBJECTION)
    if outcome and (outcome is ObjectionOutcome.CORRECTED) != (amendment is not None):
        findings.note(
            "update_mask", "a correction, and only a correction, names the fields that it corrects", OBJECTION
        )
    findings.stop_if_any()
    closed = replace(objection, outcome=outcome, document_number=number, decided_on=day, decision_reason=reason)
    settled = replace(record, objection=closed)
    if outcome is ObjectionOutcome.REVOKED:
        grounds = RevocationDraft(reason=reason, document_number=number, date=draft.date)
        return revoke(settled, grounds, today=today, law=law)
    if amendment is not None:
        if record.state is State.DECIDED:
            text = "a record that is not listed yet is revoked and decided anew"
            raise Invalid([Violation(field="outcome", description=text, rule=OBJECTION)])
        return amend(settled, amendment, today=today, law=law)
    return refreshed(replace(settled, version=record.version + 1), law=law, today=today)
