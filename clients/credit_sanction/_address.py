"""Where the service is, and whether a token may travel there."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

import grpc

from credit_sanction._errors import ClientError

_HOST_PORT: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})", re.ASCII)
_TOKEN: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)
_ANSWER_MAX: Final = 256 * 1024 * 1024  # 10,000 answers with nine restrictions each are far above grpc's 4 MB
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _ANSWER_MAX),
    # Above grpc's 8 KB a refusal with many faults arrives as RESOURCE_EXHAUSTED, its reasons lost.
    ("grpc.max_metadata_size", 128 * 1024),
    ("grpc.primary_user_agent", "credit-sanction-python"),
    # A service that restarts is back within seconds; grpc's own pace would keep us away for up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


def open_channel(
    address: str, *, has_token: bool, root_certificates: bytes | None, insecure: bool | None
) -> grpc.Channel:
    """
    Open a channel to `host:port` or `unix:/path`; nothing is connected yet.

    `insecure` None means plain text on this machine and TLS everywhere else. Raises ClientError for an address that
    cannot be read, and for a token that would travel in plain text to another machine.
    """
    local = _is_local(address)
    if insecure and root_certificates is not None:
        raise ClientError("root_certificates and insecure=True contradict each other: give one of them")
    plain = insecure if insecure is not None else local and root_certificates is None
    if not plain:
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(root_certificates), options=_OPTIONS)
    if has_token and not local:
        raise ClientError(
            f"a token is never sent in plain text to another machine ({address}): "
            "leave insecure out, or give root_certificates"
        )
    # A proxy of the environment would read the token, and has no business on this machine.
    return grpc.insecure_channel(address, options=(*_OPTIONS, ("grpc.enable_http_proxy", 0)))


def bearer(token: str | None) -> tuple[tuple[str, str], ...]:
    """Return the metadata that carries the token. ClientError for what cannot be one."""
    if token is None:
        return ()
    trimmed = token.strip()
    if not _TOKEN.fullmatch(trimmed):
        raise ClientError("the token is empty or has characters that no token has")
    return (("authorization", f"Bearer {trimmed}"),)


def _is_local(address: str) -> bool:
    if address.startswith("unix:"):
        return True
    match = _HOST_PORT.fullmatch(address)
    if match is None or not 0 < int(match["port"]) < 65536:  # noqa: PLR2004 - the number of ports
        raise ClientError(f"{address[:80]!r} is not an address: write host:port, without https://")
    host = match["host"].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
