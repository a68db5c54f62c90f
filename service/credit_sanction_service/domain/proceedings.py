"""The papers of a record's proceedings: notice, statement, decision, suspension, objection, end; and the days they set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from credit_sanction_service.domain.enterprises import Authority
from credit_sanction_service.domain.terms import (
    DutyKind,
    LiftGround,
    ObjectionOutcome,
    PenaltyKind,
    StatementKind,
    SuspensionGround,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """
    A penalty decision behind the record 行政处罚决定. What follows its date is what publication asks for 双公示, empty or
    None where it was not said: `fine` and `confiscated` in 万元, `valid_until` 2099-12-31 where it is open-ended.
    `authority` is who punished, None where that is who decided on the listing.
    """

    kind: PenaltyKind
    document_number: str
    decided_on: date
    violation: str = ""
    facts: str = ""
    basis: str = ""
    content: str = ""
    fine: Decimal | None = None
    confiscated: Decimal | None = None
    licence: str = ""
    valid_until: date | None = None
    authority: Authority | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The notice of facts, basis and rights that comes before a decision 告知书 (国办发〔2020〕49号 §八)."""

    authority: Authority
    document_number: str
    served_on: date
    facts: str
    basis: str
    rights: str
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the enterprise did between notice and decision 陈述申辩、听证."""

    kind: StatementKind
    made_on: date
    summary: str = ""
    document_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision to list 列入决定. Its date is the record's first day of effect unless it was listed later."""

    authority: Authority
    document_number: str
    decided_on: date
    notice_served_on: date
    penalty: Penalty | None = None
    cause: str = ""
    removal_conditions: str = ""
    remedies: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """A time without effect by order 暂停: from `effective_on` until the day before `resumed_on`, None while it lasts."""

    ground: SuspensionGround
    document_number: str
    decided_on: date
    effective_on: date
    resumed_on: date | None = None
    resume_document_number: str = ""
    resume_decided_on: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the record rests on `day`."""
        return self.effective_on <= day and (self.resumed_on is None or day < self.resumed_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """An objection 异议, the present or the last one. `due_on` None: that year's working days are not published."""

    raised_on: date
    reason: str
    needs_others: bool
    due_on: date | None
    calendar_edition: str
    outcome: ObjectionOutcome | None = None
    document_number: str = ""
    decided_on: date | None = None
    decision_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDay:
    """A day by which people have to have done something, None where that year's working days are not published 期限."""

    kind: DutyKind
    since: date
    due_on: date | None
    calendar_edition: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a record ended. `effective_on` is its first day without effect; a revoked one never had any."""

    effective_on: date
    ground: LiftGround | None = None
    reason: str = ""
    document_number: str = ""
    decided_on: date | None = None
    replacement: str = ""
    applied_on: date | None = None
    corrected_on: date | None = None
