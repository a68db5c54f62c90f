"""
By which day each delivery must have been told by law: that of the duty to report the decision, or to withdraw, that is open
at its target. Which duties are open says `open_duties`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.store.open_duties import OPEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.deliveries import Delivery

# The (target, subject) of every delivery whose day lies before today.
LATE: Final = f"""
SELECT DISTINCT o.target, CASE WHEN t.holds = 'enterprise' THEN r.enterprise_code
    ELSE 'sanctionRecords/' || o.record_id END AS subject
FROM ({OPEN}) AS o JOIN target t ON t.name = o.target JOIN sanction_record r ON r.id = o.record_id
WHERE o.target <> '' AND o.due_on < %(today)s
"""  # noqa: S608 - joined from constants
# Lateral, so that of the open lines only those of one record at one target are ever made.
_DAYS: Final = f"""
SELECT g.ordinal, min(line.due_on)
FROM (
    SELECT given.ordinal, given.target, coalesce(given.record_id, r.id) AS record_id
    FROM unnest(%(targets)s::text[], %(ids)s::uuid[], %(codes)s::text[])
        WITH ORDINALITY AS given (target, record_id, code, ordinal)
    LEFT JOIN sanction_record r ON given.record_id IS NULL AND r.enterprise_code = given.code
) AS g CROSS JOIN LATERAL (
    SELECT min(o.due_on) AS due_on FROM ({OPEN}) AS o WHERE o.target = g.target AND o.record_id = g.record_id
) AS line
GROUP BY g.ordinal
"""  # noqa: S608 - joined from constants


def due_days(connection: Connection, rows: Sequence[Delivery], *, today: date) -> list[date | None]:
    """Return for each of the rows the day by which it is due by law, None where no such duty is open there."""
    if not rows:
        return []
    found = connection.execute(
        _DAYS,
        {
            "today": today,
            "targets": [row.target for row in rows],
            "ids": [row.record_id for row in rows],
            "codes": [row.enterprise_code for row in rows],
        },
    ).fetchall()
    by_place: dict[int, date | None] = dict(found)
    return [by_place.get(place) for place in range(1, len(rows) + 1)]


def past_due_counts(connection: Connection, today: date, *, target: str | None = None) -> dict[str, int]:
    """Return by target how many of its deliveries are past their day, of one where it is named; those without are left out."""
    late = LATE if target is None else f"{LATE} AND o.target = %(target)s"
    rows = connection.execute(
        f"SELECT target, count(*) FROM ({late}) AS late GROUP BY target",  # noqa: S608 - joined from constants
        {"today": today, "target": target},
    ).fetchall()
    return {row[0]: row[1] for row in rows}
