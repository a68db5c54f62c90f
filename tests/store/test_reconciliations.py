"""Who does a reconciliation: one worker at a time for each target, once for each period, and another where one died."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb
from tests.samples import TODAY, target

from credit_sanction_service.domain.faults import NotFound, Overloaded, RequestIdReused, StateConflict
from credit_sanction_service.store import reconciliation_runs, reconciliations
from credit_sanction_service.store.claims import pause_target, resume_target
from credit_sanction_service.store.connect import Connection, connect
from credit_sanction_service.store.reconciliation_runs import Run, Served
from credit_sanction_service.store.reconciliations import (
    MOST_SUBJECTS,
    MOST_WAITING,
    Drift,
    Reconciliation,
    ReconciliationState,
    Report,
)
from credit_sanction_service.store.report_retention import Retention, forget_reports, forget_reports_of_the_gone
from credit_sanction_service.store.targets import install_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import Database


@pytest.fixture
def connection(store: Database) -> Iterator[Connection]:
    with connect(store.service_dsn) as opened:
        install_targets(opened, [target("platform"), target("website"), target("old", retired="abandon")], day=TODAY)
        yield opened


def served(name: str = "platform", *, every_s: float = 0.0, digest: str | None = None) -> Served:
    return Served(target=name, digest=digest or target(name).digest, every_s=every_s, lease_s=60)


def take(connection: Connection, *given: Served, worker: str = "one") -> list[Run]:
    return reconciliation_runs.take(connection, given or (served(),), worker=worker)


def ask(
    connection: Connection, name: str = "platform", *, request_id: str = "", repair: bool = False
) -> Reconciliation:
    return reconciliations.request(connection, name, repair=repair, requested_by="值班员", request_id=request_id)


def lapse(connection: Connection, run: Run) -> None:
    """Have the lease of a run be over."""
    connection.execute(
        "UPDATE reconciliation SET lease_until = clock_timestamp() - interval '1 second' WHERE id = %s", (run.id,)
    )


def finish(connection: Connection, run: Run, report: Report | None = None, *, worker: str = "one") -> bool:
    with connection.transaction():
        if not reconciliation_runs.hold(connection, run, worker=worker):
            return False
        reconciliation_runs.finish(connection, run, report or Report())
    return True


def test_one_at_a_time_and_the_oldest_first(connection: Connection) -> None:
    first, second, other = ask(connection), ask(connection), ask(connection, "website")
    runs = take(connection, served(), served("website"))
    assert sorted(run.id for run in runs) == sorted([first.id, other.id])
    assert take(connection, served(), served("website"), worker="two") == []
    (run,) = (run for run in runs if run.id == first.id)
    assert finish(connection, run)
    assert [run.id for run in take(connection, worker="two")] == [second.id]


def test_the_schedule_wants_one_in_a_period_whoever_asks(connection: Connection, store: Database) -> None:
    (run,) = take(connection, served(every_s=3600))
    with connect(store.service_dsn) as other:
        assert take(other, served(every_s=3600), worker="two") == []
        assert finish(connection, run)
        assert take(other, served(every_s=3600), worker="two") == []
        (again,) = take(other, served(every_s=0.000001), worker="two")
    assert (again.repair, again.by_schedule) == (True, True)
    told = reconciliations.list_reconciliations(connection)
    assert [(one.id, one.requested_by, one.worker) for one in told] == [(again.id, "", "two"), (run.id, "", "one")]


def test_who_waits_for_a_target_that_another_holds_leaves_it_to_him(connection: Connection, store: Database) -> None:
    ask(connection)
    with connect(store.service_dsn) as other, other.transaction():
        other.execute("SELECT FROM target WHERE name = 'platform' FOR NO KEY UPDATE")
        assert take(connection) == []
    assert len(take(connection)) == 1


def test_a_lapsed_run_is_begun_anew_and_the_first_worker_has_no_say_any_more(connection: Connection) -> None:
    asked = ask(connection, repair=True)
    (run,) = take(connection)
    lapse(connection, run)
    (again,) = take(connection, worker="two")
    assert (again.id, again.repair, again.by_schedule) == (asked.id, True, False)
    assert again.began > run.began
    assert not finish(connection, run)
    reconciliation_runs.fail(connection, run, "too late", worker="one")
    reconciliation_runs.give_back(connection, run, worker="one")
    assert finish(connection, again, worker="two")
    ended = reconciliations.get_reconciliation(connection, str(asked.id))
    assert (ended.state, ended.worker, ended.detail) == (ReconciliationState.DONE, "two", "")


@pytest.mark.parametrize("name", ["platform", "old"])
def test_a_paused_or_abandoned_target_is_left_alone(connection: Connection, name: str) -> None:
    waits = ask(connection)
    pause_target(connection, "platform", "维护")
    assert take(connection, served(every_s=1), served("old", every_s=1)) == []
    with pytest.raises(StateConflict, match="paused" if name == "platform" else "abandoned"):
        ask(connection, name)
    resume_target(connection, "platform")
    assert [run.id for run in take(connection)] == [waits.id]


def test_a_worker_with_other_settings_than_the_stores_takes_nothing(connection: Connection) -> None:
    ask(connection)
    assert take(connection, served(digest="yesterday's")) == []


def test_a_request_id_is_one_request(connection: Connection) -> None:
    first = ask(connection, request_id="a")
    assert ask(connection, request_id="a") == first
    assert ask(connection, request_id="b") != first
    with pytest.raises(RequestIdReused):
        ask(connection, "website", request_id="a")
    with pytest.raises(RequestIdReused):
        ask(connection, repair=True, request_id="a")


def test_so_many_wait_and_no_more(connection: Connection) -> None:
    for _ in range(MOST_WAITING):
        ask(connection)
    with pytest.raises(Overloaded, match="platform"):
        ask(connection)
    ask(connection, "website")


def test_a_report_has_whole_counts_and_the_first_subjects(connection: Connection) -> None:
    ask(connection)
    (run,) = take(connection)
    many = Drift.of([f"sanctionRecords/{number:04d}" for number in range(MOST_SUBJECTS + 1)])
    report = Report(compared=900, missing=many, standing=Drift.of(["b", "a"]), repaired=7)
    assert finish(connection, run, report)
    ended = reconciliations.get_reconciliation(connection, str(run.id))
    assert ended.report == report
    assert (many.count, len(many.subjects), ended.report.standing.subjects) == (101, 100, ("a", "b"))


def test_the_list_is_turned_page_by_page_the_newest_first(connection: Connection) -> None:
    asked = [ask(connection).id for _ in range(3)]
    ask(connection, "website")
    first = reconciliations.list_reconciliations(connection, target="platform", limit=2)
    last = first[-1]
    rest = reconciliations.list_reconciliations(connection, target="platform", after=(last.requested_at, last.id))
    assert [one.id for one in [*first, *rest]] == asked[::-1]


def test_reports_are_kept_as_long_as_is_said_and_go_so_many_at_a_time(connection: Connection) -> None:
    def report(name: str, days: int, *, by: str = "", state: str = "DONE", missing: int = 0) -> str:
        key = uuid4()
        connection.execute(
            "INSERT INTO reconciliation (id, target, repair, requested_by, requested_at, state, counts)"
            " VALUES (%s, %s, true, %s, clock_timestamp() - make_interval(days => %s), %s, %s)",
            (key, name, by, days, state, Jsonb({"missing": missing, "stale": 0})),
        )
        return str(key)

    kept = [report("platform", 1), report("platform", 2, missing=1), report("website", 9_999)]
    kept += [report("platform", 20, missing=1), report("platform", 20, by="值班员"), report("gone", 20)]
    kept += [report("platform", 99, state="REQUESTED")]
    for days in (10, 11, 12):
        report("platform", days)
    report("platform", 13, state="FAILED")
    report("platform", 40, missing=1)
    report("platform", 40, by="值班员")
    report("gone", 2_000)
    retention = Retention(last=2, days=30)
    forgotten = [forget_reports(connection, "platform", retention, at_once=4) for _ in range(3)]
    assert (forgotten, forget_reports(connection, "website", retention)) == ([4, 2, 0], 0)
    assert [forget_reports_of_the_gone(connection) for _ in range(2)] == [1, 0]
    assert {str(one.id) for one in reconciliations.list_reconciliations(connection)} == set(kept)


@pytest.mark.parametrize("name", ["01234567-89ab-7cde-8f01-23456789abcd", "0199", "x" * 1000])
def test_there_is_none_of_another_name(connection: Connection, name: str) -> None:
    with pytest.raises(NotFound):
        reconciliations.get_reconciliation(connection, name)
