"""The other end of the client's connection, and the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.sdk.loopback import Loopback, serve

from credit_sanction import Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def service() -> Iterator[Loopback]:
    loopback = Loopback()
    server = serve(loopback)
    yield loopback
    server.stop(None).wait()


@pytest.fixture
def client(service: Loopback) -> Iterator[Client]:
    with Client(service.address, token="a-token", timeout=10) as client:
        yield client
