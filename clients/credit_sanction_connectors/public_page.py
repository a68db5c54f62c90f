"""What a public page says of a record: read as a visitor sees it, whatever else stands in its source."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from credit_sanction_connectors.answers import Answer

PAGE_MAX: Final = 512 * 1024
GONE: Final = frozenset({404, 410})
OK: Final = 200
_NOT_SHOWN: Final = (("<!--", "-->"), ("<script", "</script"), ("<style", "</style"), ("<template", "</template"))
# No repeated part may run over the next "<": so each character is looked at a few times at most, whatever the page.
_TAG: Final = re.compile(r"<[^<>]*>")
_BRACKETS: Final = str.maketrans("[]【】〔〕〖〗", "()" * 4)


def published_fault(page: Answer, document: Mapping[str, object], mark: str) -> str:
    """
    Say what is wrong with the page of a record that should be public, empty where nothing is.

    It has to show the record's document number, and `mark` where the record is disputed, and only there.
    """
    fault = _unreadable(page)
    if fault:
        return fault
    seen = visible(page.body)
    number = str(document.get("document_number", ""))
    if folded(number) not in seen:
        return f"does not show the record's document number {number}"
    disputed = document.get("disputed") is True
    if disputed is not (folded(mark) in seen):
        return f"does not show the mark {mark}" if disputed else f"still shows the mark {mark}"
    return ""


def withdrawn_fault(page: Answer, identifying: Collection[str]) -> str:
    """
    Say what is wrong with the page of a record that should be gone, empty where nothing is.

    It is gone with 404 or 410, or where the page shows none of `identifying` (document number, enterprise).
    """
    if page.status in GONE:
        return ""
    fault = _unreadable(page)
    if fault:
        return fault
    seen = visible(page.body)
    shown = next((text for text in identifying if text and folded(text) in seen), "")
    return f"still shows {shown}" if shown else ""


def visible(body: bytes) -> str:
    """Return the text of a page without scripts, styles, comments and tags, `folded`; UTF-8, else GB 18030."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("gb18030", errors="replace")
    for opening, closing in _NOT_SHOWN:
        text = _without(text, opening, closing)
    return folded(html.unescape(_TAG.sub("", text)))


def folded(text: str) -> str:
    """Return what two ways to print one text share: widths, kinds of brackets and white space make no difference."""
    return "".join(unicodedata.normalize("NFKC", text).translate(_BRACKETS).split())


def _unreadable(page: Answer) -> str:
    if page.status != OK:
        return f"answers with status {page.status}"
    return "" if page.complete else f"is longer than {len(page.body)} bytes"


def _without(text: str, opening: str, closing: str) -> str:
    """Return `text` without what stands between the two, letter case aside; one that never closes hides all the rest."""
    begins, ends = re.compile(re.escape(opening), re.IGNORECASE), re.compile(re.escape(closing), re.IGNORECASE)
    kept: list[str] = []
    place = 0
    while begin := begins.search(text, place):
        kept.append(text[place : begin.start()])
        end = ends.search(text, begin.end())
        if end is None:
            return "".join(kept)
        place = end.end()
    return "".join([*kept, text[place:]])
