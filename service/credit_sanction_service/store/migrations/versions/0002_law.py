"""Law as data, a change log of more than records, exit obligations, and the due days of records."""

from __future__ import annotations

from importlib import resources

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is new, and give the service role what it needs and no more."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    op.get_bind().exec_driver_sql((folder / "0002_law.sql").read_text("utf-8"))
