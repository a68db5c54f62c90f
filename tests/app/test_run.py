"""`run`, as a user has it: started, refused, killed in every part, started again."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped] # psutil ships no types
import pytest
from tests import samples
from tests.services import RunningService, start, stop, wait_until

from credit_sanction import Client, types, verify
from credit_sanction_service.api.messages import plain_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def submit(client: Client, number: int) -> types.SanctionRecord:
    return client.submit(plain_record(samples.record(number), samples.TODAY, samples.LAW))


def converged(client: Client) -> bool:
    return not any(target.backlog for target in client.targets())


@pytest.fixture
def service(data_dir: Path) -> Iterator[RunningService]:
    running = start(data_dir / "data")
    yield running
    stop(running)


def test_a_second_start_finds_yesterdays_data_and_no_process_is_left_between(data_dir: Path) -> None:
    first = start(data_dir / "data")
    family = psutil.Process(first.process.pid).children(recursive=True)
    with Client(first.address, token=first.token, timeout=60) as client:
        record = submit(client, 1)
        with wait_until(lambda: converged(client)):
            pass
        receipt = client.check(record.enterprise.code, min_revision=record.revision, want_receipt=True).receipt
    assert receipt is not None
    assert stop(first, signal.SIGINT) == 0
    assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    second = start(data_dir / "data")
    try:
        assert second.token == first.token
        with Client(second.address, token=second.token, timeout=60) as client:
            assert client.get(record.name) == record
            assert client.check(record.enterprise.code).restricted
            assert verify(receipt, client.receipt_keys()).answer.restricted
            # The stand-ins remember too: nothing has to be sent again.
            assert {target.listed for target in client.targets()} == {1}
    finally:
        assert stop(second) == 0
    assert stat.S_IMODE((data_dir / "data" / "receipt.key").stat().st_mode) == 0o600


def test_any_child_and_the_database_may_be_killed(service: RunningService) -> None:
    with Client(service.address, token=service.token, timeout=60) as client:
        records = [submit(client, 1)]
        for child in ("worker", "stand-ins", "api-0", "postgres"):
            with wait_until(lambda child=child: pid_of(service, child) > 0):  # type: ignore[misc] # no type can be said there
                killed = pid_of(service, child)
            os.kill(killed, signal.SIGKILL)
            records.append(submit(client, len(records) + 1))
            with wait_until(
                lambda child=child, killed=killed: converged(client) and pid_of(service, child) not in {0, killed}  # type: ignore[misc] # as above
            ):
                assert {target.listed for target in client.targets()} == {len(records)}
            for record in records:
                assert client.check(record.enterprise.code, min_revision=records[-1].revision).restricted


def pid_of(service: RunningService, child: str) -> int:
    if child != "postgres":
        return service.pid_of(child)
    try:
        return int((service.data / "postgres" / "postmaster.pid").read_text("utf-8").splitlines()[0])
    except (FileNotFoundError, IndexError):
        return 0


def test_after_the_supervisor_was_killed_the_next_start_cleans_up(data_dir: Path) -> None:
    first = start(data_dir / "data")
    with Client(first.address, token=first.token, timeout=60) as client:
        record = submit(client, 1)
    first.process.kill()
    first.process.wait()
    second = start(data_dir / "data")
    try:
        with Client(second.address, token=second.token, timeout=60) as client:
            assert client.check(record.enterprise.code).restricted
            with wait_until(lambda: converged(client)):
                assert {target.listed for target in client.targets()} == {1}
    finally:
        assert stop(second) == 0


def test_a_second_service_is_refused_on_the_same_data_and_on_the_same_port(
    service: RunningService, data_dir: Path
) -> None:
    token = service.data / "administrator.token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600, "it is its user's alone"
    with Client(service.address, token=token.read_text("utf-8").strip()) as client:
        assert list(client.list()) == []
    same_data = start(service.data)
    assert same_data.process.wait(60) == 2
    assert len(same_data.lines) == 1, same_data.lines
    same_both = start(service.data, "--listen", service.address)
    assert same_both.process.wait(60) == 2
    assert "already works on the data" in same_both.lines[0]
    same_port = start(data_dir / "other", "--listen", service.address)
    assert same_port.process.wait(60) == 2
    assert "\n".join(same_port.lines) == (
        f"The service cannot listen on {service.address}, another program has that port: stop that program "
        "or choose another port with --listen or CREDIT_SANCTION_LISTEN."
    )
    assert not (data_dir / "other").exists()


def test_a_port_of_the_stand_ins_that_is_taken_is_told_before_anything_is_started(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        refused = start(data_dir / "data", "--stand-ins", taken)
        assert refused.process.wait(60) == 2
    assert "\n".join(refused.lines) == (
        f"The stand-in targets cannot listen on {taken}, another program has that port: stop that program "
        "or choose another port with --stand-ins or CREDIT_SANCTION_STAND_INS."
    )
    assert not (data_dir / "data").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[target]]\nname = "a"\nkind = "fax"\nurl = "http://127.0.0.1:1"\n', "'kind' is 'fax'"),
        ('[[target]]\nname = "a"\nkind = "city-website"\nurll = "x"\n', "urll"),
        ("nonsense", "is not TOML"),
    ],
)
def test_a_bad_targets_file_stops_the_start_with_one_sentence(data_dir: Path, text: str, said: str) -> None:
    path = data_dir / "targets.toml"
    path.write_text(text, "utf-8")
    service = start(data_dir / "data", "--targets", str(path))
    assert service.process.wait(60) == 2
    refusal = [line for line in service.lines if not line.startswith("{")]
    assert len(refusal) == 1, service.lines
    assert said in refusal[0]


def test_the_command_line_explains_every_setting() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "credit_sanction_service", "--help"], check=True, capture_output=True, text=True
    )
    assert "CREDIT_SANCTION_TARGETS" in shown.stdout
