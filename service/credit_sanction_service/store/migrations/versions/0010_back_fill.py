"""Back-fill: how far the rows of a changed target have been moved."""

from __future__ import annotations

from importlib import resources

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    op.get_bind().exec_driver_sql((folder / "0010_back_fill.sql").read_text("utf-8"))
