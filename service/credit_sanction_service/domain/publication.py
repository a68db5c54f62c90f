"""
How long a record may be published, by class and by the date of its document.

From 2026-04-01 (国家发展改革委令第36号): minor is not published, general at most 1 year, serious at most 3, counted from the
document's date; publication and measures end together unless a measure names an earlier or later day of its own.
Before: at most 5 years (山东省社会信用条例 art. 38; the other provinces alike).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import add_months
from credit_sanction_service.domain.records import Measure
from credit_sanction_service.domain.terms import ALL_AREAS, PublicationClass

if TYPE_CHECKING:
    from credit_sanction_service.domain.drafts import RecordDraft
    from credit_sanction_service.domain.findings import Findings
    from credit_sanction_service.domain.measures import Catalogue
    from credit_sanction_service.domain.terms import Area

ORDER_36: Final = "国家发展改革委令第36号(信用修复管理办法)"
BEFORE_ORDER_36: Final = "山东省社会信用条例 art. 38"
_ORDER_36_FROM: Final = date(2026, 4, 1)
_MOST_MONTHS: Final = {PublicationClass.GENERAL: 12, PublicationClass.SERIOUS: 36}
_MOST_MONTHS_BEFORE: Final = 60
CATALOGUE_RULE: Final = "全国失信惩戒措施基础清单; 国办发〔2020〕49号"


def longest_end(publication_class: PublicationClass, document_date: date) -> tuple[date, str]:
    """Return the last day that the class allows for publication, and the rule. For a class that is published."""
    if document_date >= _ORDER_36_FROM:
        return add_months(document_date, _MOST_MONTHS[publication_class]), ORDER_36
    return add_months(document_date, _MOST_MONTHS_BEFORE), BEFORE_ORDER_36


def read_publication_end(draft: RecordDraft, findings: Findings, *, decided_on: date | None) -> date | None:
    """Return the last day of publication, None for a minor record and where a fault is noted, here or in the decision."""
    field = "publication_end_date"
    given = findings.day(field, draft.publication_end_date, required=False)
    if draft.publication_class is None:
        return None
    if draft.publication_class is PublicationClass.MINOR:
        if given:
            findings.note(field, "a minor record is not published, so its publication has no end", ORDER_36)
        return None
    if decided_on is None:
        return given
    longest, rule = longest_end(draft.publication_class, decided_on)
    if given is None:
        return longest
    if not decided_on <= given <= longest:
        findings.note(
            field,
            f"{given} does not lie between the decision of {decided_on} and {longest}, the longest allowed",
            rule,
        )
        return None
    return given


def read_measures(
    draft: RecordDraft,
    findings: Findings,
    *,
    decided_on: date | None,
    publication_end: date | None,
    catalogue: Catalogue,
) -> tuple[Measure, ...]:
    """Return the measures in the order of the areas. An area without a row in the catalogue is refused."""
    if not 1 <= len(draft.measures) <= len(ALL_AREAS):
        findings.note("measures", f"{len(draft.measures)} areas: 1 to {len(ALL_AREAS)} are taken", CATALOGUE_RULE)
    found: dict[Area, Measure] = {}
    for number, measure in enumerate(draft.measures[: len(ALL_AREAS)]):
        field = f"measures[{number}]"
        area = findings.choice(f"{field}.area", measure.area)
        end = findings.day(f"{field}.end_date", measure.end_date, required=False) or publication_end
        if area is None:
            continue
        if area not in catalogue.rows:
            findings.note(f"{field}.area", f"the catalogue {catalogue.edition} has no row for {area}", CATALOGUE_RULE)
        elif area in found:
            findings.note(f"{field}.area", f"{area} stands twice")
        elif end is None:
            if draft.publication_class is PublicationClass.MINOR and not measure.end_date:
                text = "a record that is not published needs an end for each measure"
                findings.note(f"{field}.end_date", text, ORDER_36)
        elif decided_on and end < decided_on:
            findings.note(f"{field}.end_date", f"{end} lies before the decision of {decided_on}")
        else:
            found[area] = Measure(area=area, end=end)
    return tuple(found[area] for area in catalogue.rows if area in found)
