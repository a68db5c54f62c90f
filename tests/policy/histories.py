"""
Random histories of one record: what happens, in which order, on which days, legal and illegal.

Each step is put to the service's domain and to the clerk. Both take it or both refuse it, else the history is at odds with
the policy and says so with all that led there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Final

from tests.policy.clerk import EFFECTIVE, Clerk, Life
from tests.policy.naive import Event, Exit, Terms, What
from tests.policy.steps import begin, step
from tests.policy.worlds import World

from credit_sanction_service.domain.faults import SanctionError
from credit_sanction_service.domain.lifecycle import next_change
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.domain.terms import ALL_AREAS, Area, LiftGround, PublicationClass

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST: Final = date(2022, 1, 1)
LAST_BEGIN: Final = date(2026, 10, 1)
LAST: Final = date(2027, 3, 31)
_GAPS: Final = (0, 0, 0, 1, 1, 2, 3, 7, 20, 45, 120, 370)
_TERMS: Final = (90, 200, 400, 2000)
_SAID: Final = ("WAIVED", "WAIVED", "STATEMENT", "HEARING_HELD", "HEARING_REQUESTED")
_USUAL_WORDS: Final = ((), ("WAIVED",), ("WAIVED",), ("HEARING_REQUESTED", "HEARING_HELD"))
_AFTER_NOTICE: Final = (What.STATEMENT, What.DECIDE, What.DECIDE, What.DECIDE, What.REVOKE)
_LIVELY: Final = (
    *(What.OBJECT, What.OBJECT, What.SETTLE, What.SETTLE, What.SUSPEND, What.SUSPEND, What.AMEND, What.AMEND),
    *(What.LIFT, What.REPAIR, What.REVOKE, What.PASS, What.PASS, What.PASS),
)
_USUAL: Final = {
    "NOTICE_SERVED": _AFTER_NOTICE,
    "DECIDED": (What.LIST, What.LIST, What.LIST, What.OBJECT, What.SETTLE, What.REVOKE),
    "QUARANTINED": (What.CONFIRM, What.CONFIRM, What.CONFIRM, What.AMEND, What.OBJECT, What.SETTLE, What.REVOKE),
    "LISTED": _LIVELY,
    "SUSPENDED": (What.RESUME, What.RESUME, What.RESUME, *_LIVELY),
    "LIFTED": (
        What.LIFT,
        What.LIFT,
        What.SUSPEND,
        What.RESUME,
        What.REPAIR,
        What.AMEND,
        What.OBJECT,
        What.PASS,
        What.SETTLE,
        What.SETTLE,
        What.REVOKE,
    ),
    "EXPIRED": (What.REVOKE, What.SETTLE, What.SETTLE, What.PASS),
    "REVOKED": (What.SETTLE, What.PASS),
}
_EVERYTHING: Final = tuple(What)[2:]


class AtOddsError(AssertionError):
    """The service's domain and the clerk disagree about a step."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that was refused, and what it was put to: None for a beginning."""

    record: SanctionRecord | None
    event: Event
    error: SanctionError


@dataclass(slots=True)
class History:
    """
    What happened: the steps that were taken, with the record as each left it, and how many were refused. `lives` are the
    clerk's cards.
    """

    world: World
    events: list[Event] = field(default_factory=list)
    records: list[SanctionRecord] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    @property
    def record(self) -> SanctionRecord:
        return self.records[-1]

    @property
    def today(self) -> date:
        return self.events[-1].today

    def told(self) -> str:
        """Return it as text, a step a line."""
        return "\n".join([self.world.name, *(event.told() for event in self.events)])


def random_of(seed: int) -> Random:
    """Return the source of everything random in one history."""
    return Random(seed)  # noqa: S311 - to be told again from its seed is all that is asked of it


def history(rng: Random, world: World, *, steps: int, number: int = 1) -> History:
    """Return a history of at most `steps` steps of enterprise `number`."""
    return Teller(rng, world, number).tell(steps)


