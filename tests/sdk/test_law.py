"""The law part of the client, and the command's words for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from tests.sdk.loopback import always

from credit_sanction import Client, ClientError, InvalidRequest, types
from credit_sanction.__main__ import main
from credit_sanction.v1 import law_service_pb2 as wire

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sdk.loopback import Loopback

TEXT = 'kind = "CALENDAR"\nedition = "2027"\n# 节假日安排\n'
REFUSED = "CALENDAR 2027: year 1: off: is missing"


def edition(loaded_by: str = "") -> types.LawEdition:
    loaded = types.LawEdition(
        kind=types.EditionKind.EDITION_KIND_CALENDAR, edition="2027", text=TEXT, digest="d" * 64, loaded_by=loaded_by
    )
    loaded.load_time.FromJsonString("2026-11-23T04:00:00Z")
    loaded.revision.epoch, loaded.revision.number = 1, 7
    return loaded


@pytest.fixture
def law(service: Loopback) -> Loopback:
    """Let the service load, list and show one edition."""
    service.on("LoadEdition", always(edition(loaded_by="管理员")))
    service.on("GetEdition", always(edition()))
    service.on("ListEditions", always(wire.ListEditionsResponse(editions=[edition(), edition(loaded_by="管理员")])))
    return service


def run(service: Loopback, *arguments: str) -> int:
    return main(["law", arguments[0], "--address", service.address, *arguments[1:]])


def test_an_edition_is_loaded_listed_and_read(client: Client, law: Loopback) -> None:
    assert client.load_edition(TEXT).revision.number == 7
    client.load_edition(TEXT, validate_only=True)
    assert law.requests(wire.LoadEditionRequest) == [
        wire.LoadEditionRequest(text=TEXT),
        wire.LoadEditionRequest(text=TEXT, validate_only=True),
    ]
    assert [found.edition for found in client.editions(["calendar"])] == ["2027", "2027"]
    client.editions()
    assert law.requests(wire.ListEditionsRequest) == [
        wire.ListEditionsRequest(kinds=[types.EditionKind.EDITION_KIND_CALENDAR]),
        wire.ListEditionsRequest(),
    ]
    assert client.edition("CALENDAR", "2027").text == TEXT
    assert law.requests(wire.GetEditionRequest) == [
        wire.GetEditionRequest(kind=types.EditionKind.EDITION_KIND_CALENDAR, edition="2027")
    ]
    with pytest.raises(ClientError, match="none of CATALOGUE, REGIMES"):
        client.edition("HOLIDAYS", "2027")


def test_a_refused_edition_says_why(client: Client, service: Loopback) -> None:
    info = ErrorInfo(reason="EDITION_REFUSED", domain="credit-sanction")
    service.fail(grpc.StatusCode.INVALID_ARGUMENT, REFUSED, info)
    with pytest.raises(InvalidRequest, match="off: is missing") as caught:
        client.load_edition(TEXT)
    assert caught.value.reason == "EDITION_REFUSED"


def test_the_command_loads_a_file_to_the_letter(
    law: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "calendar-2027.toml"
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert run(law, "load", str(file)) == 0
    assert capsys.readouterr().out == (
        f"CALENDAR 2027  revision 1:7, loaded 2026-11-23T12:00:00+08:00 by 管理员  sha256 {'d' * 64}\n"
    )
    assert run(law, "load", str(file), "--validate-only") == 0
    assert capsys.readouterr().out == "CALENDAR 2027: can be loaded (checked only, nothing stored)\n"
    assert [request.text for request in law.requests(wire.LoadEditionRequest)] == [TEXT.replace("\n", "\r\n")] * 2
    assert run(law, "load", str(file), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["edition"], told["revision"]) == ("CALENDAR", "2027", {"epoch": 1, "number": 7})


def test_the_command_lists_and_shows(law: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(law, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" by ")[1].split("  ")[0] for line in lines] == ["the release", "管理员"]
    assert run(law, "list", "--kind", "CALENDAR", "--json") == 0
    assert [found["edition"] for found in json.loads(capsys.readouterr().out)["editions"]] == ["2027", "2027"]
    assert law.requests(wire.ListEditionsRequest)[-1].kinds == [types.EditionKind.EDITION_KIND_CALENDAR]
    assert run(law, "show", "calendar", "2027") == 0
    assert capsys.readouterr().out == TEXT
    assert run(law, "show", "CALENDAR", "2027", "--json") == 0
    assert json.loads(capsys.readouterr().out)["text"] == TEXT


def test_the_command_says_what_is_wrong(service: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "calendar.toml"
    file.write_bytes("节假日".encode("gb18030"))
    assert run(service, "load", str(file)) == 2
    assert capsys.readouterr().err == f"credit-sanction: {file} is not UTF-8\n"
    assert run(service, "load", str(tmp_path / "nothing")) == 2
    assert run(service, "show", "HOLIDAYS", "2027") == 2
    file.write_text(TEXT, "utf-8")
    service.fail(grpc.StatusCode.INVALID_ARGUMENT, REFUSED)
    assert run(service, "load", str(file)) == 1
    assert REFUSED in capsys.readouterr().err
    service.fail(grpc.StatusCode.NOT_FOUND, "there is no edition")
    assert run(service, "show", "CALENDAR", "2099") == 1
    service.fail(grpc.StatusCode.PERMISSION_DENIED, "may not call LoadEdition")
    assert run(service, "load", str(file)) == 2
