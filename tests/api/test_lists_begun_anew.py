"""A list that begins anew in the middle, because the index was replaced or grew stale, forgets nothing of its bad items."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import cast

import pytest
from tests.samples import LAW, code, record

from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction_service.api import guard
from credit_sanction_service.api.restriction_servicer import RestrictionServicer
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.store.values import Revision

REFUSED = "000000000000000000"


class Turning:
    """A call that is still wanted, and in whose second breath the index turns."""

    def __init__(self, index: Index, turn: str) -> None:
        self._index, self._turn, self._asked = index, turn, 0

    def is_active(self) -> bool:
        self._asked += 1
        if self._asked == 2 and self._turn == "replaced":
            self._index.replace(Revision(epoch=1, number=2), self._index.base)
        if self._asked == 2 and self._turn == "stale":
            self._index.reached(asked_at=time.monotonic() - 100, clock_in_doubt=False)
        return True


@pytest.mark.parametrize("turn", ["replaced", "stale"])
def test_a_refused_item_stays_refused(turn: str) -> None:
    codes = [code(1), REFUSED]
    guard._caller.set(Principal(name="x", roles=frozenset({Role.ADMINISTRATOR})))  # noqa: SLF001 - as the guard does
    for request in (
        pb.BatchCheckRestrictionsRequest(enterprises=[pb.EnterpriseQuery(code=one) for one in codes]),
        pb.BatchCheckRestrictionsRequest(codes=codes),
    ):
        index = Index.of(Revision(epoch=1, number=1), [record(1)])
        index.reached(asked_at=time.monotonic(), clock_in_doubt=False)
        servicer = RestrictionServicer(LookUp(index, lambda: LAW, clock=lambda: datetime(2026, 11, 23, 4, tzinfo=UTC)))
        told = servicer.BatchCheckRestrictions(request, Turning(index, turn))  # type: ignore[arg-type] # all that it asks of a call
        reply = pb.BatchCheckRestrictionsResponse.FromString(cast("bytes", told))
        if reply.results:
            assert reply.results[1].WhichOneof("result") == "error"
        else:
            assert reply.verdicts[1] == pb.VERDICT_UNSPECIFIED
            assert [detail.WhichOneof("result") for detail in reply.details if detail.index == 1] == ["error"]
