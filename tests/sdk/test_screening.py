"""Screening lists: read no further ahead than need be, in order, and on through a connection that breaks."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from tests.sdk.test_command import CITIZEN
from tests.sdk.test_lookups import BASIS, CODE, restricted, short_form, told

from credit_sanction import (
    Answer,
    Client,
    ClientError,
    InternalFault,
    InvalidRequest,
    ItemFailure,
    Unavailable,
    Verdict,
)
from credit_sanction.__main__ import main
from credit_sanction.v1 import error_reason_pb2
from credit_sanction.v1 import restriction_service_pb2 as wire
from credit_sanction.v1.revision_pb2 import Revision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.sdk.loopback import Loopback

MESSAGE = 5_000
DISGUISED = "9900/0019/0001-0102/94"
LONG = "9" * 300


def screened(request: wire.ScreenRestrictionsRequest) -> wire.ScreenRestrictionsResponse:
    verdicts, details = told(request.codes)
    return wire.ScreenRestrictionsResponse(sequence=request.sequence, verdicts=verdicts, details=details, basis=BASIS)


def test_a_list_is_answered_in_its_order_and_read_no_further_than_need_be(service: Loopback, client: Client) -> None:
    service.on("ScreenRestrictions", screened)
    read = 0

    def items() -> Iterator[str | tuple[str, str]]:
        nonlocal read
        for number in range(10 * MESSAGE + 1):
            read = number
            yield CODE if number == 7 else "bad" if number == MESSAGE else ("8", "虚构") if number == 8 else str(number)

    results = client.screen(items(), areas="LOANS", include_ended=True, min_revision=Revision(epoch=1, number=3))
    assert read == 0
    given = [next(results) for _ in range(MESSAGE)]
    assert read <= 3 * MESSAGE
    given.extend(results)
    assert len(given) == 10 * MESSAGE + 1
    blocked, failed = given[7], given[MESSAGE]
    assert isinstance(blocked, Answer)
    assert blocked.restricted
    assert isinstance(failed, ItemFailure)
    assert (failed.index, failed.code, str(failed)) == (MESSAGE, "bad", "code: too short")
    rest = [one for one in given if one not in {blocked, failed}]
    assert all(isinstance(one, Answer) and one.verdict is Verdict.CLEAR for one in rest)
    first, *others = service.requests(wire.ScreenRestrictionsRequest)
    assert first.terms.include_ended
    assert first.terms.consistency.min_revision.number == 3
    assert first.names[8] == "虚构"
    assert not any(request.HasField("terms") or request.names for request in others)
    assert len(others) == 10


def test_a_stream_that_breaks_goes_on_where_it_was(service: Loopback, client: Client) -> None:
    service.on("ScreenRestrictions", screened)
    codes = [str(number) for number in range(4 * MESSAGE)]
    results = client.screen(iter(codes))
    given = [next(results) for _ in range(MESSAGE)]
    service.fail(grpc.StatusCode.CANCELLED, "stopping")
    service.fail(grpc.StatusCode.UNAVAILABLE, "restarting")
    given.extend(results)
    assert [one.asked for one in given if isinstance(one, Answer)] == codes
    again = [request for request in service.requests(wire.ScreenRestrictionsRequest) if request.HasField("terms")]
    assert len(again) >= 2
    assert again[-1].terms.consistency.min_revision.number == BASIS.revision.number
    service.fail(grpc.StatusCode.UNAVAILABLE, "gone", times=20)
    with Client(service.address, timeout=0.3) as hasty, pytest.raises(Unavailable, match="gone"):
        list(hasty.screen(codes))


def test_what_no_new_try_can_help_is_raised(service: Loopback, client: Client) -> None:
    service.on("ScreenRestrictions", screened)
    service.fail(grpc.StatusCode.INVALID_ARGUMENT, "areas[0]: 77 is not a known area")
    with pytest.raises(InvalidRequest, match="not a known area"):
        list(client.screen(["1"]))
    with pytest.raises(ClientError, match="LAND_SUPPLY"):
        client.screen(["1"], areas=["water"])
    with pytest.raises(ClientError, match="not Unicode"):
        list(client.screen(["1", "\udcff"]))
    assert list(client.screen([])) == []


def test_an_answer_to_another_message_is_a_fault(service: Loopback, client: Client) -> None:
    service.on("ScreenRestrictions", lambda _: wire.ScreenRestrictionsResponse(sequence=9, basis=BASIS))
    with pytest.raises(InternalFault):
        list(client.screen(["1"]))


def test_details_that_did_not_fit_are_asked_for_once_more(service: Loopback, client: Client) -> None:
    def brief(request: wire.ScreenRestrictionsRequest) -> wire.ScreenRestrictionsResponse:
        response = screened(request)
        for detail in response.details:
            detail.answer.ClearField("restrictions")
            detail.answer.details_omitted = True
        return response

    service.on("ScreenRestrictions", brief)
    service.on("BatchCheckRestrictions", short_form)
    _, blocked = client.screen(["1", CODE])
    assert isinstance(blocked, Answer)
    assert len(blocked.restrictions) == len(restricted().restrictions)
    (request,) = service.requests(wire.BatchCheckRestrictionsRequest)
    assert request.consistency.min_revision.number == BASIS.revision.number


def test_a_service_that_falls_silent_is_taken_for_lost(service: Loopback) -> None:
    over = threading.Event()

    def never(request: wire.ScreenRestrictionsRequest) -> wire.ScreenRestrictionsResponse:
        over.wait(10)
        return screened(request)

    service.on("ScreenRestrictions", never)
    with Client(service.address, timeout=0.2) as client:
        results = client.screen(["1"])
        with pytest.raises(Unavailable, match="no word"):
            next(results)
    over.set()


def test_a_list_that_is_left_ends_its_stream(service: Loopback, client: Client) -> None:
    service.on("ScreenRestrictions", screened)
    results = client.screen(str(number) for number in range(3 * MESSAGE))
    next(results)
    results.close()  # type: ignore[attr-defined] # a generator
    assert list(results) == []


def test_the_command_prints_who_is_not_clear_and_exits_with_the_worst(
    service: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.on("ScreenRestrictions", screened)
    file = tmp_path / "customers.csv"
    file.write_text(f"\ufeff1\n\n2,虚构二厂\n{CODE}\n", encoding="utf-8")
    told_to = ["--address", service.address]
    assert main(["screen", str(file), "--area", "loans", "--at-revision", "1:7", "--include-ended", *told_to]) == 3
    printed = capsys.readouterr()
    assert printed.out.startswith(f"line 4: RESTRICTED  {CODE}")
    past = "as known at revision 1:7"
    assert f"  {past}\n" in printed.out
    assert printed.err == (
        "3 items: 1 RESTRICTED, 0 UNKNOWN, 0 ADVISORY, 2 CLEAR, 0 refused\n"
        f"areas asked: FINANCING_CREDIT, BOND_ISSUANCE\n{past}\n"
    )
    (request,) = service.requests(wire.ScreenRestrictionsRequest)
    assert (list(request.codes), list(request.names)) == (["1", "2", CODE], ["", "虚构二厂", ""])
    assert (request.terms.consistency.at_revision.number, request.terms.include_ended) == (7, True)
    file.write_text("1\n2\n", encoding="utf-8")
    assert main(["screen", str(file), "--all", "--as-known-at", "2026-11-20T12:00:00+08:00", *told_to]) == 0
    printed = capsys.readouterr()
    assert "line 1: CLEAR  1\n" in printed.out
    assert "as known at 2026-11-20T12:00:00+08:00" in printed.err


def test_the_command_counts_who_has_no_code_and_shows_no_citizens_number(
    service: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = {CITIZEN, LONG, DISGUISED}

    def answer(request: wire.ScreenRestrictionsRequest) -> wire.ScreenRestrictionsResponse:
        response = wire.ScreenRestrictionsResponse(sequence=request.sequence, basis=BASIS)
        for index, code in enumerate(request.codes):
            fault = error_reason_pb2.ItemError(message="what was typed: no code")
            response.verdicts.append(wire.VERDICT_UNSPECIFIED if code in refused else wire.VERDICT_CLEAR)
            response.details.extend([wire.ItemDetail(index=index, error=fault)] if code in refused else [])
        return response

    service.on("ScreenRestrictions", answer)
    file = tmp_path / "customers.csv"
    file.write_text(f",只有名称\n1\n,\n{CITIZEN}\n{LONG}\n2\n{DISGUISED}\n,虚构二厂\n", encoding="utf-8")
    assert main(["screen", str(file), "--json", "--address", service.address]) == 1
    printed = capsys.readouterr()
    first, one, hidden, cut, two, disguised, last = map(json.loads, printed.out.splitlines())
    assert first == {"line": 1, "code": "", "reason": "INVALID_FIELD", "message": "code: it is empty"}
    assert (one["line"], one["verdict"], one["as_known"], two["line"], last["line"]) == (2, "CLEAR", None, 6, 8)
    assert (hidden["line"], hidden["code"], disguised["code"]) == (4, "990000************", "*" * 18)
    assert cut["code"] == f"{LONG[:80]}…"
    assert "0102" not in printed.out
    assert printed.err.startswith("7 items: 0 RESTRICTED, 0 UNKNOWN, 0 ADVISORY, 2 CLEAR, 5 refused\n")
    file.write_text(",只有名称\n", encoding="utf-8")
    assert main(["screen", str(file), "--address", service.address]) == 1
    assert capsys.readouterr().out == "line 1: refused  code: it is empty\n"
    file.write_text("\n统一社会信用代码,企业名称\n", encoding="utf-8")
    assert main(["screen", str(file), "--address", service.address]) == 2
    assert capsys.readouterr().err == f"credit-sanction: {file} has no code: nobody was looked up\n"


@pytest.mark.parametrize("command", ["check", "screen"])
def test_without_an_area_the_command_asks_for_all_that_one_may_and_says_so(
    service: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    service.on("ScreenRestrictions", screened)
    service.on("CheckRestrictions", lambda _: wire.CheckRestrictionsResponse(answer=restricted(), basis=BASIS))
    file = tmp_path / "customers.csv"
    file.write_text(f",只有名称\n1\n{CODE}\n", encoding="utf-8")
    asked = [command, str(file) if command == "screen" else CODE, "--address", service.address]
    own = ErrorInfo(domain="credit-sanction", metadata={"areas": "FINANCING_CREDIT,BOND_ISSUANCE"})
    service.fail(grpc.StatusCode.PERMISSION_DENIED, "bank may not ask about LAND_SUPPLY", own)
    assert main(asked) == (1 if command == "screen" else 3)
    printed = capsys.readouterr()
    assert "areas asked: FINANCING_CREDIT, BOND_ISSUANCE" in printed.out + printed.err
    if command == "screen":
        assert printed.err.startswith("3 items: 1 RESTRICTED, 0 UNKNOWN, 0 ADVISORY, 1 CLEAR, 1 refused\n")
    for details, areas in (([own], ["--area", "LAND"]), ([], [])):
        service.fail(grpc.StatusCode.PERMISSION_DENIED, "bank may not ask about LAND_SUPPLY", *details)
        assert main([*asked, *areas]) == 2
        assert "may not ask" in capsys.readouterr().err
