"""What the targets file may say of one target: read key by key, refused by the key's name."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar
from urllib.parse import urlsplit

from credit_sanction_connectors.hosts import is_host, is_loopback
from credit_sanction_connectors.tls import CA_FILE, CERTIFICATE_FILE, KEY_FILE, BadTlsFile, client_context

if TYPE_CHECKING:
    from collections.abc import Collection

ADDRESS: Final = frozenset({"url", "allow_plain_http"})
TLS: Final = (CA_FILE, CERTIFICATE_FILE, KEY_FILE)
COMMON: Final = ADDRESS | {"secret_file", "secret_env", "bearer_file", "bearer_env", *TLS}
SECRET_MAX: Final = 4096
_SECRET_ITSELF: Final = frozenset({"secret", "token", "password", "bearer", "bearer_token", "previous_secret"})
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """
    Where an HTTP target answers and how it is reached: `url` without trailing slash; `tls` for https, with the client
    certificate where one is set; `bearer`, empty for none; `ca_file`, whose authorities stand for the public ones.
    """

    url: str
    tls: ssl.SSLContext | None = None
    bearer: str = field(default="", repr=False)
    ca_file: Path | None = None

    def anonymous(self) -> Self:
        """Return the same place without client certificate and bearer token: what anybody may read."""
        return replace(self, bearer="", tls=client_context(ca=self.ca_file) if self.tls else None)


class Table:
    """One target's table. Every reader raises `BadTarget`: missing key, wrong type, value out of shape."""

    def __init__(self, target: str, values: Mapping[str, object], *, own: Collection[str] = ()) -> None:
        """Refuse keys that are neither common to all kinds nor the kind's `own`."""
        self._target = target
        self._values = values
        known = COMMON | frozenset(own)
        for key in values:
            if key in _SECRET_ITSELF and key not in known:
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
        if not is_host(host) or port == 0:
            raise self.bad(key, "names no usable host and port; expected https://host/path")
        if parts.username is not None or parts.password is not None:
            raise self.bad(key, "carries a user or password; expected secret_file or secret_env instead")
        if "?" in value or "#" in value or ".." in parts.path:
            raise self.bad(key, "has a query, a fragment or '..'; expected only scheme, host and path")
        plain = self.flag("allow_plain_http", default=False)
        if parts.scheme == "http" and not plain and not is_loopback(host):
            raise self.bad(key, "is plain http to another machine; expected https, or allow_plain_http = true")
        return (parts.scheme + value[len(parts.scheme) :]).rstrip("/")

    def secret(self, secrets: Secrets, what: str = "secret") -> str:
        """Return what `<what>_file` or `<what>_env` refers to; exactly one of them is given."""
        if not self.given(what):
            raise self.bad(f"{what}_file", f'missing; expected {what}_file = "path" or {what}_env = "NAME"')
        return self.secret_if_given(secrets, what)

    def secret_if_given(self, secrets: Secrets, what: str) -> str:
        """Return what `<what>_file` or `<what>_env` refers to, empty where neither is given."""
        by_file, by_variable = f"{what}_file", f"{what}_env"
        if by_file in self._values and by_variable in self._values:
            raise self.bad(by_variable, f"stands beside {by_file}; expected only one of them")
        if by_variable in self._values:
            name = self.text(by_variable)
            if name not in secrets.environ:
                raise self.bad(by_variable, f"the environment has no {name}; expected it to hold the secret")
            return self._usable(by_variable, secrets.environ[name])
        if by_file not in self._values:
            return ""
        path = secrets.directory / self._typed(by_file, str, None)
        try:
            with path.open(encoding="ascii") as file:
                return self._usable(by_file, file.read(SECRET_MAX + 1))
        except (OSError, ValueError) as error:
            if isinstance(error, BadTarget):
                raise
            fault = error.strerror if isinstance(error, OSError) else "not ASCII text"
            raise self.bad(by_file, f"{path} cannot be read ({fault}); expected a file with the secret") from None

    def given(self, what: str) -> str:
        """Return which of `<what>_file` and `<what>_env` is given, empty for neither: what a fault of it names."""
        return next((key for key in (f"{what}_file", f"{what}_env") if key in self._values), "")

    def endpoint(self, secrets: Secrets, *, bearer: bool = True) -> Endpoint:
        """
        Return where and how the target is reached, its TLS files read and found to fit.

        `bearer` is False for a kind whose own secret is a bearer token already.
        """
        url = self.url()
        for key in TLS if url.startswith("http:") else ():
            if key in self._values:
                raise self.bad(key, "stands beside a plain http address; expected it with https only")
        if not bearer and (key := self.given("bearer")):
            raise self.bad(key, "this kind's secret is its bearer token; expected secret_file or secret_env alone")
        for key, other in ((CERTIFICATE_FILE, KEY_FILE), (KEY_FILE, CERTIFICATE_FILE)):
            if key in self._values and other not in self._values:
                raise self.bad(other, f"missing; expected it beside {key}, for the two are used together")
        ca, certificate, private_key = (
            secrets.directory / self._typed(key, str, None) if key in self._values else None for key in TLS
        )
        try:
            secure = url.startswith("https:")
            tls = client_context(ca=ca, certificate=certificate, key=private_key) if secure else None
        except BadTlsFile as fault:
            raise self.bad(fault.key, str(fault)) from fault
        return Endpoint(url=url, tls=tls, bearer=self.secret_if_given(secrets, "bearer"), ca_file=ca)

    def public_place(self, secrets: Secrets, url: str, ca_key: str) -> Endpoint:
        """
        Return `url` as anybody reads it, without client certificate and token: over https by the authorities of the file
        that `ca_key` names, or by the public ones.
        """
        ca = secrets.directory / self._typed(ca_key, str, None) if ca_key in self._values else None
        if ca and url.startswith("http:"):
            raise self.bad(ca_key, "stands beside a plain http address; expected it with https only")
        try:
            return Endpoint(url=url, tls=client_context(ca=ca) if url.startswith("https:") else None, ca_file=ca)
        except BadTlsFile as fault:
            raise self.bad(ca_key, str(fault)) from fault

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
