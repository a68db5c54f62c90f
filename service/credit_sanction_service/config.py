"""One frozen Settings, read from the environment once. Each setting's name, default and meaning stands here and only here."""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "CREDIT_SANCTION_"
# Variables of the same prefix that are not the service's settings: the SDK's, and what a supervisor tells its children.
_OTHERS: Final = frozenset({"address", "token", "token_file", "lifeline", "ready_file"})


class BadSetting(ValueError):
    """A setting is at fault: a sentence that names it and says what is expected."""


def _setting(default: Any, meaning: str) -> Any:  # noqa: ANN401 - dataclasses.field is typed as what it stands for
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    Everything that can be set. The environment variable of a setting is its name in capitals behind CREDIT_SANCTION_;
    with `_FILE` behind that, the value is read from the file named (for secrets).
    """

    dsn: str = _setting("", "PostgreSQL of the service role; empty: the embedded one")
    owner_dsn: str = _setting("", "PostgreSQL of the owner, who migrates; needed by `migrate` only")
    listen: str = _setting("127.0.0.1:50051", "host:port of the gRPC service; port 0 picks a free one")
    data_dir: str = _setting("", "where the embedded database lies; empty: the user's data directory")
    targets: str = _setting("", "targets file (TOML); empty: with `run` the stand-ins, else nothing is pushed")
    workers: int = _setting(0, "API processes; 0: one for each core, at most 4")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR")
    max_staleness_s: float = _setting(5.0, "oldest knowledge an answer may rest on, in seconds")
    poll_interval_s: float = _setting(0.008, "pause between two questions for the store's head, in seconds")
    days_interval_s: float = _setting(30.0, "pause between two looks for records whose day has come, in seconds")
    drain_s: float = _setting(15.0, "how long calls and pushes under way may take to end at a stop, in seconds")
    metrics: str = _setting(
        "", "host:port on which the worker shows its metrics; empty: nowhere; port 0 picks a free one"
    )
    api_metrics: str = _setting(
        "",
        "host:port on which the API shows its metrics, process n at port + n; empty: nowhere; port 0 picks free ones",
    )
    index_dir: str = _setting(
        "", "where API processes share the index; `run` sets it; empty: a temporary directory, shared with nobody"
    )
    most_waiting: int = _setting(64, "look-ups of one API process that may wait at once for a revision or the database")
    most_streams: int = _setting(64, "streams that one API process runs at once")
    prepared_mb: int = _setting(256, "about how many MB of answers one API process keeps ready to be given again")
    receipt_key: str = _setting("", "private key that signs receipts: PEM, or raw base64; empty: none are signed")
    receipt_old_keys: str = _setting(
        "", "former receipt keys that stay published, one after another, in the same forms"
    )
    stand_ins: str = _setting("127.0.0.1:50052", "host:port of the stand-in targets; port 0 picks a free one")
    stand_ins_dir: str = _setting("", "where the stand-in targets' files lie; needed by `stand-ins` only")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`."""
        return parse_address("listen", self.listen)

    @property
    def is_exposed(self) -> bool:
        """Whether other machines can reach `listen`: calls and tokens go over it in plain text."""
        host, _ = self.address
        try:
            return not ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host.lower() != "localhost"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings. Raises `BadSetting` for a value of the wrong form and for a name that is none."""
    known = {entry.name: entry for entry in fields(Settings)}
    values: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in _OTHERS:
            continue
        value = text
        if name not in known and name.removesuffix("_file") in known:
            name = name.removesuffix("_file")
            value = _read(variable, text)
        if name not in known:
            raise BadSetting(
                f"{variable} is not a setting; the settings are {', '.join(map(_variable, sorted(known)))}"
            )
        values[name] = _convert(variable, value, type(known[name].default))
    settings = Settings(**values)
    parse_address("listen", settings.listen)
    parse_address("stand_ins", settings.stand_ins)
    for name in ("metrics", "api_metrics"):
        if getattr(settings, name):
            parse_address(name, getattr(settings, name))
    if settings.log_level not in logging.getLevelNamesMapping():
        raise BadSetting(f"{PREFIX}LOG_LEVEL is {settings.log_level!r}: DEBUG, INFO, WARNING or ERROR is expected")
    return settings


def parse_address(name: str, text: str) -> tuple[str, int]:
    """Return host and port. Raises `BadSetting`."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the highest port
        raise BadSetting(f"{PREFIX}{name.upper()} is {text!r}: host:port is expected, like 127.0.0.1:50051")
    return host.strip("[]"), int(port)


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _convert(variable: str, text: str, kind: type) -> Any:  # noqa: ANN401 - one of three types
    if kind is str:
        return text
    try:
        value = kind(text)
    except ValueError:
        raise BadSetting(f"{variable} is {text!r}: a number is expected") from None
    if not 0 <= value < 1e9:  # noqa: PLR2004 - any larger one is a slip of the finger
        raise BadSetting(f"{variable} is {text}: it cannot be negative or that large")
    return value


def _read(variable: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as fault:
        raise BadSetting(f"{variable} names {path!r}, which cannot be read: {fault.strerror}") from None
