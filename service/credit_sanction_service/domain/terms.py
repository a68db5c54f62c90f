"""The trade's words as closed sets. Each value is its own name, which is also what the store and the contract say."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Area(StrEnum):
    """The nine areas of joint punishment 惩戒领域 (长工信联字[2017]9号 §四(八)), in the contract's order."""

    LAND_SUPPLY = "LAND_SUPPLY"
    FINANCING_CREDIT = "FINANCING_CREDIT"
    BOND_ISSUANCE = "BOND_ISSUANCE"
    GOVERNMENT_PROCUREMENT = "GOVERNMENT_PROCUREMENT"
    PUBLIC_WORKS_BIDDING = "PUBLIC_WORKS_BIDDING"
    PRODUCTION_LICENCE = "PRODUCTION_LICENCE"
    SAFETY_LICENCE = "SAFETY_LICENCE"
    FUNDING_SUPPORT = "FUNDING_SUPPORT"
    TAX_ADMINISTRATION = "TAX_ADMINISTRATION"


ALL_AREAS: Final = tuple(Area)


class AreaGroup(StrEnum):
    """Look-up groups 领域组: a convenience over areas, not a second truth."""

    LAND = "LAND"
    LOANS = "LOANS"
    PROCUREMENT = "PROCUREMENT"
    LICENSING = "LICENSING"
    FISCAL = "FISCAL"


GROUPS: Final[dict[AreaGroup, tuple[Area, ...]]] = {
    AreaGroup.LAND: (Area.LAND_SUPPLY,),
    AreaGroup.LOANS: (Area.FINANCING_CREDIT, Area.BOND_ISSUANCE),
    AreaGroup.PROCUREMENT: (Area.GOVERNMENT_PROCUREMENT, Area.PUBLIC_WORKS_BIDDING),
    AreaGroup.LICENSING: (Area.PRODUCTION_LICENCE, Area.SAFETY_LICENCE),
    AreaGroup.FISCAL: (Area.FUNDING_SUPPORT, Area.TAX_ADMINISTRATION),
}


class Sector(StrEnum):
    """Sectors 行业 (长工信联字[2017]9号 §二)."""

    STEEL = "STEEL"
    COAL = "COAL"
    CEMENT = "CEMENT"
    ELECTROLYTIC_ALUMINIUM = "ELECTROLYTIC_ALUMINIUM"
    FLAT_GLASS = "FLAT_GLASS"
    OTHER = "OTHER"


class Standard(StrEnum):
    """The standard that the capacity fails 综合标准 (长工信联字[2017]9号 §三)."""

    ENERGY = "ENERGY"
    ENVIRONMENT = "ENVIRONMENT"
    QUALITY = "QUALITY"
    SAFETY = "SAFETY"
    TECHNOLOGY = "TECHNOLOGY"


class Scope(StrEnum):
    """What has to go 退出方式 (长工信联字[2017]9号 §三(三)6)."""

    ENTERPRISE = "ENTERPRISE"
    LINE = "LINE"


class CapacityUnit(StrEnum):
    """Units of yearly capacity 产能单位."""

    TONNES = "TONNES"
    TEN_THOUSAND_TONNES = "TEN_THOUSAND_TONNES"
    TEN_THOUSAND_WEIGHT_CASES = "TEN_THOUSAND_WEIGHT_CASES"
    PIECES = "PIECES"


class State(StrEnum):
    """State of a record 记录状态."""

    QUARANTINED = "QUARANTINED"
    LISTED = "LISTED"
    LIFTED = "LIFTED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class PublicationClass(StrEnum):
    """How grave 失信程度 (国家发展改革委令第36号)."""

    MINOR = "MINOR"
    GENERAL = "GENERAL"
    SERIOUS = "SERIOUS"


class PenaltyKind(StrEnum):
    """Penalties that are a 重大违法记录 in procurement (政府采购法实施条例 art. 19)."""

    CLOSURE_ORDER = "CLOSURE_ORDER"
    LICENCE_REVOKED = "LICENCE_REVOKED"


class LiftGround(StrEnum):
    """Why a record is lifted 移出理由."""

    EXIT_COMPLETED = "EXIT_COMPLETED"
    COURT_OR_REVIEW = "COURT_OR_REVIEW"
    REPAIR = "REPAIR"
    BANKRUPTCY_PLAN = "BANKRUPTCY_PLAN"


class IdentifierKind(StrEnum):
    """Kinds of identifier 代码类型."""

    USCC = "USCC"
    ORGANISATION_CODE = "ORGANISATION_CODE"
    REGISTRATION_NUMBER = "REGISTRATION_NUMBER"
    TAX_NUMBER = "TAX_NUMBER"
    INSTITUTION_CERTIFICATE = "INSTITUTION_CERTIFICATE"


class IssuerLevel(StrEnum):
    """Who issued a legal basis 依据层级."""

    LAW = "LAW"
    ADMINISTRATIVE_REGULATION = "ADMINISTRATIVE_REGULATION"
    STATE_COUNCIL_DOCUMENT = "STATE_COUNCIL_DOCUMENT"
    LOCAL_REGULATION = "LOCAL_REGULATION"
    NOTICE = "NOTICE"


class Verdict(StrEnum):
    """The answer's word 结论, from the least to the worst."""

    CLEAR = "CLEAR"
    ADVISORY = "ADVISORY"
    UNKNOWN = "UNKNOWN"
    RESTRICTED = "RESTRICTED"


SEVERITY: Final = {verdict: rank for rank, verdict in enumerate(Verdict)}


class UnknownReason(StrEnum):
    """Why an answer is UNKNOWN 无法判定的原因."""

    CODE_IN_DOUBT = "CODE_IN_DOUBT"
    RECORD_QUARANTINED = "RECORD_QUARANTINED"
    NAME_OF_ANOTHER = "NAME_OF_ANOTHER"
    NAME_MISMATCH = "NAME_MISMATCH"
    STALE = "STALE"
    CLOCK_IN_DOUBT = "CLOCK_IN_DOUBT"
    ORGANISATION_OF_ANOTHER = "ORGANISATION_OF_ANOTHER"
