"""Writers on a migrated database, and what they call time."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from tests.database import Database
from tests.samples import noon

from credit_sanction_service.records import Records
from credit_sanction_service.store.connect import Connection, Reader, connect
from credit_sanction_service.store.writer import Writer

OpenWriter = Callable[[], Writer]


@pytest.fixture
def connection(store: Database) -> Iterator[Connection]:
    """Open a connection of the service role's."""
    with connect(store.service_dsn) as opened:
        yield opened


@pytest.fixture
def open_writer(store: Database) -> Iterator[OpenWriter]:
    """Open as many writers as a test wants, each with a thread and a connection of its own."""
    writers: list[Writer] = []

    def clock() -> datetime:
        return noon()

    def opened() -> Writer:
        writers.append(Writer(store.service_dsn, clock=clock))
        return writers[-1]

    yield opened
    for writer in writers:
        writer.close()


@pytest.fixture
def writer(open_writer: OpenWriter) -> Writer:
    return open_writer()


@pytest.fixture
def reader(store: Database) -> Iterator[Reader]:
    opened = Reader(store.service_dsn)
    yield opened
    opened.close()


@pytest.fixture
def records(writer: Writer, reader: Reader) -> Records:
    """Build the use cases, on `TODAY`."""
    return Records(writer, reader)
