"""From notice to listing and through objection, suspension and repair, over a real socket."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from tests import samples
from tests.api.conftest import House, clock, principal
from tests.api.test_records import create, fault

from credit_sanction.v1 import exit_obligation_service_pb2 as exit_pb
from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import obligation_pb2 as obligation_pb
from credit_sanction.v1 import restriction_service_pb2 as restriction_pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction.v1 import sanction_record_service_pb2 as pb
from credit_sanction_service.api.messages import plain_record
from credit_sanction_service.domain.access import Role
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.due_process import serve_notice

if TYPE_CHECKING:
    from google.protobuf.message import Message

TODAY = day_of(clock())


def day(offset: int) -> str:
    return (TODAY + timedelta(days=offset)).isoformat()


def notice() -> record_pb.SanctionRecord:
    served = serve_notice(samples.notice_draft(), record_id="1", today=TODAY, law=samples.LAW)
    return plain_record(served, TODAY, samples.LAW)


def decision(number: int = 1) -> record_pb.Decision:
    return record_pb.Decision(
        document_number=f"虚构认字〔2026〕{number}号",
        date=day(-1),
        cause="逾期未退出",
        removal_conditions="完成退出并验收",
        remedies="六十日内复议，六个月内诉讼",
    )


def step(house: House, method: str, request: Message) -> record_pb.SanctionRecord:
    record: record_pb.SanctionRecord = house.administrator(method, request)
    return record


def verdict(house: House, record: record_pb.SanctionRecord, *, as_of: str = "") -> restriction_pb.RestrictionAnswer:
    """Return what a look-up says of the record's enterprise, at the record's revision or later."""
    request = restriction_pb.CheckRestrictionsRequest(
        enterprise=restriction_pb.EnterpriseQuery(code=record.enterprise.code),
        consistency=restriction_pb.Consistency(min_revision=record.revision, as_of_date=as_of),
    )
    answer: restriction_pb.RestrictionAnswer = house.administrator("CheckRestrictions", request).answer
    return answer


def test_nothing_is_restricted_before_the_decision_is_listed(house: House) -> None:
    record = step(house, "ServeNotice", pb.ServeNoticeRequest(record=notice()))
    assert record.state == record_pb.RECORD_STATE_NOTICE_SERVED
    assert not record.HasField("decision")
    assert verdict(house, record).verdict == restriction_pb.VERDICT_CLEAR
    said = record_pb.Statement(kind=record_pb.STATEMENT_KIND_STATEMENT, date=day(-5), summary="虚构陈述")
    record = step(house, "RecordStatement", pb.RecordStatementRequest(name=record.name, version=1, statement=said))
    assert [one.summary for one in record.statements] == ["虚构陈述"]
    record = step(house, "Decide", pb.DecideRequest(name=record.name, version=2, decision=decision()))
    assert (record.state, record.decision.notice_served_on) == (record_pb.RECORD_STATE_DECIDED, record.notice.served_on)
    assert record.publication_end_date
    assert not record.listed_on
    assert verdict(house, record).verdict == restriction_pb.VERDICT_CLEAR
    record = step(house, "List", pb.ListRequest(name=record.name, version=3))
    assert (record.state, record.listed_on) == (record_pb.RECORD_STATE_LISTED, day(0))
    answer = verdict(house, record)
    assert answer.verdict == restriction_pb.VERDICT_RESTRICTED
    assert {one.since for one in answer.restrictions} == {day(0)}
    assert verdict(house, record, as_of=day(-1)).verdict == restriction_pb.VERDICT_CLEAR


def test_a_decision_within_the_hearing_days_is_refused_with_its_rule(house: House) -> None:
    given = notice()
    given.notice.served_on = day(-3)
    record = step(house, "ServeNotice", pb.ServeNoticeRequest(record=given))
    request = pb.DecideRequest(name=record.name, version=1, decision=decision())
    code, reason, violations = fault(house.administrator, "Decide", request)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert "行政处罚法" in violations["decision.date"]


def test_a_step_out_of_order_is_a_state_conflict(house: House) -> None:
    record = step(house, "ServeNotice", pb.ServeNoticeRequest(record=notice()))
    for method, request in (
        ("List", pb.ListRequest(name=record.name, version=1)),
        ("RaiseObjection", pb.RaiseObjectionRequest(name=record.name, version=1, reason="虚构")),
        ("Resume", pb.ResumeRequest(name=record.name, version=1, document_number="1", date=day(0))),
    ):
        code, reason, _ = fault(house.administrator, method, request)
        assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_CONFLICT")


def test_a_notice_can_be_withdrawn_by_revoking(house: House) -> None:
    record = step(house, "ServeNotice", pb.ServeNoticeRequest(record=notice()))
    request = pb.RevokeSanctionRecordRequest(
        name=record.name, version=1, reason="陈述成立", document_number="虚构撤字1号", date=day(0)
    )
    revoked = house.administrator("RevokeSanctionRecord", request).record
    assert revoked.state == record_pb.RECORD_STATE_REVOKED
    again = step(house, "ServeNotice", pb.ServeNoticeRequest(record=notice()))
    assert again.state == record_pb.RECORD_STATE_NOTICE_SERVED


def test_retries_and_checks_of_a_step_change_nothing_twice(house: House) -> None:
    request = pb.ServeNoticeRequest(record=notice(), request_id="n-1")
    record = step(house, "ServeNotice", request)
    assert step(house, "ServeNotice", request) == record
    decide = pb.DecideRequest(name=record.name, version=1, decision=decision(), validate_only=True)
    assert step(house, "Decide", decide).state == record_pb.RECORD_STATE_DECIDED
    assert house.administrator("GetSanctionRecord", pb.GetSanctionRecordRequest(name=record.name)) == record
    code, reason, _ = fault(
        house.administrator, "Decide", pb.DecideRequest(name=record.name, version=9, decision=decision())
    )
    assert (code, reason) == (grpc.StatusCode.ABORTED, "VERSION_CONFLICT")


def test_an_objection_is_said_by_every_answer_at_once(house: House) -> None:
    record = create(house)
    raised = step(house, "RaiseObjection", pb.RaiseObjectionRequest(name=record.name, version=1, reason="虚构异议"))
    assert raised.disputed
    assert raised.objection.due_on == "2026-11-26"
    answer = verdict(house, raised)
    assert answer.verdict == restriction_pb.VERDICT_RESTRICTED
    assert all(one.disputed for one in answer.restrictions)
    settled = step(
        house,
        "DecideObjection",
        pb.DecideObjectionRequest(
            name=record.name,
            version=2,
            outcome=record_pb.OBJECTION_OUTCOME_CORRECTED,
            document_number="虚构异字1号",
            date=day(0),
            reason="领域有误",
            record=record_pb.SanctionRecord(measures=[measure_pb.Measure(area=measure_pb.AREA_LAND_SUPPLY)]),
            update_mask=FieldMask(paths=["measures"]),
        ),
    )
    assert not settled.disputed
    answer = verdict(house, settled)
    assert [one.area for one in answer.restrictions] == [measure_pb.AREA_LAND_SUPPLY]
    assert not answer.restrictions[0].disputed


def test_a_suspended_record_is_kept_and_has_no_effect(house: House) -> None:
    record = create(house)
    order = {"document_number": "虚构行停字1号", "date": day(0)}
    suspended = step(
        house,
        "Suspend",
        pb.SuspendRequest(name=record.name, version=1, ground=record_pb.SUSPENSION_GROUND_COURT_ORDER, **order),  # type: ignore[arg-type] # both are texts
    )
    assert suspended.state == record_pb.RECORD_STATE_SUSPENDED
    assert verdict(house, suspended).verdict == restriction_pb.VERDICT_CLEAR
    assert verdict(house, suspended, as_of=day(-1)).verdict == restriction_pb.VERDICT_RESTRICTED
    resumed = step(house, "Resume", pb.ResumeRequest(name=record.name, version=2, **order))  # type: ignore[arg-type] # both are texts
    assert verdict(house, resumed).verdict == restriction_pb.VERDICT_RESTRICTED


def test_a_repair_before_its_day_names_the_day(house: House) -> None:
    record = create(house)
    assert record.earliest_repair_date == "2027-10-25"
    request = pb.RepairRequest(
        name=record.name,
        version=1,
        applied_on=day(0),
        corrected_on=day(0),
        document_number="虚构修字1号",
        date=day(0),
    )
    with pytest.raises(grpc.RpcError) as raised:
        house.administrator("Repair", request)
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "2027-10-25" in str(raised.value.details())
    assert "第36号" in str(raised.value.details())
    assert fault(house.administrator, "Repair", request)[1] == "TOO_EARLY"


def test_land_for_the_exits_own_disposal_is_never_blocked(house: House) -> None:
    record = create(house)
    query = restriction_pb.EnterpriseQuery(code=record.enterprise.code)
    fresh = restriction_pb.Consistency(min_revision=record.revision)
    groups = [measure_pb.AREA_GROUP_LAND]
    answers = [
        house.administrator(
            "CheckRestrictions",
            restriction_pb.CheckRestrictionsRequest(
                enterprise=query, groups=groups, consistency=fresh, land_purpose=purpose
            ),
        ).answer
        for purpose in (restriction_pb.LAND_PURPOSE_NEW_SUPPLY, restriction_pb.LAND_PURPOSE_EXIT_DISPOSAL)
    ]
    assert [answer.verdict for answer in answers] == [restriction_pb.VERDICT_RESTRICTED, restriction_pb.VERDICT_CLEAR]
    assert any("§四(六)" in text for text in answers[1].explanations)


def test_a_lender_is_told_in_which_direction(house: House) -> None:
    record = create(house)
    answer = verdict(house, record)
    assert list(answer.credit_directions) == [
        restriction_pb.CREDIT_DIRECTION_REFUSE_NEW_CREDIT,
        restriction_pb.CREDIT_DIRECTION_REDUCE_EXISTING_LOANS,
    ]
    credit = next(one for one in answer.restrictions if one.area == measure_pb.AREA_FINANCING_CREDIT)
    assert list(credit.actions) == [measure_pb.ACTION_REFUSE_NEW_CREDIT, measure_pb.ACTION_REDUCE_EXISTING_LOANS]
    assert credit.executing_department
    land_office = house.calling(principal("land", Role.LAND))
    request = restriction_pb.CheckRestrictionsRequest(
        enterprise=restriction_pb.EnterpriseQuery(code=record.enterprise.code), groups=[measure_pb.AREA_GROUP_LAND]
    )
    assert not land_office("CheckRestrictions", request).answer.credit_directions


def test_an_authority_acts_only_for_its_own(house: House) -> None:
    record = step(house, "ServeNotice", pb.ServeNoticeRequest(record=notice()))
    stranger = house.calling(principal("stranger", Role.AUTHORITY, authorities=frozenset({samples.code(9)})))
    for method, request in (
        ("ServeNotice", pb.ServeNoticeRequest(record=notice())),
        ("Decide", pb.DecideRequest(name=record.name, version=1, decision=decision())),
    ):
        assert fault(stranger, method, request)[1] == "NOT_PERMITTED"
    bank = house.calling(principal("bank", Role.BANK))
    assert fault(bank, "List", pb.ListRequest(name=record.name, version=1))[1] == "NOT_PERMITTED"


def test_an_obligation_that_was_extended_since_the_notice_is_not_listed_and_one_that_is_listed_is_not_extended(
    house: House,
) -> None:
    base = notice()
    base.obligation.ordered_on = "2026-02-23"  # due 2026-08-23, a Sunday, extended to 2026-11-23: not overdue on TODAY
    base.obligation.due_on = ""
    base.obligation.plan.date = "2026-02-20"
    register = exit_pb.RegisterObligationRequest(
        obligation=exit_pb.RegisteredObligation(
            enterprise=base.enterprise,
            obligation=base.obligation,
            authority=base.notice.authority,
            responsible_district=base.responsible_district,
        )
    )
    obligation = house.administrator("RegisterObligation", register)
    base.ClearField("obligation")
    base.obligation_name = obligation.name
    record = step(house, "ServeNotice", pb.ServeNoticeRequest(record=base))
    assert record.obligation.last_day == "2026-08-24"
    extend = exit_pb.ExtendObligationRequest(
        name=obligation.name,
        version=1,
        extension=obligation_pb.Extension(months=3, document_number="虚构延字1号", applied_on="2026-08-01"),
    )
    assert house.administrator("ExtendObligation", extend).obligation.last_day == "2026-11-23"
    code, reason, _ = fault(
        house.administrator, "Decide", pb.DecideRequest(name=record.name, version=1, decision=decision())
    )
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "NOT_OVERDUE")


def test_a_sanctioned_obligation_is_extended_no_more_and_a_completed_one_can_be_lifted(house: House) -> None:
    base = notice()
    register = exit_pb.RegisterObligationRequest(
        obligation=exit_pb.RegisteredObligation(
            enterprise=base.enterprise,
            obligation=base.obligation,
            authority=base.notice.authority,
            responsible_district=base.responsible_district,
        )
    )
    obligation = house.administrator("RegisterObligation", register)
    paper = plain_record(samples.record(), TODAY, samples.LAW)
    paper.ClearField("obligation")
    paper.obligation_name = obligation.name
    record = step(house, "CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=paper))
    assert record.obligation_name == obligation.name
    assert record.obligation.item == obligation.obligation.item
    extend = exit_pb.ExtendObligationRequest(
        name=obligation.name,
        version=1,
        extension=obligation_pb.Extension(
            months=1, document_number="虚构延字1号", applied_on=obligation.obligation.ordered_on
        ),
    )
    assert fault(house.administrator, "ExtendObligation", extend)[1] == "STATE_CONFLICT"
    lift = pb.LiftSanctionRecordRequest(
        name=record.name,
        version=1,
        ground=record_pb.LIFT_GROUND_EXIT_COMPLETED,
        document_number="虚构移字1号",
        date=day(0),
    )
    assert fault(house.administrator, "LiftSanctionRecord", lift)[1] == "STATE_CONFLICT"
    completion = exit_pb.Completion(date=day(0), document_number="虚构验字1号", method="拆除", verifier="虚构市工信局")
    house.administrator(
        "ReportCompletion",
        exit_pb.ReportCompletionRequest(name=obligation.name, version=1, completion=completion),
    )
    assert step(house, "LiftSanctionRecord", lift).state == record_pb.RECORD_STATE_LIFTED
    named = house.administrator("GetObligation", exit_pb.GetObligationRequest(name=obligation.name))
    assert list(named.sanction_records) == [record.name]
