"""The way of a record to its targets and back."""

from tests.push.records import lifted, record
from tests.push.rig import House, on_loop, place

from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.backlog import list_targets
from credit_sanction_service.store.deliveries import DeliveryState


@on_loop
async def test_a_record_reaches_every_kind_of_target_and_is_withdrawn_when_it_is_lifted(house: House) -> None:
    kinds = ("credit-platform", "city-website", "lender-webhook")
    given = record()
    async with house.serving(*(place(kind, kind) for kind in kinds)), house.working():
        house.submit(given)
        await house.converged()
        for kind in kinds:
            row, state, attempts = house.delivery(kind, given.name)
            assert house.shows(kind) == {given.name}
            assert (state, row.confirmed_present, row.receipt) == (DeliveryState.CONFIRMED, True, "R00000001")
            assert [a.closed and a.closed.outcome for a in attempts] == [Outcome.CONFIRMED]
            assert attempts[0].opened.idempotency_key == f"{kind}/{given.id}/1.2/0"
        house.update(lifted(given))
        await house.converged()
        assert [house.shows(kind) for kind in kinds] == [set()] * 3
    assert [(t.backlog, t.listed, t.rejected, t.oldest_due) for t in list_targets(house.reader)] == [
        (0, 0, 0, None)
    ] * 3
    assert len(house.attempts()) == 6
