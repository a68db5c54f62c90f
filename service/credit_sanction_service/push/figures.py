"""What the store says of the targets, for those who watch: asked when they ask, and never longer waited for than agreed."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.store.connect import Connection, connect, translated
from credit_sanction_service.store.due_days import past_due_counts
from credit_sanction_service.store.undelivered import Undelivered, undelivered

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

log: Final = structlog.get_logger()
KEPT_S: Final = 5.0
PATIENCE_S: Final = 7.0  # shorter than the ten seconds in which a scrape must have its answer
_STATEMENT_TIMEOUT_MS: Final = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """
    What each target has not confirmed, and by name how many of its deliveries are past their legal due day: None where the
    store has too many to count them in time.
    """

    undelivered: tuple[Undelivered, ...]
    past_due: dict[str, int] | None


@dataclass(slots=True, kw_only=True)
class _Question:
    """One question to the store. `figures` stay None where there is no answer."""

    asked_at: float
    figures: Figures | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class StoreFigures:
    """
    Asks the store on a connection of its own, one question at a time; its answer is kept for `kept_s`.

    A database that neither answers nor goes away holds a thread here, and nobody else.
    """

    def __init__(
        self,
        dsn: str,
        *,
        clock: Callable[[], datetime],
        kept_s: float = KEPT_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`clock` says which day it is: aware."""
        self._dsn = dsn
        self._clock = clock
        self._kept_s = kept_s
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._question: _Question | None = None
        self._connection: Connection | None = None

    def read(self) -> Figures | None:
        """Return the figures, None where the store does not give them within `patience_s`. Never raises."""
        with self._lock:
            question = self._question
            if question is None or (question.ended.is_set() and time.monotonic() >= question.asked_at + self._kept_s):
                question = self._question = _Question(asked_at=time.monotonic())
                threading.Thread(target=self._ask, args=(question,), name="push-figures", daemon=True).start()
        question.ended.wait(self._patience_s)
        return question.figures

    def close(self) -> None:
        """Close the connection, unless the store still holds it."""
        with self._lock:
            question = self._question
        if question is None or question.ended.wait(self._patience_s):
            self._drop()

    def _ask(self, question: _Question) -> None:
        try:
            question.figures = self._figures()
        except StoreUnavailable as fault:
            log.warning("figures.missed", fault=str(fault))
            self._drop()
        except Exception:
            log.exception("figures.missed")  # whatever it is: who watches must see the rest
            self._drop()
        finally:
            question.ended.set()

    def _figures(self) -> Figures:
        if self._connection is None:
            self._connection = connect(self._dsn)
            with translated():
                self._connection.execute(f"SET statement_timeout = {_STATEMENT_TIMEOUT_MS}")
        with translated():
            rows = tuple(undelivered(self._connection))
        return Figures(undelivered=rows, past_due=self._past_due(self._connection))

    def _past_due(self, connection: Connection) -> dict[str, int] | None:
        try:
            with translated():
                return past_due_counts(connection, day_of(self._clock()))
        except StoreUnavailable as fault:
            log.warning("figures.missed", figure="past_due", fault=str(fault))
            return None

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
