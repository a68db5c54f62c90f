"""The law in processes: brought by `migrate` and `run`, refused at the start where it cannot be read, loaded while all run."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from tests import samples
from tests.law_texts import LATER_FORMAT, year
from tests.services import PATIENCE_S, free_port, start, stop, wait_until

from credit_sanction import Client
from credit_sanction_service.config import PREFIX
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.law import shipped_editions
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.law import list_editions
from credit_sanction_service.store.migrate import migrate
from credit_sanction_service.store.tokens import issue_token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.database import Database

SHIPPED = [(edition.kind, edition.name) for edition in shipped_editions()]
UNREADABLE = (
    "this release cannot read the store's rule tables (CALENDAR 2099: header: format: this code reads format 1 alone): start"
    " the release that they were loaded for"
)
TARGETS = '[[target]]\nname = "a"\nkind = "city-website"\nurl = "http://127.0.0.1:1"\nsecret_env = "A_SECRET"\n'


def environment(**settings: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return plain | {"A_SECRET": "x" * 32} | {PREFIX + name: value for name, value in settings.items()}


def service(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the service until it ends."""
    command = [sys.executable, "-m", "credit_sanction_service", *arguments]
    return subprocess.run(
        command, env=environment(**settings), check=False, capture_output=True, text=True, timeout=PATIENCE_S
    )


@contextmanager
def api(store: Database, log: Path) -> Iterator[str]:
    """Run one API process and yield its address once it serves."""
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "credit_sanction_service", "api"]
    with (
        log.open("wb") as file,
        subprocess.Popen(
            command, env=environment(DSN=store.service_dsn, LISTEN=address), stdout=file, stderr=file
        ) as process,
    ):
        try:
            with wait_until(lambda: "server.started" in log.read_text("utf-8")):
                yield address
        finally:
            process.kill()


def put_later_edition(store: Database) -> None:
    with connect(store.service_dsn) as connection:
        connection.execute(
            "INSERT INTO law_edition SELECT 'CALENDAR', '2099', %s, 'x', '', now(), epoch, number, 99 FROM store_head",
            (LATER_FORMAT,),
        )


def test_migrate_brings_what_ships_once(database: Database) -> None:
    migrate(database.owner_dsn)
    bare = service("api", DSN=database.service_dsn)
    assert (bare.returncode, bare.stderr) == (
        2,
        "the store has no rule tables yet: run `credit-sanction-service migrate` first\n",
    )
    for _ in range(2):
        assert service("migrate", OWNER_DSN=database.owner_dsn).returncode == 0
        with connect(database.service_dsn) as connection:
            assert [(edition.kind, edition.name) for edition in list_editions(connection)] == SHIPPED
            assert connection.execute("SELECT number, law_version FROM store_head").fetchone() == (1, 1)


@pytest.mark.parametrize("command", ["api", "worker", "run"])
def test_a_process_that_cannot_read_the_law_does_not_start(store: Database, tmp_path: Path, command: str) -> None:
    put_later_edition(store)
    targets = tmp_path / "targets.toml"
    targets.write_text(TARGETS, "utf-8")
    more = {"DATA_DIR": str(tmp_path / "data"), "TARGETS": str(targets), "LISTEN": "127.0.0.1:0"}
    refused = service(command, DSN=store.service_dsn, **more)
    assert refused.returncode == 2
    sentences = [line for line in refused.stderr.splitlines() if not line.startswith("{")]
    assert sentences == [UNREADABLE]


def test_a_shipped_edition_that_the_store_has_otherwise_stops_the_start(store: Database) -> None:
    with connect(store.owner_dsn) as owner:
        owner.execute("UPDATE law_edition SET digest = 'another' WHERE kind = 'LIMITS'")
    refused = service("migrate", OWNER_DSN=store.owner_dsn)
    assert refused.returncode == 2
    assert "LIMITS 2026-1 is loaded with another text" in refused.stderr.splitlines()[-1]


def test_next_years_calendar_is_known_to_every_process_without_a_restart(store: Database, tmp_path: Path) -> None:
    with connect(store.service_dsn) as connection:
        token = issue_token(connection, Principal(name="管理员", roles=frozenset({Role.ADMINISTRATOR})))
    with ExitStack() as running:
        addresses = [running.enter_context(api(store, tmp_path / f"{name}.log")) for name in ("one", "other")]
        one, other = (running.enter_context(Client(address, token, timeout=60)) for address in addresses)
        before = other.check(samples.code(1))
        loaded = one.load_edition(year(2027).text)
        after = other.check(samples.code(1), min_revision=loaded.revision)
    assert (before.law["CALENDAR"], after.law["CALENDAR"]) == ("2004-2026", "2027")


def test_run_brings_what_ships_and_the_command_loads_more(data_dir: Path, tmp_path: Path) -> None:
    running = start(data_dir / "data")
    try:
        file, token = tmp_path / "calendar-2027.toml", tmp_path / "token"
        file.write_text(year(2027).text, "utf-8")
        token.write_text(running.token, "utf-8")
        names = []
        for words in (["list"], ["load", str(file)], ["show", "CALENDAR", "2027"], ["list", "--kind", "CALENDAR"]):
            command = [sys.executable, "-m", "credit_sanction", "law", *words]
            where = environment(ADDRESS=running.address, TOKEN_FILE=str(token))
            names.append(
                subprocess.run(
                    command, env=where, check=True, capture_output=True, text=True, timeout=PATIENCE_S
                ).stdout
            )
        assert [tuple(line.split()[:2]) for line in names[0].splitlines()] == SHIPPED
        assert names[2] == year(2027).text
        assert [line.split()[1] for line in names[3].splitlines()] == ["2004-2026", "2027"]
    finally:
        assert stop(running) == 0
