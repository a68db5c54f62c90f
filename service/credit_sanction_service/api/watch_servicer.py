"""WatchService: a reader's own copy of the restrictions, kept fresh; and the portfolios that readers hear of."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, cast

from typing_extensions import override

from credit_sanction.v1 import restriction_service_pb2 as restriction_pb
from credit_sanction.v1 import watch_service_pb2 as pb
from credit_sanction.v1 import watch_service_pb2_grpc as service_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.errors import item_error
from credit_sanction_service.api.guard import caller
from credit_sanction_service.api.parts import revision_message
from credit_sanction_service.api.questions import read_areas
from credit_sanction_service.api.requests import invalid, read_token, seal_of, write_token
from credit_sanction_service.api.watch_messages import (
    export_message,
    packed,
    portfolio_message,
    read_districts,
    read_resume_token,
    resume_token,
    seal_of_scope,
    told_messages,
)
from credit_sanction_service.domain.faults import Invalid, Violation
from credit_sanction_service.domain.terms import ALL_AREAS
from credit_sanction_service.restrictions.entries import Scope
from credit_sanction_service.restrictions.export import Export
from credit_sanction_service.restrictions.watch import Watch
from credit_sanction_service.store.portfolios import PortfolioChange
from credit_sanction_service.store.transaction import as_uuid
from credit_sanction_service.store.values import Revision
from credit_sanction_service.store.watching import districts_held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime
    from uuid import UUID

    import grpc

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.restrictions.portfolios import Portfolios
    from credit_sanction_service.restrictions.tail import Tail

HEARTBEAT_S: Final = 10.0
MOST_CODES: Final = 100_000
CODES_PAGE: Final = 10_000
MOST_FAULT_BYTES: Final = (
    1_500_000  # clients refuse 4 MiB by default; the places of 100,000 codes take under 1.5 MB more
)
_CHANGE: Final = words.Words(pb.PortfolioChange, PortfolioChange, "PORTFOLIO_CHANGE")


class WatchServicer(service_grpc.WatchServiceServicer):
    """
    Tells readers who keep a copy. Which areas a caller may hear of is its role's; asking for more is refused, not trimmed.
    `law` returns what holds, once that has the catalogues named.
    """

    def __init__(
        self,
        tail: Tail,
        portfolios: Portfolios,
        *,
        law: Callable[[AbstractSet[str]], Law],
        clock: Callable[[], datetime],
    ) -> None:
        self._tail = tail
        self._portfolios = portfolios
        self._law = law
        self._clock = clock

    @override
    def WatchRestrictions(
        self, request: pb.WatchRestrictionsRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.WatchRestrictionsResponse]:
        watch = Watch(
            self._tail,
            self._scope(request.scope),
            _revision(request),
            heartbeat=_heartbeat(request),
            law=self._law,
            clock=self._clock,
            left=self._departure(context),
        )
        for told in watch.messages():
            yield from cast("Iterator[pb.WatchRestrictionsResponse]", told_messages(told))  # the guard passes bytes

    @override
    def ExportRestrictions(
        self, request: pb.ExportRestrictionsRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.ExportRestrictionsResponse]:
        left = self._departure(context)
        revision: Revision | None = None
        after: UUID | None = None
        asked, told_seal = request.scope, ""
        if request.resume_token:
            revision, after, before, told_seal = read_resume_token(request.resume_token)
            asked = request.scope if request.HasField("scope") else before
        scope = self._scope(asked)
        seal = seal_of_scope(
            caller().name, sorted(scope.areas), sorted(scope.districts or ()), scope.districts is None, scope.portfolio
        )
        if request.resume_token and seal != told_seal:
            raise invalid("resume_token", "it was made for another scope, or for another caller")
        export = Export(self._tail, scope, clock=self._clock, revision=revision, after=after)
        law = [
            restriction_pb.EditionInUse(kind=words.EDITION_KIND.write(kind), edition=name)
            for kind, name in export.law.names().items()
        ]
        for part in export.parts():
            for run, is_end in packed(part.entries):
                if left():
                    return
                # Within a part a token stands behind the run's last entry, at its end behind all that was looked through.
                last = part.last if is_end else as_uuid(run[-1][0])
                message = pb.ExportRestrictionsResponse(
                    revision=revision_message(export.revision),
                    resume_token=resume_token(export.revision, last, asked, seal) if last else "",
                    last=last is None,
                    law=law,
                )
                yield cast("pb.ExportRestrictionsResponse", export_message(message, run))

    @override
    def PutPortfolio(self, request: pb.PutPortfolioRequest, context: grpc.ServicerContext) -> pb.PutPortfolioResponse:
        if len(request.codes) > MOST_CODES:
            raise invalid("codes", f"{len(request.codes)} codes: at most {MOST_CODES} are taken in one call")
        change = _CHANGE.read(request.change)
        if change is None and request.change:
            raise invalid("change", f"{request.change} is not a known way")
        portfolio, refused = self._portfolios.put(
            caller().name, request.name, request.codes, change or PortfolioChange.REPLACE
        )
        faults, size = [], 0
        for number, fault in refused:
            error = item_error(fault)
            size += error.ByteSize()
            if size > MOST_FAULT_BYTES:
                error = type(error)(reason=error.reason)
            faults.append(pb.PortfolioFault(index=number, error=error))
        return pb.PutPortfolioResponse(portfolio=portfolio_message(portfolio), faults=faults)

    @override
    def GetPortfolio(self, request: pb.GetPortfolioRequest, context: grpc.ServicerContext) -> pb.GetPortfolioResponse:
        if request.page_size < 0:
            raise invalid("page_size", "it cannot be negative")
        size = min(request.page_size or CODES_PAGE, MOST_CODES)
        seal = seal_of(request)
        after = read_token(request.page_token, seal, parts=1)
        portfolio = self._portfolios.get(caller().name, request.name)
        page = self._portfolios.codes(portfolio, after=after[0] if after else "", limit=size + 1)
        return pb.GetPortfolioResponse(
            portfolio=portfolio_message(portfolio),
            codes=page[:size],
            next_page_token=write_token([page[size - 1]], seal) if len(page) > size else "",
        )

    @override
    def ListPortfolios(
        self, request: pb.ListPortfoliosRequest, context: grpc.ServicerContext
    ) -> pb.ListPortfoliosResponse:
        return pb.ListPortfoliosResponse(
            portfolios=[portfolio_message(portfolio) for portfolio in self._portfolios.list(caller().name)]
        )

    @override
    def DeletePortfolio(
        self, request: pb.DeletePortfolioRequest, context: grpc.ServicerContext
    ) -> pb.DeletePortfolioResponse:
        self._portfolios.delete(caller().name, request.name)
        return pb.DeletePortfolioResponse()

    def _scope(self, asked: pb.RestrictionScope) -> Scope:
        """Return the scope, of all that the caller may ask about where it names no area. Raises `NotPermitted`, `NotFound`."""
        principal = caller()
        named = bool(asked.areas or asked.groups)
        areas = read_areas(asked.areas, asked.groups) if named else principal.areas or ALL_AREAS
        principal.require_areas(areas)
        portfolio = None
        if asked.portfolio:
            portfolio = self._portfolios.get(principal.name, asked.portfolio, field="scope.portfolio").id
        districts = read_districts(asked.districts)
        self._require_known(asked.districts)
        return Scope(areas=frozenset(areas), districts=districts, portfolio=portfolio)

    def _require_known(self, districts: Sequence[str]) -> None:
        """
        Raise `Invalid` for districts that no edition of the table ever had, and no record: a copy of these would be empty, and look
        whole. A record may have one that the table lacks, for it is taken in with a warning.
        """
        law = self._law(frozenset())
        unknown = frozenset(districts) - law.district_codes
        if unknown:
            unknown -= self._tail.ask(lambda connection: districts_held(connection, unknown))
        if unknown:
            rule = f"区划表 DISTRICTS {law.districts.edition}"
            fault = "is a district that no edition of DISTRICTS knows and no record has: look the code up there"
            raise Invalid(
                [
                    Violation(field=f"scope.districts[{number}]", description=f"{code} {fault}", rule=rule)
                    for number, code in enumerate(districts)
                    if code in unknown
                ]
            )

    def _departure(self, context: grpc.ServicerContext) -> Callable[[], bool]:
        """Return what tells whether the caller has gone; whoever waits for news is woken for it."""
        gone = threading.Event()

        def go() -> None:
            gone.set()
            self._tail.wake()

        if not context.add_callback(go):
            gone.set()
        return gone.is_set


def _revision(request: pb.WatchRestrictionsRequest) -> Revision | None:
    if not request.HasField("after"):
        return None
    if request.after.number < 0 or request.after.epoch <= 0:
        raise invalid("after", "an epoch from 1 and a number from 0 are expected")
    return Revision(epoch=request.after.epoch, number=request.after.number)


def _heartbeat(request: pb.WatchRestrictionsRequest) -> float:
    if not request.HasField("heartbeat"):
        return HEARTBEAT_S
    seconds = request.heartbeat.seconds + request.heartbeat.nanos / 1e9
    if not 1 <= seconds <= 60:  # noqa: PLR2004 - as the contract says
        raise invalid("heartbeat", f"{seconds:g} s: 1 to 60 are taken")
    return seconds
