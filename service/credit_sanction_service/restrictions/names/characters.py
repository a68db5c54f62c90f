"""
Characters as the search compares them: traditional ones as simplified ones, and each with the syllable that it sounds like.

A folded name holds characters of the Basic Multilingual Plane alone, 16 bits each; rarer ones stand as private-use characters.
"""

from __future__ import annotations

import os
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from credit_sanction_service.domain.text import name_key

if TYPE_CHECKING:
    from collections.abc import Sequence

Letters = npt.NDArray[np.uint16]

SEPARATOR: Final = "\u241e"  # between names that are folded together; it is no letter, so that no folded name holds it
PLANE: Final = 0x10000
SOUNDS: Final = (
    1024  # numbers of sounds: 0 is none, then the syllables by their spelling, then all else, some of them shared
)
_PRIVATE: Final = 0xE000
_PRIVATE_SPAN: Final = 0x1900
_UTF_16: Final = "<u2"
# Readings of characters in names of enterprises and places where the table's first is not the only one that is said.
_READINGS: Final = (
    "长 chang zhang 重 chong zhong 行 hang xing 乐 le yue 厦 xia sha 曾 zeng ceng 朝 chao zhao 都 du dou 会 hui kuai 盛 sheng cheng "
    "广 guang an 调 diao tiao 强 qiang jiang 藏 cang zang 传 chuan zhuan 降 jiang xiang 车 che ju 石 shi dan 解 jie xie 仇 qiu chou "
    "单 dan shan 查 cha zha 区 qu ou 六 liu lu 台 tai yi 埔 pu bu 浒 hu xu 涡 guo wo 歙 she xi 莞 guan wan 泌 bi mi 栖 qi xi 系 xi ji "
    "参 can shen 尺 chi che 汤 tang shang 塞 sai se 率 lv shuai 绿 lv lu 蚌 beng bang 尉 wei yu 屯 tun zhun 泊 bo po"
)


class Characters:
    """What every character folds to and sounds like. Build it with `characters()`: three tables of 65,536 places."""

    def __init__(self, folded: Letters, sound: Letters, second: Letters, syllables: Sequence[str]) -> None:
        self.folded = folded
        self.sound = sound
        self.second = second
        self._numbers = {syllable: number for number, syllable in enumerate(syllables, 1)}

    @property
    def syllables(self) -> dict[str, int]:
        """Every syllable without its tone, and its number. The umlaut is spelt v."""
        return self._numbers

    def fold(self, name: str) -> str:
        """Return what the spellings of one name share: its characters, simplified, and brackets; no signs, no spaces."""
        return self.letters(name_key(name)).tobytes().decode("utf-16-le")

    def fold_many(self, names: Sequence[str]) -> str:
        """Return the folded names, each ended by a line feed."""
        joined = SEPARATOR.join(name.replace(SEPARATOR, " ") for name in names) + SEPARATOR
        return self.letters(name_key(joined)).tobytes().decode("utf-16-le")

    def letters(self, key: str) -> Letters:
        """Return the folded characters of a `name_key`."""
        points = np.frombuffer(key.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        rare = points >= PLANE
        if rare.any():
            points = np.where(rare, _PRIVATE + points % _PRIVATE_SPAN, points)
        letters: Letters = self.folded[points]
        kept: Letters = letters[letters != 0]
        return kept

    def sounds_of(self, folded: str) -> list[tuple[int, int]]:
        """Return the number of each character's sound, and of its second one, 0 where it has none."""
        letters = np.frombuffer(folded.encode("utf-16-le", "surrogatepass"), dtype=_UTF_16)
        return list(zip(self.sound[letters].tolist(), self.second[letters].tolist(), strict=True))


@lru_cache(maxsize=1)
def characters() -> Characters:
    """Return the tables. The first call takes a tenth of a second."""
    readings = _first_readings()
    readings.update(_listed_readings())
    syllables = sorted({syllable for said in readings.values() for syllable in said if syllable})
    numbers = {syllable: number for number, syllable in enumerate(syllables, 1)}
    folded, sound, second = (np.zeros(PLANE, dtype=np.uint16) for _ in range(3))
    simplified = _simplified()
    for point in range(PLANE):
        character = chr(point)
        if unicodedata.category(character)[0] in "LN" or character in "()":
            folded[point] = ord(simplified.get(character, character))
    folded[_PRIVATE : _PRIVATE + _PRIVATE_SPAN] = np.arange(_PRIVATE, _PRIVATE + _PRIVATE_SPAN, dtype=np.uint16)
    folded[ord(SEPARATOR)] = ord("\n")
    others = SOUNDS - len(syllables) - 1
    for point in np.unique(folded[folded != 0]).tolist():
        if chr(point) in "()\n":
            continue
        first, other = readings.get(chr(point), ("", ""))
        sound[point] = numbers[first] if first else len(syllables) + 1 + point % others
        second[point] = numbers[other] if other else 0
    return Characters(folded, sound, second, syllables)


def _simplified() -> dict[str, str]:
    from opencc import OpenCC  # noqa: PLC0415 - only who builds the tables needs it

    points = [chr(point) for span in ((0x3400, 0xA000), (0xF900, 0xFB00)) for point in range(*span)]
    converted = OpenCC("t2s").convert("\n".join(points)).split("\n")
    return {
        old: new for old, new in zip(points, converted, strict=True) if old != new and len(new) == 1 and new < "\ue000"
    }


def _first_readings() -> dict[str, tuple[str, str]]:
    # Its phrases take tens of megabytes, and single characters need none of them.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin.pinyin_dict import pinyin_dict  # noqa: PLC0415 - only who builds the tables needs it

    return {chr(point): (_plain(said.partition(",")[0]), "") for point, said in pinyin_dict.items() if point < PLANE}


def _listed_readings() -> dict[str, tuple[str, str]]:
    words = _READINGS.split()
    return {
        character: (_plain(first), _plain(second))
        for character, first, second in zip(words[::3], words[1::3], words[2::3], strict=True)
    }


def _plain(said: str) -> str:
    """Return a syllable without its tone."""
    marks = unicodedata.normalize("NFD", said)
    umlaut = "u\u0308"
    return "".join(c for c in marks.replace(umlaut, "v") if c.isascii() and c.isalpha())
