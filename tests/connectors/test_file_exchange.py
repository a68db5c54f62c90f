"""The file exchange: what only files can break; the connectors' contract holds it too."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.connectors.rig import TIMEOUT_S, now, on_loop, parcel, push, unavailable

from credit_sanction_connectors.exchange_outbox import Outbox
from credit_sanction_connectors.file_exchange import FileExchange, FileExchangeSettings
from credit_sanction_connectors.port import Entry, Rejected, Unavailable, Version
from credit_sanction_connectors.settings import BadTarget, Secrets
from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_connectors.standins.counterpart import Counterpart
from credit_sanction_connectors.standins.desk import Desk
from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.file_exchange import exchange_directories
from credit_sanction_connectors.standins.runner import serving

SOON_S = 0.2


@pytest.fixture
def out_dir(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def in_dir(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def connector(out_dir: Path, in_dir: Path) -> FileExchange:
    return FileExchange.from_table("city", {"out_dir": str(out_dir), "in_dir": str(in_dir)}, Secrets(), now)


@asynccontextmanager
async def other_side(directory: Path) -> AsyncIterator[tuple[Desk, Counterpart]]:
    async with serving([StandIn(name="a", kind="file-exchange", secret="made-up", directory=directory)]) as running:
        yield running.desks["a"], running.counterparts["a"]


def manifests(out_dir: Path) -> list[dict[str, object]]:
    """Return the manifests in order, each checked against its batch file."""
    told = [json.loads(path.read_bytes()) for path in sorted(out_dir.glob("manifest-*.json"))]
    for one in told:
        assert hashlib.sha256((out_dir / one["file"]).read_bytes()).hexdigest() == one["sha256"]
    return told


def written(out_dir: Path) -> dict[Path, int]:
    """Return when each file was written."""
    return {path: path.stat().st_mtime_ns for path in out_dir.glob("*.json")}


def answer(out_dir: Path, in_dir: Path, **line: object) -> None:
    """Answer the first batch by hand."""
    manifest = manifests(out_dir)[0]
    (entry,) = json.loads((out_dir / str(manifest["file"])).read_bytes())["entries"]
    told = {key: manifest[key] for key in ("sha256", "presentation")}
    path = in_dir / "answer-000000000001.json"
    path.write_text(json.dumps({**told, "entries": [{"key": entry["key"], **line}]}))


@on_loop
async def test_an_answer_that_comes_between_is_picked_up_without_a_second_file(out_dir: Path, in_dir: Path) -> None:
    late = await unavailable(push(connector(out_dir, in_dir), parcel(1), timeout_s=SOON_S))
    assert (late.sent, late.status, late.reason) == (True, None, "batch 000000000001 is written, no receipt yet")
    answer(out_dir, in_dir, code="00", receipt="R7")
    before = written(out_dir)
    assert (await push(connector(out_dir, in_dir), parcel(1), timeout_s=TIMEOUT_S)).number == "R7"
    assert written(out_dir) == before
    # Lost before it was settled: the target is asked again, and the receipt stands though it says no more.
    assert (await push(connector(out_dir, in_dir), parcel(1), timeout_s=SOON_S)).number == "R7"
    (one,) = manifests(out_dir)
    assert (one["sequence"], one["entries"], one["presentation"]) == (1, 1, 2)


@on_loop
@pytest.mark.parametrize("code", ["96", "97", "98"])
async def test_a_data_error_is_rejected_in_the_targets_words(out_dir: Path, in_dir: Path, code: str) -> None:
    await unavailable(push(connector(out_dir, in_dir), parcel(1), timeout_s=SOON_S))
    answer(out_dir, in_dir, code=code, message="认定日期缺失")
    with pytest.raises(Rejected) as refusal:
        await push(connector(out_dir, in_dir), parcel(1), timeout_s=TIMEOUT_S)
    assert (refusal.value.reason, refusal.value.code, refusal.value.status) == ("认定日期缺失", code, None)


@on_loop
@pytest.mark.parametrize(
    "line",
    [
        {"code": "99"},
        {"code": "99", "status": 2**31},
        {"code": "99", "retry_after": float("nan")},
        {"code": []},
        {},
        {"code": "00"},
    ],
    ids=str,
)
async def test_what_is_no_receipt_is_not_now(out_dir: Path, in_dir: Path, line: dict[str, object]) -> None:
    await unavailable(push(connector(out_dir, in_dir), parcel(1), timeout_s=SOON_S))
    answer(out_dir, in_dir, **line)
    told = await unavailable(push(connector(out_dir, in_dir), parcel(1), timeout_s=TIMEOUT_S))
    assert (told.sent, told.retry_after) == (True, None)
    assert told.status in {None, 200}


@on_loop
@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is not JSON"),
        (b'{"sha256": "', "is not JSON"),
        (b"[]", "does not answer this batch"),
        (b'{"sha256": "another batch\'s"}', "does not answer this batch"),
        (b"\xff", "is not JSON"),
        (b"[" * 60_000, "is not JSON"),
        (b"x" * 10_000_000, "is longer than 1048576 bytes"),
    ],
    ids=str,
)
async def test_half_an_answer_is_none_yet_and_is_shown(out_dir: Path, in_dir: Path, content: bytes, fault: str) -> None:
    (in_dir / "answer-000000000001.json").write_bytes(content)
    told = await unavailable(push(connector(out_dir, in_dir), parcel(1), timeout_s=SOON_S))
    assert (told.sent, told.status) == (True, None)
    assert told.reason == f"batch 000000000001 is written, no receipt yet: answer-000000000001.json {fault}"
    assert told.excerpt == content[:500].decode(errors="replace")


@on_loop
async def test_a_link_or_a_pipe_is_not_an_answer(out_dir: Path, in_dir: Path, tmp_path: Path) -> None:
    await unavailable(push(connector(out_dir, in_dir), parcel(1), timeout_s=SOON_S))
    answer(out_dir, in_dir, code="00", receipt="R7")
    path = in_dir / "answer-000000000001.json"
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert (await unavailable(push(connector(out_dir, in_dir), parcel(1), timeout_s=SOON_S))).sent
    path.unlink()
    os.mkfifo(path)
    assert (await unavailable(push(connector(out_dir, in_dir), parcel(1), timeout_s=SOON_S))).sent


@on_loop
async def test_a_link_in_the_out_directory_is_replaced_and_not_written_through(
    out_dir: Path, in_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "precious").write_text("kept")
    (out_dir / "batch-000000000001.json").symlink_to(tmp_path / "precious")
    await unavailable(push(connector(out_dir, in_dir), parcel(1), timeout_s=SOON_S))
    assert (tmp_path / "precious").read_text() == "kept"
    assert len(manifests(out_dir)) == 1


@on_loop
async def test_an_answer_given_twice_is_taken_once(out_dir: Path, in_dir: Path, tmp_path: Path) -> None:
    async with other_side(tmp_path) as (desk, counterpart):
        exchange = connector(out_dir, in_dir)
        counterpart.answers_twice = True
        desk.script.tell([Behaviour(mode="503", times=1)])
        assert (await unavailable(push(exchange, parcel(1), timeout_s=TIMEOUT_S))).status == 503
        assert (await push(exchange, parcel(1), timeout_s=TIMEOUT_S)).number == "R00000001"
        assert [(one["sequence"], one["presentation"]) for one in counterpart.seen] == [(1, 1), (1, 2)]
        assert manifests(out_dir) == [], "the counterpart has taken them away"


@on_loop
async def test_the_other_side_goes_on_after_a_restart_with_what_it_had_fetched(
    out_dir: Path, in_dir: Path, tmp_path: Path
) -> None:
    async with other_side(tmp_path) as (desk, _):
        desk.script.tell([Behaviour(mode="hang", times=1)])
        assert (await unavailable(push(connector(out_dir, in_dir), parcel(1), timeout_s=SOON_S))).sent
    async with other_side(tmp_path) as (desk, _):
        await desk.arrived(1)
        assert (await push(connector(out_dir, in_dir), parcel(1), timeout_s=TIMEOUT_S)).number == "R00000001"


@on_loop
async def test_the_list_is_the_counterparts_full_list_file(out_dir: Path, in_dir: Path, tmp_path: Path) -> None:
    async with other_side(tmp_path) as (_, counterpart):
        exchange = connector(out_dir, in_dir)
        assert not exchange.offers_list
        assert not (await unavailable(exchange.read_list(timeout_s=TIMEOUT_S))).sent
        await push(exchange, parcel(1), timeout_s=TIMEOUT_S)
        line: dict[str, object] = {"record": "sanctionRecords/r1", "version": {"epoch": 1, "number": 1}, "standing": []}
        counterpart.leave_list([line], through=0)
        assert exchange.offers_list
        assert "does not reach batch 1" in (await unavailable(exchange.read_list(timeout_s=TIMEOUT_S))).reason
        counterpart.leave_list([line], through=1)
        held = Entry(subject="sanctionRecords/r1", version=Version(epoch=1, number=1))
        assert await exchange.read_list(timeout_s=TIMEOUT_S) == {"sanctionRecords/r1": held}
        assert await exchange.read_entry("sanctionRecords/r2", timeout_s=TIMEOUT_S) is None
        counterpart.leave_list([line, {}], through=1)
        await unavailable(exchange.read_list(timeout_s=TIMEOUT_S))


@on_loop
async def test_a_file_system_that_hangs_holds_up_nobody_else(out_dir: Path, in_dir: Path, tmp_path: Path) -> None:
    answers = threading.Event()

    def hang(_: str) -> None:
        answers.wait()

    hanging = FileExchange(FileExchangeSettings(out_dir=out_dir, in_dir=in_dir), now=now, on_step=hang)
    try:
        for _ in range(6):  # more than it has threads
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(push(hanging, parcel(1), timeout_s=TIMEOUT_S), SOON_S / 4)
        (tmp_path / "well").mkdir()
        async with other_side(tmp_path / "well") as (desk, _):
            well = connector(*exchange_directories(tmp_path / "well"))
            assert (await push(well, parcel(1), timeout_s=TIMEOUT_S)).number == "R00000001"
            assert desk.ledger.arrivals == 1
        # Those by which names are resolved.
        ready = [asyncio.to_thread(threading.get_ident) for _ in range(32)]
        await asyncio.wait_for(asyncio.gather(*ready), TIMEOUT_S)
        await hanging.aclose()
    finally:
        answers.set()


def test_a_process_ends_though_a_file_system_hangs() -> None:
    script = """
