"""Identity: the store notices that it was restored."""

from __future__ import annotations

from importlib import resources

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    op.get_bind().exec_driver_sql((folder / "0016_identity.sql").read_text("utf-8"))
