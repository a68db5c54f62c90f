"""
What may happen to a record after intake, as pure steps from one version to the next.

    QUARANTINED ──confirm──▶ LISTED ──lift──▶ LIFTED ──lift anew, until its day has come──▶ LIFTED
         │                     ├──its dates pass──▶ EXPIRED
         └──────revoke─────────┴──revoke (also of lifted and expired)──▶ REVOKED
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import add_day
from credit_sanction_service.domain.drafts import RecordDraft
from credit_sanction_service.domain.faults import (
    FieldFixed,
    IdentifierRefused,
    Invalid,
    StateConflict,
    Violation,
)
from credit_sanction_service.domain.findings import FORM, Findings
from credit_sanction_service.domain.identifiers import Code, Judgement, describe, judge
from credit_sanction_service.domain.intake import MOST_OTHER_IDENTIFIERS, take_in
from credit_sanction_service.domain.measures import shipped
from credit_sanction_service.domain.privacy import shown
from credit_sanction_service.domain.records import Ending
from credit_sanction_service.domain.terms import IdentifierKind, State
from credit_sanction_service.domain.text import DOCUMENT_NUMBER_LIMIT, REASON_LIMIT

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.drafts import LiftDraft, RevocationDraft
    from credit_sanction_service.domain.measures import Catalogue
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
    }
)
AMENDABLE_UNLISTED: Final = frozenset(
    {"enterprise.name", "enterprise.former_names", "enterprise.other_identifiers", "obligation"}
)
LIFT_RULE: Final = "国办发〔2020〕49号; 国家发展改革委令第36号"
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
    if record.state not in {State.LISTED, State.QUARANTINED}:
        raise StateConflict(f"{record.name} is {record.state}: only listed and quarantined records can be amended")
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


def amend(record: SanctionRecord, amendment: Amendment, *, today: date, catalogue: Catalogue) -> SanctionRecord:
    """Return the next version with the amended fields; every intake check runs anew. Raises as `check_paths` and `take_in`."""
    check_paths(record, amendment.paths)
    _require_running(record, today)
    fresh = take_in(
        amendment.draft,
        record_id=record.id,
        today=today,
        catalogue=catalogue,
        confirmation=record.confirmation,
    )
    return replace(
        fresh,
        version=record.version + 1,
        ever_listed=record.ever_listed or fresh.ever_listed,
        disputed=record.disputed,
        replaces=record.replaces,
    )


def confirm(
    record: SanctionRecord,
    draft: RecordDraft,
    *,
    code: str,
    confirmation: Confirmation,
    today: date,
    catalogue: Catalogue,
) -> SanctionRecord:
    """
    Return the next version, LISTED under the confirmed or corrected code. The number it was quarantined under stays with
    it, so that a look-up by it finds the record, where it was an old one that can be this enterprise's: an organisation
    code inside it is the confirmed code's too. Raises `Invalid` where it has no place beside the other identifiers.
    """
    if record.state is not State.QUARANTINED:
        raise StateConflict(f"{record.name} is {record.state}: only a quarantined record is confirmed")
    judged = judge(code)
    if judged.judgement is Judgement.REFUSED or judged.kind is not IdentifierKind.USCC:
        violation = Violation(field="code", description=describe(code, judged), rule=judged.rule or CONFIRM_RULE)
        raise IdentifierRefused([violation], likely_codes=judged.likely)
    others = _with_old_number(draft.enterprise.other_identifiers, judge(record.enterprise.code), judged)
    fresh = take_in(
        replace(draft, enterprise=replace(draft.enterprise, code=judged.value, other_identifiers=others)),
        record_id=record.id,
        today=today,
        catalogue=catalogue,
        confirmation=confirmation,
    )
    return replace(fresh, version=record.version + 1, disputed=record.disputed, replaces=record.replaces)


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


def lift(record: SanctionRecord, draft: LiftDraft, *, today: date) -> SanctionRecord:
    """
    Return the next version, LIFTED: no effect from its effective day on, which may lie behind or ahead. A lift whose day has
    not come can be lifted anew, which replaces its day and ground. Raises `StateConflict`, `Invalid`.
    """
    if record.state is State.LIFTED and record.ending and record.ending.effective_on <= today:
        raise StateConflict(
            f"{record.name} is LIFTED since {record.ending.effective_on}: that cannot be changed any more"
        )
    if record.state not in {State.LISTED, State.LIFTED}:
        raise StateConflict(f"{record.name} is {record.state}: only a listed record is lifted")
    _require_running(record, today)
    findings = Findings()
    ground = findings.choice("ground", draft.ground)
    number = findings.text("document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    day = findings.past_day("date", draft.date, today=today, rule=LIFT_RULE)
    if day and day < record.decision.decided_on:
        findings.note(
            "date", f"{day} lies before the decision of {record.decision.decided_on} that it lifts", LIFT_RULE
        )
    effective_on = findings.day("effective_on", draft.effective_on, required=False) if draft.effective_on else today
    if effective_on and not record.decision.decided_on <= effective_on <= record.last_day:
        findings.note(
            "effective_on",
            f"{effective_on} does not lie between the decision of {record.decision.decided_on} and the end on {record.last_day}",
            LIFT_RULE,
        )
    findings.stop_if_any()
    assert ground and day and effective_on  # noqa: PT018, S101 - for the type checker
    ending = Ending(ground=ground, document_number=number, decided_on=day, effective_on=effective_on)
    return replace(record, version=record.version + 1, state=State.LIFTED, ending=ending)


def _require_running(record: SanctionRecord, today: date) -> None:
    """Raise `StateConflict` for a record whose dates have passed, whether or not the scheduler has said so."""
    if record.state is State.LISTED and today > record.last_day:
        raise StateConflict(f"{record.name} ended on {record.last_day}: it is EXPIRED")


def revoke(record: SanctionRecord, draft: RevocationDraft, *, today: date, replacement: str = "") -> SanctionRecord:
    """Return the next version, REVOKED: it never had effect. Lifted and expired records can be revoked too."""
    if record.state is State.REVOKED:
        raise StateConflict(f"{record.name} is REVOKED already")
    findings = Findings()
    reason = findings.text("reason", draft.reason, limit=REASON_LIMIT)
    number = findings.text("document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    day = findings.past_day("date", draft.date, today=today, rule=REVOKE_RULE)
    findings.stop_if_any()
    ending = Ending(
        reason=reason,
        document_number=number,
        decided_on=day,
        effective_on=record.decision.decided_on,
        replacement=replacement,
    )
    return replace(record, version=record.version + 1, state=State.REVOKED, quarantine=None, ending=ending)


def pass_days(record: SanctionRecord, *, today: date) -> SanctionRecord:
    """Return the next version on a day that `next_change` named: EXPIRED once everything has ended, else the same state."""
    if record.state is State.LISTED and today > record.last_day:
        ending = Ending(effective_on=add_day(record.last_day))
        return replace(record, version=record.version + 1, state=State.EXPIRED, ending=ending)
    return replace(record, version=record.version + 1)


def next_change(record: SanctionRecord, *, after: date) -> date | None:
    """
    Return the first day after `after` on which what targets should have may change by date alone; None if there is none.

    These are the days after a measure's or the publication's end, a lift that takes effect later, and those on which
    another basis answers for a measure: a penalty's years are over, a text comes into force or lapses.
    """
    if record.state not in {State.LISTED, State.LIFTED}:
        return None
    catalogue = shipped()[record.catalogue_edition]
    days = [add_day(record.publication_end)] if record.publication_end else []
    for measure in record.measures:
        end = record.end_of(measure)
        days.append(add_day(end))
        bases = catalogue.rows[measure.area].bases
        turns = (day for basis in bases for day in basis.turning_days(record.decision.penalty))
        days += [day for day in turns if day <= end]
    if record.state is State.LIFTED and record.ending:
        days = [day for day in [*days, record.ending.effective_on] if day <= record.ending.effective_on]
    return min((day for day in days if day > after), default=None)
