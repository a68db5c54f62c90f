"""Look-ups: the facts of each record, and the hashes of what leads to it."""

from __future__ import annotations

from importlib import resources

from alembic import op

from credit_sanction_service.store.facts_back_fill import write_missing_facts

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and fill them for the records that are there."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    connection = op.get_bind()
    connection.exec_driver_sql((folder / "0012_lookup.sql").read_text("utf-8"))
    write_missing_facts(connection)
    connection.exec_driver_sql(
        "ALTER TABLE sanction_record ALTER COLUMN facts SET NOT NULL, ALTER COLUMN leads SET NOT NULL"
    )
