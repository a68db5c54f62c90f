"""Queries over records: one at a time, by filter, by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.samples import authority_code, call, code, draft, lift_draft, with_enterprise, with_obligation

from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.faults import NotFound, NotPermitted
from credit_sanction_service.domain.terms import Area, IdentifierKind, Standard, State
from credit_sanction_service.store.reading import RecordQuery

if TYPE_CHECKING:
    from credit_sanction_service.records import Records

OLD_NUMBER = "220101000012345"


@pytest.fixture
def names(records: Records) -> list[str]:
    """Take four records in and return their names: a lifted one, one by land only, an old number's, a quality one's."""
    others = ((IdentifierKind.REGISTRATION_NUMBER, OLD_NUMBER),)
    drafts = [
        draft(1),
        draft(2, areas=(Area.LAND_SUPPLY,)),
        with_enterprise(draft(3), other_identifiers=others),
        with_obligation(draft(4), standard=Standard.QUALITY),
    ]
    stored = [records.create(given, call()).record for given in drafts]
    records.lift(stored[0].id, 1, lift_draft(), call())
    return [record.name for record in stored]


QUERIES = [
    (RecordQuery(), [0, 1, 2, 3]),
    (RecordQuery(number=code(2)), [1]),
    (RecordQuery(number=OLD_NUMBER), [2]),
    (RecordQuery(number=code(3)[8:17]), [2]),
    (RecordQuery(number=code(9)), []),
    (RecordQuery(states=(State.LISTED,)), [1, 2, 3]),
    (RecordQuery(states=(State.LIFTED, State.REVOKED)), [0]),
    (RecordQuery(standards=(Standard.QUALITY,)), [3]),
    (RecordQuery(districts=("220113",)), [0, 1, 2, 3]),
    (RecordQuery(districts=("220183",)), []),
    (RecordQuery(areas=(Area.LAND_SUPPLY,)), [0, 1, 2, 3]),
    (RecordQuery(areas=(Area.BOND_ISSUANCE, Area.TAX_ADMINISTRATION), states=(State.LISTED,)), [2, 3]),
    (RecordQuery(only_authorities=(authority_code(),)), [0, 1, 2, 3]),
    (RecordQuery(only_authorities=()), []),
    (RecordQuery(limit=2), [0, 1]),
]


def test_filters_are_joined_by_and(records: Records, names: list[str]) -> None:
    for query, places in QUERIES:
        assert [stored.record.name for stored in records.page(query)] == [names[place] for place in places], query


def test_pages_follow_one_another_without_gap_or_overlap(records: Records, names: list[str]) -> None:
    seen: list[str] = []
    after = ""
    while page := records.page(RecordQuery(after=after, limit=3)):
        seen += [stored.record.name for stored in page]
        after = page[-1].record.id
    assert seen == names


def test_a_record_is_read_in_its_current_version_by_who_may_see_it(records: Records, names: list[str]) -> None:
    stored = records.get(names[0].removeprefix("sanctionRecords/"), call().principal)
    assert (stored.record.state, stored.record.version) == (State.LIFTED, 2)
    own = Principal(name="甲", roles=frozenset({Role.AUTHORITY}), authorities=frozenset({authority_code()}))
    assert records.get(stored.record.id, own) == stored
    with pytest.raises(NotPermitted):
        records.get(
            stored.record.id, Principal(name="乙", roles=frozenset({Role.AUTHORITY}), authorities=frozenset({code(1)}))
        )


def test_what_is_not_there_is_not_found(records: Records) -> None:
    for record_id in ("", "x" * 1000, "../1", "00000000-0000-7000-8000-000000000000"):
        with pytest.raises(NotFound):
            records.get(record_id, call().principal)
