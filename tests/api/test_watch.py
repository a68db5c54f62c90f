"""WatchService over a real socket: what a reader who keeps a copy is told, and what it is not."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import grpc
import psycopg
import pytest
from google.protobuf.duration_pb2 import Duration
from tests.api.conftest import Caller, House, clock, principal
from tests.api.test_records import fault, forged, metadata
from tests.law_texts import catalogue
from tests.samples import (
    LAW,
    TODAY,
    code,
    draft,
    lift_draft,
    notice_draft,
    quarantined,
    revocation,
    taken_in,
    with_enterprise,
)
from tests.samples import record as sample

from credit_sanction.v1 import law_service_pb2 as law_pb
from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import restriction_service_pb2 as restriction_pb
from credit_sanction.v1 import revision_pb2 as revision_pb
from credit_sanction.v1 import watch_service_pb2 as pb
from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.access import Role
from credit_sanction_service.domain.due_process import serve_notice
from credit_sanction_service.domain.lifecycle import lift, revoke
from credit_sanction_service.domain.terms import Area, EditionKind, IdentifierKind
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.transaction import Transaction

WAIT = 20
START = revision_pb.Revision(epoch=1, number=1)  # the law
LISTED, ENDED = restriction_pb.RESTRICTION_STATE_LISTED, restriction_pb.RESTRICTION_STATE_ENDED


@pytest.fixture
def writer(house: House) -> Iterator[Writer]:
    with closing(Writer(house.database.service_dsn, clock=clock)) as opened:
        yield opened


def insert(writer: Writer, *records: SanctionRecord) -> int:
    """Insert records in one revision, and return its number."""

    def work(tx: Transaction) -> None:
        assert tx.insert(records, action="CREATE", principal="测试") == [None] * len(records)

    return number_of(writer.run(work, timeout=WAIT).revision)


def update(writer: Writer, record: SanctionRecord) -> int:
    """Write a record's next version, and return the revision's number."""

    def work(tx: Transaction) -> None:
        tx.lock_record(record.id)
        tx.update(record, action="AMEND", principal="测试")

    return number_of(writer.run(work, timeout=WAIT).revision)


def number_of(revision: object) -> int:
    assert revision is not None
    return int(revision.number)  # type: ignore[attr-defined]


def lifted(record: SanctionRecord) -> SanctionRecord:
    return lift(record, lift_draft(), today=TODAY, law=LAW)


def watch(
    caller: Caller, after: revision_pb.Revision | None = START, scope: pb.RestrictionScope | None = None
) -> Iterator[pb.WatchRestrictionsResponse]:
    """Open a stream; one from now on is read until it says where that is."""
    request = pb.WatchRestrictionsRequest(after=after, scope=scope, heartbeat=Duration(seconds=1))
    stream: Iterator[pb.WatchRestrictionsResponse] = caller("WatchRestrictions", request)
    if after is None:
        assert not next(stream).entries
    return stream


def news(stream: Iterator[pb.WatchRestrictionsResponse]) -> pb.WatchRestrictionsResponse:
    """Return the next message that is no heartbeat."""
    return next(message for message in stream if message.HasField("known_at"))


def up_to(stream: Iterator[pb.WatchRestrictionsResponse], number: int) -> list[pb.RestrictionEntry]:
    """Return all that is told until the stream has reached a revision."""
    found: list[pb.RestrictionEntry] = []
    for message in stream:
        found += message.entries
        if message.revision.number >= number and not message.more:
            return found
    raise AssertionError("the stream has ended")


def export(
    caller: Caller, scope: pb.RestrictionScope | None = None, *, token: str = ""
) -> list[pb.ExportRestrictionsResponse]:
    return list(caller("ExportRestrictions", pb.ExportRestrictionsRequest(scope=scope, resume_token=token)))


def exported(caller: Caller, scope: pb.RestrictionScope | None = None) -> list[pb.RestrictionEntry]:
    return [entry for message in export(caller, scope) for entry in message.entries]


def put(caller: Caller, name: str, *codes: str, change: str = "REPLACE") -> pb.PutPortfolioResponse:
    request = pb.PutPortfolioRequest(
        name=name, codes=codes, change=pb.PortfolioChange.Value(f"PORTFOLIO_CHANGE_{change}")
    )
    response: pb.PutPortfolioResponse = caller("PutPortfolio", request)
    return response


def test_a_reader_is_told_of_a_listing_and_of_its_end(house: House, writer: Writer) -> None:
    stream = watch(house.administrator)
    record = sample(1)
    listing = insert(writer, record)
    first = news(stream)
    (entry,) = first.entries
    assert (first.revision.number, first.more, first.law_changed) == (listing, False, False)
    assert (entry.record, entry.version, entry.code, entry.state) == (record.name, 1, code(1), LISTED)
    assert (entry.name, entry.district) == (record.enterprise.name, "220113")
    assert code(1)[8:17] in entry.other_numbers
    assert len(entry.restrictions) == 9
    restriction = entry.restrictions[0]
    assert restriction.binding
    assert restriction.legal_basis.document == "国发〔2010〕7号"
    assert (restriction.since, restriction.until) == (record.since.isoformat(), record.last_day.isoformat())
    ending = update(writer, lifted(record))
    second = news(stream)
    assert second.revision.number == ending
    assert second.known_at.ToDatetime() > first.known_at.ToDatetime()
    assert list(second.entries) == [pb.RestrictionEntry(record=record.name, version=2, code=code(1), state=ENDED)]
    resumed = watch(house.administrator, first.revision)
    assert news(resumed) == second
    assert [entry.record for entry in up_to(watch(house.administrator), ending)] == [record.name] * 2


def test_heartbeats_carry_the_revision_that_was_reached(house: House, writer: Writer) -> None:
    stream = watch(house.administrator, None, pb.RestrictionScope(districts=["220102"]))
    reached = insert(writer, sample(1))
    beat = next(message for message in stream if message.revision.number == reached)
    assert not beat.HasField("known_at")
    assert not beat.entries


def test_a_bank_hears_of_loans_and_of_nothing_else(house: House, writer: Writer) -> None:
    bank = house.calling(principal("bank", Role.BANK))
    stream = watch(bank)
    insert(writer, sample(1, areas=(Area.LAND_SUPPLY,)))
    reached = insert(writer, sample(2))
    (entry,) = up_to(stream, reached)
    assert entry.code == code(2)
    areas = {restriction.area for restriction in entry.restrictions}
    assert areas == {measure_pb.AREA_FINANCING_CREDIT, measure_pb.AREA_BOND_ISSUANCE}
    assert [entry.code for entry in exported(bank)] == [code(2)]
    for method, request in (
        (
            "WatchRestrictions",
            pb.WatchRestrictionsRequest(scope=pb.RestrictionScope(areas=[measure_pb.AREA_LAND_SUPPLY])),
        ),
        (
            "ExportRestrictions",
            pb.ExportRestrictionsRequest(scope=pb.RestrictionScope(groups=[measure_pb.AREA_GROUP_LAND])),
        ),
    ):
        status, reason, _ = fault(lambda method=method, request=request: list(bank(method, request)))
        assert (status, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")
    authority = house.calling(principal("authority", Role.AUTHORITY))
    assert fault(lambda: list(authority("WatchRestrictions", pb.WatchRestrictionsRequest())))[1] == "NOT_PERMITTED"


def test_a_notice_is_nobodys_business(house: House, writer: Writer) -> None:
    stream = watch(house.administrator)
    notice = serve_notice(notice_draft(1), record_id=new_id(), today=TODAY, law=LAW)
    insert(writer, notice)
    update(writer, revoke(notice, revocation(), today=TODAY, law=LAW))
    reached = insert(writer, quarantined(2))
    (entry,) = up_to(stream, reached)
    assert entry.state == restriction_pb.RESTRICTION_STATE_QUARANTINED
    assert [entry.state for entry in exported(house.administrator)] == [entry.state]


def test_what_leaves_the_scope_has_ended_there(house: House, writer: Writer) -> None:
    stream = watch(house.administrator, START, pb.RestrictionScope(areas=[measure_pb.AREA_LAND_SUPPLY]))
    record = sample(1, areas=(Area.LAND_SUPPLY, Area.BOND_ISSUANCE))
    insert(writer, record)
    narrowed = replace(record, version=2, measures=record.measures[1:])
    update(writer, narrowed)
    reached = update(writer, replace(narrowed, version=3))
    assert [(entry.version, entry.state) for entry in up_to(stream, reached)] == [(1, LISTED), (2, ENDED)]
    assert exported(house.administrator, pb.RestrictionScope(areas=[measure_pb.AREA_LAND_SUPPLY])) == []
    assert exported(house.administrator, pb.RestrictionScope(districts=["220102"])) == []
    assert len(exported(house.administrator, pb.RestrictionScope(districts=["220113", "220102"]))) == 1


def test_a_revision_larger_than_a_message_says_that_more_follows(house: House, writer: Writer) -> None:
    slow = watch(house.administrator)  # it reads nothing more, and holds nobody up
    stream = watch(house.administrator)
    records = [sample(number) for number in range(1, 401)]
    reached = insert(writer, *records)
    parts: list[pb.WatchRestrictionsResponse] = []
    while not parts or parts[-1].more:
        parts.append(news(stream))
    assert len(parts) > 1
    assert {part.revision.number for part in parts} == {reached}
    assert all(part.ByteSize() < 3_000_000 for part in parts)
    assert [entry.record for part in parts for entry in part.entries] == [record.name for record in records]
    assert len(up_to(slow, reached)) == 400


def test_a_changed_law_is_told(house: House, writer: Writer) -> None:
    stream = watch(house.administrator)
    loaded = house.administrator("LoadEdition", law_pb.LoadEditionRequest(text=catalogue("2099-9").text))
    told = news(stream)
    assert (told.law_changed, told.revision, list(told.entries)) == (True, loaded.revision, [])
    record = replace(sample(1), catalogue_edition="2099-9")
    insert(writer, record)
    assert news(stream).entries[0].restrictions[0].catalogue_edition == "2099-9"


def test_an_epoch_that_is_over_is_refused_also_while_a_stream_runs(house: House, writer: Writer) -> None:
    insert(writer, sample(1))
    stream = watch(house.administrator)
    up_to(stream, 2)
    with psycopg.connect(house.database.owner_dsn) as owner:
        owner.execute("UPDATE store_head SET epoch = 2, number = 0")
    for reading in (stream, house.administrator("WatchRestrictions", pb.WatchRestrictionsRequest(after=START))):
        status, reason, _ = fault(lambda reading=reading: list(reading))
        assert (status, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "EPOCH_CHANGED")
    assert len(exported(house.administrator)) == 1


def test_a_stop_ends_every_stream_with_a_word(house: House) -> None:
    stream = watch(house.administrator)
    house.tail.stop()
    status, reason, _ = fault(lambda: list(stream))
    assert (status, reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")


def test_a_district_that_nobody_knows_is_refused_and_one_that_was_abolished_is_not(
    house: House, writer: Writer
) -> None:
    scope = pb.RestrictionScope(districts=["220113", "220381", "999999"])
    for request in (pb.WatchRestrictionsRequest(scope=scope), pb.ExportRestrictionsRequest(scope=scope)):
        method = type(request).__name__.removesuffix("Request")
        status, reason, violations = fault(
            lambda method=method, request=request: list(house.administrator(method, request))
        )
        assert (status, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        (told,) = violations.items()
        assert told[0] == "scope.districts[2]"
        assert all(word in told[1] for word in ("999999", "no edition of DISTRICTS", "[区划表 DISTRICTS 2026-1]"))
    # What earlier editions knew, later ones need not have; and a record may have what none knows.
    (shipped,) = (edition for edition in LAW.editions if edition.kind is EditionKind.DISTRICTS)
    rows = shipped.text.split("\n[[district]]\n")
    later = "\n[[district]]\n".join(row for row in rows if "220381" not in row).replace("2026-1", "2099-1")
    house.administrator("LoadEdition", law_pb.LoadEditionRequest(text=later))
    insert(writer, replace(sample(1), district=replace(sample(1).district, code="999999")))
    assert [entry.district for entry in exported(house.administrator, scope)] == ["999999"]


def test_a_fault_is_named(house: House) -> None:
    faulty: list[tuple[Message, str]] = [
        (pb.WatchRestrictionsRequest(heartbeat=Duration(seconds=61)), "heartbeat"),
        (pb.WatchRestrictionsRequest(heartbeat=Duration()), "heartbeat"),
        (pb.WatchRestrictionsRequest(after=revision_pb.Revision()), "after"),
        (pb.WatchRestrictionsRequest(scope=pb.RestrictionScope(districts=["九台区"])), "scope.districts[0]"),
        (pb.WatchRestrictionsRequest(scope=pb.RestrictionScope(portfolio="portfolios/A")), "scope.portfolio"),
        (pb.ExportRestrictionsRequest(resume_token="x"), "resume_token"),
        (pb.ExportRestrictionsRequest(resume_token=forged('[1, 1, "x", "", ""]')), "resume_token"),
        (pb.PutPortfolioRequest(name="customers"), "name"),
        (pb.PutPortfolioRequest(name="portfolios/a", codes=["x"]), "codes[0]"),
        (pb.PutPortfolioRequest(name="portfolios/a", change=9), "change"),  # type: ignore[arg-type]
        (pb.GetPortfolioRequest(name="portfolios/a", page_size=-1), "page_size"),
    ]
    for request, field in faulty:
        method = type(request).__name__.removesuffix("Request")
        unary = "Portfolio" in method

        def ask(request: Message = request, method: str = method, *, unary: bool = unary) -> None:
            answer = house.administrator(method, request)
            if not unary:
                list(answer)

        status, _, violations = fault(ask)
        assert (status, list(violations)) == (grpc.StatusCode.INVALID_ARGUMENT, [field])


def test_a_revision_that_nobody_has_committed_is_not_waited_for(house: House) -> None:
    request = pb.WatchRestrictionsRequest(after=revision_pb.Revision(epoch=1, number=99))
    assert fault(lambda: list(house.administrator("WatchRestrictions", request)))[1] == "REVISION_NOT_REACHED"
    with pytest.raises(grpc.RpcError, match=r"there is no revision 1:99 yet: this service is at 1:1") as refused:
        list(house.administrator("WatchRestrictions", request))
    assert metadata(refused.value) == {"head": "1:1"}


def test_an_export_is_of_one_revision_and_goes_on_where_it_broke_off(house: House, writer: Writer) -> None:
    records = [sample(number) for number in range(1, 501)]
    at = insert(writer, *records)
    whole = export(house.administrator)
    first = whole[0]
    assert len(whole) > 1
    assert [message.last for message in whole] == [False] * (len(whole) - 1) + [True]
    assert whole[-1].resume_token == ""
    assert {edition.edition for edition in first.law} >= {LAW.catalogue_on(TODAY).edition}
    update(writer, lifted(records[-1]))
    insert(writer, sample(600))
    rest = export(house.administrator, token=first.resume_token)
    assert [entry for message in (first, *rest) for entry in message.entries] == [
        entry for message in whole for entry in message.entries
    ]
    assert {message.revision.number for message in rest} == {at}
    assert sorted(entry.record for message in whole for entry in message.entries) == [record.name for record in records]
    other = pb.RestrictionScope(areas=[measure_pb.AREA_LAND_SUPPLY])
    finance = house.calling(principal("finance", Role.FINANCE_OFFICE))
    for wrong in (
        lambda: export(house.administrator, other, token=first.resume_token),
        lambda: export(finance, token=first.resume_token),
    ):
        assert fault(wrong)[2]["resume_token"]


def test_a_portfolio_is_put_read_and_deleted_by_its_owner_alone(house: House) -> None:
    bank = house.calling(principal("bank", Role.BANK))
    other = house.calling(principal("other", Role.BANK))
    response = put(bank, "portfolios/customers", code(1), "rubbish", code(2), code(1))
    assert (response.portfolio.name, response.portfolio.size) == ("portfolios/customers", 2)
    ((index, error),) = [(one.index, one.error) for one in response.faults]
    assert (index, error.violations[0].field) == (1, "codes[1]")
    assert put(bank, "portfolios/customers", code(1), code(2)).portfolio == response.portfolio
    assert put(bank, "portfolios/customers", code(3), change="ADD").portfolio.size == 3
    assert put(bank, "portfolios/customers", code(1), change="REMOVE").portfolio.size == 2
    put(other, "portfolios/customers", code(9))
    page = bank("GetPortfolio", pb.GetPortfolioRequest(name="portfolios/customers", page_size=1))
    assert list(page.codes) == [min(code(2), code(3))]
    request = pb.GetPortfolioRequest(name="portfolios/customers", page_size=1, page_token=page.next_page_token)
    last = bank("GetPortfolio", request)
    assert (list(last.codes), last.next_page_token) == ([max(code(2), code(3))], "")
    names = [one.name for one in bank("ListPortfolios", pb.ListPortfoliosRequest()).portfolios]
    assert names == ["portfolios/customers"]
    bank("DeletePortfolio", pb.DeletePortfolioRequest(name="portfolios/customers"))
    for method, gone in (
        ("GetPortfolio", pb.GetPortfolioRequest(name="portfolios/customers")),
        ("DeletePortfolio", pb.DeletePortfolioRequest(name="portfolios/customers")),
    ):
        assert fault(bank, method, gone)[:2] == (grpc.StatusCode.NOT_FOUND, "PORTFOLIO_NOT_FOUND")
    assert other("GetPortfolio", pb.GetPortfolioRequest(name="portfolios/customers")).codes == [code(9)]


def test_a_reader_of_a_portfolio_hears_of_its_codes_by_every_number(house: House, writer: Writer) -> None:
    bank = house.calling(principal("bank", Role.BANK))
    put(bank, "portfolios/customers", code(1), code(2), "220101000012345")
    stream = watch(bank, None, pb.RestrictionScope(portfolio="portfolios/customers"))
    same_organisation = taken_in(with_enterprise(draft(4), code=code(2, prefix="91220102")))
    renamed = taken_in(
        with_enterprise(draft(5), other_identifiers=((IdentifierKind.REGISTRATION_NUMBER, "220101000012345"),))
    )
    reached = insert(writer, sample(1), sample(3), same_organisation, renamed)
    expected = {
        code(1): [code(1)],
        same_organisation.enterprise.code: [code(2)],
        renamed.enterprise.code: ["220101000012345"],
    }
    assert {entry.code: list(entry.portfolio_codes) for entry in up_to(stream, reached)} == expected
    told = {
        entry.code: list(entry.portfolio_codes)
        for entry in exported(bank, pb.RestrictionScope(portfolio="portfolios/customers"))
    }
    assert told == expected


def test_a_long_change_of_a_portfolio_is_one_revision(house: House, writer: Writer) -> None:
    bank = house.calling(principal("bank", Role.BANK))
    listed = [code(number) for number in range(1, 3_000, 400)]
    insert(writer, *(sample(number) for number in range(1, 3_000, 400)))
    put(bank, "portfolios/customers", code(5_000))
    stream = watch(bank, None, pb.RestrictionScope(portfolio="portfolios/customers"))
    put(bank, "portfolios/customers", *(code(number) for number in range(1, 3_000)), change="ADD")
    parts = [news(stream)]
    while parts[-1].more:
        parts.append(news(stream))
    assert sorted(entry.code for part in parts for entry in part.entries) == sorted(listed)
    assert len({part.revision.number for part in parts}) == 1
    last = insert(writer, sample(5_000))
    assert news(stream).revision.number == last


def test_who_leaves_a_portfolio_by_another_code_is_told_of_by_the_old_one(house: House, writer: Writer) -> None:
    bank = house.calling(principal("bank", Role.BANK))
    put(bank, "portfolios/customers", code(1))
    stream = watch(bank, None, pb.RestrictionScope(portfolio="portfolios/customers"))
    record = sample(1)
    insert(writer, record)
    moved = replace(record, version=2, enterprise=replace(record.enterprise, code=code(2)))
    reached = update(writer, moved)
    told = [(entry.version, entry.code, entry.state) for entry in up_to(stream, reached)]
    assert told == [(1, code(1), LISTED), (2, code(1), ENDED)]


def test_a_changed_portfolio_is_told_of_in_its_place(house: House, writer: Writer) -> None:
    bank = house.calling(principal("bank", Role.BANK))
    before = revision_pb.Revision(epoch=1, number=insert(writer, sample(1), sample(2), sample(3)))
    name = "portfolios/customers"
    put(bank, name, code(1))
    stream = watch(bank, before, pb.RestrictionScope(portfolio=name))
    assert [entry.code for entry in news(stream).entries] == [code(1)]
    assert not news(stream).more
    put(bank, name, code(2), code(9))
    moved = [news(stream), news(stream)]
    told = [(entry.code, entry.state) for message in moved for entry in message.entries]
    assert sorted(told) == sorted([(code(1), ENDED), (code(2), LISTED)])
    reached = moved[-1].revision
    put(bank, name, code(3), change="ADD")
    put(bank, name, code(2), change="REMOVE")
    last = insert(writer, sample(9))
    again = watch(bank, reached, pb.RestrictionScope(portfolio=name))
    states = {(entry.code, entry.state) for entry in up_to(again, last)}
    assert states == {(code(3), LISTED), (code(2), ENDED), (code(9), LISTED)}
    many = [code(number) for number in range(1, 10_002)]
    put(bank, name, *many, change="ADD")  # so many that it is looked for them from the other side
    moved_at = insert(writer, sample(20_000))
    states = {(entry.code, entry.state) for entry in up_to(again, moved_at)}
    assert states == {(code(1), LISTED), (code(2), LISTED)}
    bank("DeletePortfolio", pb.DeletePortfolioRequest(name=name))
    assert fault(lambda: list(again))[:2] == (grpc.StatusCode.NOT_FOUND, "PORTFOLIO_NOT_FOUND")
