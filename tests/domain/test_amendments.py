"""Amendments judge what they touch: what an older release took in under milder rules can still be corrected."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.samples import LAW, TODAY, code, confirmation, draft, draft_of, quarantined
from tests.samples import record as sample

from credit_sanction_service.domain.amendments import Amendment, amend, confirm
from credit_sanction_service.domain.decisions import read_confirmation
from credit_sanction_service.domain.faults import FieldFixed, Invalid
from credit_sanction_service.domain.terms import Area, PublicationClass, State

if TYPE_CHECKING:
    from credit_sanction_service.domain.drafts import RecordDraft
    from credit_sanction_service.domain.records import SanctionRecord

DECIDED = date(2025, 6, 2)


def of_an_older_release() -> SanctionRecord:
    """Return a record as the first release took it in: no plan, notice the day before, five years of publication."""
    record = sample(decided_on=DECIDED, today=DECIDED)
    return replace(
        record,
        obligation=replace(record.obligation, plan=None, calendar_edition=""),
        decision=replace(record.ruling, notice_served_on=DECIDED - timedelta(days=1)),
        district=replace(record.district, code="220181", name="九台市"),
        publication_end=date(2030, 6, 2),
        regime="",
        due_days=(),
    )


def amended(record: SanctionRecord, draft_: RecordDraft, *paths: str) -> SanctionRecord:
    return amend(record, Amendment(draft=draft_, paths=set(paths)), today=TODAY, law=LAW)


def test_what_is_not_amended_is_not_judged_anew() -> None:
    record = of_an_older_release()
    given = replace(draft_of(record), measures=draft(areas=(Area.LAND_SUPPLY,)).measures)
    fresh = amended(record, given, "measures")
    assert [measure.area for measure in fresh.measures] == [Area.LAND_SUPPLY]
    assert (fresh.publication_end, fresh.obligation, fresh.decision) == (
        record.publication_end,
        record.obligation,
        record.decision,
    )
    penal = replace(given, decision=replace(given.decision, cause="补正事由"))
    assert amended(record, penal, "decision.cause").ruling.cause == "补正事由"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("publication_end_date", {"publication_end_date"}),
        ("publication_class", {"publication_end_date"}),
        ("decision.notice_served_on", {"decision.date"}),
        ("responsible_district", {"responsible_district.code"}),
    ],
)
def test_what_is_amended_is_judged_by_todays_rules(path: str, fields: set[str]) -> None:
    record = of_an_older_release()
    with pytest.raises(Invalid) as caught:
        amended(record, draft_of(record), path)
    assert {violation.field for violation in caught.value.violations} == fields


def test_a_new_class_brings_its_own_publication_and_judges_the_measures() -> None:
    record = of_an_older_release()
    given = replace(draft_of(record), publication_class=PublicationClass.GENERAL, publication_end_date="")
    assert amended(record, given, "publication_class").publication_end == date(2028, 6, 2)


def test_an_obligation_on_paper_is_corrected_only_before_the_listing_and_a_registered_one_never() -> None:
    record = quarantined()
    other = replace(draft_of(record).obligation, capacity_amount="12")
    given = replace(draft_of(record), obligation=other)
    assert str(amended(record, given, "obligation").obligation.capacity.amount) == "12"
    named = replace(record, obligation_name="exitObligations/1")
    with pytest.raises(FieldFixed):
        amended(named, given, "obligation")
    with pytest.raises(FieldFixed):
        amended(sample(), given, "obligation")


def test_a_code_is_confirmed_without_judging_the_rest_anew() -> None:
    record = quarantined()
    old = replace(
        record,
        obligation=replace(record.obligation, plan=None),
        decision=replace(record.ruling, notice_served_on=record.ruling.decided_on),
    )
    given = read_confirmation(confirmation(), today=TODAY)
    fresh = confirm(old, draft_of(old), code=code(1), confirmation=given, today=TODAY, law=LAW)
    assert (fresh.state, fresh.enterprise.code, fresh.obligation) == (State.LISTED, code(1), old.obligation)
