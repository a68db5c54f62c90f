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
`due_process`, objections, suspensions and repair in modules of their own.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import add_day
from credit_sanction_service.domain.decisions import DUE_PROCESS, Fixed
from credit_sanction_service.domain.drafts import RecordDraft
from credit_sanction_service.domain.duties import refreshed
from credit_sanction_service.domain.faults import (
    FieldFixed,
    IdentifierRefused,
    Invalid,
    StateConflict,
    Violation,
)
from credit_sanction_service.domain.findings import FORM, Findings
from credit_sanction_service.domain.identifiers import Code, Judgement, describe, judge
from credit_sanction_service.domain.intake import take_in
from credit_sanction_service.domain.parties import MOST_OTHER_IDENTIFIERS
from credit_sanction_service.domain.privacy import shown
from credit_sanction_service.domain.proceedings import Ending
from credit_sanction_service.domain.terms import IdentifierKind, LiftGround, ObjectionOutcome, State
from credit_sanction_service.domain.text import DOCUMENT_NUMBER_LIMIT, REASON_LIMIT

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.drafts import LiftDraft, RevocationDraft
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import Confirmation, SanctionRecord

AMENDABLE: Final = frozenset(
    {
        "measures",
        "publication_class",
        "publication_end_date",
        "responsible_district",
        "decision.date",
        "decision.notice_served_on",
        "decision.penalty",
        "decision.cause",
        "decision.removal_conditions",
        "decision.remedies",
    }
)
AMENDABLE_UNLISTED: Final = frozenset(
    {"enterprise.name", "enterprise.former_names", "enterprise.other_identifiers", "obligation"}
)
LIFT_RULE: Final = "国办发〔2020〕49号; 国家发展改革委令第36号"
AMEND_RULE: Final = "国办发〔2020〕49号 §八: 及时更正"
REVOKE_RULE: Final = "行政处罚法 art. 48; 河南省社会信用条例 art. 66"
CONFIRM_RULE: Final = "GB 32100-2015; 登记机关查询结果"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """The record's fields as a draft with the amended ones already in place, and the paths that were asked for."""

    draft: RecordDraft
    paths: AbstractSet[str]


def check_paths(record: SanctionRecord, paths: AbstractSet[str]) -> None:
    """Raise `Invalid` for a path nobody may amend, `FieldFixed` for one that listing has fixed, `StateConflict` once ended."""
    if not paths:
        raise Invalid([Violation(field="update_mask", description="it names no field", rule=FORM)])
    if record.state not in {State.LISTED, State.SUSPENDED, State.QUARANTINED}:
        raise StateConflict(
            f"{record.name} is {record.state}: only listed, suspended and quarantined records can be amended ({AMEND_RULE})"
        )
    if record.notice and "decision.notice_served_on" in paths:
        raise FieldFixed(f"decision.notice_served_on of {record.name} is its notice's ({DUE_PROCESS})")
    for path in sorted(paths - AMENDABLE):
        fixed = path.startswith(("decision.authority", "decision.document_number")) or (
            record.ever_listed and path.split(".")[0] in {"enterprise", "obligation"}
        )
        if path in AMENDABLE_UNLISTED and not record.ever_listed:
            continue
        if path.startswith("enterprise.code") and not record.ever_listed:
            raise FieldFixed(
                f"{shown(path)} of a quarantined record is changed by ConfirmIdentifier, with its evidence"
            )
        if fixed:
            raise FieldFixed(f"{shown(path)} of {record.name} is fixed: revoke it with a replacement")
        text = f"{shown(path)} is not a field that can be amended"
        raise Invalid([Violation(field="update_mask", description=text, rule=FORM)])


def amend(record: SanctionRecord, amendment: Amendment, *, today: date, law: Law) -> SanctionRecord:
    """
    Return the next version with the amended fields; every intake check runs anew, under the edition of the catalogue that the
    record was decided under. Raises as `check_paths` and `take_in`.
    """
    check_paths(record, amendment.paths)
    require_running(record, today)
    names_obligation = any(path.split(".")[0] == "obligation" for path in amendment.paths)
    if names_obligation and record.obligation_name:
        raise FieldFixed(f"{record.name} names {record.obligation_name}: amend that, or revoke with a replacement")
    keeps = None if names_obligation else Fixed(obligation=record.obligation, name=record.obligation_name)
    fresh = take_in(
        amendment.draft,
        record_id=record.id,
        today=today,
        law=law,
        catalogue=law.catalogues[record.catalogue_edition],
        fixed=keeps,
        confirmation=record.confirmation,
    )
    return refreshed(_carried(record, fresh), law=law, today=today)


