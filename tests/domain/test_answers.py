"""The answer: the precedence of verdicts, and every reason not to decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.samples import (
    CATALOGUE,
    LAW,
    TODAY,
    code,
    decide_draft,
    doubtful_code,
    draft,
    lift_draft,
    notice_draft,
    objection,
    penalty,
    quarantined,
    revocation,
    statement,
    suspension,
    taken_in,
    with_decision,
    with_enterprise,
)
from tests.samples import record as sample

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.answers import Answer, Known, Question, answer
from credit_sanction_service.domain.drafts import MeasureDraft
from credit_sanction_service.domain.due_process import decide, record_statement, serve_notice
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.lifecycle import lift, pass_days, revoke
from credit_sanction_service.domain.objections import raise_objection
from credit_sanction_service.domain.records import Confirmation, SanctionRecord
from credit_sanction_service.domain.suspensions import suspend
from credit_sanction_service.domain.terms import (
    ALL_AREAS,
    SEVERITY,
    Area,
    IdentifierKind,
    LandPurpose,
    PublicationClass,
    RestrictionState,
    State,
    UnknownReason,
    Verdict,
)

OLD_NUMBER = "220101000012345"
LAND, BONDS, PROCUREMENT = Area.LAND_SUPPLY, Area.BOND_ISSUANCE, Area.GOVERNMENT_PROCUREMENT
LISTED = sample()
ADVISED = sample(areas=(BONDS,))
QUARANTINED = taken_in(with_enterprise(draft(), code=doubtful_code(1)))
NAMESAKE = sample(2)
NAMESAKE_NAME = NAMESAKE.enterprise.name


def ask(  # noqa: PLR0913 - all that an answer is made of
    *records: SanctionRecord,
    typed: str = code(1),
    name: str = "",
    areas: tuple[Area, ...] = ALL_AREAS,
    day: date = TODAY,
    relatives: tuple[SanctionRecord, ...] = (),
    namesakes: tuple[SanctionRecord, ...] = (),
    stale: bool = False,
    clock_in_doubt: bool = False,
    include_ended: bool = False,
) -> Answer:
    return answer(
        Question(code=judge(typed), name=name, areas=areas),
        Known(
            records=tuple(map(facts_of, records)),
            same_organisation=tuple(map(facts_of, relatives)),
            same_name=tuple(map(facts_of, namesakes)),
        ),
        day=day,
        catalogues={CATALOGUE.edition: CATALOGUE},
        stale=stale,
        clock_in_doubt=clock_in_doubt,
        include_ended=include_ended,
    )


def test_a_well_formed_code_without_a_record_is_clear() -> None:
    answered = ask()
    assert answered.verdict is Verdict.CLEAR
    assert set(answered.areas.values()) == {Verdict.CLEAR}
    assert (answered.restrictions, answered.unknown_reasons, answered.candidates) == ((), (), ())
    assert (answered.code, answered.name) == (code(1), "")


# What the area says by itself (a binding measure, an advising one, none), and each reason to doubt it.
PLAIN = {Verdict.RESTRICTED: (LISTED, LAND), Verdict.ADVISORY: (ADVISED, BONDS), Verdict.CLEAR: (ADVISED, LAND)}
DOUBTS: dict[str, tuple[dict[str, object], UnknownReason, Verdict]] = {
    "stale": ({"stale": True}, UnknownReason.STALE, Verdict.ADVISORY),
    "the clock": ({"clock_in_doubt": True}, UnknownReason.CLOCK_IN_DOUBT, Verdict.RESTRICTED),
    "the organisation code of another": (
        {"relatives": (NAMESAKE,)},
        UnknownReason.ORGANISATION_OF_ANOTHER,
        Verdict.ADVISORY,
    ),
    "the name of another": (
        {"name": NAMESAKE_NAME, "namesakes": (NAMESAKE,)},
        UnknownReason.NAME_OF_ANOTHER,
        Verdict.CLEAR,
    ),
    "a name that is not its own": ({"name": "长春虚构无关厂"}, UnknownReason.NAME_MISMATCH, Verdict.CLEAR),
    "a code in doubt": (
        {"typed": doubtful_code(1), "quarantine": True},
        UnknownReason.CODE_IN_DOUBT,
        Verdict.ADVISORY,
    ),
    "a quarantined record": ({"quarantine": True}, UnknownReason.RECORD_QUARANTINED, Verdict.ADVISORY),
}


@pytest.mark.parametrize("plain", PLAIN)
@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_doubt_covers_the_verdicts_below_it(plain: Verdict, doubt: str) -> None:
    record, area = PLAIN[plain]
    given, reason, covers = DOUBTS[doubt]
    given = dict(given)
    records = (record, QUARANTINED) if given.pop("quarantine", False) else (record,)
    answered = ask(*records, areas=(area,), **given)  # type: ignore[arg-type]
    assert reason in answered.unknown_reasons
    expected = Verdict.UNKNOWN if SEVERITY[plain] <= SEVERITY[covers] else plain
    assert answered.areas == {area: expected}
    assert answered.verdict is expected
    assert bool(answered.restrictions) == (plain is not Verdict.CLEAR), "what is known is shown, whatever the verdict"


@pytest.mark.parametrize("plain", PLAIN)
def test_without_a_doubt_the_area_says_it_by_itself(plain: Verdict) -> None:
    record, area = PLAIN[plain]
    assert ask(record, areas=(area,)).areas == {area: plain}


@pytest.mark.parametrize(
    ("areas", "records", "worst"),
    [
        ((LAND, BONDS), (ADVISED,), Verdict.ADVISORY),
        ((LAND, BONDS), (ADVISED, sample(areas=(LAND,), item="1号窑")), Verdict.RESTRICTED),
        ((LAND, BONDS), (ADVISED, QUARANTINED), Verdict.UNKNOWN),
        ((LAND, BONDS), (sample(areas=(LAND,)), QUARANTINED), Verdict.RESTRICTED),
        ((LAND,), (ADVISED,), Verdict.CLEAR),
        ((BONDS,), (LISTED,), Verdict.ADVISORY),
    ],
)
def test_the_answers_own_verdict_is_its_worst(
    areas: tuple[Area, ...], records: tuple[SanctionRecord, ...], worst: Verdict
) -> None:
    answered = ask(*records, areas=areas)
    assert answered.verdict is worst
    assert tuple(answered.areas) == areas


def test_procurement_binds_only_with_a_penalty_of_the_last_three_years() -> None:
    assert ask(LISTED, areas=(PROCUREMENT,)).verdict is Verdict.ADVISORY
    closed = taken_in(with_decision(draft(), penalty=penalty(TODAY - timedelta(days=100))))
    assert ask(closed, areas=(PROCUREMENT,)).verdict is Verdict.RESTRICTED
    long_ago = taken_in(with_decision(draft(), penalty=penalty(date(2023, 11, 22))))
    assert ask(long_ago, areas=(PROCUREMENT,)).verdict is Verdict.ADVISORY


def test_a_restriction_says_on_which_text_it_rests() -> None:
    (land,) = ask(LISTED, areas=(LAND,)).restrictions
    assert (land.binding, land.basis.document, land.until) == (True, "国发〔2010〕7号", LISTED.publication_end)
    assert land.record == facts_of(LISTED)


def test_the_ended_are_clear_from_their_day_on_and_the_revoked_on_every_day() -> None:
    lifted = lift(LISTED, lift_draft("2026-11-10"), today=TODAY, law=LAW)
    assert ask(lifted).verdict is Verdict.CLEAR
    assert ask(lifted, day=date(2026, 11, 9)).verdict is Verdict.RESTRICTED
    revoked = revoke(LISTED, revocation(), today=TODAY, law=LAW)
    assert ask(revoked, day=date(2026, 11, 9)).verdict is Verdict.CLEAR
    after = LISTED.last_day + timedelta(days=1)
    assert ask(LISTED, day=after) == replace(ask(pass_days(LISTED, today=after, law=LAW), day=after))
    assert ask(LISTED, day=after).verdict is Verdict.CLEAR


def test_a_code_in_doubt_without_a_record_is_unknown_with_the_code_probably_meant() -> None:
    answered = ask(typed=doubtful_code(1))
    assert answered.verdict is Verdict.UNKNOWN
    assert answered.unknown_reasons == (UnknownReason.CODE_IN_DOUBT,)
    assert answered.candidates[0].code == code(1)


def test_the_codes_that_break_the_rule_are_unknown_and_never_clear() -> None:
    assert ask(typed="91350203M0001QKT19").verdict is Verdict.UNKNOWN


def test_a_quarantined_record_is_unknown_in_every_area_until_its_last_day() -> None:
    record = quarantined(old_number=OLD_NUMBER)
    answered = ask(record, typed=OLD_NUMBER)
    assert set(answered.areas.values()) == {Verdict.UNKNOWN}
    assert set(answered.unknown_reasons) == {UnknownReason.CODE_IN_DOUBT, UnknownReason.RECORD_QUARANTINED}
    after = ask(record, typed=OLD_NUMBER, day=record.last_day + timedelta(days=1))
    assert after.unknown_reasons == (UnknownReason.CODE_IN_DOUBT,)


def carrying(number: int) -> SanctionRecord:
    others = ((IdentifierKind.REGISTRATION_NUMBER, OLD_NUMBER),)
    return taken_in(with_enterprise(draft(number), other_identifiers=others))


def test_an_old_number_resolves_to_the_enterprise_that_carries_it() -> None:
    answered = ask(carrying(1), typed=OLD_NUMBER, areas=(LAND,))
    assert (answered.verdict, answered.code, answered.unknown_reasons) == (Verdict.RESTRICTED, code(1), ())
    lifted = lift(carrying(1), lift_draft("2026-11-10"), today=TODAY, law=LAW)
    assert ask(lifted, typed=OLD_NUMBER).verdict is Verdict.CLEAR


def test_an_old_number_of_two_enterprises_resolves_to_neither() -> None:
    lifted = lift(carrying(1), lift_draft("2026-11-10"), today=TODAY, law=LAW)
    also_lifted = lift(carrying(2), lift_draft("2026-11-10"), today=TODAY, law=LAW)
    answered = ask(lifted, also_lifted, typed=OLD_NUMBER)
    assert (answered.verdict, answered.code, answered.name) == (Verdict.UNKNOWN, OLD_NUMBER, "")


def test_an_old_number_that_only_a_revoked_record_carries_resolves_to_nothing() -> None:
    revoked = revoke(carrying(1), revocation(), today=TODAY, law=LAW)
    assert ask(revoked, typed=OLD_NUMBER).unknown_reasons == (UnknownReason.CODE_IN_DOUBT,)


def test_a_code_in_doubt_that_was_confirmed_resolves() -> None:
    confirmed = replace(
        QUARANTINED,
        state=State.LISTED,
        ever_listed=True,
        quarantine=None,
        confirmation=Confirmation(evidence="登记机关查询结果", document_number="", confirmed_on=TODAY),
    )
    answered = ask(confirmed, typed=doubtful_code(1), areas=(LAND, Area.TAX_ADMINISTRATION))
    assert answered.areas == {LAND: Verdict.RESTRICTED, Area.TAX_ADMINISTRATION: Verdict.ADVISORY}


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("长春虚构1号水泥有限公司", ()),
        (" 长春虚构１号水泥有限公司 ", ()),
        ("长春虚构旧名厂", ()),
        ("长春虚构无关厂", (UnknownReason.NAME_MISMATCH,)),
        ("", ()),
    ],
)
def test_the_name_is_a_cross_check_over_present_and_former_names(name: str, reasons: tuple[UnknownReason, ...]) -> None:
    record = taken_in(with_enterprise(draft(areas=(BONDS,)), former_names=("长春虚构旧名厂",)))
    answered = ask(record, name=name, areas=(BONDS, LAND))
    assert answered.unknown_reasons == reasons
    assert answered.areas == {BONDS: Verdict.ADVISORY, LAND: Verdict.UNKNOWN if reasons else Verdict.CLEAR}


@pytest.mark.parametrize(
    ("namesake", "verdict"),
    [
        (NAMESAKE, Verdict.UNKNOWN),
        (quarantined(2), Verdict.UNKNOWN),
        (sample(2, publication_class=PublicationClass.MINOR), Verdict.UNKNOWN),
        (lift(NAMESAKE, lift_draft("2026-11-10"), today=TODAY, law=LAW), Verdict.CLEAR),
        (revoke(NAMESAKE, revocation(), today=TODAY, law=LAW), Verdict.CLEAR),
    ],
    ids=lambda value: value.state if isinstance(value, SanctionRecord) else value,
)
def test_the_name_of_another_matters_while_that_one_is_restricted(namesake: SanctionRecord, verdict: Verdict) -> None:
    answered = ask(name=NAMESAKE_NAME, namesakes=(namesake,))
    assert answered.verdict is verdict
    assert [candidate.code for candidate in answered.candidates] == (
        [namesake.enterprise.code] if verdict is Verdict.UNKNOWN else []
    )


NOTICED = serve_notice(notice_draft(2), record_id=new_id(), today=TODAY, law=LAW)
UNTOLD = {
    "notice": NOTICED,
    "decision": decide(
        record_statement(NOTICED, statement(), today=TODAY, law=LAW), decide_draft(), today=TODAY, law=LAW
    ),
    "revocation": revoke(carrying(2), revocation(), today=TODAY, law=LAW),
}


@pytest.mark.parametrize("what", UNTOLD)
@pytest.mark.parametrize("typed", [code(1), code(2), OLD_NUMBER])
@pytest.mark.parametrize("others", [(), (carrying(1),), (sample(2, areas=(BONDS,)),)], ids=["", "another", "its own"])
def test_an_answer_is_as_if_there_were_no_notice_decision_or_revocation(
    what: str, typed: str, others: tuple[SanctionRecord, ...]
) -> None:
    untold = UNTOLD[what]
    for name in ("", "长春虚构无关厂", untold.enterprise.name):
        without = ask(*others, typed=typed, name=name)
        assert ask(*others, untold, typed=typed, name=name) == without
        if not others:
            assert (without.name, without.verdict) == ("", Verdict.UNKNOWN if typed == OLD_NUMBER else Verdict.CLEAR)


def test_a_name_that_is_not_its_own_is_told_only_to_whom_a_record_concerns() -> None:
    question = Question(code=judge(code(1)), name="长春虚构无关厂", areas=(BONDS,))
    known = Known(records=(facts_of(sample(areas=(LAND,))),))

    def verdict(*callers: Area) -> Verdict:
        asked = replace(question, callers_areas=frozenset(callers))
        return answer(asked, known, day=TODAY, catalogues=LAW.catalogues).verdict

    assert verdict(BONDS, Area.FINANCING_CREDIT) is Verdict.CLEAR
    assert verdict(BONDS, LAND) is Verdict.UNKNOWN, "in every area, for the code may be another's"


LOANS = (Area.FINANCING_CREDIT, BONDS)
ABOUT_LAND: dict[UnknownReason, dict[str, object]] = {
    UnknownReason.RECORD_QUARANTINED: {
        "records": (taken_in(with_enterprise(draft(areas=(LAND,)), code=doubtful_code(1))),),
    },
    UnknownReason.ORGANISATION_OF_ANOTHER: {"relatives": (sample(2, areas=(LAND,)),)},
    UnknownReason.NAME_OF_ANOTHER: {"name": NAMESAKE_NAME, "namesakes": (sample(2, areas=(LAND,)),)},
}


@pytest.mark.parametrize("reason", ABOUT_LAND)
def test_who_asks_for_loans_is_not_told_of_a_doubt_about_land(reason: UnknownReason) -> None:
    given = dict(ABOUT_LAND[reason])
    records: tuple[SanctionRecord, ...] = given.pop("records", ())  # type: ignore[assignment]
    about_loans = ask(*records, areas=LOANS, **given)  # type: ignore[arg-type]
    assert about_loans.areas == dict.fromkeys(LOANS, Verdict.CLEAR)
    assert (about_loans.unknown_reasons, about_loans.explanations, about_loans.candidates) == ((), (), ())
    both = ask(*records, areas=(LAND, BONDS), **given)  # type: ignore[arg-type]
    assert both.areas == {LAND: Verdict.UNKNOWN, BONDS: Verdict.CLEAR}
    assert both.unknown_reasons == (reason,)
    assert len(both.candidates) == 1


def test_a_doubt_ends_in_an_area_with_the_measure_that_raises_it() -> None:
    measures = (MeasureDraft(area=LAND, end_date="2027-01-31"), MeasureDraft(area=BONDS))
    relative = taken_in(replace(draft(2), measures=measures))
    last = ask(relatives=(relative,), areas=(LAND, BONDS), day=date(2027, 1, 31))
    assert last.areas == {LAND: Verdict.UNKNOWN, BONDS: Verdict.UNKNOWN}
    after = ask(relatives=(relative,), areas=(LAND, BONDS), day=date(2027, 2, 1))
    assert after.areas == {LAND: Verdict.CLEAR, BONDS: Verdict.UNKNOWN}


def test_of_several_records_in_doubt_only_those_of_the_areas_asked_are_named() -> None:
    awaiting = {
        area: taken_in(with_enterprise(draft(item=area.value, areas=(area,)), code=doubtful_code(1)))
        for area in (LAND, BONDS)
    }
    (explanation,) = ask(*awaiting.values(), areas=(BONDS,)).explanations
    assert awaiting[BONDS].name in explanation
    assert awaiting[LAND].name not in explanation


def test_without_areas_there_is_no_verdict_to_invent() -> None:
    assert ask(LISTED, areas=(LAND,)).restrictions[0].measure.area is LAND
    assert {m.measure.area for m in ask(LISTED).restrictions} == set(ALL_AREAS)


def past(record: SanctionRecord, day: date, *, areas: tuple[Area, ...] = (LAND, BONDS)) -> list[object]:
    """Return what is shown of the past, having seen that no verdict rests on it."""
    shown = ask(record, areas=areas, day=day, include_ended=True)
    assert replace(shown, past=()) == ask(record, areas=areas, day=day)
    assert all(one.demands[0].binding == (one.measure.area is LAND) for one in shown.past), "what it demanded then"
    return [(one.measure.area, one.state, one.until) for one in shown.past]


def test_what_has_ended_is_shown_where_it_is_asked_for_with_its_last_day() -> None:
    lifted = lift(LISTED, lift_draft("2026-11-10"), today=TODAY, law=LAW)
    ended, day_before = RestrictionState.ENDED, date(2026, 11, 9)
    assert past(lifted, TODAY) == [(LAND, ended, day_before), (BONDS, ended, day_before)]
    assert past(lifted, day_before) == []
    assert past(lifted, TODAY, areas=(LAND,)) == [(LAND, ended, day_before)]
    after = LISTED.last_day + timedelta(days=1)
    assert past(LISTED, after, areas=(LAND,)) == [(LAND, ended, LISTED.last_day)], (
        "whether or not it was written EXPIRED"
    )
    assert past(pass_days(LISTED, today=after, law=LAW), after, areas=(LAND,)) == [(LAND, ended, LISTED.last_day)]


def test_each_measure_ends_by_itself() -> None:
    measures = (MeasureDraft(area=LAND, end_date="2027-01-31"), MeasureDraft(area=BONDS))
    record = taken_in(replace(draft(), measures=measures))
    shown = ask(record, areas=(LAND, BONDS), day=date(2027, 2, 1), include_ended=True)
    assert [one.measure.area for one in shown.restrictions] == [BONDS]
    assert [(one.measure.area, one.until) for one in shown.past] == [(LAND, date(2027, 1, 31))]


def test_what_was_revoked_never_was_and_what_is_to_come_is_not_past() -> None:
    assert past(revoke(LISTED, revocation(), today=TODAY, law=LAW), TODAY) == []
    assert past(LISTED, LISTED.since - timedelta(days=1)) == []
    assert past(quarantined(), TODAY) == []


def test_what_rests_is_suspended_until_it_ends() -> None:
    resting = suspend(LISTED, suspension(on=TODAY), today=TODAY, law=LAW)
    rests, ended = RestrictionState.SUSPENDED, RestrictionState.ENDED
    assert past(resting, TODAY, areas=(LAND,)) == [(LAND, rests, LISTED.publication_end)]
    assert past(resting, TODAY - timedelta(days=1), areas=(LAND,)) == []
    after = LISTED.last_day + timedelta(days=1)
    assert past(resting, after, areas=(LAND,)) == [(LAND, ended, LISTED.last_day)]


def test_a_restriction_says_what_has_become_of_it() -> None:
    (listed,) = ask(LISTED, areas=(LAND,)).restrictions
    assert listed.state is RestrictionState.LISTED
    disputed = raise_objection(LISTED, objection(), today=TODAY, law=LAW)
    (restriction,) = ask(disputed, areas=(LAND,)).restrictions
    assert restriction.state is RestrictionState.DISPUTED


def test_the_exits_own_land_is_not_spoken_of_in_the_past_either() -> None:
    lifted = facts_of(lift(LISTED, lift_draft("2026-11-10"), today=TODAY, law=LAW))
    question = Question(code=judge(code(1)), name="", areas=(LAND,), land_purpose=LandPurpose.EXIT_DISPOSAL)
    given = answer(question, Known(records=(lifted,)), day=TODAY, catalogues=LAW.catalogues, include_ended=True)
    assert given.past == ()
