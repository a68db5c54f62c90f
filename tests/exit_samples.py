"""Made-up exit obligations, and what is reported of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from tests.samples import TODAY, code

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.authorities import Function
from credit_sanction_service.domain.drafts import (
    ApprovalDraft,
    DistrictDraft,
    EnterpriseDraft,
    ExtensionDraft,
    ObligationDraft,
)
from credit_sanction_service.domain.editions import read_header
from credit_sanction_service.domain.exit_drafts import (
    ActiveExitDraft,
    CompletionDraft,
    InterimDraft,
    InterimEvidenceDraft,
    RegistrationDraft,
    WithdrawalDraft,
)
from credit_sanction_service.domain.exits import register
from credit_sanction_service.domain.law import build_law, shipped_editions, shipped_law
from credit_sanction_service.domain.terms import CapacityUnit, InterimEvidenceKind, Scope, Sector, Standard

if TYPE_CHECKING:
    from credit_sanction_service.domain.exits import RegisteredObligation
    from credit_sanction_service.domain.law import Law

LAW: Final = shipped_law()
ORDERED: Final = TODAY - timedelta(days=100)
DUE: Final = TODAY + timedelta(days=15)
"""A Tuesday of the last year whose working days are published."""
# The official days of the year after, with one holiday: a made-up text.
NEXT_YEAR: Final = read_header(
    'kind = "CALENDAR"\nedition = "made-up-2027"\nformat = 1\nsource = ["虚构通知"]\n[[year]]\nyear = 2027\noff = [2027-02-15]\n'
)
LAW_OF_NEXT_YEAR: Final = build_law((*shipped_editions(), NEXT_YEAR))
AUTHORITIES: Final = {entry.function: entry for entry in LAW.authorities.entries.values()}
INDUSTRY: Final = AUTHORITIES[Function.INDUSTRY]


def obligation(**changes: object) -> ObligationDraft:
    """Return one line that fails technology, due ahead of `TODAY`, by a plan of the day of its order."""
    base = ObligationDraft(
        scope=Scope.LINE,
        item="1号高炉",
        equipment="虚构高炉",
        quantity=1,
        capacity_amount="45.5",
        capacity_unit=CapacityUnit.TEN_THOUSAND_TONNES,
        sector=Sector.STEEL,
        standard=Standard.TECHNOLOGY,
        ordered_on=ORDERED.isoformat(),
        due_on=DUE.isoformat(),
    )
    ordered = replace(base, **changes)  # type: ignore[arg-type]
    plan = ApprovalDraft(document_number="虚构方案1号", approver="虚构市人民政府", date=ordered.ordered_on)
    return ordered if "plan" in changes else replace(ordered, plan=plan)


def energy(**changes: object) -> ObligationDraft:
    """Return one line that fails energy, with the period that the policy sets."""
    return obligation(**({"standard": Standard.ENERGY, "due_on": ""} | changes))


def registration(
    given: ObligationDraft | None = None, *, number: int = 1, function: Function = Function.INDUSTRY, **changes: object
) -> RegistrationDraft:
    """Return the draft of enterprise `number`'s obligation, led by the registered authority of a function."""
    authority = AUTHORITIES[function]
    base = RegistrationDraft(
        enterprise=EnterpriseDraft(code=code(number), name=f"长春虚构{number}号钢铁有限公司"),
        obligation=given or obligation(),
        district=DistrictDraft(code="220113", name="九台区"),
        authority_code=authority.code,
        authority_name=authority.name_on(TODAY),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def registered(
    given: ObligationDraft | None = None, *, today: date = TODAY, law: Law = LAW, number: int = 1
) -> RegisteredObligation:
    """Return what registering that obligation gives."""
    return register(registration(given, number=number), obligation_id=new_id(), today=today, law=law)


def extension(months: int = 3, applied_on: str = ORDERED.isoformat()) -> ExtensionDraft:
    """Return an extension that was applied for on the day of the order."""
    return ExtensionDraft(months=months, document_number="虚构延字1号", applied_on=applied_on)


def evidence(kind: InterimEvidenceKind, on: date = TODAY) -> InterimEvidenceDraft:
    """Return one piece of evidence."""
    place = "http://fake.example/公告/1" if kind is InterimEvidenceKind.ANNOUNCEMENT else ""
    return InterimEvidenceDraft(kind=kind, date=on.isoformat(), document_number=f"虚构封字{kind}号", place=place)


def interim(on: date = TODAY, *, dismantle_by: date = TODAY + timedelta(days=60)) -> InterimDraft:
    """Return all four pieces of evidence."""
    pieces = tuple(evidence(kind, on) for kind in InterimEvidenceKind)
    return InterimDraft(evidence=pieces, dismantle_by=dismantle_by.isoformat())


def completion(on: date = TODAY) -> CompletionDraft:
    """Return that it was dismantled and verified."""
    return CompletionDraft(
        date=on.isoformat(), document_number="虚构验字1号", method="拆除主体设备", verifier="虚构市工业和信息化局"
    )


def active_exit(on: date = TODAY) -> ActiveExitDraft:
    """Return that the enterprise exits actively."""
    return ActiveExitDraft(declared_on=on.isoformat(), document_number="虚构积字1号", description="提前拆除，转型升级")


def withdrawal(on: date = TODAY) -> WithdrawalDraft:
    """Return that it was registered by mistake."""
    return WithdrawalDraft(date=on.isoformat(), document_number="虚构撤字1号", reason="该项产能不在已批准的方案内")
