"""What has caught out others who answer from a copy: each held where it would show, at the caller."""

from __future__ import annotations

import itertools
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import grpc
from tests import samples
from tests.api.conftest import House, clock
from tests.api.test_records import create, message
from tests.api.test_restrictions import check

from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction.v1 import revision_pb2 as revision_pb
from credit_sanction.v1 import sanction_record_service_pb2 as record_pb
from credit_sanction.v1 import watch_service_pb2 as watch_pb
from credit_sanction.v1.restriction_service_pb2_grpc import RestrictionServiceStub
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.tokens import issue_token
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from credit_sanction_service.store.transaction import Transaction

CANCELLED = 80  # more than may wait at once
ROUNDS = 12


def test_the_same_item_twice_in_one_batch_has_two_answers(house: House) -> None:
    created = create(house)
    listed, clear = created.enterprise.code, samples.code(99)
    items = [listed, clear, listed, "12", "12", clear, listed]
    fresh = pb.Consistency(min_revision=created.revision)
    words = [
        pb.VERDICT_RESTRICTED,
        pb.VERDICT_CLEAR,
        pb.VERDICT_RESTRICTED,
        0,
        0,
        pb.VERDICT_CLEAR,
        pb.VERDICT_RESTRICTED,
    ]
    for _ in range(2):  # the second time out of what was prepared
        short = house.administrator(
            "BatchCheckRestrictions", pb.BatchCheckRestrictionsRequest(codes=items, consistency=fresh)
        )
        assert list(short.verdicts) == words
        assert [detail.index for detail in short.details] == [0, 2, 3, 4, 6]
        assert short.details[0].answer == short.details[1].answer == short.details[4].answer
        query = [pb.EnterpriseQuery(code=item) for item in items]
        whole = house.administrator(
            "BatchCheckRestrictions", pb.BatchCheckRestrictionsRequest(enterprises=query, consistency=fresh)
        )
        assert [result.answer.verdict for result in whole.results] == words
        assert [result.WhichOneof("result") for result in whole.results].count("error") == 2


def test_cancelled_requests_leave_their_places_to_others(house: House) -> None:
    created = create(house)
    ahead = pb.Consistency(
        min_revision=revision_pb.Revision(epoch=created.revision.epoch, number=created.revision.number + 1)
    )
    request = pb.CheckRestrictionsRequest(
        enterprise=pb.EnterpriseQuery(code=created.enterprise.code), consistency=ahead
    )
    with connect(house.database.service_dsn) as connection:
        token = issue_token(connection, Principal(name="impatient", roles=frozenset({Role.ADMINISTRATOR})))
    with grpc.insecure_channel(house.address) as channel:
        stub = RestrictionServiceStub(channel)
        calls = [
            stub.CheckRestrictions.future(request, metadata=(("authorization", f"Bearer {token}"),), timeout=20)
            for _ in range(CANCELLED)
        ]
        for call in calls:
            call.cancel()
    answered = threading.Event()
    said: list[pb.CheckRestrictionsResponse] = []

    def wait() -> None:
        while not said:
            try:
                said.append(house.administrator("CheckRestrictions", request))
            except grpc.RpcError as failed:
                # Those that were cancelled may still wait out their time.
                assert failed.code() in {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}  # noqa: PT017 - others are raised
        answered.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    create(house, 2)
    assert answered.wait(20)
    waiting.join()
    assert said[0].answer.verdict == pb.VERDICT_RESTRICTED
    assert said[0].basis.revision.number > created.revision.number


def test_between_a_revocation_and_the_relisting_in_its_place_nobody_is_clear(house: House) -> None:
    listed = create(house)
    code, over = listed.enterprise.code, threading.Event()
    said: list[pb.CheckRestrictionsResponse] = []

    def ask_on() -> None:
        while not over.is_set():
            said.append(check(house, code))

    check(house, code, listed)
    asking = threading.Thread(target=ask_on)
    asking.start()
    for number in range(ROUNDS):
        request = record_pb.RevokeSanctionRecordRequest(
            name=listed.name,
            version=listed.version,
            reason="虚构:认定有误",
            document_number=f"虚构撤字{number}号",
            date="2026-11-20",
            replacement=message(1),
        )
        listed = house.administrator("RevokeSanctionRecord", request).replacement
    assert check(house, code, listed).answer.restrictions[0].record == listed.name
    over.set()
    asking.join()
    assert {one.answer.verdict for one in said} == {pb.VERDICT_RESTRICTED}
    # One record at a time, each in the place of the one before.
    told = [{restriction.record for restriction in one.answer.restrictions} for one in said]
    assert {len(records) for records in told} == {1}
    numbers = [one.basis.revision.number for one in said]
    assert numbers == sorted(numbers)


def test_a_reader_that_connects_between_snapshot_and_stream_misses_nothing(house: House) -> None:
    records = [samples.record(number) for number in range(1, 601)]  # more than one message holds

    def work(tx: Transaction) -> None:
        assert not any(tx.insert(records, action="CREATE", principal="测试"))

    with closing(Writer(house.database.service_dsn, clock=clock)) as writer:
        writer.run(work, timeout=20)
    pages = house.administrator("ExportRestrictions", watch_pb.ExportRestrictionsRequest())
    first = next(pages)
    assert not first.last
    between = create(house, 900)  # the snapshot is taken and not told to its end; the stream is not open
    entries = [entry for page in itertools.chain([first], pages) for entry in page.entries]
    assert len(entries) == len(records)
    after = create(house, 901)
    stream = house.administrator("WatchRestrictions", watch_pb.WatchRestrictionsRequest(after=first.revision))
    heard: list[str] = []
    for news in stream:
        heard += [entry.record for entry in news.entries]
        if news.revision.number >= after.revision.number:
            break
    assert heard == [between.name, after.name]
    assert between.name not in {entry.record for entry in entries}
