"""
What may happen to a record after intake, as pure steps from one version to the next.

    NOTICE_SERVED ──decide──▶ DECIDED ──list──▶ LISTED ◀──resume / suspend──▶ SUSPENDED
          │                      │                 │ ▲                            │
          │                      │ list, a code    │ │ confirm                    │
          │                      └──in doubt──▶ QUARANTINED                       │
          │                                        │ lift, repair ◀───────────────┤
          │                                        ▼                              │
          └─revoke (from every state)─▶ REVOKED  LIFTED ──lift anew, until its day has come──▶ LIFTED
                                                 EXPIRED ◀──its dates pass: LISTED, SUSPENDED

On paper: straight to LISTED or QUARANTINED, under the same checks (`intake`). The steps up to the listing are in
`due_process`; amendments, objections, suspensions and repair in modules of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import add_day
from credit_sanction_service.domain.duties import refreshed
from credit_sanction_service.domain.faults import (
    StateConflict,
)
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.proceedings import Ending
from credit_sanction_service.domain.terms import LiftGround, ObjectionOutcome, State
from credit_sanction_service.domain.text import DOCUMENT_NUMBER_LIMIT, REASON_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from credit_sanction_service.domain.decisions import Fixed
    from credit_sanction_service.domain.drafts import LiftDraft, RevocationDraft
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import SanctionRecord

LIFT_RULE: Final = "国办发〔2020〕49号; 国家发展改革委令第36号"
REVOKE_RULE: Final = "行政处罚法 art. 48; 河南省社会信用条例 art. 66"


def has_effect_ahead(record: SanctionRecord, today: date) -> bool:
    """Whether it was lifted for a day that has not come: until then it is what it was, and can still be what that could."""
    if record.state is not State.LIFTED or record.ending is None:
        return False
    return today < record.ending.effective_on and today <= record.last_day


def lift(
    record: SanctionRecord, draft: LiftDraft, *, today: date, law: Law, fixed: Fixed | None = None
) -> SanctionRecord:
    """
    Return the next version, LIFTED: no effect from its effective day on, which may lie behind or ahead. A lift whose day has
    not come can be lifted anew, which replaces its day and ground, a repair's only by an earlier day. `fixed` is the
    registered obligation that it names: a lift because the exit is completed needs that to be so, by then. Repair is a step
    of its own, which minimum periods bind. Raises `StateConflict`, `Invalid`.
    """
    _require_liftable(record, today)
    findings = Findings()
    ground = findings.choice("ground", draft.ground)
    if ground is LiftGround.REPAIR:
        findings.note("ground", "credit is repaired by the call Repair, which minimum periods bind", LIFT_RULE)
    if ground is LiftGround.EXIT_COMPLETED and fixed and fixed.completed_on is None:
        raise StateConflict(f"{record.obligation_name} is not completed: report its completion first ({LIFT_RULE})")
    number = findings.text("document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    day = findings.past_day("date", draft.date, today=today, rule=LIFT_RULE)
    check_document_day(record, day, findings, rule=LIFT_RULE)
    effective_on = read_effective_day(record, draft.effective_on, findings, today=today)
    if ground is LiftGround.EXIT_COMPLETED:
        check_after_completion(fixed, {"date": day, "effective_on": effective_on}, findings, rule=LIFT_RULE)
    check_not_put_off(record, effective_on, findings)
    findings.stop_if_any()
    assert ground and day and effective_on  # noqa: PT018, S101 - for the type checker
    ending = Ending(ground=ground, document_number=number, decided_on=day, effective_on=effective_on)
    lifted = replace(record, version=record.version + 1, state=State.LIFTED, ending=ending)
    return refreshed(lifted, law=law, today=today)


def check_not_put_off(record: SanctionRecord, effective_on: date | None, findings: Findings) -> None:
    """Note a day later than that from which it is repaired already."""
    before = record.ending
    if before and before.ground is LiftGround.REPAIR and effective_on and effective_on > before.effective_on:
        findings.note("effective_on", f"it is repaired from {before.effective_on} on, and not later", LIFT_RULE)


def check_after_completion(
    fixed: Fixed | None, days: Mapping[str, date | None], findings: Findings, *, rule: str
) -> None:
    """Note each day, by its field, that lies before the completion of the registered obligation that it rests on."""
    if fixed is None or fixed.completed_on is None:
        return
    for field, day in days.items():
        if day and day < fixed.completed_on:
            findings.note(field, f"{day} lies before the completion of {fixed.name} on {fixed.completed_on}", rule)


def _require_liftable(record: SanctionRecord, today: date) -> None:
    if record.state is State.LIFTED and record.ending and not has_effect_ahead(record, today):
        raise StateConflict(
            f"{record.name} is LIFTED since {record.ending.effective_on}: that cannot be changed any more ({LIFT_RULE})"
        )
    if record.state not in {State.LISTED, State.SUSPENDED, State.LIFTED}:
        raise StateConflict(
            f"{record.name} is {record.state}: only a listed or suspended record is lifted ({LIFT_RULE})"
        )
    require_running(record, today)


def check_document_day(record: SanctionRecord, day: date | None, findings: Findings, *, rule: str) -> None:
    """Note a document dated before the decision, or before that the notice, that it is about."""
    started = record.decision.decided_on if record.decision else record.notice.served_on if record.notice else None
    if day and started and day < started:
        findings.note("date", f"{day} lies before the decision or notice of {started} that it is about", rule)


def read_effective_day(record: SanctionRecord, typed: str, findings: Findings, *, today: date) -> date | None:
    """Return the first day without effect: `today` where none is given; between the first day of effect and the last."""
    effective_on = findings.day("effective_on", typed, required=False) if typed else today
    if effective_on and not record.since <= effective_on <= record.last_day:
        text = f"{effective_on} does not lie between the listing of {record.since} and the end on {record.last_day}"
        findings.note("effective_on", text, LIFT_RULE)
    return effective_on


def require_running(record: SanctionRecord, today: date) -> None:
    """Raise `StateConflict` for a record whose dates have passed, whether or not the scheduler has said so."""
    if record.state in {State.LISTED, State.SUSPENDED} and today > record.last_day:
        raise StateConflict(f"{record.name} ended on {record.last_day}: it is EXPIRED ({record.regime or LIFT_RULE})")


def revoke(
    record: SanctionRecord, draft: RevocationDraft, *, today: date, law: Law, replacement: str = ""
) -> SanctionRecord:
    """
    Return the next version, REVOKED: it never had effect. From every other state, also before a decision; an open objection
    is settled with it.
    """
    if record.state is State.REVOKED:
        raise StateConflict(f"{record.name} is REVOKED already ({REVOKE_RULE})")
    findings = Findings()
    reason = findings.text("reason", draft.reason, limit=REASON_LIMIT)
    number = findings.text("document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    day = findings.past_day("date", draft.date, today=today, rule=REVOKE_RULE)
    check_document_day(record, day, findings, rule=REVOKE_RULE)
    findings.stop_if_any()
    started = record.since if record.decision else record.notice.served_on if record.notice else today
    ending = Ending(
        reason=reason,
        document_number=number,
        decided_on=day,
        effective_on=started,
        replacement=replacement,
    )
    objection = record.objection
    if objection and record.disputed:  # what it objected to never was
        objection = replace(
            objection,
            outcome=ObjectionOutcome.REVOKED,
            document_number=number,
            decided_on=day,
            decision_reason=reason,
        )
    revoked = replace(
        record,
        version=record.version + 1,
        state=State.REVOKED,
        quarantine=None,
        ending=ending,
        objection=objection,
    )
    return refreshed(revoked, law=law, today=today)


def pass_days(record: SanctionRecord, *, today: date, law: Law) -> SanctionRecord:
    """Return the next version on a day that `next_change` named: EXPIRED once everything has ended, else the same state."""
    fresh = replace(record, version=record.version + 1)
    if record.state in {State.LISTED, State.SUSPENDED} and today > record.last_day:
        fresh = replace(fresh, state=State.EXPIRED, ending=Ending(effective_on=add_day(record.last_day)))
    return refreshed(fresh, law=law, today=today)


def next_change(record: SanctionRecord, *, after: date, law: Law) -> date | None:
    """
    Return the first day after `after` on which what targets should have, or what people are held to, may change by date
    alone; None if there is none.

    These are the days after a measure's or the publication's end, a lift that takes effect later, and those on which
    another basis answers for a measure: a penalty's years are over, a text comes into force or lapses. What is not listed and
    never can be any more, after its last day, is owed to nobody.
    """
    if record.state in {State.DECIDED, State.QUARANTINED}:
        return add_day(record.last_day) if record.last_day >= after else None
    if record.state not in {State.LISTED, State.SUSPENDED, State.LIFTED}:
        return None
    catalogue = law.catalogues[record.catalogue_edition]
    days = [add_day(record.publication_end)] if record.publication_end else []
    for measure in record.measures:
        end = record.end_of(measure)
        days.append(add_day(end))
        bases = catalogue.rows[measure.area].bases
        turns = (day for basis in bases for day in basis.turning_days(record.penalty))
        days += [day for day in turns if day <= end]
    if record.state is State.LIFTED and record.ending:
        days = [day for day in [*days, record.ending.effective_on] if day <= record.ending.effective_on]
    return min((day for day in days if day > after), default=None)
