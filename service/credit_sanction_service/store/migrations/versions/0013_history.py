"""History: what finds a record by any number or name that it ever had, and a revision by the instant it was known at."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from alembic import op
from cattrs import Converter

from credit_sanction_service.domain.enterprises import Enterprise
from credit_sanction_service.store.ever import keys_of

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_AT_ONCE: Final = 2_000
_ENTERPRISES: Final = """
SELECT page.id, c.body -> 'enterprise' FROM (
    SELECT id FROM sanction_record WHERE %(last)s::uuid IS NULL OR id > %(last)s::uuid ORDER BY id LIMIT %(limit)s
) AS page LEFT JOIN change_log c ON c.subject_id = page.id AND c.kind = 'record' ORDER BY page.id
"""
_WRITE: Final = """
UPDATE sanction_record SET ever = string_to_array(given.keys, ',')::integer[]
FROM unnest(%(ids)s::uuid[], %(keys)s::text[]) AS given (id, keys) WHERE sanction_record.id = given.id
"""


def upgrade() -> None:
    """Add the column, gather it from every version of every record, then build what searches it."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    connection = op.get_bind()
    connection.exec_driver_sql("ALTER TABLE sanction_record ADD COLUMN ever integer[] NOT NULL DEFAULT '{}'")
    last: UUID | None = None
    while (last := _gather(connection, last)) is not None:
        pass
    connection.exec_driver_sql((folder / "0013_history.sql").read_text("utf-8"))


def _gather(connection: Connection, last: UUID | None) -> UUID | None:
    """Write the keys of the records behind `last`, and return how far that went; None at the end."""
    read = Converter()
    found: dict[UUID, set[int]] = {}
    for record_id, enterprise in connection.exec_driver_sql(_ENTERPRISES, {"last": last, "limit": _AT_ONCE}):
        keys = found.setdefault(record_id, set())
        if enterprise is not None:
            keys.update(keys_of(read.structure(enterprise, Enterprise)))
    if found:
        texts = [",".join(map(str, sorted(keys))) for keys in found.values()]
        connection.exec_driver_sql(_WRITE, {"ids": list(found), "keys": texts})
    return max(found, default=None)
