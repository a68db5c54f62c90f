"""The database that a process talks to: reached, and of this release's schema, or a sentence that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.store.connect import BadDsn, DatabaseAway, check_dsn
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
