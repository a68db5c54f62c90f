"""
Amending a record in place, and confirming the code of one in quarantine.

Read anew, and judged by today's rules, is what is amended and what hangs on it; everything else stays as it was judged when it
was taken in: a rule that has grown stricter since does not stand in the way of a correction.

| amended                          | judged anew with it                                          |
|----------------------------------|--------------------------------------------------------------|
| the decision's date              | publication, measures, notice and statements, what came after |
| the rest of the decision         | notice and statements                                        |
| the publication class            | publication, measures                                        |
| the obligation                   | whether it was overdue                                       |
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.decisions import (
    DECISION_STATES,
    DUE_PROCESS,
    check_decision,
    check_heard,
    check_overdue,
    read_decision,
)
from credit_sanction_service.domain.drafts import PenaltyDraft, RecordDraft
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
from credit_sanction_service.domain.lifecycle import has_effect_ahead, require_running
from credit_sanction_service.domain.obligations import read_obligation
from credit_sanction_service.domain.parties import (
    MOST_OTHER_IDENTIFIERS,
    check_authority,
    check_district,
    read_district,
    read_enterprise,
)
from credit_sanction_service.domain.privacy import shown
from credit_sanction_service.domain.publication import longest_end, read_measures, read_publication_end
from credit_sanction_service.domain.terms import IdentifierKind, State

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.capacity import Obligation
    from credit_sanction_service.domain.enterprises import District
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.proceedings import Decision
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
        "decision.penalty.authority",
        *(f"decision.penalty.{field.name}" for field in fields(PenaltyDraft) if "authority" not in field.name),
        "decision.cause",
        "decision.removal_conditions",
        "decision.remedies",
    }
)
AMENDABLE_UNLISTED: Final = frozenset(
    {"enterprise.name", "enterprise.former_names", "enterprise.other_identifiers", "obligation"}
)
AMEND_RULE: Final = "国办发〔2020〕49号 §八: 及时更正"
CONFIRM_RULE: Final = "GB 32100-2015; 登记机关查询结果"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """The record's fields as a draft with the amended ones already in place, and the paths that were asked for."""

    draft: RecordDraft
    paths: AbstractSet[str]


