"""The service in small as a real process, and what it says."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypedDict

import pytest
from tests.conftest import passable_directory

from credit_sanction_service.host import postmaster
from credit_sanction_service.host.account import account_for
from credit_sanction_service.host.cluster import Cluster
from credit_sanction_service.host.home import claim

SMALL_HOUSE = str(Path(__file__).with_name("small_house.py"))
Start = Callable[..., "House"]


class ChildOrder(TypedDict, total=False):
    name: str
    behaviour: str
    pin_core: int
    stage: int


class House:
    """One run of the service in small."""

    def __init__(self, data: Path, children: list[ChildOrder], drain_seconds: float, *, database: bool) -> None:
        order = json.dumps(
            {"data": str(data), "children": children, "drain_seconds": drain_seconds, "database": database}
        )
        self.events: list[Mapping[str, object]] = []
        self.process = subprocess.Popen(
            [sys.executable, SMALL_HOUSE, order],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def wait_for(self, event: str, **facts: object) -> Mapping[str, object]:
        """Read what it says until this event with these facts comes, and give it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said: Mapping[str, object] = json.loads(line)
            self.events.append(said)
            if said["event"] == event and facts.items() <= said.items():
                return said
        pytest.fail(f"it ended without {event} {facts}: {self.events}, {self.errors()}")

    def wait_for_silence(self) -> None:
        """Wait until it and every child that shares its standard output have ended."""
        assert self.process.stdout is not None
        self.events.extend(json.loads(line) for line in self.process.stdout)

    def errors(self) -> str:
        """Read what it and its children wrote to standard error; they must have ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def stop(self) -> int:
        """Stop it as Ctrl-C does and give its exit code."""
        self.process.send_signal(signal.SIGINT)
        self.wait_for_silence()
        return self.process.wait()


@pytest.fixture(scope="session")
def made_once() -> Iterator[Path]:
    """Make one cluster to copy from, which takes a fraction of the time that making one does."""
    with passable_directory() as directory:
        with claim(directory) as home, Cluster.open(home, extra_settings={"fsync": "off"}):
            pass
        yield directory / "postgres"


@pytest.fixture
def yesterday(data_dir: Path, made_once: Path) -> Path:
    """Make a data directory in which the service has run before and was stopped in order."""
    subprocess.run(["/bin/cp", "-a", str(made_once), str(data_dir / "postgres")], check=True)
    return data_dir


@pytest.fixture
def start(data_dir: Path) -> Iterator[Start]:
    """Start houses on one data directory, whose leftovers the end of the test clears away."""
    started: list[House] = []

    def begin(*children: ChildOrder, drain_seconds: float = 10.0, database: bool = False) -> House:
        started.append(House(data_dir, list(children), drain_seconds, database=database))
        return started[-1]

    yield begin
    for house in started:
        if house.process.poll() is None:
            house.stop()
        for stream in (house.process.stdout, house.process.stderr):
            if stream is not None:
                stream.close()
    with claim(data_dir) as home:
        postmaster.clear(home.path / "postgres", account_for(home.path / "postgres"))
