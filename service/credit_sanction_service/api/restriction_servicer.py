"""RestrictionService: questions in, answers out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, cast

from typing_extensions import override

from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction.v1 import restriction_service_pb2_grpc as service_grpc
from credit_sanction_service.api.consistency import read_consistency
from credit_sanction_service.api.guard import caller
from credit_sanction_service.api.pools import take_time
from credit_sanction_service.api.questions import TermsRead, read_areas, read_question, try_question
from credit_sanction_service.api.receipts import Receipts
from credit_sanction_service.api.replies import BATCH, MOST_REPLY_BYTES, SCREENING, Replies
from credit_sanction_service.api.requests import invalid, require_count
from credit_sanction_service.api.written import Written, size_of, write_answer
from credit_sanction_service.domain.access import GRANTS
from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.domain.terms import ALL_AREAS, Area
from credit_sanction_service.restrictions.demands import PRESENT, Basis, Demand
from credit_sanction_service.restrictions.long_list import CallerGoneError, Order
from credit_sanction_service.restrictions.prepared import Ready, Terms
from credit_sanction_service.restrictions.screening import MOST_BYTES, Screening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import grpc

    from credit_sanction_service.domain.answers import Question
    from credit_sanction_service.restrictions.look_up import LookUp
    from credit_sanction_service.store.outcomes import Refused

MOST_IN_BATCH: Final = 10_000
_MOST_SIGNED_BYTES: Final = MOST_REPLY_BYTES // 3  # as JSON it is more than twice as large, and is sent beside itself


class Search(Protocol):
    """What finds enterprises by a name."""

    def find(self, query: str, areas: Sequence[Area], limit: int) -> pb.SearchEnterprisesResponse:
        """Return candidates with a record in one of the areas."""
        ...


class RestrictionServicer(service_grpc.RestrictionServiceServicer):
    """
    Answers look-ups. Which areas a caller may ask about is its role's; asking for more is refused, not trimmed.

    Replies are the bytes of the response: they are put together of what was written before, and passed on as they are.
    """

    def __init__(
        self,
        look_up: LookUp,
        *,
        receipts: Receipts | None = None,
        search: Search | None = None,
        prepared_bytes: int = MOST_BYTES,
    ) -> None:
        """About `prepared_bytes` of answers are kept ready."""
        self._look_up = look_up
        self._receipts = receipts or Receipts(None)
        self._search = search
        self._screening = Screening(look_up, write_answer, size_of, most_bytes=prepared_bytes)
        self._replies = Replies()
        self._terms = TermsRead()

    @override
    def CheckRestrictions(
        self, request: pb.CheckRestrictionsRequest, context: grpc.ServicerContext
    ) -> pb.CheckRestrictionsResponse:
        if request.want_receipt:
            take_time()  # a large one is milliseconds of JSON, and others wait for grpcio's thread
        terms = self._terms.read(request, caller())
        demand = _demand(request, context)
        if request.want_receipt or request.purpose:
            self._receipts.require(request)
        query = request.enterprise
        code, name = query.code, query.name
        given = None if name else self._screening.one(code, terms, demand)
        ready, basis = given or self._checked(code, name, terms, demand)
        reply = self._replies.one(code, ready, basis, terms)
        if request.want_receipt:
            signed = self._signed(request, reply) if len(reply) < _MOST_SIGNED_BYTES else None
            if signed is None or signed.ByteSize() > MOST_REPLY_BYTES:
                reply = self._replies.one(code, ready, basis, terms, is_brief=True)
                signed = self._signed(request, reply)  # both say what was left off
            return signed
        return cast("pb.CheckRestrictionsResponse", reply)

    @override
    def BatchCheckRestrictions(
        self, request: pb.BatchCheckRestrictionsRequest, context: grpc.ServicerContext
    ) -> pb.BatchCheckRestrictionsResponse:
        if request.codes and request.enterprises:
            raise invalid("codes", "it stands instead of `enterprises`: give one of them")
        terms = self._terms.read(request, caller())
        demand, is_active = _demand(request, context), context.is_active
        try:
            if request.codes:
                require_count("codes", len(request.codes), MOST_IN_BATCH)
                screened = self._screening.many(_by_code(request.codes, (), terms, demand, is_active))
                reply = self._replies.short(screened, terms, BATCH)
            else:
                require_count("enterprises", len(request.enterprises), MOST_IN_BATCH)
                order = _by_query(request.enterprises, terms, demand, is_active)
                reply = self._replies.long(order.codes, self._screening.many(order), terms)
        except CallerGoneError:
            reply = b""  # nobody reads it
        return cast("pb.BatchCheckRestrictionsResponse", reply)

    @override
    def ScreenRestrictions(
        self, request_iterator: Iterator[pb.ScreenRestrictionsRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.ScreenRestrictionsResponse]:
        terms, demand = Terms(areas=ALL_AREAS), PRESENT
        for number, request in enumerate(request_iterator):
            if number == 0:
                terms, demand = self._terms.read(request.terms, caller()), _demand(request.terms, context)
            elif request.HasField("terms"):
                raise invalid("terms", "they stand in the first message of a stream, and in no other")
            if request.codes or number:
                require_count("codes", len(request.codes), MOST_IN_BATCH)
            if len(request.names) not in {0, len(request.codes)}:
                raise invalid("names", f"{len(request.names)} for {len(request.codes)} codes: none, or one for each")
            order = _by_code(request.codes, request.names, terms, demand, context.is_active)
            try:
                screened = self._screening.many(order)
            except CallerGoneError:
                return
            head = pb.ScreenRestrictionsResponse(sequence=request.sequence).SerializeToString()
            reply = self._replies.short(screened, terms, SCREENING, head)
            yield cast("pb.ScreenRestrictionsResponse", reply)

    @override
    def SearchEnterprises(
        self, request: pb.SearchEnterprisesRequest, context: grpc.ServicerContext
    ) -> pb.SearchEnterprisesResponse:
        who = caller()
        granted = frozenset[Area]().union(*(GRANTS[role].areas for role in who.roles))
        areas = tuple(area for area in ALL_AREAS if area in granted)
        if request.areas or request.groups:
            areas = read_areas(request.areas, request.groups)
            who.require_areas(areas)
        if self._search is None:
            raise StoreUnavailable("this service does not search by name")
        return self._search.find(request.query, areas, request.limit)

    @override
    def ListReceiptKeys(
        self, request: pb.ListReceiptKeysRequest, context: grpc.ServicerContext
    ) -> pb.ListReceiptKeysResponse:
        return self._receipts.list()

    def _checked(self, code: str, name: str, terms: Terms, demand: Demand) -> tuple[Ready[Written], Basis]:
        question = read_question(
            code,
            name,
            terms,
            callers_areas=frozenset(caller().areas),
            code_path="enterprise.code",
            name_path="enterprise.name",
        )
        answers, basis = self._look_up.check([question], demand, include_ended=terms.include_ended)
        return self._screening.ready(answers[0], code), basis

    def _signed(self, request: pb.CheckRestrictionsRequest, reply: bytes) -> pb.CheckRestrictionsResponse:
        message = pb.CheckRestrictionsResponse.FromString(reply)
        message.receipt.CopyFrom(self._receipts.sign(caller(), request, message))
        return message


def _demand(
    request: pb.CheckRestrictionsRequest | pb.BatchCheckRestrictionsRequest | pb.ScreenTerms,
    context: grpc.ServicerContext,
) -> Demand:
    if not request.HasField("consistency"):
        return PRESENT
    return read_consistency(request.consistency, context.time_remaining)


def _by_code(
    codes: Sequence[str], names: Sequence[str], terms: Terms, demand: Demand, is_active: Callable[[], bool]
) -> Order:
    codes, names = list(codes), list(names)
    callers_areas = frozenset(caller().areas)

    def ask(place: int) -> Question | Refused:
        name = names[place] if names else ""
        paths = {"code_path": f"codes[{place}]", "name_path": f"names[{place}]"}
        return try_question(codes[place], name, terms, callers_areas=callers_areas, **paths)

    return Order(codes=codes, names=names, terms=terms, demand=demand, ask=ask, is_active=is_active)


def _by_query(
    queries: Sequence[pb.EnterpriseQuery], terms: Terms, demand: Demand, is_active: Callable[[], bool]
) -> Order:
    codes, names = [query.code for query in queries], [query.name for query in queries]
    callers_areas = frozenset(caller().areas)

    def ask(place: int) -> Question | Refused:
        item = f"enterprises[{place}]"
        paths = {"code_path": f"{item}.code", "name_path": f"{item}.name"}
        return try_question(codes[place], names[place], terms, callers_areas=callers_areas, **paths)

    return Order(codes=codes, names=names, terms=terms, demand=demand, ask=ask, is_active=is_active)
