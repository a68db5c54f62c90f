"""What a target should have: standing, filters, retirement, and what never needs to be withdrawn."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.push.records import LAW, TODAY, amended, code, lifted, record, revoked
from tests.push.rig import House, on_loop, place

from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_service.domain.faults import StateConflict
from credit_sanction_service.domain.proceedings import Penalty
from credit_sanction_service.domain.terms import Area, PenaltyKind
from credit_sanction_service.push.documents import document, standing_entry
from credit_sanction_service.store.attempts import sent_bodies
from credit_sanction_service.store.backlog import list_targets
from credit_sanction_service.store.deliveries import DeliveryState
from credit_sanction_service.store.resending import retry_delivery


@pytest.mark.parametrize("version_check", [True, False])
@on_loop
async def test_lifting_one_record_leaves_the_enterprises_other_standing(house: House, *, version_check: bool) -> None:
    first, second = record(1, line=1), record(1, line=2)
    by_record = place(version_check=version_check)
    by_enterprise = place("lender", "lender-webhook", version_check=version_check, holds="enterprise")
    async with house.serving(by_record, by_enterprise), house.working():
        house.submit(first, second)
        await house.converged()
        held = house.desks["target-a"].ledger
        assert sorted(held.standing[code(1)].in_force) == sorted([first.name, second.name])
        house.update(lifted(first))
        await house.converged()
        assert house.shows("target-a") == {second.name}
        assert list(held.standing[code(1)].in_force) == [second.name]
        assert house.shows("lender") == {code(1)}
        assert list(house.desks["lender"].ledger.standing[code(1)].in_force) == [second.name]
        house.update(lifted(second))
        await house.converged()
        assert house.shows("target-a") == house.shows("lender") == set()
        assert list(house.desks["lender"].ledger.standing[code(1)].in_force) == []


@on_loop
async def test_a_new_record_is_told_with_those_that_stand_and_they_with_it(house: House) -> None:
    first, second = record(1, line=1), record(1, line=2)
    async with house.serving(place(kind="lender-webhook")), house.working():
        house.submit(first)
        await house.converged()
        house.submit(second)
        await house.converged()
        held = house.desks["target-a"].ledger.held
        assert [entry["record"] for entry in held[second.name].standing] == [first.name]
        assert [entry["record"] for entry in held[first.name].standing] == [second.name]
        assert held[first.name].standing[0]["document_number"] == second.ruling.document_number
        assert str(held[first.name].version) == "1.3"


@on_loop
async def test_leaving_the_filter_is_a_withdrawal_and_coming_back_a_listing(house: House) -> None:
    given = record(district="220102")
    async with house.serving(place(filter={"districts": ["220102"]}), place("all")), house.working():
        house.submit(given, record(2, district="220103"))
        await house.converged()
        assert house.shows("target-a") == {given.name}
        moved = amended(given, district="220103")
        house.update(moved)
        await house.converged()
        assert house.shows("target-a") == set()
        assert given.name in house.shows("all")
        house.update(amended(moved, district="220102"))
        await house.converged()
        assert house.shows("target-a") == {given.name}


@on_loop
async def test_a_target_is_told_of_its_own_areas_alone(house: House) -> None:
    first, second = record(1, line=1), record(1, line=2)
    credit: dict[str, object] = {"areas": ["FINANCING_CREDIT", "TAX_ADMINISTRATION"]}
    bank = place("bank", "lender-webhook", filter=credit)
    lender = place("lender", "lender-webhook", holds="enterprise", filter=credit)
    async with house.serving(bank, lender, place("all", "lender-webhook")), house.working():
        house.submit(first, second)
        await house.converged()
        assert told_areas(house, "bank", first.name) == [["FINANCING_CREDIT"]]
        assert told_areas(house, "lender", code(1)) == [["FINANCING_CREDIT"]] * 2
        assert told_areas(house, "all", first.name) == [["LAND_SUPPLY", "FINANCING_CREDIT"]]
        (standing,) = house.desks["bank"].ledger.held[first.name].standing
        assert (standing["record"], standing["areas"]) == (second.name, ["FINANCING_CREDIT"])
        (standing,) = house.desks["all"].ledger.held[first.name].standing
        assert standing["areas"] == ["LAND_SUPPLY", "FINANCING_CREDIT"]


@on_loop
async def test_a_changed_filter_tells_anew_what_stays(house: House) -> None:
    given, gone = record(1), record(2)
    async with house.serving(place("bank", "lender-webhook"), place("all", "lender-webhook")):
        async with house.working():
            house.submit(given, gone)
            house.update(lifted(gone))
            await house.converged()
        before = {name: house.desks[name].ledger.arrivals for name in ("bank", "all")}
        version = house.delivery("bank", given.name)[0].confirmed
        house.install(bank={"filter": {"areas": ["FINANCING_CREDIT"]}})
        async with house.working():
            await house.converged()
        assert told_areas(house, "bank", given.name) == [["FINANCING_CREDIT"]]
        confirmed = house.delivery("bank", given.name)[0].confirmed
        assert version is not None
        assert confirmed is not None
        assert confirmed > version, "another content is another version"
        assert house.desks["bank"].ledger.arrivals == before["bank"] + 1
        assert house.desks["all"].ledger.arrivals == before["all"]


def told_areas(house: House, target: str, subject: str) -> list[list[str]]:
    """Return the areas that a webhook was last told of, of each record."""
    records = house.desks[target].ledger.held[subject].document["records"]
    return [[area["area"] for area in record["areas"]] for record in records]  # type: ignore[attr-defined] # JSON


@on_loop
async def test_what_was_never_claimed_is_dropped(house: House) -> None:
    given = record()
    async with house.serving(place()):
        house.submit(given)
        house.update(lifted(given))
        async with house.working():
            house.submit(record(2))
            await house.converged()
        row, state, attempts = house.delivery("target-a", given.name)
        assert (state, row.desired_present, row.confirmed_present, attempts) == (
            DeliveryState.CONFIRMED,
            False,
            False,
            [],
        )
        assert house.desks["target-a"].ledger.arrivals == 1


@on_loop
async def test_what_was_claimed_is_withdrawn_though_nobody_confirmed_it(house: House) -> None:
    given = record()
    async with house.serving(place()):
        house.tell("target-a", Behaviour(mode="503", times=1))
        async with house.working():
            house.submit(given)
            await house.until(lambda: house.attempts() and house.attempts()[0].closed)
        house.update(lifted(given))
        async with house.working():
            await house.converged()
        assert house.delivery("target-a", given.name)[2][-1].opened.present is False


@on_loop
async def test_withdrawals_go_first(house: House) -> None:
    first = record(1)
    async with house.serving(place(concurrency=1)):
        async with house.working():
            house.submit(first)
            await house.converged()
        house.submit(*(record(number) for number in range(2, 6)))
        house.update(lifted(first))
        async with house.working():
            await house.converged()
        assert [told["present"] for told in house.desks["target-a"].ledger.recent][:2] == [True, False]


@on_loop
async def test_a_target_retires_by_withdrawing_what_it_shows(house: House) -> None:
    given = record()
    async with house.serving(place(), place("other")):
        async with house.working():
            house.submit(given)
            await house.converged()
        with pytest.raises(StateConflict, match="withdraw"):
            house.install(target_a=None)
        house.put_back("target-a")
        house.install(target_a={"retired": "withdraw"})
        async with house.working():
            house.submit(record(2))
            await house.converged()
        assert house.shows("target-a") == set()
        assert len(house.shows("other")) == 2
        house.install(target_a=None)
        assert [target.name for target in list_targets(house.reader)] == ["other"]


@on_loop
async def test_a_target_is_abandoned_as_it_is(house: House) -> None:
    given = record()
    async with house.serving(place(), place("other")):
        async with house.working():
            house.submit(given)
            await house.converged()
        house.install(target_a={"retired": "abandon"})
        house.update(lifted(given))
        async with house.working():
            await house.until(lambda: house.shows("other") == set())
        assert house.shows("target-a") == {given.name}
        assert house.delivery("target-a", given.name)[1] is DeliveryState.ABANDONED
        with pytest.raises(StateConflict, match="abandoned"):
            retry_delivery(house.reader, "target-a", given.name, lost_by_target=False)


@on_loop
async def test_a_subject_that_comes_back_goes_on_counting(house: House) -> None:
    given = record()
    async with house.serving(place(), place("other")):
        async with house.working():
            house.submit(given)
            await house.converged()
        house.install(target_a={"retired": "abandon"})
        house.install(target_a=None)
        house.put_back("target-a")
        house.install()
        async with house.working():
            await house.converged()
        assert [attempt.opened.number for attempt in house.delivery("target-a", given.name)[2]] == [1, 2]


@on_loop
async def test_a_worker_with_yesterdays_file_leaves_the_target_alone(house: House) -> None:
    async with house.serving(place(), place("other")), house.working():
        house.install(target_a={"concurrency": 3})
        house.submit(record())
        await house.until(lambda: house.shows("other"))
        assert house.delivery("target-a", record_name(house))[0].attempt == 0


def record_name(house: House) -> str:
    return next(iter(house.shows("other")))


def test_the_public_view_shows_the_areas_it_is_asked_for() -> None:
    given = record()
    land = document(given, TODAY, frozenset({Area.LAND_SUPPLY, Area.TAX_ADMINISTRATION}), LAW)
    assert [area["area"] for area in land["areas"]] == ["LAND_SUPPLY"]
    assert {**land, "areas": []} == {**document(given, TODAY, None, LAW), "areas": []}
    assert standing_entry(given, TODAY, frozenset({Area.FINANCING_CREDIT}), LAW)["areas"] == ["FINANCING_CREDIT"]
    assert standing_entry(given, TODAY, frozenset(), LAW)["areas"] == []


def test_the_public_view_has_these_fields_and_no_others() -> None:
    given = record()
    view = document(given, TODAY, None, LAW)
    assert view == {
        "record": given.name,
        "record_version": 1,
        "state": "LISTED",
        "known_on": TODAY.isoformat(),
        "enterprise_code": code(1),
        "enterprise_name": "虚构轧钢（测试用）有限公司",
        "authority_name": "虚构市工业和信息化局",
        "authority_code": code(9999, "11220101"),
        "document_number": "虚工信〔2026〕1号",
        "decision_date": "2026-05-04",
        "penalty": None,
        "standard": "ENVIRONMENT",
        "sector": "STEEL",
        "obligation": {
            "scope": "LINE",
            "item": "1号高炉",
            "equipment": "450立方米高炉",
            "quantity": 1,
            "capacity": "45.5",
            "unit": "TEN_THOUSAND_TONNES",
            "last_day": "2026-03-31",
        },
        "areas": view["areas"],
        "disputed": False,
        "listed_on": "2026-05-04",
        "publication_end": "2029-05-04",
        "district": {"code": "220102", "name": "南关区"},
        "catalogue_edition": "2026-1",
    }
    gone = lifted(given)
    assert document(gone, TODAY, None, LAW)["state"] == "LIFTED"
    assert gone.ending
    ahead = replace(gone, ending=replace(gone.ending, effective_on=TODAY + timedelta(days=1)))
    assert document(ahead, TODAY, None, LAW)["state"] == "LISTED"
    assert [(area["area"], area["binding"], area["until"]) for area in view["areas"]] == [
        ("LAND_SUPPLY", True, "2029-05-04"),
        ("FINANCING_CREDIT", True, "2029-05-04"),
    ]
    assert {key for area in view["areas"] for key in area} == {
        "area",
        "directive",
        "basis",
        "article",
        "binding",
        "until",
        "demands",
    }
    assert [(one["action"], one["binding"], one["basis"]) for one in view["areas"][1]["demands"]] == [
        ("REFUSE_NEW_CREDIT", True, "国发〔2010〕7号"),
        ("REDUCE_EXISTING_LOANS", False, "银发〔2016〕118号"),
    ]


def test_the_public_view_says_a_penalty_decision_item_by_item_and_null_for_what_was_not_said() -> None:
    penalty = Penalty(
        kind=PenaltyKind.CLOSURE_ORDER,
        document_number="虚构罚字1号",
        decided_on=date(2026, 4, 1),
        violation="逾期未淘汰",
        fine=Decimal("1E+1"),
        valid_until=date(2099, 12, 31),
    )
    given = record()
    punished = replace(given, decision=replace(given.ruling, penalty=penalty))
    assert document(punished, TODAY, None, LAW)["penalty"] == {
        "kind": "CLOSURE_ORDER",
        "document_number": "虚构罚字1号",
        "decided_on": "2026-04-01",
        "violation": "逾期未淘汰",
        **dict.fromkeys(("facts", "basis", "content")),
        "fine": "10",
        **dict.fromkeys(("confiscated", "licence")),
        "valid_until": "2099-12-31",
        **dict.fromkeys(("authority_name", "authority_code")),
    }


@on_loop
async def test_a_withdrawal_says_what_its_record_came_to(house: House) -> None:
    told = Penalty(
        kind=PenaltyKind.CLOSURE_ORDER,
        document_number="虚构罚字1号",
        decided_on=date(2026, 4, 1),
        violation="虚构",
        facts="虚构",
        basis="《虚构规定》第一条",
        content="虚构",
    )
    gone, annulled = (
        replace(given, decision=replace(given.ruling, penalty=told)) for given in (record(1, line=1), record(2, line=1))
    )
    async with house.serving(place(mapping="cf-2016")), house.working():
        house.submit(gone, annulled)
        await house.converged()
        assert house.shows("target-a") == {gone.name, annulled.name}
        house.update(lifted(gone), revoked(annulled))
        await house.converged()
        assert house.shows("target-a") == set()
        said = {}
        for given in (gone, annulled):
            bodies = sent_bodies(house.reader, "target-a", given.name)
            said[given.name] = json.loads(bodies[max(bodies)])["penalty_item"]["CF_ZT"]
        assert said == {gone.name: "3", annulled.name: "1"}


@on_loop
async def test_what_a_withdrawal_named_as_standing_and_was_never_sent_itself(house: House) -> None:
    first, second = record(1, line=1), record(1, line=2)
    async with house.serving(place(kind="lender-webhook", concurrency=1, timeout_s=5, lease_s=10)):
        async with house.working():
            house.submit(first)
            await house.converged()
        desk = house.desks["target-a"]
        house.tell("target-a", Behaviour(mode="late", times=1))
        house.submit(second)
        house.update(lifted(first))
        async with house.working():
            # The withdrawal comes first and names the other record, which waits for its turn.
            await house.until(lambda: desk.state()["late"] == 1)
            house.update(lifted(second))
            desk.release()
            await house.converged()
        assert list(desk.ledger.standing[code(1)].in_force) == []


@on_loop
async def test_what_was_refused_is_not_sent_again_for_a_siblings_sake(house: House) -> None:
    refused, sibling = record(1, line=1), record(1, line=2)
    async with house.serving(place()), house.working():
        house.tell("target-a", Behaviour(mode="reject", times=1))
        house.submit(refused)
        await house.until(lambda: house.rows(DeliveryState.REJECTED))
        house.submit(sibling)
        await house.until(lambda: house.shows("target-a") == {sibling.name})
        assert [row.attempt for row in house.rows(DeliveryState.REJECTED)] == [1]
        house.update(amended(refused, district="220103"))
        await house.converged()
        assert house.shows("target-a") == {refused.name, sibling.name}
