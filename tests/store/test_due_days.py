"""By which day each delivery must have been told by law, and which are past it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests import samples
from tests.samples import TODAY, code
from tests.store.town import LENDER, PLATFORM, WEBSITE, Town

from credit_sanction_service.domain.lifecycle import lift
from credit_sanction_service.domain.terms import DutyKind
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.deliveries import list_deliveries
from credit_sanction_service.store.due_days import due_days, past_due_counts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import Database

    from credit_sanction_service.domain.records import SanctionRecord


@pytest.fixture
def town(store: Database) -> Iterator[Town]:
    opened = Town(store, day=TODAY, targets=(PLATFORM, WEBSITE, LENDER))
    yield opened
    opened.close()


def listed(town: Town, number: int = 1) -> SanctionRecord:
    given = samples.record(number, decided_on=TODAY - timedelta(days=1))
    town.submit(given)
    return given


def due(town: Town) -> dict[tuple[str, str], date | None]:
    rows = town.rows()
    days = due_days(town.connection, rows, today=town.day)
    return {(row.target, row.subject): day for row, day in zip(rows, days, strict=True)}


def late(town: Town, **filters: object) -> list[tuple[str, str]]:
    views = list_deliveries(town.connection, past_due_on=town.day, **filters)  # type: ignore[arg-type]
    return [(view.delivery.target, view.delivery.subject) for view in views]


def day_of(record: SanctionRecord, kind: DutyKind) -> date:
    (day,) = (due.due_on for due in record.due_days if due.kind is kind)
    assert day
    return day


def test_a_delivery_is_due_by_the_day_of_its_open_duty_at_that_target(town: Town) -> None:
    record = listed(town)
    reported = day_of(record, DutyKind.REPORT_DECISION)
    assert reported > TODAY
    places = {("lender", code(1)), ("platform", record.name), ("website", record.name)}
    assert due(town) == dict.fromkeys(places, reported)
    town.answer("platform", record.name)
    assert due(town)["platform", record.name] is None
    town.answer("lender", code(1))
    town.answer("website", record.name, Outcome.REJECTED)
    lifted = town.step(record, lift, samples.lift_draft())
    withdrawn = day_of(lifted, DutyKind.WITHDRAW)
    assert due(town) == dict.fromkeys(places, withdrawn)
    assert due_days(town.connection, [], today=TODAY) == []


def test_what_is_past_its_day_is_listed_and_counted(town: Town) -> None:
    record, other = listed(town), listed(town, 2)
    town.answer("platform", other.name)
    reported = day_of(record, DutyKind.REPORT_DECISION)
    town.day = reported
    assert late(town) == []
    assert past_due_counts(town.connection, town.day) == {}
    town.day = reported + timedelta(days=1)
    assert late(town) == sorted(
        [
            ("lender", code(1)),
            ("lender", code(2)),
            ("platform", record.name),
            ("website", record.name),
            ("website", other.name),
        ]
    )
    assert late(town, target="platform") == [("platform", record.name)]
    assert late(town, enterprise_code=code(2)) == [("lender", code(2)), ("website", other.name)]
    assert past_due_counts(town.connection, town.day) == {"lender": 2, "platform": 1, "website": 2}
    assert past_due_counts(town.connection, town.day, target="website") == {"website": 2}
    town.answer_all()
    assert late(town) == []
