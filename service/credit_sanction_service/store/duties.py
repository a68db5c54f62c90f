"""The due days of records as rows, so that they can be searched: a projection, kept in step with every version written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.connect import Connection

_FORGET: Final = "DELETE FROM duty WHERE record_id = ANY (%b)"
_NOTE: Final = """
INSERT INTO duty (record_id, kind, since, due_on, calendar_edition, note, authority_code, district_code)
SELECT * FROM unnest(%b::uuid[], %b::text[], %b::date[], %b::date[], %b::text[], %b::text[], %b::text[], %b::text[])
ON CONFLICT DO NOTHING
"""


def note_duties(connection: Connection, records: Sequence[SanctionRecord], *, fresh: bool = False) -> None:
    """Write the due days of these records and of nothing that they had before. `fresh`: they are new, and had nothing."""
    if not fresh:
        connection.execute(_FORGET, ([UUID(record.id) for record in records],))
    rows: list[tuple[Any, ...]] = [
        (
            UUID(record.id),
            due.kind.value,
            due.since,
            due.due_on,
            due.calendar_edition,
            due.note,
            record.authority.code,
            record.district.code,
        )
        for record in records
        for due in record.due_days
    ]
    if rows:
        connection.execute(_NOTE, [list(column) for column in zip(*rows, strict=True)])
