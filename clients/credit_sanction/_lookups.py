"""Look-ups: which restrictions are in force."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from credit_sanction._answers import Answer, ItemFailure
from credit_sanction._areas import split
from credit_sanction._calls import chunks
from credit_sanction._errors import ClientError, Facts, InternalFault
from credit_sanction._reading import answer_of, failure_of
from credit_sanction._words import RevisionLike, day_text, number
from credit_sanction.v1.restriction_service_pb2 import (
    BatchCheckRestrictionsRequest,
    CheckRestrictionsRequest,
    Consistency,
    EnterpriseQuery,
    LandPurpose,
)
from credit_sanction.v1.revision_pb2 import Revision as WireRevision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from credit_sanction._calls import Caller
    from credit_sanction.v1.restriction_service_pb2 import BatchCheckRestrictionsResponse

CHECK_MANY_MAX: Final = 10_000
"""Enterprises in one request; longer lists are cut."""

_DETAILED_MAX: Final = 500  # enterprises in a request that is made for the details which a larger one left out

Staleness: TypeAlias = timedelta | float | None
LandPurposeLike: TypeAlias = "str | LandPurpose.ValueType"
Answers: TypeAlias = list[Answer | ItemFailure]


class Lookups:
    """The look-up half of the client."""

    _caller: Caller

    def check(
        self,
        code: str,
        *,
        name: str | None = None,
        areas: Iterable[str] = (),
        max_staleness: Staleness = None,
        min_revision: RevisionLike | None = None,
        as_of_date: date | str | None = None,
        land_purpose: LandPurposeLike = "UNSPECIFIED",
    ) -> Answer:
        """
        Look one enterprise up 查询.

        `code` is its unified social credit code, or an old number; with `name` the service finds a mix-up. `areas` are
        `Area` and `AreaGroup`, or their names; none means all nine. `max_staleness`, in seconds or as a timedelta, can
        only tighten what the service is set to. `min_revision` waits until the answer knows at least that revision: a
        record's own, to read one's write. `as_of_date` asks what was in force on that day, by today's knowledge.
        `land_purpose` is a name without prefix: NEW_SUPPLY, taken where nothing is said, or EXIT_DISPOSAL, the exit's own
        disposal of land, which no measure blocks (长工信联字[2017]9号 §四(六)).
        """
        single, groups = split(areas)
        request = CheckRestrictionsRequest(
            enterprise=_query(code, name),
            areas=single,
            groups=groups,
            consistency=_consistency(max_staleness, min_revision, as_of_date),
            land_purpose=number(LandPurpose, "LAND_PURPOSE_", land_purpose),
        )
        response = self._caller.call(self._caller.restrictions.CheckRestrictions, request)
        return answer_of(code, response.answer, response.basis)

    def check_many(
        self,
        items: Iterable[str | tuple[str, str]],
        *,
        areas: Iterable[str] = (),
        max_staleness: Staleness = None,
        min_revision: RevisionLike | None = None,
        as_of_date: date | str | None = None,
        land_purpose: LandPurposeLike = "UNSPECIFIED",
    ) -> Answers:
        """
        Look many up: codes, or (code, name) pairs. One result for each, in the same order: an `Answer`, or the
        `ItemFailure` that says why this item could not be asked.

        Any number: beyond 10,000 it takes several requests, and so do answers whose details were too many for one reply.
        Then the answers may be of several revisions, each naming its own; no request knows less than one before it.
        """
        queries = [_query(*((item, None) if isinstance(item, str) else item)) for item in items]
        single, groups = split(areas)
        purpose = number(LandPurpose, "LAND_PURPOSE_", land_purpose)
        results: dict[int, Answer | ItemFailure] = {}
        left: deque[Sequence[int]] = deque(chunks([query.ByteSize() for query in queries], most=CHECK_MANY_MAX))
        while left:
            run = left.popleft()
            request = BatchCheckRestrictionsRequest(
                enterprises=[queries[index] for index in run],
                areas=single,
                groups=groups,
                consistency=_consistency(max_staleness, min_revision, as_of_date),
                land_purpose=purpose,
            )
            response = self._caller.call(self._caller.restrictions.BatchCheckRestrictions, request)
            demand_complete(len(run), len(response.results))
            if response.basis.HasField("revision"):
                min_revision = response.basis.revision
            results.update(_read(run, queries, response))
            left.extend(_asked_again(run, results))
        return [results[index] for index in range(len(queries))]


def _read(
    run: Sequence[int], queries: Sequence[EnterpriseQuery], response: BatchCheckRestrictionsResponse
) -> Iterable[tuple[int, Answer | ItemFailure]]:
    for index, result in zip(run, response.results, strict=True):
        code = queries[index].code
        if result.HasField("error"):
            yield index, failure_of(index, code, result.error)
        else:
            yield index, answer_of(code, result.answer, response.basis)


def _asked_again(run: Sequence[int], results: Mapping[int, Answer | ItemFailure]) -> Iterable[Sequence[int]]:
    """Cut those whose details were omitted into smaller runs. One that was asked alone stays as it is."""
    most = min(_DETAILED_MAX, len(run) // 2)
    omitted = [index for index in run if isinstance(answer := results[index], Answer) and answer.details_omitted]
    return [omitted[start : start + most] for start in range(0, len(omitted), most)] if most else ()


def demand_complete(asked: int, got: int) -> None:
    """Raise InternalFault unless there is one result for each item: a list that is short would shift the rest."""
    if asked != got:
        facts = Facts(message=f"{got} results for {asked} items", code="INTERNAL", metadata={})
        raise InternalFault(facts)


def _query(code: str, name: str | None) -> EnterpriseQuery:
    try:
        return EnterpriseQuery(code=code, name=name or "")
    except UnicodeEncodeError:
        raise ClientError(f"{code[:80]!r}, {name or '':.80}: not Unicode text") from None


def _consistency(staleness: Staleness, revision: RevisionLike | None, as_of: date | str | None) -> Consistency | None:
    wire = Consistency(as_of_date=day_text(as_of))
    if revision is not None:
        wire.min_revision.CopyFrom(WireRevision(epoch=revision.epoch, number=revision.number))
    if staleness is not None:
        span = staleness if isinstance(staleness, timedelta) else timedelta(seconds=staleness)
        wire.max_staleness.FromTimedelta(span)
    return wire if wire.ByteSize() else None
