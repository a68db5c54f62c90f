"""
How well one name fits another, and why. A score is no probability: it orders candidates. Enterprises differ by their trade name
字号, so that decides: one differing character there is another enterprise, however much of the rest agrees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rapidfuzz.distance import Indel, Levenshtein

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_sanction_service.restrictions.names.parts import Parts

LIKELY: Final = 0.7
"""From here on the two are likely one enterprise, differently spelt; below, likely two."""
LEAST: Final = 0.3
"""Below, it is not shown."""

_SAME_SOUND: Final = 0.78
_LOOKS_ALIKE: Final = 0.76
_BEGINS: Final = 0.5
_OTHER_CORE: Final = 0.45
_LEAST_ALIKE: Final = 0.6
# Characters that print and scanners hardly tell apart, group by group.
_ALIKE_GROUPS: Final = """
己已巳 未末 土士 日曰 人入 干千于 戊戌戍 天夭 刀力 大太犬 晴睛 辩辨 微徽 博搏 享亨 免兔 侯候 拔拨 洗冼 茶荼 壶壸 今令
汨汩 宫官 辰展 析折 昌冒 崇祟
"""
_ALIKE: Final = {character: group[0] for group in _ALIKE_GROUPS.split() for character in group}


@dataclass(frozen=True, slots=True)
class Fit:
    """How well, above 0 to 1, and why, in sentences."""

    score: float
    reasons: tuple[str, ...] = field(default=())


_NO_FIT: Final = Fit(0.0)


def fit(asked: Parts, found: Parts, *, same_sound: bool) -> Fit:
    """
    Return how the name `found` fits the one that was `asked` for. `same_sound`: their trade names sound the same. Generic words
    match nothing by themselves: where one name has no trade name, place and trade have to be the same.
    """
    reasons: list[str] = []
    if asked.weak or found.weak:
        score = _weak(asked, found, reasons)
    else:
        score = _cores(asked, found, reasons, same_sound=same_sound)
        if score:
            score *= _trades(asked, found, reasons)
    if not score:
        return _NO_FIT
    score *= _places(asked, found, reasons) * _forms(asked, found, reasons) * _branches(asked, found, reasons)
    return Fit(round(score, 3), tuple(reasons))


def _weak(asked: Parts, found: Parts, reasons: list[str]) -> float:
    if asked.core != found.core or asked.trade != found.trade or not asked.trade:
        return 0.0
    mine, other = _settled(asked.places, found.places)
    if not (mine and other and (mine <= other or other <= mine)):
        return 0.0
    reasons.append("no trade name 字号 in it: place and trade are the same")
    return 1.0


def _cores(asked: Parts, found: Parts, reasons: list[str], *, same_sound: bool) -> float:
    mine, other = asked.core, found.core
    if mine == other or asked.rest == found.rest:
        reasons.append(f"the same trade name 字号: {other}")
        return 1.0
    if _shortened(asked, found):
        reasons.append(f"the same trade name 字号, the trade shortened: {asked.rest}, {found.rest}")
        return 0.95
    if _slip_in_trade(asked, found):
        reasons.append(f"the same trade name 字号, one character of the trade 行业 differs: {asked.rest}, {found.rest}")
        return 0.95
    if same_sound:
        reasons.append(f"the trade name 字号 sounds the same, and is written otherwise: {mine}, {other}")
        return _SAME_SOUND
    if len(mine) == len(other) and all(_ALIKE.get(a, a) == _ALIKE.get(b, b) for a, b in zip(mine, other, strict=True)):
        reasons.append(f"the trade name 字号 looks alike: {mine}, {other}")
        return _LOOKS_ALIKE
    if other.startswith(mine) and len(mine) > 1:
        reasons.append(
            f"the trade name 字号 begins so, and goes on: it is another enterprise unless it was cut: {mine}, {other}"
        )
        return _BEGINS
    distance = Levenshtein.distance(mine, other, score_cutoff=2)
    likeness = Indel.normalized_similarity(mine, other)
    if distance > 1 and likeness < _LEAST_ALIKE:
        return 0.0
    reasons.append(f"the trade name 字号 differs, so it is another enterprise unless it was mistyped: {mine}, {other}")
    return _OTHER_CORE if distance == 1 else _OTHER_CORE * likeness


def _shortened(asked: Parts, found: Parts) -> bool:
    """Whether the name asked for breaks off within the other's trade: 虚金达钢 for 虚金达钢铁."""
    short, long = sorted((asked, found), key=lambda parts: len(parts.rest))
    return not short.trades and long.rest.startswith(short.rest) and len(short.core) > len(long.core) > 1


