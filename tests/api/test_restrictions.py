"""RestrictionService over a real socket."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from tests import samples
from tests.api.conftest import House, principal
from tests.api.test_records import create, fault, metadata

from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction.v1 import revision_pb2 as revision_pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction.v1 import sanction_record_service_pb2 as record_service_pb
from credit_sanction_service.api.replies import Replies
from credit_sanction_service.api.written import write_answer
from credit_sanction_service.domain.access import Role
from credit_sanction_service.domain.answers import Known, Question, answer
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.terms import ALL_AREAS, Area
from credit_sanction_service.restrictions.demands import Basis, Ground
from credit_sanction_service.restrictions.prepared import Ready, Terms
from credit_sanction_service.store.values import Revision


def check(
    house: House, code: str, after: record_pb.SanctionRecord | None = None, **options: object
) -> pb.CheckRestrictionsResponse:
    query = pb.EnterpriseQuery(code=code, name=str(options.pop("name", "")))
    consistency = pb.Consistency(min_revision=after.revision if after else None)
    request = pb.CheckRestrictionsRequest(enterprise=query, consistency=consistency, **options)  # type: ignore[arg-type]
    response: pb.CheckRestrictionsResponse = house.administrator("CheckRestrictions", request)
    return response


def test_a_listed_enterprise_is_restricted_by_its_basis(house: House) -> None:
    created = create(house)
    response = check(house, created.enterprise.code, created)
    assert response.answer.verdict == pb.VERDICT_RESTRICTED
    by_area = {verdict.area: verdict.verdict for verdict in response.answer.areas}
    assert len(by_area) == 9
    binding = {area for area, verdict in by_area.items() if verdict == pb.VERDICT_RESTRICTED}
    assert binding == {
        measure_pb.AREA_LAND_SUPPLY,
        measure_pb.AREA_FINANCING_CREDIT,
        measure_pb.AREA_PRODUCTION_LICENCE,
        measure_pb.AREA_SAFETY_LICENCE,
    }
    assert set(by_area.values()) == {pb.VERDICT_RESTRICTED, pb.VERDICT_ADVISORY}
    restriction = response.answer.restrictions[0]
    assert restriction.record == created.name
    assert restriction.document_number == created.decision.document_number
    assert restriction.legal_basis.document == "国发〔2010〕7号"
    assert restriction.since == created.decision.date
    assert response.basis.revision.number >= created.revision.number
    assert response.basis.answered_at.seconds


def test_an_enterprise_without_a_record_is_clear(house: House) -> None:
    answer = check(house, samples.code(99)).answer
    assert answer.verdict == pb.VERDICT_CLEAR
    assert not answer.restrictions


def test_groups_are_their_areas(house: House) -> None:
    response = check(house, samples.code(99), groups=[measure_pb.AREA_GROUP_LOANS], areas=[measure_pb.AREA_LAND_SUPPLY])
    assert [verdict.area for verdict in response.answer.areas] == [
        measure_pb.AREA_LAND_SUPPLY,
        measure_pb.AREA_FINANCING_CREDIT,
        measure_pb.AREA_BOND_ISSUANCE,
    ]


@pytest.mark.parametrize("code", ["", "91220101111111111U", "000000000000000000", "990000190001010294", "X" * 65, "中"])
def test_a_code_of_refused_shape_is_an_error(house: House, code: str) -> None:
    request = pb.CheckRestrictionsRequest(enterprise=pb.EnterpriseQuery(code=code))
    status, reason, violations = fault(house.administrator, "CheckRestrictions", request)
    assert (status, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "IDENTIFIER_REFUSED")
    assert "enterprise.code" in violations
    assert "990000190001010294" not in violations["enterprise.code"]


def test_a_code_in_doubt_is_unknown_with_the_likely_one(house: House) -> None:
    right = samples.code(7)
    wrong = right[:17] + ("0" if right[17] != "0" else "1")
    answer = check(house, wrong).answer
    assert answer.verdict == pb.VERDICT_UNKNOWN
    assert list(answer.unknown_reasons) == [pb.UNKNOWN_REASON_CODE_IN_DOUBT]
    assert answer.candidates[0].code == right


def test_a_name_of_a_restricted_enterprise_under_another_code_is_unknown(house: House) -> None:
    created = create(house)
    answer = check(house, samples.code(99), created, name=created.enterprise.name).answer
    assert answer.verdict == pb.VERDICT_UNKNOWN
    assert answer.candidates[0].code == created.enterprise.code


def test_what_was_lifted_is_clear_and_was_restricted_on_the_day_before(house: House) -> None:
    created = create(house)
    lift = record_service_pb.LiftSanctionRecordRequest(
        name=created.name,
        version=1,
        ground=record_pb.LIFT_GROUND_EXIT_COMPLETED,
        document_number="虚构移字1号",
        date="2026-11-20",
    )
    lifted = house.administrator("LiftSanctionRecord", lift)
    assert check(house, created.enterprise.code, lifted).answer.verdict == pb.VERDICT_CLEAR
    request = pb.CheckRestrictionsRequest(
        enterprise=pb.EnterpriseQuery(code=created.enterprise.code),
        consistency=pb.Consistency(min_revision=lifted.revision, as_of_date="2026-11-22"),
    )
    assert house.administrator("CheckRestrictions", request).answer.verdict == pb.VERDICT_RESTRICTED


def test_a_batch_keeps_its_order_and_a_bad_item_spoils_nothing(house: House) -> None:
    created = create(house)
    queries = [
        pb.EnterpriseQuery(code=code)
        for code in (created.enterprise.code, "rubbish", samples.code(99), created.enterprise.code)
    ]
    request = pb.BatchCheckRestrictionsRequest(
        enterprises=queries, consistency=pb.Consistency(min_revision=created.revision)
    )
    results = house.administrator("BatchCheckRestrictions", request).results
    assert [result.WhichOneof("result") for result in results] == ["answer", "error", "answer", "answer"]
    assert results[0].answer == results[3].answer
    assert results[1].error.violations[0].field == "enterprises[1].code"
    assert results[2].answer.verdict == pb.VERDICT_CLEAR


def test_a_batch_too_large_is_refused(house: House) -> None:
    request = pb.BatchCheckRestrictionsRequest(enterprises=[pb.EnterpriseQuery(code="1")] * 10_001)
    assert fault(house.administrator, "BatchCheckRestrictions", request)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_a_bank_asks_about_loans_and_nothing_else(house: House) -> None:
    bank = house.calling(principal("bank", Role.BANK))
    query = pb.EnterpriseQuery(code=samples.code(99))
    granted = pb.CheckRestrictionsRequest(enterprise=query, groups=[measure_pb.AREA_GROUP_LOANS])
    assert bank("CheckRestrictions", granted).answer.verdict == pb.VERDICT_CLEAR
    for request in (
        pb.CheckRestrictionsRequest(enterprise=query),
        pb.CheckRestrictionsRequest(enterprise=query, groups=[measure_pb.AREA_GROUP_LOANS, measure_pb.AREA_GROUP_LAND]),
    ):
        code, reason, _ = fault(bank, "CheckRestrictions", request)
        assert (code, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")
        with pytest.raises(grpc.RpcError) as refused:
            bank("CheckRestrictions", request)
        assert metadata(refused.value) == {"areas": "FINANCING_CREDIT,BOND_ISSUANCE"}


def test_a_bank_is_not_told_that_a_name_belongs_to_another_code_where_only_land_is_concerned(house: House) -> None:
    created = create(house, areas=(Area.LAND_SUPPLY,))
    query = pb.EnterpriseQuery(code=created.enterprise.code, name="长春虚构无关厂")
    after = pb.Consistency(min_revision=created.revision)
    loans = [measure_pb.AREA_GROUP_LOANS]
    one = pb.CheckRestrictionsRequest(enterprise=query, groups=loans, consistency=after)
    many = pb.BatchCheckRestrictionsRequest(enterprises=[query], groups=loans)
    bank = house.calling(principal("bank", Role.BANK))
    for caller, verdict in ((bank, pb.VERDICT_CLEAR), (house.administrator, pb.VERDICT_UNKNOWN)):
        answer = caller("CheckRestrictions", one).answer
        assert (answer.verdict, answer.name) == (verdict, "")
        assert caller("BatchCheckRestrictions", many).results[0].answer == answer


def test_a_revision_of_another_epoch_is_refused(house: House) -> None:
    consistency = pb.Consistency(min_revision=revision_pb.Revision(epoch=9, number=1))
    request = pb.CheckRestrictionsRequest(enterprise=pb.EnterpriseQuery(code=samples.code(1)), consistency=consistency)
    code, reason, _ = fault(house.administrator, "CheckRestrictions", request)
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "EPOCH_CHANGED")


def test_knowledge_older_than_the_caller_tolerates_is_not_called_clear(house: House) -> None:
    created = create(house)
    check(house, created.enterprise.code, created)
    strict = pb.Consistency(max_staleness=Duration(nanos=1))
    for code, verdict in ((samples.code(99), pb.VERDICT_UNKNOWN), (created.enterprise.code, pb.VERDICT_RESTRICTED)):
        request = pb.CheckRestrictionsRequest(enterprise=pb.EnterpriseQuery(code=code), consistency=strict)
        response = house.administrator("CheckRestrictions", request)
        assert response.basis.stale
        assert response.answer.verdict == verdict


def test_bad_words_are_invalid_and_not_left_out(house: House) -> None:
    query = pb.EnterpriseQuery(code=samples.code(1))
    for request in (
        pb.CheckRestrictionsRequest(enterprise=query, areas=[77]),  # type: ignore[list-item]
        pb.CheckRestrictionsRequest(enterprise=query, groups=[0]),  # type: ignore[list-item]
        pb.CheckRestrictionsRequest(enterprise=query, areas=[measure_pb.AREA_LAND_SUPPLY] * 65),
        pb.CheckRestrictionsRequest(enterprise=query, consistency=pb.Consistency(as_of_date="yesterday")),
        pb.CheckRestrictionsRequest(enterprise=query, consistency=pb.Consistency(max_staleness=Duration(seconds=-1))),
    ):
        assert fault(house.administrator, "CheckRestrictions", request)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_a_batch_of_ten_thousand_restricted_stays_below_what_clients_take(house: House) -> None:
    created = create(house)
    queries = [pb.EnterpriseQuery(code=created.enterprise.code)] * 10_000
    consistency = pb.Consistency(min_revision=created.revision)
    request = pb.BatchCheckRestrictionsRequest(enterprises=queries, consistency=consistency)
    results = house.administrator("BatchCheckRestrictions", request).results
    assert len(results) == 10_000
    assert {result.answer.verdict for result in results} == {pb.VERDICT_RESTRICTED}
    assert all(len(result.answer.areas) == 9 for result in results)
    assert results[0].answer.restrictions
    assert not results[0].answer.details_omitted
    assert results[-1].answer.details_omitted
    assert not results[-1].answer.restrictions


def batch(
    house: House, codes: list[str], after: record_pb.SanctionRecord | None = None, **options: object
) -> pb.BatchCheckRestrictionsResponse:
    consistency = pb.Consistency(min_revision=after.revision if after else None)
    request = pb.BatchCheckRestrictionsRequest(codes=codes, consistency=consistency, **options)  # type: ignore[arg-type]
    response: pb.BatchCheckRestrictionsResponse = house.administrator("BatchCheckRestrictions", request)
    return response


def test_a_short_batch_says_a_verdict_for_each_code_and_more_only_where_there_is_more(house: House) -> None:
    created = create(house)
    listed, clear, doubtful = created.enterprise.code, samples.code(99), samples.doubtful_code(7)
    response = batch(house, [clear, listed, "rubbish", clear.lower(), listed, doubtful, clear], created)
    assert list(response.verdicts) == [
        *(pb.VERDICT_CLEAR, pb.VERDICT_RESTRICTED, pb.VERDICT_UNSPECIFIED, pb.VERDICT_CLEAR),
        *(pb.VERDICT_RESTRICTED, pb.VERDICT_UNKNOWN, pb.VERDICT_CLEAR),
    ]
    assert not response.results
    details = {detail.index: detail for detail in response.details}
    assert list(details) == [1, 2, 3, 4, 5]
    assert details[1].answer == details[4].answer == check(house, listed, created).answer
    assert details[3].answer == check(house, clear).answer, "the code as it was judged is not the one that was typed"
    assert details[5].answer == check(house, doubtful).answer
    assert details[2].error.violations[0].field == "codes[2]"
    assert response.basis.revision.number >= created.revision.number
    assert response.basis.law


def test_the_same_questions_in_either_form_have_the_same_answers(house: House) -> None:
    created = create(house)
    codes = [created.enterprise.code, samples.code(99), samples.doubtful_code(7)]
    short = batch(house, codes, created, areas=[measure_pb.AREA_BOND_ISSUANCE])
    request = pb.BatchCheckRestrictionsRequest(
        enterprises=[pb.EnterpriseQuery(code=code) for code in codes], areas=[measure_pb.AREA_BOND_ISSUANCE]
    )
    long = house.administrator("BatchCheckRestrictions", request).results
    assert list(short.verdicts) == [result.answer.verdict for result in long]
    assert [detail.answer for detail in short.details] == [long[0].answer, long[2].answer]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"codes": ["1"], "enterprises": [pb.EnterpriseQuery(code="1")]}, "codes"),
        ({"codes": ["1"] * 10_001}, "codes"),
        ({}, "enterprises"),
        ({"codes": ["1"], "areas": [77]}, "areas[0]"),
    ],
)
def test_a_batch_says_what_is_wrong_with_it(house: House, fields: dict[str, object], field: str) -> None:
    request = pb.BatchCheckRestrictionsRequest(**fields)  # type: ignore[arg-type]
    code, _, violations = fault(house.administrator, "BatchCheckRestrictions", request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert set(violations) == {field}


def test_no_reply_grows_beyond_what_clients_take_and_no_verdict_is_left_off(house: House) -> None:
    created = create(house)
    listed = created.enterprise.code
    for codes in ([listed] * 10_000, ["9" * 64] * 10_000, [samples.doubtful_code(7)] * 10_000):
        reply = batch(house, codes, created)
        assert reply.ByteSize() < 3_000_000
        assert len(reply.verdicts) == len(reply.details) == 10_000
        assert len(set(reply.verdicts)) == 1
        whole, last = reply.details[0], reply.details[-1]
        assert (whole.answer.verdict, list(whole.answer.areas)) == (last.answer.verdict, list(last.answer.areas))
        assert whole.error.reason == last.error.reason
        assert last.answer.details_omitted or codes[0] != listed
    names = [pb.EnterpriseQuery(code=listed, name="虚" * 200)] * 10_000
    long = house.administrator("BatchCheckRestrictions", pb.BatchCheckRestrictionsRequest(enterprises=names))
    assert long.ByteSize() < 3_000_000
    assert {result.answer.verdict for result in long.results} == {pb.VERDICT_RESTRICTED}


def test_what_has_ended_is_shown_where_it_is_asked_for(house: House) -> None:
    created = create(house)
    lift = record_service_pb.LiftSanctionRecordRequest(
        name=created.name,
        version=1,
        ground=record_pb.LIFT_GROUND_EXIT_COMPLETED,
        document_number="虚构移字1号",
        date="2026-11-20",
    )
    in_force = check(house, created.enterprise.code, created).answer.restrictions
    assert not any(one.bound for one in in_force)
    lifted = house.administrator("LiftSanctionRecord", lift)
    answer = check(house, created.enterprise.code, lifted, include_ended=True).answer
    assert answer.verdict == pb.VERDICT_CLEAR
    assert len(answer.restrictions) == 9
    assert {one.state for one in answer.restrictions} == {pb.RESTRICTION_STATE_ENDED}
    assert {(one.binding, one.until) for one in answer.restrictions} == {(False, "2026-11-22")}
    assert {one.area for one in answer.restrictions if one.bound} == {one.area for one in in_force if one.binding}
    assert not any(demand.binding for one in answer.restrictions for demand in one.demands)
    assert all(one.demands[0].bound == one.bound for one in answer.restrictions)
    assert answer.restrictions[0].directive_zh
    assert not check(house, created.enterprise.code).answer.restrictions
    then = pb.Consistency(at_revision=created.revision)
    request = pb.BatchCheckRestrictionsRequest(codes=[created.enterprise.code, "rubbish"], consistency=then)
    known = house.administrator("BatchCheckRestrictions", request)
    assert list(known.verdicts) == [pb.VERDICT_RESTRICTED, pb.VERDICT_UNSPECIFIED]
    assert known.basis.revision == created.revision
    short = batch(house, [created.enterprise.code], include_ended=True)
    assert (list(short.verdicts), short.details[0].answer) == ([pb.VERDICT_CLEAR], answer)
    assert not batch(house, [created.enterprise.code]).details


def screen(house: House, *messages: pb.ScreenRestrictionsRequest, role: Role | None = None) -> Any:  # noqa: ANN401 - a call
    """Send all messages and return the call: its answers, and its status."""
    who = principal("clerk", role or Role.ADMINISTRATOR)
    return house.calling(who).stream("ScreenRestrictions", iter(messages))


def test_a_stream_answers_each_message_by_one_in_order(house: House) -> None:
    created = create(house)
    listed, clear = created.enterprise.code, samples.code(99)
    terms = pb.ScreenTerms(
        groups=[measure_pb.AREA_GROUP_LOANS], consistency=pb.Consistency(min_revision=created.revision)
    )
    first, second, third, fourth = screen(
        house,
        pb.ScreenRestrictionsRequest(terms=terms, sequence=7),
        pb.ScreenRestrictionsRequest(sequence=8, codes=[clear, listed]),
        pb.ScreenRestrictionsRequest(codes=[clear, clear, "rubbish"], names=["", created.enterprise.name, ""]),
        pb.ScreenRestrictionsRequest(sequence=-1, codes=[clear] * 10_000),
    )
    assert (first.sequence, list(first.verdicts)) == (7, [])
    assert first.basis.revision.number >= created.revision.number
    assert (second.sequence, list(second.verdicts)) == (8, [pb.VERDICT_CLEAR, pb.VERDICT_RESTRICTED])
    assert len(second.details[0].answer.areas) == 2
    assert list(third.verdicts) == [pb.VERDICT_CLEAR, pb.VERDICT_UNKNOWN, pb.VERDICT_UNSPECIFIED]
    assert third.details[0].answer.candidates[0].code == listed
    assert third.details[1].error.violations[0].field == "codes[2]"
    assert (fourth.sequence, len(fourth.verdicts), len(fourth.details)) == (-1, 10_000, 0)


@pytest.mark.parametrize(
    ("second", "field"),
    [
        (pb.ScreenRestrictionsRequest(), "codes"),
        (pb.ScreenRestrictionsRequest(codes=["1"], terms=pb.ScreenTerms()), "terms"),
        (pb.ScreenRestrictionsRequest(codes=["1", "2"], names=["虚构"]), "names"),
    ],
)
def test_a_stream_ends_with_what_is_wrong_with_a_message(
    house: House, second: pb.ScreenRestrictionsRequest, field: str
) -> None:
    call = screen(house, pb.ScreenRestrictionsRequest(codes=[samples.code(99)]), second)
    assert list(next(call).verdicts) == [pb.VERDICT_CLEAR]
    with pytest.raises(grpc.RpcError) as ended:
        next(call)
    assert ended.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in str(ended.value.details())


def test_a_stream_is_for_the_areas_of_the_callers_role(house: House) -> None:
    call = screen(house, pb.ScreenRestrictionsRequest(codes=[samples.code(99)]), role=Role.BANK)
    with pytest.raises(grpc.RpcError) as refused:
        next(call)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_prepared_answers_do_not_outlive_what_they_rest_on(house: House) -> None:
    created = create(house)
    code = created.enterprise.code
    assert check(house, code, created).answer == check(house, code).answer
    revoked = house.administrator(
        "RevokeSanctionRecord",
        record_service_pb.RevokeSanctionRecordRequest(
            name=created.name, version=1, reason="虚构:认定有误", document_number="虚构撤字1号", date="2026-11-20"
        ),
    )
    assert check(house, code, revoked.record).answer.verdict == pb.VERDICT_CLEAR
    assert list(batch(house, [code]).verdicts) == [pb.VERDICT_CLEAR]


def test_an_answer_by_itself_gives_its_details_way_before_clients_refuse_it() -> None:
    facts = facts_of(samples.record(1))
    found = Known(records=tuple(replace(facts, id=f"{number:032x}") for number in range(900)))
    question = Question(code=judge(facts.code), name="", areas=ALL_AREAS)
    given = answer(question, found, day=samples.TODAY, catalogues=samples.LAW.catalogues)
    ready = Ready(reply=write_answer(given), verdict=given.verdict, profile=tuple(given.areas.items()), is_plain=False)
    ground = Ground(
        revision=Revision(epoch=1, number=1),
        day=samples.TODAY,
        stale=False,
        catalogue_edition="",
        law=samples.LAW.names(),
    )
    basis = Basis(ground=ground, answered_at=samples.noon())
    reply = pb.CheckRestrictionsResponse.FromString(Replies().one(facts.code, ready, basis, Terms(areas=ALL_AREAS)))
    assert ready.reply.size > 3_000_000 > reply.ByteSize()
    assert (reply.answer.verdict, reply.answer.details_omitted) == (pb.VERDICT_RESTRICTED, True)
    assert len(reply.answer.areas) == 9
