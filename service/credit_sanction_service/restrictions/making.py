"""From what is known to what is sent: answers of now, made once and kept for as long as they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from credit_sanction_service.domain.answers import Answer, Known, Question, answer
from credit_sanction_service.domain.law import Law
from credit_sanction_service.domain.terms import Verdict
from credit_sanction_service.domain.text import name_key
from credit_sanction_service.restrictions.prepared import NAME_MARK, Prepared, Profile, Ready, Terms, root_of

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_MOST_PROFILES: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moment:
    """
    What answers are made with: law, day, and the two doubts that cover everything. `is_kept`: they are of today and nothing
    covers everything, so that they are worth keeping.
    """

    law: Law
    day: date
    stale: bool
    clock_in_doubt: bool
    is_kept: bool

    def is_as(self, other: Moment) -> bool:
        """Whether answers made with either are the same."""
        return (
            self.law is other.law
            and self.day == other.day
            and self.stale == other.stale
            and self.clock_in_doubt == other.clock_in_doubt
        )


class Maker(Generic[T]):
    """Makes answers. `render` makes of one what is sent; `size` says how large that is, in bytes."""

    def __init__(self, render: Callable[[Answer], T], size: Callable[[T], int], *, most_bytes: int) -> None:
        self.prepared: Prepared[T] = Prepared(most_bytes=most_bytes)
        self._render = render
        self._size = size
        self._profiles: dict[Profile, Profile] = {}  # one of each for all answers that have it

    def make(
        self, typed: str, question: Question, known: Known, *, terms: Terms, moment: Moment, ticket: int | None = None
    ) -> Ready[T]:
        """
        Return the answer about a code as it was typed. With the `ticket` drawn when `known` was read it is kept: only for a code
        that is plainly accepted, without a name.
        """
        given = answer(
            question,
            known,
            day=moment.day,
            catalogues=moment.law.catalogues,
            stale=moment.stale,
            clock_in_doubt=moment.clock_in_doubt,
            include_ended=terms.include_ended,
        )
        ready = self.ready(given, typed, roots_of(question, known))
        if ticket is not None and moment.is_kept:
            self.prepared.put(
                typed, terms, ready, law=moment.law, day=moment.day, ticket=ticket, size=self._size(ready.reply)
            )
        return ready

    def ready(self, given: Answer, typed: str, roots: tuple[str, ...] = ()) -> Ready[T]:
        """Return an answer, ready to be sent."""
        profile = tuple(given.areas.items())
        if len(self._profiles) >= _MOST_PROFILES:
            self._profiles.clear()
        more = given.past or given.supports or given.unknown_reasons
        return Ready(
            reply=self._render(given),
            verdict=given.verdict,
            profile=self._profiles.setdefault(profile, profile),
            is_plain=given.verdict is Verdict.CLEAR and not more and given.code == typed,
            roots=roots,
        )


def roots_of(question: Question, known: Known) -> tuple[str, ...]:
    """Return what an answer hangs on beside the root of the code that was asked."""
    code = question.code
    roots = {root_of(record.code) for record in (*known.records, *known.same_organisation, *known.same_name)}
    roots.update(root_of(obligation.enterprise.code) for obligation in known.exits)
    if code.organisation_code:
        roots.add(code.organisation_code)
    if question.name:
        roots.add(NAME_MARK + name_key(question.name))
    return tuple(roots - {root_of(code.value)})


def is_nothing(known: Known) -> bool:
    """Whether nothing at all is known."""
    return not (known.records or known.same_organisation or known.same_name or known.exits)
