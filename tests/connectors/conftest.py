"""The connector tests run once for every kind in the registry."""

import pytest

from credit_sanction_connectors.registry import KINDS


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)
