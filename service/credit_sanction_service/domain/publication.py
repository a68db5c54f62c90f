"""
How long a record may be published, by class and by the date of its document.

From 2026-04-01 (国家发展改革委令第36号): minor is not published, general at most 1 year, serious at most
3, counted from the document's date. Before: at most 5 years (山东省社会信用条例 art. 38; the other provinces alike).

A measure ends with the publication, whatever becomes of that, unless it names a day of its own. That day may lie before the
publication's end or after it, never beyond the longest that the class allows.
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
# A minor record is not published, so the order sets no period for its measures: the longest of all classes bounds them.
_MOST_MONTHS: Final = {PublicationClass.MINOR: 36, PublicationClass.GENERAL: 12, PublicationClass.SERIOUS: 36}
_MOST_MONTHS_BEFORE: Final = 60
CATALOGUE_RULE: Final = "全国失信惩戒措施基础清单; 国办发〔2020〕49号"


def longest_end(publication_class: PublicationClass, document_date: date) -> tuple[date, str]:
    """Return the last day that the class allows, for its measures and, where it is published, its publication; and the rule."""
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
    catalogue: Catalogue,
) -> tuple[Measure, ...]:
    """
    Return the measures in the order of the areas; one that names no end gets none. Refused are an area without a row in the
    catalogue, an end before the decision or beyond the longest that the class allows, and none in a minor record.
    """
    if not 1 <= len(draft.measures) <= len(ALL_AREAS):
        findings.note("measures", f"{len(draft.measures)} areas: 1 to {len(ALL_AREAS)} are taken", CATALOGUE_RULE)
    found: dict[Area, Measure] = {}
    for number, measure in enumerate(draft.measures[: len(ALL_AREAS)]):
        field = f"measures[{number}]"
        area = findings.choice(f"{field}.area", measure.area)
        end = _read_end(draft, findings, f"{field}.end_date", measure.end_date, decided_on=decided_on)
        if area is None:
            continue
        if area not in catalogue.rows:
            findings.note(f"{field}.area", f"the catalogue {catalogue.edition} has no row for {area}", CATALOGUE_RULE)
        elif area in found:
            findings.note(f"{field}.area", f"{area} stands twice")
        else:
            found[area] = Measure(area=area, end=end)
    return tuple(found[area] for area in catalogue.rows if area in found)


def _read_end(
    draft: RecordDraft, findings: Findings, field: str, typed: str, *, decided_on: date | None
) -> date | None:
    """Return a measure's own last day, None where it ends with the publication and where a fault is noted."""
    end = findings.day(field, typed, required=False)
    if end is None:
        if draft.publication_class is PublicationClass.MINOR and not typed:
            findings.note(field, "a record that is not published needs an end for each measure", ORDER_36)
        return None
    if decided_on is None or draft.publication_class is None:
        return end
    longest, rule = longest_end(draft.publication_class, decided_on)
    if end < decided_on:
        findings.note(field, f"{end} lies before the decision of {decided_on}", rule)
    elif end > longest:
        text = (
            f"{end} lies beyond {longest}, the longest allowed for a {draft.publication_class} record of {decided_on}"
        )
        findings.note(field, text, rule)
    return end
