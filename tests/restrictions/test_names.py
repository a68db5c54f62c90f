"""Search by name: who is found, who is not the same, and that it keeps up with the index."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bench.names.crowd import crowd, listed, packed
from bench.names.pairs import read_pairs
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.samples import TODAY, code

from credit_sanction_service.domain.facts import MeasureFacts
from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.domain.identifiers import USCC_ALPHABET
from credit_sanction_service.domain.terms import ALL_AREAS, Area, State
from credit_sanction_service.restrictions.base import Base
from credit_sanction_service.restrictions.base_file import write_base
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.names.characters import characters
from credit_sanction_service.restrictions.names.grams import grams_of_name
from credit_sanction_service.restrictions.names.keeping import Names
from credit_sanction_service.restrictions.names.name_table import build
from credit_sanction_service.restrictions.names.recent import RecentNames
from credit_sanction_service.restrictions.names.scoring import LIKELY
from credit_sanction_service.restrictions.names.search import Search
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.restrictions.names.name_table import NameTable
    from credit_sanction_service.restrictions.names.search import FoundEnterprise

NAMES = (
    "长春市虚金达钢铁有限公司",
    "长春市虚金泰钢铁有限公司",
    "吉林省长春市绿园区幻梦煤业股份有限公司",
    "长春钢铁有限公司",
    "虚构（德惠）水泥厂",
)
KNOWN_AT = datetime(2026, 11, 23, tzinfo=UTC)


def at(number: int) -> Revision:
    return Revision(epoch=1, number=number)


def facts(number: int, name: str, *former: str) -> RecordFacts:
    return replace(listed(number, code(number), name, former), numbers=(code(number)[8:17],))


def index_of(records: Iterable[RecordFacts]) -> Index:
    index = Index()
    index.replace(at(1), Base.built(packed(records), revision=at(1), known_at=KNOWN_AT))
    return index


@contextmanager
def searching(index: Index) -> Iterator[Search]:
    names = Names(index)
    names.start()
    try:
        assert names.wait_until_ready(20)
        yield Search(index, names, today=lambda: TODAY)
    finally:
        names.close()


@pytest.fixture(scope="module")
def few() -> Iterator[Search]:
    with searching(index_of(facts(number, name) for number, name in enumerate(NAMES))) as search:
        yield search


def found(search: Search, query: str) -> tuple[FoundEnterprise, ...]:
    return search.find(query, ALL_AREAS, most=10).enterprises


def likely(search: Search, query: str) -> list[str]:
    return [one.name for one in found(search, query) if one.score >= LIKELY]


@pytest.mark.parametrize(
    "query",
    [
        "长春市虚金达钢铁有限公司",
        "長春市虛金達鋼鐵有限公司",
        "长春市虚金达钢铁有限责任公司",
        "长春虚金达钢铁",
        "吉林省长春市虚金达钢铁有限公司",
        "虚金达（长春）钢铁有限公司",
        "虚金达【长春市】钢铁有限公司",
        "长春市 虚金达 钢铁 有限公司",
        "长春市“虚金达”钢铁有限公司",
        "虚金达钢铁",
        "虚金达",
        "changchun xujinda gangtie",
        "changchunshixujindagangtieyouxiangongsi",
        "Cháng Chūn Xū Jīn Dá Gāng Tiě",
        "长春市xujinda钢铁有限公司",
        "长春市虚今达钢铁有限公司",
        "长春市虚金达刚铁有限公司",
    ],
)
def test_one_enterprise_is_found_however_it_is_spelt(few: Search, query: str) -> None:
    assert likely(few, query) == [NAMES[0]]


def test_the_same_name_scores_one_and_another_spelling_of_it_no_less(few: Search) -> None:
    for query in (NAMES[4], "虚构(德惠)水泥厂", "虛構〔德惠〕水泥廠", "虚构﹙德惠﹚水泥厂 "):
        (first, *_) = found(few, query)
        assert (first.name, first.score) == (NAMES[4], 1.0)


def test_one_differing_character_of_the_trade_name_is_another_enterprise(few: Search) -> None:
    for asked, other in ((NAMES[0], NAMES[1]), (NAMES[1], NAMES[0])):
        first, second = found(few, asked)
        assert (first.name, first.score) == (asked, 1.0)
        assert second.name == other
        assert second.score < LIKELY
        assert any("another enterprise" in explanation for explanation in second.explanations)


@pytest.mark.parametrize(
    "query",
    [
        "钢铁",
        "长春",
        "长春市",
        "有限公司",
        "吉林省",
        "钢铁有限公司",
        "长春煤业",
        "煤业股份有限公司",
        "第一",
        "集团",
        "a",
        "的",
    ],
)
def test_generic_words_match_nothing_by_themselves(few: Search, query: str) -> None:
    assert found(few, query) == ()


def test_a_wholly_generic_name_is_found_by_the_whole_of_it(few: Search) -> None:
    assert likely(few, "长春钢铁") == [NAMES[3]]
    assert likely(few, "长春市钢铁有限责任公司") == [NAMES[3]]


def test_the_beginning_of_a_trade_name_finds_it_and_is_not_the_same(few: Search) -> None:
    for query in ("虚金", "虚金钢铁", "xujin gangtie"):
        assert {one.name for one in found(few, query)} == set(NAMES[:2])
        assert likely(few, query) == []


def test_another_place_trade_or_group_is_another_enterprise(few: Search) -> None:
    for query in (
        "四平市虚金达钢铁有限公司",
        "长春市虚金达食品有限公司",
        "长春市虚金达集团有限公司",
        "长春市虚金达钢铁贸易有限公司",
        "长春市虚金达钢铁有限公司德惠分公司",
    ):
        assert likely(few, query) == [], query


def test_a_former_name_is_found_and_said_to_be_one() -> None:
    records = [facts(1, "长春市虚甲钢铁有限公司", "吉林市幻乙铸造厂", "幻丙厂"), facts(2, "吉林省幻乙铸造有限公司")]
    with searching(index_of(records)) as search:
        (one, *_) = found(search, "吉林市幻乙铸造厂")
        assert (one.code, one.name, one.matched, one.score) == (
            code(1),
            records[0].enterprise_name,
            "吉林市幻乙铸造厂",
            1.0,
        )
        assert any("曾用名" in explanation for explanation in one.explanations)
        assert likely(search, "吉林市幻乙铸造") == [records[0].enterprise_name]  # 吉林省 is another place


def test_a_code_with_one_wrong_or_two_swapped_characters_is_found(few: Search) -> None:
    right = code(2)
    mistyped = [
        right[:place] + USCC_ALPHABET[(USCC_ALPHABET.index(right[place]) + 7) % 31] + right[place + 1 :]
        for place in range(18)
    ]
    swapped = [right[:place] + right[place + 1] + right[place] + right[place + 2 :] for place in range(17)]
    odd = [right[:-1], right[1:], right[:5] + "7" + right[5:], right.replace("M", "m").replace("0", "O", 1)]
    for typed in {*mistyped, *swapped, *odd} - {right}:
        (one, *others) = found(few, typed)
        assert (one.code, others) == (right, []), typed
        assert LIKELY <= one.score < 1
    (exact,) = found(few, f"{right[:8]}-{right[8:].lower()} ")
    assert (exact.code, exact.score) == (right, 1.0)


def test_a_number_inside_the_code_leads_there(few: Search) -> None:
    (one,) = found(few, code(2)[8:17])
    assert (one.code, one.matched) == (code(2), code(2)[8:17])


def test_only_the_areas_asked_are_searched() -> None:
    land = facts(1, NAMES[0])
    land = replace(land, measures=tuple(one for one in land.measures if one.area is Area.LAND_SUPPLY))
    with searching(index_of([land])) as search:
        assert search.find(NAMES[0], [Area.LAND_SUPPLY, Area.BOND_ISSUANCE], most=5).enterprises
        assert not search.find(NAMES[0], [Area.BOND_ISSUANCE], most=5).enterprises
        assert not search.find(code(1), [Area.BOND_ISSUANCE], most=5).enterprises


def test_a_measure_is_searched_until_its_last_day() -> None:
    """As a look-up: the record may have effect elsewhere for longer."""
    ends = {Area.LAND_SUPPLY: TODAY + timedelta(days=9), Area.BOND_ISSUANCE: TODAY - timedelta(days=1)}
    measures = tuple(MeasureFacts(area=area, end=end) for area, end in ends.items())
    with searching(index_of([replace(facts(1, NAMES[0]), measures=measures)])) as search:
        for query in (NAMES[0], code(1)):
            assert search.find(query, [Area.LAND_SUPPLY], most=5).enterprises
            assert not search.find(query, [Area.BOND_ISSUANCE], most=5).enterprises


def test_no_more_are_found_than_were_asked_for_and_that_there_are_more_is_said() -> None:
    records = [
        facts(number, f"{place}市虚金达钢铁有限公司") for number, place in enumerate(("长春", "四平", "通化", "白山"))
    ]
    with searching(index_of(records)) as search:
        three = search.find("虚金达", ALL_AREAS, most=3)
        assert (len(three.enterprises), three.more, three.revision) == (3, True, at(1))
        four = search.find("虚金达", ALL_AREAS, most=4)
        assert (len(four.enterprises), four.more) == (4, False)


@pytest.mark.parametrize("recent", [False, True])
def test_namesakes_of_other_areas_take_nobodys_place(recent: bool) -> None:  # noqa: FBT001 - a parameter
    """However many there are, within bounds: also where the one of the caller's areas is the last of them."""
    others = [narrowed(facts(number, NAMES[0]), Area.LAND_SUPPLY) for number in range(1, 201)]
    meant = narrowed(facts(201, NAMES[0].replace("有限公司", "有限责任公司")), Area.FINANCING_CREDIT)
    index = index_of([facts(202, NAMES[2])] if recent else [*others, meant])
    with searching(index) as search:
        if recent:
            index.apply(at(2), [*others, meant])
        asked = search.find(NAMES[0], [Area.FINANCING_CREDIT], most=10)
        assert [one.code for one in asked.enterprises] == [meant.code]
        assert len(search.find(NAMES[0], ALL_AREAS, most=10).enterprises) == 10


