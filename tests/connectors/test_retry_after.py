"""Retry-After: what a target may write there, and what we make of it."""

from datetime import UTC, datetime

import pytest

from credit_sanction_connectors.answers import retry_after

NOW = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("86401", 86_400.0),
        ("9" * 5_000, 86_400.0),
        ("Mon, 02 Mar 2026 08:02:00 GMT", 120.0),
        ("Mon, 02 Mar 2026 08:02:00 -0000", 120.0),
        ("Mon, 02 Mar 2026 16:02:00 +0800", 120.0),
        ("Mon, 02 Mar 2026 07:59:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("Fri, 31 Dec 9999 23:59:59 -2300", 86_400.0),
        ("-5", None),
        ("1.5", None),
        ("１２", None),
        ("²", None),
        ("soon", None),
        ("", None),
        ("Mon, 99 Foo 2026", None),
        ("120, 60", None),
    ],
)
def test_retry_after(written: str | None, seconds: float | None) -> None:
    assert retry_after(written, now=lambda: NOW) == seconds
