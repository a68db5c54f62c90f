"""A base with an overlay answers as plain tables do, and a file that is not whole is none."""

from __future__ import annotations

import gc
import os
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.exit_samples import active_exit, registered, withdrawal
from tests.samples import LAW, TODAY, code, doubtful_code, noon
from tests.samples import record as sample
from tests.services import wait_until

from credit_sanction_service.domain.exits import declare_active_exit, withdraw
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.identifiers import Judgement, judge
from credit_sanction_service.domain.leads import lead_of_number
from credit_sanction_service.domain.text import name_key
from credit_sanction_service.restrictions.base import Base
from credit_sanction_service.restrictions.base_directory import BaseDirectory
from credit_sanction_service.restrictions.base_file import HEAD_SIZE, NotABase, write_base
from credit_sanction_service.restrictions.compaction import Compaction
from credit_sanction_service.restrictions.feed import Feed, IndexFollower
from credit_sanction_service.restrictions.hashes import leads_of_codes, leads_of_organisations
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.layers import Layers
from credit_sanction_service.restrictions.marks import Marks
from credit_sanction_service.restrictions.small_index import SmallIndex
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.facts import pack_records
from credit_sanction_service.store.feed import known_at, packed_records, read_head, snapshot
from credit_sanction_service.store.values import Revision
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from tests.database import Database

    from credit_sanction_service.domain.exits import RegisteredObligation
    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.domain.records import SanctionRecord

WAIT = 20
THEN = datetime(2026, 11, 23, tzinfo=UTC)
CODES = (code(1), code(2), code(3), "220101000012345", doubtful_code(1))
NAMES = ("虚构甲厂", "虚构乙厂", "虚构（丙）厂", "虚构(丙)厂")
NUMBERS = (*CODES, "220101000067890", code(1)[8:17], code(2)[8:17], f"220101{code(1)[8:17]}")
FACTS = facts_of(sample(1))
DECLARED = tuple(
    replace(
        declare_active_exit(registered(number=number), active_exit(), today=TODAY, law=LAW), id=f"{number}", version=1
    )
    for number in (1, 2)
)
EXITS = (*DECLARED, *(withdraw(one, withdrawal(), today=TODAY, law=LAW) for one in DECLARED))


def at(number: int, *, epoch: int = 1) -> Revision:
    return Revision(epoch=epoch, number=number)


def base_of(records: Iterable[RecordFacts], revision: Revision) -> Base:
    return Base.built([pack_records(records)], revision=revision, known_at=THEN)


versions = st.builds(
    lambda record_id, code_, name, former, numbers: replace(
        FACTS,
        id=record_id,
        code=code_,
        enterprise_name=name,
        former_names=tuple(former),
        numbers=tuple(sorted({*numbers, *filter(None, [judge(code_).organisation_code])} - {code_})),
    ),
    st.sampled_from("abcd"),
    st.sampled_from(CODES),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(NAMES), max_size=2),
    st.lists(st.sampled_from(NUMBERS), max_size=3),
)
steps = st.lists(st.lists(versions, max_size=4) | st.sampled_from(EXITS), max_size=10)


def everything(tables: SmallIndex | Layers) -> list[object]:
    return [tables.find(judge(number), name) for number in NUMBERS for name in ("", *NAMES)]


def rows_of(codes: Iterable[str]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.frombuffer("".join(codes).encode(), np.uint8).reshape(-1, 18)


def assert_never_wrongly_absent(layers: Layers, plain: SmallIndex) -> None:
    accepted = [number for number in NUMBERS if judge(number).judgement is Judgement.ACCEPTED]
    for number, absent in zip(accepted, layers.absent(rows_of(accepted)), strict=True):
        known = plain.find(judge(number), "")
        assert not (absent and (known.records or known.same_organisation or known.exits)), number


@settings(max_examples=80)
@given(steps, st.data())
def test_a_base_with_an_overlay_finds_what_plain_tables_find(
    steps: list[list[RecordFacts] | RegisteredObligation], data: st.DataObject
) -> None:
    plain, layers = SmallIndex(), Layers()
    bases: list[Base] = []
    for number, step in enumerate(steps, 1):
        for facts in step if isinstance(step, list) else ():
            plain.add(facts)
            layers.add(facts, at(number))
        if not isinstance(step, list):
            plain.take_exit(step)
            layers.take_exit(step)
        if data.draw(st.booleans()):
            bases.append(base_of(plain.every(), at(number)))  # built now, and taken over now or later
        if data.draw(st.booleans()) and bases:
            layers = layers.over(bases.pop())
            bases.clear()
        assert everything(layers) == everything(plain)
    assert_never_wrongly_absent(layers, plain)
    assert {facts.id: facts for facts in layers.every()} == {facts.id: facts for facts in plain.every()}
    for record_id in "abcd":
        assert layers.get(record_id) == plain.get(record_id)


def test_two_that_share_a_hash_are_told_apart() -> None:
    one, other = "779295820922768", "891770658195125"  # nothing but a hash in common
    assert lead_of_number(one) == lead_of_number(other)
    base = base_of([replace(FACTS, numbers=(one,))], at(1))
    assert [facts.id for facts in base.with_number(one)] == [FACTS.id]
    assert list(base.with_number(other)) == []


@given(st.lists(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=18, max_size=18)))
def test_many_hashes_at_once_are_those_of_each(codes: list[str]) -> None:
    rows = rows_of(codes)
    assert leads_of_codes(rows).tolist() == [lead_of_number(number) for number in codes]
    assert leads_of_organisations(rows).tolist() == [lead_of_number(number[8:17]) for number in codes]


