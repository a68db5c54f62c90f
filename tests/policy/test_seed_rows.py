"""
The requirements of the founding document (长工信联字[2017]9号), one test a row, each through the code that decides.

The details of a row are held by the tests beside its rule; here stands what the row as a whole asks of the software.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
from tests.exit_samples import (
    AUTHORITIES,
    active_exit,
    completion,
    energy,
    extension,
    interim,
    obligation,
    registered,
    registration,
)
from tests.samples import (
    CATALOGUE,
    LAW,
    TODAY,
    code,
    decide_draft,
    draft,
    noon,
    notice_draft,
    penalty,
    plan,
    record,
    statement,
    taken_in,
    with_decision,
    with_obligation,
)

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.answers import Answer, Known, Question, answer
from credit_sanction_service.domain.authorities import Function
from credit_sanction_service.domain.calendar import add_months
from credit_sanction_service.domain.drafts import DistrictDraft, EnterpriseDraft, ExtensionDraft, ObligationDraft
from credit_sanction_service.domain.due_process import decide, list_record, record_statement, serve_notice
from credit_sanction_service.domain.effect import Filter, belongs, in_force
from credit_sanction_service.domain.exits import (
    declare_active_exit,
    extend,
    register,
    report_completion,
    report_interim,
)
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.faults import Invalid, NotOverdue, NotPermitted, Violation
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.public_lists import EntryDraft, publish
from credit_sanction_service.domain.terms import (
    ALL_AREAS,
    Action,
    Area,
    CreditDirection,
    IssuerLevel,
    LandPurpose,
    ListClass,
    ObligationState,
    PenaltyKind,
    Scope,
    Sector,
    Standard,
    State,
    Verdict,
)
from credit_sanction_service.oversight import Oversight
from credit_sanction_service.store.connect import Reader
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.database import Database

    from credit_sanction_service.domain.exits import RegisteredObligation
    from credit_sanction_service.domain.records import SanctionRecord

NOTICE_2017: Final = "长工信联字[2017]9号"
STATE_COUNCIL: Final = "国发〔2010〕7号"


def faults_of(act: Callable[[], object]) -> dict[str, Violation]:
    """Return by field what is refused."""
    with pytest.raises(Invalid) as raised:
        act()
    return {violation.field: violation for violation in raised.value.violations}


def ask(
    *records: SanctionRecord,
    areas: tuple[Area, ...] = ALL_AREAS,
    exits: tuple[RegisteredObligation, ...] = (),
    purpose: LandPurpose = LandPurpose.NEW_SUPPLY,
) -> Answer:
    """Return what is answered today about enterprise 1."""
    question = Question(code=judge(code(1)), name="", areas=areas, land_purpose=purpose)
    return answer(
        question, Known(records=tuple(map(facts_of, records)), exits=exits), day=TODAY, catalogues=LAW.catalogues
    )


def take(given: ObligationDraft, function: Function = Function.INDUSTRY) -> RegisteredObligation:
    """Return what registering an obligation gives."""
    return register(registration(given, function=function), obligation_id="1", today=TODAY, law=LAW)


def test_row_01_five_key_sectors_and_any_other_each_item_by_the_standard_it_fails() -> None:
    key = {"STEEL", "COAL", "CEMENT", "ELECTROLYTIC_ALUMINIUM", "FLAT_GLASS"}
    assert key | {"OTHER"} < set(Sector)
    for sector in Sector:
        function = Function.DEVELOPMENT_REFORM if sector in {Sector.COAL, Sector.POWER} else Function.INDUSTRY
        assert take(obligation(sector=sector, standard=Standard.TECHNOLOGY), function).obligation.sector is sector
    missing = faults_of(lambda: take(obligation(sector=None, standard=None)))
    assert missing.keys() == {"obligation.sector", "obligation.standard"}


def test_row_02_a_deadline_exists_only_inside_an_approved_plan() -> None:
    unplanned = faults_of(lambda: take(obligation(plan=None)))
    assert unplanned["obligation.plan"].rule == f"{NOTICE_2017} §二"
    bare = faults_of(lambda: take(obligation(plan=replace(plan(TODAY), document_number="", approver=""))))
    assert bare.keys() == {"obligation.plan.document_number", "obligation.plan.approver"}
    late = faults_of(lambda: take(obligation(due_on=(TODAY - timedelta(days=1)).isoformat(), plan=plan(TODAY))))
    assert late.keys() == {"obligation.plan.date"}
    assert faults_of(lambda: taken_in(with_obligation(draft(), plan=None))).keys() == {"obligation.plan"}


def test_row_03_energy_rectifies_within_six_months_extended_once_by_three_on_application() -> None:
    taken = take(energy())
    assert taken.obligation.due_on == add_months(taken.obligation.ordered_on, 6)
    extended = extend(taken, extension(3), today=TODAY, law=LAW)
    assert extended.obligation.nominal_last_day == add_months(taken.obligation.ordered_on, 9)
    rule = f"{NOTICE_2017} §三(二)1"
    assert faults_of(lambda: extend(taken, extension(4), today=TODAY, law=LAW))["extension.months"].rule == rule
    asked = faults_of(lambda: extend(taken, extension(3, ""), today=TODAY, law=LAW))
    assert asked["extension.applied_on"].rule == rule
    assert AUTHORITIES[Function.INDUSTRY].function in LAW.authorities.standard_leads[Standard.ENERGY]


def test_row_04_environment_has_the_day_of_its_document_and_closing_needs_approval() -> None:
    environment = obligation(standard=Standard.ENVIRONMENT)
    assert take(environment, Function.ECOLOGY).obligation.due_on.isoformat() == environment.due_on
    undated = faults_of(lambda: take(replace(environment, due_on=""), Function.ECOLOGY))
    assert undated.keys() == {"obligation.due_on"}
    whole = replace(environment, scope=Scope.ENTERPRISE, item="", equipment="", quantity=0)
    unapproved = faults_of(lambda: take(whole, Function.ECOLOGY))["obligation.closure_approval"]
    assert unapproved.rule == f"{NOTICE_2017} §三(二)2"
    assert take(replace(whole, closure_approval=plan(TODAY)), Function.ECOLOGY).obligation.closure_approval


def test_row_05_quality_has_six_months_without_extension_and_closing_needs_approval() -> None:
    quality = obligation(standard=Standard.QUALITY, due_on="")
    taken = take(quality, Function.MARKET_REGULATION)
    assert taken.obligation.due_on == add_months(taken.obligation.ordered_on, 6)
    rule = f"{NOTICE_2017} §三(二)3"
    assert faults_of(lambda: extend(taken, extension(1), today=TODAY, law=LAW))["extension.months"].rule == rule
    whole = replace(quality, scope=Scope.ENTERPRISE, item="", equipment="", quantity=0)
    unapproved = faults_of(lambda: take(whole, Function.MARKET_REGULATION))
    assert unapproved["obligation.closure_approval"].rule == rule


def test_row_06_safety_has_no_period_and_keeps_the_licences_to_be_revoked() -> None:
    licences = (("安全生产许可证", "虚构吉安许证1号", "虚构应急管理局"),)
    safety = obligation(standard=Standard.SAFETY, licences=licences)
    taken = take(safety, Function.EMERGENCY).obligation
    assert [(one.name, one.number, one.issuer) for one in taken.licences] == list(licences)
    assert faults_of(lambda: take(replace(safety, due_on=""), Function.EMERGENCY)).keys() == {"obligation.due_on"}
    revoked = penalty(TODAY - timedelta(days=31), kind=PenaltyKind.LICENCE_REVOKED)
    punished = taken_in(with_decision(draft(), penalty=revoked))
    assert ask(punished).areas[Area.SAFETY_LICENCE] is Verdict.RESTRICTED
    assert ask(punished).areas[Area.GOVERNMENT_PROCUREMENT] is Verdict.RESTRICTED


def test_row_07_sealed_is_not_completed_and_any_piece_missing_is_not_even_sealed() -> None:
    begun = registered()
    pieces = interim().evidence
    assert len(pieces) == 4
    for missing in range(4):
        part = replace(interim(), evidence=pieces[:missing] + pieces[missing + 1 :])
        assert faults_of(lambda part=part: report_interim(begun, part, today=TODAY, law=LAW)).keys() == {"interim"}  # type: ignore[misc] # the default binds it
    sealed = report_interim(begun, interim(), today=TODAY, law=LAW)
    assert (sealed.state, sealed.completed_on) == (ObligationState.INTERIM_SEALED, None)
    assert sealed.is_overdue(sealed.obligation.last_day + timedelta(days=1))
    assert report_completion(sealed, completion(), today=TODAY, law=LAW).state is ObligationState.COMPLETED
    leads = {Function.INDUSTRY, Function.DEVELOPMENT_REFORM, Function.MARKET_REGULATION}
    assert LAW.authorities.standard_leads[Standard.TECHNOLOGY] == leads


def test_row_08_induction_furnace_steel_is_never_extended() -> None:
    furnace = obligation(induction_furnace=True)
    taken = take(furnace)
    refused = faults_of(lambda: extend(taken, extension(1), today=TODAY, law=LAW))["extension.months"]
    assert "地条钢" in refused.rule
    within = faults_of(lambda: take(replace(furnace, extension=ExtensionDraft(months=1, document_number="虚构1号"))))
    assert within.keys() == {"obligation.extension.months"}
    elsewhere = faults_of(lambda: take(replace(furnace, sector=Sector.CEMENT)))
    assert elsewhere.keys() == {"obligation.induction_furnace"}


def test_row_09_one_enterprise_has_one_overdue_line_and_others_that_are_not() -> None:
    whole = replace(obligation(), scope=Scope.ENTERPRISE, item="", equipment="", quantity=0)
    assert take(whole).obligation.scope is Scope.ENTERPRISE
    assert faults_of(lambda: take(replace(whole, item="1号高炉"))).keys() == {"obligation.item"}
    lines = [registered(obligation(item=f"{number}号高炉")) for number in (1, 2, 3)]
    late = registered(obligation(item="4号高炉", due_on=(TODAY - timedelta(days=40)).isoformat()))
    assert [line.is_overdue(TODAY) for line in [*lines, late]] == [False, False, False, True]
    listed = record(1, item="4号线")
    assert (listed.obligation.item, ask(listed).areas[Area.LAND_SUPPLY]) == ("4号线", Verdict.RESTRICTED)
    not_yet = with_obligation(draft(1, item="1号线"), ordered_on=(TODAY - timedelta(days=60)).isoformat())
    with pytest.raises(NotOverdue):
        taken_in(with_decision(not_yet, notice_served_on=(TODAY - timedelta(days=50)).isoformat()))


def test_row_10_the_price_bureau_is_told_by_a_target_of_its_own_and_no_price_is_decided_here() -> None:
    bureau = Filter(standards=frozenset({Standard.ENERGY}))
    assert belongs(record(1), bureau, TODAY)
    assert not belongs(record(1), Filter(standards=frozenset({Standard.SAFETY})), TODAY)
    assert not any("PRICE" in area or "TARIFF" in area for area in Area)


def test_row_11_lenders_support_who_exits_actively_and_reduce_whom_it_did_not_on_time() -> None:
    credit = (Area.FINANCING_CREDIT,)
    active = declare_active_exit(registered(), active_exit(), today=TODAY, law=LAW)
    bond = record(1, areas=(Area.BOND_ISSUANCE,))
    assert ask(areas=credit).credit_directions == (CreditDirection.NEUTRAL,)
    assert ask(areas=credit, exits=(active,)).credit_directions == (CreditDirection.SUPPORT,)
    assert ask(bond, areas=credit, exits=(active,)).credit_directions == (CreditDirection.SUPPORT,)
    both = (CreditDirection.REFUSE_NEW_CREDIT, CreditDirection.REDUCE_EXISTING_LOANS)
    assert ask(record(1), areas=credit, exits=(active,)).credit_directions == both
    loans = Filter(areas=frozenset(credit))
    assert belongs(record(1), loans, TODAY)
    assert not belongs(bond, loans, TODAY)


def test_row_12_the_exits_own_disposal_of_land_is_never_blocked() -> None:
    listed = record(1)
    assert ask(listed).areas[Area.LAND_SUPPLY] is Verdict.RESTRICTED
    own = ask(listed, purpose=LandPurpose.EXIT_DISPOSAL)
    assert own.areas[Area.LAND_SUPPLY] is Verdict.CLEAR
    assert {area: verdict for area, verdict in own.areas.items() if area is not Area.LAND_SUPPLY} == {
        area: verdict for area, verdict in ask(listed).areas.items() if area is not Area.LAND_SUPPLY
    }
    assert "退出产能自身用地" in CATALOGUE.rows[Area.LAND_SUPPLY].directive_zh


def test_row_13_licences_are_refused_and_those_there_are_withdrawn() -> None:
    found = {one.measure.area: one for one in ask(record(1)).restrictions}
    for area in (Area.PRODUCTION_LICENCE, Area.SAFETY_LICENCE):
        assert set(found[area].row.actions) == {Action.REFUSE_NEW_LICENCE, Action.WITHDRAW_EXISTING_LICENCE}
        assert (found[area].binding, found[area].basis.document) == (True, STATE_COUNCIL)


def test_row_14_nine_areas_each_on_its_own_basis_reach_several_targets() -> None:
    nine = (
        "LAND_SUPPLY FUNDING_SUPPORT TAX_ADMINISTRATION PRODUCTION_LICENCE SAFETY_LICENCE BOND_ISSUANCE FINANCING_CREDIT"
        " GOVERNMENT_PROCUREMENT PUBLIC_WORKS_BIDDING"
    )
    assert set(nine.split()) == set(Area) == set(CATALOGUE.rows)
    listed = record(1)
    found = {one.measure.area: one for one in in_force(listed, TODAY, ALL_AREAS, CATALOGUE)}
    assert found.keys() == set(Area)
    for one in found.values():
        assert one.basis.article
        # The municipal notice alone binds nobody any more; the State Council's document does.
        assert one.binding == (one.basis.issuer_level is IssuerLevel.STATE_COUNCIL_DOCUMENT)
        assert not (one.binding and one.basis.document == NOTICE_2017)
    platform, website = Filter(), Filter(public=True)
    assert belongs(listed, platform, TODAY)
    assert belongs(listed, website, TODAY)
    served = serve_notice(notice_draft(), record_id="1", today=TODAY, law=LAW)
    heard = record_statement(served, statement(), today=TODAY, law=LAW)
    decided = decide(heard, decide_draft(), today=TODAY, law=LAW)
    for before in (served, heard, decided):
        assert ask(before).verdict is Verdict.CLEAR
        assert not belongs(before, platform, TODAY)
    assert ask(list_record(decided, "", today=TODAY, law=LAW)).verdict is Verdict.RESTRICTED


def test_row_15_industry_leads_industrial_sectors_and_development_and_reform_coal_and_power() -> None:
    leads = {sector: LAW.authorities.sector_leads[sector] for sector in Sector}
    energy_sectors = {Sector.COAL, Sector.POWER}
    assert all(leads[sector] == {Function.DEVELOPMENT_REFORM} for sector in energy_sectors)
    assert all(leads[sector] == {Function.INDUSTRY} for sector in set(Sector) - energy_sectors)
    other = AUTHORITIES[Function.EMERGENCY]
    foreign = with_decision(draft(), authority_code=other.code, authority_name=other.name_on(TODAY))
    assert faults_of(lambda: taken_in(foreign))["decision.authority.code"].rule == f"{NOTICE_2017} §五(一)(二)"
    listed = record(1)
    own = Principal(
        name="虚构", roles=frozenset({Role.AUTHORITY}), authorities=frozenset({listed.authority.code}), districts=None
    )
    own.require_record(listed)
    for bounds in (
        {"authorities": frozenset({other.code})},
        {"standards": frozenset({Standard.SAFETY})},
        {"districts": frozenset({"220102"})},
    ):
        with pytest.raises(NotPermitted):
            replace(own, **bounds).require_record(listed)


def test_row_16_what_somebody_reports_restricts_nobody_before_it_is_verified_and_decided() -> None:
    # Where a matter was reported is not kept; that nothing stands on a report alone is.
    undecided = replace(notice_draft(), notice=replace(notice_draft().notice, facts=""))  # type: ignore[type-var] # it has one
    unverified = faults_of(lambda: serve_notice(undecided, record_id="1", today=TODAY, law=LAW))
    assert unverified.keys() == {"notice.facts"}
    served = serve_notice(notice_draft(), record_id="1", today=TODAY, law=LAW)
    assert (served.state, ask(served).verdict) == (State.NOTICE_SERVED, Verdict.CLEAR)


def test_row_17_yellow_and_red_cards_and_the_environmental_lists_are_no_joint_punishment() -> None:
    assert set(ListClass) == {"YELLOW_CARD", "RED_CARD", "ENVIRONMENT_EXCEEDED", "ENVIRONMENT_SERIOUS"}
    for list_class in ListClass:
        keepers = LAW.authorities.list_leads[list_class]
        assert (Function.ECOLOGY in keepers) == list_class.startswith("ENVIRONMENT")
        keeper = next(entry for entry in LAW.authorities.entries.values() if entry.function in keepers)
        entry = publish(
            EntryDraft(
                list_class=list_class,
                enterprise=EnterpriseDraft(code=code(1), name="长春虚构1号水泥有限公司"),
                authority_code=keeper.code,
                authority_name=keeper.name_on(TODAY),
                district=DistrictDraft(code="220113", name="九台区"),
                document_number="虚构牌字1号",
                date=TODAY.isoformat(),
                reason="虚构",
            ),
            entry_id=new_id(),
            today=TODAY,
            law=LAW,
        )
        # An entry has neither decision nor measures, and a look-up knows of records alone.
        assert not hasattr(entry, "measures")
        assert not hasattr(entry, "decision")
    assert ask().verdict is Verdict.CLEAR


def test_row_18_the_figures_tell_the_districts_apart(store: Database) -> None:
    districts = {"220113": "九台区", "220102": "南关区"}
    records = [
        replace(record(number), district=replace(record(number).district, code=district, name=districts[district]))
        for number, district in ((1, "220113"), (2, "220113"), (3, "220102"))
    ]
    with (
        closing(Writer(store.service_dsn, clock=noon)) as writer,
        closing(Reader(store.service_dsn)) as reader,
    ):
        writer.run(lambda tx: tx.insert(records, action="CREATE", principal="虚构"))
        oversight = Oversight(reader, clock=noon)
        told = oversight.statistics(TODAY - timedelta(days=60), TODAY)
    assert {counts.district: (counts.listed, counts.in_force) for counts in told.cases} == {
        "220113": (2, 2),
        "220102": (1, 1),
    }
    assert {code: told.district_names[code] for code in districts} == districts


def test_every_row_has_its_test() -> None:
    rows = sorted(name for name in globals() if name.startswith("test_row_"))
    assert [int(name[9:11]) for name in rows] == list(range(1, 19))
