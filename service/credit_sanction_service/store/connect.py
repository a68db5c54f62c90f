"""Connections: how they are opened, and that no driver text leaves this room."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout
from typing_extensions import override

from credit_sanction_service.domain.faults import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


log: Final = structlog.get_logger()


class _Lines(logging.Handler):
    """Has what the driver and its pool say of lost connections be lines of our log, each with its first line."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        log.log(record.levelno, "store.connection_lost", fault=record.getMessage().partition("\n")[0], by=record.name)


_DRIVER: Final = logging.getLogger("psycopg")
_DRIVER.addHandler(_Lines())
_DRIVER.propagate = False


class DatabaseAway(StoreUnavailable):
    """It does not answer at present: waiting may help."""


class BadDsn(StoreUnavailable):
    """What should be a connection string is none. It is not repeated: it may hold a password."""


Row = tuple[Any, ...]
Connection = psycopg.Connection[Row]


# A connection to a database that vanished without a word is given up within seconds, and not when the kernel tires of it.
_OPTIONS: Final[dict[str, Any]] = {
    "autocommit": True,
    "connect_timeout": 5,
    "application_name": "credit-sanction",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def check_dsn(dsn: str, *, setting: str) -> None:
    """Raise `BadDsn`, naming the setting, unless `dsn` is a connection string."""
    try:
        conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise BadDsn(
            f"{setting} is not a PostgreSQL connection string: write it like"
            " `host=127.0.0.1 dbname=credit_sanction user=credit_sanction_service`"
        ) from None


def connect(dsn: str) -> Connection:
    """Open one connection in autocommit mode. Raises `StoreUnavailable`."""
    with translated():
        return psycopg.connect(dsn, **_OPTIONS)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the driver raises when the database is away, starting or stopping into `StoreUnavailable`."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as fault:
        raise DatabaseAway("the database cannot be reached: check that it runs and that its DSN is right") from fault


class Reader:
    """A small pool for queries. Everything read in one `connection()` without a transaction is autocommitted."""

    def __init__(self, dsn: str, *, size: int = 4) -> None:
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            dsn,
            min_size=1,
            max_size=size,
            timeout=5,
            kwargs=_OPTIONS,
            check=ConnectionPool.check_connection,
            open=True,
        )

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection. Raises `StoreUnavailable`."""
        with translated(), self._pool.connection() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()
