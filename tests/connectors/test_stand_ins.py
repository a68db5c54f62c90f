"""The stand-ins themselves: their control addresses, their memory, their process."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from tests.connectors.rig import (
    TIMEOUT_S,
    closing,
    connector_of,
    leave_late,
    on_loop,
    parcel,
    push,
    target,
    unavailable,
)

from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.kinds import DIALECTS
from credit_sanction_connectors.standins.runner import serving


def one(name: str, kind: str, directory: Path | None = None) -> StandIn:
    return StandIn(name=name, kind=kind, secret=DIALECTS[kind].new_secret(), directory=directory)


@on_loop
async def test_one_process_hosts_several_and_keeps_them_apart(tmp_path: Path) -> None:
    kinds = sorted(DIALECTS)
    stand_ins = [one(f"target-{number}", kind, tmp_path / str(number)) for number, kind in enumerate(kinds * 2)]
    async with serving(stand_ins) as running:
        for stand_in in stand_ins[: len(kinds)]:
            async with closing(connector_of(stand_in, running.url(stand_in.name))) as connector:
                await push(connector, parcel(1), timeout_s=TIMEOUT_S)
        assert [desk.ledger.arrivals for desk in running.desks.values()] == [1] * len(kinds) + [0] * len(kinds)


@on_loop
async def test_they_are_told_and_asked_over_http(kind: str, tmp_path: Path) -> None:
    stand_in = one("target-a", kind, tmp_path)
    async with serving([stand_in]) as running, httpx.AsyncClient(base_url=running.url("target-a")) as control:
        async with closing(connector_of(stand_in, running.url("target-a"))) as connector:
            told = [{"mode": "429", "times": 1, "retry_after": 3, "subject": "sanctionRecords/r1"}, {"mode": "hang"}]
            assert (await control.post("/_standin/behaviour", json=told)).status_code == 200
            assert (await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))).retry_after == 3
            assert (await control.post("/_standin/behaviour", json=[])).json() == []
            await push(connector, parcel(2), timeout_s=TIMEOUT_S)
        state = (await control.get("/_standin/state", params={"min_arrivals": 2, "wait_s": 5})).json()
        assert (state["name"], state["kind"], state["arrivals"], state["inversions"]) == ("target-a", kind, 2, 0)
        assert state["subjects"]["sanctionRecords/r1"]["version"] == {"epoch": 1, "number": 2}
        assert [told["act"] for told in state["recent"]] == ["not taken", "taken"]
        assert (await control.post("/_standin/reset")).status_code == 204
        assert (await control.get("/_standin/state")).json()["subjects"] == {}


@on_loop
@pytest.mark.parametrize(
    "told",
    [
        {},
        [7],
        [{}],
        [{"mode": "dance"}],
        [{"mode": "101"}],
        [{"mode": "600"}],
        [{"mode": 503}],
        [{"mode": "503", "time": 1}],
        [{"mode": "503", "times": 0}],
        [{"mode": "503", "times": True}],
        [{"mode": "reject", "on": "read"}],
        [{"mode": "503", "retry_after": [1]}],
        [{"mode": "503", "retry_after": "1\r\nX: y"}],
        [{"mode": "503", "subject": 7}],
        [{"mode": "late", "after": "soon"}],
    ],
)
async def test_what_cannot_be_played_is_refused(told: object) -> None:
    async with serving([one("target-a", "city-website")]) as running, httpx.AsyncClient() as control:
        answer = await control.post(f"{running.url('target-a')}/_standin/behaviour", json=told)
        assert answer.status_code == 400
        assert "expected" in answer.text


@on_loop
async def test_a_late_request_arrives_though_its_client_has_gone(kind: str) -> None:
    async with target(kind) as (connector, desk):
        await leave_late(connector, desk, parcel(1), after=0.1)
        await desk.arrived(1)
        assert desk.ledger.held["sanctionRecords/r1"].present


@on_loop
async def test_stopping_ends_what_hangs(http_kind: str) -> None:
    stand_in = one("target-a", http_kind)
    async with AsyncExitStack() as server:
        running = await server.enter_async_context(serving([stand_in]))
        desk = running.desks["target-a"]
        async with closing(connector_of(stand_in, running.url("target-a"))) as connector:
            await leave_late(connector, desk, parcel(1))
            desk.script.tell([Behaviour(mode="hang", times=1)])
            hanging = asyncio.create_task(push(connector, parcel(2), timeout_s=TIMEOUT_S))
            await desk.arrived(1)
            async with asyncio.timeout(1.5):  # the server's own patience with open connections is longer
                await server.aclose()
            assert (await unavailable(hanging)).sent
            assert desk.ledger.held == {}


@on_loop
async def test_a_restart_remembers_what_was_taken(kind: str, tmp_path: Path) -> None:
    stand_in = one("target-a", kind, tmp_path / "files")

    async def told(number: int) -> dict[str, object]:
        async with (
            serving([stand_in], state_dir=tmp_path / "new") as running,
            closing(connector_of(stand_in, running.url("target-a"))) as connector,
        ):
            await push(connector, parcel(number, others=("sanctionRecords/r2",)), timeout_s=TIMEOUT_S)
            return running.desks["target-a"].state()

    before = await told(1)
    after = await told(1)
    assert before["subjects"] == after["subjects"]
    assert before["enterprises"] == after["enterprises"]
    assert after["acts"] == {"taken": 1, "replayed": 1}


@on_loop
async def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    stand_in = one("target-a", "city-website")
    for _ in range(2):
        async with (
            serving([stand_in], state_dir=tmp_path) as running,
            closing(connector_of(stand_in, running.url("target-a"))) as connector,
        ):
            await push(connector, parcel(1), timeout_s=TIMEOUT_S)
        with (tmp_path / "target-a.jsonl").open("a") as journal:
            journal.write('{"take": true, "arr')
    async with serving([stand_in], state_dir=tmp_path) as running:
        assert running.desks["target-a"].ledger.arrivals == 2


@on_loop
async def test_a_bad_description_is_refused() -> None:
    good = one("target-a", "city-website")
    bad = [one("Target A", "city-website")], [good, good], [StandIn(name="a", kind="fax", secret="s")]
    for stand_ins in (*bad, [StandIn(name="a", kind="city-website", secret="")], [one("a", "file-exchange")]):
        with pytest.raises(ValueError, match="expected"):
            async with serving(stand_ins):
                raise AssertionError("it was served")


@on_loop
async def test_a_taken_port_is_an_oserror_and_leaves_nothing_open() -> None:
    async with serving([one("target-a", "city-website")]) as running:
        with pytest.raises(OSError, match="in use"):
            async with serving([one("target-b", "city-website")], port=int(running.address.rpartition(":")[2])):
                raise AssertionError("it was served")


SCRIPT = """
import pathlib, sys
from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.runner import run
run([StandIn(name="target-a", kind="city-website", secret="token")], host="127.0.0.1", port=0,
    state_dir=pathlib.Path(sys.argv[1]), on_ready=lambda running: print(running.url("target-a"), flush=True))
"""


@contextmanager
def process(state_dir: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", SCRIPT, str(state_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as running:
        assert running.stdout is not None
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def test_a_killed_process_remembers_and_a_terminated_one_ends_well(tmp_path: Path) -> None:
    stand_in = StandIn(name="target-a", kind="city-website", secret="token")

    @on_loop
    async def tell(url: str) -> None:
        async with closing(connector_of(stand_in, url)) as connector:
            await push(connector, parcel(1), timeout_s=TIMEOUT_S)

    with process(tmp_path) as (running, url):
        tell(url)
        running.send_signal(signal.SIGKILL)
    with process(tmp_path) as (running, url):
        assert httpx.get(f"{url}/_standin/state").json()["acts"] == {"taken": 1}
        running.send_signal(signal.SIGTERM)
        assert running.wait(5) == 0