def test_marks_forget_nothing_while_they_grow() -> None:
    marks = Marks()
    inside = np.random.default_rng(1).integers(0, 1 << 32, 5_000, np.uint32)
    for lead in inside.tolist():
        marks.add(lead)
    assert marks.may_have(inside).all()
    outside = np.random.default_rng(2).integers(0, 1 << 32, 5_000, np.uint32)
    assert marks.may_have(outside).mean() < 0.1


def test_of_many_records_each_is_found_and_no_other() -> None:
    records = [facts_of(sample(number)) for number in range(200)]
    base = base_of(records, at(1))
    assert len(base) == 200
    assert list(base.every()) == records
    for facts in records:
        assert list(base.with_code(facts.code)) == [facts]
        assert base.get(facts.id) == facts
    layers = Layers(base)
    assert layers.absent(rows_of(code(number) for number in range(200, 400))).all()
    assert not layers.absent(rows_of(facts.code for facts in records)).any()


def test_a_damaged_file_is_none(tmp_path: Path) -> None:
    file = BytesIO()
    write_base(file, [pack_records([FACTS, facts_of(sample(2))])], revision=at(3), known_at=THEN)
    whole = file.getvalue()
    path = tmp_path / "base"
    path.write_bytes(whole)
    assert Base.opened(path).revision == at(3)
    damaged = [whole[:size] for size in (0, 5, 128, len(whole) - 1)] + [whole + b"\0"]
    places = (3, 20, 60, 130, len(whole) // 2, len(whole) - 1)
    damaged += [whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :] for place in places]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(NotABase):
            Base.opened(path)


def test_whoever_follows_hears_every_number_around_a_change() -> None:
    heard: list[Collection[str] | None] = []
    sibling, changing = replace(FACTS, id="a", numbers=("220101000067890",)), replace(FACTS, id="b", numbers=())
    renamed = replace(changing, code=code(2), numbers=("220101000012345",), enterprise_name="虚构新厂")
    index = Index()
    index.follow(heard.append)
    index.replace(at(1), base_of([sibling, changing], at(1)))
    index.apply(at(2), [])
    index.apply(at(3), [renamed])
    index.apply(at(4), [], [DECLARED[1]])
    names = {f"@{name_key(FACTS.enterprise_name)}", "@虚构新厂"}
    everywhere = {code(1), code(2), "220101000012345", "220101000067890", *names}
    assert heard == [None, everywhere, {code(2), "220101000012345", "@虚构新厂"}]


def commit(writer: Writer, *records: SanctionRecord) -> Revision:
    def work(tx: object) -> None:
        tx.insert(records, action="CREATE", principal="测试")  # type: ignore[attr-defined]

    revision = writer.run(work, timeout=WAIT).revision
    assert revision is not None
    return revision


def loaded(store: Database, bases: BaseDirectory) -> Index:
    index = Index()
    with connect(store.service_dsn) as own:
        follower = IndexFollower(index, LawFollower(), clock=lambda: datetime.now(UTC), bases=bases)
        follower.catch_up(own, read_head(own), asked_at=0)
    return index


def held(index: Index) -> tuple[Revision, Revision, int, set[str]]:
    """Return its revision, that of its base, what is overlaid, and the codes that it knows."""
    with index.hold() as view:
        assert view.base is not None
        codes = {facts.code for facts in view.layers.every()}
        return view.revision, view.base.revision, index.overlaid, codes


