"""A folded name taken apart: 行政区划, 字号, 行业, 组织形式 (企业名称登记管理规定), each as far as the shared words go."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from credit_sanction_service.restrictions.names.vocabulary import VOCABULARY, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

_REMARKS: Final = ("原", "曾用名", "存续", "在营", "开业", "注销", "已注销", "吊销", "已吊销", "筹")
_IN_BRACKETS: Final = re.compile(r"\(([^()]*)\)")
_BRACKETS: Final = re.compile(r"[()]")
# Behind a place that says what it is comes a smaller one: all counties cannot be listed.
_SMALLER_PLACE: Final = re.compile(r"[\u4e00-\u9fff]{2,3}?(?:[县区市旗镇乡]|街道)(?=[\u4e00-\u9fff]{2})")
_BRANCH: Final = re.compile(r"(?<=公司|.厂)(.*(?:分公司|支公司|分厂|分店|办事处|营业部))$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """
    `core` is the trade name 字号, empty where every word is shared. `weak`: there is none that tells enterprises apart. `trade` is
    all trades in one piece, `rest` core and trades.
    """

    places: tuple[str, ...]
    core: str
    trades: tuple[str, ...]
    trade: str
    rest: str
    tail: str
    form: str
    branch: str
    weak: bool
    is_limited: bool
    is_by_shares: bool
    is_holding: bool


@lru_cache(maxsize=4096)
def parts_of(folded: str) -> Parts:
    """Take a folded name in characters apart."""
    places: list[str] = []
    branch = ""
    if found := _BRANCH.search(folded):
        branch, folded = found[1], folded[: found.start(1)]
    text = _IN_BRACKETS.sub(lambda match: _bracketed(match[1], places), folded)
    text = _BRACKETS.sub("", text)
    return _take_apart(text, VOCABULARY, places, branch=branch)


def said_parts(sounds: str, vocabulary: Vocabulary, *, suffixes: bool) -> Parts:
    """
    Take a name apart that is written in sounds, by the shared words in sounds. `suffixes`: what sounds like 市 behind a place is
    one; otherwise it begins the trade name.
    """
    return _take_apart(sounds, vocabulary, [], branch="", suffixes=suffixes)


def parts_said(parts: Parts, sound: Callable[[str], str]) -> Parts:
    """Return the parts of a name as `sound` says them."""
    return replace(
        parts,
        places=tuple(map(sound, parts.places)),
        core=sound(parts.core),
        trades=tuple(map(sound, parts.trades)),
        trade=sound(parts.trade),
        rest=sound(parts.rest),
        tail=sound(parts.tail),
        form=sound(parts.form),
        branch=sound(parts.branch),
    )


def _bracketed(inside: str, places: list[str]) -> str:
    """Note a place in brackets, wherever it stands; drop a remark; leave anything else where it is."""
    if not inside or inside.startswith(_REMARKS):
        return ""
    if _place_at(inside, VOCABULARY) == len(inside):
        places.append(_kept_of_place(inside, VOCABULARY))
        return ""
    return inside


def _take_apart(text: str, words: Vocabulary, places: list[str], *, branch: str, suffixes: bool = True) -> Parts:
    form = next((form for form in words.forms if text.endswith(form)), "")
    text = text[: len(text) - len(form)]
    text = _without_places(text, words, places, suffixes=suffixes)
    start, trades, tail = _trades_of(text, words)
    core = text[:start]
    return Parts(
        places=tuple(places),
        core=core,
        trades=trades,
        trade=(trade := "".join(trades)),
        rest=core + trade,
        tail=tail,
        form=form,
        branch=branch,
        weak=words.weak.issuperset(core),
        is_limited=form in words.limited,
        is_by_shares=form in words.by_shares,
        is_holding=form in words.holdings or not words.holdings.isdisjoint(trades),
    )


def _without_places(text: str, words: Vocabulary, places: list[str], *, suffixes: bool) -> str:
    while length := _place_at(text, words, suffixes=suffixes):
        places.append(_kept_of_place(text[:length], words))
        text = text[length:]
        if found := _SMALLER_PLACE.match(text):
            places.append(found[0][:-1])
            text = text[found.end() :]
    if len(places) > 1 and places[0] in words.two_of_a_name and places[1] in words.within_province:
        places[0] += words.province
    return text


def _place_at(text: str, words: Vocabulary, *, suffixes: bool = True) -> int:
    """Return the length of the place that `text` begins with, its suffix included; 0 where it begins with none."""
    for place in words.places_by_first.get(text[:1], ()):
        if text.startswith(place):
            length = len(place)
            behind = words.suffixes_by_first.get(text[length : length + 1], ()) if suffixes else ()
            return length + next((len(suffix) for suffix in behind if text.startswith(suffix, length)), 0)
    return 0


def _kept_of_place(place: str, words: Vocabulary) -> str:
    bare = next(known for known in words.places_by_first[place[0]] if place.startswith(known))
    return place if bare in words.two_of_a_name else bare


def _trades_of(text: str, words: Vocabulary) -> tuple[int, tuple[str, ...], str]:
    """Return where the longest end of `text` that consists of shared words begins, these words, and a tail such as 厂."""
    size = len(text)
    best: list[tuple[str, ...] | None] = [None] * size + [()]
    for start in range(size - 1, -1, -1):
        if text[start:] in words.tails:
            best[start] = ()
        for trade in words.trades_by_first.get(text[start], ()):
            if text.startswith(trade, start) and (behind := best[start + len(trade)]) is not None:
                best[start] = (trade, *behind)
                break
    start = next(place for place, trades in enumerate(best) if trades is not None)
    trades = best[start] or ()
    return start, trades, text[start + sum(map(len, trades)) :]
