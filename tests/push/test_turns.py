"""One turn at the store: what it writes down, and that it may be taken twice."""

import hashlib
import json
from collections.abc import Sequence

from tests.push.records import record
from tests.push.rig import House, on_loop, place

from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_service.api.delivery_proof import proof_document
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.push.claim import Message, Order, PushOrder
from credit_sanction_service.push.flight import carry_out, not_begun
from credit_sanction_service.push.lane import Lane
from credit_sanction_service.push.settle import Completion
from credit_sanction_service.push.turn import Turn, take_turn
from credit_sanction_service.store.attempts import Outcome, sent_bodies
from credit_sanction_service.store.law import KnownLaw
from credit_sanction_service.store.proof import read_proof
from credit_sanction_service.store.resending import retry_delivery


class Desk:
    """Takes turns at a house's store, with a lane for its one target."""

    def __init__(self, house: House) -> None:
        file = house.install()
        self._house = house
        (target,) = file.targets
        self.lane = Lane(target, file.build_connectors()[target.name])
        self._lanes = [self.lane]
        self._law = KnownLaw()

    def anew(self) -> "Desk":
        """Begin again with what the targets file says now."""
        (target,) = self._house.install().targets
        self._lanes.append(Lane(target, self._house.install().build_connectors()[target.name]))
        self.lane = self._lanes[-1]
        return self

    async def close(self) -> None:
        for lane in self._lanes:
            await lane.connector.aclose()

    def turn(self, room: int = 0, ended: Sequence[Completion] = ()) -> Turn:
        lanes = {self.lane.settings.name: self.lane}
        room_of = {self.lane.settings.name: room}
        return take_turn(self._house.reader, room_of, ended, lanes, worker="one", known_law=self._law)

    def order_of(self, given: SanctionRecord) -> Order:
        (order,) = [one for one in self.turn(room=8).orders if one.row.subject == given.name]
        return order


@on_loop
async def test_what_is_sent_is_written_down_before_a_byte_leaves(house: House) -> None:
    given = record()
    async with house.serving(place(timeout_s=5, lease_s=10)), house.working(drain_s=0.1):
        house.tell("target-a", Behaviour(mode="late"))
        house.submit(given)
        await house.until(lambda: house.desks["target-a"].state()["late"])
        (attempt,) = house.delivery("target-a", given.name)[2]
        body = sent_bodies(house.reader, "target-a", given.name)[attempt.opened.number]
        assert attempt.closed is None
        assert attempt.opened.digest == hashlib.sha256(body).digest()
        assert attempt.opened.idempotency_key in json.dumps(json.loads(body))
        assert given.ruling.document_number.encode() in body


@on_loop
async def test_a_turn_taken_twice_has_the_effect_of_one(house: House) -> None:
    given = record()
    async with house.serving(place()):
        house.submit(given)
        desk = Desk(house)
        (order,) = desk.turn(room=8).orders
        landed = await carry_out(order, desk.lane, lease_ends=float("inf"), clock=lambda: 0.0)
        (first,) = desk.turn(ended=[landed.completion]).settled
        (again,) = desk.turn(ended=[landed.completion]).settled
        assert first.lag_s is not None
        assert (again.before, again.lag_s) == (again.after, None)
        await desk.lane.connector.aclose()
    row, _, attempts = house.delivery("target-a", given.name)
    assert (row.attempt, row.due_since, row.confirmed) == (1, None, row.desired)
    assert [attempt.closed and attempt.closed.outcome for attempt in attempts] == [Outcome.CONFIRMED]


@on_loop
async def test_a_row_that_another_holds_is_settled_later_and_nobody_waits(house: House) -> None:
    given = [record(1), record(2)]
    async with house.serving(place()):
        house.submit(*given)
        desk = Desk(house)
        ended = [not_begun(order) for order in desk.turn(room=8).orders]
        with house.owner() as owner:
            owner.execute("SELECT FROM delivery WHERE subject = %s FOR UPDATE", (given[0].name,))
            turn = desk.turn(room=8, ended=ended)
            assert [one.subject for one in turn.busy] == [given[0].name]
            assert [one.completion.subject for one in turn.settled] == [given[1].name]
        assert desk.turn(ended=turn.busy).busy == []
        await desk.lane.connector.aclose()
    assert [a.closed and a.closed.outcome for a in house.attempts()] == [Outcome.NOT_SENT] * 2


@on_loop
async def test_an_attempt_of_a_target_that_is_gone_from_the_file_has_an_end_too(house: House) -> None:
    given = record()
    async with house.serving(place()):
        house.submit(given)
        desk = Desk(house)
        (order,) = desk.turn(room=8).orders
        with house.owner() as owner:
            owner.execute("DELETE FROM target")
        (settled,) = desk.turn(ended=[not_begun(order)]).settled
        assert settled.after is None
        await desk.lane.connector.aclose()
        with house.owner() as owner:
            assert owner.execute("SELECT outcome FROM attempt_closed").fetchall() == [("NOT_SENT",)]


