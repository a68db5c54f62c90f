"""
A long list of codes, worked off in slices between which other calls have their turn.

What the index learnt meanwhile is looked at again in the end, so that all answers are of one revision.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import numpy as np

from credit_sanction_service.domain.answers import Question
from credit_sanction_service.domain.identifiers import Code, Judgement
from credit_sanction_service.domain.terms import SEVERITY, IdentifierKind, Verdict
from credit_sanction_service.restrictions.demands import PRESENT, Demand
from credit_sanction_service.restrictions.forms import accepted, rows_of
from credit_sanction_service.restrictions.making import Moment
from credit_sanction_service.restrictions.prepared import Ready, Terms, root_of
from credit_sanction_service.store.outcomes import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    import numpy.typing as npt

    from credit_sanction_service.domain.answers import Known
    from credit_sanction_service.restrictions.demands import Ground
    from credit_sanction_service.restrictions.forms import Rows
    from credit_sanction_service.restrictions.index import View
    from credit_sanction_service.restrictions.look_up import LookUp
    from credit_sanction_service.restrictions.making import Maker

SLICE: Final = 1_000
COLD: Final = 50  # looked for anew in one go, while the index is held: a fraction of a millisecond
CLEAR: Final = 1 + SEVERITY[Verdict.CLEAR]
_ROUNDS: Final = 3
_RANKS: Final = {verdict: 1 + rank for verdict, rank in SEVERITY.items()}

T = TypeVar("T")


class CallerGoneError(Exception):
    """Nobody waits for the answers any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    What a call wants to know: `codes` as they were typed with, or without, as many `names`; `ask` makes the question of the
    item at a place, or the refusal of it; `is_active` says whether the caller still waits.
    """

    codes: Sequence[str]
    names: Sequence[str] = ()
    terms: Terms
    demand: Demand = PRESENT
    ask: Callable[[int], Question | Refused]
    is_active: Callable[[], bool] = lambda: True

    def breathe(self) -> None:
        """Let others have their turn. Raises `CallerGoneError`."""
        if not self.is_active():
            raise CallerGoneError
        time.sleep(0)


class LongList(Generic[T]):
    """
    One order, worked off by `run`. `verdicts`: a byte for each code, 0 for one that could not be asked. `found`: by place,
    all that is not plainly CLEAR.
    """

    def __init__(self, order: Order, look_up: LookUp, maker: Maker[T], day: date, *, is_today: bool) -> None:
        self.verdicts = bytearray(len(order.codes))
        self.found: dict[int, Ready[T] | Refused] = {}
        self._order = order
        self._look_up = look_up
        self._maker = maker
        self._day = day
        self._is_today = is_today
        self._ticket = 0
        self._moment: Moment | None = None
        self._rows, self._plain = _plainly_accepted(order)
        self._is_plain = bytearray(len(order.codes))
        np.frombuffer(self._is_plain, np.uint8)[self._plain] = 1
        self._asked: dict[int, Question | Refused] = {}
        self._hangs_on: dict[int, tuple[str, ...]] = {}

    def run(self) -> Ground:
        """Answer everything and return what the answers rest on. Raises `CallerGoneError`, `RevisionNotReached`."""
        hold = self._look_up.index.hold
        with hold() as view:
            left = self._begin(view)
        for _ in range(_ROUNDS):
            self._fill(left)
            with hold() as view:
                left = self._overtaken(view)
                if len(left) <= COLD:
                    ground, last = self._ground(view), self._find(view, left)
                    break
        else:
            with hold() as view:  # it moves faster than this list: now it waits for us
                left = [*{*left, *self._overtaken(view)}]
                ground, last = self._ground(view), self._find(view, left)
        self._note_all(last)
        return ground

    def _begin(self, view: View) -> Sequence[int]:
        """Mark what is known of nothing at all as CLEAR, and return the places of the rest."""
        moment = self._moment = self._now(view)
        self._ticket = self._maker.prepared.ticket
        self.found.clear()
        count = len(self.verdicts)
        if moment.stale or moment.clock_in_doubt:
            return range(count)
        verdicts = np.zeros(count, np.uint8)
        verdicts[self._plain[view.absent(self._rows)]] = CLEAR
        self.verdicts[:] = verdicts.tobytes()
        return np.flatnonzero(verdicts == 0).tolist()

    def _overtaken(self, view: View) -> Sequence[int]:
        """Return the places of what has to be looked for again, for something that it rests on has moved."""
        if self._moment is None or not self._moment.is_as(self._now(view)):
            return self._begin(view)
        changed = self._maker.prepared.touched_since(self._ticket)
        self._ticket = self._maker.prepared.ticket
        if changed is None:
            return self._begin(view)
        if not changed:
            return ()
        again = {place for place, code in enumerate(self._order.codes) if root_of(code) in changed}
        again.update(place for place, roots in self._hangs_on.items() if not changed.isdisjoint(roots))
        return list(again)

    def _ground(self, view: View) -> Ground:
        # What the answers were given by: looked at again, it may have grown stale since, beside verdicts that say CLEAR.
        moment = self._moment or self._now(view)
        return self._look_up.ground(view.revision, moment.law, moment.day, stale=moment.stale)

    def _fill(self, places: Iterable[int]) -> None:
        """Answer these, slice by slice. Raises `CallerGoneError`."""
        plain: list[int] = []
        odd: list[int] = []
        for place in places:
            (plain if self._is_plain[place] else odd).append(place)
        start = 0
        while start < len(plain):
            start = self._fill_plain(plain, start)
            self._order.breathe()
        for start in range(0, len(odd), COLD):
            self._fill_odd(odd[start : start + COLD])
            self._order.breathe()

    def _fill_plain(self, places: Sequence[int], start: int) -> int:
        """Answer from `start` on what is prepared, and a few that are not; return where to go on."""
        codes, note = self._order.codes, self._note
        behind = min(start + SLICE, len(places))
        cold: list[int] = []
        with self._look_up.index.hold() as view:
            ticket = self._maker.prepared.ticket
            young, old = self._tables()
            for number in range(start, behind):
                place = places[number]
                code = codes[place]
                ready = young.get(code) or old.get(code)
                if ready is not None:
                    note(place, ready)
                elif len(cold) < COLD:
                    cold.append(place)
                else:
                    behind = number
                    break
            found = self._find(view, cold)
        self._note_all(found, ticket)
        return behind

    def _fill_odd(self, places: Sequence[int]) -> None:
        for place in places:
            self._question(place)
        with self._look_up.index.hold() as view:
            found = self._find(view, places)
        self._note_all(found)

    def _find(self, view: View, places: Iterable[int]) -> list[tuple[int, Question, Known]]:
        asked = ((place, self._question(place)) for place in places)
        return [
            (place, question, view.find(question.code, question.name))
            for place, question in asked
            if isinstance(question, Question)
        ]

    def _question(self, place: int) -> Question | Refused:
        """Return the question of an item, judged once."""
        item = self._asked.get(place)
        if item is None:
            item = self._asked[place] = self._plain_question(place) or self._order.ask(place)
        if isinstance(item, Refused):
            self.found[place] = item  # each time: a list that begins anew has forgotten what was found
        return item

    def _plain_question(self, place: int) -> Question | None:
        if not self._is_plain[place]:
            return None
        terms, text = self._order.terms, self._order.codes[place]
        code = Code(value=text, judgement=Judgement.ACCEPTED, kind=IdentifierKind.USCC)
        return Question(code=code, name="", areas=terms.areas, land_purpose=terms.land_purpose)

    def _note_all(self, found: Iterable[tuple[int, Question, Known]], ticket: int | None = None) -> None:
        terms, moment = self._order.terms, self._moment
        if moment is None:
            return
        for place, question, known in found:
            typed = self._order.codes[place]
            ready = self._maker.make(typed, question, known, terms=terms, moment=moment, ticket=ticket)
            if ready.roots or not self._is_plain[place]:
                self._hangs_on[place] = (root_of(question.code.value), *ready.roots)
            self._note(place, ready)

    def _note(self, place: int, ready: Ready[T]) -> None:
        self.verdicts[place] = _RANKS[ready.verdict]
        if ready.is_plain:
            self.found.pop(place, None)
        else:
            self.found[place] = ready

    def _tables(self) -> tuple[Mapping[str, Ready[T]], Mapping[str, Ready[T]]]:
        moment = self._moment
        if moment is None or not moment.is_kept:
            return {}, {}
        return self._maker.prepared.tables(self._order.terms, moment.law, moment.day)

    def _now(self, view: View) -> Moment:
        stale = view.age > self._look_up.tolerated(self._order.demand)
        return Moment(
            law=self._look_up.law(),
            day=self._day,
            stale=stale,
            clock_in_doubt=view.clock_in_doubt,
            is_kept=self._is_today and not stale and not view.clock_in_doubt,
        )


def _plainly_accepted(order: Order) -> tuple[Rows, npt.NDArray[np.intp]]:
    """Return the codes that are plainly accepted and come without a name: as rows, and where they stand."""
    rows, places = rows_of(order.codes)
    if places is None:
        places = np.arange(len(order.codes))
    good = accepted(rows)
    if order.names:
        named = np.fromiter(map(bool, order.names), np.bool_, len(order.names))
        good &= ~named[places]
    return rows[good], places[good]
