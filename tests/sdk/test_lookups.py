"""Look-ups: what is asked, what an answer says, and that nothing unknown reads as clear."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from tests.sdk.loopback import Loopback, always

from credit_sanction import (
    Answer,
    Area,
    AreaGroup,
    Client,
    ClientError,
    InternalFault,
    ItemFailure,
    RestrictionState,
    Revision,
    UnknownReason,
    Verdict,
    WrongValue,
)
from credit_sanction.v1 import error_reason_pb2, measure_pb2, revision_pb2
from credit_sanction.v1 import restriction_service_pb2 as wire
from credit_sanction.v1.law_service_pb2 import EditionKind

if TYPE_CHECKING:
    from collections.abc import Iterable

CODE = "91220101FAKE000130"
BASIS = wire.AnswerBasis(
    revision=revision_pb2.Revision(epoch=1, number=42),
    as_of_date="2026-11-23",
    catalogue_edition="2026-1",
    law=[
        wire.EditionInUse(kind=EditionKind.EDITION_KIND_CATALOGUE, edition="2026-1"),
        wire.EditionInUse(kind=EditionKind.EDITION_KIND_CALENDAR, edition="2004-2026"),
    ],
)
BASIS.answered_at.FromDatetime(datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC))


def restricted(code: str = CODE) -> wire.RestrictionAnswer:
    return wire.RestrictionAnswer(
        code=code,
        name="长春市虚构一号钢铁有限公司",
        verdict=wire.VERDICT_RESTRICTED,
        areas=[
            wire.AreaVerdict(area=measure_pb2.AREA_FINANCING_CREDIT, verdict=wire.VERDICT_RESTRICTED),
            wire.AreaVerdict(area=measure_pb2.AREA_BOND_ISSUANCE, verdict=wire.VERDICT_CLEAR),
        ],
        restrictions=[
            wire.Restriction(
                area=measure_pb2.AREA_FINANCING_CREDIT,
                binding=True,
                directive_zh="不得提供任何形式的新增授信支持",
                record="sanctionRecords/1",
                document_number="长虚工信惩〔2026〕1号",
                legal_basis=measure_pb2.LegalBasis(
                    document="国发〔2010〕7号",
                    issuer_level=measure_pb2.ISSUER_LEVEL_STATE_COUNCIL_DOCUMENT,
                    in_force_from="2010-02-06",
                    in_force_to="2027-06-30",
                ),
                since="2026-03-01",
                until="2029-03-01",
                disputed=True,
                actions=[measure_pb2.ACTION_REFUSE_NEW_CREDIT],
                executing_department="金融局、银行业金融机构",
            )
        ],
        credit_directions=[wire.CREDIT_DIRECTION_SUPPORT, wire.CREDIT_DIRECTION_REFUSE_NEW_CREDIT],
        supports=[
            wire.Support(obligation="exitObligations/7", declared_on="2026-11-01", document_number="2", item="2号线")
        ],
    )


def short_form(request: wire.BatchCheckRestrictionsRequest) -> wire.BatchCheckRestrictionsResponse:
    """Answer that everybody is CLEAR, but `CODE`, which is restricted, and what is no code."""
    response = wire.BatchCheckRestrictionsResponse(basis=BASIS)
    verdicts, details = told(request.codes)
    response.verdicts.extend(verdicts)
    response.details.extend(details)
    return response


def told(codes: Iterable[str]) -> tuple[list[wire.Verdict.ValueType], list[wire.ItemDetail]]:
    verdicts, details = [], []
    for index, code in enumerate(codes):
        verdicts.append({CODE: wire.VERDICT_RESTRICTED, "bad": wire.VERDICT_UNSPECIFIED}.get(code, wire.VERDICT_CLEAR))
        if code == CODE:
            details.append(wire.ItemDetail(index=index, answer=restricted()))
        if code == "bad":
            fault = error_reason_pb2.ItemError(
                reason=error_reason_pb2.ERROR_REASON_IDENTIFIER_REFUSED,
                message="no code",
                violations=[error_reason_pb2.FieldViolation(field=f"codes[{index}]", description="too short")],
            )
            details.append(wire.ItemDetail(index=index, error=fault))
    return verdicts, details


def single(verdict: wire.Verdict.ValueType, *, stale: bool = False) -> wire.CheckRestrictionsResponse:
    basis = wire.AnswerBasis()
    basis.CopyFrom(BASIS)
    basis.stale = stale
    return wire.CheckRestrictionsResponse(answer=wire.RestrictionAnswer(code=CODE, verdict=verdict), basis=basis)


def test_an_answer_says_what_blocks_on_which_basis(service: Loopback, client: Client) -> None:
    service.on("CheckRestrictions", lambda _: wire.CheckRestrictionsResponse(answer=restricted(), basis=BASIS))
    answer = client.check(CODE)
    assert answer.restricted
    assert not answer.clear
    assert answer.revision == Revision(epoch=1, number=42)
    assert str(answer.revision) == "1:42"
    assert answer.answered_at == datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
    assert answer.as_of_date == date(2026, 11, 23)
    assert answer.verdict_in("bond_issuance") is Verdict.CLEAR
    assert answer.areas == {Area.FINANCING_CREDIT: Verdict.RESTRICTED, Area.BOND_ISSUANCE: Verdict.CLEAR}
    (restriction,) = answer.restrictions
    assert restriction.area is Area.FINANCING_CREDIT
    assert restriction.disputed
    assert (restriction.since, restriction.until) == (date(2026, 3, 1), date(2029, 3, 1))
    assert restriction.legal_basis.issuer_level == "STATE_COUNCIL_DOCUMENT"
    assert restriction.legal_basis.in_force_to == date(2027, 6, 30)
    assert restriction.actions == ("REFUSE_NEW_CREDIT",)
    assert restriction.executing_department == "金融局、银行业金融机构"
    assert answer.credit_directions == ("SUPPORT", "REFUSE_NEW_CREDIT")
    (support,) = answer.supports
    assert (support.obligation, support.declared_on, support.item) == ("exitObligations/7", date(2026, 11, 1), "2号线")
    assert answer.law == {"CATALOGUE": "2026-1", "CALENDAR": "2004-2026"}
    hash(answer)


def test_the_question_carries_everything_given(service: Loopback, client: Client) -> None:
    service.on("CheckRestrictions", lambda _: single(wire.VERDICT_CLEAR))
    client.check(
        CODE,
        name="虚构",
        areas=[AreaGroup.LOANS, Area.LAND_SUPPLY, "safety_licence"],
        max_staleness=timedelta(milliseconds=1500),
        min_revision=revision_pb2.Revision(epoch=1, number=7),
        as_of_date=date(2026, 5, 1),
    )
    client.check(CODE, areas="loans", max_staleness=2, min_revision=Revision(epoch=1, number=8))
    full, short = service.requests(wire.CheckRestrictionsRequest)
    assert full.enterprise == wire.EnterpriseQuery(code=CODE, name="虚构")
    assert list(full.areas) == [measure_pb2.AREA_LAND_SUPPLY, measure_pb2.AREA_SAFETY_LICENCE]
    assert list(full.groups) == list(short.groups) == [measure_pb2.AREA_GROUP_LOANS]
    assert full.consistency.max_staleness.ToMilliseconds() == 1500
    assert full.consistency.as_of_date == "2026-05-01"
    assert full.consistency.min_revision.number == 7
    assert short.consistency.max_staleness.ToSeconds() == 2
    assert short.consistency.min_revision.number == 8


def test_land_is_asked_about_for_a_purpose(service: Loopback, client: Client) -> None:
    service.on("CheckRestrictions", lambda _: single(wire.VERDICT_CLEAR))
    service.on("BatchCheckRestrictions", short_form)
    client.check(CODE)
    client.check(CODE, areas="LAND", land_purpose="exit_disposal")
    client.check_many([CODE], areas="LAND", land_purpose=wire.LAND_PURPOSE_EXIT_DISPOSAL)
    nothing, one = service.requests(wire.CheckRestrictionsRequest)
    (many,) = service.requests(wire.BatchCheckRestrictionsRequest)
    assert nothing.land_purpose == wire.LAND_PURPOSE_UNSPECIFIED
    assert one.land_purpose == many.land_purpose == wire.LAND_PURPOSE_EXIT_DISPOSAL
    with pytest.raises(ClientError, match="NEW_SUPPLY, EXIT_DISPOSAL"):
        client.check(CODE, land_purpose="golf")


def test_only_clear_is_clear(service: Loopback, client: Client) -> None:
    for verdict, stale, clear in (
        (wire.VERDICT_CLEAR, False, True),
        (wire.VERDICT_CLEAR, True, False),
        (wire.VERDICT_ADVISORY, False, False),
        (wire.VERDICT_UNKNOWN, False, False),
        (wire.VERDICT_RESTRICTED, True, False),
    ):
        service.on("CheckRestrictions", always(single(verdict, stale=stale)))
        assert client.check(CODE).clear is clear


def test_what_this_client_does_not_know_is_unknown(service: Loopback, client: Client) -> None:
    later = wire.RestrictionAnswer()
    later.ParseFromString(b"\x18\x63")  # field 3, verdict, number 99
    for answer in (later, wire.RestrictionAnswer()):
        service.on("CheckRestrictions", always(wire.CheckRestrictionsResponse(answer=answer, basis=BASIS)))
        read = client.check(CODE)
        assert read.verdict is Verdict.UNKNOWN
        assert read.unknown_reasons == (UnknownReason.UNRECOGNISED,)


def test_an_area_worse_than_the_whole_is_believed(service: Loopback, client: Client) -> None:
    reply = wire.CheckRestrictionsResponse(answer=restricted(), basis=BASIS)
    reply.answer.verdict = wire.VERDICT_CLEAR
    service.on("CheckRestrictions", lambda _: reply)
    assert client.check(CODE).restricted


def test_an_answer_is_neither_true_nor_false(service: Loopback, client: Client) -> None:
    service.on("CheckRestrictions", lambda _: single(wire.VERDICT_CLEAR))
    answer = client.check(CODE)
    with pytest.raises(TypeError, match=r"\.verdict"):
        bool(answer)
    with pytest.raises(TypeError, match="isinstance"):
        bool(ItemFailure(index=0, code="", reason="", message=""))


def test_wrong_arguments_are_refused_before_anything_is_sent(service: Loopback, client: Client) -> None:
    with pytest.raises(ClientError, match="LAND_SUPPLY"):
        client.check(CODE, areas=["water"])
    with pytest.raises(ClientError, match="not Unicode"):
        client.check("\udcff")
    service.on("CheckRestrictions", lambda _: single(wire.VERDICT_CLEAR))
    with pytest.raises(ClientError, match="speaks of no area"):
        client.check(CODE).verdict_in(Area.LAND_SUPPLY)
    assert len(service.arrivals) == 1


def test_many_are_cut_into_requests_and_tied_to_their_questions(service: Loopback, client: Client) -> None:
    def answer(request: wire.BatchCheckRestrictionsRequest) -> wire.BatchCheckRestrictionsResponse:
        number = len(service.requests(wire.BatchCheckRestrictionsRequest))
        basis = wire.AnswerBasis(revision=revision_pb2.Revision(epoch=1, number=number))
        response = wire.BatchCheckRestrictionsResponse(basis=basis)
        for query in request.enterprises:
            if query.code == "bad":
                fault = error_reason_pb2.ItemError(
                    reason=error_reason_pb2.ERROR_REASON_IDENTIFIER_REFUSED,
                    message="no code",
                    violations=[
                        error_reason_pb2.FieldViolation(field="enterprises[0].code", description="too short", rule="GB")
                    ],
                    likely_codes=[CODE],
                )
                response.results.add(error=fault)
            else:
                response.results.add(answer=wire.RestrictionAnswer(code=query.code, verdict=wire.VERDICT_CLEAR))
        return response

    service.on("BatchCheckRestrictions", answer)
    codes = [f"{number:018d}" for number in range(20_001)]
    codes[10_000] = "bad"
    results = client.check_many([codes[0], *((code, "名") for code in codes[1:])], areas=["LAND"])
    requests = service.requests(wire.BatchCheckRestrictionsRequest)
    assert [len(request.enterprises) for request in requests] == [10_000, 10_000, 1]
    assert [request.consistency.min_revision.number for request in requests] == [0, 1, 2]
    assert requests[0].enterprises[1].name == "名"
    assert [result.asked if isinstance(result, Answer) else result.code for result in results] == codes
    failure = results[10_000]
    assert isinstance(failure, ItemFailure)
    assert (failure.index, failure.reason, failure.likely_codes) == (10_000, "IDENTIFIER_REFUSED", (CODE,))
    assert str(failure) == "code: too short [GB]"


def test_details_that_a_large_reply_left_out_are_asked_for_in_smaller_ones(service: Loopback, client: Client) -> None:
    held = "91220101FAKE000999"  # its details never fit

    def answer(request: wire.BatchCheckRestrictionsRequest) -> wire.BatchCheckRestrictionsResponse:
        number = len(service.requests(wire.BatchCheckRestrictionsRequest))
        response = wire.BatchCheckRestrictionsResponse(
            basis=wire.AnswerBasis(revision=revision_pb2.Revision(epoch=1, number=number))
        )
        for place, query in enumerate(request.enterprises):
            answer = restricted(query.code)
            if place > 1 or query.code == held:
                answer.ClearField("restrictions")
                answer.details_omitted = True
            response.results.add(answer=answer)
        return response

    service.on("BatchCheckRestrictions", answer)
    codes = [f"{number:018d}" for number in range(6)] + [held]
    results = client.check_many([(code, "名") for code in codes])
    requests = service.requests(wire.BatchCheckRestrictionsRequest)
    assert [len(request.enterprises) for request in requests] == [7, 3, 2, 1, 1]
    assert [request.consistency.min_revision.number for request in requests] == [0, 1, 2, 3, 4]
    answers = [result for result in results if isinstance(result, Answer)]
    assert [answer.asked for answer in answers] == codes
    assert all(answer.restricted for answer in answers)
    assert [bool(answer.restrictions) for answer in answers] == [True] * 6 + [False]
    assert [answer.details_omitted for answer in answers] == [False] * 6 + [True]


def test_nothing_is_asked_for_an_empty_list(service: Loopback, client: Client) -> None:
    assert client.check_many([]) == []
    assert not service.arrivals


def test_a_list_that_comes_back_short_is_a_fault(service: Loopback, client: Client) -> None:
    service.on("BatchCheckRestrictions", lambda _: wire.BatchCheckRestrictionsResponse(basis=BASIS))
    for items in ([CODE], [(CODE, "名")]):
        with pytest.raises(InternalFault, match="0 results for 1 items"):
            client.check_many(items)


def test_codes_alone_are_asked_in_the_short_form(service: Loopback, client: Client) -> None:
    service.on("BatchCheckRestrictions", short_form)
    clear, blocked, bad = client.check_many(["1", CODE, "bad"], areas=["LOANS", "LAND_SUPPLY"], include_ended=True)
    (request,) = service.requests(wire.BatchCheckRestrictionsRequest)
    assert list(request.codes) == ["1", CODE, "bad"]
    assert request.include_ended
    assert isinstance(clear, Answer)
    assert clear.clear
    assert (clear.asked, clear.code, clear.revision) == ("1", "1", Revision(epoch=1, number=42))
    assert clear.areas == dict.fromkeys([Area.LAND_SUPPLY, Area.FINANCING_CREDIT, Area.BOND_ISSUANCE], Verdict.CLEAR)
    assert clear.credit_directions == ("NEUTRAL",)
    assert clear.law == {"CATALOGUE": "2026-1", "CALENDAR": "2004-2026"}
    assert isinstance(blocked, Answer)
    assert blocked.restricted
    assert blocked.restrictions[0].document_number == "长虚工信惩〔2026〕1号"
    assert isinstance(bad, ItemFailure)
    assert (bad.index, bad.code, str(bad)) == (2, "bad", "code: too short")


def test_a_verdict_that_nothing_explains_is_never_clear(service: Loopback, client: Client) -> None:
    reply = wire.BatchCheckRestrictionsResponse(
        basis=BASIS,
        verdicts=[wire.VERDICT_UNSPECIFIED, wire.VERDICT_RESTRICTED, wire.VERDICT_UNKNOWN, wire.VERDICT_RESTRICTED],
        details=[wire.ItemDetail(index=3, answer=wire.RestrictionAnswer(code="4", verdict=wire.VERDICT_CLEAR))],
    )
    service.on("BatchCheckRestrictions", lambda _: reply)
    verdicts = [one.verdict for one in client.check_many("1234") if isinstance(one, Answer)]
    assert verdicts == [Verdict.UNKNOWN, Verdict.RESTRICTED, Verdict.UNKNOWN, Verdict.RESTRICTED]


def test_a_past_is_asked_for(service: Loopback, client: Client) -> None:
    service.on("CheckRestrictions", lambda _: single(wire.VERDICT_CLEAR))
    instant = datetime(2026, 11, 20, 4, tzinfo=UTC)
    client.check(CODE, at_revision=Revision(epoch=1, number=7), include_ended=True)
    client.check(CODE, as_known_at=instant)
    then, known = service.requests(wire.CheckRestrictionsRequest)
    assert (then.consistency.at_revision.number, then.include_ended) == (7, True)
    assert known.consistency.as_known_at.ToDatetime(UTC) == instant
    with pytest.raises(ClientError, match="as_known_at has no time zone"):
        client.check(CODE, as_known_at=instant.replace(tzinfo=None))


def test_requests_about_one_past_do_not_follow_on_each_other(service: Loopback, client: Client) -> None:
    service.on("BatchCheckRestrictions", short_form)
    client.check_many(["1"] * 10_001, at_revision=Revision(epoch=1, number=7))
    for request in service.requests(wire.BatchCheckRestrictionsRequest):
        assert request.consistency.at_revision.number == 7
        assert not request.consistency.HasField("min_revision")


def test_what_has_ended_stands_apart_from_what_is_in_force(service: Loopback, client: Client) -> None:
    answer = restricted()
    answer.restrictions.add(area=measure_pb2.AREA_BOND_ISSUANCE, state=wire.RESTRICTION_STATE_ENDED, until="2026-01-01")
    answer.restrictions.add(area=measure_pb2.AREA_BOND_ISSUANCE, state=wire.RESTRICTION_STATE_SUSPENDED)
    answer.restrictions[0].state = wire.RESTRICTION_STATE_DISPUTED
    service.on("CheckRestrictions", lambda _: wire.CheckRestrictionsResponse(answer=answer, basis=BASIS))
    read = client.check(CODE, include_ended=True)
    assert [one.state for one in read.restrictions] == [RestrictionState.DISPUTED]
    assert [one.state for one in read.past] == [RestrictionState.ENDED, RestrictionState.SUSPENDED]
    assert read.past[0].until == date(2026, 1, 1)


def test_an_answer_states_itself_in_a_sentence(service: Loopback, client: Client) -> None:
    reply = single(wire.VERDICT_CLEAR)
    reply.answer.areas.add(area=measure_pb2.AREA_LAND_SUPPLY, verdict=wire.VERDICT_CLEAR)
    service.on("CheckRestrictions", lambda _: reply)
    assert client.check(CODE).statement == (
        f"{CODE}: no measure in force in LAND_SUPPLY on 2026-11-23, as of revision 1:42 at 2026-11-23T12:05:06+08:00 无惩戒措施"
    )
    service.on("CheckRestrictions", lambda _: single(wire.VERDICT_UNKNOWN, stale=True))
    assert "cannot be decided" in client.check(CODE).statement
    assert "数据过期" in client.check(CODE).statement


def test_an_answer_of_the_past_says_so(service: Loopback, client: Client) -> None:
    reply = single(wire.VERDICT_CLEAR)
    reply.basis.known_at.FromDatetime(datetime(2026, 11, 20, 1, tzinfo=UTC))
    service.on("CheckRestrictions", lambda _: reply)
    answer = client.check(CODE, at_revision=Revision(epoch=1, number=42))
    assert (answer.as_known, answer.known_at) == (Revision(epoch=1, number=42), datetime(2026, 11, 20, 1, tzinfo=UTC))
    assert answer.statement == (
        f"{CODE}: no measure in force on 2026-11-23, as known at revision 1:42, of 2026-11-20T09:00:00+08:00, not as of now 历史时点;"
        " revision 1:42, asked at 2026-11-23T12:05:06+08:00 无惩戒措施"
    )
    noon = datetime(2026, 11, 20, 4, tzinfo=UTC)
    assert client.check(CODE, as_known_at=noon).of_the_past.startswith("as known at 2026-11-20T12:00:00+08:00, of 2026")
    assert client.check(CODE, as_of_date="2026-11-20").of_the_past == ""


def test_what_would_be_dropped_or_beyond_counting_is_refused(service: Loopback, client: Client) -> None:
    with pytest.raises(WrongValue, match=r"^purpose: "):
        client.check(CODE, purpose="虚构授信")
    for staleness in (float("nan"), 1e300, 10**5000):
        with pytest.raises(WrongValue, match=r"^max_staleness: "):
            client.check(CODE, max_staleness=staleness)
    with pytest.raises(WrongValue, match=r"^as_known_at: "):
        client.check(CODE, as_known_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))))
    with pytest.raises(WrongValue, match=r"^timeout "):
        Client(service.address, timeout=1e300)
    assert not service.arrivals
