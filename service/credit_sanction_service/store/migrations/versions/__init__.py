"""Alembic's migrations. The SQL stands in the files beside them."""
