"""Protobuf's wire format, as much of it as asks an engine whose generated code nobody here installs."""

from __future__ import annotations


def field(number: int, *parts: bytes) -> bytes:
    """Return a field of text, bytes, or a message made of its fields."""
    data = b"".join(parts)
    return varint(number << 3 | 2) + varint(len(data)) + data


def flag(number: int) -> bytes:
    """Return a field that is true, or 1."""
    return varint(number << 3) + b"\x01"


def varint(value: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first."""
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
