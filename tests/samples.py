"""Made-up enterprises and records. Every code is generated: right check digits over invented numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from credit_sanction_service.domain.drafts import (
    DecisionDraft,
    DistrictDraft,
    EnterpriseDraft,
    MeasureDraft,
    ObligationDraft,
    RecordDraft,
)
from credit_sanction_service.domain.identifiers import organisation_check_character, uscc_check_character
from credit_sanction_service.domain.intake import take_in
from credit_sanction_service.domain.measures import CURRENT_EDITION, shipped
from credit_sanction_service.domain.terms import (
    ALL_AREAS,
    Area,
    CapacityUnit,
    PublicationClass,
    Scope,
    Sector,
    Standard,
)
from credit_sanction_service.records import new_record_id

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import SanctionRecord

TODAY = date(2026, 11, 23)


def code(number: int, *, prefix: str = "91220101") -> str:
    """Return the unified social credit code number `number` of a made-up series."""
    body = f"MA{number:06d}"
    first17 = prefix + body + organisation_check_character(body)
    return first17 + uscc_check_character(first17)


def authority_code() -> str:
    """Return the code of a made-up authority."""
    body = "00000000"
    first17 = "11220100" + body + organisation_check_character(body)
    return first17 + uscc_check_character(first17)


def draft(
    number: int = 1,
    *,
    item: str = "",
    document: str = "虚构认字〔2026〕1号",
    areas: tuple[Area, ...] = ALL_AREAS,
    publication_class: PublicationClass = PublicationClass.SERIOUS,
    decided_on: date = TODAY - timedelta(days=30),
    publication_end: str = "",
) -> RecordDraft:
    """Return a draft that intake accepts on `TODAY`: enterprise `number`, whole or one line of it."""
    line = bool(item)
    ends = (decided_on + timedelta(days=90)).isoformat() if publication_class is PublicationClass.MINOR else ""
    return RecordDraft(
        enterprise=EnterpriseDraft(code=code(number), name=f"长春虚构{number}号水泥有限公司"),
        obligation=ObligationDraft(
            scope=Scope.LINE if line else Scope.ENTERPRISE,
            item=item,
            equipment="虚构立窑" if line else "",
            quantity=1 if line else 0,
            capacity_amount="45.5",
            capacity_unit=CapacityUnit.TEN_THOUSAND_TONNES,
            sector=Sector.CEMENT,
            standard=Standard.ENERGY,
            ordered_on=(decided_on - timedelta(days=300)).isoformat(),
        ),
        decision=DecisionDraft(
            authority_code=authority_code(),
            authority_name="虚构市工业和信息化局",
            document_number=document,
            date=decided_on.isoformat(),
            notice_served_on=(decided_on - timedelta(days=20)).isoformat(),
        ),
        district=DistrictDraft(code="220113", name="九台区"),
        measures=tuple(MeasureDraft(area=area, end_date=ends) for area in areas),
        publication_class=publication_class,
        publication_end_date=publication_end,
    )


def record(number: int = 1, *, today: date = TODAY, **options: object) -> SanctionRecord:
    """Return the record that intake makes of `draft(number, …)`."""
    return take_in(
        draft(number, **options),  # type: ignore[arg-type]
        record_id=new_record_id(),
        today=today,
        catalogue=shipped()[CURRENT_EDITION],
    )


def with_enterprise(base: RecordDraft, **changes: object) -> RecordDraft:
    """Return the draft with fields of its enterprise replaced."""
    return replace(base, enterprise=replace(base.enterprise, **changes))  # type: ignore[arg-type]


def with_obligation(base: RecordDraft, **changes: object) -> RecordDraft:
    """Return the draft with fields of its obligation replaced."""
    return replace(base, obligation=replace(base.obligation, **changes))  # type: ignore[arg-type]


def with_decision(base: RecordDraft, **changes: object) -> RecordDraft:
    """Return the draft with fields of its decision replaced."""
    return replace(base, decision=replace(base.decision, **changes))  # type: ignore[arg-type]
