"""Which hosts may be called: an allow list, compared as names and addresses are, never as text."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

HOST_MAX: Final = 253
LABEL_MAX: Final = 63
_ANY_BELOW: Final = "*."
_LABEL: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def host_allowed(host: str, entries: Collection[str]) -> bool:
    """
    Say whether `host` is on the list, or is this machine itself, which needs no entry.

    Letter case, one trailing dot and the ways of writing an IPv6 address make no difference. `*.bank.example` stands for
    every name below bank.example, at any depth, and not for bank.example itself. An entry with a fault allows nothing.
    """
    name, address = host.lower().removesuffix("."), _address(host)
    if is_loopback(host):
        return True
    for entry in entries:
        if host_entry_fault(entry):
            continue
        if address is not None:
            if address == _address(entry):
                return True
        elif entry.startswith(_ANY_BELOW):
            if name.endswith(entry.lower().removesuffix(".").removeprefix("*")) and is_host(name):
                return True
        elif name == entry.lower().removesuffix("."):
            return True
    return False


def host_entry_fault(entry: str) -> str:
    """Say what is wrong with one entry of the list and what is expected; empty where nothing is."""
    if not entry.isascii():
        return "is not ASCII; expected a Chinese host in its xn-- form"
    if _address(entry) is not None:
        return ""
    name = entry.lower().removeprefix(_ANY_BELOW).removesuffix(".")
    labels = name.split(".")
    if not is_host(name) or not all(_LABEL.issuperset(label) for label in labels):
        return (
            "is no host; expected credit.example, *.bank.example or an address such as 10.0.0.7, without scheme or port"
        )
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        return "ends in a number and is no address; expected four numbers from 0 to 255, or a name"
    if entry.startswith(_ANY_BELOW) and len(labels) == 1:
        return "stands for a whole top-level domain; expected at least two labels behind the asterisk"
    return ""


def hosts_of(table: Mapping[str, object]) -> dict[str, str]:
    """Return the hosts that one target's table leads to, by key: `url`, and whatever key ends in `_url`."""
    return {
        key: urlsplit(value).hostname or ""
        for key, value in table.items()
        if (key == "url" or key.endswith("_url")) and isinstance(value, str)
    }


def is_host(host: str) -> bool:
    """Say whether `host` has the lengths that a name may have."""
    labels = host.removesuffix(".").split(".")
    return len(host) <= HOST_MAX and all(0 < len(label) <= LABEL_MAX for label in labels)


def is_loopback(host: str) -> bool:
    """Say whether `host` is this machine: 127.0.0.0/8, ::1 or localhost, with or without a trailing dot."""
    address = _address(host)
    return address.is_loopback if address is not None else host.lower().removesuffix(".") == "localhost"


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
