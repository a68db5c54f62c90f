"""Counts answers by Shanghai day, area and verdict: in memory while they are given, in the store every few seconds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.store.connect import Connection, connect, translated
from credit_sanction_service.store.look_up_counts import CountKey, add_counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from credit_sanction_service.domain.answers import Answer
    from credit_sanction_service.domain.terms import Area, Verdict
    from credit_sanction_service.restrictions.prepared import Profile

log: Final = structlog.get_logger()


class AnswerCounter:
    """
    Counts the answers of one process. A thread with a connection of its own adds them to the store every `interval` seconds
    and once more at the end.

    The figures are statistics, no proof of a look-up: a killed process loses what it counted since the last time, so at most
    the last interval. While the store is away nothing is lost: it is kept, and tried again. Only where the store vanishes
    while it commits may one interval be counted twice.
    """

    def __init__(self, dsn: str, *, interval: float = 3.0) -> None:
        self._dsn = dsn
        self._interval = interval
        self._lock = threading.Lock()
        self._counts: dict[CountKey, int] = {}
        self._profiles: dict[tuple[date, Profile], int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="answer-counter", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def count(self, day: date, answers: Iterable[Answer]) -> None:
        """Count answers given on a day, in every area that each was asked about. Never waits for the store."""
        tally: dict[tuple[Area, Verdict], int] = {}
        for answer in answers:
            for pair in answer.areas.items():
                tally[pair] = tally.get(pair, 0) + 1
        with self._lock:
            counts = self._counts
            for (area, verdict), number in tally.items():
                key = (day, area, verdict)
                counts[key] = counts.get(key, 0) + number

    def tally(self, day: date, profiles: Mapping[Profile, int]) -> None:
        """Count answers by the verdicts of their areas. Quick, for what is asked all the time."""
        with self._lock:
            counts = self._profiles
            for profile, number in profiles.items():
                key = (day, profile)
                counts[key] = counts.get(key, 0) + number

    def close(self) -> None:
        """Write what was counted, and stop. What cannot be written then is lost, and logged."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        connection: Connection | None = None
        stopping = False
        while not stopping:
            stopping = self._stop.wait(self._interval)
            counts = self._take()
            if not counts:
                continue
            try:
                connection = connection or connect(self._dsn)
                with translated():
                    add_counts(connection, counts)
            except Exception as fault:  # noqa: BLE001 - whatever it was, what was counted is kept and tried again
                self._put_back(counts)
                log.warning("answers.not_counted", fault=repr(fault), waiting=sum(counts.values()), lost=stopping)
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _take(self) -> dict[CountKey, int]:
        with self._lock:
            counts, self._counts = self._counts, {}
            profiles, self._profiles = self._profiles, {}
        for (day, profile), number in profiles.items():
            for area, verdict in profile:
                key = (day, area, verdict)
                counts[key] = counts.get(key, 0) + number
        return counts

    def _put_back(self, counts: dict[CountKey, int]) -> None:
        with self._lock:
            for key, number in counts.items():
                self._counts[key] = self._counts.get(key, 0) + number
