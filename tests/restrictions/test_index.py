"""The index: however it came to hold records, it leads to them by the same numbers and names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples import LAW, TODAY, code, doubtful_code, draft, lift_draft, quarantined, taken_in, with_enterprise
from tests.samples import record as sample

from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.faults import EpochChanged, RevisionNotReached
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.lifecycle import lift
from credit_sanction_service.domain.terms import IdentifierKind
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import SanctionRecord

WAIT = 20
OLD_NUMBERS = ("220101000012345", "220101000067890")
NAMES = ("虚构甲厂", "虚构乙厂", "虚构（丙）厂", "虚构(丙)厂")
NUMBERS = (*(code(number) for number in (1, 2, 3)), *OLD_NUMBERS, code(1)[8:17], code(2)[8:17], doubtful_code(1))


def at(number: int, *, epoch: int = 1) -> Revision:
    return Revision(epoch=epoch, number=number)


def everything(index: Index) -> list[object]:
    """Return what the index leads to, by every number with and without every name."""
    with index.hold() as view:
        return [view.find(judge(number), name) for number in NUMBERS for name in ("", *NAMES)]


versions = st.builds(
    lambda number, name, former, old: with_enterprise(
        draft(1),
        code=number,
        name=name,
        former_names=former,
        other_identifiers=tuple((IdentifierKind.REGISTRATION_NUMBER, value) for value in old if value != number),
    ),
    st.sampled_from((code(1), code(2), OLD_NUMBERS[0], doubtful_code(1))),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
    st.lists(st.sampled_from(OLD_NUMBERS), max_size=2, unique=True),
).map(taken_in)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), versions), min_size=1, max_size=12), st.data())
def test_an_index_that_was_led_there_equals_one_that_was_built(
    history: list[tuple[str, SanctionRecord]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(history)))
    log = [replace(record, id=record_id, version=place) for place, (record_id, record) in enumerate(history, 1)]
    led = Index.of(at(0), {record.id: record for record in log[:cut]}.values())
    while cut < len(log):
        step = data.draw(st.integers(1, len(log) - cut))
        led.apply(at(cut + step), map(facts_of, log[cut : cut + step]))
        cut += step
    built = Index.of(at(len(log)), {record.id: record for record in log}.values())
    assert everything(led) == everything(built)
    led.apply(at(len(log) + 1), map(facts_of, log))
    assert everything(led) == everything(built), "a version taken in twice changes nothing"


def found(index: Index, number: str, name: str = "") -> tuple[list[str], list[str], list[str]]:
    """Return the codes of the enterprises found: by number, by organisation code, by name."""
    with index.hold() as view:
        known = view.find(judge(number), name)
    groups = (known.records, known.same_organisation, known.same_name)
    return tuple([facts.code for facts in group] for group in groups)  # type: ignore[return-value]


def test_every_number_of_an_enterprise_leads_to_it() -> None:
    tax_number = f"220101{code(1)[8:17]}"
    others = ((IdentifierKind.REGISTRATION_NUMBER, OLD_NUMBERS[0]), (IdentifierKind.TAX_NUMBER, tax_number))
    index = Index.of(at(1), [taken_in(with_enterprise(draft(1), other_identifiers=others)), sample(2)])
    for number in (code(1), OLD_NUMBERS[0], tax_number, code(1)[8:17]):
        assert found(index, number) == ([code(1)], [], [])
    assert found(index, code(3)) == ([], [], [])


def test_the_same_organisation_under_another_code_is_found_as_a_relative() -> None:
    index = Index.of(at(1), [sample(1)])
    moved = code(1, prefix="91220183")
    assert found(index, moved) == ([], [code(1)], [])
    assert found(index, doubtful_code(1)) == ([], [code(1)], [])
    assert found(index, f"220183{code(1)[8:17]}") == ([], [code(1)], [])


def test_a_quarantined_organisation_code_is_a_relative_of_the_full_code() -> None:
    index = Index.of(at(1), [quarantined(1, old_number=code(1)[8:17])])
    assert found(index, code(1)) == ([], [code(1)[8:17]], [])


def test_a_name_leads_to_others_present_or_former_and_never_to_oneself() -> None:
    index = Index.of(at(1), [taken_in(with_enterprise(draft(1), former_names=("虚构（丙）厂",))), sample(2)])
    assert found(index, code(2), "虚构(丙) 厂") == ([code(2)], [], [code(1)])
    assert found(index, code(1), "虚构(丙)厂") == ([code(1)], [], [])


def test_nothing_is_answered_before_the_first_load() -> None:
    index = Index()
    assert index.revision is None
    with pytest.raises(RevisionNotReached), index.hold():
        pass


def test_an_index_that_nobody_feeds_grows_old() -> None:
    index = Index()
    index.replace(at(1), None)
    with index.hold() as view:
        assert view.age == float("inf")
    index.reached(asked_at=0.0, clock_in_doubt=False)
    with index.hold() as first, index.hold() as second:
        assert 0 < first.age <= second.age


def test_waiting_ends_at_the_revision_or_says_why_not() -> None:
    index = Index()
    with pytest.raises(RevisionNotReached):
        index.wait_for(at(1), timeout=0.01)
    index.replace(at(5), None)
    index.wait_for(at(5), timeout=0)
    with pytest.raises(RevisionNotReached, match=r"1:6 was not reached .* is at 1:5"):
        index.wait_for(at(6), timeout=0.01)
    with pytest.raises(EpochChanged):
        index.wait_for(at(1, epoch=0), timeout=WAIT)
    with pytest.raises(EpochChanged):
        index.wait_for(at(1, epoch=2), timeout=0.01)


def test_a_new_epoch_that_is_known_elsewhere_already_is_waited_for() -> None:
    index = Index()
    index.replace(at(5), None)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(index.wait_for, at(1, epoch=2), timeout=WAIT)
        index.replace(at(2, epoch=2), None)
        waiting.result(WAIT)


def test_after_a_fault_half_way_nothing_is_answered_until_all_is_loaded_anew() -> None:
    def broken(_: object) -> None:
        raise ValueError("broken")

    index = Index.of(at(1), [sample(1)])
    told: list[bool] = []
    index.tell_ready(told.append)
    index.follow(broken)
    with pytest.raises(ValueError, match="broken"):
        index.apply(at(2), [facts_of(sample(2))])
    assert index.revision is None
    with pytest.raises(RevisionNotReached), index.hold():
        pass
    assert told == [True, False]


def test_a_new_epoch_replaces_everything() -> None:
    index = Index.of(at(9), [sample(1)])
    lifted = facts_of(lift(sample(2), lift_draft(), today=TODAY, law=LAW))
    index.replace(at(2, epoch=2), None, changes=[lifted])
    assert found(index, code(1)) == ([], [], [])
    assert found(index, code(2)) == ([code(2)], [], [])
    assert index.revision == at(2, epoch=2)
