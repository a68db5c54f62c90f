"""Bodies as they are kept: what was sent has to be there to the letter, for as long as there are proofs."""

import zlib

import pytest
from hypothesis import given, strategies

from credit_sanction_service.store.bodies import DICTIONARIES, packed, unpacked


@given(strategies.binary())
def test_what_is_kept_is_there_to_the_letter(body: bytes) -> None:
    assert unpacked(packed(body)) == body


def test_a_long_body_is_kept_too() -> None:
    body = "虚构轧钢（测试用）".encode() * 40_000
    assert unpacked(packed(body)) == body


def test_no_more_is_read_than_is_asked_for() -> None:
    assert unpacked(packed(b"x" * 1_000), most=10) == b"x" * 10


def test_what_earlier_releases_kept_is_read() -> None:
    assert unpacked(zlib.compress(b'{"record":1}')) == b'{"record":1}'


def test_a_sample_that_was_released_stays_to_the_byte() -> None:
    assert 0xAD18E0CC in DICTIONARIES


@pytest.mark.parametrize(
    ("kept", "fault"),
    [
        (b"", "breaks off"),
        (packed(b"{}")[:-1], "breaks off"),
        (b"\x78\x9cno stream", "cannot be read"),
        (packed(b"{}")[:2] + b"\0\0\0\1", "a later one to read"),
    ],
)
def test_what_cannot_be_read_is_told(kept: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        unpacked(kept)