import asyncio, threading
from credit_sanction_connectors.own_threads import OwnThreads, in_time

async def work():
    try:
        await asyncio.wait_for(OwnThreads(1).run(threading.Event().wait), 0.01)
    except TimeoutError:
        print(in_time(threading.Event().wait, within_s=0.01, otherwise="otherwise"))

asyncio.run(work())
"""
    command = [sys.executable, "-c", script]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    assert subprocess.run(command, env=environ, timeout=30, check=True, capture_output=True).stdout == b"otherwise\n"


def in_a_child(work: Callable[[], None]) -> int:
    """Run `work` in a forked process and return its process id."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def offer(out_dir: Path, *keys: str, on_step: Callable[[str], None] = lambda _: None) -> list[int]:
    box = Outbox(out_dir, now=now, on_step=on_step)
    return [box.offer(key, b'{"entries": []}', until=time.monotonic() + TIMEOUT_S).sequence for key in keys]


def killer(step: int) -> Callable[[str], None]:
    """Return what kills the process at the step of that number."""
    left = iter(range(step))

    def told(_: str) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    return told


def test_killed_between_any_two_steps_no_number_repeats_or_is_skipped(tmp_path: Path) -> None:
    steps: list[str] = []
    (tmp_path / "whole").mkdir()
    offer(tmp_path / "whole", "k1", on_step=steps.append)
    offered = len(steps)
    offer(tmp_path / "whole", "k1", on_step=steps.append)
    assert (offered, len(steps)) == (15, 24)
    for step in range(len(steps)):
        out_dir = tmp_path / str(step)
        out_dir.mkdir()
        # The first offer of k1, and behind it showing the same again.
        child = in_a_child(lambda out_dir=out_dir, step=step: _twice(out_dir, killer(step)))  # type: ignore[misc]
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        assert [one["sequence"] for one in manifests(out_dir)] in ([], [1])
        offer(out_dir, "k2", "k1", "k3")
        assert [one["sequence"] for one in manifests(out_dir)] == [1, 2, 3]
        assert len({str(Outbox(out_dir, now=now).find(key)) for key in ("k1", "k2", "k3")}) == 3
        assert sorted(path.name[:5] for path in out_dir.iterdir() if path.is_file()) == ["batch"] * 3 + ["manif"] * 3


