"""What is not delivered, by target. Beside all that is delivered these rows are few, and they alone are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from credit_sanction_service.store.deliveries import PAUSED

if TYPE_CHECKING:
    from credit_sanction_service.store.connect import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """
    What a target has not confirmed: `backlog`, of it `rejected` and `given_up`, which wait for a person. `oldest_s` is for
    how many seconds, by the store's clock, the oldest of it has been due; 0 where there is none.
    """

    target: str
    paused: bool
    backlog: int
    rejected: int
    given_up: int
    oldest_s: float


_UNDELIVERED: Final = f"""
SELECT t.name, {PAUSED}, count(d.due_since), count(*) FILTER (WHERE d.rejected), count(*) FILTER (WHERE d.given_up),
    coalesce(extract(epoch FROM clock_timestamp() - min(d.due_since)), 0)::double precision
FROM target t LEFT JOIN delivery d ON d.target = t.name AND d.due_since IS NOT NULL
WHERE t.retired IS DISTINCT FROM 'abandon'
GROUP BY t.name ORDER BY t.name
"""  # noqa: S608 - joined from constants


def undelivered(connection: Connection) -> list[Undelivered]:
    """Return it for every target but those retired as abandoned, which are owed nothing any more."""
    return [
        Undelivered(
            target=row[0], paused=row[1], backlog=row[2], rejected=row[3], given_up=row[4], oldest_s=max(row[5], 0.0)
        )
        for row in connection.execute(_UNDELIVERED).fetchall()
    ]
