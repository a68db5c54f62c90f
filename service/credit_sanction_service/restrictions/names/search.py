"""Search by name or code: who may have been meant, with a score and the reasons. Never a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import compress
from typing import TYPE_CHECKING, Final

import numpy as np

from credit_sanction_service.domain.facts import RecordFacts
from credit_sanction_service.domain.identifiers import Code, Judgement, judge, normalise
from credit_sanction_service.domain.terms import Area, State
from credit_sanction_service.restrictions.names.characters import characters
from credit_sanction_service.restrictions.names.keeping import SILENT
from credit_sanction_service.restrictions.names.matching import COMPARED, Guesses, NameGuess
from credit_sanction_service.restrictions.names.typed_codes import SAME_ORGANISATION, WHOLE, may_be_code, variants
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from credit_sanction_service.restrictions.index import Index, View
    from credit_sanction_service.restrictions.names.keeping import Names


_MOST_COMPARED: Final = 1_024  # some 20 ms
_AT_ONCE: Final = 50  # enterprises for which the index is held


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEnterprise:
    """
    An enterprise that may be the one meant. `matched` is the name, present or former, or the number that matched. `score` is above
    0 to 1; 1: the same but for spelling.
    """

    code: str
    name: str
    matched: str
    score: float
    explanations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best first. `more`: more matched than were asked for. `revision`: what the search knew."""

    enterprises: tuple[FoundEnterprise, ...]
    revision: Revision
    more: bool


class Search:
    """Finds enterprises with a record that has effect, now or later, in one of the areas asked. `today`: in Shanghai."""

    def __init__(self, index: Index, names: Names, *, today: Callable[[], date]) -> None:
        self._index = index
        self._names = names
        self._today = today

    def find(self, query: str, areas: Collection[Area], *, most: int) -> Found:
        """
        Return at most `most` enterprises. Raises `StoreUnavailable` while the names are being prepared, `RevisionNotReached`
        before the index is loaded.
        """
        typed = normalise(query)
        asked = _Asked(areas=frozenset(areas), day=self._today())
        found: dict[str, FoundEnterprise] = {}
        numbers = variants(typed) if may_be_code(typed) else {}
        with self._index.hold() as view:
            searched = view.revision  # what is committed from here on may be missing among the names
        guesses = self._wanted(query, asked)
        with self._index.hold() as view:
            if may_be_code(typed):
                _take(found, _by_code(view, typed, numbers, asked), most=most)
            if not found:
                _take(found, _by_name(view, guesses, asked), most=most)
        best = sorted(found.values(), key=lambda one: (-one.score, one.code))
        known = searched if searched.epoch == view.revision.epoch else view.revision
        return Found(enterprises=tuple(best[:most]), revision=known, more=len(best) > most)

    def _wanted(self, query: str, asked: _Asked) -> list[_Wanted]:
        """
        Return the names that fit and are wanted. Who is not, of another area say, takes none of the places of those that are
        compared: more are, as long as that does not grow beyond bounds.
        """
        guesses, most = Guesses(query, self._names), COMPARED
        while True:
            fitting, more = guesses.among(most)
            wanted = list(self._of_wanted(fitting, asked))
            unwanted = len(fitting) - len(wanted)
            if not more or most >= min(COMPARED + unwanted, _MOST_COMPARED):
                return wanted
            most = min(max(COMPARED + unwanted, 2 * most), _MOST_COMPARED)

    def _of_wanted(self, guesses: Sequence[NameGuess], asked: _Asked) -> Iterator[_Wanted]:
        for start in range(0, len(guesses), _AT_ONCE):
            with self._index.hold() as view:
                found = [(guess, _records(view, guess, asked)) for guess in guesses[start : start + _AT_ONCE]]
                revision = view.revision
            yield from (_Wanted(guess=guess, records=records, revision=revision) for guess, records in found if records)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    areas: frozenset[Area]
    day: date

    def wants(self, facts: RecordFacts) -> bool:
        """Whether a record is one to be found by: not without effect for good in all of these areas."""
        if facts.state in SILENT or (facts.state is State.LIFTED and facts.ended_on and facts.ended_on <= self.day):
            return False
        return any(
            measure.area in self.areas and measure.end is not None and self.day <= measure.end
            for measure in facts.measures
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A name that fits, with the records by which its enterprise may be found, as of a revision."""

    guess: NameGuess
    records: list[RecordFacts]
    revision: Revision


def _take(found: dict[str, FoundEnterprise], candidates: Iterable[FoundEnterprise], *, most: int) -> None:
    """Add the candidates, the best first, until there is one more than asked for. Of one enterprise the first stays."""
    for candidate in candidates:
        if len(found) > most:
            return
        found.setdefault(candidate.code, candidate)


def _by_name(view: View, wanted: Iterable[_Wanted], asked: _Asked) -> Iterator[FoundEnterprise]:
    fold = characters().fold
    for one in wanted:
        guess = one.guess
        for facts in one.records if one.revision == view.revision else _records(view, guess, asked):
            matched = next((name for name in facts.names if fold(name) == guess.folded), None)
            if matched is not None:
                former = (
                    (f"a former name 曾用名 of {facts.enterprise_name}",) if matched != facts.enterprise_name else ()
                )
                yield FoundEnterprise(
                    code=facts.code,
                    name=facts.enterprise_name,
                    matched=matched,
                    score=guess.score,
                    explanations=(*guess.reasons, *former),
                )
                break


def _records(view: View, guess: NameGuess, asked: _Asked) -> list[RecordFacts]:
    """Return the records by which the enterprise of a guess may be found."""
    known = view.find(judge(guess.code), "").records
    return [facts for facts in known if facts.code == guess.code and asked.wants(facts)]


def _by_code(view: View, typed: str, numbers: dict[str, tuple[float, str]], asked: _Asked) -> Iterator[FoundEnterprise]:
    """Yield whom a code leads to, and whom it would lead to if it had been typed otherwise."""
    known = view.find(judge(typed), "")
    for facts in filter(asked.wants, known.records):
        yield _with_number(facts, typed, 1.0, f"it has this number: {typed}")
    likely = sorted(numbers.items(), key=lambda item: -item[1][0])
    for number in _present(view, [number for number, _ in likely]):
        score, why = numbers[number]
        # As a number alone: whom the organisation code inside leads to is asked once, not for every variant.
        code = Code(value=number, judgement=Judgement.QUARANTINED, kind=None)
        for facts in filter(asked.wants, view.find(code, "").records):
            yield _with_number(facts, number, score, f"perhaps mistyped: {why}")
    for facts in filter(asked.wants, known.same_organisation):
        yield _with_number(
            facts, facts.code, SAME_ORGANISATION, "the same organisation code 组织机构代码 stands in its code"
        )


def _present(view: View, numbers: Sequence[str]) -> Iterator[str]:
    """Yield those that may lead to somebody. Whole codes are asked about all at once."""
    whole = [number for number in numbers if len(number) == WHOLE]
    rows = np.frombuffer("".join(whole).encode("ascii"), dtype=np.uint8).reshape(-1, WHOLE)
    absent = set(compress(whole, view.absent(rows).tolist())) if whole else set()
    return (number for number in numbers if number not in absent)


def _with_number(facts: RecordFacts, number: str, score: float, why: str) -> FoundEnterprise:
    return FoundEnterprise(
        code=facts.code, name=facts.enterprise_name, matched=number, score=score, explanations=(why,)
    )
