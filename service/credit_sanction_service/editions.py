"""Use cases over the rule tables: load an edition, read what is loaded, and bring a store what ships with the release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.domain.editions import Edition, UnreadableEdition, read_header
from credit_sanction_service.domain.faults import EditionRefused
from credit_sanction_service.domain.law import shipped_editions
from credit_sanction_service.store import law
from credit_sanction_service.store.law_loading import check_edition, install_editions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from credit_sanction_service.domain.access import Principal
    from credit_sanction_service.domain.terms import EditionKind
    from credit_sanction_service.store.connect import Connection, Reader
    from credit_sanction_service.store.law import StoredEdition
    from credit_sanction_service.store.transaction import Transaction

    OnLoaded = Callable[[Transaction], None]

log: Final = structlog.get_logger()


class Editions:
    """
    The use cases. Each of `on_loaded` is called within every load, in its transaction and under the new law, for what follows
    from that beyond the records.
    """

    def __init__(self, reader: Reader, *, clock: Callable[[], datetime], on_loaded: Sequence[OnLoaded] = ()) -> None:
        self._reader = reader
        self._clock = clock
        self._on_loaded = on_loaded

    def load(self, text: str, principal: Principal, *, validate_only: bool = False) -> StoredEdition:
        """
        Load an edition, or with `validate_only` only try it with the tables in use; return it as it is stored, or would be.
        One that is there already, to the letter, stays as it is. Raises `EditionRefused`.
        """
        edition = _read(text)
        with self._reader.connection() as connection:
            if validate_only:
                return check_edition(connection, edition, now=self._clock(), loaded_by=principal.name)
            fresh = install_editions(
                connection, [edition], now=self._clock(), loaded_by=principal.name, on_loaded=self._on_loaded
            )
            _tell(fresh, by=principal.name)
            return law.get_edition(connection, edition.kind, edition.name)

    def get(self, kind: EditionKind, name: str) -> StoredEdition:
        """Return one edition with its text. Raises `NotFound`."""
        with self._reader.connection() as connection:
            return law.get_edition(connection, kind, name)

    def list(self, kinds: Collection[EditionKind]) -> list[StoredEdition]:
        """Return the editions of these kinds, of all where none is named, in the order of loading, without their texts."""
        with self._reader.connection() as connection:
            return law.list_editions(connection, kinds)


def install_shipped(connection: Connection, *, now: datetime, on_loaded: Sequence[OnLoaded] = ()) -> None:
    """
    Load what ships with this release and is not there yet, each edition once in the life of a store. Raises as
    `install_editions`.
    """
    _tell(install_editions(connection, shipped_editions(), now=now, on_loaded=on_loaded), by="")


def _read(text: str) -> Edition:
    try:
        return read_header(text)
    except UnreadableEdition as fault:
        raise EditionRefused(str(fault)) from None


def _tell(fresh: Sequence[Edition], *, by: str) -> None:
    if fresh:
        log.info("law.loaded", editions=[f"{edition.kind} {edition.name}" for edition in fresh], by=by)
