"""
How long a record may be published, by class and by the date of its document: the regime of that day says it (`regimes`).

A measure ends with the publication, whatever becomes of that, unless it names a day of its own. That day may lie before the
publication's end or after it, never beyond the longest that the class allows. Repair is not allowed before the least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.calendar import add_day, add_months
from credit_sanction_service.domain.records import Measure
from credit_sanction_service.domain.terms import ALL_AREAS, PublicationClass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from credit_sanction_service.domain.drafts import MeasureDraft
    from credit_sanction_service.domain.findings import Findings
    from credit_sanction_service.domain.measures import Catalogue
    from credit_sanction_service.domain.regimes import Regimes
    from credit_sanction_service.domain.terms import Area

ORDER_36: Final = "国家发展改革委令第36号(信用修复管理办法)"
CATALOGUE_RULE: Final = "全国失信惩戒措施基础清单; 国办发〔2020〕49号"


def longest_end(publication_class: PublicationClass, document_date: date, regimes: Regimes) -> tuple[date, str]:
    """Return the last day that the class allows, for its measures and, where it is published, its publication; and the rule."""
    regime = regimes.on(document_date)
    return add_months(document_date, regime.classes[publication_class].max_months), regime.rule


def earliest_repair(publication_class: PublicationClass, document_date: date, regimes: Regimes) -> tuple[date, str]:
    """
    Return the first day on which a record of the class may be repaired, and the rule: the day after the least period, which
    is counted from the document's date and includes the corresponding day (民法典 art. 201, 202).
    """
    regime = regimes.on(document_date)
    months = regime.classes[publication_class].min_months
    return add_day(add_months(document_date, months)) if months else document_date, regime.rule


def read_publication_end(
    publication_class: PublicationClass | None,
    typed: str,
    findings: Findings,
    *,
    decided_on: date | None,
    regimes: Regimes,
) -> date | None:
    """Return the last day of publication, None for a minor record and where a fault is noted, here or in the decision."""
    field = "publication_end_date"
    given = findings.day(field, typed, required=False)
    if publication_class is None:
        return None
    if publication_class is PublicationClass.MINOR:
        if given:
            findings.note(field, "a minor record is not published, so its publication has no end", ORDER_36)
        return None
    if decided_on is None:
        return given
    longest, rule = longest_end(publication_class, decided_on, regimes)
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
    drafts: Sequence[MeasureDraft],
    publication_class: PublicationClass | None,
    findings: Findings,
    *,
    decided_on: date | None,
    catalogue: Catalogue,
    regimes: Regimes,
) -> tuple[Measure, ...]:
    """
    Return the measures in the order of the areas; one that names no end gets none. Refused are an area without a row in the
    catalogue, an end before the decision or beyond the longest that the class allows, and none in a minor record.
    """
    if not 1 <= len(drafts) <= len(ALL_AREAS):
        findings.note("measures", f"{len(drafts)} areas: 1 to {len(ALL_AREAS)} are taken", CATALOGUE_RULE)
    found: dict[Area, Measure] = {}
    for number, measure in enumerate(drafts[: len(ALL_AREAS)]):
        field = f"measures[{number}]"
        area = findings.choice(f"{field}.area", measure.area)
        path = f"{field}.end_date"
        end = _read_end(publication_class, findings, path, measure.end_date, decided_on=decided_on, regimes=regimes)
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
    publication_class: PublicationClass | None,
    findings: Findings,
    field: str,
    typed: str,
    *,
    decided_on: date | None,
    regimes: Regimes,
) -> date | None:
    """Return a measure's own last day, None where it ends with the publication and where a fault is noted."""
    end = findings.day(field, typed, required=False)
    if end is None:
        if publication_class is PublicationClass.MINOR and not typed:
            findings.note(field, "a record that is not published needs an end for each measure", ORDER_36)
        return None
    if decided_on is None or publication_class is None:
        return end
    longest, rule = longest_end(publication_class, decided_on, regimes)
    if end < decided_on:
        findings.note(field, f"{end} lies before the decision of {decided_on}", rule)
    elif end > longest:
        text = f"{end} lies beyond {longest}, the longest allowed for a {publication_class} record of {decided_on}"
        findings.note(field, text, rule)
    return end