def narrowed(record: RecordFacts, area: Area) -> RecordFacts:
    return replace(record, measures=tuple(measure for measure in record.measures if measure.area is area))


@pytest.mark.parametrize("state", [State.NOTICE_SERVED, State.DECIDED, State.REVOKED, State.EXPIRED])
def test_who_is_not_listed_is_not_found(state: State) -> None:
    with searching(index_of([replace(facts(1, NAMES[0]), state=state)])) as search:
        assert found(search, NAMES[0]) == ()
        assert found(search, code(1)) == ()


def test_who_was_lifted_is_found_until_the_day_it_takes_effect() -> None:
    lifted = replace(facts(1, NAMES[0]), state=State.LIFTED)
    tomorrow = replace(facts(2, NAMES[1]), state=State.LIFTED, ended_on=TODAY + timedelta(days=1))
    with searching(index_of([replace(lifted, ended_on=TODAY), tomorrow])) as search:
        assert found(search, NAMES[0])[0].code == code(2)
        assert likely(search, NAMES[0]) == []
        assert likely(search, NAMES[1]) == [NAMES[1]]


def test_it_keeps_up_with_the_index() -> None:
    one = facts(1, NAMES[0])
    index = index_of([one])
    with searching(index) as search:
        index.apply(
            at(2),
            [
                replace(one, version=2, enterprise_name="长春市梦新钢铁有限公司", former_names=(NAMES[0],)),
                facts(2, NAMES[2]),
            ],
        )
        (renamed,) = found(search, NAMES[0])
        assert (renamed.name, renamed.matched) == ("长春市梦新钢铁有限公司", NAMES[0])
        assert likely(search, "梦新钢铁") == ["长春市梦新钢铁有限公司"]
        assert likely(search, NAMES[2]) == [NAMES[2]]
        index.apply(at(3), [replace(one, version=3, state=State.REVOKED)])
        assert found(search, "梦新钢铁") == ()
        assert search.find("梦新钢铁", ALL_AREAS, most=1).revision == at(3)