@on_loop
async def test_what_was_said_under_a_key_goes_out_again_to_the_letter(house: House) -> None:
    given = record(1)
    async with house.serving(place()):
        house.submit(given)
        desk = Desk(house)
        first = desk.order_of(given)
        desk.turn(ended=[not_begun(first)])
        house.submit(record(2))  # a higher revision, which a body composed now would bear
        again = desk.order_of(given)
        assert sent_bodies(house.reader, "target-a", given.name) == {1: body_of(first), 2: body_of(first)}
        house.tell("target-a", Behaviour(mode="reject", times=1))
        landed = await carry_out(again, desk.lane, lease_ends=float("inf"), clock=lambda: 0.0)
        desk.turn(ended=[landed.completion])
        retry_delivery(house.reader, "target-a", given.name, lost_by_target=False)
        anew = desk.order_of(given)
        assert (body_of(again), anew.row.generation) == (body_of(first), 1)
        assert body_of(anew) != body_of(first)
        await desk.lane.connector.aclose()
    digests = [attempt.opened.digest for attempt in house.delivery("target-a", given.name)[2]]
    assert digests == [hashlib.sha256(body_of(order)).digest() for order in (first, again, anew)]


@on_loop
async def test_what_comes_of_an_attempt_after_its_lease_is_kept_beside_its_closing(house: House) -> None:
    given = record()
    async with house.serving(place()):
        house.submit(given)
        desk = Desk(house)
        first = desk.order_of(given)
        lapse(house)
        second = desk.order_of(given)
        landed = [
            await carry_out(order, desk.lane, lease_ends=float("inf"), clock=lambda: 0.0) for order in (second, first)
        ]
        for one in (*landed, *landed):
            desk.turn(ended=[one.completion])
        await desk.lane.connector.aclose()
    lapsed, confirmed = house.delivery("target-a", given.name)[2]
    assert lapsed.closed
    assert lapsed.late
    assert (lapsed.closed.outcome, lapsed.closed.receipt) == (Outcome.UNKNOWN, "")
    assert (lapsed.late.outcome, lapsed.late.receipt) == (Outcome.CONFIRMED, "R00000001")
    assert confirmed.late is None
    proven = json.loads(proof_document(read_proof(house.reader, given.id, most_bytes=10**6)))
    (delivery,) = proven["deliveries"]
    assert [attempt.get("late", {}).get("receipt") for attempt in delivery["attempts"]] == ["R00000001", None]


@on_loop
async def test_what_was_never_taken_is_said_anew_once_its_mapping_is_mended(house: House) -> None:
    given = record()
    async with house.serving(place()):
        house.submit(given)
        desk = Desk(house)
        first = desk.order_of(given)
        desk.turn(ended=[not_begun(first)])
        house.submit(record(2))
        house.install(target_a={"concurrency": 3, "renames": {"catalogue_edition": "edition_used"}})
        house.install(target_a={"renames": {}})
        same = desk.anew().order_of(given)
        assert (body_of(same), same.row.generation) == (body_of(first), 0)
        # What is on its way may still arrive, and must not be contradicted under its own version.
        house.tell("target-a", Behaviour(mode="cut_after_accept", times=1))
        landed = await carry_out(same, desk.lane, lease_ends=float("inf"), clock=lambda: 0.0)
        desk.turn(ended=[landed.completion])
        house.install(target_a={"renames": {"catalogue_edition": "edition_used"}})
        with house.owner() as owner:
            owner.execute("UPDATE delivery SET next_attempt_at = now(), unknown_until = now() + interval '1 hour'")
        doubted = desk.anew().order_of(given)
        assert (body_of(doubted), doubted.row.generation) == (body_of(first), 0)
        desk.turn(ended=[not_begun(doubted)])
        with house.owner() as owner:
            owner.execute("UPDATE delivery SET unknown_until = now()")
        mended = desk.order_of(given)
        assert (mended.row.generation, b"edition_used" in body_of(mended)) == (1, True)
        landed = await carry_out(mended, desk.lane, lease_ends=float("inf"), clock=lambda: 0.0)
        desk.turn(ended=[landed.completion])
        assert "edition_used" in house.desks["target-a"].ledger.held[given.name].document
        # What the target has taken is said again to the letter, whatever would be written today.
        house.install(target_a={"renames": {}})
        retry_delivery(house.reader, "target-a", given.name, lost_by_target=False)
        again = desk.anew().order_of(given)
        assert (body_of(again), again.row.generation) == (body_of(mended), 1)
        await desk.close()
    row, _, attempts = house.delivery("target-a", given.name)
    assert (row.confirmed, row.unknown) == (row.desired, None)
    said = {attempt.opened.idempotency_key: attempt.opened.digest for attempt in attempts}
    assert len(said) == len(set(said.values())) == 2


def lapse(house: House) -> None:
    """Have every lease be over."""
    with house.owner() as owner:
        owner.execute("UPDATE delivery SET lease_until = now(), next_attempt_at = now()")


def body_of(order: Order) -> bytes:
    assert isinstance(order, PushOrder)
    assert isinstance(order.message, Message)
    return order.message.body
