"""The answers of a look-up, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NoReturn, TypeAlias

from credit_sanction._areas import Area
from credit_sanction._errors import ClientError, Violation
from credit_sanction._receipts import Receipt
from credit_sanction._states import RestrictionState
from credit_sanction._words import china_time


class Verdict(StrEnum):
    """The answer's word 结论, from the least to the worst."""

    CLEAR = "CLEAR"
    """No measure in force at the answer's revision and instant 无惩戒措施."""
    ADVISORY = "ADVISORY"
    """Only measures that advise 仅有提示性措施."""
    UNKNOWN = "UNKNOWN"
    """It cannot be decided 无法判定: decide by your own fail-safe, never as clear."""
    RESTRICTED = "RESTRICTED"
    """A binding measure is in force 受限."""


_FOUND: Final = {
    Verdict.CLEAR: "no measure in force",
    Verdict.ADVISORY: "only measures that advise in force",
    Verdict.UNKNOWN: "it cannot be decided whether a measure is in force",
    Verdict.RESTRICTED: "a binding measure in force",
}
_FOUND_ZH: Final = {
    Verdict.CLEAR: "无惩戒措施",
    Verdict.ADVISORY: "仅有提示性措施",
    Verdict.UNKNOWN: "无法判定",
    Verdict.RESTRICTED: "受限",
}


class UnknownReason(StrEnum):
    """Why an answer is UNKNOWN 无法判定的原因. The contract's comments say what each one means."""

    CODE_IN_DOUBT = "CODE_IN_DOUBT"
    RECORD_QUARANTINED = "RECORD_QUARANTINED"
    NAME_OF_ANOTHER = "NAME_OF_ANOTHER"
    NAME_MISMATCH = "NAME_MISMATCH"
    STALE = "STALE"
    CLOCK_IN_DOUBT = "CLOCK_IN_DOUBT"
    ORGANISATION_OF_ANOTHER = "ORGANISATION_OF_ANOTHER"
    UNRECOGNISED = "UNRECOGNISED"
    """A reason, or a verdict, that this client does not know yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What an answer knows: everything up to here 修订号. Numbers of different epochs do not compare."""

    epoch: int
    number: int

    def __str__(self) -> str:  # type: ignore[explicit-override]  # typing.override is Python 3.12's
        return f"{self.epoch}:{self.number}"


