"""The connector tests run once for every kind in the registry, or for those that speak HTTP."""

import pytest

from credit_sanction_connectors.registry import KINDS
from credit_sanction_connectors.standins.kinds import BY_FILE


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=sorted(KINDS.keys() - BY_FILE))
def http_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)
