"""Each process, started with exactly the compose file's command line, against a PostgreSQL that `run` did not start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from tests import samples
from tests.house.project import ROOT
from tests.services import free_port, wait_until

from credit_sanction import Client, types
from credit_sanction_service.api.messages import plain_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import Database

COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))


def command(process: str) -> list[str]:
    """Return the compose file's command line, with this environment's own scripts."""
    program, *arguments = COMPOSE["services"][process]["command"]
    return [str(Path(sys.executable).with_name(program)), *arguments]


def environment(process: str, **values: str) -> dict[str, str]:
    """Return the variables that the compose file sets for a process, with this test's values; none may be left out."""
    named = {name for name in COMPOSE["services"][process]["environment"] if name.startswith("CREDIT_SANCTION_")}
    assert named == set(values)
    return {**os.environ, **values}


@contextmanager
def running(process: str, directory: Path, **values: str) -> Iterator[Path]:
    """Run a process until the block ends, and stop it in order; the path is that of its log."""
    log = directory / f"{process}.log"
    with (
        log.open("wb") as file,
        subprocess.Popen(command(process), env=environment(process, **values), stdout=file, stderr=file) as child,
    ):
        try:
            yield log
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                code = child.wait(30)
            finally:
                child.kill()  # nothing where it has ended: else leaving the block would wait without end
            print(log.read_text("utf-8"))  # noqa: T201 - pytest shows it where the test failed
            assert code == 0


def test_the_deployed_processes_do_the_main_job(database: Database, tmp_path: Path) -> None:
    migrate = subprocess.run(
        command("migrate"),
        env=environment("migrate", CREDIT_SANCTION_OWNER_DSN=database.owner_dsn),
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert migrate.returncode == 0, migrate.stderr
    port, targets_port, metrics_port, api_metrics_port = (free_port() for _ in range(4))
    dsn, stand_ins = database.service_dsn, tmp_path / "stand-ins"
    with (
        running(
            "stand-ins",
            tmp_path,
            CREDIT_SANCTION_STAND_INS=f"127.0.0.1:{targets_port}",
            CREDIT_SANCTION_STAND_INS_DIR=str(stand_ins),
        ),
        wait_until((stand_ins / "targets.toml").exists),
        running(
            "worker",
            tmp_path,
            CREDIT_SANCTION_DSN=dsn,
            CREDIT_SANCTION_TARGETS=str(stand_ins / "targets.toml"),
            CREDIT_SANCTION_METRICS=f"127.0.0.1:{metrics_port}",
        ) as worker_log,
        running(
            "api",
            tmp_path,
            CREDIT_SANCTION_DSN=dsn,
            CREDIT_SANCTION_LISTEN=f"127.0.0.1:{port}",
            CREDIT_SANCTION_API_METRICS=f"127.0.0.1:{api_metrics_port}",
            CREDIT_SANCTION_RECEIPT_KEY_FILE=str(receipt_key(tmp_path)),
        ),
        wait_until(lambda: "worker.started" in worker_log.read_text("utf-8")),
        Client(f"127.0.0.1:{port}", token=issue(dsn), timeout=60) as client,
    ):
        created = client.submit(plain_record(samples.record(today=samples.TODAY), samples.TODAY, samples.LAW))
        with wait_until(lambda: not any(target.backlog for target in client.targets())):
            assert {target.listed for target in client.targets()} == {1}
        answer = client.check(created.enterprise.code, min_revision=created.revision)
        assert answer.restricted
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10) as shown:
            assert b"\ncredit_sanction_store_up 1.0\n" in shown.read()
        with urllib.request.urlopen(f"http://127.0.0.1:{api_metrics_port}/metrics", timeout=10) as shown:
            assert b'credit_sanction_api_calls_total{method="CheckRestrictions",outcome="OK"} 1.0\n' in shown.read()
        client.lift(created, ground="EXIT_COMPLETED", document_number="虚构移字1号", date=samples.TODAY)
        with wait_until(lambda: not any(target.backlog or target.listed for target in client.targets())):
            assert client.get(created.name).state == types.RecordState.RECORD_STATE_LIFTED


def receipt_key(directory: Path) -> Path:
    """Return a file with a new key, made as an operator does who has no openssl."""
    path = directory / "receipt.key"
    with path.open("wb") as file:
        subprocess.run(
            [*command("api")[:1], "receipt-key"], check=True, stdout=file, stderr=subprocess.PIPE, timeout=30
        )
    return path