def _slip_in_trade(asked: Parts, found: Parts) -> bool:
    """Whether the one character that differs stands behind the shorter trade name: 虚金达刚铁 for 虚金达钢铁."""
    mine, other = asked.rest, found.rest
    if len(mine) != len(other) or len(asked.core) == len(found.core):  # both trades are words: then they are two trades
        return False
    places = [place for place, (a, b) in enumerate(zip(mine, other, strict=True)) if a != b]
    return len(places) == 1 and places[0] >= min(len(asked.core), len(found.core)) > 1


def _trades(asked: Parts, found: Parts, reasons: list[str]) -> float:
    mine, other = asked.trade, found.trade
    if mine == other or asked.rest == found.rest or _slip_in_trade(asked, found):
        return 1.0
    if not mine:
        reasons.append(f"its trade 行业 was not given: {other}")
        return 0.88
    if not other:
        reasons.append(f"it names no trade 行业; given was {mine}")
        return 0.88
    if asked.is_holding != found.is_holding:
        reasons.append(f"one of the two is a group or holding 集团: {mine}, {other}")
        return 0.6
    if other.startswith(mine) and not asked.form:
        reasons.append(f"its trade 行业 was given in part: {other}")
        return 0.9
    if set(asked.trades) & set(found.trades):
        reasons.append(f"the trade 行业 is the same in part: {mine}, {other}")
        return 0.65
    reasons.append(f"another trade 行业: {mine}, {other}")
    return 0.5


def _places(asked: Parts, found: Parts, reasons: list[str]) -> float:
    mine, other = _settled(asked.places, found.places)
    if mine == other:
        return 1.0
    if not mine:
        reasons.append(f"its place 行政区划 was not given: {''.join(found.places)}")
        return 0.94
    if not other:
        reasons.append(f"it names no place 行政区划; given was {''.join(asked.places)}")
        return 0.94
    if mine <= other or other <= mine:
        reasons.append(f"the place 行政区划 is wider or narrower: {''.join(asked.places)}, {''.join(found.places)}")
        return 0.97
    reasons.append(f"another place 行政区划: {''.join(asked.places)}, {''.join(found.places)}")
    return 0.5


def _settled(mine: Sequence[str], other: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the places of both, where one name says whether it means a province or a city and the other does not, as one."""
    said = {
        bare: whole for bare in (*mine, *other) for whole in (*mine, *other) if whole != bare and whole.startswith(bare)
    }
    return {said.get(place, place) for place in mine}, {said.get(place, place) for place in other}


def _forms(asked: Parts, found: Parts, reasons: list[str]) -> float:
    mine, other = asked.form or asked.tail, found.form or found.tail
    if mine == other and asked.tail == found.tail:
        return 1.0
    same = (asked.is_limited and found.is_limited) or (asked.is_by_shares and found.is_by_shares)
    if same and asked.tail == found.tail:
        reasons.append(f"the legal form 组织形式 is written otherwise: {mine}, {other}")
        return 0.99
    if not mine:
        reasons.append(f"its legal form 组织形式 was not given: {other}")
        return 0.97
    if not other:
        reasons.append(f"it names no legal form 组织形式; given was {mine}")
        return 0.97
    reasons.append(f"another legal form 组织形式: {mine}, {other}")
    return 0.9


def _branches(asked: Parts, found: Parts, reasons: list[str]) -> float:
    if asked.branch == found.branch:
        return 1.0
    reasons.append(f"one of the two is a branch 分支机构: {asked.branch or found.branch}")
    return 0.6
