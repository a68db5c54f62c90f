"""What was known in the past: at a revision, or at an instant. From the store, for the index knows the present alone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.answers import Known
from credit_sanction_service.domain.calendar import SHANGHAI
from credit_sanction_service.domain.faults import EpochChanged, Invalid, Violation
from credit_sanction_service.domain.law import Law
from credit_sanction_service.restrictions.small_index import SmallIndex
from credit_sanction_service.store.history import (
    LONGEST_LOCK_S,
    by_key,
    first_known_at,
    known_since,
    law_then,
    obligations_then,
    records_then,
    revision_at,
    settle,
)
from credit_sanction_service.store.law import load_law

if TYPE_CHECKING:
    from credit_sanction_service.domain.answers import Question
    from credit_sanction_service.store.connect import Connection, Reader
    from credit_sanction_service.store.values import Revision

_MOST_LAWS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What was known about each question at a revision, the law of then, and since when that was known."""

    known: Sequence[Known]
    law: Law
    known_at: datetime


class Past:
    """Reads the past on the primary. Safe to use from many threads; each question waits for a connection of `reader`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._lock = threading.Lock()
        self._laws: OrderedDict[str, Law] = OrderedDict()

    def revision_at(self, instant: datetime, *, within_s: float = LONGEST_LOCK_S) -> Revision:
        """
        Return the highest revision that was known at `instant`; whenever it is asked again, it is the same. It waits at most
        `within_s` seconds for a commit under way.

        Raises `Invalid` for an instant that lies in the future by the store's clock, or before its first revision;
        `RevisionNotReached` where a commit under way may still be known by then; `StoreUnavailable`.
        """
        with self._reader.connection() as connection:
            now = settle(connection, instant, within_s=within_s)
            if now < instant:
                raise _refused(
                    "consistency.as_known_at",
                    f"{_told(instant)} lies in the future: the store's clock says {_told(now)}",
                )
            found = revision_at(connection, instant)
            if found is None:
                first = first_known_at(connection)
                since = f": it is known since {_told(first)}" if first else ""
                raise _refused(
                    "consistency.as_known_at", f"{_told(instant)} lies before this store's first revision{since}"
                )
            return found

    def known(self, questions: Sequence[Question], revision: Revision) -> Then:
        """
        Return what was known at `revision`, about each question as the index would have had it then.

        The caller has seen the revision committed. Raises `EpochChanged` where the store does not have it any more, `Invalid`
        where it had no rule tables yet, `StoreUnavailable`.
        """
        with self._reader.connection() as connection:
            since = known_since(connection, revision)
            if since is None:
                raise EpochChanged(f"the store does not have revision {revision.told}: take everything anew")
            law = self._law(connection, revision)
            with by_key(connection):
                index = _index(connection, questions, revision)
        known = [index.find(question.code, question.name) for question in questions]
        return Then(known=known, law=law, known_at=since)

    def _law(self, connection: Connection, revision: Revision) -> Law:
        then = law_then(connection, revision)
        if not then.digest:
            since = f": the first came with revision {then.first.told}" if then.first else ""
            raise _refused("consistency", f"the store had no rule tables at revision {revision.told}{since}")
        with self._lock:
            if then.digest in self._laws:
                self._laws.move_to_end(then.digest)
                return self._laws[then.digest]
        law = load_law(connection, until=revision)
        with self._lock:
            self._laws[then.digest] = law
            while len(self._laws) > _MOST_LAWS:
                self._laws.popitem(last=False)
        return law


def _index(connection: Connection, questions: Sequence[Question], revision: Revision) -> SmallIndex:
    """Return an index of all that bears on the questions: whom their numbers and names led to, and these whole."""
    numbers = {question.code.value for question in questions}
    numbers.update(question.code.organisation_code for question in questions)
    names = {question.name for question in questions}
    found = records_then(connection, numbers, names, revision)
    codes = {facts.code for facts in found}
    further = records_then(connection, codes - numbers, (), revision)
    exits = obligations_then(connection, (codes | numbers) - {""}, revision)
    return SmallIndex([*found, *further], exits)


def _refused(field: str, description: str) -> Invalid:
    return Invalid([Violation(field=field, description=description)])


def _told(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).isoformat()
