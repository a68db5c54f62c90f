"""What a platform demands of a penalty item, edition by edition: written down apart from the connectors' own tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MISSING: Final = "96"
MALFORMED: Final = "97"
NO_SUCH_WORD: Final = "98"
_MANDATORY: Final[Mapping[str, tuple[str, ...]]] = {
    "cf-2018": (
        *("CF_XDR_MC", "CF_XDR_LB", "CF_XDR_SHXYM", "CF_WSH", "CF_WFXW", "CF_SY", "CF_YJ", "CF_CFLB", "CF_NR"),
        *("CF_JDRQ", "CF_YXQ", "CF_CFJG", "CF_CFJGDM", "CF_SJLY", "CF_SJLYDM"),
    ),
    "cf-2016": (
        *("CF_WSH", "CF_CFMC", "CF_CFLB1", "CF_SY", "CF_YJ", "CF_XDR_MC", "CF_XDR_SHXYM", "CF_JG", "CF_JDRQ"),
        *("CF_XZJG", "CF_ZT", "DFBM", "SJC"),
    ),
}
_OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "cf-2018": ("CF_FRDB", "CF_NR_FK", "CF_NR_WFFF", "CF_NR_ZKDX", "CF_GSJZQ", "BZ"),
    "cf-2016": ("CF_CFLB2", "CF_FR", "BZ", "CF_SYFW", "CF_QX", "CF_GSJZQ"),
}
_CODE: Final = re.compile(r"[0-9A-Z]{18}", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}", re.ASCII)
_AMOUNT: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)
_SHAPES: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(("CF_XDR_SHXYM", "CF_SJLYDM"), _CODE),
    "CF_CFJGDM": re.compile(r"11[0-9A-Z]{16}", re.ASCII),
    **dict.fromkeys(("CF_JDRQ", "CF_YXQ", "CF_GSJZQ", "CF_QX"), _DAY),
    "SJC": re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII),
    **dict.fromkeys(("CF_NR_FK", "CF_NR_WFFF"), _AMOUNT),
    "DFBM": re.compile(r"[0-9]{6}", re.ASCII),
}
_CATEGORIES: Final = frozenset(
    {"警告", "罚款", "没收违法所得、没收非法财物", "责令停产停业", "暂扣或吊销许可证/执照", "行政拘留"}
)
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("CF_CFLB", "CF_CFLB1", "CF_CFLB2"), _CATEGORIES),
    "CF_XDR_LB": frozenset({"法人及非法人组织", "自然人", "个体工商户"}),
    "CF_ZT": frozenset("0123"),
    "CF_SYFW": frozenset("012"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFault:
    """One field at fault: the platform's code for the kind of fault, the field, its words."""

    code: str
    field: str
    message: str


def form_faults(edition: str, item: Mapping[str, object]) -> list[FormFault]:
    """Return every fault of a penalty item, what is missing first. KeyError for an edition that is not spoken here."""
    return [*_missing(edition, item), *_at_fault(edition, item)]


def _missing(edition: str, item: Mapping[str, object]) -> Iterator[FormFault]:
    for field in _MANDATORY[edition]:
        if item.get(field) in (None, ""):
            yield FormFault(code=MISSING, field=field, message=f"{field} 为必填项")


def _at_fault(edition: str, item: Mapping[str, object]) -> Iterator[FormFault]:
    known = {*_MANDATORY[edition], *_OPTIONAL[edition]}
    for field, value in item.items():
        if field not in known:
            yield FormFault(code=MALFORMED, field=field, message=f"{field} 不是本版字段")
        elif not isinstance(value, str) or (field in _SHAPES and not _SHAPES[field].fullmatch(value)):
            yield FormFault(code=MALFORMED, field=field, message=f"{field} 格式不正确")
        elif field in _WORDS and not _WORDS[field].issuperset(value.split(";")):
            yield FormFault(code=NO_SUCH_WORD, field=field, message=f"{field} 不在字典内")
