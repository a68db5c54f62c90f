"""PostgreSQL's settings and logs: the settings are written anew at every start, out of its own account's reach."""

import re
from collections.abc import Mapping
from pathlib import Path

from credit_sanction_service.host.access import Access
from credit_sanction_service.host.account import Account
from credit_sanction_service.host.socket_directory import PORT

_LEVEL = re.compile(r"^.*?(LOG|ERROR|FATAL|PANIC|HINT|DETAIL):")


def defaults(home: Path, sockets: Path) -> Mapping[str, str]:
    """Give the service's settings; what ALTER SYSTEM sets goes over them."""
    return {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "128MB",
        "synchronous_commit": "on",
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "cluster_name": "credit-sanction",
        # One file for each day of the week, begun anew when its day comes round.
        "logging_collector": "on",
        "log_directory": log_directory(home).as_posix(),
        "log_filename": "postgresql-%a.log",
        "log_file_mode": "0600",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_truncate_on_rotation": "on",
        "log_line_prefix": "%m [%p] %q%u@%d ",
    }


def write(home: Path, settings: Mapping[str, str], access: Access, account: Account) -> Path:
    """Write the three files, which `account` may read; the answer is the one that names the other two."""
    directory = home / "postgres-settings"
    directory.mkdir(mode=0o700, exist_ok=True)
    hba, ident, main = (directory / name for name in ("pg_hba.conf", "pg_ident.conf", "postgresql.conf"))
    hba.write_text(access.hba(), encoding="utf-8")
    ident.write_text(access.ident(), encoding="utf-8")
    every = {**settings, "hba_file": hba.as_posix(), "ident_file": ident.as_posix()}
    lines = (f"{name} = '{_escaped(value)}'\n" for name, value in every.items())
    main.write_text(f"# Written at every start of the service.\n{''.join(lines)}", encoding="utf-8")
    for path in (hba, ident, main, directory):
        account.let_read(path)
    return main


def log_directory(home: Path) -> Path:
    """Make the directory where PostgreSQL writes what it logs."""
    directory = home / "postgres-log"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def start_log(home: Path) -> Path:
    """Name the file with what the postmaster says before its log is open."""
    return home / "postgres-start.log"


def last_words(home: Path) -> str:
    """Find what PostgreSQL last complained of, in one line."""
    at_start = _lines(start_log(home))
    if any("FATAL:" in line for line in at_start):
        # Before its log is open the reason comes in lines of its own, and only the verdict is fatal.
        return "; ".join(_LEVEL.sub("", line).strip() for line in at_start)
    logs = sorted(log_directory(home).glob("*.log"), key=lambda log: log.stat().st_mtime)
    complaints = [line for log in logs[-1:] for line in _lines(log) if "FATAL:" in line or "PANIC:" in line]
    return _LEVEL.sub("", complaints[-1]).strip() if complaints else "without a word"


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
