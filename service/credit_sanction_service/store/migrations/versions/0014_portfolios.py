"""Portfolios: what a caller wants to hear of."""

from __future__ import annotations

from importlib import resources

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and let the change log tell of them."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    op.get_bind().exec_driver_sql((folder / "0014_portfolios.sql").read_text("utf-8"))
