"""The look-up: questions in, answers of one revision and one instant out."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from credit_sanction_service.domain.answers import Answer, Question, answer
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.faults import Overloaded
from credit_sanction_service.domain.terms import EditionKind
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.restrictions.counting import AnswerCounter
    from credit_sanction_service.restrictions.index import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """
    How fresh an answer has to be: at least `min_revision`, no older than `max_staleness` seconds (which only tightens the
    service's own), and of which day (None: today).
    """

    min_revision: Revision | None = None
    max_staleness: float | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What all answers of one call rest on. `law`: the name of the edition of each kind loaded last, at that revision."""

    revision: Revision
    answered_at: datetime
    day: date
    stale: bool
    catalogue_edition: str
    law: Mapping[EditionKind, str]


class LookUp:
    """
    Answers questions. `law` says what holds at the revision of the index. `max_staleness` in seconds; `longest_wait` bounds a
    wait for a revision, `most_waiting` how many calls may wait at once, so that the others keep their threads.
    """

    def __init__(
        self,
        index: Index,
        law: Callable[[], Law],
        *,
        clock: Callable[[], datetime],
        max_staleness: float = 5.0,
        longest_wait: float = 5.0,
        most_waiting: int = 2,
        counter: AnswerCounter | None = None,
    ) -> None:
        self._index = index
        self._law = law
        self._clock = clock
        self._max_staleness = max_staleness
        self._longest_wait = longest_wait
        self._counter = counter
        self._waiting = threading.BoundedSemaphore(most_waiting)

    def check(self, questions: Sequence[Question], demand: Demand) -> tuple[list[Answer], Basis]:
        """
        Return the answers in the order of the questions. Raises `EpochChanged`, `RevisionNotReached`, and `Overloaded` when
        too many calls wait for a revision already.
        """
        if demand.min_revision is not None:
            self._wait(demand.min_revision)
        asked = demand.max_staleness
        tolerated = self._max_staleness if asked is None else min(asked, self._max_staleness)
        with self._index.hold() as view:
            known = [view.find(question.code, question.name) for question in questions]
            stale = view.age > tolerated
            law = self._law()
        now = self._clock()
        day = demand.day or day_of(now)
        answers = [
            answer(
                question,
                facts,
                day=day,
                catalogues=law.catalogues,
                stale=stale,
                clock_in_doubt=view.clock_in_doubt,
            )
            for question, facts in zip(questions, known, strict=True)
        ]
        basis = Basis(
            revision=view.revision,
            answered_at=now,
            day=day,
            stale=stale,
            catalogue_edition=law.catalogue_on(day).edition,
            law=law.names(),
        )
        if self._counter is not None:
            self._counter.count(day_of(now), answers)
        return answers, basis

    def _wait(self, revision: Revision) -> None:
        known = self._index.revision
        if known is not None and known.epoch == revision.epoch and known >= revision:
            return
        if not self._waiting.acquire(blocking=False):
            raise Overloaded("too many calls wait for a revision already")
        try:
            self._index.wait_for(revision, timeout=self._longest_wait)
        finally:
            self._waiting.release()
