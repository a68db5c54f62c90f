"""Search by name or code: who may be the one meant. Never a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from credit_sanction._answers import Revision
from credit_sanction._areas import split
from credit_sanction._arguments import whole
from credit_sanction._errors import ClientError, WrongValue
from credit_sanction.v1.restriction_service_pb2 import SearchEnterprisesRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction._calls import Caller


LIMIT_MAX: Final = 50
"""Candidates in one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEnterprise:
    """
    An enterprise with a record that may be the one meant 候选企业. `matched` is the name, present or former, or the number that
    matched; `score` is above 0 to 1, 1 being the same but for spelling, and `explanations` say why. Look its `code` up for a verdict.
    """

    code: str
    name: str
    matched: str
    score: float
    explanations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    What a search found, the best first. `more`: more matched than were asked for. It has no truth value: nothing found is not
    CLEAR, for the one meant may be spelt quite otherwise.
    """

    candidates: tuple[FoundEnterprise, ...]
    revision: Revision
    more: bool

    def __bool__(self) -> NoReturn:
        raise TypeError("what a search found is no verdict: read .candidates, and look a code up with check()")


class Searches:
    """The client's search."""

    _caller: Caller

    def search(self, query: str, *, areas: Iterable[str] = (), limit: int = 10) -> Found:
        """
        Find who may be meant by a name 企业检索: present or former, in Chinese characters or pinyin, or by a code with a wrong
        or two swapped characters. `areas` are `Area` and `AreaGroup`, or their names: only enterprises with a record in one of
        them are found; none means all that the caller may ask about. At most `limit`, 1 to 50.
        """
        if not 1 <= whole("limit", limit) <= LIMIT_MAX:
            raise WrongValue(f"limit: expected a number from 1 to {LIMIT_MAX}")
        single, groups = split(areas)
        try:
            request = SearchEnterprisesRequest(query=query, limit=limit, areas=single, groups=groups)
        except UnicodeEncodeError:
            raise ClientError(f"{query[:80]!r}: not Unicode text") from None
        response = self._caller.call(self._caller.restrictions.SearchEnterprises, request)
        return Found(
            candidates=tuple(
                FoundEnterprise(
                    code=one.code,
                    name=one.name,
                    matched=one.matched,
                    score=one.score,
                    explanations=tuple(one.explanations),
                )
                for one in response.candidates
            ),
            revision=Revision(epoch=response.revision.epoch, number=response.revision.number),
            more=response.more,
        )
