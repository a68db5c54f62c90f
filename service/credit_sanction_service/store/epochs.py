"""
Epochs: after a restore, or a promotion with loss, the store counts its revisions anew, so that nobody takes a number of what was
lost for one of what came after.

A store that lies in another server, database or timeline than it says was restored. One that was put back in the very place
where it lay says nothing of it: there an operator has to say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.store.commit import DRAW
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from credit_sanction_service.store.connect import Connection

_HERE: Final = """
SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()), (SELECT oid FROM pg_database WHERE
    datname = current_database()), (SELECT timeline_id FROM pg_control_checkpoint()))
"""
_SAID: Final = "SELECT lies_in FROM store_head"
# An epoch is numbered by the second in which it began, counted from the start of 2026: what was lost may have had epochs of its own,
# of which a backup that is put back a second time knows nothing. Versions grow beyond any that were lost, so whoever compares them
# loads anew.
_BEGIN: Final = """
UPDATE store_head SET lies_in = %(here)s, known_at = greatest(clock_timestamp(), known_at),
    epoch = greatest(epoch + 1, extract(epoch FROM clock_timestamp() - '2026-01-01Z'::timestamptz)::integer),
    access_version = access_version + 1000000000, targets_version = targets_version + 1000000000,
    law_version = law_version + 1000000000
"""


def begin_epoch(connection: Connection) -> Revision:
    """Begin another epoch and return the revision that it begins with: it knows what the store knows now."""
    with connection.transaction():
        connection.execute(_BEGIN, {"here": _here(connection)})
        row = connection.execute(DRAW).fetchone()
    if row is None:
        raise RuntimeError("the store has no head")
    return Revision(epoch=row[0], number=row[1])


def begin_epoch_where_restored(connection: Connection) -> Revision | None:
    """Do so where the store has come to lie elsewhere; None where it lies where it says, or was never asked before."""
    said = _said(connection)
    if said is None:
        connection.execute("UPDATE store_head SET lies_in = %s WHERE lies_in IS NULL", (_here(connection),))
        return None
    return begin_epoch(connection) if said != _here(connection) else None


def require_known_place(connection: Connection) -> None:
    """Raise `StoreUnavailable` where the store was restored and nobody has begun an epoch."""
    said = _said(connection)
    if said is not None and said != _here(connection):
        raise StoreUnavailable(
            "the database was restored or promoted: run `credit-sanction-service migrate` first, which begins another epoch"
        )


def _here(connection: Connection) -> str:
    row = connection.execute(_HERE).fetchone()
    return str(row[0]) if row else ""


def _said(connection: Connection) -> str | None:
    row = connection.execute(_SAID).fetchone()
    return row[0] if row else None
