"""Yellow card, red card and the two environmental lists: who keeps them, what an entry needs, how it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import AUTHORITY_NAME, LAW, TODAY, authority_code, code, doubtful_code

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.drafts import DistrictDraft, EnterpriseDraft
from credit_sanction_service.domain.faults import IdentifierRefused, Invalid, StateConflict
from credit_sanction_service.domain.privacy import holds_citizen_number
from credit_sanction_service.domain.public_lists import EntryDraft, ListEntry, WithdrawalDraft, publish, withdraw
from credit_sanction_service.domain.terms import ListClass

RULE = "长工信联字[2017]9号 §五(四)"
CITIZEN = "990000190001010294"
CARDS = {ListClass.YELLOW_CARD, ListClass.RED_CARD}


def entry_draft(number: int = 1, **changes: object) -> EntryDraft:
    """Return a draft that is published on `TODAY`: a yellow card of enterprise `number`."""
    base = EntryDraft(
        list_class=ListClass.YELLOW_CARD,
        enterprise=EnterpriseDraft(code=code(number), name=f"长春虚构{number}号水泥有限公司"),
        authority_code=authority_code(),
        authority_name=AUTHORITY_NAME,
        district=DistrictDraft(code="220113", name="九台区"),
        document_number="虚构黄牌字1号",
        date=(TODAY - timedelta(days=5)).isoformat(),
        reason="能耗超标，限期整改",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def withdrawal(on: date = TODAY) -> WithdrawalDraft:
    return WithdrawalDraft(document_number="虚构撤牌字1号", date=on.isoformat(), reason="整改完成")


def published(draft: EntryDraft) -> ListEntry:
    return publish(draft, entry_id=new_id(), today=TODAY, law=LAW)


def faults(draft: EntryDraft) -> dict[str, str]:
    with pytest.raises(Invalid) as raised:
        published(draft)
    return {violation.field: violation.rule for violation in raised.value.violations}


def test_an_entry_keeps_what_was_typed_and_is_of_version_1() -> None:
    entry = published(entry_draft(item="2号高炉"))
    assert (entry.version, entry.withdrawn, entry.item, entry.warnings) == (1, False, "2号高炉", ())
    assert entry.published_on == entry.district.since == TODAY - timedelta(days=5)
    assert entry.name == f"publicListEntries/{entry.id}"


@pytest.mark.parametrize("list_class", ListClass)
def test_row_17_only_who_keeps_a_list_publishes_on_it(list_class: ListClass) -> None:
    for authority in LAW.authorities.entries.values():
        draft = entry_draft(
            list_class=list_class, authority_code=authority.code, authority_name=authority.name_on(TODAY)
        )
        if authority.function in LAW.authorities.list_leads[list_class]:
            assert published(draft).list_class is list_class
        else:
            assert faults(draft) == {"authority.code": RULE}


def test_row_17_environment_keeps_its_two_lists_and_neither_card() -> None:
    keepers = {each: {str(function) for function in LAW.authorities.list_leads[each]} for each in ListClass}
    assert all(keepers[each] == {"INDUSTRY", "DEVELOPMENT_REFORM", "MARKET_REGULATION", "EMERGENCY"} for each in CARDS)
    assert all(keepers[each] == {"ECOLOGY"} for each in set(ListClass) - CARDS)


def test_an_authority_that_the_register_does_not_know_is_taken_with_a_warning() -> None:
    draft = entry_draft(authority_code=code(7, prefix="11220100"), authority_name="长春市虚构未登记局")
    assert [warning.partition(":")[0] for warning in published(draft).warnings] == ["认定部门不在登记册"]


def test_a_code_in_doubt_is_refused_because_the_lists_are_public() -> None:
    for typed in (doubtful_code(1), "220101000012345", "91220101111111111U"):
        with pytest.raises(IdentifierRefused) as raised:
            published(entry_draft(enterprise=EnterpriseDraft(code=typed, name="长春虚构水泥有限公司")))
        assert {violation.field for violation in raised.value.violations} == {"enterprise.code"}
    with pytest.raises(IdentifierRefused) as raised:
        published(entry_draft(enterprise=EnterpriseDraft(code=doubtful_code(1), name="长春虚构水泥有限公司")))
    assert raised.value.likely_codes[0] == code(1)


def test_nobody_publishes_himself() -> None:
    own = EnterpriseDraft(code=authority_code(), name=AUTHORITY_NAME)
    assert set(faults(entry_draft(enterprise=own))) == {"enterprise.code"}


def test_every_fault_is_named_at_once() -> None:
    assert set(faults(EntryDraft())) == {
        "list_class",
        "enterprise.code",
        "enterprise.name",
        "authority.code",
        "authority.name",
        "document_number",
        "date",
        "responsible_district.code",
        "responsible_district.name",
        "reason",
    }


def test_a_document_of_tomorrow_and_a_district_that_was_none_are_refused() -> None:
    assert faults(entry_draft(date=(TODAY + timedelta(days=1)).isoformat())) == {"date": RULE}
    gone = DistrictDraft(code="220181", name="九台市")
    assert faults(entry_draft(district=gone)) == {"responsible_district.code": "GB/T 2260"}


@given(
    field=st.sampled_from(["item", "document_number", "reason", "authority_name"]),
    before=st.text("张某（0-9 \t", max_size=5),
    after=st.text("号）。 ", max_size=5),
)
def test_no_citizens_number_is_ever_published(field: str, before: str, after: str) -> None:
    typed = f"{before}{CITIZEN}{after}"
    changes: dict[str, object] = {field: typed}
    if holds_citizen_number(typed):
        with pytest.raises(Invalid) as raised:
            published(replace(entry_draft(), **changes))  # type: ignore[arg-type]
        assert CITIZEN not in str(raised.value)


@given(days=st.integers(-3, 8))
def test_a_withdrawal_lies_between_publication_and_today(days: int) -> None:
    entry = published(entry_draft())
    day = entry.published_on + timedelta(days=days)
    if entry.published_on <= day <= TODAY:
        gone = withdraw(entry, withdrawal(day), today=TODAY, law=LAW)
        assert (gone.version, gone.withdrawn) == (2, True)
        assert replace(gone, version=1, withdrawal=None) == entry
    else:
        with pytest.raises(Invalid) as raised:
            withdraw(entry, withdrawal(day), today=TODAY, law=LAW)
        assert [(each.field, each.rule) for each in raised.value.violations] == [("withdrawal.date", RULE)]


def test_a_withdrawal_needs_document_day_and_reason_and_happens_once() -> None:
    entry = published(entry_draft())
    with pytest.raises(Invalid) as raised:
        withdraw(entry, WithdrawalDraft(), today=TODAY, law=LAW)
    assert {violation.field for violation in raised.value.violations} == {
        "withdrawal.document_number",
        "withdrawal.date",
        "withdrawal.reason",
    }
    gone = withdraw(entry, withdrawal(), today=TODAY, law=LAW)
    with pytest.raises(StateConflict, match="was withdrawn on"):
        withdraw(gone, withdrawal(), today=TODAY, law=LAW)


def test_two_spellings_of_one_document_and_item_are_one() -> None:
    one = published(entry_draft(item="2号高炉（东）", document_number="虚构黄牌字〔2026〕1号"))
    other = published(entry_draft(item="2号高炉(东)", document_number="虚构黄牌字[2026] 1号"))
    assert one.key == other.key
    assert one.key != published(entry_draft(list_class=ListClass.RED_CARD, item="2号高炉(东)")).key
