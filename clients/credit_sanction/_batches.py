"""Look-ups of many, in a few calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from credit_sanction._answers import Answer, ItemFailure
from credit_sanction._areas import expand, split
from credit_sanction._calls import chunks
from credit_sanction._consistency import Staleness, as_known, consistency
from credit_sanction._errors import ClientError, Facts, InternalFault
from credit_sanction._reading import ShortForm, answer_of, failure_of
from credit_sanction._words import RevisionLike, number
from credit_sanction.v1.restriction_service_pb2 import (
    BatchCheckRestrictionsRequest,
    EnterpriseQuery,
    LandPurpose,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from credit_sanction._answers import AsKnown
    from credit_sanction._calls import Caller
    from credit_sanction.v1.restriction_service_pb2 import (
        BatchCheckRestrictionsResponse,
        Consistency,
        ScreenRestrictionsResponse,
    )

CHECK_MANY_MAX: Final = 10_000
"""Enterprises in one request; longer lists are cut."""

_DETAILED_MAX: Final = 500  # enterprises in a request that is made for the details which a larger one left out
_OVERHEAD: Final = 10  # of an item in a message, in bytes

LandPurposeLike: TypeAlias = "str | LandPurpose.ValueType"
Item: TypeAlias = str | tuple[str, str]
Result: TypeAlias = Answer | ItemFailure
Answers: TypeAlias = list[Result]


class Batches:
    """The part of the client that looks many up."""

    _caller: Caller

    def check_many(  # noqa: PLR0913 - each is a question's own, and left out by nearly everybody
        self,
        items: Iterable[Item],
        *,
        areas: Iterable[str] = (),
        max_staleness: Staleness = None,
        min_revision: RevisionLike | None = None,
        as_of_date: date | str | None = None,
        at_revision: RevisionLike | None = None,
        as_known_at: datetime | None = None,
        land_purpose: LandPurposeLike = "UNSPECIFIED",
        include_ended: bool = False,
    ) -> Answers:
        """
        Look many up: codes, or (code, name) pairs. One result for each, in the same order: an `Answer`, or the
        `ItemFailure` that says why this item could not be asked. The rest as in `check`.

        Any number: beyond 10,000 it takes several requests, and so do answers whose details were too many for one reply.
        Then the answers may be of several revisions, each naming its own, unless `at_revision` or `as_known_at` says which;
        no request knows less than one before it. Codes alone, without any name, are answered fastest.
        """
        pairs = [pair_of(item) for item in items]
        terms = Terms(
            areas=[areas] if isinstance(areas, str) else list(areas),
            purpose=number(LandPurpose, "LAND_PURPOSE_", land_purpose),
            include_ended=include_ended,
            max_staleness=max_staleness,
            as_of_date=as_of_date,
            at_revision=at_revision,
            as_known_at=as_known_at,
        )
        ask = self._by_query if any(name for _, name in pairs) else self._by_code
        results: dict[int, Result] = {}
        left: deque[Sequence[int]] = deque(chunks([size_of(*pair) for pair in pairs], most=CHECK_MANY_MAX))
        while left:
            run = left.popleft()
            response = ask([pairs[index] for index in run], terms, min_revision)
            if response.basis.HasField("revision"):
                min_revision = response.basis.revision
            results.update(zip(run, _read(run, [pairs[index][0] for index in run], response, terms), strict=True))
            left.extend(_asked_again(run, results))
        return [results[index] for index in range(len(pairs))]

    def _by_query(
        self, pairs: Sequence[tuple[str, str]], terms: Terms, revision: RevisionLike | None
    ) -> BatchCheckRestrictionsResponse:
        single, groups = split(terms.areas)
        request = BatchCheckRestrictionsRequest(
            enterprises=[EnterpriseQuery(code=code, name=name) for code, name in pairs],
            areas=single,
            groups=groups,
            consistency=terms.consistency(revision),
            land_purpose=terms.purpose,
            include_ended=terms.include_ended,
        )
        response = self._caller.call(self._caller.restrictions.BatchCheckRestrictions, request)
        demand_complete(len(pairs), len(response.results))
        return response

    def _by_code(
        self, pairs: Sequence[tuple[str, str]], terms: Terms, revision: RevisionLike | None
    ) -> BatchCheckRestrictionsResponse:
        single, groups = split(terms.areas)
        request = BatchCheckRestrictionsRequest(
            codes=[code for code, _ in pairs],
            areas=single,
            groups=groups,
            consistency=terms.consistency(revision),
            land_purpose=terms.purpose,
            include_ended=terms.include_ended,
        )
        response = self._caller.call(self._caller.restrictions.BatchCheckRestrictions, request)
        demand_complete(len(pairs), len(response.verdicts))
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for all items of a call."""

    areas: Sequence[str]
    purpose: LandPurpose.ValueType
    include_ended: bool
    max_staleness: Staleness
    as_of_date: date | str | None
    at_revision: RevisionLike | None
    as_known_at: datetime | None

    @property
    def is_past(self) -> bool:
        """Whether every answer is of one past, so that no request has to follow on another."""
        return self.as_known is not None

    @property
    def as_known(self) -> AsKnown | None:
        """That past."""
        return as_known(self.at_revision, self.as_known_at)

    def consistency(self, revision: RevisionLike | None) -> Consistency | None:
        """Return what a request says of freshness, that has to know at least `revision`."""
        return consistency(
            max_staleness=self.max_staleness,
            min_revision=None if self.is_past else revision,
            as_of_date=self.as_of_date,
            at_revision=self.at_revision,
            as_known_at=self.as_known_at,
        )


