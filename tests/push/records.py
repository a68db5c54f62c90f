"""Records of enterprises that do not exist, by the intake that callers' records go through."""

import uuid
from dataclasses import replace
from datetime import date

from credit_sanction_service.domain.drafts import (
    ApprovalDraft,
    DecisionDraft,
    DistrictDraft,
    EnterpriseDraft,
    LiftDraft,
    MeasureDraft,
    ObligationDraft,
    RecordDraft,
    RevocationDraft,
)
from credit_sanction_service.domain.identifiers import organisation_check_character, uscc_check_character
from credit_sanction_service.domain.intake import take_in
from credit_sanction_service.domain.law import shipped_law
from credit_sanction_service.domain.lifecycle import lift, revoke
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.domain.terms import (
    Area,
    CapacityUnit,
    LiftGround,
    PublicationClass,
    Scope,
    Sector,
    Standard,
)

TODAY = date(2026, 9, 1)
LAW = shipped_law()
LISTED = RecordDraft(
    enterprise=EnterpriseDraft(name="虚构轧钢（测试用）有限公司"),
    obligation=ObligationDraft(
        scope=Scope.LINE,
        item="1号高炉",
        equipment="450立方米高炉",
        quantity=1,
        capacity_amount="45.5",
        capacity_unit=CapacityUnit.TEN_THOUSAND_TONNES,
        sector=Sector.STEEL,
        standard=Standard.ENVIRONMENT,
        ordered_on="2025-06-01",
        due_on="2026-03-31",
        plan=ApprovalDraft(document_number="虚构退出方案1号", approver="虚构市人民政府", date="2025-05-20"),
    ),
    decision=DecisionDraft(
        authority_name="虚构市工业和信息化局",
        document_number="虚工信〔2026〕1号",
        date="2026-05-04",
        notice_served_on="2026-04-20",
    ),
    district=DistrictDraft(code="220102", name="南关区"),
    measures=(MeasureDraft(area=Area.LAND_SUPPLY), MeasureDraft(area=Area.FINANCING_CREDIT)),
    publication_class=PublicationClass.SERIOUS,
)


def code(number: int, prefix: str = "91220101") -> str:
    """Return the code of an enterprise that does not exist, right in every digit."""
    first = f"FAKE{number:04d}"
    body = prefix + first + organisation_check_character(first)
    return body + uscc_check_character(body)


def record(number: int = 1, *, line: int = 1, district: str = "220102") -> SanctionRecord:
    """Return a new record of the `number`-th enterprise, about its `line`-th furnace."""
    draft = replace(
        LISTED,
        enterprise=replace(LISTED.enterprise, code=code(number)),
        obligation=replace(LISTED.obligation, item=f"{line}号高炉"),
        decision=replace(LISTED.decision, authority_code=code(9999, "11220101")),
        district=replace(LISTED.district, code=district),
    )
    return take_in(
        draft,
        record_id=str(uuid.uuid7() if hasattr(uuid, "uuid7") else uuid.uuid4()),
        today=TODAY,
        law=LAW,
    )


def amended(given: SanctionRecord, *, district: str) -> SanctionRecord:
    """Return the record's next version, in another district."""
    return replace(given, version=given.version + 1, district=replace(given.district, code=district))


def lifted(given: SanctionRecord) -> SanctionRecord:
    """Return the record's next version, lifted as of today."""
    draft = LiftDraft(ground=LiftGround.EXIT_COMPLETED, document_number="虚工信〔2026〕2号", date=TODAY.isoformat())
    return lift(given, draft, today=TODAY, law=LAW)


def revoked(given: SanctionRecord) -> SanctionRecord:
    """Return the record's next version, revoked today."""
    draft = RevocationDraft(reason="虚构：认定有误", document_number="虚工信〔2026〕3号", date=TODAY.isoformat())
    return revoke(given, draft, today=TODAY, law=LAW)
