"""
Second act: one enterprise from its obligation to its exit. Extension, notice, statement, decision, listing; an objection, a
suspension by a court, a repair that comes too early, and the lift once the exit is completed. The look-up is asked at each
turn: nothing restricts before the listing, nothing after the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from examples.made_up import authority_code, uscc
from examples.story.stage import Failed, demand, say, today

from credit_sanction import Area, Client, Conflict, Verdict, types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_sanction import Answer

INDUSTRY: Final = types.Authority(code=authority_code(1), name="长春市虚构工业和信息化局")
DISTRICT: Final = types.ResponsibleDistrict(code="220113", name="九台区")
ENTERPRISE: Final = types.Enterprise(code=uscc("91", "220101", 901), name="长春市虚构九百零一号水泥有限公司")
KILN: Final = types.ExitObligation(
    scope=types.ObligationScope.OBLIGATION_SCOPE_LINE,
    item="1号窑",
    equipment="直径3.2米回转窑",
    quantity=1,
    capacity=types.Capacity(amount="45.5", unit=types.CapacityUnit.CAPACITY_UNIT_TEN_THOUSAND_TONNES),
    sector=types.Sector.SECTOR_CEMENT,
    standard=types.Standard.STANDARD_ENERGY,
    ordered_on="2026-01-30",
    plan=types.Approval(document_number="长虚政产能〔2026〕1号", approver="长春市虚构人民政府", date="2026-01-12"),
)


def play(client: Client) -> Mapping[str, object]:
    """Play it and return its figures."""
    obligation = register(client)
    listed = list_by_due_process(client, obligation)
    undisturbed = dispute(client, listed)
    resumed = suspend_and_resume(client, undisturbed)
    lifted = complete(client, obligation, resumed)
    return {"case": lifted.name, "case_versions": lifted.version}


def register(client: Client) -> types.RegisteredObligation:
    """Register an obligation inside its approved plan, and grant the one extension that energy knows."""
    given = types.RegisteredObligation(
        enterprise=ENTERPRISE, obligation=KILN, authority=INDUSTRY, responsible_district=DISTRICT
    )
    registered = client.obligations.register(given)
    say(f"{ENTERPRISE.name}, {KILN.item}: ordered {KILN.ordered_on}, last day {registered.obligation.last_day}")
    extended = client.obligations.extend(
        registered, months=3, document_number="长虚工信延〔2026〕901号", applied_on="2026-07-16"
    )
    say(f"  extended by 3 months on application: last day {extended.obligation.last_day}")
    demand(extended.overdue, "the obligation is not overdue")
    return extended


def list_by_due_process(client: Client, obligation: types.RegisteredObligation) -> types.SanctionRecord:
    """Serve the notice, hear the enterprise, decide, list: it is restricted by the last of these steps and by none before."""
    notice = types.Notice(
        authority=INDUSTRY,
        document_number="长虚工信告〔2026〕901号",
        served_on="2026-11-02",
        facts="1号窑未在2026年10月30日前退出",
        basis="长工信联字[2017]9号 §四(八)",
        rights="可在收到本告知书之日起5个工作日内陈述申辩或要求听证",
        method="直接送达",
    )
    served = client.serve_notice(
        types.SanctionRecord(
            enterprise=ENTERPRISE,
            obligation_name=obligation.name,
            notice=notice,
            responsible_district=DISTRICT,
            measures=[types.Measure(area=area.wire) for area in (Area.LAND_SUPPLY, Area.FINANCING_CREDIT)],
            publication_class=types.PublicationClass.PUBLICATION_CLASS_SERIOUS,
        )
    )
    heard = client.record_statement(served, kind="STATEMENT", date="2026-11-05", summary="设备已停产，请求再延期")
    decided = client.decide(
        heard,
        types.Decision(
            document_number="长虚工信惩〔2026〕901号",
            date="2026-11-16",
            cause="逾期未退出1号窑；再延期的请求于法无据",
            removal_conditions="退出并经验收后申请移出",
            remedies="可在60日内申请行政复议，或在6个月内提起行政诉讼",
        ),
    )
    expect(client, decided, Verdict.CLEAR, "notice served, enterprise heard, decision taken: no effect yet")
    listed = client.list_record(decided)
    expect(client, listed, Verdict.RESTRICTED, f"listed from {listed.listed_on}")
    disposal = client.check(
        ENTERPRISE.code, areas=[Area.LAND_SUPPLY], land_purpose="EXIT_DISPOSAL", min_revision=listed.revision
    )
    demand(disposal.clear, f"the exit's own disposal of land is {disposal.verdict}")
    say("    its own land may still be disposed of for the exit: CLEAR")
    return listed


def dispute(client: Client, listed: types.SanctionRecord) -> types.SanctionRecord:
    """Object, which marks every answer at once and changes no effect, and have the record upheld."""
    disputed = client.raise_objection(listed, reason="1号窑已于2026年11月1日停产")
    due = disputed.objection.due_on or "a day that no calendar tells yet"
    answer = expect(client, disputed, Verdict.RESTRICTED, f"objection raised, to be decided by {due}")
    demand(all(restriction.disputed for restriction in answer.restrictions), "the look-up does not say disputed")
    say("    the look-up says: disputed 异议")
    upheld = client.decide_objection(
        disputed,
        outcome="UPHELD",
        document_number="长虚工信异〔2026〕901号",
        date=today(),
        reason="停产不是退出：主体设备未拆除，也未封存",
    )
    answer = expect(client, upheld, Verdict.RESTRICTED, "upheld")
    demand(not any(restriction.disputed for restriction in answer.restrictions), "the look-up still says disputed")
    return upheld


def suspend_and_resume(client: Client, record: types.SanctionRecord) -> types.SanctionRecord:
    """Let the effect rest by order of a court, and give it back."""
    suspended = client.suspend(record, ground="COURT_ORDER", document_number="（2026）虚0100行保1号", date=today())
    expect(client, suspended, Verdict.CLEAR, "suspended by a court, the record is kept")
    resumed = client.resume(suspended, document_number="（2026）虚0100行保1号之一", date=today())
    expect(client, resumed, Verdict.RESTRICTED, "resumed")
    return resumed


def complete(
    client: Client, obligation: types.RegisteredObligation, record: types.SanctionRecord
) -> types.SanctionRecord:
    """Complete the exit. A repair is refused before its first day; the lift, for the exit is done, is not."""
    client.obligations.report_completion(
        client.obligations.get(obligation.name),
        date=today(),
        document_number="长虚工信验〔2026〕901号",
        method="拆除主体设备",
        verifier="长春市虚构联合验收组",
    )
    say("  the kiln was dismantled, and that was verified")
    try:
        client.repair(
            record, applied_on=today(), corrected_on=today(), document_number="长虚工信修〔2026〕901号", date=today()
        )
    except Conflict as refusal:
        demand(refusal.reason == "TOO_EARLY", str(refusal))
        demand(record.earliest_repair_date in refusal.message, f"the refusal names no first day: {refusal}")
        say(f"    repair is refused: {refusal.message}")
    else:
        raise Failed("a serious record was repaired within its first year")
    lifted = client.lift(record, ground="EXIT_COMPLETED", document_number="长虚工信移〔2026〕901号", date=today())
    expect(client, lifted, Verdict.CLEAR, "lifted: the exit is completed")
    return lifted


def expect(client: Client, record: types.SanctionRecord, verdict: Verdict, what: str) -> Answer:
    """Look the enterprise up at the revision that wrote `record`, and demand the verdict."""
    answer = client.check(ENTERPRISE.code, name=ENTERPRISE.name, min_revision=record.revision)
    demand(answer.verdict is verdict, f"{what}: {answer.verdict}, not {verdict}: {answer.explanations}")
    say(f"  {what}: {answer.verdict}")
    return answer
