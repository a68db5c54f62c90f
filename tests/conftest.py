"""What every test may ask for: a data directory, the session's PostgreSQL, a database of its own."""

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from tests.database import Database

from credit_sanction_service.editions import install_shipped
from credit_sanction_service.host.access import ROLE_NAMES
from credit_sanction_service.host.cluster import Cluster
from credit_sanction_service.host.home import claim
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.migrate import migrate

# A busy machine is slow now and then; that is not what properties are about.
settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


@contextmanager
def passable_directory() -> Iterator[Path]:
    """Make a directory that other accounts may pass through, and remove it with all that is in it."""
    directory = Path(tempfile.mkdtemp(prefix="credit-sanction-test-"))
    try:
        directory.chmod(0o711)
        yield directory
    finally:
        shutil.rmtree(directory)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Make a directory that the database's account can reach: pytest's own are shut to everybody but us."""
    with passable_directory() as directory:
        yield directory


@contextmanager
def cluster_of_its_own() -> Iterator[Cluster]:
    """Run a PostgreSQL; nothing of it survives, so nothing is forced to the disk."""
    with (
        passable_directory() as directory,
        claim(directory) as home,
        Cluster.open(home, extra_settings={"fsync": "off"}) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Run one PostgreSQL for the whole session."""
    with cluster_of_its_own() as running:
        yield running


@pytest.fixture
def database(cluster: Cluster) -> Iterator[Database]:
    """Make an empty database that goes with the test, whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(cluster.dsn("admin"), autocommit=True) as admin:
        identifier = sql.Identifier(name)
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(identifier, sql.Identifier(ROLE_NAMES["owner"])))
        yield Database(name=name, owner_dsn=cluster.dsn("owner", name), service_dsn=cluster.dsn("service", name))
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


def template_of(cluster: Cluster) -> str:
    """Migrate a database, and load the law that ships: revision 1. Return its name, to be copied."""
    name = f"template_{uuid.uuid4().hex}"
    with psycopg.connect(cluster.dsn("admin"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(ROLE_NAMES["owner"]))
        )
    migrate(cluster.dsn("owner", name))
    with connect(cluster.dsn("service", name)) as connection:
        install_shipped(connection, now=datetime.now(UTC))
    return name


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """Return the name of a store that every test's is a copy of."""
    return template_of(cluster)


@contextmanager
def store_of(cluster: Cluster, template: str) -> Iterator[Database]:
    """Make a migrated database that goes with the block, whoever is still connected."""
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
def store(cluster: Cluster, template: str) -> Iterator[Database]:
    """Make a migrated database that goes with the test, whoever is still connected."""
    with store_of(cluster, template) as made:
        yield made
