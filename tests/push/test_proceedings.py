"""What targets are told of proceedings: nothing before the listing, disputed at once, withdrawn while suspended, gone at a repair."""

from dataclasses import replace
from datetime import timedelta

from tests.push.records import LAW, TODAY, lifted, record, revoked
from tests.push.rig import House, on_loop, place
from tests.samples import objection, objection_decision, repair_draft, suspension

from credit_sanction_service.domain.objections import decide_objection, raise_objection
from credit_sanction_service.domain.proceedings import Notice, Penalty
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.domain.repair import repair
from credit_sanction_service.domain.suspensions import resume, suspend
from credit_sanction_service.domain.terms import ObjectionOutcome, PenaltyKind, PublicationClass, State

KINDS = ("credit-platform", "city-website", "lender-webhook")


def told(house: House, given: SanctionRecord) -> dict[str, object]:
    """Return what the platform holds of a record."""
    return dict(house.desks["credit-platform"].ledger.held[given.name].document)


def shown(house: House, given: SanctionRecord) -> list[bool]:
    return [given.name in house.shows(kind) for kind in KINDS]


def unlisted(given: SanctionRecord) -> SanctionRecord:
    """Return the record as it was between notice and decision."""
    decision = given.ruling
    notice = Notice(
        authority=decision.authority,
        document_number="虚构告字1号",
        served_on=decision.notice_served_on,
        facts="逾期",
        basis="国发〔2010〕7号",
        rights="陈述、申辩",
    )
    return replace(
        given, state=State.NOTICE_SERVED, decision=None, notice=notice, ever_listed=False, publication_end=None
    )


@on_loop
async def test_nothing_is_pushed_before_the_listing(house: House) -> None:
    given = record()
    notice = unlisted(given)
    decided = replace(given, version=2, state=State.DECIDED, notice=notice.notice, ever_listed=False)
    async with house.serving(*(place(kind, kind) for kind in KINDS)), house.working():
        house.submit(notice)
        house.update(decided)
        await house.converged()
        assert house.attempts() == []
        house.update(replace(decided, version=3, state=State.LISTED, ever_listed=True, listed_on=TODAY))
        await house.converged()
        assert shown(house, given) == [True] * 3


@on_loop
async def test_an_objection_is_told_at_once_and_its_end_too(house: House) -> None:
    given = record()
    async with house.serving(*(place(kind, kind) for kind in KINDS)), house.working():
        house.submit(given)
        disputed = raise_objection(given, objection(on=TODAY), today=TODAY, law=LAW)
        house.update(disputed)
        await house.converged()
        assert shown(house, given) == [True] * 3
        assert told(house, given)["disputed"] is True
        upheld = objection_decision(ObjectionOutcome.UPHELD, on=TODAY)
        house.update(decide_objection(disputed, upheld, today=TODAY, law=LAW))
        await house.converged()
        assert told(house, given)["disputed"] is False


@on_loop
async def test_a_suspended_record_is_withdrawn_and_comes_back(house: House) -> None:
    given = record()
    async with house.serving(*(place(kind, kind) for kind in KINDS)), house.working():
        house.submit(given)
        await house.converged()
        resting = suspend(given, suspension(on=TODAY), today=TODAY, law=LAW)
        house.update(resting)
        await house.converged()
        assert shown(house, given) == [False] * 3
        house.update(resume(resting, suspension(on=TODAY), today=TODAY, law=LAW))
        await house.converged()
        assert shown(house, given) == [True] * 3


@on_loop
async def test_what_a_record_came_to_is_told_again_where_a_target_says_it(house: House) -> None:
    given = record()
    penalty = Penalty(
        kind=PenaltyKind.CLOSURE_ORDER,
        document_number="虚构停产字1号",
        decided_on=given.ruling.decided_on,
        violation="逾期未淘汰落后生产工艺装备",
        facts="责令期限届满后仍在生产",
        basis="《虚构规定》第一条",
        content="责令停产停业",
    )
    given = replace(given, decision=replace(given.ruling, penalty=penalty))
    places = (place("says-it", mapping="cf-2016"), place("credit-platform"), place("city-website", "city-website"))
    async with house.serving(*places), house.working():
        house.submit(given)
        await house.converged()
        said = []
        away = lifted(given)
        for version in (away, replace(away, version=3), replace(revoked(given), version=4)):
            house.update(version)
            await house.converged()
            held = house.desks["says-it"].ledger.held[given.name]
            said.append((held.present, held.document["CF_ZT"], held.document["BZ"], str(held.version)))
        assert said[0] == said[1] == (False, "3", "移出、停止公示", said[0][3])
        assert said[2][:3] == (False, "1", "撤销、停止公示")
        assert said[2][3] > said[1][3]
        assert [house.desks[one.name].ledger.arrivals for one in places] == [3, 2, 2]


@on_loop
async def test_a_repair_ends_publication_sharing_and_measures_at_every_target(house: House) -> None:
    given = record()
    general = replace(
        given, publication_class=PublicationClass.GENERAL, publication_end=given.ruling.decided_on + timedelta(days=365)
    )
    async with house.serving(*(place(kind, kind) for kind in KINDS)), house.working():
        house.submit(general)
        await house.converged()
        assert shown(house, given) == [True] * 3
        house.update(repair(general, repair_draft(on=TODAY), today=TODAY, law=LAW))
        await house.converged()
        assert shown(house, given) == [False] * 3
