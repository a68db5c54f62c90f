"""Screening: answers by code, for one enterprise or for thousands at once, out of what was prepared before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from credit_sanction_service.domain.answers import Known, Question
from credit_sanction_service.domain.identifiers import Code, Judgement
from credit_sanction_service.domain.terms import SEVERITY, IdentifierKind, Verdict
from credit_sanction_service.restrictions.demands import PRESENT, Basis, Demand
from credit_sanction_service.restrictions.forms import is_accepted
from credit_sanction_service.restrictions.long_list import COLD, LongList, Order
from credit_sanction_service.restrictions.making import Maker, Moment, is_nothing
from credit_sanction_service.restrictions.prepared import Profile, Ready, Terms
from credit_sanction_service.store.outcomes import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction_service.domain.answers import Answer
    from credit_sanction_service.restrictions.demands import Settled
    from credit_sanction_service.restrictions.look_up import LookUp

T = TypeVar("T")

MOST_BYTES: Final = 256_000_000
_SLICE_THEN: Final = 500  # of a past: each costs a few questions to the store, and at most about 50 ms of ours
_NOTHING: Final = Known()
_NO_CODE: Final = Code(value="", judgement=Judgement.REFUSED, kind=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened(Generic[T]):
    """
    `verdicts`: a byte for each code, 0 where it could not be asked, else one more than the severity of its verdict. `found`:
    by place, in order, what there is to say beyond a plain CLEAR.
    """

    verdicts: bytes
    found: Mapping[int, Ready[T] | Refused]
    basis: Basis


class Screening(Generic[T]):
    """
    Answers out of what was prepared, and prepares the rest. `render` makes of an answer what is sent, `size` says how large
    that is in bytes; about `most_bytes` are kept.
    """

    def __init__(
        self,
        look_up: LookUp,
        render: Callable[[Answer], T],
        size: Callable[[T], int],
        *,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._look_up = look_up
        self._hold = look_up.index.hold
        self._maker = Maker(render, size, most_bytes=most_bytes)
        self._prepared = self._maker.prepared
        self._clear: dict[Terms, Profile] = {}
        look_up.index.follow(self._prepared.touched)

    def one(self, code: str, terms: Terms, demand: Demand = PRESENT) -> tuple[Ready[T] | None, Basis] | None:
        """
        Return the answer about a plainly accepted code, None in its place where nothing is known of it. None altogether: ask
        `LookUp.check`, for it is another code, another day or another revision, or everything is in doubt. Raises as that
        does.
        """
        look_up, prepared = self._look_up, self._prepared
        if demand is not PRESENT:
            if demand.day or demand.at_revision or demand.known_at:
                return None
            look_up.wait(demand)
        now, day = look_up.now()
        judged, known, ticket = _NO_CODE, _NOTHING, 0
        with self._hold() as view:
            if view.clock_in_doubt or view.age > look_up.tolerated(demand):
                return None
            law, revision = look_up.law(), view.revision
            young, old = prepared.tables(terms, law, day)
            ready = young.get(code) or old.get(code)
            if ready is None:
                if not is_accepted(code):
                    return None
                if view.leads(code):
                    judged = Code(value=code, judgement=Judgement.ACCEPTED, kind=IdentifierKind.USCC)
                    ticket, known = prepared.ticket, view.find(judged, "")
        if ready is None and not is_nothing(known):
            question = Question(code=judged, name="", areas=terms.areas, land_purpose=terms.land_purpose)
            moment = Moment(law=law, day=day, stale=False, clock_in_doubt=False, is_kept=True)
            ready = self._maker.make(code, question, known, terms=terms, moment=moment, ticket=ticket)
        if look_up.counter is not None:
            look_up.counter.tally(day, {ready.profile if ready else self._all_clear(terms): 1})
        return ready, Basis(ground=look_up.ground(revision, law, day, stale=False), answered_at=now)

    def many(self, order: Order) -> Screened[T]:
        """
        Return an answer, or a refusal, for each code, all of one revision. Raises as `LookUp.check` does, and
        `CallerGoneError` where nobody waits any more.
        """
        demand, look_up = order.demand, self._look_up
        if demand.at_revision or demand.known_at:
            return self._many_then(order)
        look_up.wait(demand)
        now, today = look_up.now()
        work = LongList(order, look_up, self._maker, demand.day or today, is_today=demand.day in {None, today})
        basis = Basis(ground=work.run(), answered_at=now)
        if look_up.counter is not None:
            look_up.counter.tally(today, self._profiles(work, order.terms))
        return Screened(verdicts=bytes(work.verdicts), found=dict(sorted(work.found.items())), basis=basis)

    def ready(self, given: Answer, typed: str) -> Ready[T]:
        """Return an answer that `LookUp.check` gave about a code as it was typed, ready to be sent."""
        return self._maker.ready(given, typed)

    def _many_then(self, order: Order) -> Screened[T]:
        """Answer by a past, slice by slice: nothing is prepared for these."""
        settled = self._look_up.settle(order.demand)
        verdicts = bytearray(len(order.codes))
        found: dict[int, Ready[T] | Refused] = {}
        basis, start = None, 0
        while basis is None or start < len(order.codes):
            size = COLD if self._look_up.is_present(settled) else _SLICE_THEN
            places = range(start, min(start + size, len(order.codes)))
            rests_on = self._slice_then(order, settled, places, verdicts, found)
            basis, start = basis or rests_on, places.stop
            order.breathe()
        return Screened(verdicts=bytes(verdicts), found=found, basis=basis)

    def _slice_then(
        self,
        order: Order,
        settled: Settled,
        places: Iterable[int],
        verdicts: bytearray,
        found: dict[int, Ready[T] | Refused],
    ) -> Basis:
        items = [(place, order.ask(place)) for place in places]
        questions = [item for _, item in items if isinstance(item, Question)]
        answers, basis = self._look_up.check_then(questions, settled, include_ended=order.terms.include_ended)
        given = iter(answers)
        for place, item in items:
            if isinstance(item, Refused):
                found[place] = item
                continue
            ready = self._maker.ready(next(given), order.codes[place])
            verdicts[place] = 1 + SEVERITY[ready.verdict]
            if not ready.is_plain:
                found[place] = ready
        return basis

    def _profiles(self, work: LongList[T], terms: Terms) -> Mapping[Profile, int]:
        given = Counter(item.profile for item in work.found.values() if isinstance(item, Ready))
        refused = sum(isinstance(item, Refused) for item in work.found.values())
        given[self._all_clear(terms)] += len(work.verdicts) - given.total() - refused
        return +given  # without what was not given at all

    def _all_clear(self, terms: Terms) -> Profile:
        profile = self._clear.get(terms)
        if profile is None:
            profile = self._clear[terms] = tuple((area, Verdict.CLEAR) for area in terms.areas)
        return profile
