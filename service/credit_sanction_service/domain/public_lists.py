"""
The lists of their own 公开名单: yellow card, red card, and the two environmental lists (长工信联字[2017]9号 §五(四)).

None of them is joint punishment. An entry is no record and has no measures: whom a red card should restrict needs a record
with notice and decision of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from credit_sanction_service.domain.drafts import DistrictDraft, EnterpriseDraft
from credit_sanction_service.domain.enterprises import Authority, District, Enterprise
from credit_sanction_service.domain.faults import Duplicate, StateConflict
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.identifiers import GB_32100, Code, Judgement, describe, judge
from credit_sanction_service.domain.parties import (
    check_authority,
    check_district,
    read_authority,
    read_district,
    read_enterprise,
)
from credit_sanction_service.domain.terms import ListClass
from credit_sanction_service.domain.text import DOCUMENT_NUMBER_LIMIT, ITEM_LIMIT, REASON_LIMIT, name_key

if TYPE_CHECKING:
    from credit_sanction_service.domain.law import Law


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDraft:
    """`entry`, as typed."""

    list_class: ListClass | None = None
    enterprise: EnterpriseDraft = field(default_factory=EnterpriseDraft)
    item: str = ""
    authority_code: str = ""
    authority_name: str = ""
    district: DistrictDraft = field(default_factory=DistrictDraft)
    document_number: str = ""
    date: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalDraft:
    """`withdrawal`, as typed."""

    document_number: str = ""
    date: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """On which document an entry was withdrawn, and why 撤下."""

    document_number: str
    decided_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """An entry of a public list 名单条目. `item` is empty for the whole enterprise; `published_on` is its document's date."""

    id: str
    version: int
    list_class: ListClass
    enterprise: Enterprise
    item: str
    authority: Authority
    district: District
    document_number: str
    published_on: date
    reason: str
    withdrawal: Withdrawal | None = None
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The resource name."""
        return f"publicListEntries/{self.id}"

    @property
    def withdrawn(self) -> bool:
        """Whether it was withdrawn."""
        return self.withdrawal is not None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What no two entries share that are not withdrawn: list, enterprise, item, document; the last two folded."""
        return (self.list_class, self.enterprise.code, name_key(self.item), name_key(self.document_number))


class EntryExists(Duplicate):
    """An entry of the same list, enterprise, item and document stands already: `existing`."""

    def __init__(self, existing: str) -> None:
        super().__init__(existing)
        self.args = (f"an entry of the same list, enterprise, item and document exists: {existing}",)


def publish(draft: EntryDraft, *, entry_id: str, today: date, law: Law) -> ListEntry:
    """
    Return the entry at version 1. Raises `Invalid` with every fault: a code that is not right in every digit (these lists are
    public, so none in doubt is shown), an authority of the register that does not keep this list, a district that was none.
    """
    findings = Findings()
    list_class = findings.choice("list_class", draft.list_class)
    enterprise, code = read_enterprise(draft.enterprise, findings)
    if code.judgement is Judgement.QUARANTINED:
        findings.note_refused_code("enterprise.code", describe(draft.enterprise.code, code), code.rule, code.likely)
    authority = read_authority(draft.authority_code, draft.authority_name, findings, "authority")
    number = findings.text("document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    published_on = findings.past_day("date", draft.date, today=today, rule=law.authorities.lists_rule)
    on = published_on or today
    district = read_district(draft.district, findings, default_since=on, today=today)
    item = findings.text("item", draft.item, limit=ITEM_LIMIT, least=0)
    reason = findings.text("reason", draft.reason, limit=REASON_LIMIT)
    warnings = check_authority(authority, None, findings, on=on, law=law, path="authority")
    warnings += check_district(district, findings, on=on, law=law)
    _check_keeper(authority, list_class, code, findings, law=law)
    findings.stop_if_any()
    assert list_class and enterprise and authority and district and published_on  # noqa: PT018, S101 - for the type checker
    return ListEntry(
        id=entry_id,
        version=1,
        list_class=list_class,
        enterprise=enterprise,
        item=item,
        authority=authority,
        district=district,
        document_number=number,
        published_on=published_on,
        reason=reason,
        warnings=tuple(warnings),
    )


def withdraw(entry: ListEntry, draft: WithdrawalDraft, *, today: date, law: Law) -> ListEntry:
    """Return the entry withdrawn, which happens once. Raises `StateConflict`, `Invalid`."""
    rule = law.authorities.lists_rule
    if entry.withdrawal:
        raise StateConflict(f"{entry.name} was withdrawn on {entry.withdrawal.decided_on} already ({rule})")
    findings = Findings()
    number = findings.text("withdrawal.document_number", draft.document_number, limit=DOCUMENT_NUMBER_LIMIT)
    decided_on = findings.past_day("withdrawal.date", draft.date, today=today, rule=rule)
    if decided_on and decided_on < entry.published_on:
        text = f"{decided_on} lies before the publication of {entry.published_on}: nothing was there to withdraw"
        findings.note("withdrawal.date", text, rule)
    reason = findings.text("withdrawal.reason", draft.reason, limit=REASON_LIMIT)
    findings.stop_if_any()
    assert decided_on  # noqa: S101 - for the type checker
    withdrawal = Withdrawal(document_number=number, decided_on=decided_on, reason=reason)
    return replace(entry, version=entry.version + 1, withdrawal=withdrawal)


def _check_keeper(
    authority: Authority | None, list_class: ListClass | None, code: Code, findings: Findings, *, law: Law
) -> None:
    """Note an authority of the register that does not keep the list, and one that would publish itself."""
    if authority is None:
        return
    entry = law.authorities.get(authority.code)
    if entry and list_class and entry.function not in law.authorities.list_leads[list_class]:
        text = f"{authority.name} ({entry.function}) does not keep the list {list_class}"
        findings.note("authority.code", text, law.authorities.lists_rule)
    if code.certain_organisation_code == judge(authority.code).organisation_code:
        findings.note("enterprise.code", "it is the authority's own: nobody decides about himself", GB_32100)
