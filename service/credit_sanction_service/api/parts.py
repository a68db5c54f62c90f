"""From the domain to the contract: the parts that several messages share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction.v1 import enterprise_pb2 as enterprise_pb
from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import obligation_pb2 as obligation_pb
from credit_sanction.v1 import revision_pb2 as revision_pb
from credit_sanction_service.api import words

if TYPE_CHECKING:
    from datetime import date, datetime

    from credit_sanction_service.domain.capacity import Approval, Obligation
    from credit_sanction_service.domain.enterprises import Authority, District, Enterprise
    from credit_sanction_service.domain.measures import Basis
    from credit_sanction_service.store.values import Revision


def enterprise_message(enterprise: Enterprise) -> enterprise_pb.Enterprise:
    """Write an enterprise."""
    return enterprise_pb.Enterprise(
        code=enterprise.code,
        name=enterprise.name,
        former_names=enterprise.former_names,
        other_identifiers=[
            enterprise_pb.OtherIdentifier(kind=words.IDENTIFIER_KIND.write(other.kind), value=other.value)
            for other in enterprise.other_identifiers
        ],
    )


def authority_message(authority: Authority) -> enterprise_pb.Authority:
    """Write an authority."""
    return enterprise_pb.Authority(code=authority.code, name=authority.name)


def district_message(district: District) -> enterprise_pb.ResponsibleDistrict:
    """Write a responsible district."""
    return enterprise_pb.ResponsibleDistrict(code=district.code, name=district.name, since=iso(district.since))


def obligation_message(obligation: Obligation) -> obligation_pb.ExitObligation:
    """Write an obligation; its last day is left out while the calendar of its year is not published."""
    extension = obligation.extension
    return obligation_pb.ExitObligation(
        scope=words.SCOPE.write(obligation.scope),
        item=obligation.item,
        equipment=obligation.equipment,
        quantity=obligation.quantity,
        capacity=obligation_pb.Capacity(
            amount=format(obligation.capacity.amount, "f"), unit=words.CAPACITY_UNIT.write(obligation.capacity.unit)
        ),
        sector=words.SECTOR.write(obligation.sector),
        standard=words.STANDARD.write(obligation.standard),
        ordered_on=iso(obligation.ordered_on),
        due_on=iso(obligation.due_on),
        extension=obligation_pb.Extension(
            months=extension.months, document_number=extension.document_number, applied_on=iso(extension.applied_on)
        )
        if extension
        else None,
        last_day="" if obligation.calendar_missing else iso(obligation.last_day),
        plan=_approval(obligation.plan),
        closure_approval=_approval(obligation.closure_approval),
        induction_furnace=obligation.induction_furnace,
        licences=[
            obligation_pb.Licence(name=licence.name, number=licence.number, issuer=licence.issuer)
            for licence in obligation.licences
        ],
        further_standards=[words.STANDARD.write(standard) for standard in obligation.further_standards],
        report_reference=obligation.report_reference,
        calendar_edition=obligation.calendar_edition,
        calendar_not_published=obligation.calendar_missing,
    )


def _approval(approval: Approval | None) -> obligation_pb.Approval | None:
    if approval is None:
        return None
    return obligation_pb.Approval(
        document_number=approval.document_number, approver=approval.approver, date=iso(approval.approved_on)
    )


def basis_message(basis: Basis) -> measure_pb.LegalBasis:
    """Write a legal basis."""
    return measure_pb.LegalBasis(
        document=basis.document,
        article=basis.article,
        issuer_level=words.ISSUER_LEVEL.write(basis.issuer_level),
        in_force_from=iso(basis.in_force_from),
        in_force_to=iso(basis.in_force_to),
    )


def revision_message(revision: Revision) -> revision_pb.Revision:
    """Write a revision."""
    return revision_pb.Revision(epoch=revision.epoch, number=revision.number)


def iso(day: date | None) -> str:
    """Write a day, empty for None."""
    return day.isoformat() if day else ""


def set_time(field: object, instant: datetime | None) -> None:
    """Fill a timestamp field, or leave it unset."""
    if instant is not None:
        field.FromDatetime(instant)  # type: ignore[attr-defined]
