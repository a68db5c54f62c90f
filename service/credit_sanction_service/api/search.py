"""SearchEnterprises: what is asked for, read; who was found, told. Candidates alone: no verdict is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction_service.api.parts import revision_message
from credit_sanction_service.api.requests import invalid, plain
from credit_sanction_service.domain.faults import Invalid, Violation
from credit_sanction_service.domain.identifiers import Judgement, judge
from credit_sanction_service.domain.privacy import PRIVACY, holds_citizen_number
from credit_sanction_service.domain.text import NAME_LIMIT

if TYPE_CHECKING:
    from collections.abc import Collection

    from credit_sanction_service.domain.terms import Area
    from credit_sanction_service.restrictions.names.search import FoundEnterprise, Search

FOUND_BY_DEFAULT: Final = 10
MOST_FOUND: Final = 50


class EnterpriseSearch:
    """Answers searches, as messages of the contract."""

    def __init__(self, search: Search) -> None:
        self._search = search

    def find(self, query: str, areas: Collection[Area], limit: int) -> pb.SearchEnterprisesResponse:
        """Return who may be meant, among those with a record in these areas. Raises `Invalid`, `StoreUnavailable`."""
        _require_query(query)
        if not 0 <= limit <= MOST_FOUND:
            raise invalid("limit", f"{limit} is not within 0 to {MOST_FOUND}")
        found = self._search.find(query, areas, most=limit or FOUND_BY_DEFAULT)
        return pb.SearchEnterprisesResponse(
            candidates=map(_candidate, found.enterprises), revision=revision_message(found.revision), more=found.more
        )


def _require_query(query: str) -> None:
    if not plain("query", query, limit=NAME_LIMIT).strip():
        raise invalid("query", "it is empty: a name, present or former, or a code is expected")
    if holds_citizen_number(query) and judge(query).judgement is Judgement.REFUSED:
        what = "it holds a citizen's identity number 公民身份号码, which must never stand here"
        raise Invalid([Violation(field="query", description=what, rule=PRIVACY)])


def _candidate(found: FoundEnterprise) -> pb.EnterpriseCandidate:
    return pb.EnterpriseCandidate(
        code=found.code, name=found.name, matched=found.matched, score=found.score, explanations=found.explanations
    )
