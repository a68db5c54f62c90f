"""Processes live as long as the service is to run, and no longer."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import psycopg
import pytest
from tests.host.conftest import Start

from credit_sanction_service.host import leftovers, processes


def pid_of(ready: Mapping[str, object], name: str) -> int:
    return cast("dict[str, dict[str, int]]", ready["children"])[name]["pid"]


def everybody(ready: Mapping[str, object]) -> list[int]:
    children = cast("dict[str, dict[str, int]]", ready["children"])
    postmaster = [cast("int", ready["postmaster"])] if "postmaster" in ready else []
    return [*postmaster, *(child["pid"] for child in children.values())]


def living(pids: list[int]) -> list[int]:
    return [pid for pid in pids if processes.birth_of(pid) is not None]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.usefixtures("yesterday")
def test_an_orderly_stop_leaves_no_process(start: Start, number: signal.Signals) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever runs the tests has this signal ignored")
    house = start({"name": "api"}, {"name": "push"}, database=True)
    ready = house.wait_for("house.ready")
    assert len(living(everybody(ready))) == 3
    house.process.send_signal(number)
    house.wait_for_silence()
    assert house.process.wait() == 0
    assert living(everybody(ready)) == []
    assert house.events[-1]["event"] == "postgres.stopped"


def test_a_killed_child_is_started_again(start: Start) -> None:
    house = start({"name": "api"}, {"name": "push"})
    ready = house.wait_for("house.ready")
    for _ in range(3):
        os.kill(pid_of(ready, "push"), signal.SIGKILL)
        house.wait_for("process.died", process="push", exit_code=-signal.SIGKILL)
        again = house.wait_for("process.started", process="push")
        house.wait_for("process.ready", process="push")
        assert again["pid"] != pid_of(ready, "push")
        ready = {**ready, "children": {"push": {"pid": again["pid"]}}}
    assert house.stop() == 0


@pytest.mark.usefixtures("yesterday")
def test_a_killed_database_is_started_again_with_its_data(start: Start) -> None:
    house = start({"name": "api"}, database=True)
    ready = house.wait_for("house.ready")
    dsn = cast("str", ready["dsn"])
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    # A busy back end does not notice that its postmaster is gone, and a new one refuses to start beside it.
    with psycopg.connect(dsn) as busy:
        busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1e11::bigint)")
        os.kill(cast("int", ready["postmaster"]), signal.SIGKILL)
        house.wait_for("process.died", process="postgres", exit_code=-signal.SIGKILL)
        house.wait_for("process.ready", process="postgres")
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT 1")
        busy.close()
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]
    assert house.stop() == 0
    assert living(everybody(ready)) == []


def test_a_killed_supervisor_takes_its_children_along(start: Start) -> None:
    house = start({"name": "api"}, {"name": "stuck", "behaviour": "stubborn"})
    ready = house.wait_for("house.ready")
    children = [processes.Stranger(pid) for pid in everybody(ready)]
    house.process.kill()
    assert processes.wait_gone(children, 30.0) == []


@pytest.mark.usefixtures("yesterday")
def test_the_next_start_stops_what_a_killed_supervisor_left(start: Start) -> None:
    house = start({"name": "api"}, {"name": "hung", "behaviour": "deaf"}, database=True)
    ready = house.wait_for("house.ready")
    with psycopg.connect(cast("str", ready["dsn"])) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    house.process.kill()
    house.process.wait()
    orphans = [cast("int", ready["postmaster"]), pid_of(ready, "hung")]
    assert living(orphans) == orphans
    after = start({"name": "api"}, database=True)
    again = after.wait_for("house.ready")
    assert living(orphans) == []
    assert {event["event"] for event in after.events} >= {"process.orphan_found", "postgres.orphan_found"}
    with psycopg.connect(cast("str", again["dsn"])) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]
    assert after.stop() == 0


def test_a_second_service_on_the_same_data_is_refused(start: Start, data_dir: Path) -> None:
    house = start({"name": "api"})
    ready = house.wait_for("house.ready")
    second = start({"name": "api"})
    second.wait_for_silence()
    assert second.process.wait() == 2
    assert second.errors() == (
        f"Another service (process {house.process.pid}) already works on the data in {data_dir}: "
        "stop that one first, or give this one a data directory of its own.\n"
    )
    assert len(living(everybody(ready))) == 1
    assert house.stop() == 0


@pytest.mark.usefixtures("yesterday")
def test_a_child_that_refuses_its_configuration_stops_everything(start: Start) -> None:
    house = start({"name": "api"}, {"name": "push", "behaviour": "refuses"}, database=True)
    house.wait_for_silence()
    assert house.process.wait() == 2
    assert house.errors() == "The targets file has no such key: correct line 3.\n"
    told = [event["event"] for event in house.events]
    assert told.count("process.refused") == 1
    assert "process.died" not in told
    assert "house.ready" not in told
    started = [cast("int", event["pid"]) for event in house.events if event["event"] == "process.started"]
    assert started
    assert living(started) == []


def test_a_child_that_cannot_start_is_tried_again_until_we_are_stopped(start: Start) -> None:
    house = start({"name": "push", "behaviour": "crashes"})
    waits = [house.wait_for("process.died", process="push", exit_code=1)["again_in"] for _ in range(4)]
    assert waits == [0.01, 0.02, 0.04, 0.05]
    assert house.stop() == 0


def test_higher_stages_stop_before_lower_ones(start: Start) -> None:
    house = start({"name": "target"}, {"name": "push", "stage": 1}, {"name": "api", "stage": 2})
    house.wait_for("house.ready")
    assert house.stop() == 0
    told = [event["process"] for event in house.events if event["event"] == "child.stopped"]
    assert told == ["api", "push", "target"]


def test_a_child_that_does_not_stop_is_killed(start: Start) -> None:
    house = start({"name": "stuck", "behaviour": "stubborn"}, drain_seconds=0.1)
    ready = house.wait_for("house.ready")
    assert house.stop() == 0
    assert living(everybody(ready)) == []


def test_a_second_request_to_stop_is_not_kept_waiting(start: Start) -> None:
    house = start({"name": "stuck", "behaviour": "stubborn"}, drain_seconds=3600.0)
    ready = house.wait_for("house.ready")
    house.process.send_signal(signal.SIGINT)
    house.wait_for("supervisor.asked_to_stop")
    assert house.stop() == 0
    assert living(everybody(ready)) == []


def test_a_child_is_pinned_to_its_core(start: Start) -> None:
    cores = sorted(os.sched_getaffinity(0))
    house = start({"name": "pinned", "pin_core": len(cores)}, {"name": "free"})
    ready = house.wait_for("house.ready")
    assert os.sched_getaffinity(pid_of(ready, "pinned")) == {cores[0]}
    assert os.sched_getaffinity(pid_of(ready, "free")) == set(cores)
    assert house.stop() == 0


def test_a_number_that_another_process_has_by_now_is_left_alone(tmp_path: Path) -> None:
    leftovers.record(tmp_path, {"api": os.getpid()})
    record = tmp_path / "children.json"
    birth = processes.birth_of(os.getpid())
    assert birth is not None
    record.write_text(record.read_text(encoding="utf-8").replace(birth, f"{birth}0"), encoding="utf-8")
    leftovers.stop(tmp_path)
    assert not record.exists()


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"api": 7}', '{"api": ["x", "y"]}', '{"api": [999999999, "y"]}'])
def test_a_spoilt_record_names_nobody(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / "children.json").write_text(spoilt, encoding="utf-8")
    leftovers.stop(tmp_path)
    assert list(tmp_path.iterdir()) == []
