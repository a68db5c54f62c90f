"""Late answers, endings that are told again, and what a retry is compared by."""

from __future__ import annotations

from importlib import resources

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is new of pushing."""
    folder = resources.files("credit_sanction_service.store.migrations.versions")
    op.get_bind().exec_driver_sql((folder / "0015_late_answers.sql").read_text("utf-8"))
