"""The histories that every property is held against."""

import pytest
from tests.policy.histories import History, history, random_of
from tests.policy.told import TOLD
from tests.policy.worlds import worlds


@pytest.fixture(scope="session")
def told() -> list[History]:
    """Tell them once; nobody changes them."""
    return [history(random_of(seed), worlds()[seed % 2], steps=14) for seed in range(TOLD)]
