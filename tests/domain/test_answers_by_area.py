"""What is said of an area is the same whatever else is asked: an answer for some areas is that part of the answer for all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from tests.samples import (
    CATALOGUE,
    LAW,
    TODAY,
    code,
    doubtful_code,
    draft,
    lift_draft,
    revocation,
    taken_in,
    with_enterprise,
)

from credit_sanction_service.domain.answers import Answer, Known, Question, answer
from credit_sanction_service.domain.drafts import MeasureDraft
from credit_sanction_service.domain.effect import areas_running
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.lifecycle import lift, revoke
from credit_sanction_service.domain.terms import ALL_AREAS, SEVERITY, Area, State, UnknownReason

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import SanctionRecord

OF_RECORDS = {
    UnknownReason.RECORD_QUARANTINED,
    UnknownReason.ORGANISATION_OF_ANOTHER,
    UnknownReason.NAME_OF_ANOTHER,
}
days = st.integers(0, 200).map(lambda count: TODAY + timedelta(days=count))


@st.composite
def records(draw: st.DrawFn) -> SanctionRecord:
    """Draw a record of one of two enterprises in any state, with measures that end by themselves or with the publication."""
    number = draw(st.sampled_from([1, 2]))
    ends = st.just("") | days.map(lambda day: day.isoformat())
    areas = draw(st.dictionaries(st.sampled_from(ALL_AREAS), ends, min_size=1, max_size=4))
    measures = tuple(MeasureDraft(area=area, end_date=end) for area, end in areas.items())
    typed = draw(st.sampled_from([code(number), doubtful_code(number)]))
    record = taken_in(replace(with_enterprise(draft(number), code=typed), measures=measures))
    if typed == code(number) and draw(st.booleans()):
        effective_on = min(draw(days), record.last_day)
        record = lift(record, lift_draft(effective_on.isoformat()), today=TODAY, law=LAW)
    return revoke(record, revocation(), today=TODAY, law=LAW) if draw(st.integers(0, 5)) == 0 else record


some = st.lists(records().map(facts_of), max_size=3).map(tuple)
questions = st.builds(
    Question,
    code=st.sampled_from([code(1), code(2), doubtful_code(1), "220101000012345"]).map(judge),
    name=st.sampled_from(["", draft(1).enterprise.name, draft(2).enterprise.name, "长春虚构无关厂"]),
    areas=st.just(ALL_AREAS),
)


@given(
    question=questions,
    known=st.builds(Known, records=some, same_organisation=some, same_name=some),
    asked=st.sets(st.sampled_from(ALL_AREAS), min_size=1),
    days_ahead=st.integers(-40, 220),
    stale=st.booleans(),
    clock_in_doubt=st.booleans(),
)
def test_an_answer_for_some_areas_is_that_part_of_the_answer_for_all(
    question: Question,
    known: Known,
    asked: set[Area],
    days_ahead: int,
    stale: bool,  # noqa: FBT001 - drawn
    clock_in_doubt: bool,  # noqa: FBT001 - drawn
) -> None:
    day = TODAY + timedelta(days=days_ahead)

    def ask(areas: tuple[Area, ...]) -> Answer:
        return answer(
            replace(question, areas=areas),
            known,
            day=day,
            catalogues={CATALOGUE.edition: CATALOGUE},
            stale=stale,
            clock_in_doubt=clock_in_doubt,
        )

    whole, part = ask(ALL_AREAS), ask(tuple(area for area in ALL_AREAS if area in asked))
    assert part.areas == {area: verdict for area, verdict in whole.areas.items() if area in asked}
    assert part.verdict is max(part.areas.values(), key=SEVERITY.__getitem__)
    assert part.restrictions == tuple(found for found in whole.restrictions if found.measure.area in asked)
    told = [record for record in known.records if record.state is not State.REVOKED]
    concerns = any(measure.area in asked for record in told for measure in record.measures)
    assert (part.code, part.name) == ((whole.code, whole.name) if concerns else (question.code.value, ""))
    assert set(part.candidates) <= set(whole.candidates)
    reasons = set(part.unknown_reasons)
    assert reasons - OF_RECORDS == set(whole.unknown_reasons) - OF_RECORDS
    in_doubt = {area for area in ALL_AREAS if OF_RECORDS & set(ask((area,)).unknown_reasons)}
    assert bool(reasons & OF_RECORDS) == bool(in_doubt & asked)
    everybody = (*known.records, *known.same_organisation, *known.same_name)
    spoken_of = [record for record in everybody if areas_running(record, day) & asked]
    codes = {record.code for record in spoken_of}
    # The code probably meant is no record's: it comes without a name.
    assert {candidate.code for candidate in part.candidates if candidate.name} <= codes
    names = {record.name for record in everybody} - {record.name for record in spoken_of}
    assert not any(name in text for name in names for text in part.explanations)
