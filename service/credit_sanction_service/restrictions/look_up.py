"""The look-up: questions in, answers of one revision and one instant out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.answers import Answer, Known, Question, answer
from credit_sanction_service.domain.calendar import day_of, start_of
from credit_sanction_service.domain.faults import Overloaded, RevisionNotReached, StoreUnavailable
from credit_sanction_service.domain.law import Law
from credit_sanction_service.restrictions.demands import Basis, Demand, Ground, Settled
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from credit_sanction_service.restrictions.counting import AnswerCounter
    from credit_sanction_service.restrictions.index import Index
    from credit_sanction_service.restrictions.past import Past


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is known about each question at one revision, with the law of that revision; `known_at` as of a `Ground`."""

    revision: Revision
    known: Sequence[Known]
    law: Law
    stale: bool = False
    clock_in_doubt: bool
    known_at: datetime | None = None


_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_NO_GROUND: Final = Ground(revision=Revision(epoch=0, number=0), day=date.min, stale=True, catalogue_edition="", law={})


class LookUp:
    """
    Answers questions. `law` says what holds at the revision of the index, `past` what was known before. `max_staleness` in
    seconds; `longest_wait` bounds a wait for a revision, `most_waiting` how many calls may wait at once; `waiting` surrounds
    every wait, so that the others keep their threads.
    """

    def __init__(  # noqa: PLR0913 - what a process sets, once
        self,
        index: Index,
        law: Callable[[], Law],
        *,
        clock: Callable[[], datetime],
        max_staleness: float = 5.0,
        longest_wait: float = 5.0,
        most_waiting: int = 2,
        counter: AnswerCounter | None = None,
        past: Past | None = None,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.index = index
        self.law = law
        self.counter = counter
        self._clock = clock
        self._max_staleness = max_staleness
        self._longest_wait = longest_wait
        self._past = past
        self._waiting = waiting
        self._places = threading.BoundedSemaphore(most_waiting)
        self._today = (_LONG_AGO, _LONG_AGO, date.min)
        self._ground: tuple[Law | None, Ground] = (None, _NO_GROUND)

    def check(
        self, questions: Sequence[Question], demand: Demand, *, include_ended: bool = False
    ) -> tuple[list[Answer], Basis]:
        """
        Return the answers in the order of the questions. Raises `EpochChanged`, `RevisionNotReached`, and `Overloaded` when
        too many calls wait for a revision already.
        """
        if demand.at_revision or demand.known_at:
            return self.check_then(questions, self.settle(demand), include_ended=include_ended)
        self.wait(demand)
        tolerated = self.tolerated(demand)
        with self.index.hold() as view:
            found = _Found(
                revision=view.revision,
                known=[view.find(question.code, question.name) for question in questions],
                law=self.law(),
                stale=view.age > tolerated,
                clock_in_doubt=view.clock_in_doubt,
            )
        return self._answers(questions, found, demand.day, include_ended=include_ended)

    def settle(self, demand: Demand) -> Settled:
        """Return which past a demand of one means. Raises as `check` does, `Invalid` for an instant that has no past."""
        self.wait(demand)
        with self.index.hold() as view:
            clock_in_doubt = view.clock_in_doubt
        day = demand.day or (day_of(demand.known_at) if demand.known_at else self.now()[1])
        revision = demand.at_revision
        if revision is None:
            if demand.known_at is None:
                raise ValueError("a demand of the present")
            with self._waiting():
                revision = self._known_past().revision_at(demand.known_at, within_s=self._patience(demand))
        return Settled(
            revision=revision, day=day, by_instant=demand.known_at is not None, clock_in_doubt=clock_in_doubt
        )

    def is_present(self, settled: Settled) -> bool:
        """Whether a past is answered by the index, for its revision is the present one."""
        return not settled.by_instant and self.index.revision == settled.revision

    def check_then(
        self, questions: Sequence[Question], settled: Settled, *, include_ended: bool = False
    ) -> tuple[list[Answer], Basis]:
        """Return the answers of a past, in the order of the questions. Raises `EpochChanged`, `StoreUnavailable`."""
        with self.index.hold() as view:
            clock_in_doubt = settled.clock_in_doubt or view.clock_in_doubt
            found = None
            if not settled.by_instant and view.revision == settled.revision:
                found = _Found(
                    revision=view.revision,
                    known=[view.find(question.code, question.name) for question in questions],
                    law=self.law(),
                    clock_in_doubt=clock_in_doubt,
                )
        if found is None:
            with self._waiting():
                then = self._known_past().known(questions, settled.revision)
            found = _Found(
                revision=settled.revision,
                known=then.known,
                law=then.law,
                clock_in_doubt=clock_in_doubt,
                known_at=then.known_at,
            )
        return self._answers(questions, found, settled.day, include_ended=include_ended)

    def _answers(
        self, questions: Sequence[Question], found: _Found, day: date | None, *, include_ended: bool
    ) -> tuple[list[Answer], Basis]:
        now, today = self.now()
        day = day or today
        answers = [
            answer(
                question,
                facts,
                day=day,
                catalogues=found.law.catalogues,
                stale=found.stale,
                clock_in_doubt=found.clock_in_doubt,
                include_ended=include_ended,
            )
            for question, facts in zip(questions, found.known, strict=True)
        ]
        if self.counter is not None:
            self.counter.count(today, answers)
        ground = self.ground(found.revision, found.law, day, stale=found.stale, known_at=found.known_at)
        return answers, Basis(ground=ground, answered_at=now)

    def _known_past(self) -> Past:
        if self._past is None:
            raise StoreUnavailable("this service does not know the past")
        return self._past

    def now(self) -> tuple[datetime, date]:
        """Return the instant and its day in Shanghai."""
        now = self._clock()
        first, behind, day = self._today
        if not first <= now < behind:
            day = day_of(now)
            first = start_of(day)
            self._today = first, first + timedelta(days=1), day
        return now, day

    def ground(
        self, revision: Revision, law: Law, day: date, *, stale: bool, known_at: datetime | None = None
    ) -> Ground:
        """Return what the answers of a call rest on: the same object for calls of one revision, law and day."""
        given, ground = self._ground
        if (
            given is law
            and ground.revision is revision
            and ground.day == day
            and ground.stale == stale
            and ground.known_at is known_at
        ):
            return ground
        ground = Ground(
            revision=revision,
            day=day,
            stale=stale,
            catalogue_edition=law.catalogue_on(day).edition,
            law=law.names(),
            known_at=known_at,
        )
        self._ground = law, ground
        return ground

    def tolerated(self, demand: Demand) -> float:
        """Return how old, in seconds, what is known may be."""
        asked = demand.max_staleness
        return self._max_staleness if asked is None else min(asked, self._max_staleness)

    def wait(self, demand: Demand) -> None:
        """Wait for the revision that is demanded, if one is, and no longer than the caller does. Raises as `check` does."""
        wanted = demand.at_revision or demand.min_revision
        if wanted is None or self._has(wanted):
            return
        if not self._places.acquire(blocking=False):
            raise Overloaded("too many calls wait for a revision already")
        try:
            with self._waiting():
                self.index.wait_for(wanted, timeout=self._patience(demand))
        except RevisionNotReached as fault:
            field = "at_revision" if demand.at_revision else "min_revision"
            raise RevisionNotReached(f"consistency.{field}: {fault}", head=fault.metadata.get("head", "")) from None
        finally:
            self._places.release()

    def _patience(self, demand: Demand) -> float:
        """Return for how many seconds a call waits for a revision."""
        if demand.deadline is None:
            return self._longest_wait
        return max(0.0, min(self._longest_wait, demand.deadline - time.monotonic()))

    def _has(self, revision: Revision) -> bool:
        known = self.index.revision
        return known is not None and known.epoch == revision.epoch and known >= revision