def _twice(out_dir: Path, on_step: Callable[[str], None]) -> None:
    offer(out_dir, "k1", "k1", on_step=on_step)


def test_two_processes_share_the_numbers(out_dir: Path) -> None:
    children = [in_a_child(lambda: _many(out_dir, "a")), in_a_child(lambda: _many(out_dir, "b"))]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert [one["sequence"] for one in manifests(out_dir)] == list(range(1, 41))


def _many(out_dir: Path, worker: str) -> None:
    offer(out_dir, *(f"{worker}{number}" for number in range(20)))


def test_without_the_notes_no_number_is_given_away(out_dir: Path) -> None:
    offer(out_dir, "k1")
    (out_dir / ".exchange" / "last.json").unlink()
    with pytest.raises(Unavailable, match="no note of the last number") as refusal:
        offer(out_dir, "k2")
    assert not refusal.value.sent
    (out_dir / ".exchange" / "last.json").write_bytes(b"{")
    with pytest.raises(Unavailable, match="unreadable"):
        offer(out_dir, "k2")
    assert len(manifests(out_dir)) == 1


@pytest.mark.parametrize("key", ["out_dir", "in_dir"])
@pytest.mark.parametrize("value", [None, 7, "", "relative", "/nowhere/at/all", "/tmp/../tmp", "/etc/hostname", "a\0"])  # noqa: S108 - refused
def test_a_directory_that_cannot_be_used_is_refused(out_dir: Path, in_dir: Path, key: str, value: object) -> None:
    table: dict[str, object] = {"out_dir": str(out_dir), "in_dir": str(in_dir), key: value}
    with pytest.raises(BadTarget, match=rf"^targets\.city\.{key}: .*expected"):
        FileExchange.from_table("city", table, Secrets(), now)


def test_a_link_the_same_directory_and_an_address_are_refused(out_dir: Path, in_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(in_dir)
    good: dict[str, object] = {"out_dir": str(out_dir), "in_dir": str(in_dir)}
    bad: list[dict[str, object]] = [
        {"in_dir": str(tmp_path / "link")},
        {"in_dir": str(out_dir)},
        {"url": "https://a"},
        {"secret_env": "A"},
    ]
    for one in bad:
        with pytest.raises(BadTarget, match=rf"^targets\.city\.{next(iter(one))}: .*expected"):
            FileExchange.from_table("city", {**good, **one}, Secrets(), now)
