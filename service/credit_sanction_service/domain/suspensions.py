"""
Suspension 暂停: by order of the authority or a court the effect rests and the record is kept.

Sources: 行政诉讼法 art. 56; 行政复议法 art. 42.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.duties import refreshed
from credit_sanction_service.domain.faults import StateConflict
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.lifecycle import check_document_day, has_effect_ahead, require_running
from credit_sanction_service.domain.proceedings import Suspension
from credit_sanction_service.domain.terms import State
from credit_sanction_service.domain.text import DOCUMENT_NUMBER_LIMIT

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.drafts import SuspensionDraft
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import SanctionRecord

SUSPENSION: Final = "行政诉讼法 art. 56; 行政复议法 art. 42"


def suspend(record: SanctionRecord, draft: SuspensionDraft, *, today: date, law: Law) -> SanctionRecord:
    """
    Return the next version, SUSPENDED: no effect from its effective day on, which is today or lies behind. One that was lifted
    for a day ahead stays LIFTED, and rests until then.
    """
    rests = bool(record.suspensions) and record.suspensions[-1].resumed_on is None
    if record.state is not State.LISTED and not (has_effect_ahead(record, today) and not rests):
        raise StateConflict(f"{record.name} is {record.state}: only a listed record is suspended ({SUSPENSION})")
    require_running(record, today)
    findings = Findings()
    ground = findings.choice("ground", draft.ground)
    number = findings.text("document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    decided_on = findings.past_day("date", draft.date, today=today, rule=SUSPENSION)
    check_document_day(record, decided_on, findings, rule=SUSPENSION)
    effective_on = _read_day(draft.effective_on, findings, today=today)
    earliest = max([record.since, *(one.resumed_on for one in record.suspensions if one.resumed_on)])
    if effective_on and effective_on < earliest:
        text = f"{effective_on} lies before {earliest}, since which it has had effect"
        findings.note("effective_on", text, SUSPENSION)
    findings.stop_if_any()
    assert ground and decided_on and effective_on  # noqa: PT018, S101 - for the type checker
    fresh = Suspension(ground=ground, document_number=number, decided_on=decided_on, effective_on=effective_on)
    state = State.LIFTED if record.state is State.LIFTED else State.SUSPENDED
    suspended = replace(record, version=record.version + 1, state=state, suspensions=(*record.suspensions, fresh))
    return refreshed(suspended, law=law, today=today)


def resume(record: SanctionRecord, draft: SuspensionDraft, *, today: date, law: Law) -> SanctionRecord:
    """Return the next version, LISTED again from its effective day on, which is today or lies behind."""
    rests = bool(record.suspensions) and record.suspensions[-1].resumed_on is None
    if record.state is not State.SUSPENDED and not (has_effect_ahead(record, today) and rests):
        raise StateConflict(f"{record.name} is {record.state}: only a suspended record is resumed ({SUSPENSION})")
    require_running(record, today)
    findings = Findings()
    number = findings.text("document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    decided_on = findings.past_day("date", draft.date, today=today, rule=SUSPENSION)
    check_document_day(record, decided_on, findings, rule=SUSPENSION)
    effective_on = _read_day(draft.effective_on, findings, today=today)
    running = record.suspensions[-1]
    if decided_on and decided_on < running.decided_on:
        text = f"{decided_on} lies before the suspension of {running.decided_on} that it ends"
        findings.note("date", text, SUSPENSION)
    if effective_on and effective_on < running.effective_on:
        text = f"{effective_on} lies before {running.effective_on}, since which it has been suspended"
        findings.note("effective_on", text, SUSPENSION)
    findings.stop_if_any()
    ended = replace(running, resumed_on=effective_on, resume_document_number=number, resume_decided_on=decided_on)
    resumed = replace(
        record,
        version=record.version + 1,
        state=State.LIFTED if record.state is State.LIFTED else State.LISTED,
        suspensions=(*record.suspensions[:-1], ended),
    )
    return refreshed(resumed, law=law, today=today)


def _read_day(typed: str, findings: Findings, *, today: date) -> date | None:
    return findings.past_day("effective_on", typed, today=today, rule=SUSPENSION) if typed else today
