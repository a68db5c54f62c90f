"""The look-up: questions in, answers of one revision and one instant out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.answers import Answer, Known, Question, answer
from credit_sanction_service.domain.calendar import day_of, start_of
from credit_sanction_service.domain.faults import Overloaded, StoreUnavailable
from credit_sanction_service.domain.law import Law
from credit_sanction_service.domain.terms import EditionKind
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from credit_sanction_service.restrictions.counting import AnswerCounter
    from credit_sanction_service.restrictions.index import Index
    from credit_sanction_service.restrictions.past import Past


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """
    How fresh an answer has to be: at least `min_revision`, no older than `max_staleness` seconds (which only tightens the
    service's own), and of which day (None: today, or the day of `known_at`).

    Or of which past: by what was known at exactly `at_revision`, or at the instant `known_at`. Such a past is never stale.
    """

    min_revision: Revision | None = None
    at_revision: Revision | None = None
    known_at: datetime | None = None
    max_staleness: float | None = None
    day: date | None = None


PRESENT: Final = Demand()
"""As fresh as the service's own rules have it, and of today."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """
    What all answers rest on that are of one revision, law and day. `law`: the name of the edition of each kind loaded last, at
    that revision.
    """

    revision: Revision
    day: date
    stale: bool
    catalogue_edition: str
    law: Mapping[EditionKind, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What all answers of one call rest on, and when they were given."""

    ground: Ground
    answered_at: datetime

    @property
    def revision(self) -> Revision:
        """What the answers know."""
        return self.ground.revision

    @property
    def day(self) -> date:
        """The day of which they speak."""
        return self.ground.day

    @property
    def stale(self) -> bool:
        """Whether what is known is older than allowed."""
        return self.ground.stale

    @property
    def catalogue_edition(self) -> str:
        """The edition of the catalogue for decisions of that day."""
        return self.ground.catalogue_edition

    @property
    def law(self) -> Mapping[EditionKind, str]:
        """The name of the edition of each kind loaded last."""
        return self.ground.law


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known about each question at one revision, with the law of that revision."""

    revision: Revision
    known: Sequence[Known]
    law: Law
    stale: bool
    clock_in_doubt: bool


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
        found = self._known(questions, demand)
        now, today = self.now()
        day = demand.day or (day_of(demand.known_at) if demand.known_at else today)
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
        return answers, Basis(ground=self.ground(found.revision, found.law, day, stale=found.stale), answered_at=now)

    def now(self) -> tuple[datetime, date]:
        """Return the instant and its day in Shanghai."""
        now = self._clock()
        first, behind, day = self._today
        if not first <= now < behind:
            day = day_of(now)
            first = start_of(day)
            self._today = first, first + timedelta(days=1), day
        return now, day

    def ground(self, revision: Revision, law: Law, day: date, *, stale: bool) -> Ground:
        """Return what the answers of a call rest on: the same object for calls of one revision, law and day."""
        given, ground = self._ground
        if given is law and ground.revision is revision and ground.day == day and ground.stale == stale:
            return ground
        ground = Ground(
            revision=revision,
            day=day,
            stale=stale,
            catalogue_edition=law.catalogue_on(day).edition,
            law=law.names(),
        )
        self._ground = law, ground
        return ground

    def tolerated(self, demand: Demand) -> float:
        """Return how old, in seconds, what is known may be."""
        asked = demand.max_staleness
        return self._max_staleness if asked is None else min(asked, self._max_staleness)

    def wait(self, demand: Demand) -> None:
        """Wait for the revision that is demanded, if one is. Raises as `check` does."""
        wanted = demand.at_revision or demand.min_revision
        if wanted is None or self._has(wanted):
            return
        if not self._places.acquire(blocking=False):
            raise Overloaded("too many calls wait for a revision already")
        try:
            with self._waiting():
                self.index.wait_for(wanted, timeout=self._longest_wait)
        finally:
            self._places.release()

    def _has(self, revision: Revision) -> bool:
        known = self.index.revision
        return known is not None and known.epoch == revision.epoch and known >= revision

    def _known(self, questions: Sequence[Question], demand: Demand) -> Found:
        """Return what is known, or was, of one revision."""
        self.wait(demand)
        tolerated = self.tolerated(demand)
        with self.index.hold() as view:
            now_known = demand.known_at is None and demand.at_revision in {None, view.revision}
            found = Found(
                revision=view.revision,
                known=[view.find(question.code, question.name) for question in questions] if now_known else [],
                law=self.law(),
                stale=view.age > tolerated and demand.at_revision is None,
                clock_in_doubt=view.clock_in_doubt,
            )
        return found if now_known else self._known_then(questions, demand, found)

    def _known_then(self, questions: Sequence[Question], demand: Demand, now_known: Found) -> Found:
        """Return what was known in the past that `demand` names."""
        if self._past is None:
            raise StoreUnavailable("this service does not know the past")
        with self._waiting():
            revision = demand.at_revision or (self._past.revision_at(demand.known_at) if demand.known_at else None)
            if revision is None:
                return now_known
            known, law = self._past.known(questions, revision)
        return replace(now_known, revision=revision, known=known, law=law, stale=False)
