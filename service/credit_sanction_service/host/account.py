"""The operating system's user that the database runs as: ourselves, or for root an account without rights."""

import getpass
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import structlog

from credit_sanction_service.host.home import NAME
from credit_sanction_service.host.refusal import StartRefused

if sys.platform != "win32":
    import pwd

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_FALLBACK = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    Whom a process runs as.

    `uid` and `gid` are None where it runs as ourselves: `subprocess`, which they are for, then changes nothing.
    """

    name: str
    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> list[int] | None:
        """No further groups for another account, our own for ourselves."""
        return None if self.uid is None else []

    def own(self, path: Path) -> None:
        """Give a file or directory to the account."""
        if sys.platform != "win32" and self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def let_read(self, path: Path) -> None:
        """Let it read a file or enter a directory that stays ours, and nobody else beside us."""
        rights = 0o750 if path.is_dir() else 0o640
        if sys.platform != "win32" and self.gid is not None:
            os.chown(path, -1, self.gid)
            path.chmod(rights)
        else:
            path.chmod(rights & 0o700)


def current_user() -> str:
    """Name of the user that this process runs as."""
    if sys.platform == "win32":
        return getpass.getuser()
    return _name_of(os.geteuid())


def account_for(data: Path) -> Account:
    """
    Choose the account for a database in `data`: its owner when it exists, else who it is to belong to.

    PostgreSQL refuses to run as root, so root gets the account `credit-sanction`, made if it is missing, or
    `nobody` where it cannot be made. Raises StartRefused when `data` belongs to somebody for whom we cannot act.
    """
    if sys.platform == "win32":
        return Account(name=getpass.getuser())
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in {None, os.geteuid()}:
            raise StartRefused(
                f"The data in {data} belong to the user {_name_of(owner or 0)}: "
                "start the service as that user or as root, or choose another data directory."
            )
        return Account(name=current_user())
    if owner == 0:
        raise StartRefused(
            f"The data in {data} belong to root, as whom PostgreSQL refuses to run: "
            f"give that directory to an account without rights (chown -R {_FALLBACK}), or choose another one."
        )
    if owner is not None:
        return Account(name=_name_of(owner), uid=owner, gid=data.stat().st_gid)
    return _existing(NAME) or _made(NAME) or _fallback()


if sys.platform != "win32":

    def _name_of(uid: int) -> str:
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return str(uid)

    def _existing(name: str) -> Account | None:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return None
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)

    def _made(name: str) -> Account | None:
        """Make it with what there is: useradd on most of Linux, adduser on BusyBox, neither on macOS."""
        for tool, *options in (
            ("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"),
            ("adduser", "-S", "-D", "-H"),
        ):
            program = shutil.which(tool)
            if program is None:
                continue
            made = subprocess.run(  # noqa: S603 - a system tool found on the path, and constants
                [program, *options, name],
                capture_output=True,
                text=True,
                check=False,
                stdin=subprocess.DEVNULL,
            )
            account = _existing(name)
            if account is not None:
                log.info("account.made", account=name)
                return account
            log.warning("account.not_made", account=name, tool=tool, reason=made.stderr.strip())
        return None

    def _fallback() -> Account:
        log.warning("account.fell_back", account=_FALLBACK, instead_of=NAME)
        account = _existing(_FALLBACK)
        if account is None:
            raise StartRefused(
                f"PostgreSQL refuses to run as root and the account {NAME} cannot be made: "
                "make it yourself, or start the service as an ordinary user."
            )
        return account
