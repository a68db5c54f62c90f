"""A migrated database for each test, and the house that its records, targets and workers live in."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from tests.database import Database
from tests.push.rig import House

from credit_sanction_service.host.access import ROLE_NAMES
from credit_sanction_service.host.cluster import Cluster
from credit_sanction_service.store.migrate import migrate


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """Migrate once; every test's database is a copy."""
    name = f"template_{uuid.uuid4().hex}"
    with psycopg.connect(cluster.dsn("admin"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(ROLE_NAMES["owner"]))
        )
    migrate(cluster.dsn("owner", name))
    return name


@pytest.fixture
def store(cluster: Cluster, template: str) -> Iterator[Database]:
    """Make a migrated database that goes with the test, whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(cluster.dsn("admin"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(ROLE_NAMES["owner"]), sql.Identifier(template)
            )
        )
        yield Database(name=name, owner_dsn=cluster.dsn("owner", name), service_dsn=cluster.dsn("service", name))
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def house(cluster: Cluster, store: Database, tmp_path: Path) -> Iterator[House]:
    built = House(store, cluster.dsn("admin"), tmp_path)
    yield built
    built.close()