def check_paths(record: SanctionRecord, paths: AbstractSet[str], *, today: date) -> None:
    """Raise `Invalid` for a path nobody may amend, `FieldFixed` for one that listing has fixed, `StateConflict` once ended."""
    if not paths:
        raise Invalid([Violation(field="update_mask", description="it names no field", rule=FORM)])
    if record.state not in {State.LISTED, State.SUSPENDED, State.QUARANTINED} and not has_effect_ahead(record, today):
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
    Return the next version with the amended fields, read under the edition of the catalogue that the record was decided
    under. Raises as `check_paths`, and `Invalid` with every fault.
    """
    check_paths(record, amendment.paths, today=today)
    require_running(record, today)
    reading = _Reading(record, amendment, today=today, law=law)
    enterprise = record.enterprise
    if "enterprise" in reading.roots:
        enterprise = read_enterprise(amendment.draft.enterprise, reading.findings)[0] or enterprise
    obligation, decision, district = reading.obligation(), reading.decision(), reading.district()
    if obligation is not record.obligation or decision is not record.decision:
        check_overdue(obligation, decision, reading.findings, today=today, law=law)
    publication_class, publication_end = record.publication_class, record.publication_end
    if reading.touches("decision.date", "publication_class", "publication_end_date"):
        chosen = reading.findings.choice("publication_class", amendment.draft.publication_class)
        publication_class = chosen or publication_class
        publication_end = read_publication_end(
            chosen,
            reading.publication_end_date(),
            reading.findings,
            decided_on=decision.decided_on,
            regimes=law.regimes,
        )
    measures = record.measures
    if reading.touches("decision.date", "publication_class", "measures"):
        measures = read_measures(
            amendment.draft.measures,
            amendment.draft.publication_class,
            reading.findings,
            decided_on=decision.decided_on,
            catalogue=law.catalogues[record.catalogue_edition],
            regimes=law.regimes,
        )
    reading.findings.stop_if_any()
    amended = replace(
        record,
        version=record.version + 1,
        enterprise=enterprise,
        obligation=obligation,
        decision=decision,
        district=district,
        publication_class=publication_class,
        publication_end=publication_end,
        measures=measures,
        regime=law.regimes.on(decision.decided_on).name,
        reviewed_on=today if "measures" in amendment.paths else record.reviewed_on,
        warnings=_warnings(record, obligation, decision, district, law),
    )
    _require_not_over(amended, today, law)
    return refreshed(amended, law=law, today=today)


class _Reading:
    """Reads the parts of a record that an amendment names, and leaves the others as they are."""

    def __init__(self, record: SanctionRecord, amendment: Amendment, *, today: date, law: Law) -> None:
        self.findings = Findings()
        self.roots = {path.partition(".")[0] for path in amendment.paths}
        self._record = record
        self._amendment = amendment
        self._today = today
        self._law = law

    def touches(self, *paths: str) -> bool:
        """Whether one of the paths is amended, whole or as a part."""
        return any(path in self._amendment.paths or path.partition(".")[0] in self._amendment.paths for path in paths)

    def obligation(self) -> Obligation:
        """Return the obligation. Raises `FieldFixed` where it is a registered one."""
        record = self._record
        if "obligation" not in self.roots:
            return record.obligation
        if record.obligation_name:
            raise FieldFixed(f"{record.name} names {record.obligation_name}: amend that, or revoke with a replacement")
        read = read_obligation(self._amendment.draft.obligation, self.findings, today=self._today, law=self._law)
        return read or record.obligation

    def decision(self) -> Decision:
        """Return the decision, with all that has to have come before it and must not have come before."""
        record = self._record
        if "decision" not in self.roots:
            return record.ruling
        decision = read_decision(self._amendment.draft.decision, self.findings, today=self._today)
        if decision is None:
            return record.ruling
        for field in DECISION_STATES if record.notice else ():
            if f"decision.{field}" in self._amendment.paths and not getattr(decision, field):
                self.findings.note(f"decision.{field}", "it is missing: the decision has to state it", DUE_PROCESS)
        check_decision(decision, self.findings, code=judge(record.enterprise.code), obligation=record.obligation)
        if self.touches("decision.date", "decision.notice_served_on"):
            served_on, decided_on = decision.notice_served_on, decision.decided_on
            check_heard(served_on, decided_on, record.statements, self.findings, law=self._law)
            self._check_later(decided_on)
        return decision

    def _check_later(self, decided_on: date) -> None:
        record = self._record
        later = {
            "listing": record.listed_on,
            "objection": record.objection.raised_on if record.objection else None,
            "suspension": record.suspensions[0].effective_on if record.suspensions else None,
        }
        for what, day in later.items():
            if day and day < decided_on:
                self.findings.note("decision.date", f"{decided_on} lies after the {what} of {day}", AMEND_RULE)

    def publication_end_date(self) -> str:
        """Return the end as typed; empty, for the longest, where it was the longest and only what that counts from moved."""
        typed, record = self._amendment.draft.publication_end_date, self._record
        longest, _ = longest_end(record.publication_class, record.ruling.decided_on, self._law.regimes)
        return "" if record.publication_end == longest and not self.touches("publication_end_date") else typed

    def district(self) -> District:
        """Return the responsible district, valid on the day of the decision."""
        record = self._record
        if "responsible_district" not in self.roots:
            return record.district
        since = record.obligation.ordered_on
        read = read_district(self._amendment.draft.district, self.findings, default_since=since, today=self._today)
        check_district(read, self.findings, on=record.ruling.decided_on, law=self._law)
        return read or record.district


def _warnings(
    record: SanctionRecord, obligation: Obligation, decision: Decision, district: District, law: Law
) -> tuple[str, ...]:
    """Return what the register of authorities and the table of districts say of a record, faults apart."""
    found = check_authority(decision.authority, obligation, Findings(), on=decision.decided_on, law=law)
    found += check_district(district, Findings(), on=decision.decided_on, law=law)
    return (*(warning for warning in record.warnings if not warning.startswith(("认定部门", "区划"))), *found)


def _require_not_over(record: SanctionRecord, today: date, law: Law) -> None:
    """Raise `Invalid` for a record in which everything has ended: an amendment ends nothing, a lift does."""
    if record.last_day < today:
        text = f"everything in it ended on {record.last_day}, before today"
        rule = law.regimes.on(record.ruling.decided_on).rule
        raise Invalid([Violation(field="publication_end_date", description=text, rule=rule)])


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
    findings = Findings()
    typed = replace(draft.enterprise, code=judged.value, other_identifiers=others)
    enterprise, _ = read_enterprise(typed, findings)
    check_decision(record.decision, findings, code=judged, obligation=None)
    findings.stop_if_any()
    assert enterprise  # noqa: S101 - for the type checker
    confirmed = replace(
        record,
        version=record.version + 1,
        state=State.LISTED,
        enterprise=enterprise,
        quarantine=None,
        confirmation=confirmation,
        ever_listed=True,
    )
    _require_not_over(confirmed, today, law)
    return refreshed(confirmed, law=law, today=today)


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
