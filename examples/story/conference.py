"""
Third act: what the joint conference 联席会议 looks at. An enterprise that exits actively and the bank's answer, a red card that
restricts nobody, a bank's feedback and the rate, the duties that fall due, and the figures of the year.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from examples.made_up import authority_code, uscc
from examples.story.proceedings import DISTRICT, INDUSTRY, KILN
from examples.story.stage import demand, say, today

from credit_sanction import Area, Client, look_up_reference, types

if TYPE_CHECKING:
    from collections.abc import Mapping

WITHIN_DAYS: Final = 7
FINANCE: Final = types.Authority(code=authority_code(6), name="长春市虚构金融局")
ACTIVE: Final = types.Enterprise(code=uscc("91", "220101", 902), name="长春市虚构九百零二号水泥有限公司")
RED_CARDED: Final = types.Enterprise(code=uscc("91", "220101", 903), name="长春市虚构九百零三号水泥有限公司")


def play(client: Client, bank: Client, listed: types.SanctionRecord) -> Mapping[str, object]:
    """Play it, `bank` asking with a bank's rights about loans, and `listed` being in force; return its figures."""
    exit_actively(client, bank)
    show_red_card(client)
    feedback = report(client, bank, listed)
    duties = count_duties(client)
    return {**feedback, "duties": duties, **sum_up(client)}


def exit_actively(client: Client, bank: Client) -> None:
    """Register an obligation that has time left, declare the active exit, and have the bank told to support it."""
    ordered = today() - timedelta(days=30)
    obligation = types.ExitObligation()
    obligation.CopyFrom(KILN)
    obligation.ordered_on = obligation.plan.date = ordered.isoformat()
    registered = client.obligations.register(
        types.RegisteredObligation(
            enterprise=ACTIVE, obligation=obligation, authority=INDUSTRY, responsible_district=DISTRICT
        )
    )
    last = registered.obligation
    told = "no calendar tells its last day yet" if last.calendar_not_published else f"last day {last.last_day}"
    say(f"{ACTIVE.name}: ordered {ordered}, {told}")
    declared = client.obligations.declare_active_exit(
        registered, declared_on=today(), document_number="长虚工信认〔2026〕1号", description="提前拆除，转产环保建材"
    )
    answer = bank.check(ACTIVE.code, areas=[Area.FINANCING_CREDIT], min_revision=declared.revision)
    demand(answer.credit_directions == ("SUPPORT",), f"the bank was told {answer.credit_directions}")
    (support,) = answer.supports
    say(f"  it exits actively, and the bank is told: SUPPORT 予以支持, {support.document_number}, {support.obligation}")


def show_red_card(client: Client) -> None:
    """Publish a red card: it is on a list of its own, and in no look-up."""
    entry = client.publish_list_entry(
        types.PublicListEntry(
            list_class=types.ListClass.LIST_CLASS_RED_CARD,
            enterprise=RED_CARDED,
            item="2号窑",
            authority=INDUSTRY,
            responsible_district=DISTRICT,
            document_number="长虚工信红〔2026〕1号",
            date=today().isoformat(),
            reason="经限期整改仍未达标，予以关停",
        )
    )
    (shown,) = client.list_entries(list_classes=["RED_CARD"], enterprise_code=RED_CARDED.code)
    demand(shown == entry, "the red card is not on its list")
    answer = client.check(RED_CARDED.code, min_revision=entry.revision)
    demand(answer.clear, f"a red card alone was answered {answer.verdict}")
    say(f"{RED_CARDED.name} has a red card 红牌, which is no joint punishment: {answer.verdict}")


def report(client: Client, bank: Client, listed: types.SanctionRecord) -> Mapping[str, object]:
    """Have the bank look a listed enterprise up, refuse a loan, and report that; return the rate of its area and district."""
    answer = bank.check(listed.enterprise.code, areas=[Area.FINANCING_CREDIT])
    demand(answer.restricted, f"{listed.enterprise.code} is {answer.verdict}")
    told = bank.report_enforcement(
        types.EnforcementReport(
            record=listed.name,
            area=Area.FINANCING_CREDIT.wire,
            outcome=types.EnforcementOutcome.ENFORCEMENT_OUTCOME_APPLIED,
            description="流动资金贷款申请未予受理",
            applied_on=today().isoformat(),
            executing_department=FINANCE,
            look_up=look_up_reference(answer, "虚贷〔2026〕1号"),
            blocked=True,
        )
    )
    say(f"{told.reporter} refused {told.enterprise_name} a loan, on its look-up at revision {answer.revision}")
    district = listed.responsible_district.code
    (rate,) = client.enforcement_rates(areas=[Area.FINANCING_CREDIT], district_codes=[district])
    demand(rate.measures_reported == rate.blocked_cases == 1, f"the rate does not know the report: {rate}")
    say(
        f"  in {rate.district.name} {rate.measures_reported} of {rate.measures_in_force} measures on credit: {rate.rate}"
    )
    return {"feedback_rate": rate.rate, "blocked_cases": rate.blocked_cases}


def count_duties(client: Client) -> Mapping[str, int]:
    """Return how many duties are open, by kind: late, or due within a week."""
    duties = list(client.overdue_duties(within_days=WITHIN_DAYS, page_size=1_000))
    counts = Counter(types.DutyKind.Name(duty.kind).removeprefix("DUTY_KIND_") for duty in duties)
    late = sum(duty.late for duty in duties)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "none"
    doubtful = {record.name for record in client.list(states=["QUARANTINED"], page_size=1_000)}
    waiting = sum(duty.record in doubtful for duty in duties)
    say(f"duties late or due within {WITHIN_DAYS} days: {kinds}; {late} late, {waiting} of records in quarantine")
    for duty in duties[:3]:
        say(f"  {duty.due_on or 'not known'}  {duty.record}  {duty.authority.name}  {duty.target}".rstrip())
    return dict(counts)


def sum_up(client: Client) -> Mapping[str, object]:
    """Return the figures of the year, which the conference is shown."""
    figures = client.statistics()
    listed, in_force = (sum(getattr(case, name) for case in figures.cases) for name in ("listed", "in_force"))
    asked = sum(count.count for count in figures.look_ups)
    say(
        f"{figures.since} to {figures.until}: {listed} listed, {in_force} in force, "
        f"{sum(case.obligations for case in figures.cases)} obligations registered, "
        f"{sum(push.confirmed for push in figures.pushes)} pushes confirmed, {asked} answers given by area, "
        f"{figures.blocked_cases} blocked"
    )
    demand(in_force > 0, "the statistics know nothing in force")
    return {"listed": listed, "in_force": in_force, "answers": asked}
