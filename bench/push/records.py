"""Records of enterprises that do not exist, whose pushes take 2 KB."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.drafts import (
    ApprovalDraft,
    DecisionDraft,
    DistrictDraft,
    EnterpriseDraft,
    MeasureDraft,
    ObligationDraft,
    RecordDraft,
)
from credit_sanction_service.domain.identifiers import organisation_check_character, uscc_check_character
from credit_sanction_service.domain.intake import take_in
from credit_sanction_service.domain.law import shipped_law
from credit_sanction_service.domain.terms import Area, CapacityUnit, PublicationClass, Scope, Sector, Standard
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.transaction import Transaction

_AT_ONCE: Final = 200


def submit(dsn: str, count: int) -> None:
    """Have the store take in `count` records, each of an enterprise of its own, and so say what each target should have."""
    writer = Writer(dsn, clock=lambda: datetime.now(UTC))
    try:
        for batch in _batches(count):
            writer.run(partial(_insert, batch=batch))
    finally:
        writer.close()


def made(count: int, *, first: int = 1) -> Iterator[SanctionRecord]:
    """Yield such records, which nothing has taken in, from the `first` on."""
    for batch in _batches(count, first=first):
        yield from batch


def _insert(tx: Transaction, *, batch: list[SanctionRecord]) -> None:
    for refusal in tx.insert(batch, action="CREATE", principal="bench"):
        if refusal is not None:
            raise refusal


def _batches(count: int, *, first: int = 1) -> Iterator[list[SanctionRecord]]:
    today = day_of(datetime.now(UTC))
    law, draft = shipped_law(), _draft(today)
    for start in range(first, first + count, _AT_ONCE):
        yield [
            take_in(
                replace(
                    draft,
                    enterprise=EnterpriseDraft(
                        name=f"虚构轧钢（压测用）第{number}有限公司", code=_code(f"FAK{number:05d}")
                    ),
                ),
                record_id=str(uuid.uuid4()),
                today=today,
                law=law,
            )
            for number in range(start, min(start + _AT_ONCE, first + count))
        ]


def _draft(today: date) -> RecordDraft:
    def day(before: int) -> str:
        return (today - timedelta(days=before)).isoformat()

    return RecordDraft(
        obligation=ObligationDraft(
            scope=Scope.LINE,
            item="1号高炉",
            equipment="450立方米高炉",
            quantity=1,
            capacity_amount="45.5",
            capacity_unit=CapacityUnit.TEN_THOUSAND_TONNES,
            sector=Sector.STEEL,
            standard=Standard.ENVIRONMENT,
            ordered_on=day(420),
            due_on=day(120),
            plan=ApprovalDraft(document_number="虚构退出方案1号", approver="虚构市人民政府", date=day(430)),
        ),
        decision=DecisionDraft(
            authority_name="虚构市工业和信息化局",
            authority_code=_code("FAKE9999", "11220101"),
            document_number="虚工信〔2026〕1号",
            date=day(30),
            notice_served_on=day(60),
        ),
        district=DistrictDraft(code="220102", name="南关区"),
        measures=(MeasureDraft(area=Area.LAND_SUPPLY), MeasureDraft(area=Area.FINANCING_CREDIT)),
        publication_class=PublicationClass.SERIOUS,
    )


def _code(first: str, prefix: str = "91220101") -> str:
    body = prefix + first + organisation_check_character(first)
    return body + uscc_check_character(body)
