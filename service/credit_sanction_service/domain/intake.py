"""Intake: from what a caller typed to a sanction record, listed or quarantined, or to every fault at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.decisions import (
    Fixed,
    check_completed,
    check_decision,
    check_heard,
    check_overdue,
    read_decision,
    read_statements,
)
from credit_sanction_service.domain.duties import refreshed
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.identifiers import Judgement
from credit_sanction_service.domain.obligations import read_obligation
from credit_sanction_service.domain.parties import (
    check_authority,
    check_district,
    quarantine_of,
    read_district,
    read_enterprise,
)
from credit_sanction_service.domain.publication import read_measures, read_publication_end
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.domain.terms import State

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.drafts import RecordDraft
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.measures import Catalogue
    from credit_sanction_service.domain.records import Confirmation

OBLIGATION_NAMED: Final = "长工信联字[2017]9号 §二: 一项退出任务，一条记录"


def take_in(
    draft: RecordDraft,
    *,
    record_id: str,
    today: date,
    law: Law,
    catalogue: Catalogue | None = None,
    fixed: Fixed | None = None,
    confirmation: Confirmation | None = None,
    replaces: str = "",
) -> SanctionRecord:
    """
    Return the record at version 1: LISTED, or QUARANTINED where its code is in doubt and `confirmation` does not settle it.

    Raises `Invalid` with every fault: a field of the wrong form, a code that no enterprise can have, a number of another
    organisation, an obligation that is not overdue (its last day, extension included, must have passed before the
    decision), a notice not served between order and decision, a decision before the enterprise could state its case, an
    authority that does not lead or would list itself, a publication longer than its class allows, an area that the
    catalogue does not know. `CalendarNotPublished` where nobody can tell yet whether the obligation is overdue.
    """
    findings = Findings()
    enterprise, code = read_enterprise(draft.enterprise, findings)
    obligation = fixed.obligation if fixed else read_obligation(draft.obligation, findings, today=today, law=law)
    decision = read_decision(draft.decision, findings, today=today)
    check_overdue(obligation, decision, findings, today=today, law=law)
    check_decision(decision, findings, code=code, obligation=obligation)
    check_completed(fixed, decision, findings)
    since = obligation.ordered_on if obligation else today
    district = read_district(draft.district, findings, default_since=since, today=today)
    statements = read_statements(draft.statements, findings, today=today)
    if decision:
        check_heard(decision.notice_served_on, decision.decided_on, statements, findings, law=law)
    decided_on = decision.decided_on if decision else None
    on = decided_on or today
    warnings = check_authority(decision.authority if decision else None, obligation, findings, on=on, law=law)
    warnings += check_district(district, findings, on=on, law=law)
    publication_class = findings.choice("publication_class", draft.publication_class)
    chosen = catalogue or law.catalogue_on(on)
    publication_end = read_publication_end(
        publication_class, draft.publication_end_date, findings, decided_on=decided_on, regimes=law.regimes
    )
    measures = read_measures(
        draft.measures, publication_class, findings, decided_on=decided_on, catalogue=chosen, regimes=law.regimes
    )
    findings.stop_if_any()
    assert enterprise and obligation and decision and district and publication_class  # noqa: PT018, S101 - for the type checker
    doubt = code.judgement is Judgement.QUARANTINED and confirmation is None
    record = SanctionRecord(
        id=record_id,
        version=1,
        state=State.QUARANTINED if doubt else State.LISTED,
        enterprise=enterprise,
        obligation=obligation,
        obligation_name=fixed.name if fixed else "",
        decision=decision,
        district=district,
        measures=measures,
        publication_class=publication_class,
        publication_end=publication_end,
        catalogue_edition=chosen.edition,
        regime=law.regimes.on(decision.decided_on).name,
        ever_listed=not doubt,
        quarantine=quarantine_of(code) if doubt else None,
        confirmation=confirmation,
        replaces=replaces,
        statements=statements,
        warnings=tuple(warnings),
    )
    if record.last_day < today:
        text = f"everything in it ended on {record.last_day}, before today"
        findings.note("publication_end_date", text, law.regimes.on(decision.decided_on).rule)
        findings.stop_if_any()
    return refreshed(record, law=law, today=today)
