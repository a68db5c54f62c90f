"""The database that a process talks to: reached, and of this release's schema, or a sentence that says what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.host.home import chosen_path, dsn_file
from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.store.connect import BadDsn, DatabaseAway, check_dsn, connect, translated
from credit_sanction_service.store.epochs import require_known_place
from credit_sanction_service.store.migrate import check_schema

if TYPE_CHECKING:
    from credit_sanction_service.config import Settings

_PATIENCE_S: Final = 10.0


def require_dsn(dsn: str, setting: str) -> None:
    """Raise `StartRefused`, naming the setting, unless `dsn` is a connection string."""
    try:
        check_dsn(dsn, setting=setting)
    except BadDsn as fault:
        raise StartRefused(str(fault)) from None


def require_database(settings: Settings) -> str:
    """Return the service role's DSN once the database answers with the right schema. Raises `StartRefused`."""
    if not settings.dsn:
        raise StartRefused("CREDIT_SANCTION_DSN is not set: name the PostgreSQL to use, or start everything with `run`")
    require_dsn(settings.dsn, "CREDIT_SANCTION_DSN")
    attempts = Retrying(
        retry=retry_if_exception_type(DatabaseAway),
        stop=stop_after_delay(_PATIENCE_S),
        wait=wait_random_exponential(multiplier=0.1, max=1),
        reraise=True,
    )
    try:
        attempts(check_schema, settings.dsn)
    except StoreUnavailable as fault:
        raise StartRefused(str(fault)) from None
    return settings.dsn


def require_store(settings: Settings) -> str:
    """Return the same once it is also certain that the store lies where it says. Raises `StartRefused`."""
    dsn = require_database(settings)
    try:
        with translated(), connect(dsn) as connection:
            require_known_place(connection)
    except StoreUnavailable as fault:
        raise StartRefused(str(fault)) from None
    return dsn


def running_database(settings: Settings) -> str:
    """Return the DSN that is set, else that of the service running on the data directory's embedded database."""
    if settings.dsn:
        return require_database(settings)
    data = chosen_path(settings.data_dir)
    try:
        dsn = dsn_file(data).read_text("utf-8").strip()
    except OSError as fault:
        raise StartRefused(
            f"No running service of this user was found with its data in {data} ({fault.strerror}): start it with "
            "`credit-sanction-service run`, name its directory with --data-dir, or its database with CREDIT_SANCTION_DSN."
        ) from None
    return require_database(replace(settings, dsn=dsn))
