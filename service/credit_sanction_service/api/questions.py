"""Reading look-ups: whom, in which areas, for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from credit_sanction_service.api import words
from credit_sanction_service.api.requests import invalid, plain
from credit_sanction_service.domain.answers import Question
from credit_sanction_service.domain.faults import IdentifierRefused, Invalid, Violation
from credit_sanction_service.domain.identifiers import Judgement, describe, judge
from credit_sanction_service.domain.terms import ALL_AREAS, GROUPS, Area, LandPurpose
from credit_sanction_service.domain.text import NAME_LIMIT
from credit_sanction_service.restrictions.prepared import Terms
from credit_sanction_service.store.outcomes import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_sanction.v1 import restriction_service_pb2 as pb
    from credit_sanction_service.domain.access import Principal, Role

    _Asked: TypeAlias = pb.CheckRestrictionsRequest | pb.BatchCheckRestrictionsRequest | pb.ScreenTerms

_MOST_REMEMBERED: Final = 10_000
_MOST_NAMED: Final = 64  # each once is enough; a receipt repeats them


def read_areas(areas: Sequence[int], groups: Sequence[int]) -> tuple[Area, ...]:
    """
    Return the areas asked, in the areas' order; all nine where none is named. Raises `Invalid` for an unknown one, and for many
    more than there are.
    """
    chosen: set[Area] = set()
    for field, named in (("areas", areas), ("groups", groups)):
        if len(named) > _MOST_NAMED:
            raise invalid(
                field, f"{len(named)} are named: at most {_MOST_NAMED} are taken, and there are only nine areas"
            )
    for number, value in enumerate(areas):
        area = words.AREA.read(value)
        if area is None:
            raise invalid(f"areas[{number}]", f"{value} is not a known area")
        chosen.add(area)
    for number, value in enumerate(groups):
        group = words.AREA_GROUP.read(value)
        if group is None:
            raise invalid(f"groups[{number}]", f"{value} is not a known group")
        chosen.update(GROUPS[group])
    return tuple(area for area in ALL_AREAS if area in chosen) or ALL_AREAS


def read_purpose(value: int) -> LandPurpose:
    """Return what land is asked about for; unsaid, a new supply. Raises `Invalid` for an unknown one."""
    purpose = words.LAND_PURPOSE.read(value)
    if purpose is None and value:
        raise invalid("land_purpose", f"{value} is not a known purpose")
    return purpose or LandPurpose.NEW_SUPPLY


def read_question(
    code: str, name: str, terms: Terms, *, callers_areas: frozenset[Area], code_path: str, name_path: str
) -> Question:
    """Return the question. Raises `IdentifierRefused` for a code that no enterprise can have, `Invalid` for a bad name."""
    judged = judge(code)
    if judged.judgement is Judgement.REFUSED:
        violation = Violation(field=code_path, description=describe(code, judged), rule=judged.rule)
        raise IdentifierRefused([violation], likely_codes=judged.likely)
    return Question(
        code=judged,
        name=plain(name_path, name, limit=NAME_LIMIT) if name else "",
        areas=terms.areas,
        land_purpose=terms.land_purpose,
        callers_areas=callers_areas,
    )


def try_question(
    code: str, name: str, terms: Terms, *, callers_areas: frozenset[Area], code_path: str, name_path: str
) -> Question | Refused:
    """Return the question of one item of many, or why there is none."""
    try:
        return read_question(code, name, terms, callers_areas=callers_areas, code_path=code_path, name_path=name_path)
    except Invalid as fault:
        return Refused(
            fault=type(fault).__name__,
            message=str(fault),
            violations=fault.violations,
            likely_codes=fault.likely_codes,
        )


class TermsRead:
    """The terms of calls, each combination read once, and who may ask for them: a caller asks the same way every time."""

    def __init__(self) -> None:
        self._by_words: dict[tuple[object, ...], Terms] = {}
        self._terms: dict[tuple[tuple[Area, ...], LandPurpose, bool], Terms] = {}
        self._allowed: set[tuple[frozenset[Role], Terms]] = set()

    def read(self, request: _Asked, who: Principal) -> Terms:
        """Return the terms. Raises `Invalid` for unknown words, `NotPermitted` for areas that the caller may not ask about."""
        key = (tuple(request.areas), tuple(request.groups), request.land_purpose, request.include_ended)
        terms = self._by_words.get(key)
        if terms is None:
            terms = self._fresh(request)
            if (
                len(self._by_words) >= _MOST_REMEMBERED
            ):  # lists of areas may be written in any order, any number of times
                self._by_words.clear()
            self._by_words[key] = terms
        allowed = (who.roles, terms)
        if allowed not in self._allowed:
            who.require_areas(terms.areas)
            self._allowed.add(allowed)
        return terms

    def _fresh(self, request: _Asked) -> Terms:
        areas, purpose = read_areas(request.areas, request.groups), read_purpose(request.land_purpose)
        if Area.LAND_SUPPLY not in areas:
            purpose = LandPurpose.NEW_SUPPLY  # it is about land alone
        terms = Terms(areas=areas, land_purpose=purpose, include_ended=request.include_ended)
        return self._terms.setdefault((areas, purpose, request.include_ended), terms)
