"""Intake: from what a caller typed to a sanction record, listed or quarantined, or to every fault at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.identifiers import (
    GB_11714,
    GB_32100,
    Code,
    Judgement,
    describe,
    judge,
    organisation_code_in,
)
from credit_sanction_service.domain.obligations import read_obligation
from credit_sanction_service.domain.privacy import PRIVACY, shown
from credit_sanction_service.domain.publication import ORDER_36, read_measures, read_publication_end
from credit_sanction_service.domain.records import (
    Authority,
    Confirmation,
    Decision,
    District,
    Enterprise,
    OtherIdentifier,
    Penalty,
    Quarantine,
    SanctionRecord,
)
from credit_sanction_service.domain.terms import IdentifierKind, State
from credit_sanction_service.domain.text import (
    DISTRICT_NAME_LIMIT,
    DOCUMENT_NUMBER_LIMIT,
    NAME_LIMIT,
    OTHER_IDENTIFIER_LIMIT,
    REASON_LIMIT,
    name_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from credit_sanction_service.domain.drafts import (
        ConfirmationDraft,
        DecisionDraft,
        DistrictDraft,
        EnterpriseDraft,
        PenaltyDraft,
        RecordDraft,
    )
    from credit_sanction_service.domain.measures import Catalogue
    from credit_sanction_service.domain.records import Obligation

DUE_PROCESS: Final = "国办发〔2020〕49号 §八; 吉林省社会信用条例"
OVERDUE: Final = "长工信联字[2017]9号 §四(八): 未按期完成"
MOST_FORMER_NAMES: Final = 20
MOST_OTHER_IDENTIFIERS: Final = 10


def take_in(
    draft: RecordDraft,
    *,
    record_id: str,
    today: date,
    catalogue: Catalogue,
    confirmation: Confirmation | None = None,
    replaces: str = "",
) -> SanctionRecord:
    """
    Return the record at version 1: LISTED, or QUARANTINED where its code is in doubt and `confirmation` does not settle it.

    Raises `Invalid` with every fault: a field of the wrong form, a code that no enterprise can have, a number of another
    organisation, an obligation that is not overdue (its last day, extension included, must have passed before the
    decision), a notice not served between order and decision, an authority that would list itself, a publication longer
    than its class allows, an area that the catalogue does not know.
    """
    findings = Findings()
    enterprise, code = read_enterprise(draft.enterprise, findings)
    obligation = read_obligation(draft.obligation, findings, today=today)
    decision = read_decision(draft.decision, findings, today=today)
    check_overdue(obligation, decision, findings, today=today)
    check_decision(decision, findings, code=code, obligation=obligation)
    since = obligation.ordered_on if obligation else today
    district = read_district(draft.district, findings, default_since=since, today=today)
    publication_class = findings.choice("publication_class", draft.publication_class)
    decided_on = decision.decided_on if decision else None
    publication_end = read_publication_end(draft, findings, decided_on=decided_on)
    measures = read_measures(draft, findings, decided_on=decided_on, catalogue=catalogue)
    findings.stop_if_any()
    assert enterprise and obligation and decision and district and publication_class  # noqa: PT018, S101 - for the type checker
    doubt = code.judgement is Judgement.QUARANTINED and confirmation is None
    record = SanctionRecord(
        id=record_id,
        version=1,
        state=State.QUARANTINED if doubt else State.LISTED,
        enterprise=enterprise,
        obligation=obligation,
        decision=decision,
        district=district,
        measures=measures,
        publication_class=publication_class,
        publication_end=publication_end,
        catalogue_edition=catalogue.edition,
        ever_listed=not doubt,
        quarantine=Quarantine(reason=code.reason, rule=code.rule, likely=code.likely) if doubt else None,
        confirmation=confirmation,
        replaces=replaces,
    )
    if record.last_day < today:
        findings.note("publication_end_date", f"everything in it ended on {record.last_day}, before today", ORDER_36)
        findings.stop_if_any()
    return record


def read_enterprise(draft: EnterpriseDraft, findings: Findings) -> tuple[Enterprise | None, Code]:
    """Return the enterprise with its code judged."""
    code = judge(draft.code)
    if code.judgement is Judgement.REFUSED:
        findings.note_refused_code("enterprise.code", describe(draft.code, code), code.rule, code.likely)
    name = findings.text("enterprise.name", draft.name, limit=NAME_LIMIT, least=2)
    if len(draft.former_names) > MOST_FORMER_NAMES:
        findings.note("enterprise.former_names", f"at most {MOST_FORMER_NAMES} are taken")
    former = tuple(
        findings.text(f"enterprise.former_names[{number}]", value, limit=NAME_LIMIT, least=2)
        for number, value in enumerate(draft.former_names[:MOST_FORMER_NAMES])
    )
    others = _read_other_identifiers(draft, findings, code)
    if not name or code.judgement is Judgement.REFUSED:
        return None, code
    distinct = {name_key(value): value for value in reversed(former) if name_key(value) != name_key(name)}
    enterprise = Enterprise(
        code=code.value, name=name, former_names=tuple(reversed(distinct.values())), other_identifiers=others
    )
    return enterprise, code


def _read_other_identifiers(draft: EnterpriseDraft, findings: Findings, main: Code) -> tuple[OtherIdentifier, ...]:
    if len(draft.other_identifiers) > MOST_OTHER_IDENTIFIERS:
        findings.note("enterprise.other_identifiers", f"at most {MOST_OTHER_IDENTIFIERS} are taken")
    found: dict[str, OtherIdentifier] = {}
    for number, (kind, text) in enumerate(draft.other_identifiers[:MOST_OTHER_IDENTIFIERS]):
        field = f"enterprise.other_identifiers[{number}]"
        chosen = findings.choice(f"{field}.kind", kind)
        code = judge(text)
        if code.rule == PRIVACY:
            findings.note_refused_code(f"{field}.value", describe(text, code), PRIVACY, ())
            continue
        value = findings.text(f"{field}.value", text, limit=OTHER_IDENTIFIER_LIMIT)
        if not chosen or not value:
            continue
        inside = organisation_code_in(chosen, code.value)
        if chosen is IdentifierKind.USCC or not code.may_be(chosen):
            reason = code.reason or "it is a unified social credit code, which belongs in enterprise.code"
            findings.note_refused_code(f"{field}.value", f"{shown(value)} is not a {chosen}: {reason}", GB_32100, ())
        elif inside and main.certain_organisation_code not in {"", inside}:
            reason = (
                f"the enterprise's code has the organisation code {main.certain_organisation_code}, this has {inside}"
            )
            findings.note_refused_code(f"{field}.value", reason, f"{GB_32100}; {GB_11714}", ())
        elif code.value != main.value:
            found[code.value] = OtherIdentifier(kind=chosen, value=code.value)
    return tuple(found.values())


def read_decision(draft: DecisionDraft, findings: Findings, *, today: date) -> Decision | None:
    """Return the decision, with a notice served on or before its day (国办发〔2020〕49号 §八)."""
    authority = judge(draft.authority_code)
    if authority.judgement is not Judgement.ACCEPTED:
        findings.note_refused_code(
            "decision.authority.code",
            describe(draft.authority_code, authority),
            authority.rule,
            authority.likely,
        )
    name = findings.text("decision.authority.name", draft.authority_name, limit=NAME_LIMIT, least=2)
    number = findings.text("decision.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    decided_on = findings.past_day("decision.date", draft.date, today=today, rule=DUE_PROCESS)
    served_on = findings.past_day("decision.notice_served_on", draft.notice_served_on, today=today, rule=DUE_PROCESS)
    if decided_on and served_on and served_on > decided_on:
        findings.note(
            "decision.notice_served_on",
            f"{served_on} lies after the decision of {decided_on}: nothing is listed without notice before",
            DUE_PROCESS,
        )
    penalty = _read_penalty(draft.penalty, findings, today=today) if draft.penalty else None
    if authority.judgement is not Judgement.ACCEPTED or not (name and number and decided_on and served_on):
        return None
    return Decision(
        authority=Authority(code=authority.value, name=name),
        document_number=number,
        decided_on=decided_on,
        notice_served_on=served_on,
        penalty=penalty,
    )


def _read_penalty(draft: PenaltyDraft, findings: Findings, *, today: date) -> Penalty | None:
    kind = findings.choice("decision.penalty.kind", draft.kind)
    number = findings.text("decision.penalty.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    day = findings.past_day("decision.penalty.date", draft.date, today=today)
    return Penalty(kind=kind, document_number=number, decided_on=day) if kind and number and day else None


def check_overdue(obligation: Obligation | None, decision: Decision | None, findings: Findings, *, today: date) -> None:
    """Note an obligation whose last day has not passed, today or on the day of the decision."""
    if obligation is None:
        return
    if obligation.last_day >= today:
        text = f"its last day {obligation.last_day} has not passed (today is {today}): it is not overdue"
        findings.note_not_overdue("obligation.due_on", text, OVERDUE)
    elif decision and decision.decided_on <= obligation.last_day:
        text = f"{decision.decided_on} lies on or before the obligation's last day {obligation.last_day}"
        findings.note("decision.date", f"{text}: it was not overdue yet", OVERDUE)


def check_decision(decision: Decision | None, findings: Findings, *, code: Code, obligation: Obligation | None) -> None:
    """Note a notice older than the obligation it is about, and an authority that is the enterprise itself."""
    if decision is None:
        return
    if obligation and decision.notice_served_on < obligation.ordered_on:
        text = f"{decision.notice_served_on} lies before the order of {obligation.ordered_on}: nothing was overdue to notify of"
        findings.note("decision.notice_served_on", text, DUE_PROCESS)
    if code.certain_organisation_code == judge(decision.authority.code).organisation_code:
        findings.note("enterprise.code", "it is the authority's own: nobody decides about himself", GB_32100)


def read_district(draft: DistrictDraft, findings: Findings, *, default_since: date, today: date) -> District | None:
    """Return the responsible district. Its code is checked for form only: development zones are not in GB/T 2260."""
    code = draft.code.strip()
    if not (len(code) == 6 and code.isascii() and code.isdigit()):  # noqa: PLR2004 - the length that the standard says
        findings.note("responsible_district.code", f"{shown(code)} is not six digits", "GB/T 2260")
    name = findings.text("responsible_district.name", draft.name, limit=DISTRICT_NAME_LIMIT, least=2)
    since = findings.past_day("responsible_district.since", draft.since, today=today, required=False) or default_since
    return District(code=code, name=name, since=since) if name else None


def name_warnings(names: Sequence[str], others: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """
    Return a sentence for each other record's name that `names` do not explain. Each sequence holds the present name of an
    enterprise of one code, then its former ones: where two of them share any name, one is the other renamed.
    """
    keys = {name_key(name) for name in names}
    unlike = {name_key(other[0]): other[0] for other in others if keys.isdisjoint(name_key(name) for name in other)}
    return tuple(f"企业名称与其他记录不一致: another record has this code as {name}" for name in unlike.values())


def read_confirmation(draft: ConfirmationDraft, *, today: date) -> Confirmation:
    """Return how a code was confirmed. Raises `Invalid`."""
    findings = Findings()
    evidence = findings.text("confirmation.evidence", draft.evidence, limit=REASON_LIMIT)
    number = findings.text("confirmation.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT, least=0)
    day = findings.past_day("confirmation.confirmed_on", draft.confirmed_on, today=today)
    findings.stop_if_any()
    assert day  # noqa: S101 - for the type checker
    return Confirmation(evidence=evidence, document_number=number, confirmed_on=day)
