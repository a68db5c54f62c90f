"""
Credit repair 信用修复: not before the least period of the class, counted from the document's date; it ends publication,
sharing and measures together (国办发〔2025〕22号; 国家发展改革委令第36号).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.duties import refreshed
from credit_sanction_service.domain.faults import StateConflict, TooEarly
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.lifecycle import (
    check_after_completion,
    check_document_day,
    check_not_put_off,
    has_effect_ahead,
    read_effective_day,
    require_running,
)
from credit_sanction_service.domain.proceedings import Ending
from credit_sanction_service.domain.publication import earliest_repair
from credit_sanction_service.domain.terms import LiftGround, State
from credit_sanction_service.domain.text import DOCUMENT_NUMBER_LIMIT

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.decisions import Fixed
    from credit_sanction_service.domain.drafts import RepairDraft
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import SanctionRecord

REPAIR: Final = "国办发〔2025〕22号; 国家发展改革委令第36号(信用修复管理办法)"


def repair(
    record: SanctionRecord, draft: RepairDraft, *, today: date, law: Law, fixed: Fixed | None = None
) -> SanctionRecord:
    """
    Return the next version, LIFTED by repair. `fixed` is the registered obligation that it names, which must be
    completed by then. Raises `TooEarly` before the least period has passed, `StateConflict`, `Invalid`.
    """
    if record.state not in {State.LISTED, State.SUSPENDED} and not has_effect_ahead(record, today):
        raise StateConflict(
            f"{record.name} is {record.state}: only a listed or suspended record is repaired ({REPAIR})"
        )
    require_running(record, today)
    if fixed and fixed.completed_on is None:
        raise StateConflict(
            f"{record.obligation_name} is not completed: who has not corrected cannot repair ({REPAIR})"
        )
    findings = Findings()
    applied_on = findings.past_day("applied_on", draft.applied_on, today=today, rule=REPAIR)
    corrected_on = findings.past_day("corrected_on", draft.corrected_on, today=today, rule=REPAIR)
    number = findings.text("document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    day = findings.past_day("date", draft.date, today=today, rule=REPAIR)
    if applied_on and day and applied_on > day:
        findings.note("applied_on", f"{applied_on} lies after the repair decision of {day}", REPAIR)
    if corrected_on and applied_on and corrected_on > applied_on:
        findings.note("corrected_on", f"{corrected_on} lies after the application of {applied_on}", REPAIR)
    if corrected_on and corrected_on < record.obligation.ordered_on:
        text = f"{corrected_on} lies before the order of {record.obligation.ordered_on}: there was nothing to correct"
        findings.note("corrected_on", text, REPAIR)
    check_after_completion(fixed, {"corrected_on": corrected_on}, findings, rule=REPAIR)
    check_document_day(record, day, findings, rule=REPAIR)
    effective_on = read_effective_day(record, draft.effective_on, findings, today=today)
    check_not_put_off(record, effective_on, findings)
    findings.stop_if_any()
    assert applied_on and day and effective_on  # noqa: PT018, S101 - for the type checker
    earliest, rule = earliest_repair(record.publication_class, record.ruling.decided_on, law.regimes)
    if min(applied_on, effective_on) < earliest:
        raise TooEarly(
            f"{record.name}, {record.publication_class}: repair cannot be applied for", earliest=earliest, rule=rule
        )
    ending = Ending(
        ground=LiftGround.REPAIR,
        document_number=number,
        decided_on=day,
        effective_on=effective_on,
        applied_on=applied_on,
        corrected_on=corrected_on,
    )
    repaired = replace(record, version=record.version + 1, state=State.LIFTED, ending=ending)
    return refreshed(repaired, law=law, today=today)