def _carried(record: SanctionRecord, fresh: SanctionRecord) -> SanctionRecord:
    """Return the next version: what was read anew, with what only the steps of its life write."""
    decided_on = fresh.ruling.decided_on
    later = {
        "listing": record.listed_on,
        "objection": record.objection.raised_on if record.objection else None,
        "suspension": record.suspensions[0].effective_on if record.suspensions else None,
    }
    for what, day in later.items():
        if day and day < decided_on:
            text = f"{decided_on} lies after the {what} of {day}"
            raise Invalid([Violation(field="decision.date", description=text, rule=AMEND_RULE)])
    return replace(
        fresh,
        version=record.version + 1,
        state=State.SUSPENDED if record.state is State.SUSPENDED else fresh.state,
        ever_listed=record.ever_listed or fresh.ever_listed,
        replaces=record.replaces,
        notice=record.notice,
        statements=record.statements,
        listed_on=record.listed_on,
        suspensions=record.suspensions,
        objection=record.objection,
        due_days=record.due_days,
    )


def confirm(
    record: SanctionRecord,
    draft: RecordDraft,
    *,
    code: str,
    confirmation: Confirmation,
    today: date,
    law: Law,
) -> SanctionRecord:
    """
    Return the next version, LISTED under the confirmed or corrected code. The number it was quarantined under stays with
    it, so that a look-up by it finds the record, where it was an old one that can be this enterprise's: an organisation
    code inside it is the confirmed code's too. Raises `Invalid` where it has no place beside the other identifiers.
    """
    if record.state is not State.QUARANTINED:
        raise StateConflict(f"{record.name} is {record.state}: only a quarantined record is confirmed ({CONFIRM_RULE})")
    judged = judge(code)
    if judged.judgement is Judgement.REFUSED or judged.kind is not IdentifierKind.USCC:
        violation = Violation(field="code", description=describe(code, judged), rule=judged.rule or CONFIRM_RULE)
        raise IdentifierRefused([violation], likely_codes=judged.likely)
    others = _with_old_number(draft.enterprise.other_identifiers, judge(record.enterprise.code), judged)
    fresh = take_in(
        replace(draft, enterprise=replace(draft.enterprise, code=judged.value, other_identifiers=others)),
        record_id=record.id,
        today=today,
        law=law,
        catalogue=law.catalogues[record.catalogue_edition],
        fixed=Fixed(obligation=record.obligation, name=record.obligation_name),
        confirmation=confirmation,
    )
    return refreshed(_carried(record, fresh), law=law, today=today)


def _with_old_number(
    others: tuple[tuple[IdentifierKind | None, str], ...], before: Code, confirmed: Code
) -> tuple[tuple[IdentifierKind | None, str], ...]:
    """Return the other identifiers with the number before confirmation, where it is one and can be the same enterprise's."""
    kind = before.kind
    if before.organisation_code not in {"", confirmed.organisation_code}:
        # Another organisation's, unless it only looks like a tax number.
        kind = IdentifierKind.REGISTRATION_NUMBER if before.may_be(IdentifierKind.REGISTRATION_NUMBER) else None
    if kind is None or kind is IdentifierKind.USCC:
        return others
    if len(others) >= MOST_OTHER_IDENTIFIERS:
        text = (
            f"{before.value}, under which it was quarantined, stays with the record, and {len(others)} other identifiers"
            f" leave no room for it: {MOST_OTHER_IDENTIFIERS} are kept; amend enterprise.other_identifiers first"
        )
        raise Invalid([Violation(field="enterprise.other_identifiers", description=text, rule=CONFIRM_RULE)])
    return (*others, (kind, before.value))


def lift(
    record: SanctionRecord, draft: LiftDraft, *, today: date, law: Law, completed: bool | None = None
) -> SanctionRecord:
    """
    Return the next version, LIFTED: no effect from its effective day on, which may lie behind or ahead. A lift whose day has
    not come can be lifted anew, which replaces its day and ground. `completed` tells whether the registered obligation that
    it names was completed, None where it names none. Repair is a step of its own, which minimum periods bind. Raises
    `StateConflict`, `Invalid`.
    """
    _require_liftable(record, today)
    findings = Findings()
    ground = findings.choice("ground", draft.ground)
    if ground is LiftGround.REPAIR:
        findings.note("ground", "credit is repaired by the call Repair, which minimum periods bind", LIFT_RULE)
    if ground is LiftGround.EXIT_COMPLETED and completed is False:
        raise StateConflict(f"{record.obligation_name} is not completed: report its completion first ({LIFT_RULE})")
    number = findings.text("document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    day = findings.past_day("date", draft.date, today=today, rule=LIFT_RULE)
    check_document_day(record, day, findings, rule=LIFT_RULE)
    effective_on = read_effective_day(record, draft.effective_on, findings, today=today)
    findings.stop_if_any()
    assert ground and day and effective_on  # noqa: PT018, S101 - for the type checker
    ending = Ending(ground=ground, document_number=number, decided_on=day, effective_on=effective_on)
    lifted = replace(record, version=record.version + 1, state=State.LIFTED, ending=ending)
    return refreshed(lifted, law=law, today=today)


def _require_liftable(record: SanctionRecord, today: date) -> None:
    if record.state is State.LIFTED and record.ending and record.ending.effective_on <= today:
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
    another basis answers for a measure: a penalty's years are over, a text comes into force or lapses.
    """
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