AsKnown: TypeAlias = Revision | datetime
"""A past as of whose knowledge was asked: `at_revision`, or `as_known_at`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    """
    The text on which a measure rests 依据. `issuer_level` is a word of the contract's `IssuerLevel`. A measure that bound
    by it advises only after `in_force_to`; None: open.
    """

    document: str
    article: str
    issuer_level: str
    in_force_from: date | None
    in_force_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """
    One thing that a measure demands 具体要求, a word of the contract's `Action`, on which text, and whether that binds; `bound` as of
    the measure.
    """

    action: str
    binding: bool
    legal_basis: LegalBasis
    bound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """
    One measure 限制: in force, or of the past, as `state` says. `since` and `until` are its first and last day,
    Asia/Shanghai. `actions` are its directive as words of the contract's `Action`, for programs, and `demands` say of each
    on which text it rests and whether that binds; `binding` and `legal_basis` are those of the first.
    `executing_department` names who carries it out, joined by `、`. `bound`: of what rests, whether it would bind if it did not;
    of what has ended, whether it bound on its last day. Neither binds.
    """

    area: Area
    binding: bool
    directive_zh: str
    directive_en: str
    record: str
    authority: str
    authority_code: str
    document_number: str
    legal_basis: LegalBasis
    since: date | None
    until: date | None
    disputed: bool
    catalogue_edition: str
    actions: tuple[str, ...] = ()
    executing_department: str = ""
    demands: tuple[Demand, ...] = ()
    state: RestrictionState = RestrictionState.LISTED
    bound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """
    An obligation that the enterprise exits actively 积极退出: a reason to support it with credit. `item` is empty for the
    whole enterprise.
    """

    obligation: str
    declared_on: date | None
    document_number: str
    item: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An enterprise that may have been meant, or that is the reason for an UNKNOWN 候选企业. Never a verdict."""

    code: str
    name: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    The answer for one enterprise 查询结论, at one revision. It has no truth value: ask for `verdict`, `restricted` or
    `clear`.

    `asked` is the code as it was asked, `code` as it was judged. `verdict` is the worst of `areas`. `stale` says that
    the service's knowledge was older than allowed: RESTRICTED stays then, everything else is UNKNOWN.
    `restrictions` are in force; `past` is what rests or has ended, where it was asked for: no verdict rests on it.
    `as_known` is the revision or the instant as of whose knowledge was asked, and nothing later counts; None: as is known now.
    `known_at` is when what counts was known; None where that is what is known now.
    `details_omitted`: restrictions, explanations and candidates were left off, the reply being too large; the verdicts
    are whole.

    `credit_directions` are words of the contract's `CreditDirection`, from the mildest to the gravest, and `supports` say
    why one of them is SUPPORT; both only where FINANCING_CREDIT was asked. `law` names the edition of each rule table that
    the answer was made with. `receipt` is this answer, signed, where one was asked for.
    """

    asked: str
    code: str
    name: str
    verdict: Verdict
    areas: Mapping[Area, Verdict] = field(hash=False)
    restrictions: tuple[Restriction, ...]
    unknown_reasons: tuple[UnknownReason, ...]
    explanations: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    revision: Revision
    answered_at: datetime
    stale: bool
    as_of_date: date | None
    catalogue_edition: str
    details_omitted: bool = False
    credit_directions: tuple[str, ...] = ()
    supports: tuple[Support, ...] = ()
    law: Mapping[str, str] = field(default_factory=dict, hash=False)
    receipt: Receipt | None = None
    past: tuple[Restriction, ...] = ()
    as_known: AsKnown | None = None
    known_at: datetime | None = None

    @property
    def restricted(self) -> bool:
        """Whether a binding measure is in force. False is not "clear": the verdict may be UNKNOWN."""
        return self.verdict is Verdict.RESTRICTED

    @property
    def clear(self) -> bool:
        """Whether the verdict is CLEAR. UNKNOWN, ADVISORY and anything stale are not."""
        return self.verdict is Verdict.CLEAR and not self.stale

    @property
    def statement(self) -> str:
        """
        The answer in one sentence, for a file: what was found, in which areas, on which day, as of which revision and instant; of an
        answer of the past, as known when, and when it was asked. The time is China's.
        """
        areas = f"in {', '.join(self.areas)} " if self.areas else ""
        day = f"on {self.as_of_date}, " if self.as_of_date else ""
        stale = ", by knowledge older than allowed 数据过期" if self.stale else ""
        known = f"as of revision {self.revision} at {china_time(self.answered_at)}"
        if self.as_known is not None:
            known = f"{self.of_the_past}; revision {self.revision}, asked at {china_time(self.answered_at)}"
        return f"{self.code or self.asked}: {_FOUND[self.verdict]} {areas}{day}{known}{stale} {_FOUND_ZH[self.verdict]}"

    @property
    def of_the_past(self) -> str:
        """Of an answer of the past: as known when. Empty for one of the present. The time is China's."""
        if self.as_known is None:
            return ""
        when = china_time(self.as_known) if isinstance(self.as_known, datetime) else f"revision {self.as_known}"
        past = f", of {china_time(self.known_at)}, not as of now 历史时点" if self.known_at else ""
        return f"as known at {when}{past}"

    def verdict_in(self, area: Area | str) -> Verdict:
        """Return the verdict of one area. Raises ClientError for an area that was not asked about."""
        try:
            return self.areas[Area(area.strip().upper())]
        except (KeyError, ValueError):
            asked = ", ".join(self.areas)
            raise ClientError(f"this answer speaks of {asked or 'no area'}, not of {area[:40]!r}") from None

    def __bool__(self) -> NoReturn:
        raise TypeError("an answer is neither true nor false: ask for .verdict, .restricted or .clear")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFailure:
    """
    Why one item of a batch got no answer, or was not taken in. The others are not affected. It has no truth value.

    `index` and `code` are those of the item as it was given. `reason` is a name of `ErrorReason` without its prefix. The
    paths of `violations` begin at the item: `enterprise.code`.
    `likely_codes` are codes that the refused one was probably meant to be.
    """

    index: int
    code: str
    reason: str
    message: str
    violations: tuple[Violation, ...] = ()
    existing_record: str = ""
    likely_codes: tuple[str, ...] = ()

    def __str__(self) -> str:  # type: ignore[explicit-override]  # typing.override is Python 3.12's
        return "; ".join(str(violation) for violation in self.violations) or self.message

    def __bool__(self) -> NoReturn:
        raise TypeError("a failed item is neither true nor false: ask with isinstance(item, ItemFailure)")
