"""
The sanction record 惩戒记录 and its parts, as values that cannot be built wrong.

They are built from what callers typed by `intake`, which names every fault and judges the codes. The checks here are the
last line, for code, and hold for what older releases stored: a rule that grows stricter must not make a store unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from credit_sanction_service.domain.capacity import Obligation
from credit_sanction_service.domain.enterprises import Authority, District, Enterprise
from credit_sanction_service.domain.proceedings import (
    Decision,
    DueDay,
    Ending,
    Notice,
    Objection,
    Penalty,
    Statement,
    Suspension,
)
from credit_sanction_service.domain.terms import Area, PublicationClass, State
from credit_sanction_service.domain.text import name_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """
    One area with the last day of its measure; what it demands is the catalogue's. `end` is None where the measure ends with
    the record's publication and moves with it: `SanctionRecord.end_of` tells the day.
    """

    area: Area
    end: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Why the identifier is in doubt."""

    reason: str
    rule: str
    likely: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """How a code in doubt was confirmed."""

    evidence: str
    document_number: str
    confirmed_on: date


UNDECIDED = frozenset({State.NOTICE_SERVED})
UNLISTED = frozenset({State.NOTICE_SERVED, State.DECIDED})
ENDED = frozenset({State.LIFTED, State.REVOKED, State.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class SanctionRecord:
    """
    A sanction record 惩戒记录: one overdue obligation, one decision. `id` is opaque; versions count from 1.

    Between notice and decision it has a notice and no decision; of an authority that did the process on paper it has a
    decision and no notice. `listed_on` is the day it was listed where that was a step of its own, `reviewed_on` the day on
    which its measures were last amended, and with that reviewed.
    """

    id: str
    version: int
    state: State
    enterprise: Enterprise
    obligation: Obligation
    decision: Decision | None
    district: District
    measures: tuple[Measure, ...]
    publication_class: PublicationClass
    publication_end: date | None
    catalogue_edition: str
    ever_listed: bool
    quarantine: Quarantine | None = None
    confirmation: Confirmation | None = None
    ending: Ending | None = None
    replaces: str = ""
    warnings: tuple[str, ...] = ()
    obligation_name: str = ""
    regime: str = ""
    notice: Notice | None = None
    statements: tuple[Statement, ...] = ()
    listed_on: date | None = None
    suspensions: tuple[Suspension, ...] = ()
    objection: Objection | None = None
    due_days: tuple[DueDay, ...] = ()
    reviewed_on: date | None = None

    def __post_init__(self) -> None:
        if not self.measures:
            raise ValueError("a record has at least one measure")
        if self.decision is None and self.notice is None:
            raise ValueError("a record has a notice or a decision")
        if self.decision is None and self.state not in UNDECIDED | {State.REVOKED}:
            raise ValueError("only a record that was decided is anything beyond a notice")
        if self.decision and self.publication_end is None and any(measure.end is None for measure in self.measures):
            raise ValueError("a measure of a record that is not published has an end of its own")
        if (self.state is State.QUARANTINED) != (self.quarantine is not None):
            raise ValueError("quarantined and only quarantined records say why")
        if (self.state in ENDED) != (self.ending is not None):
            raise ValueError("ended and only ended records say how")
        rests = bool(self.suspensions) and self.suspensions[-1].resumed_on is None
        if self.state not in ENDED and (self.state is State.SUSPENDED) != rests:
            raise ValueError("suspended and only suspended records rest")

    @property
    def name(self) -> str:
        """The resource name."""
        return f"sanctionRecords/{self.id}"

    @property
    def authority(self) -> Authority:
        """Who decided, or before that served the notice."""
        source = self.decision or self.notice
        if source is None:
            raise ValueError(f"{self.name} has neither notice nor decision")
        return source.authority

    @property
    def ruling(self) -> Decision:
        """The decision of a record that has one."""
        if self.decision is None:
            raise ValueError(f"{self.name} is not decided")
        return self.decision

    @property
    def penalty(self) -> Penalty | None:
        """The penalty decision behind it, if there is one."""
        return self.decision.penalty if self.decision else None

    @property
    def since(self) -> date:
        """The first day of effect of a record that was decided: that of its listing."""
        return self.listed_on or self.ruling.decided_on

    @property
    def ended_on(self) -> date | None:
        """The first day without effect of one that was lifted or has expired; None while it has not ended."""
        return self.ending.effective_on if self.ending else None

    @property
    def disputed(self) -> bool:
        """Whether an objection is open 异议标注."""
        return self.objection is not None and self.objection.outcome is None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """
        What no two records that are not revoked share: authority, document number, enterprise, obligation item. Number and
        item are folded: two spellings of one, by width, brackets, case or spaces, are one. Before the decision the number
        is the notice's.
        """
        number = self.decision.document_number if self.decision else f"告知:{self.notice.document_number}"  # type: ignore[union-attr] # one of the two is there
        return (self.authority.code, name_key(number), self.enterprise.code, name_key(self.obligation.item))

    def end_of(self, measure: Measure) -> date:
        """Return the last day of one of its measures: the measure's own, else that of the publication."""
        end = measure.end or self.publication_end
        if end is None:
            raise ValueError(f"{measure.area} has no end in {self.name}")
        return end

    @property
    def last_day(self) -> date:
        """The last day on which it has any effect or is published."""
        ends = {measure.end or self.publication_end for measure in self.measures}
        known = [end for end in (*ends, self.publication_end) if end]
        if None in ends:
            raise ValueError(f"a measure of {self.name} has no end")
        return max(known)

    def rests_on(self, day: date) -> bool:
        """Whether it is suspended on `day`."""
        return any(suspension.covers(day) for suspension in self.suspensions)
