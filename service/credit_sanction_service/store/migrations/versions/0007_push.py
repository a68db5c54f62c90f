"""Push: what was sent, what a target would have corrected, snoozes, and reconciliations asked for and done."""

from __future__ import annotations

from importlib import resources

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the columns and the table, and give the service role what it needs and no more."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    op.get_bind().exec_driver_sql((folder / "0007_push.sql").read_text("utf-8"))
