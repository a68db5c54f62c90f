"""A migrated database for each test, and the house that its records, targets and workers live in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.database import Database
from tests.push.rig import House

from credit_sanction_service.host.cluster import Cluster


@pytest.fixture
def house(cluster: Cluster, store: Database, tmp_path: Path) -> Iterator[House]:
    built = House(store, cluster.dsn("admin"), tmp_path)
    yield built
    built.close()
