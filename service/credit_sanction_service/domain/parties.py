"""Reading who a record is about, who decided, and which district answers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.enterprises import Authority, District, Enterprise, OtherIdentifier
from credit_sanction_service.domain.identifiers import (
    GB_11714,
    GB_32100,
    Code,
    Judgement,
    describe,
    judge,
    organisation_code_in,
)
from credit_sanction_service.domain.privacy import PRIVACY, shown
from credit_sanction_service.domain.records import Quarantine
from credit_sanction_service.domain.terms import IdentifierKind
from credit_sanction_service.domain.text import DISTRICT_NAME_LIMIT, NAME_LIMIT, OTHER_IDENTIFIER_LIMIT, name_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from credit_sanction_service.domain.capacity import Obligation
    from credit_sanction_service.domain.drafts import DistrictDraft, EnterpriseDraft
    from credit_sanction_service.domain.findings import Findings
    from credit_sanction_service.domain.law import Law

NAME_WARNING: Final = "企业名称与其他记录不一致"
LEADS: Final = "长工信联字[2017]9号 §五(一)(二)"
DIVISIONS: Final = "GB/T 2260"
MOST_FORMER_NAMES: Final = 20
MOST_OTHER_IDENTIFIERS: Final = 10


def read_enterprise(draft: EnterpriseDraft, findings: Findings) -> tuple[Enterprise | None, Code]:
    """Return the enterprise with its code judged."""
    code = judge(draft.code)
    if code.judgement is Judgement.REFUSED:
        findings.note_refused_code("enterprise.code", describe(draft.code, code), code.rule, code.likely)
    name = findings.text("enterprise.name", draft.name, limit=NAME_LIMIT, least=2)
    if len(draft.former_names) > MOST_FORMER_NAMES:
        findings.note("enterprise.former_names", f"at most {MOST_FORMER_NAMES} are taken")
    former = tuple(
        findings.text(f"enterprise.former_names[{number}]", value, limit=NAME_LIMIT, least=2)
        for number, value in enumerate(draft.former_names[:MOST_FORMER_NAMES])
    )
    others = _read_other_identifiers(draft, findings, code)
    if not name or code.judgement is Judgement.REFUSED:
        return None, code
    distinct = {name_key(value): value for value in reversed(former) if name_key(value) != name_key(name)}
    enterprise = Enterprise(
        code=code.value, name=name, former_names=tuple(reversed(distinct.values())), other_identifiers=others
    )
    return enterprise, code


def _read_other_identifiers(draft: EnterpriseDraft, findings: Findings, main: Code) -> tuple[OtherIdentifier, ...]:
    if len(draft.other_identifiers) > MOST_OTHER_IDENTIFIERS:
        findings.note("enterprise.other_identifiers", f"at most {MOST_OTHER_IDENTIFIERS} are taken")
    found: dict[str, OtherIdentifier] = {}
    for number, (kind, text) in enumerate(draft.other_identifiers[:MOST_OTHER_IDENTIFIERS]):
        field = f"enterprise.other_identifiers[{number}]"
        chosen = findings.choice(f"{field}.kind", kind)
        code = judge(text)
        if code.rule == PRIVACY:
            findings.note_refused_code(f"{field}.value", describe(text, code), PRIVACY, ())
            continue
        value = findings.text(f"{field}.value", text, limit=OTHER_IDENTIFIER_LIMIT)
        if not chosen or not value:
            continue
        inside = organisation_code_in(chosen, code.value)
        if chosen is IdentifierKind.USCC or not code.may_be(chosen):
            reason = code.reason or "it is a unified social credit code, which belongs in enterprise.code"
            findings.note_refused_code(f"{field}.value", f"{shown(value)} is not a {chosen}: {reason}", GB_32100, ())
        elif inside and main.certain_organisation_code not in {"", inside}:
            reason = (
                f"the enterprise's code has the organisation code {main.certain_organisation_code}, this has {inside}"
            )
            findings.note_refused_code(f"{field}.value", reason, f"{GB_32100}; {GB_11714}", ())
        elif code.value != main.value:
            found[code.value] = OtherIdentifier(kind=chosen, value=code.value)
    return tuple(found.values())


def quarantine_of(code: Code) -> Quarantine:
    """Return why a code in doubt is quarantined."""
    return Quarantine(reason=code.reason, rule=code.rule, likely=code.likely)


def read_authority(code: str, name: str, findings: Findings, path: str) -> Authority | None:
    """Return the authority, by its own code."""
    judged = judge(code)
    if judged.judgement is not Judgement.ACCEPTED:
        findings.note_refused_code(f"{path}.code", describe(code, judged), judged.rule, judged.likely)
    tidied = findings.text(f"{path}.name", name, limit=NAME_LIMIT, least=2)
    return Authority(code=judged.value, name=tidied) if judged.judgement is Judgement.ACCEPTED and tidied else None


def read_district(draft: DistrictDraft, findings: Findings, *, default_since: date, today: date) -> District | None:
    """Return the responsible district. Its code is checked for form only: development zones are not in GB/T 2260."""
    code = draft.code.strip()
    if not (len(code) == 6 and code.isascii() and code.isdigit()):  # noqa: PLR2004 - the length that the standard says
        findings.note("responsible_district.code", f"{shown(code)} is not six digits", "GB/T 2260")
    name = findings.text("responsible_district.name", draft.name, limit=DISTRICT_NAME_LIMIT, least=2)
    since = findings.past_day("responsible_district.since", draft.since, today=today, required=False) or default_since
    return District(code=code, name=name, since=since) if name else None


def check_authority(
    authority: Authority | None,
    obligation: Obligation | None,
    findings: Findings,
    *,
    on: date,
    law: Law,
    path: str = "decision.authority",
) -> list[str]:
    """
    Note an authority of the register that leads neither the standard nor the sector (长工信联字[2017]9号 §五(一)(二)); return
    what the clerk should look at: an authority the register does not know, a name it did not bear on that day.
    """
    if authority is None:
        return []
    entry = law.authorities.get(authority.code)
    if entry is None:
        return [f"认定部门不在登记册: {authority.code} is not in the register of authorities {law.authorities.edition}"]
    if obligation and not any(
        entry.function in law.authorities.leads(standard, obligation.sector) for standard in obligation.standards
    ):
        text = f"{authority.name} ({entry.function}) leads neither {obligation.standard} nor {obligation.sector}"
        findings.note(f"{path}.code", text, LEADS)
    if not entry.bore(authority.name, on):
        return [f"认定部门名称不符: {authority.code} was called {entry.name_on(on)} on {on}, not {authority.name}"]
    return []


def check_district(district: District | None, findings: Findings, *, on: date, law: Law) -> list[str]:
    """Note a division code that was not valid on the day; return a warning for one that no edition knows."""
    if district is None:
        return []
    valid = law.districts.valid_on(district.code, on)
    entry = law.districts.get(district.code)
    if valid is None or entry is None:
        return [f"区划代码不在清单: {district.code} is not in the table of districts {law.districts.edition}"]
    if not valid:
        then = f"; its successor is {entry.successor}" if entry.successor else ""
        findings.note("responsible_district.code", f"{district.code} was no district here on {on}{then}", DIVISIONS)
        return []
    name = entry.name_on(on)
    if name not in district.name:  # 长春市九台区 is 九台区 too
        return [f"区划名称不符: {district.code} is {name}, not {district.name}"]
    return []


def name_warnings(names: Sequence[str], others: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """
    Return a sentence for each other record's name that `names` do not explain. Each sequence holds the present name of an
    enterprise of one code, then its former ones: where two of them share any name, one is the other renamed.
    """
    keys = {name_key(name) for name in names}
    unlike = {name_key(other[0]): other[0] for other in others if keys.isdisjoint(name_key(name) for name in other)}
    return tuple(f"{NAME_WARNING}: another record has this code as {name}" for name in unlike.values())