def test_the_revision_told_is_one_whose_names_were_searched() -> None:
    index = index_of([facts(1, NAMES[2])])
    names = Names(index)
    names.start()
    assert names.wait_until_ready(20)

    class Slow:
        """Lends the names, and has somebody listed before the index is asked what they lead to."""

        @contextmanager
        def lend(self) -> Iterator[tuple[NameTable, RecentNames]]:
            with names.lend() as lent:
                yield lent
            if index.revision == at(1):
                index.apply(at(2), [facts(2, NAMES[0])])

    search = Search(index, Slow(), today=lambda: TODAY)  # type: ignore[arg-type]  # as much of it as a search uses
    asked = search.find(NAMES[0], ALL_AREAS, most=5)
    assert (asked.enterprises, asked.revision) == ((), at(1))
    again = search.find(NAMES[0], ALL_AREAS, most=5)
    assert (len(again.enterprises), again.revision) == (1, at(2))
    names.close()


def test_a_new_base_changes_no_answer() -> None:
    index = index_of([facts(1, NAMES[0]), facts(2, NAMES[2])])
    with searching(index) as search:
        index.apply(at(2), [facts(3, NAMES[1]), replace(facts(2, NAMES[2]), state=State.REVOKED)])
        before = [found(search, name) for name in NAMES]
        kept = [facts(1, NAMES[0]), facts(3, NAMES[1]), replace(facts(2, NAMES[2]), state=State.REVOKED)]
        assert index.rebase(Base.built(packed(kept), revision=at(2), known_at=KNOWN_AT))
        assert [found(search, name) for name in NAMES] == before
        index.apply(at(3), [facts(4, NAMES[3])])  # wakes the search, which goes over to the new base
        assert likely(search, NAMES[3]) == [NAMES[3]]
        assert [found(search, name) for name in NAMES[:2]] == before[:2]


