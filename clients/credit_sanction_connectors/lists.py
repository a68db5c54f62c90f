"""A target's own list, read whole, page by page, in our terms."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeGuard

from credit_sanction_connectors.answers import demand_ok, printable
from credit_sanction_connectors.port import Entry, Unavailable, Version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from credit_sanction_connectors.answers import Answer

SUBJECT_MAX: Final = 200
TOKEN_MAX: Final = 2_000
LINES_MAX: Final = 1_000_000


async def read_pages(
    ask: Callable[[str, float], Awaitable[Answer]], *, lines: str, timeout_s: float, most: int = LINES_MAX
) -> dict[str, Entry]:
    """
    Ask for page after page within `timeout_s` in all and return the lines under the key `lines` by subject, `most` at most.

    `ask` takes a page token ("" first) and the seconds left. Whatever is not wholly understood raises
    `Unavailable`: a line left out would read as "not listed there" and be repaired for nothing.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    held: dict[str, Entry] = {}
    asked: set[str] = set()
    token = ""
    while token not in asked:
        asked.add(token)
        answer = await ask(token, deadline - loop.time())
        for entry in entries(answer, lines=lines):
            held[entry.subject] = entry
        if len(held) > most or len(asked) > most:
            raise answer.unavailable(f"the list is longer than {most} lines")
        following = answer.json_object().get("next_page_token")
        if following == "":
            return held
        if not isinstance(following, str) or len(following) > TOKEN_MAX:
            raise answer.unavailable("a page of the list does not say whether another follows")
        token = following
    raise Unavailable("the list leads back to a page already read", sent=True)


def entries(answer: Answer, *, lines: str) -> list[Entry]:
    """Return the lines of one answer. Raises `Unavailable`, also for a single line that is not understood."""
    demand_ok(answer)
    found = answer.json_object().get(lines)
    if not isinstance(found, list):
        raise answer.unavailable(f"the answer has no list {lines!r}")
    try:
        return [_entry(line) for line in found]
    except ValueError as error:
        raise answer.unavailable(f"a line of the list is not understood: {error}") from error


def _entry(line: object) -> Entry:
    if not isinstance(line, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - one error for every shape that is not understood
    subject, standing, version = line.get("record"), line.get("standing"), line.get("version")
    if not _is_name(subject):
        raise ValueError("its record is no name")
    if not isinstance(standing, list) or not all(map(_is_name, standing)):
        raise ValueError("its standing is no list of names")
    return Entry(subject=subject, version=_version(version), standing=frozenset(standing))


def _version(value: object) -> Version | None:
    if value is None:
        return None
    match value:
        case {"epoch": int(epoch), "number": int(number)} if not isinstance(epoch, bool) and not isinstance(
            number, bool
        ):
            return Version(epoch=epoch, number=number)
        case _:
            raise ValueError("its version has no epoch and number")


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value != "" and value == printable(value, SUBJECT_MAX)
