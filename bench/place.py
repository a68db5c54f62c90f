"""A PostgreSQL as in production, for as long as a run takes."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from credit_sanction_service.app.law import bring_law
from credit_sanction_service.host.cluster import Cluster
from credit_sanction_service.host.home import claim
from credit_sanction_service.store.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def place() -> Iterator[tuple[Cluster, Path]]:
    """Open it, with the service's own settings, in a directory of its own, which is yielded too; all of it goes at the end."""
    with tempfile.TemporaryDirectory(prefix="credit-sanction-bench-") as name:
        directory = Path(name)
        directory.chmod(0o711)  # started by root, the database runs under an account that has to pass through
        with claim(directory / "data") as home, Cluster.open(home) as cluster:
            migrate(cluster.dsn("owner"))
            bring_law(cluster.dsn("service"))
            yield cluster, directory
