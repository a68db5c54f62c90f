"""Push: since when a row is tried as it is, and since when a target is called again."""

from __future__ import annotations

from importlib import resources

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    op.get_bind().exec_driver_sql((folder / "0009_push_repairs.sql").read_text("utf-8"))
