"""The law that a process starts with: the editions of its release are in the store, and all of the store's are readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.app.clock import now
from credit_sanction_service.domain.faults import EditionRefused
from credit_sanction_service.editions import install_shipped
from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.store.connect import connect, translated
from credit_sanction_service.store.law import LawUnreadable, load_law
from credit_sanction_service.store.obligations import reckon_waiting

if TYPE_CHECKING:
    from credit_sanction_service.editions import OnLoaded

# What else follows from a new law, wherever one is loaded: at a start, by `migrate`, and by a call.
ON_LOADED: Final[tuple[OnLoaded, ...]] = (reckon_waiting,)


def bring_law(dsn: str) -> None:
    """
    Load the editions that ship with this release, as the owner (`migrate`) or as the service role (`run`): either may
    insert them. Raises `StartRefused` where the store has one of them with another text, or a law that cannot be read.
    """
    try:
        with connect(dsn) as connection, translated():
            install_shipped(connection, now=now(), on_loaded=ON_LOADED)
    except (EditionRefused, LawUnreadable) as fault:
        raise StartRefused(str(fault)) from None


def require_law(dsn: str) -> None:
    """Raise `StartRefused`, naming the edition and what is wrong in it, unless this code can read the store's law whole."""
    try:
        with connect(dsn) as connection, translated():
            load_law(connection)
    except LawUnreadable as fault:
        raise StartRefused(str(fault)) from None
