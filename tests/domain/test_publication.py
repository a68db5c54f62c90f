"""How long a record is published, and the measures' own ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.samples import LAW, TODAY, draft, taken_in
from tests.samples import record as sample

from credit_sanction_service.domain.drafts import MeasureDraft, RecordDraft
from credit_sanction_service.domain.faults import Invalid
from credit_sanction_service.domain.intake import take_in
from credit_sanction_service.domain.measures import Catalogue, Row
from credit_sanction_service.domain.publication import longest_end
from credit_sanction_service.domain.records import Measure
from credit_sanction_service.domain.terms import Area, PublicationClass

DECIDED = TODAY - timedelta(days=30)


def fields(given: RecordDraft) -> list[str]:
    with pytest.raises(Invalid) as caught:
        taken_in(given)
    assert all(violation.rule for violation in caught.value.violations)
    return [violation.field for violation in caught.value.violations]


@pytest.mark.parametrize(
    ("publication_class", "document", "end"),
    [
        (PublicationClass.GENERAL, "2026-04-01", "2027-04-01"),
        (PublicationClass.SERIOUS, "2026-04-01", "2029-04-01"),
        (PublicationClass.GENERAL, "2026-03-31", "2029-03-31"),
        (PublicationClass.SERIOUS, "2026-03-31", "2029-03-31"),
        (PublicationClass.GENERAL, "2023-05-01", "2026-05-01"),
        (PublicationClass.GENERAL, "2023-04-30", "2028-04-30"),
        (PublicationClass.SERIOUS, "2023-04-30", "2028-04-30"),
        (PublicationClass.SERIOUS, "2028-02-29", "2031-02-28"),
    ],
)
def test_the_longest_publication_follows_the_class_and_the_documents_day(
    publication_class: PublicationClass, document: str, end: str
) -> None:
    longest, rule = longest_end(publication_class, date.fromisoformat(document), LAW.regimes)
    assert longest == date.fromisoformat(end)
    assert ("第36号" in rule) == (document >= "2026-04-01")


def test_without_an_end_the_longest_is_taken_for_publication_and_measures() -> None:
    record = sample(publication_class=PublicationClass.GENERAL)
    assert record.publication_end == date(DECIDED.year + 1, DECIDED.month, DECIDED.day)
    assert {measure.end for measure in record.measures} == {None}
    assert {record.end_of(measure) for measure in record.measures} == {record.publication_end}


@pytest.mark.parametrize("end", ["2027-10-25", "2026-10-23"])
def test_an_end_beyond_the_class_or_before_the_decision_is_refused(end: str) -> None:
    given = draft(publication_class=PublicationClass.GENERAL, publication_end=end)
    assert fields(given) == ["publication_end_date"]


@pytest.mark.parametrize("end", ["2027-10-24", "2026-11-23"])
def test_the_longest_end_itself_and_today_are_taken(end: str) -> None:
    given = draft(publication_class=PublicationClass.GENERAL, publication_end=end)
    assert taken_in(given).publication_end == date.fromisoformat(end)


def test_a_minor_record_is_not_published_and_needs_an_end_for_each_measure() -> None:
    record = sample(publication_class=PublicationClass.MINOR)
    assert record.publication_end is None
    given = replace(draft(publication_class=PublicationClass.MINOR), measures=(MeasureDraft(area=Area.LAND_SUPPLY),))
    assert fields(given) == ["measures[0].end_date"]
    given = draft(publication_class=PublicationClass.MINOR, publication_end="2027-01-01")
    assert fields(given) == ["publication_end_date"]


def test_a_measure_may_end_on_a_day_of_its_own_but_not_before_the_decision() -> None:
    given = replace(
        draft(),
        measures=(
            MeasureDraft(area=Area.SAFETY_LICENCE, end_date="2027-01-31"),
            MeasureDraft(area=Area.LAND_SUPPLY),
        ),
    )
    record = taken_in(given)
    assert [(m.area, m.end, record.end_of(m)) for m in record.measures] == [
        (Area.LAND_SUPPLY, None, record.publication_end),
        (Area.SAFETY_LICENCE, date(2027, 1, 31), date(2027, 1, 31)),
    ]
    early = replace(given, measures=(MeasureDraft(area=Area.LAND_SUPPLY, end_date="2026-10-23"),))
    assert fields(early) == ["measures[0].end_date"]


@pytest.mark.parametrize(
    ("publication_class", "decided_on", "longest", "rule"),
    [
        (PublicationClass.MINOR, date(2026, 10, 26), date(2029, 10, 26), "第36号"),
        (PublicationClass.GENERAL, date(2026, 10, 26), date(2027, 10, 26), "第36号"),
        (PublicationClass.SERIOUS, date(2026, 4, 1), date(2029, 4, 1), "第36号"),
        (PublicationClass.MINOR, date(2026, 3, 31), date(2029, 3, 31), "第58号"),
        (PublicationClass.GENERAL, date(2026, 3, 31), date(2029, 3, 31), "第58号"),
        (PublicationClass.GENERAL, date(2023, 4, 28), date(2028, 4, 28), "山东省社会信用条例"),
    ],
)
def test_no_measure_runs_beyond_the_longest_that_the_class_allows(
    publication_class: PublicationClass, decided_on: date, longest: date, rule: str
) -> None:
    base = draft(publication_class=publication_class, decided_on=decided_on)
    given = replace(base, measures=(MeasureDraft(area=Area.LAND_SUPPLY, end_date=longest.isoformat()),))
    assert taken_in(given).measures[0].end == longest
    beyond = (longest + timedelta(days=1)).isoformat()
    with pytest.raises(Invalid) as caught:
        taken_in(replace(base, measures=(MeasureDraft(area=Area.LAND_SUPPLY, end_date=beyond),)))
    (violation,) = caught.value.violations
    assert violation.field == "measures[0].end_date"
    assert rule in violation.rule


def test_a_measure_may_outlast_a_publication_that_was_made_shorter() -> None:
    base = draft(publication_class=PublicationClass.GENERAL, publication_end="2027-01-31")
    record = taken_in(replace(base, measures=(MeasureDraft(area=Area.LAND_SUPPLY, end_date="2027-06-30"),)))
    assert (record.publication_end, record.last_day) == (date(2027, 1, 31), date(2027, 6, 30))


def test_a_record_that_is_not_published_cannot_be_built_with_a_measure_without_an_end() -> None:
    minor = sample(publication_class=PublicationClass.MINOR)
    with pytest.raises(ValueError, match="not published"):
        replace(minor, measures=(Measure(area=Area.LAND_SUPPLY),))
    with pytest.raises(ValueError, match="no end"):
        minor.end_of(Measure(area=Area.LAND_SUPPLY))


def test_an_area_twice_none_at_all_and_an_unknown_one_are_refused() -> None:
    land = MeasureDraft(area=Area.LAND_SUPPLY)
    assert fields(replace(draft(), measures=(land, land))) == ["measures[1].area"]
    assert fields(replace(draft(), measures=())) == ["measures"]
    assert fields(replace(draft(), measures=(MeasureDraft(),))) == ["measures[0].area"]


def test_an_area_without_a_row_in_the_catalogue_is_refused() -> None:
    whole = LAW.catalogue_on(TODAY)
    rows: dict[Area, Row] = {area: row for area, row in whole.rows.items() if area is not Area.BOND_ISSUANCE}
    small = Catalogue(edition="test", rows=rows)
    with pytest.raises(Invalid) as caught:
        take_in(draft(), record_id="0", today=TODAY, catalogue=small, law=LAW)
    (violation,) = caught.value.violations
    assert violation.field == "measures[2].area"
    assert violation.rule
