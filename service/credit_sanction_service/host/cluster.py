"""The embedded PostgreSQL as a process of ours."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog
from psycopg.conninfo import make_conninfo

from credit_sanction_service.host import configuration, postmaster, socket_directory
from credit_sanction_service.host.access import DATABASE, ROLE_NAMES, Access, Role, access_for
from credit_sanction_service.host.account import Account, account_for, current_user
from credit_sanction_service.host.binaries import Binaries, bundled, runnable_by
from credit_sanction_service.host.home import Home
from credit_sanction_service.host.initialise import check_entry, check_version, initialise
from credit_sanction_service.host.refusal import StartRefused

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Progress = Callable[[float, str], None]
"""Told while a start takes long: seconds so far, and what PostgreSQL says that it is doing."""

_FAST_STOP_SECONDS = 30.0
_QUICK_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    home: Path
    account: Account
    access: Access
    binaries: Binaries
    sockets: Path
    settings: Mapping[str, str]


class Cluster:
    """
    A running PostgreSQL that nobody reaches but over a private socket.

    Made by `open`. It ends with the `with` block; after a SIGKILL of ours the next `open` of the same data ends
    it. The supervisor keeps it alive through `launch`, `is_ready` and `exit_code`, none of which waits
    for readiness.
    """

    name = "postgres"

    def __init__(self, parts: _Parts) -> None:
        self._parts = parts
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def open(
        cls,
        home: Home,
        *,
        extra_settings: Mapping[str, str] | None = None,
        access: Access | None = None,
        on_progress: Progress | None = None,
        progress_every: float = 1.0,
    ) -> Iterator[Self]:
        """
        Run the cluster of a data directory for as long as the block lasts, making it first if there is none.

        However long the recovery after a crash takes, it is waited for, and `on_progress` is told every
        `progress_every` seconds. `extra_settings` go over the service's own, names and values as in
        postgresql.conf. `access` is as a rule left to the platform. Raises StartRefused.
        """
        cluster = cls(_prepare(home.path, extra_settings or {}, access))
        try:
            cluster.launch()
            cluster._await_ready(on_progress or _log_progress, progress_every)
            yield cluster
        finally:
            cluster.stop()
            postmaster.clear(cluster.data, cluster._parts.account)
            socket_directory.release(home.path)

    @property
    def data(self) -> Path:
        """PostgreSQL's own data directory."""
        return _data_of(self._parts.home)

    @property
    def pid(self) -> int | None:
        """The postmaster's process number while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def dsn(self, role: Role, database: str = DATABASE) -> str:
        """Give a connection string for libpq; no secret is in it."""
        return make_conninfo(
            host=str(self._parts.sockets),
            port=socket_directory.PORT,
            dbname=database,
            user=ROLE_NAMES[role],
            **self._parts.access.parameters(),
        )

    def launch(self) -> None:
        """Start the postmaster, after what a dead one left behind has been cleared away."""
        account = self._parts.account
        postmaster.clear(self.data, account)
        files = configuration.write(self._parts.home, self._parts.settings, self._parts.access, account)
        start_log = configuration.start_log(self._parts.home)
        start_log.touch(mode=0o600)
        start_log.chmod(0o600)
        # A session of its own: the terminal's Ctrl-C is for the supervisor, which stops the database last.
        with start_log.open("wb") as words:
            self._process = subprocess.Popen(  # noqa: S603 - our own binaries
                [
                    self._parts.binaries.program("postgres"),
                    "-D",
                    str(self.data),
                    "-c",
                    f"config_file={files}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                umask=0o077,
                user=account.uid,
                group=account.gid,
                extra_groups=account.groups,
            )
        log.info("postgres.started", pid=self._process.pid, data=str(self.data))

    def is_ready(self) -> bool:
        """Tell whether the postmaster takes connections."""
        return self.pid is not None and postmaster.is_ready(self.data, self.pid)

    def exit_code(self) -> int | None:
        """Give the dead postmaster's exit code (negative: the signal), None while it runs."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """Stop it: connections are cut, the data are written; past a bound it is stopped as a crash would."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        if sys.platform == "win32":
            subprocess.run(  # noqa: S603 - our own binaries
                [self._parts.binaries.program("pg_ctl"), "stop", "-D", str(self.data), "-m", "fast"],
                check=False,
            )
            return
        for number, seconds in (
            (signal.SIGINT, _FAST_STOP_SECONDS),
            (signal.SIGQUIT, _QUICK_STOP_SECONDS),
            (signal.SIGKILL, _QUICK_STOP_SECONDS),
        ):
            process.send_signal(number)
            try:
                process.wait(seconds)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                log.warning("postgres.stop_overdue", pid=process.pid, signal=number.name)
                continue
            log.info("postgres.stopped", signal=number.name)
            return

    def _await_ready(self, on_progress: Progress, every: float) -> None:
        began = time.monotonic()
        told = began
        while not self.is_ready():
            if self.exit_code() is not None:
                raise StartRefused(
                    f"The embedded PostgreSQL did not start ({configuration.last_words(self._parts.home)}): "
                    f"see {configuration.log_directory(self._parts.home)}, put that right and start again."
                )
            now = time.monotonic()
            if now - told >= every:
                told = now
                on_progress(now - began, postmaster.activity(self.data, self._parts.account))
            time.sleep(_POLL_SECONDS)
        log.info("postgres.ready", seconds=round(time.monotonic() - began, 2))


def _data_of(home: Path) -> Path:
    return home / "postgres"


def _log_progress(seconds: float, doing: str) -> None:
    log.info("postgres.awaited", seconds=round(seconds), doing=doing)


def _prepare(home: Path, extra_settings: Mapping[str, str], access: Access | None) -> _Parts:
    data = _data_of(home)
    account = account_for(data)
    check_entry(home, account)
    access = access or access_for({account.name, current_user()}, home)
    postmaster.clear(data, account)
    binaries = runnable_by(account, bundled(), home)
    if data.exists():
        check_version(data)
    else:
        durable = extra_settings.get("fsync") != "off"
        initialise(data, binaries, account, access, durable=durable)
    sockets = socket_directory.prepare(home, account)
    account.own(configuration.log_directory(home))
    return _Parts(
        home=home,
        account=account,
        access=access,
        binaries=binaries,
        sockets=sockets,
        settings={**configuration.defaults(home, sockets), **extra_settings},
    )
