"""Steps of a record: which are allowed, what they change, and the days that change it by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.samples import (
    CATALOGUE,
    LAW,
    TODAY,
    code,
    confirmation,
    doubtful_code,
    draft,
    draft_of,
    lift_draft,
    penalty,
    quarantined,
    revocation,
    taken_in,
    with_decision,
    with_enterprise,
    with_obligation,
)
from tests.samples import record as sample

from credit_sanction_service.domain.amendments import Amendment, amend, check_paths, confirm
from credit_sanction_service.domain.decisions import read_confirmation
from credit_sanction_service.domain.drafts import ConfirmationDraft, LiftDraft, MeasureDraft, RevocationDraft
from credit_sanction_service.domain.effect import in_force
from credit_sanction_service.domain.faults import FieldFixed, IdentifierRefused, Invalid, StateConflict
from credit_sanction_service.domain.lifecycle import lift, next_change, pass_days, revoke
from credit_sanction_service.domain.proceedings import Ending
from credit_sanction_service.domain.terms import ALL_AREAS, Area, IdentifierKind, LiftGround, PublicationClass, State
from credit_sanction_service.domain.text import tidy

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import SanctionRecord


def confirmed(record: SanctionRecord, code_: str) -> SanctionRecord:
    return confirm(
        record,
        draft_of(record),
        code=code_,
        confirmation=read_confirmation(confirmation(), today=TODAY),
        today=TODAY,
        law=LAW,
    )


def expired(record: SanctionRecord) -> SanctionRecord:
    return pass_days(record, today=record.last_day + timedelta(days=1), law=LAW)


ENDED = {
    State.LIFTED: lift(sample(), lift_draft(), today=TODAY, law=LAW),
    State.REVOKED: revoke(sample(), revocation(), today=TODAY, law=LAW),
    State.EXPIRED: expired(sample()),
}


@pytest.mark.parametrize("state", ENDED)
def test_the_ended_are_in_the_state_that_ended_them(state: State) -> None:
    assert (ENDED[state].state, ENDED[state].version, ENDED[state].ever_listed) == (state, 2, True)


LIFTED_AHEAD = lift(sample(), lift_draft("2026-12-31"), today=TODAY, law=LAW)


@pytest.mark.parametrize("record", [*ENDED.values(), quarantined()], ids=lambda record: record.state)
def test_only_a_listed_record_is_lifted(record: SanctionRecord) -> None:
    with pytest.raises(StateConflict):
        lift(record, lift_draft(), today=TODAY, law=LAW)


@pytest.mark.parametrize("record", [*ENDED.values(), sample()], ids=lambda record: record.state)
def test_only_a_quarantined_record_is_confirmed(record: SanctionRecord) -> None:
    with pytest.raises(StateConflict):
        confirmed(record, code(1))


@pytest.mark.parametrize("state", ENDED)
def test_an_ended_record_is_not_amended(state: State) -> None:
    with pytest.raises(StateConflict):
        check_paths(ENDED[state], {"measures"}, today=TODAY)


@pytest.mark.parametrize(
    "record", [sample(), quarantined(), ENDED[State.LIFTED], ENDED[State.EXPIRED]], ids=lambda record: record.state
)
def test_everything_but_the_revoked_is_revoked_and_never_had_effect(record: SanctionRecord) -> None:
    revoked = revoke(record, revocation(), today=TODAY, replacement="sanctionRecords/2", law=LAW)
    assert (revoked.state, revoked.quarantine) == (State.REVOKED, None)
    assert revoked.ending is not None
    assert revoked.ending.effective_on == record.ruling.decided_on
    assert revoked.ending.replacement == "sanctionRecords/2"
    with pytest.raises(StateConflict):
        revoke(revoked, revocation(), today=TODAY, law=LAW)


@pytest.mark.parametrize(
    "effective_on", [sample().ruling.decided_on, TODAY - timedelta(days=1), TODAY, sample().last_day]
)
def test_a_lift_takes_effect_between_the_decision_and_the_end(effective_on: date) -> None:
    lifted = lift(sample(), lift_draft(effective_on.isoformat()), today=TODAY, law=LAW)
    assert lifted.ending is not None
    assert lifted.ending.effective_on == effective_on


def test_a_lift_without_a_day_takes_effect_at_once() -> None:
    ending = ENDED[State.LIFTED].ending
    assert ending is not None
    assert ending.effective_on == TODAY


@pytest.mark.parametrize("effective_on", ["2026-11-20", "2026-11-23", "2026-12-15", "2027-06-30"])
def test_a_lift_that_lies_ahead_is_corrected_by_lifting_anew(effective_on: str) -> None:
    anew = replace(lift_draft(effective_on), ground=LiftGround.BANKRUPTCY_PLAN, document_number="虚构移字2号")
    corrected = lift(LIFTED_AHEAD, anew, today=TODAY, law=LAW)
    assert (corrected.state, corrected.version) == (State.LIFTED, 3)
    assert corrected.ending == Ending(
        ground=LiftGround.BANKRUPTCY_PLAN,
        document_number="虚构移字2号",
        decided_on=TODAY,
        effective_on=date.fromisoformat(effective_on),
    )


def test_a_lift_whose_day_has_come_stands() -> None:
    day = date(2026, 12, 31)
    assert lift(LIFTED_AHEAD, lift_draft(), today=day - timedelta(days=1), law=LAW).version == 3
    for today in (day, day + timedelta(days=1)):
        with pytest.raises(StateConflict, match="cannot be changed any more"):
            lift(LIFTED_AHEAD, lift_draft(), today=today, law=LAW)


def test_a_record_is_not_lifted_by_a_document_older_than_its_decision() -> None:
    decided = sample().ruling.decided_on
    assert lift(sample(), lift_draft(decided_on=decided), today=TODAY, law=LAW).state is State.LIFTED
    with pytest.raises(Invalid) as caught:
        lift(sample(), lift_draft(decided_on=decided - timedelta(days=1)), today=TODAY, law=LAW)
    assert [(v.field, bool(v.rule)) for v in caught.value.violations] == [("date", True)]


@pytest.mark.parametrize(
    "effective_on",
    [sample().ruling.decided_on - timedelta(days=1), sample().last_day + timedelta(days=1), date(2099, 12, 31)],
)
def test_a_lift_outside_the_records_life_is_refused(effective_on: date) -> None:
    with pytest.raises(Invalid) as caught:
        lift(sample(), lift_draft(effective_on.isoformat()), today=TODAY, law=LAW)
    assert [(v.field, bool(v.rule)) for v in caught.value.violations] == [("effective_on", True)]


def test_empty_decisions_say_everything_that_is_missing() -> None:
    with pytest.raises(Invalid) as lifting:
        lift(sample(), LiftDraft(), today=TODAY, law=LAW)
    assert [v.field for v in lifting.value.violations] == ["ground", "document_number", "date"]
    with pytest.raises(Invalid) as revoking:
        revoke(sample(), RevocationDraft(), today=TODAY, law=LAW)
    assert [v.field for v in revoking.value.violations] == ["reason", "document_number", "date"]
    with pytest.raises(Invalid) as confirming:
        read_confirmation(ConfirmationDraft(), today=TODAY)
    assert [v.field for v in confirming.value.violations] == ["confirmation.evidence", "confirmation.confirmed_on"]
    faults = (lifting.value, revoking.value, confirming.value)
    assert all(violation.rule for fault in faults for violation in fault.violations)


@pytest.mark.parametrize(
    "path",
    [
        *("enterprise", "enterprise.code", "enterprise.name", "enterprise.former_names", "obligation"),
        *("obligation.due_on", "decision.authority", "decision.authority.code", "decision.document_number"),
    ],
)
def test_what_listing_has_fixed_is_only_changed_by_a_replacement(path: str) -> None:
    with pytest.raises(FieldFixed, match="replacement"):
        check_paths(sample(), {"measures", path}, today=TODAY)


@pytest.mark.parametrize("path", ["enterprise.name", "enterprise.former_names", "obligation", "decision.penalty"])
def test_what_was_never_listed_can_still_be_amended(path: str) -> None:
    check_paths(quarantined(), {path}, today=TODAY)


def test_the_code_of_a_quarantined_record_is_changed_by_confirmation_only() -> None:
    with pytest.raises(FieldFixed, match="ConfirmIdentifier"):
        check_paths(quarantined(), {"enterprise.code"}, today=TODAY)


@pytest.mark.parametrize("paths", [set(), {"state"}, {"version"}, {"*"}, {"x" * 1000}, {"measures.area"}])
def test_paths_that_nobody_may_amend_are_refused(paths: set[str]) -> None:
    for record in (sample(), quarantined()):
        with pytest.raises(Invalid) as caught:
            check_paths(record, paths, today=TODAY)
        assert [(v.field, bool(v.rule)) for v in caught.value.violations] == [("update_mask", True)]


def test_a_part_of_an_obligation_is_not_a_field_of_its_own() -> None:
    with pytest.raises(Invalid):
        check_paths(quarantined(), {"obligation.item"}, today=TODAY)


def test_an_amendment_is_the_next_version_of_the_same_record_checked_anew() -> None:
    record = sample()
    measures = (MeasureDraft(area=Area.LAND_SUPPLY, end_date="2027-06-30"),)
    changed = Amendment(draft=replace(draft_of(record), measures=measures), paths={"measures"})
    fresh = amend(record, changed, today=TODAY, law=LAW)
    assert (fresh.id, fresh.version, fresh.state) == (record.id, 2, State.LISTED)
    assert [(m.area, m.end) for m in fresh.measures] == [(Area.LAND_SUPPLY, date(2027, 6, 30))]
    wrong = Amendment(draft=with_decision(draft_of(record), date="2026-02-01"), paths={"decision.date"})
    with pytest.raises(Invalid, match="was not overdue yet"):
        amend(record, wrong, today=TODAY, law=LAW)


def test_an_amendment_that_changes_nothing_only_counts() -> None:
    for record in (
        sample(),
        quarantined(),
        confirmed(quarantined(), doubtful_code(1)),
        sample(publication_class=PublicationClass.MINOR),
        taken_in(with_decision(draft(item="1号窑"), penalty=penalty(date(2026, 1, 1)))),
    ):
        same = Amendment(draft=draft_of(record), paths={"measures"})
        assert amend(record, same, today=TODAY, law=LAW) == replace(
            record, version=record.version + 1, reviewed_on=TODAY
        )


@pytest.mark.parametrize(
    ("before", "after", "end"),
    [
        (PublicationClass.GENERAL, PublicationClass.SERIOUS, date(2029, 10, 24)),
        (PublicationClass.SERIOUS, PublicationClass.GENERAL, date(2027, 10, 24)),
    ],
)
def test_measures_without_an_end_of_their_own_move_with_the_publication(
    before: PublicationClass, after: PublicationClass, end: date
) -> None:
    own = MeasureDraft(area=Area.SAFETY_LICENCE, end_date="2027-01-31")
    given = replace(draft(publication_class=before), measures=(MeasureDraft(area=Area.LAND_SUPPLY), own))
    record = taken_in(given)
    moved = replace(draft_of(record), publication_class=after, publication_end_date="")
    fresh = amend(record, Amendment(draft=moved, paths={"publication_class"}), today=TODAY, law=LAW)
    assert (fresh.publication_end, fresh.last_day) == (end, end)
    assert [fresh.end_of(measure) for measure in fresh.measures] == [end, date(2027, 1, 31)]
    assert [m.measure.area for m in in_force(fresh, end, ALL_AREAS, CATALOGUE)] == [Area.LAND_SUPPLY]
    assert not list(in_force(fresh, end + timedelta(days=1), ALL_AREAS, CATALOGUE))
    assert next_change(fresh, after=TODAY, law=LAW) == date(2027, 2, 1)
    assert next_change(fresh, after=date(2027, 2, 1), law=LAW) == end + timedelta(days=1)


def test_a_record_made_minor_needs_ends_of_its_own() -> None:
    record = sample(areas=(Area.LAND_SUPPLY,))
    minor = replace(draft_of(record), publication_class=PublicationClass.MINOR, publication_end_date="")
    with pytest.raises(Invalid) as caught:
        amend(record, Amendment(draft=minor, paths={"publication_class"}), today=TODAY, law=LAW)
    assert [(v.field, bool(v.rule)) for v in caught.value.violations] == [("measures[0].end_date", True)]


def test_an_amended_quarantined_record_stays_in_quarantine() -> None:
    record = quarantined()
    named = Amendment(draft=with_enterprise(draft_of(record), name="长春虚构另一厂"), paths={"enterprise.name"})
    fresh = amend(record, named, today=TODAY, law=LAW)
    assert (fresh.state, fresh.ever_listed, fresh.enterprise.name) == (State.QUARANTINED, False, "长春虚构另一厂")


def test_confirmation_lists_under_the_corrected_code_and_keeps_the_old_number() -> None:
    record = confirmed(quarantined(old_number="220101000012345"), code(1))
    assert (record.state, record.version, record.ever_listed) == (State.LISTED, 2, True)
    assert record.enterprise.code == code(1)
    assert [(o.kind, o.value) for o in record.enterprise.other_identifiers] == [
        (IdentifierKind.REGISTRATION_NUMBER, "220101000012345")
    ]
    assert "220101000012345" in record.enterprise.old_numbers
    assert record.confirmation is not None


ORGANISATION = code(1)[8:17]


@pytest.mark.parametrize(
    ("old_number", "kind"),
    [(ORGANISATION, IdentifierKind.ORGANISATION_CODE), ("220101" + ORGANISATION, IdentifierKind.TAX_NUMBER)],
)
def test_a_number_with_an_organisation_code_stays_with_its_own_enterprise_alone(
    old_number: str, kind: IdentifierKind
) -> None:
    own = confirmed(quarantined(old_number=old_number), code(1))
    assert [(o.kind, o.value) for o in own.enterprise.other_identifiers] == [(kind, old_number)]
    another = confirmed(quarantined(old_number=old_number), code(2))
    assert another.enterprise.other_identifiers == ()
    assert another.enterprise.old_numbers == {code(2)[8:17]}


def test_a_number_that_may_be_a_registration_number_stays_as_one() -> None:
    record = confirmed(quarantined(old_number="220101123456788"), code(1))
    assert [(o.kind, o.value) for o in record.enterprise.other_identifiers] == [
        (IdentifierKind.REGISTRATION_NUMBER, "220101123456788")
    ]
    assert record.enterprise.old_numbers == {"220101123456788", ORGANISATION}


def test_the_old_number_is_never_dropped_for_want_of_room() -> None:
    others = tuple((IdentifierKind.REGISTRATION_NUMBER, f"22010100009{number:04d}") for number in range(10))
    old_number = "220101000012345"
    full = taken_in(with_enterprise(draft(), code=old_number, other_identifiers=others))
    with pytest.raises(Invalid, match="leave no room for it") as caught:
        confirmed(full, code(1))
    assert [(v.field, bool(v.rule)) for v in caught.value.violations] == [("enterprise.other_identifiers", True)]
    fewer = with_enterprise(draft_of(full), other_identifiers=others[1:])
    changed = Amendment(draft=fewer, paths={"enterprise.other_identifiers"})
    record = confirmed(amend(full, changed, today=TODAY, law=LAW), code(1))
    assert len(record.enterprise.other_identifiers) == 10
    assert old_number in record.enterprise.old_numbers
    same = Amendment(draft=draft_of(record), paths={"measures"})
    assert amend(record, same, today=TODAY, law=LAW).enterprise == record.enterprise


def test_a_code_in_doubt_is_confirmed_as_it_is() -> None:
    record = confirmed(quarantined(old_number=doubtful_code(1)), doubtful_code(1))
    assert (record.state, record.enterprise.code) == (State.LISTED, doubtful_code(1))
    assert record.enterprise.other_identifiers == ()


@pytest.mark.parametrize(
    "typed", ["", "220101000012345", "12345678-8", "990000190001010294", code(1).replace("0", "O")]
)
def test_only_a_unified_social_credit_code_is_confirmed(typed: str) -> None:
    with pytest.raises(IdentifierRefused) as caught:
        confirmed(quarantined(), typed)
    assert [(v.field, bool(v.rule)) for v in caught.value.violations] == [("code", True)]


def test_confirmation_runs_every_intake_check_anew() -> None:
    record = quarantined()
    with pytest.raises(Invalid, match="everything in it ended"):
        confirm(
            record,
            draft_of(record),
            code=code(1),
            confirmation=read_confirmation(confirmation(), today=TODAY),
            today=record.last_day + timedelta(days=1),
            law=LAW,
        )


def test_the_last_day_is_a_day_of_effect_and_the_next_one_expires() -> None:
    record = sample()
    assert pass_days(record, today=record.last_day, law=LAW).state is State.LISTED
    ended = expired(record)
    assert ended.ending is not None
    assert (ended.state, ended.ending.effective_on) == (State.EXPIRED, record.last_day + timedelta(days=1))


def test_a_record_whose_dates_have_passed_is_ended_before_the_scheduler_says_so() -> None:
    record = sample()
    day_after = record.last_day + timedelta(days=1)
    longer = (MeasureDraft(area=Area.LAND_SUPPLY, end_date="2099-12-31"),)
    changed = Amendment(draft=replace(draft_of(record), measures=longer), paths={"measures"})
    with pytest.raises(StateConflict, match="ended on"):
        amend(record, changed, today=day_after, law=LAW)
    with pytest.raises(StateConflict, match="ended on"):
        lift(record, lift_draft(TODAY.isoformat()), today=day_after, law=LAW)


def test_what_is_ended_waits_for_no_day() -> None:
    for record in ENDED.values():
        assert next_change(record, after=TODAY, law=LAW) is None


def test_a_lift_that_takes_effect_later_is_waited_for() -> None:
    lifted = lift(sample(), lift_draft("2026-12-31"), today=TODAY, law=LAW)
    assert next_change(lifted, after=TODAY, law=LAW) == date(2026, 12, 31)
    assert next_change(lifted, after=date(2026, 12, 31), law=LAW) is None


def test_the_end_of_a_penaltys_years_is_waited_for_where_procurement_is_an_area() -> None:
    with_penalty = with_decision(draft(), penalty=penalty(date(2024, 1, 10)))
    assert next_change(taken_in(with_penalty), after=TODAY, law=LAW) == date(2027, 1, 11)
    land = replace(with_penalty, measures=(MeasureDraft(area=Area.LAND_SUPPLY),))
    assert next_change(taken_in(land), after=TODAY, law=LAW) == taken_in(land).last_day + timedelta(days=1)
    lifted = lift(taken_in(with_penalty), lift_draft("2027-06-30"), today=TODAY, law=LAW)
    assert next_change(lifted, after=TODAY, law=LAW) == date(2027, 1, 11)


def test_a_second_line_is_not_a_duplicate_and_the_same_one_is() -> None:
    assert sample(item="1号窑").key != sample(item="2号窑").key
    assert sample(item="1号窑").key == sample(item="1号窑").key
    assert sample(item="1号窑").key != taken_in(with_obligation(draft())).key


@pytest.mark.parametrize(
    ("document", "item"),
    [
        ("虚攻〔2026〕101号", "１号线"),
        ("虚攻[2026]101号", "1 号线"),
        ("虚攻（2026）101号", "1号线"),
        ("虚攻【2026】１０１号", "1号线\u200b"),
        ("虚攻 〔２０２６〕 101 号", "1\u3000号线"),
    ],
)
def test_another_spelling_of_document_and_item_is_the_same_record(document: str, item: str) -> None:
    first = sample(document="虚攻〔2026〕101号", item="1号线")
    again = sample(document=document, item=item)
    assert again.key == first.key
    assert again.ruling.document_number == tidy(document), "what was typed is kept"
    assert sample(document="虚攻〔2026〕102号", item="1号线").key != first.key
