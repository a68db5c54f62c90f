"""Enforcement reports in the store: kept as they came, seen by whom they concern, counted against what is in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING

import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege
from tests.domain.test_enforcement import report_draft
from tests.samples import TODAY, authority_code, call, code, draft, lift_draft, noon, revocation

from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.calendar import start_of
from credit_sanction_service.domain.drafts import DistrictDraft, LiftDraft
from credit_sanction_service.domain.enforcement import LookUpDraft, RateCounter, Sight, Tally, sight_of
from credit_sanction_service.domain.faults import Invalid, NotFound, NotPermitted, Overloaded, RequestIdReused
from credit_sanction_service.domain.law import shipped_law
from credit_sanction_service.domain.terms import ALL_AREAS, Area, EnforcementOutcome, LiftGround
from credit_sanction_service.enforcement import Enforcement
from credit_sanction_service.store.enforcement import RateQuery, ReportQuery, rates
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.statistics import Period, count_blocked

if TYPE_CHECKING:
    from credit_sanction_service.calls import Call
    from credit_sanction_service.domain.enforcement import ReportDraft
    from credit_sanction_service.records import Records
    from credit_sanction_service.store.connect import Connection, Reader
    from credit_sanction_service.store.writer import Writer

BANK = Principal(name="虚构银行", roles=frozenset({Role.BANK}))
EVERYTHING = Sight(reporter="", authorities=None)
CREDIT, LAND, BONDS = Area.FINANCING_CREDIT, Area.LAND_SUPPLY, Area.BOND_ISSUANCE


@pytest.fixture
def enforcement(writer: Writer, reader: Reader) -> Enforcement:
    return Enforcement(writer, reader)


@pytest.fixture
def listed(records: Records) -> str:
    """Take a record in and return its id."""
    return records.create(draft(1), call()).record.id


def first(**changes: object) -> ReportDraft:
    """Return a draft whose look-up is of the first revisions."""
    return report_draft(**{"look_up": LookUpDraft(epoch=1, number=1, answered_at=noon()), **changes})


def by(principal: Principal, request_id: str = "", *, validate_only: bool = False) -> Call:
    return replace(call(request_id, validate_only=validate_only), principal=principal)


def count(connection: Connection) -> int:
    row = connection.execute("SELECT count(*) FROM enforcement_report").fetchone()
    assert row
    return int(row[0])


def test_a_report_is_kept_with_the_head_it_was_taken_in_at(
    enforcement: Enforcement, listed: str, connection: Connection
) -> None:
    head = read_head(connection).revision
    stored = enforcement.report(listed, first(), by(BANK))
    assert (stored.report.reporter, stored.report.record_id) == (BANK.name, listed)
    assert (stored.revision, stored.created_at) == (head, noon())
    assert enforcement.page(ReportQuery(sight=EVERYTHING)) == [stored]
    assert read_head(connection).revision == head, "a report changes nothing that a look-up answers"


def test_reports_are_insert_only(enforcement: Enforcement, listed: str, connection: Connection) -> None:
    enforcement.report(listed, first(), by(BANK))
    for statement in (
        "UPDATE enforcement_report SET blocked = false",
        "DELETE FROM enforcement_report",
        "TRUNCATE enforcement_report",
        "DROP TABLE enforcement_report",
    ):
        with pytest.raises(InsufficientPrivilege):
            connection.execute(statement.encode())
    with pytest.raises(CheckViolation):
        connection.execute(
            "INSERT INTO enforcement_report SELECT gen_random_uuid(), record_id, area, 'NOT_APPLIED', true, applied_on,"
            " district_code, reporter, epoch, revision, body, created_at FROM enforcement_report"
        )


def test_a_retry_makes_one_report(enforcement: Enforcement, listed: str, connection: Connection) -> None:
    stored = enforcement.report(listed, first(), by(BANK, "r"))
    assert enforcement.report(listed, first(), by(BANK, "r")) == stored
    assert count(connection) == 1
    with pytest.raises(RequestIdReused):
        enforcement.report(listed, first(), replace(by(BANK, "r"), digest=b"2"))


def test_a_check_stores_nothing(enforcement: Enforcement, listed: str, connection: Connection) -> None:
    checked = enforcement.report(listed, first(), by(BANK, validate_only=True))
    assert (checked.revision.number, checked.report.area) == (0, CREDIT)
    assert count(connection) == 0


def test_a_caller_reports_only_for_areas_it_may_ask_about(enforcement: Enforcement, listed: str) -> None:
    for record_id in (listed, "no such record"):
        with pytest.raises(NotPermitted):
            enforcement.report(record_id, first(area=LAND), by(BANK))
    with pytest.raises(NotFound):
        enforcement.report("no such record", first(), by(BANK))


def test_the_look_up_must_be_one_that_the_store_can_have_answered(
    enforcement: Enforcement, listed: str, connection: Connection
) -> None:
    head = read_head(connection).revision
    named = LookUpDraft(epoch=head.epoch, number=head.number, answered_at=noon())
    assert enforcement.report(listed, first(look_up=named), by(BANK)).report.look_up.number == head.number
    with pytest.raises(Invalid) as raised:
        enforcement.report(listed, first(look_up=replace(named, number=head.number + 1)), by(BANK))
    assert [violation.field for violation in raised.value.violations] == ["report.look_up.revision"]


def test_a_revoked_record_never_had_a_measure_to_apply(records: Records, enforcement: Enforcement, listed: str) -> None:
    records.revoke(listed, 1, revocation(), None, call())
    with pytest.raises(Invalid) as raised:
        enforcement.report(listed, first(), by(BANK))
    assert [violation.field for violation in raised.value.violations] == ["report.applied_on"]


def test_each_caller_sees_the_reports_that_concern_it(enforcement: Enforcement, listed: str) -> None:
    other = Principal(name="另一银行", roles=frozenset({Role.BANK}))
    own = enforcement.report(listed, first(), by(BANK))
    others = enforcement.report(listed, first(area=BONDS), by(other))
    for principal, seen in (
        (BANK, [own]),
        (other, [others]),
        (Principal(name="金融局", roles=frozenset({Role.FINANCE_OFFICE})), [own, others]),
        (Principal(name="管理员", roles=frozenset({Role.ADMINISTRATOR})), [own, others]),
        (
            Principal(name="认定部门", roles=frozenset({Role.AUTHORITY}), authorities=frozenset({authority_code()})),
            [own, others],
        ),
        (Principal(name="别的部门", roles=frozenset({Role.AUTHORITY}), authorities=frozenset({code(9)})), []),
        (Principal(name="无权部门", roles=frozenset({Role.AUTHORITY}), authorities=frozenset()), []),
    ):
        assert enforcement.page(ReportQuery(sight=sight_of(principal))) == seen, principal.name


def test_filters_are_joined_by_and_and_pages_follow_one_another(
    records: Records, enforcement: Enforcement, listed: str
) -> None:
    elsewhere = replace(draft(2), district=DistrictDraft(code="220102", name="南关区"))
    second = records.create(elsewhere, call()).record.id
    yesterday = TODAY - timedelta(days=1)
    stored = [
        enforcement.report(listed, first(), by(BANK)),
        enforcement.report(listed, first(area=BONDS, applied_on=yesterday.isoformat()), by(BANK)),
        enforcement.report(second, first(), by(BANK)),
    ]
    base = ReportQuery(sight=EVERYTHING)
    for query, places in (
        (base, [0, 1, 2]),
        (replace(base, record_id=listed), [0, 1]),
        (replace(base, areas=(CREDIT,)), [0, 2]),
        (replace(base, areas=(CREDIT, BONDS), districts=("220113",)), [0, 1]),
        (replace(base, since=TODAY), [0, 2]),
        (replace(base, until=yesterday), [1]),
        (replace(base, limit=2), [0, 1]),
        (replace(base, after=stored[1].report.id), [2]),
    ):
        assert enforcement.page(query) == [stored[place] for place in places], query


def rows(
    enforcement: Enforcement, day: date = TODAY, **changes: object
) -> dict[tuple[str, str], tuple[int | str, ...]]:
    found, _ = enforcement.rates(replace(RateQuery(day=day), **changes))  # type: ignore[arg-type]
    return {
        (row.area, row.district_code): (
            row.measures_in_force,
            row.measures_reported,
            row.reports,
            row.blocked_cases,
            row.rate,
        )
        for row in found
    }


def test_a_rate_counts_measures_in_force_and_those_that_were_applied(
    records: Records, enforcement: Enforcement, listed: str
) -> None:
    for number in (2, 3):
        records.create(draft(number, areas=(CREDIT,)), call())
    elsewhere = replace(draft(4, areas=(CREDIT,)), district=DistrictDraft(code="220102", name="南关区"))
    fourth = records.create(elsewhere, call()).record.id
    enforcement.report(listed, first(), by(BANK))
    enforcement.report(listed, first(blocked=False), by(BANK))
    not_applied = first(outcome=EnforcementOutcome.NOT_APPLIED, blocked=False, description="无存量业务")
    enforcement.report(fourth, not_applied, by(BANK))
    assert rows(enforcement, areas=(CREDIT, LAND)) == {
        (LAND, "220113"): (1, 0, 0, 0, "0"),
        (CREDIT, "220102"): (1, 0, 1, 0, "0"),
        (CREDIT, "220113"): (3, 1, 1, 0, "0.3333"),
    }
    assert rows(enforcement, districts=("220102",)) == {(CREDIT, "220102"): (1, 0, 1, 0, "0")}


def blocked(connection: Connection, since: date = TODAY - timedelta(days=30)) -> int:
    opens, closes = start_of(since), start_of(TODAY + timedelta(days=1))
    period = Period(since=since, until=TODAY, last=TODAY, opens=opens, closes=closes, today=TODAY)
    return count_blocked(connection, period, ())


def test_only_the_latest_report_of_each_reporter_on_each_measure_counts(
    records: Records, enforcement: Enforcement, listed: str, connection: Connection
) -> None:
    other = replace(BANK, name="另一银行")
    not_applied = first(outcome=EnforcementOutcome.NOT_APPLIED, blocked=False, description="登记有误")
    second = records.create(draft(2), call()).record.id
    kept = [
        enforcement.report(listed, first(), by(BANK)),
        enforcement.report(listed, first(area=BONDS), by(BANK)),
        enforcement.report(second, first(), by(BANK)),
        enforcement.report(listed, first(), by(other)),
    ]
    assert (rows(enforcement, areas=(CREDIT,)), blocked(connection)) == ({(CREDIT, "220113"): (2, 2, 3, 3, "1")}, 4)
    kept.append(enforcement.report(listed, not_applied, by(BANK)))
    assert (rows(enforcement, areas=(CREDIT,)), blocked(connection)) == ({(CREDIT, "220113"): (2, 2, 3, 2, "1")}, 3)
    kept.append(enforcement.report(listed, not_applied, by(other)))
    assert (rows(enforcement, areas=(CREDIT,)), blocked(connection)) == ({(CREDIT, "220113"): (2, 1, 3, 1, "0.5")}, 2)
    kept.append(enforcement.report(listed, first(), by(other)))
    assert (rows(enforcement, areas=(CREDIT,)), blocked(connection)) == ({(CREDIT, "220113"): (2, 2, 3, 2, "1")}, 3)
    assert enforcement.page(ReportQuery(sight=EVERYTHING)) == kept


def test_two_cases_of_one_reporter_are_two_and_each_is_corrected_alone(
    enforcement: Enforcement, listed: str, connection: Connection
) -> None:
    def case(reference: str, **changes: object) -> ReportDraft:
        look_up = LookUpDraft(epoch=1, number=1, answered_at=noon(), reference=reference)
        return first(look_up=look_up, **changes)

    enforcement.report(listed, case("贷前查1号"), by(BANK))
    enforcement.report(listed, case("贷前查2号"), by(BANK))
    assert blocked(connection) == 2
    wrong = case("贷前查2号", outcome=EnforcementOutcome.NOT_APPLIED, blocked=False, description="登记有误")
    enforcement.report(listed, wrong, by(BANK))
    assert blocked(connection) == 1


def test_a_corrected_day_counts_on_the_corrected_day_alone(
    enforcement: Enforcement, listed: str, connection: Connection
) -> None:
    wrong = TODAY - timedelta(days=5)
    enforcement.report(listed, first(applied_on=wrong.isoformat()), by(BANK))
    assert rows(enforcement, wrong, areas=(CREDIT,)) == {(CREDIT, "220113"): (1, 1, 1, 1, "1")}
    enforcement.report(listed, first(), by(BANK))
    assert rows(enforcement, wrong, areas=(CREDIT,)) == {(CREDIT, "220113"): (1, 0, 0, 0, "0")}
    assert rows(enforcement, areas=(CREDIT,)) == {(CREDIT, "220113"): (1, 1, 1, 1, "1")}
    assert (blocked(connection), blocked(connection, since=TODAY)) == (1, 1)
    enforcement.report(listed, first(applied_on=wrong.isoformat()), by(BANK))
    assert (blocked(connection), blocked(connection, since=TODAY)) == (1, 0)


def test_a_rate_speaks_of_its_day(
    records: Records, enforcement: Enforcement, listed: str, connection: Connection
) -> None:
    enforcement.report(listed, first(), by(BANK))
    ended = replace(lift_draft(), ground=LiftGround.COURT_OR_REVIEW)
    records.lift(listed, 1, ended, call())
    yesterday, before = TODAY - timedelta(days=1), TODAY - timedelta(days=60)
    assert rows(enforcement, areas=(CREDIT,)) == {(CREDIT, "220113"): (0, 0, 0, 0, "")}
    assert rows(enforcement, yesterday, areas=(CREDIT,)) == {(CREDIT, "220113"): (1, 0, 0, 0, "0")}
    assert rows(enforcement, before) == {}
    _, revision = enforcement.rates(RateQuery(day=TODAY))
    assert revision == read_head(connection).revision


def test_rates_are_counted_within_a_transaction_of_the_callers_too(
    enforcement: Enforcement, listed: str, connection: Connection
) -> None:
    enforcement.report(listed, first(), by(BANK))
    with connection.transaction():
        found = rates(connection, RateQuery(day=TODAY), law=shipped_law())
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert [(row.area, row.rate) for row in found] == [(area, "1" if area is CREDIT else "0") for area in ALL_AREAS]


def test_records_that_are_counted_as_one_count_as_many(
    records: Records, enforcement: Enforcement, connection: Connection
) -> None:
    """Records of several days, ends, areas, districts and states, each reported on or not: counted together and singly."""
    city = DistrictDraft(code="220102", name="南关区")
    drafts = [
        replace(
            draft(number, areas=areas, decided_on=TODAY - timedelta(days=back), document=f"虚构认字〔2026〕{number}号"),
            district=city if number % 2 else draft().district,
        )
        for number, (areas, back) in enumerate(product([(CREDIT,), (CREDIT, LAND), ALL_AREAS], [30, 30, 30, 60, 60]))
    ]
    made = [records.create(each, call()).record for each in drafts]
    for place, by_whom in ((0, "甲"), (0, "乙"), (2, "甲"), (7, "甲"), (12, "甲"), (14, "甲")):
        said = first(blocked=place > 5, outcome=EnforcementOutcome.APPLIED)
        enforcement.report(made[place].id, said, by(replace(BANK, name=by_whom)))
    ended = replace(lift_draft((TODAY + timedelta(days=2)).isoformat()), ground=LiftGround.COURT_OR_REVIEW)
    for place, move in ((3, revocation()), (8, ended)):
        if isinstance(move, LiftDraft):
            records.lift(made[place].id, 1, move, call())
        else:
            records.revoke(made[place].id, 1, move, None, call())
    singly = [(records.get(each.id, call().principal).record, each.id) for each in made]
    reports = enforcement.page(ReportQuery(sight=EVERYTHING))
    for day in (TODAY - timedelta(days=45), TODAY, TODAY + timedelta(days=2), TODAY + timedelta(days=3000)):
        counter = RateCounter(day=day, areas=ALL_AREAS, law=shipped_law())
        for each, identifier in singly:
            on_it = [item.report for item in reports if item.report.record_id == identifier]
            known = [report for report in on_it if report.applied_on <= day]
            tally = Tally(reports=len(known), blocked=sum(report.blocked for report in known), applied=True)
            counter.add(each, {CREDIT: tally} if known else {})
        assert rates(connection, RateQuery(day=day), law=shipped_law()) == counter.rates(), day


def test_too_many_counts_at_once_are_put_off(writer: Writer, reader: Reader) -> None:
    with pytest.raises(Overloaded):
        Enforcement(writer, reader, most_counting=0).rates(RateQuery(day=TODAY))
