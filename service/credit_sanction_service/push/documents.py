"""
What is said of a record to targets: an allow-list, field by field.

Our records hold no personal data; that nothing else leaves by accident is why nothing here is copied whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credit_sanction_service.domain.effect import has_effect, in_force
from credit_sanction_service.domain.terms import ALL_AREAS, Area, State

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from decimal import Decimal

    from credit_sanction_service.domain.capacity import Obligation
    from credit_sanction_service.domain.effect import MeasureInForce
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.proceedings import Penalty
    from credit_sanction_service.domain.records import SanctionRecord


def document(record: SanctionRecord, day: date, areas: Collection[Area] | None, law: Law) -> dict[str, Any]:
    """
    Return the public view of a record on `day` with its measures in `areas` (None: all nine): JSON values only, dates as
    YYYY-MM-DD, amounts as decimal text (money in 万元), null for what was not said. `state` is LISTED while the
    record has effect, also one that is lifted as of a later day; in a withdrawal it says what the record came to.
    """
    decision = record.ruling
    return {
        "record": record.name,
        "record_version": record.version,
        "state": (State.LISTED if has_effect(record, day) else record.state).value,
        "known_on": day.isoformat(),
        "enterprise_code": record.enterprise.code,
        "enterprise_name": record.enterprise.name,
        "authority_name": record.authority.name,
        "authority_code": record.authority.code,
        "document_number": decision.document_number,
        "decision_date": decision.decided_on.isoformat(),
        "penalty": _penalty(decision.penalty) if decision.penalty else None,
        "standard": record.obligation.standard.value,
        "sector": record.obligation.sector.value,
        "obligation": _obligation(record.obligation),
        "areas": [_area(measure) for measure in _measures(record, day, areas, law)],
        "disputed": record.disputed,
        "listed_on": record.since.isoformat(),
        "publication_end": record.publication_end.isoformat() if record.publication_end else None,
        "district": {"code": record.district.code, "name": record.district.name},
        "catalogue_edition": record.catalogue_edition,
    }


def standing_entry(record: SanctionRecord, day: date, areas: Collection[Area] | None, law: Law) -> dict[str, Any]:
    """Return what a push of one record says of another of the same enterprise, of its measures in `areas` (None: all nine)."""
    return {
        "record": record.name,
        "document_number": record.ruling.document_number,
        "areas": [measure.measure.area.value for measure in _measures(record, day, areas, law)],
    }


def _measures(
    record: SanctionRecord, day: date, areas: Collection[Area] | None, law: Law
) -> list[MeasureInForce[SanctionRecord]]:
    wanted = ALL_AREAS if areas is None else areas
    return list(in_force(record, day, wanted, law.catalogues[record.catalogue_edition]))


def _penalty(penalty: Penalty) -> dict[str, Any]:
    return {
        "kind": penalty.kind.value,
        "document_number": penalty.document_number,
        "decided_on": penalty.decided_on.isoformat(),
        "violation": penalty.violation or None,
        "facts": penalty.facts or None,
        "basis": penalty.basis or None,
        "content": penalty.content or None,
        "fine": _money(penalty.fine),
        "confiscated": _money(penalty.confiscated),
        "licence": penalty.licence or None,
        "valid_until": penalty.valid_until.isoformat() if penalty.valid_until else None,
        "authority_name": penalty.authority.name if penalty.authority else None,
        "authority_code": penalty.authority.code if penalty.authority else None,
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def _obligation(obligation: Obligation) -> dict[str, Any]:
    return {
        "scope": obligation.scope.value,
        "item": obligation.item,
        "equipment": obligation.equipment,
        "quantity": obligation.quantity,
        "capacity": format(obligation.capacity.amount, "f"),
        "unit": obligation.capacity.unit.value,
        "last_day": obligation.last_day.isoformat(),
    }


def _area(measure: MeasureInForce[SanctionRecord]) -> dict[str, Any]:
    return {
        "area": measure.measure.area.value,
        "directive": measure.row.directive_zh,
        "basis": measure.basis.document,
        "article": measure.basis.article,
        "binding": measure.binding,
        "until": measure.until.isoformat(),
        "demands": [
            {
                "action": demand.action.value,
                "binding": demand.binding,
                "basis": demand.basis.document,
                "article": demand.basis.article,
            }
            for demand in measure.demands
        ],
    }
