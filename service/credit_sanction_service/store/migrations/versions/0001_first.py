"""The first schema: records, change log, deliveries with their attempts, requests, tokens."""

from __future__ import annotations

from importlib import resources

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything, and give the service role what it needs and no more."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    op.get_bind().exec_driver_sql((folder / "0001_first.sql").read_text("utf-8"))
