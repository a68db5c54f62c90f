"""The contract of every kind of connector, held against its stand-in on real sockets."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime

import pytest
from tests.connectors.rig import (
    CODE,
    TIMEOUT_S,
    closing,
    connector_of,
    leave_late,
    now,
    on_loop,
    parcel,
    push,
    stand_in_of,
    target,
    unavailable,
    version,
)

from credit_sanction_connectors.answers import TARGET_HOLDS_NEWER
from credit_sanction_connectors.port import Connector, Parcel, Receipt, Rejected, Unavailable
from credit_sanction_connectors.registry import KINDS
from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_connectors.standins.kinds import DIALECTS
from credit_sanction_connectors.standins.runner import serving

CUT_S = 0.5  # a cut is told at once over HTTP; a file that is not answered is only waited for


def test_every_kind_has_a_stand_in() -> None:
    assert set(DIALECTS) == set(KINDS)


@on_loop
async def test_a_listing_is_held_with_its_content_and_standing(kind: str) -> None:
    async with target(kind) as (connector, desk):
        receipt = await push(connector, parcel(7, others=("sanctionRecords/r2",)), timeout_s=TIMEOUT_S)
        held = desk.ledger.held["sanctionRecords/r1"]
        assert receipt.number == held.receipt
        assert receipt.number
        assert (held.present, held.version, held.enterprise) == (True, version(7), CODE)
        assert "虚工信〔2026〕1号" in str(held.document)
        assert [other["record"] for other in held.standing] == ["sanctionRecords/r2"]
        assert desk.ledger.others("sanctionRecords/r1", CODE) == ["sanctionRecords/r2"]


@on_loop
async def test_a_withdrawal_takes_this_record_and_leaves_the_enterprises_other(kind: str) -> None:
    async with target(kind) as (connector, desk):
        for number, record in ((1, "sanctionRecords/r1"), (2, "sanctionRecords/r2")):
            await push(connector, parcel(number, record=record), timeout_s=TIMEOUT_S)
        gone = parcel(3, present=False, others=("sanctionRecords/r2",))
        await push(connector, gone, timeout_s=TIMEOUT_S)
        assert not desk.ledger.held["sanctionRecords/r1"].present
        assert desk.ledger.held["sanctionRecords/r2"].present
        assert list(desk.ledger.standing[CODE].in_force) == ["sanctionRecords/r2"]


@on_loop
async def test_the_standing_of_the_highest_revision_stays(kind: str) -> None:
    async with target(kind) as (connector, desk):
        await push(connector, parcel(9, record="sanctionRecords/r2"), timeout_s=TIMEOUT_S)
        await push(connector, parcel(4, others=("sanctionRecords/r2",)), timeout_s=TIMEOUT_S)
        assert desk.ledger.standing[CODE].revision == version(9)
        assert list(desk.ledger.standing[CODE].in_force) == ["sanctionRecords/r2"]


@on_loop
@pytest.mark.parametrize("version_check", [True, False])
async def test_the_same_key_twice(kind: str, *, version_check: bool) -> None:
    async with target(kind, version_check=version_check) as (connector, desk):
        first = await push(connector, parcel(1), timeout_s=TIMEOUT_S)
        second = await push(connector, parcel(1), timeout_s=TIMEOUT_S)
        assert (first.number == second.number) is version_check
        assert desk.ledger.duplicates == 1
        assert desk.ledger.acts == ({"taken": 1, "replayed": 1} if version_check else {"taken": 2})


@on_loop
async def test_an_older_version_is_a_conflict_and_an_inversion(kind: str) -> None:
    async with target(kind) as (connector, desk):
        await push(connector, parcel(5, present=False), timeout_s=TIMEOUT_S)
        with pytest.raises(Rejected) as refusal:
            await push(connector, parcel(4), timeout_s=TIMEOUT_S)
        assert (refusal.value.status, refusal.value.code) == (409, TARGET_HOLDS_NEWER)
        assert not desk.ledger.held["sanctionRecords/r1"].present
        assert desk.ledger.inversions == 1


@on_loop
async def test_the_same_version_under_a_new_key_is_taken_again(kind: str) -> None:
    async with target(kind) as (connector, desk):
        first = await push(connector, parcel(5), timeout_s=TIMEOUT_S)
        again = await push(connector, parcel(5, key="generation-1"), timeout_s=TIMEOUT_S)
        assert again.number != first.number
        assert (desk.ledger.inversions, desk.ledger.duplicates) == (0, 0)


@on_loop
async def test_without_a_version_check_the_last_writer_wins_and_the_inversion_is_counted(kind: str) -> None:
    async with target(kind, version_check=False) as (connector, desk):
        await push(connector, parcel(5, present=False), timeout_s=TIMEOUT_S)
        await push(connector, parcel(4), timeout_s=TIMEOUT_S)
        assert desk.ledger.held["sanctionRecords/r1"].present
        assert desk.ledger.inversions == 1


@on_loop
@pytest.mark.parametrize("version_check", [True, False])
async def test_a_listing_that_arrives_after_its_withdrawal(kind: str, *, version_check: bool) -> None:
    async with target(kind, version_check=version_check) as (connector, desk):
        await leave_late(connector, desk, parcel(1))
        await push(connector, parcel(2, present=False), timeout_s=TIMEOUT_S)
        desk.release()
        await desk.arrived(2)
        assert desk.ledger.held["sanctionRecords/r1"].present is not version_check
        assert desk.ledger.inversions == 0  # its bytes had left before the withdrawal's


@on_loop
async def test_503_until_it_is_over(kind: str) -> None:
    async with target(kind) as (connector, desk):
        desk.script.tell([Behaviour(mode="503", times=2)])
        for _ in range(2):
            answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
            assert (answer.status, answer.sent, answer.retry_after, answer.gone) == (503, True, None, False)
        assert (await push(connector, parcel(1), timeout_s=TIMEOUT_S)).number
        assert (desk.ledger.arrivals, desk.ledger.duplicates) == (3, 2)


@on_loop
async def test_429_with_retry_after_in_both_forms(kind: str) -> None:
    async with target(kind) as (connector, desk):
        desk.script.tell([Behaviour(mode="429", times=1, retry_after=17)])
        in_seconds = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        date = format_datetime(now() + timedelta(seconds=120), usegmt=True)
        desk.script.tell([Behaviour(mode="429", times=1, retry_after=date)])
        as_date = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert (in_seconds.status, in_seconds.retry_after) == (429, 17.0)
        assert as_date.retry_after == pytest.approx(120, abs=10)


@on_loop
async def test_a_hang_ends_as_unknown_within_the_timeout(kind: str) -> None:
    async with target(kind) as (connector, desk):
        desk.script.tell([Behaviour(mode="hang")])
        async with asyncio.timeout(TIMEOUT_S):
            answer = await unavailable(push(connector, parcel(1), timeout_s=0.5))
        assert (answer.sent, answer.status) == (True, None)
        desk.script.tell([])
        assert (await push(connector, parcel(1), timeout_s=TIMEOUT_S)).number


@on_loop
async def test_a_push_that_is_cancelled_leaves_the_connector_usable(kind: str) -> None:
    async with target(kind) as (connector, desk):
        desk.script.tell([Behaviour(mode="hang", times=1)])
        pushing = asyncio.create_task(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        await desk.arrived(1)
        pushing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pushing
        assert (await push(connector, parcel(1), timeout_s=TIMEOUT_S)).number


@on_loop
async def test_cut_after_accepting_is_unknown_and_the_retry_gets_the_first_receipt(kind: str) -> None:
    async with target(kind) as (connector, desk):
        desk.script.tell([Behaviour(mode="cut_after_accept", times=1)])
        assert (await unavailable(push(connector, parcel(1), timeout_s=CUT_S))).sent
        await desk.arrived(1)
        first = desk.ledger.held["sanctionRecords/r1"].receipt
        assert (await push(connector, parcel(1), timeout_s=TIMEOUT_S)).number == first


@on_loop
async def test_cut_before_accepting_is_unknown_too(kind: str) -> None:
    async with target(kind) as (connector, desk):
        desk.script.tell([Behaviour(mode="cut", times=1)])
        assert (await unavailable(push(connector, parcel(1), timeout_s=CUT_S))).sent
        assert desk.ledger.held == {}


@on_loop
@pytest.mark.parametrize("after", [0, 0.02])
async def test_an_answer_that_comes_twice_is_not_taken_for_the_next_ones(http_kind: str, after: float) -> None:
    async with target(http_kind) as (connector, desk):
        desk.script.tell([Behaviour(mode="twice", times=1, after=after)])
        await push(connector, parcel(1), timeout_s=TIMEOUT_S)
        following = await _insisting(connector, parcel(2, record="sanctionRecords/r2"))
        await asyncio.sleep(2 * after)
        another = await _insisting(connector, parcel(3, record="sanctionRecords/r3"))
        held = desk.ledger.held
        assert following.number == held["sanctionRecords/r2"].receipt
        assert another.number == held["sanctionRecords/r3"].receipt


async def _insisting(connector: Connector, one: Parcel) -> Receipt:
    """Push until it is taken, as the worker does."""
    while True:
        try:
            return await push(connector, one, timeout_s=TIMEOUT_S)
        except Unavailable as answer:
            assert answer.sent  # noqa: PT017 - what is not known is pushed again


@on_loop
async def test_bad_data_is_rejected_in_the_targets_words(kind: str) -> None:
    async with target(kind) as (connector, desk):
        desk.script.tell([Behaviour(mode="reject", times=1)])
        with pytest.raises(Rejected, match="refused as bad data, as told"):
            await push(connector, parcel(1), timeout_s=TIMEOUT_S)
        assert (await push(connector, parcel(1), timeout_s=TIMEOUT_S)).number


@on_loop
async def test_a_behaviour_for_one_subject_leaves_the_others_alone(kind: str) -> None:
    async with target(kind) as (connector, desk):
        desk.script.tell([Behaviour(mode="503", subject="sanctionRecords/r2")])
        assert (await push(connector, parcel(1), timeout_s=TIMEOUT_S)).number
        await unavailable(push(connector, parcel(2, record="sanctionRecords/r2"), timeout_s=TIMEOUT_S))


@on_loop
async def test_a_wrong_secret_is_401_and_nothing_arrives(http_kind: str) -> None:
    stand_in, stranger = stand_in_of(http_kind), stand_in_of(http_kind)
    async with (
        serving([stand_in]) as running,
        closing(connector_of(stranger, running.url("target-a"))) as connector,
    ):
        answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert (answer.status, running.desks["target-a"].ledger.arrivals) == (401, 0)


@on_loop
async def test_many_pushes_at_once_each_get_their_own_receipt(kind: str) -> None:
    async with target(kind) as (connector, desk):
        pushes = [parcel(number, record=f"sanctionRecords/r{number}") for number in range(1, 41)]
        receipts = await asyncio.gather(*(push(connector, one, timeout_s=TIMEOUT_S) for one in pushes))
        assert [receipt.number for receipt in receipts] == [desk.ledger.held[one.subject].receipt for one in pushes]


@on_loop
async def test_content_that_cannot_be_sent_is_rejected_here(kind: str) -> None:
    async with target(kind) as (connector, desk):
        large = parcel(1, others=tuple(f"sanctionRecords/r{number}" for number in range(5_000)))
        bad = parcel(1, key="a\nb"), parcel(1, key="虚构"), parcel(1, record="\udcff", key="k"), large
        for one in bad:
            with pytest.raises(Rejected):
                await push(connector, one, timeout_s=TIMEOUT_S)
        assert desk.ledger.arrivals == 0
