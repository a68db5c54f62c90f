"""
Clocks that people are held to 时限, as due days of a record. How many working days each has is data (`limits`).

| duty             | counted from                                                | done when                        |
|------------------|-------------------------------------------------------------|----------------------------------|
| REPORT_DECISION  | the decision                                                | each target confirmed the record |
| WITHDRAW         | the document that ended or suspended it, or its first day without effect | each target confirmed its absence |
| DECIDE_OBJECTION | the day on which it was raised                              | it is decided                    |
| REVIEW_BASIS     | the first day on which a binding text is no longer in force | the measures are amended or end |

Measures that stand after a review are amended to what they are. A due day is reckoned once, by the calendar of the day on
which it began; only one that waits for a calendar to be published is filled in later.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credit_sanction_service.domain.calendar import add_day
from credit_sanction_service.domain.obligations import reckoned
from credit_sanction_service.domain.proceedings import DueDay
from credit_sanction_service.domain.records import ENDED
from credit_sanction_service.domain.terms import DutyKind, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.limits import Limit
    from credit_sanction_service.domain.records import SanctionRecord


def refreshed(record: SanctionRecord, *, law: Law, today: date) -> SanctionRecord:
    """Return the record, of the same version, with the due days that it has on `today`."""
    if record.obligation.calendar_missing:
        record = replace(record, obligation=reckoned(record.obligation, law.calendar))
    known = {(due.kind, due.since, due.note): due for due in record.due_days if due.due_on}
    days = []
    for kind, since, note, limit in _clocks(record, law, today):
        end = law.calendar.after(since, limit.days)
        fresh = DueDay(
            kind=kind, since=since, due_on=end.day, calendar_edition=end.edition if end.day else "", note=note
        )
        days.append(known.get((kind, since, note), fresh))
    objection = record.objection
    if objection and objection.due_on is None:
        due = next((day for day in days if day.kind is DutyKind.DECIDE_OBJECTION), None)
        objection = replace(objection, due_on=due.due_on, calendar_edition=due.calendar_edition) if due else objection
    return replace(record, due_days=tuple(days), objection=objection)


def _clocks(record: SanctionRecord, law: Law, today: date) -> Iterator[tuple[DutyKind, date, str, Limit]]:
    """Yield what runs, or ran, for the record: kind, the day it is counted from, what it is about, and its limit."""
    waits = record.state in {State.DECIDED, State.QUARANTINED}
    if record.decision and not (waits and today > record.last_day):
        yield DutyKind.REPORT_DECISION, record.decision.decided_on, "", law.limits.reporting
    gone_since = _gone_since(record)
    if gone_since:
        yield DutyKind.WITHDRAW, gone_since, "", law.limits.withdrawal
    if record.disputed and record.objection:
        limits = law.limits
        limit = limits.objection_with_others if record.objection.needs_others else limits.objection
        yield DutyKind.DECIDE_OBJECTION, record.objection.raised_on, "", limit
    if record.state in {State.LISTED, State.SUSPENDED}:
        for measure in record.measures:
            row = law.catalogues[record.catalogue_edition].rows[measure.area]
            lapsed = row.lapsed_basis(today, record.since, record.penalty)
            reviewed = record.reviewed_on
            if lapsed and lapsed.in_force_to and today <= record.end_of(measure):
                if reviewed and reviewed > lapsed.in_force_to:
                    continue
                note = f"{measure.area} {lapsed.document}"
                yield DutyKind.REVIEW_BASIS, add_day(lapsed.in_force_to), note, law.limits.basis_review


def _gone_since(record: SanctionRecord) -> date | None:
    """
    Return the day from which targets have so many working days to let go of a record that was listed, None if none has:
    that of the order that suspends it, or of its end, whichever came first.
    """
    if not record.ever_listed:
        return None
    days = [
        max(suspension.decided_on, suspension.effective_on)
        for suspension in record.suspensions
        if suspension.resumed_on is None
    ]
    ending = record.ending
    if record.state is State.REVOKED and ending and ending.decided_on:
        days.append(ending.decided_on)
    elif record.state in ENDED and ending:
        days.append(max(ending.decided_on or ending.effective_on, ending.effective_on))
    return min(days, default=None)