def issue(dsn: str) -> str:
    """Return a token, issued as an operator does."""
    made = subprocess.run(
        [*command("api")[:1], "token", "issue", "administrator", "--role", "administrator"],
        env={**os.environ, "CREDIT_SANCTION_DSN": dsn},
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return made.stdout.strip()


@pytest.mark.parametrize(
    ("process", "values", "said"),
    [
        ("api", {}, "CREDIT_SANCTION_DSN is not set"),
        ("worker", {"CREDIT_SANCTION_DSN": "host=/nowhere dbname=x"}, "database cannot be reached"),
        ("migrate", {}, "CREDIT_SANCTION_OWNER_DSN is not set"),
        ("migrate", {"CREDIT_SANCTION_OWNER_DSN": "host=/nowhere dbname=x"}, "database cannot be reached"),
        ("stand-ins", {}, "CREDIT_SANCTION_STAND_INS_DIR is not set"),
        ("api", {"CREDIT_SANCTION_LISTEN": "here"}, "host:port is expected"),
        ("api", {"CREDIT_SANCTION_LISTN": "x"}, "CREDIT_SANCTION_LISTN is not a setting"),
        (
            "api",
            {"CREDIT_SANCTION_NOPE": "x"},
            "the settings are CREDIT_SANCTION_API_METRICS, CREDIT_SANCTION_",
        ),
        (
            "stand-ins",
            {"CREDIT_SANCTION_STAND_INS": "192.0.2.1:1", "CREDIT_SANCTION_STAND_INS_DIR": "/nowhere"},
            "choose one that it has, such as 127.0.0.1, with CREDIT_SANCTION_STAND_INS.",
        ),
        ("api", {"CREDIT_SANCTION_WORKERS": "many"}, "a number is expected"),
        (
            "api",
            {"CREDIT_SANCTION_API_METRICS": "here"},
            "CREDIT_SANCTION_API_METRICS is 'here': host:port is expected",
        ),
        ("worker", {"CREDIT_SANCTION_METRICS": "192.0.2.1:1"}, "with --metrics or CREDIT_SANCTION_METRICS."),
        ("api", {"CREDIT_SANCTION_RECEIPT_KEY": "x"}, "CREDIT_SANCTION_RECEIPT_KEY is neither PEM nor 32 bytes"),
    ],
)
def test_a_bad_start_is_one_sentence_and_exit_code_2(process: str, values: dict[str, str], said: str) -> None:
    ended = subprocess.run(
        command(process), env={**os.environ, **values}, check=False, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr


@pytest.mark.parametrize(
    ("listen", "times"),
    [("0.0.0.0:0", 1), ("[2001:db8::1]:1", 1), ("127.0.0.1:0", 0), ("[::1]:0", 0), ("localhost:0", 0)],
)
def test_an_address_that_other_machines_reach_is_warned_of(listen: str, times: int) -> None:
    # Without a database nothing is listened on here; the warning comes first.
    ended = subprocess.run(
        command("api"),
        env={**os.environ, "CREDIT_SANCTION_LISTEN": listen},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stderr.count('"event": "server.exposed"') == times
    assert ended.returncode == 2


def test_an_old_schema_is_told_before_anything_is_served(database: Database) -> None:
    ended = subprocess.run(
        command("api"),
        env={**os.environ, "CREDIT_SANCTION_DSN": database.service_dsn},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2
    assert "run `credit-sanction-service migrate` first" in ended.stderr


EPHEMERAL = ("--listen", "127.0.0.1:0", "--stand-ins", "127.0.0.1:0")


@pytest.mark.parametrize("process", ["api", "worker", "run"])
def test_a_connection_string_that_is_none_is_told_and_not_shown(process: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [
            *command("api")[:1],
            process,
            *(["--data-dir", str(tmp_path), *EPHEMERAL] if process == "run" else []),
        ],
        env={**os.environ, "CREDIT_SANCTION_DSN": "postgresql://u:hunter2@[bad/db"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2
    assert "CREDIT_SANCTION_DSN is not a PostgreSQL connection string" in ended.stderr
    assert "hunter2" not in ended.stderr


def test_a_taken_port_for_the_metrics_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = subprocess.run(
            [*command("api")[:1], "run", "--data-dir", str(tmp_path), *EPHEMERAL, "--metrics", address],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 2
    assert ended.stderr == (
        f"The worker's metrics cannot listen on {address}, another program has that port: stop that program or choose "
        "another port with --metrics or CREDIT_SANCTION_METRICS.\n"
    )


def test_a_second_api_on_a_taken_port_is_refused_and_answers_nobody(store: Database, tmp_path: Path) -> None:
    port = free_port()
    values = {
        "CREDIT_SANCTION_DSN": store.service_dsn,
        "CREDIT_SANCTION_LISTEN": f"127.0.0.1:{port}",
        "CREDIT_SANCTION_RECEIPT_KEY_FILE": str(receipt_key(tmp_path)),
        "CREDIT_SANCTION_API_METRICS": "127.0.0.1:0",
    }
    with running("api", tmp_path, **values) as log, wait_until(lambda: "server.started" in log.read_text("utf-8")):
        second = subprocess.run(
            command("api"), env=environment("api", **values), check=False, capture_output=True, text=True, timeout=60
        )
    assert second.returncode == 2
    assert str(port) in second.stderr.splitlines()[-1]
