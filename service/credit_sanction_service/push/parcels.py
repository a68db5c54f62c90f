"""From a row and its content to the parcel that a connector is handed."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from credit_sanction_connectors.port import Parcel, Version
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.push.documents import document, standing_entry
from credit_sanction_service.store.codec import load_filter, read_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.domain.terms import Area
    from credit_sanction_service.store.claims import Content
    from credit_sanction_service.store.deliveries import Delivery
    from credit_sanction_service.store.values import Revision

    _Told: TypeAlias = tuple[
        date, frozenset[Area] | None, int, int
    ]  # the day, the areas, the store's epoch, its law's version


def idempotency_key(row: Delivery) -> str:
    """Return the key of what `row` should have: the same for every retry, another for another version or generation."""
    subject = row.subject.rpartition("/")[2]
    return f"{row.target}/{subject}/{row.desired}/{row.generation}"


def parcel_of(row: Delivery, content: Content, law: Law) -> Parcel:
    """
    Return what the target is to be told of the row's subject at its desired version: of measures in its areas alone.

    Views are those of the day on which that version became known, so that a retry over midnight says the same under the
    same key; the scheduler moves the row where a day, or a law loaded since, changes anything. Only `standing_revision` may
    grow, and only here: what was composed under a key before goes out again to the letter, or is said under a new one.
    """
    day = day_of(content.known_at)
    areas = _areas(content.filter)
    others = [_record(body) for body in content.in_force]
    own = _record(content.own) if content.own is not None else None
    holds_record = row.record_id is not None
    shown = [content.own] if holds_record and content.own is not None else content.in_force
    told = (day, areas, content.head.epoch, content.law_version)
    return Parcel(
        idempotency_key=idempotency_key(row),
        subject=row.subject,
        enterprise_code=row.enterprise_code,
        enterprise_name=own.enterprise.name if own else "",
        version=version_of(row.desired),
        present=row.desired_present,
        documents=[_document(body, told, law) for body in shown],
        standing=[standing_entry(record, day, areas, law) for record in others] if holds_record else [],
        standing_revision=version_of(content.head),
    )


# A record goes to several targets at once, and again and again to one that does not take it.
@lru_cache(maxsize=512)
def _record(body: str) -> SanctionRecord:
    return read_record(body)


_MOST_WRITTEN: Final = 512
_written: dict[tuple[str, _Told], Mapping[str, object]] = {}


def _document(body: str, told: _Told, law: Law) -> Mapping[str, object]:
    """Return what is said of a record, perhaps as it was written for another target a moment ago: nobody changes it."""
    known = _written.get((body, told))
    if known is None:
        if len(_written) >= _MOST_WRITTEN:
            _written.clear()
        day, areas, _, _ = told
        known = _written[body, told] = document(_record(body), day, areas, law)
    return known


@lru_cache(maxsize=256)
def _areas(filter_: str) -> frozenset[Area] | None:
    return load_filter(json.loads(filter_)).areas


def version_of(revision: Revision) -> Version:
    """Return a revision as connectors compare it."""
    return Version(epoch=revision.epoch, number=revision.number)
