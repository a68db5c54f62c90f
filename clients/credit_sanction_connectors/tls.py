"""What a target's connection trusts and shows: certificate authorities in, a client certificate out (mTLS)."""

from __future__ import annotations

import functools
import ssl
from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from pathlib import Path

PEM_MAX: Final = 1024 * 1024
CA_FILE: Final = "ca_file"
CERTIFICATE_FILE: Final = "client_cert_file"
KEY_FILE: Final = "client_key_file"


class BadTlsFile(ValueError):
    """One of the files cannot be used; `key` is the one that names it, the text says what is wrong and expected."""

    def __init__(self, key: str, fault: str) -> None:
        super().__init__(fault)
        self.key = key


class _Encrypted(Exception):
    """The private key asks for a passphrase."""


def client_context(*, ca: Path | None, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """
    Return the context of one target: TLS 1.2 at least, the host's name checked, no authorities of the environment's.

    `ca` (PEM) replaces the public authorities. `certificate` (PEM, its chain behind it) and `key` are shown to a
    target that asks for them. All are read here, once. Raises `BadTlsFile`.
    """
    if ca is None and certificate is None:
        return _public()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if ca else httpx.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is not None:
        _trust(context, CA_FILE, ca)
    if certificate is not None and key is not None:
        _show(context, certificate, key)
    return context


@functools.cache
def _public() -> ssl.SSLContext:
    """Return the context that trusts the public authorities: one for all targets, for it takes its time to load."""
    context = httpx.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _trust(context: ssl.SSLContext, name: str, path: Path) -> None:
    pem = _read(name, path)
    try:
        context.load_verify_locations(cadata=pem)
    except ssl.SSLError as error:
        raise BadTlsFile(name, f"{path} holds no certificate that can be read; expected PEM") from error


def _show(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    _trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), CERTIFICATE_FILE, certificate)
    _read(KEY_FILE, key)
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except _Encrypted:
        raise BadTlsFile(KEY_FILE, f"{key} is encrypted; expected a PEM key without passphrase") from None
    except ssl.SSLError as error:
        reason = str(error.reason)
        if reason.endswith("MISMATCH"):
            fault = f"{key} does not fit the certificate; expected the key that it was made for"
            raise BadTlsFile(KEY_FILE, fault) from error
        if reason.endswith(("TOO_SMALL", "TOO_WEAK")):
            fault = f"{certificate} is too weak to be shown ({reason}); expected RSA of 2048 bits at least, or EC"
            raise BadTlsFile(CERTIFICATE_FILE, fault) from error
        raise BadTlsFile(KEY_FILE, f"{key} holds no private key that can be read; expected PEM") from error


def _no_passphrase() -> str:
    raise _Encrypted


def _read(name: str, path: Path) -> str:
    """Return a file of PEM. Raises `BadTlsFile`."""
    try:
        with path.open("rb") as file:
            content = file.read(PEM_MAX + 1)
    except (OSError, ValueError) as error:
        fault = error.strerror if isinstance(error, OSError) else "no such name"
        raise BadTlsFile(name, f"{path} cannot be read ({fault}); expected a PEM file") from None
    if len(content) > PEM_MAX:
        raise BadTlsFile(name, f"{path} is longer than {PEM_MAX} bytes; expected a PEM file")
    # What stands beside the PEM blocks is for people, in whatever encoding.
    return content.decode("ascii", errors="ignore")