class Teller:
    """Chooses what happens next, usually something that may, and often enough something that may not."""

    def __init__(self, rng: Random, world: World, number: int) -> None:
        self._rng = rng
        self._clerk = Clerk(world.plain)
        self._story = History(world)
        self._number = number
        self._today = FIRST + timedelta(days=rng.randrange((LAST_BEGIN - FIRST).days))
        self._makers: dict[What, Callable[[Life], Event]] = {
            What.STATEMENT: self._statement,
            What.DECIDE: self._decide,
            What.LIST: self._list,
            What.CONFIRM: self._confirm,
            What.OBJECT: self._object,
            What.SETTLE: self._settle,
            What.SUSPEND: lambda life: self._rest(What.SUSPEND, life),
            What.RESUME: lambda life: self._rest(What.RESUME, life),
            What.LIFT: self._lift,
            What.REPAIR: self._repair,
            What.REVOKE: lambda life: self._event(What.REVOKE, dated=self._back(life.terms.served)),
            What.AMEND: lambda life: self._event(What.AMEND, terms=self._amended(life.terms)),
        }

    def tell(self, steps: int) -> History:
        while not self._story.records:
            self._put(self._paper() if self._rng.random() < 0.6 else self._notice())
        for _ in range(self._rng.randint(0, steps)):
            life = self._story.lives[-1]
            if life.state in {"REVOKED", "EXPIRED"} and not life.objected and self._rng.random() < 0.4:
                break  # hardly anything can happen any more
            self._put(self._next())
        return self._story

    def _put(self, event: Event) -> None:
        """Put a step to both. What is refused changes nothing, for a record is a value."""
        story, law = self._story, self._story.world.law
        life = story.lives[-1] if story.lives else None
        expected = self._clerk.after(life, event)
        try:
            fresh = step(story.record, event, law) if story.records else begin(event, self._number, law)
        except SanctionError as refusal:
            if expected is not None:
                raise AtOddsError(f"{story.told()}\nrefused, and should not be: {event.told()}\n{refusal}") from refusal
            story.refused.append(Refusal(story.records[-1] if story.records else None, event, refusal))
            return
        except Exception as fault:
            raise AtOddsError(f"{story.told()}\nneither taken nor refused: {event.told()}\n{fault!r}") from fault
        if expected is None:
            raise AtOddsError(f"{story.told()}\ntaken, and should be refused: {event.told()}\n{fresh}")
        story.events.append(event)
        story.lives.append(expected)
        story.records.append(fresh)

    def _next(self) -> Event:
        rng, life = self._rng, self._story.lives[-1]
        what = rng.choice(_USUAL[life.state] if rng.random() < 0.85 else _EVERYTHING)
        while (what is What.REVOKE or (what is What.SETTLE and not life.objected)) and rng.random() < 0.7:
            what = rng.choice(_USUAL[life.state])  # the one would end most histories early, the other be refused
        if what is What.PASS:
            named = next_change(self._story.record, after=self._today, law=self._story.world.law)
            if rng.random() < 0.5 and life.state in EFFECTIVE:
                named = max(self._today, life.last() + timedelta(days=1))
            if named and named <= LAST:
                self._today = named
            return Event(what=what, today=self._today)
        self._today = min(LAST, self._today + timedelta(days=rng.choice(_GAPS)))
        return self._make(what, life)

    def _make(self, what: What, life: Life) -> Event:
        return self._makers[what](life)

    def _statement(self, life: Life) -> Event:
        return self._event(What.STATEMENT, dated=self._back(life.terms.served), word=self._rng.choice(_SAID))

    def _decide(self, life: Life) -> Event:
        return self._event(What.DECIDE, terms=self._decision(life.terms))

    def _list(self, life: Life) -> Event:
        return self._event(What.LIST, effective=self._maybe(self._back(life.terms.decided)), code=life.code)

    def _confirm(self, _: Life) -> Event:
        code = self._rng.choice(("right", "right", "doubtful", "old"))
        return self._event(What.CONFIRM, dated=self._today, code=code)

    def _object(self, life: Life) -> Event:
        day = self._maybe(self._back(life.terms.decided))
        return self._event(What.OBJECT, dated=day, needs_others=self._rng.random() < 0.5)

    def _settle(self, life: Life) -> Event:
        word = self._rng.choice(("UPHELD", "UPHELD", "CORRECTED", "CORRECTED", "REVOKED"))
        terms = self._amended(life.terms) if word == "CORRECTED" else None
        return self._event(What.SETTLE, dated=self._back(life.objected), word=word, terms=terms)

    def _rest(self, what: What, life: Life) -> Event:
        since = life.rests[-1][1] or life.rests[-1][0] if life.rests else life.listed_on or life.terms.decided
        return self._event(what, dated=self._back(since), effective=self._maybe(self._back(since)))

    def _lift(self, life: Life) -> Event:
        ground = self._rng.choice((*LiftGround, LiftGround.EXIT_COMPLETED))
        return replace(self._ending(What.LIFT, life), word=ground.value)

    def _repair(self, life: Life) -> Event:
        ending = self._ending(What.REPAIR, life)
        earliest = self._clerk.repair_from(life.terms) if life.terms.decided else self._today
        near = min(self._today, earliest + timedelta(days=self._rng.choice((-1, 0, 0, 1))))
        return replace(ending, applied=self._rng.choice((None, None, near, self._back(earliest))))

    def _event(self, what: What, **told: object) -> Event:
        return Event(what=what, today=self._today, **told)  # type: ignore[arg-type] # the fields of Event

    def _ending(self, what: What, life: Life) -> Event:
        """Return an end that takes effect at once, in the past, ahead, or where the dates of the record itself turn."""
        rng, decided = self._rng, life.terms.decided or self._today
        last = life.last() if life.terms.decided and life.state != "NOTICE_SERVED" else self._today
        near = rng.choice((last, last + timedelta(days=1), life.listed_on or decided, decided - timedelta(days=1)))
        ahead = self._today + timedelta(days=rng.choice((1, 2, 30, 200)))
        minimum = self._story.world.plain.period("min_months", life.terms.publication_class, decided)
        edge = minimum + timedelta(days=rng.choice((-1, 0, 0, 1)))
        effective = rng.choice((None, None, self._back(decided), ahead, ahead, near, edge))
        dated = rng.choice((self._today, self._today, self._back(decided), edge))
        return self._event(what, dated=dated, effective=effective, completed=rng.choice((None, None, True, False)))

    def _paper(self) -> Event:
        rng = self._rng
        exit_, over = self._exit()
        decided = self._between(over, self._today, 400)
        served = decided - timedelta(days=rng.choice((0, 1, 5, 7, 9, 12, 30, 30, 30)))
        if rng.random() < 0.9:
            served = min(decided, max(served, over + timedelta(days=1)))
        kinds = rng.choice((*_USUAL_WORDS, rng.choices(_SAID, k=2)))
        said = [(kind, served + timedelta(days=rng.randint(0, min(9, (decided - served).days)))) for kind in kinds]
        terms = self._terms(decided, served)
        code = rng.choice(("right", "right", "right", "doubtful", "old"))
        return self._event(What.PAPER, exit=exit_, terms=terms, code=code, said=tuple(sorted(said, key=lambda s: s[1])))

    def _notice(self) -> Event:
        exit_, over = self._exit()
        served = self._between(over, self._today, 60)
        code = self._rng.choice(("right", "right", "right", "right", "doubtful", "old"))
        return self._event(What.NOTICE, exit=exit_, terms=replace(self._terms(served, served), decided=None), code=code)

    def _exit(self) -> tuple[Exit, date]:
        """Return an exit and its last day as told by the tables; today where that cannot be told."""
        rng, plain = self._rng, self._story.world.plain
        standard = rng.choice(("ENERGY", "ENERGY", "QUALITY", "SAFETY"))
        ordered = self._today - timedelta(days=rng.choice((150, 200, 300, 300, 400, 600, 900)) + rng.randrange(40))
        due = ordered + timedelta(days=rng.choice((30, 100, 200))) if standard == "SAFETY" else None
        extension = rng.choice((0, 0, 0, 0, 1, 2, 3, 3, 4)) if standard == "ENERGY" else int(rng.random() < 0.04)
        exit_ = Exit(standard=standard, ordered=ordered, due=due, extension=extension)
        return exit_, plain.last_day(standard, ordered, due, extension) or self._today

    def _decision(self, intended: Terms) -> Terms:
        """Return a decision on a notice: as intended, or otherwise."""
        rng = self._rng
        decided = rng.choice((self._today, self._today, self._back(intended.served)))
        if rng.random() < 0.5:
            return replace(intended, decided=decided, published_to=self._published_to(intended, decided))
        return self._terms(decided, intended.served)

    def _terms(self, decided: date, served: date) -> Terms:
        rng = self._rng
        publication_class = rng.choice(tuple(PublicationClass))
        terms = Terms(
            decided=decided,
            served=served,
            publication_class=publication_class,
            published_to=None,
            ends=(),
            penalty=self._penalty(decided),
        )
        return replace(terms, published_to=self._published_to(terms, decided), ends=self._ends(terms, decided))

    def _amended(self, terms: Terms) -> Terms:
        """Return the terms with one to three things changed."""
        rng, changed = self._rng, terms
        decided = terms.decided or self._today
        for _ in range(rng.choice((1, 1, 2, 3))):
            match rng.randrange(5):
                case 0:
                    changed = replace(changed, ends=self._ends(changed, decided))
                case 1:
                    changed = replace(changed, publication_class=rng.choice(tuple(PublicationClass)))
                    if rng.random() < 0.7:
                        changed = replace(changed, published_to=None, ends=self._ends(changed, decided))
                case 2:
                    changed = replace(changed, published_to=self._published_to(changed, decided))
                case 3:
                    decided = self._between(decided - timedelta(days=60), decided + timedelta(days=60), 120)
                    changed = replace(changed, decided=decided)
                case _:
                    changed = replace(changed, penalty=self._penalty(decided))
        return changed

    def _penalty(self, decided: date) -> date | None:
        ago = self._rng.choice((None, None, -30, 0, 100, 800, 1090, 1096, 1500))
        return None if ago is None else decided - timedelta(days=ago)

    def _published_to(self, terms: Terms, decided: date) -> date | None:
        rng = self._rng
        longest = self._story.world.plain.period("max_months", terms.publication_class, decided)
        if terms.publication_class is PublicationClass.MINOR:
            return longest if rng.random() < 0.03 else None
        return rng.choice((None, longest, self._near(decided, longest), self._near(decided, longest)))

    def _ends(self, terms: Terms, decided: date) -> tuple[tuple[Area, date | None], ...]:
        rng = self._rng
        longest = self._story.world.plain.period("max_months", terms.publication_class, decided)
        known = tuple(self._story.world.plain.catalogues[self._story.world.plain.edition_for(decided)])
        areas = [Area(name) for name in known] if rng.random() < 0.95 else list(ALL_AREAS)
        chosen = rng.sample(areas, rng.randint(1, len(areas)))
        minor = terms.publication_class is PublicationClass.MINOR
        own = 0.99 if minor else 0.4
        return tuple((area, self._near(decided, longest) if rng.random() < own else None) for area in chosen)

    def _near(self, first: date, last: date) -> date:
        """Return a day from the first to the last, seldom one just outside."""
        rng = self._rng
        if rng.random() < 0.015:
            return rng.choice((first - timedelta(days=1), last + timedelta(days=1)))
        span = max(0, (last - first).days)
        return rng.choice((first, last, *(first + timedelta(days=rng.randint(0, min(span, most))) for most in _TERMS)))

    def _back(self, earliest: date | None) -> date:
        """Return today, or a day back to `earliest`, seldom one beyond either."""
        rng = self._rng
        if rng.random() < 0.5:
            return self._today
        if rng.random() < 0.12:
            return rng.choice((self._today + timedelta(days=1), (earliest or self._today) - timedelta(days=1)))
        return self._between(earliest or self._today, self._today, 3000)

    def _between(self, first: date, last: date, most: int) -> date:
        """Return a day of the last `most` days from first to last."""
        span = min(most, (last - first).days)
        return last - timedelta(days=self._rng.randint(0, span)) if span > 0 else last

    def _maybe(self, day: date) -> date | None:
        return None if self._rng.random() < 0.4 else day