def test_a_base_is_built_once_and_taken_over_by_who_comes_later(store: Database, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    bases = BaseDirectory(folder, most_overlaid=4)
    with closing(Writer(store.service_dsn, clock=noon)) as writer:
        first = commit(writer, sample(1), sample(2))
        assert held(loaded(store, bases)) == (first, first, 0, {code(1), code(2)})
        second = commit(writer, sample(3), sample(4))
        assert held(loaded(store, bases)) == (second, first, 2, {code(1), code(2), code(3), code(4)})
        (path,) = folder.glob("*.base")
        assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
        third = commit(writer, sample(5))
        old = loaded(store, BaseDirectory(folder, most_overlaid=18))
        assert held(loaded(store, bases))[:3] == (third, third, 0)
    assert [found.name for found in folder.glob("*.base")] == [f"index-{third}.base"]
    assert held(old)[1] == first, "what was removed is read on by whom it was mapped"
    assert len(held(old)[3]) == 5


def test_a_file_that_cannot_be_trusted_is_built_anew(store: Database, tmp_path: Path) -> None:
    bases = BaseDirectory(tmp_path)
    with closing(Writer(store.service_dsn, clock=noon)) as writer:
        head = commit(writer, sample(1))
    path = tmp_path / f"index-{head}.base"
    with connect(store.service_dsn) as own:
        instant = known_at(own, head)
    assert instant is not None
    for revision, then, mode in (
        (head, THEN, 0o600),  # another history with the same numbers
        (at(head.number + 1), instant, 0o600),  # a revision that is not there
        (at(head.number, epoch=2), instant, 0o600),
        (head, instant, 0o622),  # anybody may have written it
    ):
        wrong = tmp_path / f"index-{revision}.base"
        with wrong.open("wb") as file:
            write_base(file, [pack_records([facts_of(sample(9))])], revision=revision, known_at=then)
        wrong.chmod(mode)
        assert held(loaded(store, bases))[3] == {code(1)}
        assert [found.name for found in tmp_path.glob("*.base")] == [path.name]
        path.unlink()
    path.write_bytes(os.urandom(500))
    assert held(loaded(store, bases))[3] == {code(1)}


def test_what_the_store_packs_is_what_records_say(store: Database) -> None:
    records = [sample(number) for number in range(1, 60)]
    with closing(Writer(store.service_dsn, clock=noon)) as writer:
        commit(writer, *records)
    with connect(store.service_dsn) as own, snapshot(own) as head:
        chunks = list(packed_records(own, pages=2))
    assert len(chunks) > 1
    assert chunks[-1].done == 1
    base = Base.built(chunks, revision=head.revision, known_at=THEN)
    assert {facts.id: facts for facts in base.every()} == {record.id: facts_of(record) for record in records}
    assert all(list(base.with_code(record.enterprise.code)) == [facts_of(record)] for record in records)


def test_an_overlay_that_grew_long_is_laid_into_a_new_base_while_the_feed_goes_on(
    store: Database, tmp_path: Path
) -> None:
    index, bases = Index(), BaseDirectory(tmp_path, most_overlaid=3)
    compaction = Compaction(store.service_dsn, index, bases, pause=0)
    follower = IndexFollower(index, LawFollower(), clock=lambda: datetime.now(UTC), bases=bases)
    feed = Feed(store.service_dsn, [follower, compaction], interval=0.002)
    compaction.start()
    feed.start()
    try:
        assert feed.wait_until_ready(WAIT)
        with closing(Writer(store.service_dsn, clock=noon)) as writer:
            last = [commit(writer, sample(number)) for number in range(1, 9)][-1]
        index.wait_for(last, timeout=WAIT)
        with wait_until(lambda: index.overlaid <= 3):
            pass
        revision, base, _, codes = held(index)
        assert (revision, codes) == (last, {code(number) for number in range(1, 9)})
        assert base.number > 1
    finally:
        feed.close()
        compaction.close()


def test_a_directory_that_cannot_be_used_is_done_without(store: Database, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with closing(Writer(store.service_dsn, clock=noon)) as writer:
        commit(writer, sample(1))
    index = loaded(store, BaseDirectory(tmp_path / "file" / "index"))
    assert held(index)[3] == {code(1)}
    (tmp_path / "index-1.2.base.new").mkdir()  # what should be written cannot be
    index = loaded(store, BaseDirectory(tmp_path))
    assert held(index)[3] == {code(1)}
    assert list(tmp_path.glob("*.base")) == []


def test_a_file_that_is_overwritten_while_it_serves_changes_no_answer(store: Database, tmp_path: Path) -> None:
    with closing(Writer(store.service_dsn, clock=noon)) as writer:
        head = commit(writer, sample(1), sample(2))
    path = tmp_path / f"index-{head}.base"
    bases = BaseDirectory(tmp_path)
    first = loaded(store, bases)
    with path.open("r+b") as file:
        file.seek(HEAD_SIZE)
        file.write(bytes(path.stat().st_size - HEAD_SIZE))
    later = loaded(store, bases)  # by what the first one keeps
    assert held(first)[3] == held(later)[3] == {code(1), code(2)}
    assert held(later)[1] == head
    del first, later
    gc.collect()
    with capture_logs() as told:
        anew = loaded(store, bases)  # nobody keeps it any more, and what lies there is found out
    assert held(anew)[3] == {code(1), code(2)}
    assert "index.file_refused" in [line["event"] for line in told]
