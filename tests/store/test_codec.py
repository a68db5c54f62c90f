"""What is stored of a record is the whole record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.samples import (
    LAW,
    PENALTY_DETAILS,
    TODAY,
    draft,
    lift_draft,
    penalty,
    quarantined,
    revocation,
    taken_in,
    telling,
    with_decision,
)
from tests.samples import record as sample

from credit_sanction_service.domain.capacity import Approval, Capacity, Extension, Licence, Obligation
from credit_sanction_service.domain.effect import Filter
from credit_sanction_service.domain.enterprises import Authority, District, Enterprise, OtherIdentifier
from credit_sanction_service.domain.lifecycle import lift, pass_days, revoke
from credit_sanction_service.domain.proceedings import (
    Decision,
    DueDay,
    Ending,
    Notice,
    Objection,
    Penalty,
    Statement,
    Suspension,
)
from credit_sanction_service.domain.records import ENDED, Confirmation, Measure, Quarantine, SanctionRecord
from credit_sanction_service.domain.terms import Scope, State
from credit_sanction_service.store.codec import dump_filter, dump_record, load_filter, load_record

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
amounts = st.decimals(Decimal("0.0001"), Decimal(10) ** 12, places=4)
authorities = st.builds(Authority, code=texts, name=texts)
penalties = st.builds(
    Penalty,
    document_number=texts,
    decided_on=days,
    facts=st.just("") | texts,
    fine=st.none() | st.decimals(0, Decimal(999999999999), places=6),
    valid_until=st.none() | days,
    authority=st.none() | authorities,
)
approvals = st.none() | st.builds(Approval, document_number=texts, approver=texts, approved_on=days)


@st.composite
def obligations(draw: st.DrawFn) -> Obligation:
    ordered, due = sorted([draw(days), draw(days)])
    scope = draw(st.sampled_from(Scope))
    extension = st.builds(Extension, months=st.integers(1, 3), document_number=texts, applied_on=st.none() | days)
    return draw(
        st.builds(
            Obligation,
            scope=st.just(scope),
            item=texts if scope is Scope.LINE else st.just(""),
            ordered_on=st.just(ordered),
            due_on=st.just(due),
            extension=st.none() | extension,
            capacity=st.builds(Capacity, amount=amounts),
            plan=approvals,
            closure_approval=approvals,
            licences=st.lists(st.builds(Licence, name=texts, number=texts), max_size=2).map(tuple),
            moved_to=st.none() | days,
        )
    )


@st.composite
def suspensions(draw: st.DrawFn, state: State) -> tuple[Suspension, ...]:
    """Draw what a record of that state has: of a suspended one the last still lasts."""
    over = st.builds(Suspension, document_number=texts, decided_on=days, effective_on=days, resumed_on=days)
    lasts = st.builds(Suspension, document_number=texts, decided_on=days, effective_on=days, resumed_on=st.none())
    before = draw(st.lists(over, max_size=1).map(tuple))
    return (*before, draw(lasts)) if state is State.SUSPENDED else before


@st.composite
def records(draw: st.DrawFn) -> SanctionRecord:
    """Draw any record that can be built, likely or not."""
    state = draw(st.sampled_from(State))
    confirmation = st.builds(Confirmation, evidence=texts, document_number=texts, confirmed_on=days)
    publication_end = draw(st.none() | days)
    ends = st.none() | days if publication_end else days
    decision = st.builds(
        Decision,
        authority=authorities,
        document_number=texts,
        decided_on=days,
        notice_served_on=days,
        penalty=st.none() | penalties,
    )
    notice = st.builds(
        Notice, authority=authorities, document_number=texts, served_on=days, facts=texts, basis=texts, rights=texts
    )
    objection = st.builds(Objection, raised_on=days, reason=texts, due_on=st.none() | days, decided_on=st.none() | days)
    return draw(
        st.builds(
            SanctionRecord,
            id=st.uuids().map(str),
            version=st.integers(1, 2**62),
            state=st.just(state),
            enterprise=st.builds(
                Enterprise,
                code=texts,
                name=texts,
                former_names=st.lists(texts, max_size=2).map(tuple),
                other_identifiers=st.lists(st.builds(OtherIdentifier, value=texts), max_size=2).map(tuple),
            ),
            obligation=obligations(),
            decision=st.none() if state is State.NOTICE_SERVED else decision,
            notice=notice if state is State.NOTICE_SERVED else st.none() | notice,
            statements=st.lists(st.builds(Statement, made_on=days), max_size=2).map(tuple),
            listed_on=st.none() | days,
            suspensions=suspensions(state),
            objection=st.none() | objection,
            due_days=st.lists(st.builds(DueDay, since=days, due_on=st.none() | days), max_size=2).map(tuple),
            district=st.builds(District, code=texts, name=texts, since=days),
            measures=st.lists(st.builds(Measure, end=ends), min_size=1, max_size=3).map(tuple),
            publication_end=st.just(publication_end),
            catalogue_edition=texts,
            quarantine=st.builds(Quarantine, reason=texts, rule=texts, likely=st.lists(texts).map(tuple))
            if state is State.QUARANTINED
            else st.none(),
            confirmation=confirmation if state is State.LISTED else st.none() | confirmation,
            ending=st.builds(Ending, effective_on=days, reason=texts, decided_on=st.none() | days)
            if state in ENDED
            else st.none(),
            replaces=texts,
        )
    )


@given(records())
def test_a_record_is_read_as_it_was_written(record: SanctionRecord) -> None:
    assert load_record(json.loads(dump_record(record))) == record


def test_the_records_of_every_state_are_read_as_they_were_written() -> None:
    listed = taken_in(with_decision(draft(item="1号窑"), penalty=penalty(TODAY)))
    for record in (
        listed,
        quarantined(),
        lift(listed, lift_draft(), today=TODAY, law=LAW),
        revoke(quarantined(), revocation(), today=TODAY, law=LAW),
        pass_days(listed, today=date(2099, 1, 1), law=LAW),
    ):
        assert load_record(json.loads(dump_record(record))) == record


def test_text_stands_as_it_is_and_numbers_in_full() -> None:
    record = sample()
    large = replace(record.obligation, capacity=replace(record.obligation.capacity, amount=Decimal("1E+5")))
    text = dump_record(replace(record, obligation=large))
    assert record.enterprise.name in text
    assert '"amount":"100000"' in text


def test_a_measure_stored_with_its_end_keeps_it_and_one_without_has_the_publications() -> None:
    record = sample()
    body = json.loads(dump_record(record))
    assert {tuple(measure) for measure in body["measures"]} == {("area",)}
    ends = [{**measure, "end": "2027-01-31"} for measure in body["measures"]]
    older = load_record({**body, "measures": ends})
    assert {older.end_of(measure) for measure in older.measures} == {date(2027, 1, 31)}
    assert {record.end_of(measure) for measure in load_record(body).measures} == {record.publication_end}


def test_a_penalty_stored_before_it_had_details_is_read_and_one_without_is_written_so() -> None:
    body = json.loads(dump_record(taken_in(with_decision(draft(), penalty=penalty(TODAY)))))
    older = {"kind": "CLOSURE_ORDER", "document_number": "虚构停产字1号", "decided_on": TODAY.isoformat()}
    assert body["decision"]["penalty"] == older
    told = telling(penalty(TODAY), **PENALTY_DETAILS)
    body["decision"]["penalty"] = older | PENALTY_DETAILS
    assert load_record(body).ruling.penalty == taken_in(with_decision(draft(), penalty=told)).ruling.penalty


def test_a_field_of_a_later_release_is_passed_over() -> None:
    body = json.loads(dump_record(sample()))
    assert load_record({**body, "later": {"x": 1}}) == load_record(body)


@given(st.builds(Filter, districts=st.none() | st.frozensets(texts)))
def test_a_filter_is_read_as_it_was_written_and_written_one_way_only(value: Filter) -> None:
    text = dump_filter(value)
    again = load_filter(json.loads(text))
    assert again == value
    assert dump_filter(again) == text
