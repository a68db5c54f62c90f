"""The soak in its short form; `make soak` has the long one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.restrictions.soak.judge import Tally
from tests.restrictions.soak.story import Size, soak

if TYPE_CHECKING:
    from pathlib import Path

    from tests.database import Database

    from credit_sanction_service.host.cluster import Cluster


def test_every_verdict_of_every_place_is_that_of_the_change_log(
    store: Database, cluster: Cluster, tmp_path: Path
) -> None:
    tally = Tally()
    soak(store, cluster.dsn("admin", store.name), tmp_path, Size(), tally)
    assert tally.comparisons > 0
