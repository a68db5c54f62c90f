"""What is reported of an exit, and how it is read: the interim state's four pieces, completion, active exit, withdrawal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.obligations import PLAN_RULE, SOURCE
from credit_sanction_service.domain.terms import InterimEvidenceKind
from credit_sanction_service.domain.text import APPROVER_LIMIT, DOCUMENT_NUMBER_LIMIT, REASON_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_sanction_service.domain.exit_drafts import (
        ActiveExitDraft,
        CompletionDraft,
        InterimEvidenceDraft,
        WithdrawalDraft,
    )
    from credit_sanction_service.domain.findings import Findings

INTERIM_RULE: Final = f"{SOURCE} §三(二)5"
EXIT_RULE: Final = f"{SOURCE} §三(三)6"
ACTIVE_EXIT_RULE: Final = f"{SOURCE} §四(四)"
PIECES: Final = {
    InterimEvidenceKind.POWER_AND_WATER_CUT: "断电断水、拆除动力装置",
    InterimEvidenceKind.SEALED: "封存主体设备",
    InterimEvidenceKind.PUBLIC_COMMITMENT: "公开承诺",
    InterimEvidenceKind.ANNOUNCEMENT: "市级网站公告",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimEvidence:
    """One piece of evidence that equipment was put out of use 临时封存证据; `place` of an announcement is its address."""

    kind: InterimEvidenceKind
    made_on: date
    document_number: str
    description: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """That the capacity has exited, and who verified it 退出完成."""

    completed_on: date
    document_number: str
    method: str
    verifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveExit:
    """That the enterprise exits actively 积极退出, for which lenders are to support it (长工信联字[2017]9号 §四(四))."""

    declared_on: date
    document_number: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """That the obligation was registered by mistake 撤回登记: no deadline ran (长工信联字[2017]9号 §二)."""

    withdrawn_on: date
    document_number: str
    reason: str


def read_interim(
    drafts: Sequence[InterimEvidenceDraft], findings: Findings, *, ordered_on: date, today: date
) -> tuple[InterimEvidence, ...]:
    """
    Return the four pieces, in the policy's order. Each that is missing is noted by its name, and so is one given twice: what
    lacks any of them is not sealed (长工信联字[2017]9号 §三(二)5).
    """
    if len(drafts) > len(PIECES):
        findings.note("interim", f"{len(drafts)} pieces: each of the four kinds is given once", INTERIM_RULE)
        return ()
    for kind, words in PIECES.items():
        given = sum(draft.kind is kind for draft in drafts)
        if given != 1:
            text = f"{kind} {words} is missing" if not given else f"{kind} {words} is given {given} times"
            findings.note("interim", f"{text}: only what has all four kinds of evidence is sealed", INTERIM_RULE)
    read = [
        _read_piece(draft, findings, f"interim[{place}]", ordered_on=ordered_on, today=today)
        for place, draft in enumerate(drafts)
    ]
    order = tuple(PIECES)
    return tuple(sorted((piece for piece in read if piece), key=lambda piece: order.index(piece.kind)))


def _read_piece(
    draft: InterimEvidenceDraft, findings: Findings, path: str, *, ordered_on: date, today: date
) -> InterimEvidence | None:
    kind = findings.choice(f"{path}.kind", draft.kind)
    made_on = _read_day(f"{path}.date", draft.date, findings, ordered_on=ordered_on, today=today, rule=INTERIM_RULE)
    number = findings.text(f"{path}.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    description = findings.text(f"{path}.description", draft.description, limit=REASON_LIMIT, least=0)
    place = findings.text(f"{path}.place", draft.place, limit=REASON_LIMIT, least=0)
    if kind is InterimEvidenceKind.ANNOUNCEMENT and not draft.place.strip():
        text = "it is missing: the address 公告网址 of the announcement on the city-level site is needed"
        findings.note(f"{path}.place", text, INTERIM_RULE)
    if not (kind and made_on and number):
        return None
    return InterimEvidence(kind=kind, made_on=made_on, document_number=number, description=description, place=place)


def read_dismantle_by(typed: str, findings: Findings, *, today: date) -> date | None:
    """Return the day by which what is sealed has to be dismantled 限期拆除日: it lies after the day of the report."""
    day = findings.day("dismantle_by", typed)
    if day and day <= today:
        text = f"{day} does not lie ahead (today is {today}): what is sealed is dismantled within a time that is set"
        findings.note("dismantle_by", text, INTERIM_RULE)
    return day


def read_completion(
    draft: CompletionDraft, findings: Findings, *, ordered_on: date, sealed_on: date | None, today: date
) -> Completion | None:
    """Return how it exited and who verified that. `sealed_on`: the day of the latest evidence that it was only sealed."""
    day = _read_day("completion.date", draft.date, findings, ordered_on=ordered_on, today=today, rule=EXIT_RULE)
    if day and sealed_on and day < sealed_on:
        text = f"{day} lies before {sealed_on}, when it was reported as sealed for want of being dismantled"
        findings.note("completion.date", text, INTERIM_RULE)
    number = findings.text("completion.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    method = findings.text("completion.method", draft.method, limit=REASON_LIMIT)
    verifier = findings.text("completion.verifier", draft.verifier, limit=APPROVER_LIMIT, least=2)
    if not (day and number and method and verifier):
        return None
    return Completion(completed_on=day, document_number=number, method=method, verifier=verifier)


def read_active_exit(draft: ActiveExitDraft, findings: Findings, *, ordered_on: date, today: date) -> ActiveExit | None:
    """Return the declaration."""
    path, rule = "active_exit.declared_on", ACTIVE_EXIT_RULE
    day = _read_day(path, draft.declared_on, findings, ordered_on=ordered_on, today=today, rule=rule)
    number = findings.text("active_exit.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    description = findings.text("active_exit.description", draft.description, limit=REASON_LIMIT)
    if not (day and number and description):
        return None
    return ActiveExit(declared_on=day, document_number=number, description=description)


def read_withdrawal(draft: WithdrawalDraft, findings: Findings, *, ordered_on: date, today: date) -> Withdrawal | None:
    """Return why the obligation should not have been registered, and by which document that was said."""
    day = _read_day("date", draft.date, findings, ordered_on=ordered_on, today=today, rule=PLAN_RULE)
    number = findings.text("document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    reason = findings.text("reason", draft.reason, limit=REASON_LIMIT)
    if not (day and number and reason):
        return None
    return Withdrawal(withdrawn_on=day, document_number=number, reason=reason)


def _read_day(path: str, typed: str, findings: Findings, *, ordered_on: date, today: date, rule: str) -> date | None:
    """Return a day between the order and today."""
    day = findings.past_day(path, typed, today=today, rule=rule)
    if day and day < ordered_on:
        findings.note(path, f"{day} lies before the order of {ordered_on}", rule)
        return None
    return day
