"""Brings the schema to this release's, as the owner, under an advisory lock: two at once wait for each other."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Final

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool, text
from sqlalchemy.exc import OperationalError

from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.store.connect import DatabaseAway, translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import Engine

_LOCK: Final = 0x43_53_53_01


def migrate(owner_dsn: str) -> str:
    """Bring the schema up to date and return its revision."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner_dsn), poolclass=pool.NullPool)
    with _answering(engine) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return str(MigrationContext.configure(connection).get_current_revision())


@contextmanager
def _answering(engine: Engine) -> Iterator[SqlConnection]:
    try:
        connection = engine.connect()
    except OperationalError as fault:
        raise DatabaseAway("the database cannot be reached: check that it runs and that its DSN is right") from fault
    with connection, connection.begin():
        yield connection


def check_schema(dsn: str) -> None:
    """Raise `StoreUnavailable`, with what to do, unless the schema is the one this release was written for."""
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    with translated(), psycopg.connect(dsn, connect_timeout=5) as connection:
        exists = connection.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if exists and exists[0] else None
    found = row[0] if row else "none"
    if found != wanted:
        raise StoreUnavailable(
            f"the database has schema {found}, this release needs {wanted}: run `credit-sanction-service migrate` first"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("credit_sanction_service.store") / "migrations"))
    return config
