"""Reading a penalty decision 行政处罚决定, with the items that its publication asks for 双公示."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.amounts import read_amount
from credit_sanction_service.domain.parties import read_authority
from credit_sanction_service.domain.proceedings import Penalty
from credit_sanction_service.domain.text import (
    DOCUMENT_NUMBER_LIMIT,
    LICENCE_LIMIT,
    PASSAGE_LIMIT,
    PENALTY_BASIS_LIMIT,
    PENALTY_CONTENT_LIMIT,
    PENALTY_FACTS_LIMIT,
)

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from credit_sanction_service.domain.drafts import PenaltyDraft
    from credit_sanction_service.domain.enterprises import Authority
    from credit_sanction_service.domain.findings import Findings

PUBLICITY: Final = "发改办财金〔2018〕424号"
MONEY_PLACES: Final = 6  # CF_NR_FK, CF_NR_WFFF N(18,6)


def read_penalty(draft: PenaltyDraft, findings: Findings, *, today: date) -> Penalty | None:
    """
    Return the penalty decision, None where its kind, number or date is missing. All else may be left out: only a target
    that takes penalty decisions item by item asks for it.
    """
    path = "decision.penalty"
    kind = findings.choice(f"{path}.kind", draft.kind)
    number = findings.text(f"{path}.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    day = findings.past_day(f"{path}.date", draft.date, today=today)
    violation = findings.text(f"{path}.violation", draft.violation, limit=PASSAGE_LIMIT, least=0)
    facts = findings.text(f"{path}.facts", draft.facts, limit=PENALTY_FACTS_LIMIT, least=0)
    basis = findings.text(f"{path}.basis", draft.basis, limit=PENALTY_BASIS_LIMIT, least=0)
    content = findings.text(f"{path}.content", draft.content, limit=PENALTY_CONTENT_LIMIT, least=0)
    fine = _read_money(f"{path}.fine", draft.fine, findings)
    confiscated = _read_money(f"{path}.confiscated", draft.confiscated, findings)
    licence = findings.text(f"{path}.licence", draft.licence, limit=LICENCE_LIMIT, least=0)
    # Open-ended ones say 2099-12-31, which is also the last day that is taken.
    valid_until = findings.day(f"{path}.valid_until", draft.valid_until, required=False)
    if day and valid_until and valid_until < day:
        findings.note(f"{path}.valid_until", f"{valid_until} lies before the penalty decision of {day}", PUBLICITY)
    authority = _read_authority(draft, findings)
    if not (kind and number and day):
        return None
    return Penalty(
        kind=kind,
        document_number=number,
        decided_on=day,
        violation=violation,
        facts=facts,
        basis=basis,
        content=content,
        fine=fine,
        confiscated=confiscated,
        licence=licence,
        valid_until=valid_until,
        authority=authority,
    )


def _read_authority(draft: PenaltyDraft, findings: Findings) -> Authority | None:
    """Return who punished. Any authority may, so it need not lead the obligation's standard as who lists has to."""
    code, name = draft.authority_code.strip(), draft.authority_name.strip()
    return read_authority(code, name, findings, "decision.penalty.authority") if code or name else None


def _read_money(field: str, typed: str, findings: Findings) -> Decimal | None:
    amount = read_amount(field, typed, findings, places=MONEY_PLACES, like="2.5 (万元)") if typed else None
    return amount or None  # lists say 0 of who was not fined
