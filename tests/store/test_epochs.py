"""After a restore revisions count in another epoch, wherever that can be noticed."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from tests.samples import code, noon, record

from credit_sanction_service.app.epochs import new_epoch, notice_restore
from credit_sanction_service.config import Settings
from credit_sanction_service.domain.answers import Question
from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.terms import ALL_AREAS, Verdict
from credit_sanction_service.restrictions.demands import PRESENT
from credit_sanction_service.restrictions.feed import IndexFollower
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.epochs import begin_epoch_where_restored, require_known_place
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from tests.database import Database

    from credit_sanction_service.host.cluster import Cluster


class Reader:
    """An API process as far as its index goes; each `step` asks over a new connection, as after one was lost."""

    def __init__(self, store: Database) -> None:
        self._dsn = store.service_dsn
        index, law = Index(), LawFollower()
        self._follower = IndexFollower(index, law, clock=lambda: datetime.now(UTC))
        self._look_up = LookUp(index, law.current, clock=noon)

    def step(self) -> None:
        with connect(self._dsn) as connection:
            self._follower.catch_up(connection, read_head(connection), asked_at=time.monotonic())

    def restricted(self) -> list[int]:
        questions = [Question(code=judge(code(number)), name="", areas=ALL_AREAS) for number in range(1, 7)]
        answers, _ = self._look_up.check(questions, PRESENT)
        return [number for number, given in enumerate(answers, 1) if given.verdict is Verdict.RESTRICTED]


def list_(store: Database, *numbers: int) -> None:
    with closing(Writer(store.service_dsn, clock=noon)) as writer:
        for number in numbers:
            writer.run(lambda tx, n=number: tx.insert([record(n)], action="CREATE", principal="测试"), timeout=20)  # type: ignore[misc] # no type can be said there


def put_back(cluster: Cluster, store: Database, number: int) -> None:
    """Have the store be as a backup of revision `number` has it, its epoch included."""
    with psycopg.connect(cluster.dsn("admin", store.name), autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        with admin.transaction():
            admin.execute(
                "DELETE FROM sanction_record r USING change_log c"
                " WHERE c.subject_id = r.id AND c.version = 1 AND c.revision > %s",
                (number,),
            )
            admin.execute("DELETE FROM change_log WHERE revision > %s", (number,))
            admin.execute("DELETE FROM revision WHERE number > %s", (number,))
            admin.execute("UPDATE store_head SET number = %s", (number,))


def test_an_index_takes_no_number_of_a_lost_history_for_one_of_the_next(
    store: Database, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    reader = Reader(store)
    list_(store, 1)
    with connect(store.service_dsn) as connection:
        saved = read_head(connection).revision
    list_(store, 2, 3)
    reader.step()
    assert reader.restricted() == [1, 2, 3]
    put_back(cluster, store, saved.number)
    list_(store, 4, 5, 6)
    with pytest.raises(StoreUnavailable, match="restored, and nobody has begun another epoch"):
        reader.step()
    assert new_epoch(Settings(dsn=store.service_dsn)) == 0
    said = capsys.readouterr().out
    reader.step()
    assert reader.restricted() == [1, 4, 5, 6]
    with connect(store.service_dsn) as connection:
        begun = read_head(connection)
    assert said.splitlines()[-1] == f"{begun.revision.epoch}:{begun.revision.number}"
    assert begun.revision.epoch > saved.epoch + 1, "numbered by its second: no epoch that was lost had the same number"
    list_(store, 2)
    reader.step()
    assert reader.restricted() == [1, 2, 4, 5, 6]


def test_a_store_that_lies_elsewhere_than_it_says_begins_an_epoch_once(store: Database, cluster: Cluster) -> None:
    notice_restore(store.service_dsn)
    list_(store, 1)
    elsewhere = f"{store.name}_restored"
    with psycopg.connect(cluster.dsn("admin"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(elsewhere), sql.Identifier(store.name))
        )
        try:
            with connect(store.service_dsn) as connection:
                require_known_place(connection)
                assert begin_epoch_where_restored(connection) is None
            with connect(cluster.dsn("service", elsewhere)) as connection:
                before = read_head(connection).revision
                with pytest.raises(StoreUnavailable, match="restored or promoted"):
                    require_known_place(connection)
                begun = begin_epoch_where_restored(connection)
                assert begun is not None
                assert begun.epoch > before.epoch
                assert begin_epoch_where_restored(connection) is None
                require_known_place(connection)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(elsewhere)))
