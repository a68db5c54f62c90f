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
    POWER = "POWER"


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
    NOTICE_SERVED = "NOTICE_SERVED"
    DECIDED = "DECIDED"
    SUSPENDED = "SUSPENDED"


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


class SuspensionGround(StrEnum):
    """Who ordered that a record's effect rests 暂停依据."""

    AUTHORITY_ORDER = "AUTHORITY_ORDER"
    COURT_ORDER = "COURT_ORDER"


class StatementKind(StrEnum):
    """Steps of the enterprise between notice and decision 陈述申辩 (国办发〔2020〕49号 §八; 行政处罚法 art. 44, 45, 63, 64)."""

    STATEMENT = "STATEMENT"
    HEARING_REQUESTED = "HEARING_REQUESTED"
    HEARING_HELD = "HEARING_HELD"
    WAIVED = "WAIVED"


class ObjectionOutcome(StrEnum):
    """How an objection ends 异议处理结果."""

    UPHELD = "UPHELD"
    CORRECTED = "CORRECTED"
    REVOKED = "REVOKED"


class DutyKind(StrEnum):
    """Clocks that people are held to 时限."""

    REPORT_DECISION = "REPORT_DECISION"
    WITHDRAW = "WITHDRAW"
    DECIDE_OBJECTION = "DECIDE_OBJECTION"
    REVIEW_BASIS = "REVIEW_BASIS"


class ObligationState(StrEnum):
    """State of an exit obligation 退出任务状态. Overdue is no state: it is a matter of the day."""

    OPEN = "OPEN"
    INTERIM_SEALED = "INTERIM_SEALED"
    COMPLETED = "COMPLETED"
    WITHDRAWN = "WITHDRAWN"


class InterimEvidenceKind(StrEnum):
    """The four pieces of evidence of technology's interim state 断电断水、封存、承诺、公告 (长工信联字[2017]9号 §三(二)5)."""

    POWER_AND_WATER_CUT = "POWER_AND_WATER_CUT"
    SEALED = "SEALED"
    PUBLIC_COMMITMENT = "PUBLIC_COMMITMENT"
    ANNOUNCEMENT = "ANNOUNCEMENT"


class ListClass(StrEnum):
    """Lists of their own, which are not joint punishment 黄牌、红牌、环保两类名单 (长工信联字[2017]9号 §五(四))."""

    YELLOW_CARD = "YELLOW_CARD"
    RED_CARD = "RED_CARD"
    ENVIRONMENT_EXCEEDED = "ENVIRONMENT_EXCEEDED"
    ENVIRONMENT_SERIOUS = "ENVIRONMENT_SERIOUS"


class EnforcementOutcome(StrEnum):
    """What became of a measure at whoever had to apply it 惩戒反馈 (发起—响应—反馈)."""

    APPLIED = "APPLIED"
    NOT_APPLIED = "NOT_APPLIED"


class Action(StrEnum):
    """What a measure demands, in a word that a machine reads 惩戒措施代码."""

    REFUSE_NEW_LAND = "REFUSE_NEW_LAND"
    REFUSE_NEW_CREDIT = "REFUSE_NEW_CREDIT"
    REDUCE_EXISTING_LOANS = "REDUCE_EXISTING_LOANS"
    EXAMINE_BONDS_STRICTLY = "EXAMINE_BONDS_STRICTLY"
    REFUSE_BID = "REFUSE_BID"
    WEIGH_IN_BID_EVALUATION = "WEIGH_IN_BID_EVALUATION"
    REFUSE_NEW_LICENCE = "REFUSE_NEW_LICENCE"
    WITHDRAW_EXISTING_LICENCE = "WITHDRAW_EXISTING_LICENCE"
    RESTRICT_FUNDING = "RESTRICT_FUNDING"
    SUPERVISE_TAX_CLOSELY = "SUPERVISE_TAX_CLOSELY"


class CreditDirection(StrEnum):
    """What a lender is told 信贷方向 (长工信联字[2017]9号 §四(四); 国发〔2010〕7号)."""

    SUPPORT = "SUPPORT"
    NEUTRAL = "NEUTRAL"
    ADVISORY = "ADVISORY"
    REFUSE_NEW_CREDIT = "REFUSE_NEW_CREDIT"
    REDUCE_EXISTING_LOANS = "REDUCE_EXISTING_LOANS"


class LandPurpose(StrEnum):
    """What land is asked about for 用地事由 (长工信联字[2017]9号 §四(六))."""

    NEW_SUPPLY = "NEW_SUPPLY"
    EXIT_DISPOSAL = "EXIT_DISPOSAL"


class EditionKind(StrEnum):
    """Kinds of rule table that are data 规则数据种类."""

    CATALOGUE = "CATALOGUE"
    REGIMES = "REGIMES"
    DEADLINES = "DEADLINES"
    AUTHORITIES = "AUTHORITIES"
    DISTRICTS = "DISTRICTS"
    CALENDAR = "CALENDAR"
    LIMITS = "LIMITS"


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


class RestrictionState(StrEnum):
    """What has become of a restriction 限制状态, on a day. The last two are told by Watch and Export alone."""

    LISTED = "LISTED"
    DISPUTED = "DISPUTED"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"
    QUARANTINED = "QUARANTINED"
    NOT_LISTED = "NOT_LISTED"


class UnknownReason(StrEnum):
    """Why an answer is UNKNOWN 无法判定的原因."""

    CODE_IN_DOUBT = "CODE_IN_DOUBT"
    RECORD_QUARANTINED = "RECORD_QUARANTINED"
    NAME_OF_ANOTHER = "NAME_OF_ANOTHER"
    NAME_MISMATCH = "NAME_MISMATCH"
    STALE = "STALE"
    CLOCK_IN_DOUBT = "CLOCK_IN_DOUBT"
    ORGANISATION_OF_ANOTHER = "ORGANISATION_OF_ANOTHER"
