"""Oversight: counted look-ups, and what finds open duties and their history without reading everything."""

from __future__ import annotations

from importlib import resources

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table and the indexes, and give the service role what it needs and no more."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    op.get_bind().exec_driver_sql((folder / "0006_oversight.sql").read_text("utf-8"))
