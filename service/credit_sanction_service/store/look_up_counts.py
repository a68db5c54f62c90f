"""How often each area was answered with each verdict, by the Shanghai day of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction_service.domain.terms import Area, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from credit_sanction_service.store.connect import Connection

CountKey = tuple["date", Area, Verdict]


def add_counts(connection: Connection, counts: Mapping[CountKey, int]) -> None:
    """Add to what is stored, all or nothing."""
    # In one order, so that processes which add at the same time wait for each other and never in a circle.
    rows = sorted((day, area.value, verdict.value, count) for (day, area, verdict), count in counts.items())
    connection.execute(
        """
        INSERT INTO look_up_count (day, area, verdict, count)
        SELECT * FROM unnest(%s::date[], %s::text[], %s::text[], %s::bigint[])
        ON CONFLICT (day, area, verdict) DO UPDATE SET count = look_up_count.count + EXCLUDED.count
        """,
        [list(column) for column in zip(*rows, strict=True)],
    )


def sum_counts(connection: Connection, since: date, until: date) -> dict[tuple[Area, Verdict], int]:
    """Return the counts of a period, both days included."""
    rows = connection.execute(
        "SELECT area, verdict, sum(count)::bigint FROM look_up_count WHERE day BETWEEN %s AND %s GROUP BY area, verdict",
        (since, until),
    ).fetchall()
    return {(Area(row[0]), Verdict(row[1])): row[2] for row in rows}
