"""Migration: from nothing, again, by two at once; and what a service says to another schema."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.store.migrate import check_schema, migrate

if TYPE_CHECKING:
    from tests.database import Database


def test_twice_is_once(database: Database) -> None:
    with pytest.raises(StoreUnavailable, match="schema none"):
        check_schema(database.service_dsn)
    assert migrate(database.owner_dsn) == migrate(database.owner_dsn)
    check_schema(database.service_dsn)


def test_two_at_once_wait_for_each_other(database: Database) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(migrate, [database.owner_dsn] * 2)
    assert first == second
    with psycopg.connect(database.service_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM store_head").fetchone() == (1,)


def test_another_release_s_schema_is_refused_with_what_to_do(database: Database) -> None:
    migrate(database.owner_dsn)
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute("UPDATE alembic_version SET version_num = 'other'")
    with pytest.raises(StoreUnavailable, match="migrate"):
        check_schema(database.service_dsn)