def test_while_the_names_are_being_prepared_nobody_is_answered() -> None:
    index = index_of([facts(1, NAMES[0])])
    with pytest.raises(StoreUnavailable, match="being prepared"):
        found(Search(index, Names(index), today=lambda: TODAY), NAMES[0])


def shared(path: Path) -> Index:
    """Return an index over the base in a file, as every process of a machine has it."""
    index = Index()
    index.replace(at(1), Base.opened(path))
    return index


def test_processes_share_one_file_and_what_is_odd_about_it_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "index-1.1.base"
    with path.open("w+b") as file:
        write_base(
            file, packed(facts(number, name) for number, name in enumerate(NAMES)), revision=at(1), known_at=KNOWN_AT
        )
    table = path.with_suffix(".names")
    with searching(shared(path)) as first:
        written = table.stat()
        with searching(shared(path)) as second:
            assert table.stat().st_ino == written.st_ino
            assert found(first, NAMES[0]) == found(second, NAMES[0]) != ()
    assert table.stat().st_mode & 0o777 == 0o600
    whole = table.read_bytes()
    for damaged in (
        whole[:100],
        whole[:-4_000],
        whole[:5_000] + b"\x99" + whole[5_001:],
        whole[:8] + bytes(32) + whole[40:],
    ):
        table.unlink()
        table.write_bytes(damaged)
        table.with_name(f"{table.name}.kept").unlink()  # as after a start: no process keeps it
        with searching(shared(path)) as search:
            assert likely(search, NAMES[0]) == [NAMES[0]]
        assert table.read_bytes() == whole


CHARACTERS = st.sampled_from("长春市虚金达泰钢铁(（绿a1重慶𠮷 ")
TEXTS = st.text(CHARACTERS, min_size=1, max_size=12)


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=2), min_size=1, max_size=6), TEXTS)
@settings(max_examples=20, deadline=None)
def test_the_arrays_hold_what_one_name_after_the_other_gives(enterprises: list[list[str]], query: str) -> None:
    table = characters()
    arrays = build([(code(number), names) for number, names in enumerate(enterprises)], table)
    expected = [
        (code(number), folded)
        for number, names in enumerate(enterprises)
        for folded in map(table.fold, names)
        if folded
    ]
    assert [(arrays.code(number), arrays.name(number)) for number in range(len(arrays))] == expected
    held: list[set[int]] = [set() for _ in expected]
    for gram in np.flatnonzero(np.diff(arrays.gram_starts)).tolist():
        for number in arrays.postings[arrays.gram_starts[gram] : arrays.gram_starts[gram + 1]]:
            held[number].add(gram)
    assert held == [set(grams_of_name(folded, table)) for _, folded in expected]
    recent = RecentNames(table)
    for number, names in enumerate(enterprises):
        recent.put(code(number), ["别的名称"])
        recent.put(code(number), names)
    folded = table.fold(query)
    rarity = arrays.rarity(grams_of_name(folded, table))
    letters = table.letters(folded)
    by_array = {expected[number] for number in arrays.find(rarity, letters, letters, length=len(folded), most=50)}
    assert by_array == set(recent.find(rarity, most=50))


@example("()")
@given(st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_whatever_is_typed_is_answered(few: Search, query: str) -> None:
    for one in found(few, query):
        assert 0 < one.score <= 1
        assert one.explanations


def test_the_labelled_pairs_are_many_and_judged_well() -> None:
    pairs = read_pairs()
    assert len({(pair.query, pair.code) for pair in pairs}) == len(pairs) >= 500
    assert {pair.label for pair in pairs} == {"same", "other"}
    meant = {pair.code: pair for pair in pairs}
    records = (
        listed(number, pair.code, pair.name, (pair.former,) * bool(pair.former))
        for number, pair in enumerate(meant.values())
    )
    with searching(index_of(records)) as search:
        sample = pairs[::3]
        said = [
            any(one.code == pair.code and one.score >= LIKELY for one in found(search, pair.query)) for pair in sample
        ]
    right = sum(yes and pair.is_meant for yes, pair in zip(said, sample, strict=True))
    assert right / sum(said) > 0.97
    assert right / sum(pair.is_meant for pair in sample) > 0.93


def test_a_crowd_hides_nobody() -> None:
    with searching(index_of([*crowd(3_000), *(facts(number, name) for number, name in enumerate(NAMES))])) as search:
        for name in NAMES:
            assert found(search, name)[0].name == name
