"""The days of every history: what people are held to, which texts lapse, and when anything changes by date alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.policy.histories import FIRST, History
from tests.policy.told import ALL, DAY, TOLD, WEBSITE, every_version, probes

from credit_sanction_service.domain.effect import belongs, in_force
from credit_sanction_service.domain.lifecycle import next_change
from credit_sanction_service.domain.terms import ALL_AREAS, DutyKind, State

if TYPE_CHECKING:
    from tests.policy.plain_law import PlainLaw

    from credit_sanction_service.domain.records import SanctionRecord

R, L, S, Q = State.REVOKED, State.LISTED, State.SUSPENDED, State.QUARANTINED


def test_due_days_are_working_days_and_match_a_count_by_hand(told: list[History]) -> None:
    kinds: set[DutyKind] = set()
    for story, event, _, record in every_version(told):
        plain = story.world.plain
        for due in record.due_days:
            days = plain.limits[limit_of(due.kind, record)]["days"]
            assert due.due_on == plain.working_day(due.since, days), f"{due} {story.told()}"
            assert due.due_on is None or plain.is_worked(due.due_on)
            assert bool(due.calendar_edition) == (due.due_on is not None)
            kinds.add(due.kind)
        if record.decision:
            # What waits to be listed, or confirmed, beyond its last day is owed to nobody any more.
            over = record.state in {State.DECIDED, Q} and event.today > record.last_day
            owed = [] if over else [record.ruling.decided_on]
            assert begun_on(record, DutyKind.REPORT_DECISION) == owed
        assert begun_on(record, DutyKind.WITHDRAW) == withdrawn_since(record), f"{event.told()}\n{story.told()}"
        if record.disputed and record.objection:
            assert begun_on(record, DutyKind.DECIDE_OBJECTION) == [record.objection.raised_on]
            assert record.objection.due_on == plain.working_day(
                record.objection.raised_on, plain.limits[limit_of(DutyKind.DECIDE_OBJECTION, record)]["days"]
            )
    assert kinds == set(DutyKind)


def limit_of(kind: DutyKind, record: SanctionRecord) -> str:
    with_others = bool(record.objection and record.objection.needs_others)
    return {
        DutyKind.REPORT_DECISION: "reporting",
        DutyKind.WITHDRAW: "withdrawal",
        DutyKind.DECIDE_OBJECTION: "objection_with_others" if with_others else "objection",
        DutyKind.REVIEW_BASIS: "basis_review",
    }[kind]


def begun_on(record: SanctionRecord, kind: DutyKind) -> list[date]:
    return [due.since for due in record.due_days if due.kind is kind]


def withdrawn_since(record: SanctionRecord) -> list[date]:
    """
    Return the day from which targets have three working days: of the document, or of the first day without effect where that
    lies ahead. Of a suspension and an end within it, whichever came first.
    """
    if not record.ever_listed:
        return []
    rest = record.suspensions[-1] if record.suspensions else None
    since = [max(rest.decided_on, rest.effective_on)] if rest and rest.resumed_on is None else []
    if record.ending and record.state is R:
        since += [record.ending.decided_on] if record.ending.decided_on else []
    elif record.ending:
        since.append(max(record.ending.decided_on or FIRST, record.ending.effective_on))
    return sorted(since)[:1]


def test_a_text_that_lapsed_raises_a_review_and_binds_nobody(told: list[History]) -> None:
    raised = 0
    for story, event, _, record in every_version(told):
        noted = {due.note: due.since for due in record.due_days if due.kind is DutyKind.REVIEW_BASIS}
        if record.state in {L, S}:
            expected = reviews(record, event.today, story.world.plain)
            assert noted == expected, f"{event.told()}\n{story.told()}"
            raised += len(noted)
        else:
            assert not noted, story.told()
    assert raised > 20


def reviews(record: SanctionRecord, today: date, plain: PlainLaw) -> dict[str, date]:
    """Go through the days since the listing: which text bound, ended, and left nothing that binds today."""
    penalty = record.penalty.decided_on if record.penalty else None
    expected: dict[str, date] = {}
    for measure in record.measures:
        bases = plain.catalogues[record.catalogue_edition][measure.area]
        now = next((basis for basis in bases if basis.holds(today, penalty)), None)
        if (now and now.binding) or today > record.end_of(measure):
            continue
        bound = set()
        day = record.since
        while day < today:
            carrying = next((basis for basis in bases if basis.holds(day, penalty)), None)
            if carrying and carrying.binding:
                bound.add(carrying)
            day += DAY
        lapsed = [b for b in bound if b.last and b.last < today and replace(b, last=None).holds(today, penalty)]
        if lapsed:
            text = max(lapsed, key=lambda basis: basis.last or FIRST)
            assert text.last
            if record.reviewed_on and record.reviewed_on > text.last:
                continue  # the measures were amended since, and with that reviewed
            expected[f"{measure.area} {text.document}"] = text.last + DAY
    return expected


def test_between_the_days_that_next_change_names_nothing_changes(told: list[History]) -> None:
    named = 0
    for story in told:
        record, law = story.record, story.world.law
        catalogue = law.catalogues[record.catalogue_edition]
        for before, after in pairwise(day for day in days_ahead(record, story.today) if day >= story.today):
            changed = meaning(record, before, law_catalogue=catalogue) != meaning(
                record, after, law_catalogue=catalogue
            )
            if after == before + DAY and changed and record.state is not Q:
                assert next_change(record, after=before, law=law) == after, f"{after}\n{story.told()}"
                named += 1
    assert named > TOLD / 4


def days_ahead(record: SanctionRecord, today: date) -> list[date]:
    turns = [date(2024, 9, 1), date(2025, 7, 1), date(2025, 10, 1), date(2026, 3, 1), date(2027, 3, 1)]
    penalty = record.penalty.decided_on if record.penalty else today
    turns += [penalty.replace(day=min(penalty.day, 28)) + timedelta(days=offset) for offset in range(364, 369)]
    turns += [penalty + timedelta(days=offset) for offset in range(1094, 1099)]
    return sorted({*probes(record), *(day + offset * DAY for day in turns for offset in (-1, 0, 1))})


def meaning(record: SanctionRecord, day: date, *, law_catalogue: object) -> object:
    """Return what readers and targets are told of a record on a day."""
    found = in_force(record, day, ALL_AREAS, law_catalogue)  # type: ignore[arg-type] # a catalogue
    said = [(one.measure.area, one.basis, one.binding) for one in found]
    return said, belongs(record, ALL, day), belongs(record, WEBSITE, day)
