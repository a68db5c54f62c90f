"""The search by name: what is asked, what comes back, and that it reads as no verdict."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.sdk.loopback import Loopback, always

from credit_sanction import AreaGroup, Client, ClientError, Found, FoundEnterprise, Revision
from credit_sanction.__main__ import main
from credit_sanction.v1 import measure_pb2, revision_pb2
from credit_sanction.v1 import restriction_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Callable

CODE = "91220101FAKE000130"
REPLY = wire.SearchEnterprisesResponse(
    candidates=[
        wire.EnterpriseCandidate(
            code=CODE,
            name="长春市虚构一号钢铁有限公司",
            matched="长春市虚构旧名钢铁厂",
            score=0.75,
            explanations=["a former name 曾用名 of it"],
        )
    ],
    revision=revision_pb2.Revision(epoch=1, number=42),
    more=True,
)


def test_what_is_found_is_told_as_values(service: Loopback, client: Client) -> None:
    service.on("SearchEnterprises", always(REPLY))
    found = client.search("虚构旧名", areas=[AreaGroup.LOANS, "land_supply"], limit=5)
    one = FoundEnterprise(
        code=CODE,
        name="长春市虚构一号钢铁有限公司",
        matched="长春市虚构旧名钢铁厂",
        score=0.75,
        explanations=("a former name 曾用名 of it",),
    )
    assert found == Found(candidates=(one,), revision=Revision(epoch=1, number=42), more=True)
    (request,) = service.requests(wire.SearchEnterprisesRequest)
    assert (request.query, request.limit) == ("虚构旧名", 5)
    assert list(request.groups) == [measure_pb2.AREA_GROUP_LOANS]
    assert list(request.areas) == [measure_pb2.AREA_LAND_SUPPLY]
    with pytest.raises(TypeError, match="no verdict"):
        bool(found)


def test_what_cannot_be_asked_is_said_here(client: Client) -> None:
    for ask in (lambda: client.search("\udc80"), lambda: client.search("虚构", limit=1 << 40)):
        _refused(ask)


def _refused(ask: Callable[[], object]) -> None:
    with pytest.raises(ClientError):
        ask()


def test_the_command_prints_candidates(service: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    there = ("--address", service.address)
    service.on("SearchEnterprises", always(REPLY))
    assert main(["search", "虚构旧名", *there]) == 0
    text = capsys.readouterr().out
    assert f"0.75  {CODE}  长春市虚构一号钢铁有限公司" in text
    assert "matched: 长春市虚构旧名钢铁厂" in text
    assert "--limit" in text
    assert main(["search", "虚构旧名", "--json", *there]) == 0
    assert json.loads(capsys.readouterr().out)["candidates"][0]["code"] == CODE
    service.on("SearchEnterprises", always(wire.SearchEnterprisesResponse()))
    assert main(["search", "虚构", "--area", "LOANS", *there]) == 1
    assert "no verdict" in capsys.readouterr().out
