"""What the targets file may say of one target: read key by key, refused by the key's name."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

COMMON: Final = frozenset({"url", "allow_plain_http", "secret_file", "secret_env"})
SECRET_MAX: Final = 4096
HOST_MAX: Final = 253
LABEL_MAX: Final = 63
_T = TypeVar("_T", str, bool)
_TYPE_NAMES: Final = {str: "text", bool: "true or false", int: "a number", float: "a number"}


class BadTarget(ValueError):
    """One key of one target cannot be used; the text names it, says what is wrong and what is expected."""

    def __init__(self, target: str, key: str, fault: str) -> None:
        super().__init__(f"targets.{target}.{key}: {fault}")
        self.target = target
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Where references to secrets lead: files below `directory` (or absolute), and `environ`."""

    directory: Path = field(default_factory=Path)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)


class Table:
    """One target's table. Every reader raises `BadTarget`: missing key, wrong type, value out of shape."""

    def __init__(self, target: str, values: Mapping[str, object], *, own: Collection[str] = ()) -> None:
        """Refuse keys that are neither common to all kinds nor the kind's `own`."""
        self._target = target
        self._values = values
        known = COMMON | frozenset(own)
        for key in values:
            if key in {"secret", "token", "password"} and key not in known:
                raise self.bad(key, "a secret never stands in this file; expected secret_file or secret_env")
            if key not in known:
                raise self.bad(key, f"unknown key; expected one of {', '.join(sorted(known))}")

    def bad(self, key: str, fault: str) -> BadTarget:
        """Return the refusal of `key`, for the caller to raise."""
        return BadTarget(self._target, key, fault)

    def text(self, key: str, *, default: str | None = None) -> str:
        """Return printable ASCII without blanks: what can stand in a header line."""
        value = self._typed(key, str, default)
        if not value or not all("!" <= character <= "~" for character in value):
            raise self.bad(key, "expected printable ASCII characters without blanks, at least one")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        return self._typed(key, bool, default)

    def choice(self, key: str, allowed: Collection[str], *, default: str) -> str:
        """Return one of `allowed`."""
        value = self._typed(key, str, default)
        if value not in allowed:
            raise self.bad(key, f"is {value[:60]!r}; expected one of {', '.join(sorted(allowed))}")
        return value

    def url(self, key: str = "url") -> str:
        """
        Return the base address without its trailing slash: http or https, a host, nothing behind the path.

        Plain http leaves this machine only with `allow_plain_http = true`.
        """
        value = self._typed(key, str, None)
        if not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
            raise self.bad(key, "expected an address in ASCII without blanks (a Chinese host in its xn-- form)")
        try:
            parts = urlsplit(value)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise self.bad(key, f"is no address ({error}); expected https://host/path") from error
        if parts.scheme not in {"http", "https"}:
            raise self.bad(key, f"has the scheme {parts.scheme[:20]!r}; expected https (or http to this machine)")
        if not _is_host(host) or port == 0:
            raise self.bad(key, "names no usable host and port; expected https://host/path")
        if parts.username is not None or parts.password is not None:
            raise self.bad(key, "carries a user or password; expected secret_file or secret_env instead")
        if "?" in value or "#" in value or ".." in parts.path:
            raise self.bad(key, "has a query, a fragment or '..'; expected only scheme, host and path")
        plain = self.flag("allow_plain_http", default=False)
        if parts.scheme == "http" and not plain and not _is_loopback(host):
            raise self.bad(key, "is plain http to another machine; expected https, or allow_plain_http = true")
        return value.rstrip("/")

    def secret(self, secrets: Secrets) -> str:
        """Return the secret that `secret_file` or `secret_env` refers to; exactly one of them is given."""
        if "secret_file" in self._values and "secret_env" in self._values:
            raise self.bad("secret_env", "stands beside secret_file; expected only one of them")
        if "secret_env" in self._values:
            name = self.text("secret_env")
            if name not in secrets.environ:
                raise self.bad("secret_env", f"the environment has no {name}; expected it to hold the secret")
            return self._usable("secret_env", secrets.environ[name])
        if "secret_file" not in self._values:
            raise self.bad("secret_file", 'missing; expected secret_file = "path" or secret_env = "NAME"')
        path = secrets.directory / self._typed("secret_file", str, None)
        try:
            with path.open(encoding="ascii") as file:
                return self._usable("secret_file", file.read(SECRET_MAX + 1))
        except (OSError, ValueError) as error:
            if isinstance(error, BadTarget):
                raise
            fault = error.strerror if isinstance(error, OSError) else "not ASCII text"
            raise self.bad("secret_file", f"{path} cannot be read ({fault}); expected a file with the secret") from None

    def _usable(self, key: str, content: str) -> str:
        value = content.strip()
        if not value or len(value) > SECRET_MAX or not all("!" <= character <= "~" for character in value):
            raise self.bad(
                key, f"what it refers to is no secret; expected one line of 1 to {SECRET_MAX} printable ASCII"
            )
        return value

    def _typed(self, key: str, kind: type[_T], default: _T | None) -> _T:
        value = self._values.get(key, default)
        if value is None:
            raise self.bad(key, f"missing; expected {_TYPE_NAMES[kind]}")
        if type(value) is not kind:
            found = _TYPE_NAMES.get(type(value), "a list or table")
            raise self.bad(key, f"is {found}; expected {_TYPE_NAMES[kind]}")
        return value


def _is_host(host: str) -> bool:
    labels = host.rstrip(".").split(".")
    return len(host) <= HOST_MAX and all(0 < len(label) <= LABEL_MAX for label in labels)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
