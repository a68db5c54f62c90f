"""A new database cluster: made whole or not at all."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import structlog

from credit_sanction_service.host.access import DATABASE, ROLE_NAMES, Access
from credit_sanction_service.host.account import Account
from credit_sanction_service.host.binaries import MAJOR, Binaries
from credit_sanction_service.host.refusal import StartRefused

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def check_version(data: Path) -> None:
    """Refuse, by StartRefused, data that another major version of PostgreSQL has written."""
    found = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    if found != str(MAJOR):
        raise StartRefused(
            f"The data in {data} were written by PostgreSQL {found} and this release brings PostgreSQL {MAJOR}: "
            "move them over with pg_dump or pg_upgrade, or choose another data directory."
        )


def check_entry(directory: Path, account: Account) -> None:
    """Refuse, by StartRefused, a directory that `account` cannot reach because of the ones above it."""
    if account.uid is None:
        return
    entered = subprocess.run(  # noqa: S603 - constants and a path as a separate argument
        ["/bin/sh", "-c", 'cd "$0"', str(directory)],
        check=False,
        capture_output=True,
        cwd="/",
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
    )
    if entered.returncode != 0:
        raise StartRefused(
            f"The account {account.name}, as which PostgreSQL runs, cannot enter {directory}: "
            "let everybody pass through it and those above it (chmod a+x), or choose one below /var/lib."
        )


def initialise(data: Path, binaries: Binaries, account: Account, access: Access, *, durable: bool) -> None:
    """
    Make the cluster in `data` with both roles and the database, which belongs to the owner.

    It is made beside its place and moved there when complete, so `data` either does not exist or is whole.
    Unless `durable`, it is not forced to the disk. Raises StartRefused with PostgreSQL's words when it fails.
    """
    making = data.with_name(f"{data.name}.new")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    account.own(making)
    options = [] if durable else ["--no-sync"]
    _run(
        [
            binaries.program("initdb"),
            f"--pgdata={making}",
            f"--username={ROLE_NAMES['admin']}",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            # The rules in force are in files of ours; started without them the cluster lets nobody in.
            "--auth-local=reject",
            "--auth-host=reject",
            "--no-instructions",
            *options,
        ],
        account,
    )
    # Single-user mode needs no way in, so there is never a moment with one that is not guarded.
    settings = ("exit_on_error=on", "log_checkpoints=off", f"fsync={'on' if durable else 'off'}")
    _run(
        [
            binaries.program("postgres"),
            "--single",
            "-D",
            str(making),
            *(f"--{setting}" for setting in settings),
            "postgres",
        ],
        account,
        statements=[*_roles_and_database(), *access.statements()],
    )
    making.rename(data)
    _keep_name(data.parent)
    log.info("postgres.initialised", data=str(data))


def _keep_name(directory: Path) -> None:
    """Force the new name to the disk: under the old one the next start would take the data for half made."""
    if sys.platform != "win32":
        opened = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _roles_and_database() -> Iterable[str]:
    yield f"CREATE ROLE {ROLE_NAMES['owner']} LOGIN"
    yield f"CREATE ROLE {ROLE_NAMES['service']} LOGIN"
    yield f"CREATE DATABASE {DATABASE} OWNER {ROLE_NAMES['owner']}"


def _run(command: Sequence[str], account: Account, statements: Iterable[str] = ()) -> None:
    done = subprocess.run(  # noqa: S603 - our own binaries
        command,
        input="".join(f"{statement}\n" for statement in statements),
        text=True,
        encoding="utf-8",
        capture_output=True,
        check=False,
        cwd="/",
        umask=0o077,
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
    )
    if done.returncode != 0:
        words = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise StartRefused(
            f"The embedded PostgreSQL could not make its data ({words}): put that right and start again."
        )
