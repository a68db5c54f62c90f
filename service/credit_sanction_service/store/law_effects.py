"""What a new law means for the records that are there: the days that they wait for move, and some wait for today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.duties import refreshed
from credit_sanction_service.domain.effect import in_force
from credit_sanction_service.domain.lifecycle import next_change
from credit_sanction_service.domain.terms import ALL_AREAS
from credit_sanction_service.store.codec import load_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.transaction import Transaction

_AT_ONCE: Final = 1_000


def move_records(tx: Transaction, before: Law | None) -> None:
    """
    Have every record wait for the day on which the law of `tx` next changes something for it; `before` is the law until now.

    Where it changes something at once (its due days, or what targets were told of its measures) that day is today: the
    scheduler writes the next version, by this law. The caller keeps writers out.
    """
    last: UUID | None = None
    while True:
        rows = tx.connection.execute(
            "SELECT id, next_change_on, body FROM sanction_record WHERE %(last)s::uuid IS NULL OR id > %(last)s::uuid"
            " ORDER BY id LIMIT %(limit)s",
            {"last": last, "limit": _AT_ONCE},
        ).fetchall()
        if not rows:
            return
        last = rows[-1][0]
        moved = []
        for record_id, waits_for, body in rows:
            # What is due already stays due: it is looked at anew in any case.
            if waits_for is None or waits_for > tx.today:
                day = _next_day(load_record(body), tx, before)
                if day != waits_for:
                    moved.append((record_id, day))
        _write(tx, moved)


def _next_day(record: SanctionRecord, tx: Transaction, before: Law | None) -> date | None:
    today, law = tx.today, tx.law
    owes_otherwise = refreshed(record, law=law, today=today) != record
    if owes_otherwise or (before is not None and _told(record, before, today) != _told(record, law, today)):
        return today
    return next_change(record, after=today, law=law)


def _told(record: SanctionRecord, law: Law, day: date) -> list[object]:
    """Return what targets are told of the record's measures on `day` that the law decides."""
    found = in_force(record, day, ALL_AREAS, law.catalogues[record.catalogue_edition])
    return [
        (one.measure.area, demand.action, demand.basis.document, demand.basis.article, demand.binding)
        for one in found
        for demand in one.demands
    ]


def _write(tx: Transaction, moved: Sequence[tuple[UUID, date | None]]) -> None:
    if moved:
        tx.connection.execute(
            "UPDATE sanction_record SET next_change_on = given.day FROM unnest(%s::uuid[], %s::date[]) AS given (id, day)"
            " WHERE sanction_record.id = given.id",
            ([item[0] for item in moved], [item[1] for item in moved]),
        )
