"""LawService over a real socket: who loads, what is refused, and that what is loaded counts for the next call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from tests.api.conftest import Caller, House, principal
from tests.api.test_records import create, fault
from tests.law_texts import LATER_FORMAT, catalogue, year
from tests.samples import TODAY

from credit_sanction.v1 import law_service_pb2 as pb
from credit_sanction.v1 import restriction_service_pb2 as restriction_pb
from credit_sanction_service.api.law_servicer import MOST_TEXT_BYTES
from credit_sanction_service.domain.access import Role
from credit_sanction_service.domain.law import shipped_editions

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from credit_sanction_service.domain.editions import Edition


def load(house: House, edition: Edition, *, validate_only: bool = False) -> pb.LawEdition:
    request = pb.LoadEditionRequest(text=edition.text, validate_only=validate_only)
    loaded: pb.LawEdition = house.administrator("LoadEdition", request)
    return loaded


def listed(house: House, *kinds: pb.EditionKind.ValueType) -> list[pb.LawEdition]:
    return list(house.administrator("ListEditions", pb.ListEditionsRequest(kinds=kinds)).editions)


def refused(caller: Caller, method: str, request: Message) -> tuple[grpc.StatusCode, str, str]:
    """Return status, reason and message of a call that fails."""
    with pytest.raises(grpc.RpcError) as caught:
        caller(method, request)
    code, reason, _ = fault(caller, method, request)
    return code, reason, caught.value.details() or ""


def test_an_edition_is_loaded_listed_and_read(house: House) -> None:
    edition = year(2027)
    loaded = load(house, edition)
    assert (loaded.kind, loaded.edition, loaded.text) == (pb.EDITION_KIND_CALENDAR, "2027", edition.text)
    assert (loaded.digest, loaded.loaded_by) == (edition.digest, "administrator")
    assert load(house, edition) == loaded
    assert house.administrator("GetEdition", pb.GetEditionRequest(kind=loaded.kind, edition="2027")) == loaded
    loaded.text = ""
    assert listed(house)[-1] == loaded
    assert len(listed(house)) == len(shipped_editions()) + 1
    assert [found.edition for found in listed(house, pb.EDITION_KIND_CALENDAR)] == ["2004-2026", "2027"]


def test_a_check_loads_nothing(house: House) -> None:
    checked = load(house, year(2027), validate_only=True)
    assert (checked.edition, checked.revision.number) == ("2027", 0)
    assert [found.edition for found in listed(house, pb.EDITION_KIND_CALENDAR)] == ["2004-2026"]


def test_everybody_reads_and_only_administrators_load(house: House) -> None:
    for role in Role:
        caller = house.calling(principal(f"a-{role}", role))
        assert caller("ListEditions", pb.ListEditionsRequest()).editions
        kind = pb.EDITION_KIND_LIMITS
        assert caller("GetEdition", pb.GetEditionRequest(kind=kind, edition="2026-1")).text
        if role is not Role.ADMINISTRATOR:
            code, reason, _ = refused(caller, "LoadEdition", pb.LoadEditionRequest(text=year(2027).text))
            assert (code, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")


def test_what_cannot_be_law_is_refused_with_its_fault(house: House) -> None:
    load(house, year(2027))
    large = "#" * (MOST_TEXT_BYTES + 1)
    for text, reason, said in (
        ("", "INVALID_FIELD", "text: 0 bytes"),
        (large, "INVALID_FIELD", "1 to 1048576 are taken"),
        ("nonsense", "EDITION_REFUSED", "this is not TOML"),
        (LATER_FORMAT, "EDITION_REFUSED", "this code reads format 1 alone"),
        (year(2027).text + "# other\n", "EDITION_REFUSED", "CALENDAR 2027 is loaded with another text"),
        (year(2028).text + "x = 1\n", "EDITION_REFUSED", "CALENDAR 2028: year 1: x: is not a key that is known here"),
        (catalogue("9", repeals={"虚构1号": TODAY}).text, "EDITION_REFUSED", "虚构1号 is no basis in any edition"),
    ):
        for check in (False, True):
            request = pb.LoadEditionRequest(text=text, validate_only=check)
            found = refused(house.administrator, "LoadEdition", request)
            assert found[:2] == (grpc.StatusCode.INVALID_ARGUMENT, reason)
            assert said in found[2]


def test_what_is_not_there_is_not_found(house: House) -> None:
    for kind, name, code, reason in (
        (pb.EDITION_KIND_CALENDAR, "2099", grpc.StatusCode.NOT_FOUND, "EDITION_NOT_FOUND"),
        (pb.EDITION_KIND_UNSPECIFIED, "2026-1", grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        (99, "2026-1", grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        (pb.EDITION_KIND_CALENDAR, "\x00", grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
    ):
        request = pb.GetEditionRequest(kind=kind, edition=name)  # type: ignore[arg-type] # 99 is none of them
        found = refused(house.administrator, "GetEdition", request)
        assert found[:2] == (code, reason)


def test_what_is_loaded_counts_for_whoever_asks_at_its_revision(house: House) -> None:
    before = create(house)
    loaded = load(house, catalogue("2026-9"))
    assert before.catalogue_edition == "2026-1"
    assert create(house, number=2).catalogue_edition == "2026-9"
    question = restriction_pb.CheckRestrictionsRequest(
        enterprise=restriction_pb.EnterpriseQuery(code=before.enterprise.code),
        consistency=restriction_pb.Consistency(min_revision=loaded.revision),
    )
    response = house.administrator("CheckRestrictions", question)
    assert response.basis.catalogue_edition == "2026-9"
    in_use = {found.kind: found.edition for found in response.basis.law}
    assert in_use[pb.EDITION_KIND_CATALOGUE] == "2026-9"
    assert len(in_use) == len(pb.EditionKind.keys()) - 1
    assert {found.catalogue_edition for found in response.answer.restrictions} == {"2026-1"}