def _read(
    run: Sequence[int], codes: Sequence[str], response: BatchCheckRestrictionsResponse, terms: Terms
) -> Iterable[Result]:
    if response.verdicts:
        return read_short(run, codes, response, terms)
    return (
        failure_of(index, code, result.error)
        if result.HasField("error")
        else answer_of(code, result.answer, response.basis, as_known=terms.as_known)
        for index, code, result in zip(run, codes, response.results, strict=True)
    )


def read_short(
    run: Sequence[int],
    codes: Sequence[str],
    response: BatchCheckRestrictionsResponse | ScreenRestrictionsResponse,
    terms: Terms,
) -> Iterator[Result]:
    form = ShortForm(response.basis, expand(terms.areas), terms.as_known)
    details = {detail.index: detail for detail in response.details}
    for place, (index, code, verdict) in enumerate(zip(run, codes, response.verdicts, strict=True)):
        yield form.read(index, code, verdict, details.get(place))


def _asked_again(run: Sequence[int], results: Mapping[int, Result]) -> Iterable[Sequence[int]]:
    """Cut those whose details were omitted into smaller runs. One that was asked alone stays as it is."""
    most = min(_DETAILED_MAX, len(run) // 2)
    omitted = [index for index in run if isinstance(answer := results[index], Answer) and answer.details_omitted]
    return [omitted[start : start + most] for start in range(0, len(omitted), most)] if most else ()


def demand_complete(asked: int, got: int) -> None:
    """Raise InternalFault unless there is one result for each item: a list that is short would shift the rest."""
    if asked != got:
        facts = Facts(message=f"{got} results for {asked} items", code="INTERNAL", metadata={})
        raise InternalFault(facts)


def pair_of(item: Item) -> tuple[str, str]:
    code, name = (item, "") if isinstance(item, str) else (item[0], item[1] or "")
    try:
        f"{code}{name}".encode()
    except UnicodeEncodeError:
        raise ClientError(f"{code[:80]!r}, {name:.80}: not Unicode text") from None
    return code, name


def size_of(code: str, name: str) -> int:
    return len(code.encode()) + len(name.encode()) + _OVERHEAD
