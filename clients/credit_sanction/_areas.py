"""The nine areas of joint punishment 联合惩戒领域 and their look-up groups, as words."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from credit_sanction._words import number, word
from credit_sanction.v1 import measure_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable


class Area(StrEnum):
    """An area 领域. `wire` is its value in the contract's messages."""

    LAND_SUPPLY = "LAND_SUPPLY"
    FINANCING_CREDIT = "FINANCING_CREDIT"
    BOND_ISSUANCE = "BOND_ISSUANCE"
    GOVERNMENT_PROCUREMENT = "GOVERNMENT_PROCUREMENT"
    PUBLIC_WORKS_BIDDING = "PUBLIC_WORKS_BIDDING"
    PRODUCTION_LICENCE = "PRODUCTION_LICENCE"
    SAFETY_LICENCE = "SAFETY_LICENCE"
    FUNDING_SUPPORT = "FUNDING_SUPPORT"
    TAX_ADMINISTRATION = "TAX_ADMINISTRATION"
    UNRECOGNISED = "UNRECOGNISED"
    """An area that the service knows and this client does not yet. Only in answers."""

    @property
    def wire(self) -> measure_pb2.Area.ValueType:
        """Value for `types.Measure(area=…)`."""
        return number(measure_pb2.Area, "AREA_", self)

    @classmethod
    def of(cls, value: measure_pb2.Area.ValueType) -> Area:
        """Return the area of a message."""
        return cls.__members__.get(word(measure_pb2.Area, "AREA_", value), cls.UNRECOGNISED)


class AreaGroup(StrEnum):
    """A look-up group 领域组: a convenience over areas."""

    LAND = "LAND"
    LOANS = "LOANS"
    PROCUREMENT = "PROCUREMENT"
    LICENSING = "LICENSING"
    FISCAL = "FISCAL"


_GROUPS: Final = {
    AreaGroup.LAND: (Area.LAND_SUPPLY,),
    AreaGroup.LOANS: (Area.FINANCING_CREDIT, Area.BOND_ISSUANCE),
    AreaGroup.PROCUREMENT: (Area.GOVERNMENT_PROCUREMENT, Area.PUBLIC_WORKS_BIDDING),
    AreaGroup.LICENSING: (Area.PRODUCTION_LICENCE, Area.SAFETY_LICENCE),
    AreaGroup.FISCAL: (Area.FUNDING_SUPPORT, Area.TAX_ADMINISTRATION),
}


def expand(names: Iterable[str]) -> tuple[Area, ...]:
    """Return the areas that names of areas and groups stand for, in the areas' order: all nine for none."""
    chosen: set[Area] = set()
    for name in names:
        word_of = name.strip().upper()
        group = AreaGroup.__members__.get(word_of)
        chosen.update(_GROUPS[group] if group else (Area(word_of),))
    nine = [area for area in Area if area is not Area.UNRECOGNISED]
    return tuple(area for area in nine if area in chosen) or tuple(nine)


def split(
    areas: Iterable[str],
) -> tuple[list[measure_pb2.Area.ValueType], list[measure_pb2.AreaGroup.ValueType]]:
    """Sort names of areas and groups, in any case, into the two fields of a request. Raises ClientError for others."""
    names = [areas] if isinstance(areas, str) else list(areas)
    groups = [name for name in names if name.strip().upper() in AreaGroup.__members__]
    single = [name for name in names if name not in groups]
    return (
        [number(measure_pb2.Area, "AREA_", name) for name in single],
        [number(measure_pb2.AreaGroup, "AREA_GROUP_", name) for name in groups],
    )
