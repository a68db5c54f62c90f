"""Exit obligations: which records name one, and which are active exits."""

from __future__ import annotations

from importlib import resources

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the two indexes."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    op.get_bind().exec_driver_sql((folder / "0005_exit_obligations.sql").read_text("utf-8"))
