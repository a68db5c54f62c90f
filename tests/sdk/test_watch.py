"""Watch, export and portfolios: streams that go on where they broke off, and say so where they cannot."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from credit_sanction import (
    Changes,
    Client,
    ClientError,
    Conflict,
    NotCovered,
    NotFound,
    NotFresh,
    Replica,
    RestrictionState,
    Revision,
    Unavailable,
    Watch,
    WrongKind,
    WrongValue,
)
from credit_sanction.__main__ import main
from credit_sanction._streams import Following
from credit_sanction.v1 import error_reason_pb2, measure_pb2, revision_pb2
from credit_sanction.v1 import restriction_service_pb2 as restriction_wire
from credit_sanction.v1 import watch_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CODES = ("91220101FAKE000130", "91220101FAKE002592", "91220101FAKE003711")
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
EPOCH_CHANGED = "EPOCH_CHANGED"
AHEAD = "REVISION_NOT_REACHED"
_REQUESTS: dict[str, type[Message]] = {
    "WatchRestrictions": wire.WatchRestrictionsRequest,
    "ExportRestrictions": wire.ExportRestrictionsRequest,
    "PutPortfolio": wire.PutPortfolioRequest,
    "GetPortfolio": wire.GetPortfolioRequest,
    "ListPortfolios": wire.ListPortfoliosRequest,
    "DeletePortfolio": wire.DeletePortfolioRequest,
}


def at(number: int, *, epoch: int = 1) -> revision_pb2.Revision:
    return revision_pb2.Revision(epoch=epoch, number=number)


def entry(
    number: int, *, version: int = 1, state: str = "LISTED", since: str = "2026-03-01", until: str = "2029-03-01"
) -> wire.RestrictionEntry:
    restriction = restriction_wire.Restriction(
        area=measure_pb2.AREA_FINANCING_CREDIT, binding=True, since=since, until=until
    )
    return wire.RestrictionEntry(
        record=f"sanctionRecords/{number}",
        version=version,
        code=CODES[number],
        name=f"长春市虚构{number}号钢铁有限公司",
        other_numbers=[CODES[number][8:17]],
        state=restriction_wire.RestrictionState.Value(f"RESTRICTION_STATE_{state}"),
        restrictions=[] if state == "ENDED" else [restriction],
    )


def told(
    number: int, *entries: wire.RestrictionEntry, more: bool = False, law: bool = False, epoch: int = 1
) -> Message:
    message = wire.WatchRestrictionsResponse(
        revision=at(number, epoch=epoch), entries=entries, more=more, law_changed=law
    )
    message.known_at.FromDatetime(datetime(2026, 11, 23, 4, 5, tzinfo=UTC))
    return message


def beat(number: int, *, epoch: int = 1) -> Message:
    return wire.WatchRestrictionsResponse(revision=at(number, epoch=epoch))


def part(number: int, *entries: wire.RestrictionEntry, token: str = "", epoch: int = 1) -> Message:
    return wire.ExportRestrictionsResponse(
        revision=at(number, epoch=epoch), entries=entries, resume_token=token, last=not token
    )


@dataclass(slots=True)
class Scripted:
    """
    Plays one script a stream: messages, and at the end a status code, a reason, or nothing. A stream without a script stays
    open and silent until its reader goes.
    """

    scripts: deque[Iterable[Message | grpc.StatusCode | str]] = field(default_factory=deque)
    watched: list[wire.WatchRestrictionsRequest] = field(default_factory=list)
    exported: list[wire.ExportRestrictionsRequest] = field(default_factory=list)
    changed: list[wire.PutPortfolioRequest] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    address: str = ""

    def handler(self) -> grpc.GenericRpcHandler:
        """Return what a server serves."""
        unary: dict[str, Callable[[Any, grpc.ServicerContext], Message]] = {
            "PutPortfolio": self.put,
            "GetPortfolio": self.get,
            "ListPortfolios": lambda *_: wire.ListPortfoliosResponse(portfolios=[self.portfolio()]),
            "DeletePortfolio": lambda *_: wire.DeletePortfolioResponse(),
        }
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            name: grpc.unary_unary_rpc_method_handler(behaviour, _REQUESTS[name].FromString, _bytes)
            for name, behaviour in unary.items()
        }
        for name, behaviour in (("WatchRestrictions", self.watch), ("ExportRestrictions", self.export)):
            read = _REQUESTS[name].FromString
            handlers[name] = grpc.unary_stream_rpc_method_handler(behaviour, read, _bytes)
        return grpc.method_handlers_generic_handler("credit_sanction.v1.WatchService", handlers)

    def watch(self, request: wire.WatchRestrictionsRequest, context: grpc.ServicerContext) -> Iterator[Message]:
        self.watched.append(request)
        return self._play(context)

    def export(self, request: wire.ExportRestrictionsRequest, context: grpc.ServicerContext) -> Iterator[Message]:
        self.exported.append(request)
        return self._play(context)

    def put(self, request: wire.PutPortfolioRequest, context: grpc.ServicerContext) -> Message:
        self.changed.append(request)
        given = {code for code in request.codes if code != "bad"}
        if not given:
            _refuse_codes(context)
        match request.change:
            case wire.PORTFOLIO_CHANGE_ADD:
                self.held |= given
            case wire.PORTFOLIO_CHANGE_REMOVE:
                self.held -= given
            case _:
                self.held = given
        error = error_reason_pb2.ItemError(
            reason=error_reason_pb2.ERROR_REASON_IDENTIFIER_REFUSED,
            message="no code",
            violations=[error_reason_pb2.FieldViolation(field="codes[0]", description="too short", rule="GB 32100")],
        )
        faults = [
            wire.PortfolioFault(index=index, error=error) for index, code in enumerate(request.codes) if code == "bad"
        ]
        return wire.PutPortfolioResponse(portfolio=self.portfolio(), faults=faults)

    def get(self, request: wire.GetPortfolioRequest, _: grpc.ServicerContext) -> Message:
        codes = [code for code in sorted(self.held) if code > request.page_token][: request.page_size]
        following = codes[-1] if codes and codes[-1] != max(self.held) else ""
        return wire.GetPortfolioResponse(portfolio=self.portfolio(), codes=codes, next_page_token=following)

    def portfolio(self) -> wire.Portfolio:
        return wire.Portfolio(name="portfolios/customers", size=len(self.held))

    def _play(self, context: grpc.ServicerContext) -> Iterator[Message]:
        if not self.scripts:
            gone = threading.Event()
            context.add_callback(gone.set)
            gone.wait(20)
            return
        for step in self.scripts.popleft():
            if isinstance(step, grpc.StatusCode):
                context.abort(step, "as told")
            elif isinstance(step, str):
                _refuse(context, step)
            else:
                yield step


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()


def _refuse_codes(context: grpc.ServicerContext) -> None:
    detail = any_pb2.Any()
    fault = BadRequest.FieldViolation(field="codes[0]", description="'bad': too short [GB 32100]")
    detail.Pack(BadRequest(field_violations=[fault]))
    code = grpc.StatusCode.INVALID_ARGUMENT
    status = Status(code=code.value[0], message="as told", details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, "as told")


def _refuse(context: grpc.ServicerContext, reason: str) -> None:
    detail = any_pb2.Any()
    detail.Pack(ErrorInfo(reason=reason, domain="credit-sanction", metadata={"head": "1:4"} if reason == AHEAD else {}))
    codes = {EPOCH_CHANGED: grpc.StatusCode.FAILED_PRECONDITION, AHEAD: UNAVAILABLE}
    code = codes.get(reason, grpc.StatusCode.NOT_FOUND)
    status = Status(code=code.value[0], message="as told", details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, "as told")


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    service = Scripted()
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((service.handler(),))
    service.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield service
    server.stop(None).wait()


@pytest.fixture
def reader(scripted: Scripted) -> Iterator[Client]:
    with Client(scripted.address, token="a-token", timeout=10) as client:
        yield client


def hear(watch: Watch) -> tuple[list[Changes], Conflict]:
    """Return what a watch tells until the epoch is over."""
    heard: list[Changes] = []
    with pytest.raises(Conflict) as raised:
        heard.extend(watch)  # what came before the end stays
    return heard, raised.value


def test_a_watch_goes_on_behind_the_last_whole_revision(scripted: Scripted, reader: Client) -> None:
    scripted.scripts.extend(
        [
            [beat(1), told(2, entry(0), more=True), UNAVAILABLE],
            [told(2, entry(0), more=True), told(2, entry(1))],
            [grpc.StatusCode.CANCELLED],
            [told(3, entry(0, version=2, state="ENDED"), law=True), EPOCH_CHANGED],
        ]
    )
    heard, conflict = hear(
        reader.watch(Revision(epoch=1, number=1), areas=["LOANS"], portfolio="a", districts="220113")
    )
    assert conflict.reason == EPOCH_CHANGED
    assert [(one.revision.number, one.is_heartbeat, one.law_changed) for one in heard] == [
        (1, True, False),
        (2, False, False),
        (3, False, True),
    ]
    assert [one.code for one in heard[1].entries] == list(CODES[:2])
    assert heard[2].entries[0].has_ended
    assert [request.after.number for request in scripted.watched] == [1, 1, 2, 2]
    scope = scripted.watched[0].scope
    assert (list(scope.groups), scope.portfolio) == ([measure_pb2.AREA_GROUP_LOANS], "portfolios/a")
    assert list(scope.districts) == ["220113"]


def test_a_watch_is_closed_from_elsewhere(reader: Client) -> None:
    watch = reader.watch()
    assert watch.revision is None
    ended = threading.Event()

    def read() -> None:
        assert list(watch) == []
        ended.set()

    thread = threading.Thread(target=read)
    thread.start()
    watch.close()
    thread.join(10)
    assert ended.is_set()
    other = iter(reader.watch())
    reader.close()
    with pytest.raises(ClientError, match="closed"):
        next(other)


def test_a_silent_connection_is_taken_for_lost(scripted: Scripted, reader: Client) -> None:
    caller = reader._caller  # noqa: SLF001 - the silence that a reader waits for is too long for a test
    request = wire.WatchRestrictionsRequest()
    method = caller.watch.WatchRestrictions
    silent = Following(caller, method, lambda: request, silence=0.1, patience=0)
    with pytest.raises(Unavailable, match="no word for"):
        next(silent.messages(lambda _: False))
    scripted.scripts.append([beat(1)])
    ending = Following(caller, method, lambda: request, silence=60, patience=0).messages(lambda _: False)
    assert next(ending).revision.number == 1
    with pytest.raises(Unavailable, match="ended before"):
        next(ending)


def test_an_export_goes_on_behind_its_last_message(scripted: Scripted, reader: Client) -> None:
    scripted.scripts.extend(
        [
            [part(7, entry(0), token="t1"), UNAVAILABLE],
            [part(7, token="t2"), part(7, entry(1), token="t3")],
            [part(7)],
        ]
    )
    export = reader.export(areas=["LOANS"])
    with pytest.raises(ClientError, match="iterate"):
        _ = export.revision
    assert [one.code for one in export] == list(CODES[:2])
    assert export.revision == Revision(epoch=1, number=7)
    assert [request.resume_token for request in scripted.exported] == ["", "t1", "t3"]


def test_an_entry_is_in_force_by_its_days(scripted: Scripted, reader: Client) -> None:
    scripted.scripts.append(
        [
            part(
                7,
                entry(0),
                entry(1, state="SUSPENDED"),
                entry(2, state="QUARANTINED"),
                entry(0, state="NOT_LISTED", since=""),
                entry(0, state="NOT_LISTED"),
            )
        ]
    )
    listed, suspended, doubtful, undecided, ahead = reader.export()
    for day, is_one in ((date(2026, 2, 28), False), (date(2026, 3, 1), True), (date(2029, 3, 1), True)):
        assert bool(listed.in_force(day)) is is_one
        assert bool(ahead.in_force(day)) is is_one
        assert not suspended.in_force(day)
        assert not doubtful.in_force(day)
        assert not undecided.in_force(day)
    assert not listed.in_force(date(2029, 3, 2))
    assert doubtful.is_in_doubt
    assert suspended.state is RestrictionState.SUSPENDED


def test_a_replica_answers_once_it_is_whole_and_fresh(scripted: Scripted, reader: Client) -> None:
    scripted.scripts.extend(
        [
            [part(7, entry(0), entry(1))],
            [told(8, entry(0, version=2, state="ENDED"), entry(2)), beat(8)],
            [told(9, law=True)],
            [part(9, entry(1))],
            [beat(9), EPOCH_CHANGED],
            [part(1, entry(0), epoch=2)],
            [beat(1, epoch=2)],
        ]
    )
    scripted.held = set(CODES)
    with Replica(reader, portfolio="customers") as replica:
        replica.wait_for(Revision(epoch=2, number=1), 10)
        replica.wait_until_whole(10)
        assert [one.record for one in replica.entries()] == ["sanctionRecords/0"]
        assert [one.code for one in replica.find(CODES[0].lower())] == [CODES[0]]
        assert replica.find(CODES[0][8:17]) == replica.find(f"31{CODES[0][2:]}") == replica.find(CODES[0])
        assert replica.find(CODES[1]) == ()
        assert (len(replica), replica.revision) == (1, Revision(epoch=2, number=1))
    with pytest.raises(NotFresh, match="closed"):
        replica.find(CODES[0])
    assert [request.after.number for request in scripted.watched][:3] == [7, 8, 9]


def test_a_replica_says_nothing_of_whom_it_cannot_know(scripted: Scripted, reader: Client) -> None:
    scripted.held = {CODES[0], CODES[1], "220101000012345"}
    scripted.scripts.extend([[part(7, entry(0))], [beat(7)]])
    with Replica(reader, portfolio="customers") as replica:
        replica.wait_until_whole(10)
        assert replica.find(CODES[1]) == ()
        assert replica.find(f" {CODES[1].lower()}") == ()
        assert replica.find(CODES[0])[0].code == CODES[0]
        for outside in (CODES[2], "220101000012345", CODES[1][8:17], f"31{CODES[1][2:]}"):
            with pytest.raises(NotCovered, match="look it up"):
                replica.find(outside)
        for nobody in ("", "RUBBISH", "990000190001010294", CODES[1][:-1]):
            with pytest.raises(ValueError, match=r"^number: it ") as raised:
                replica.find(nobody)
            assert isinstance(raised.value, WrongValue)
            assert not nobody or nobody not in str(raised.value)
        with pytest.raises(TypeError, match="number: expected a text"):
            replica.find(None)  # type: ignore[arg-type]
        with pytest.raises(WrongKind, match="revision: expected a Revision"):
            replica.wait_for("x")  # type: ignore[arg-type]
    scripted.scripts.extend([[part(7, entry(0))], [beat(7)]])
    with Replica(reader, districts=["220113"]) as replica:
        replica.wait_until_whole(10)
        assert len(replica.find(CODES[0])) == 1
        with pytest.raises(NotCovered, match="other districts"):
            replica.find(CODES[1])


def test_a_replica_holds_a_portfolio_and_what_is_told_of_it_at_one_revision(scripted: Scripted, reader: Client) -> None:
    scripted.held = set(CODES[:2])
    goes_on = threading.Event()

    def told_later() -> Iterator[Message]:
        yield beat(7)
        goes_on.wait(10)
        yield told(8, entry(1, state="ENDED"))  # it went from the portfolio, and is restricted as before

    scripted.scripts.extend([[part(7, entry(0), entry(1))], told_later(), [part(8, entry(0))], [beat(8)]])
    with Replica(reader, portfolio="customers") as replica:
        replica.wait_until_whole(10)
        assert len(replica.find(CODES[1])) == 1
        scripted.held = {CODES[0]}
        goes_on.set()
        replica.wait_for(Revision(epoch=1, number=8), 10)
        with pytest.raises(NotCovered, match="portfolio customers"):
            replica.find(CODES[1])


def test_a_replica_begins_anew_where_the_service_has_lost_what_it_told(scripted: Scripted, reader: Client) -> None:
    scripted.scripts.extend([[part(9, entry(0))], [AHEAD], [part(4, entry(1))], [beat(4)]])
    with Replica(reader) as replica:
        replica.wait_until_whole(10)
        assert replica.revision == Revision(epoch=1, number=4)
        assert replica.find(CODES[0]) == ()


def test_a_replica_that_hears_nothing_says_nothing(scripted: Scripted, reader: Client) -> None:
    scripted.scripts.append([part(7, entry(0))])
    with Replica(reader) as replica:
        with pytest.raises(NotFresh):
            replica.wait_until_whole(0.1)
        with pytest.raises(NotFresh):
            replica.find(CODES[1])
    scripted.scripts.append(["PORTFOLIO_NOT_FOUND"])
    with Replica(reader) as other, pytest.raises(NotFound):
        other.wait_until_whole(10)
    with pytest.raises(ClientError, match="heartbeat"):
        Replica(reader, heartbeat=10, max_age=5)


def test_a_long_portfolio_is_put_without_taking_out_what_stays(scripted: Scripted, reader: Client) -> None:
    scripted.held = {"A1", "B2"}
    codes = ["a-1", *(f"C{number:06d}" for number in range(100_000)), "bad"]
    result = reader.put_portfolio("customers", codes)
    assert result.portfolio.size == len(scripted.held) == 100_002
    assert "B2" not in scripted.held
    assert [(one.index, one.code, one.violations[0].field) for one in result.failures] == [(100_001, "bad", "code")]
    ways = [request.change for request in scripted.changed]
    assert ways == [wire.PORTFOLIO_CHANGE_ADD] * 2 + [wire.PORTFOLIO_CHANGE_REMOVE]
    assert sum(1 for _ in reader.portfolio_codes("customers")) == 100_002
    reader.put_portfolio("portfolios/customers", ["A1"])
    assert list(reader.portfolio_codes("customers")) == ["A1"]
    assert [one.name for one in reader.portfolios()] == ["customers"]
    assert reader.portfolio("customers").size == 1
    reader.delete_portfolio("customers")


def test_the_command_exports_watches_and_puts(
    scripted: Scripted, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = ["--address", scripted.address]
    scripted.scripts.append([part(7, entry(0), token="t"), part(7, entry(1))])
    assert main(["export", "--area", "loans", "--json", *where]) == 0
    *entries, summary = map(json.loads, capsys.readouterr().out.splitlines())
    assert [one["entry"]["code"] for one in entries] == list(CODES[:2])
    assert entries[0]["entry"]["state"] == "LISTED"
    assert summary == {"revision": {"epoch": 1, "number": 7}, "entries": 2, "law": {}, "whole": True}
    scripted.scripts.append([told(8, entry(0, state="ENDED"), entry(2)), beat(8), EPOCH_CHANGED])
    assert main(["watch", "--after", "1:7", *where]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"ENDED  {CODES[0]}  长春市虚构0号钢铁有限公司  sanctionRecords/0"
    assert "FINANCING_CREDIT: 有约束力 binding, 2026-03-01 to 2029-03-01" in lines[2]
    assert lines[3:] == [
        "-- revision 1:8 of 2026-11-23T12:05:00+08:00",
        "-- revision 1:8: this is all there is",
    ]
    file = tmp_path / "codes.txt"
    file.write_text(f"{CODES[0]},虚构\n,虚构二厂\nbad\n", encoding="gb18030")
    assert main(["portfolio", "put", "customers", str(file), *where]) == 1
    assert capsys.readouterr().out.splitlines()[:2] == [
        "line 2: refused  code: it is empty",
        "line 3: refused  code: too short [GB 32100]",
    ]
    file.write_text("\nbad\n", encoding="utf-8")
    assert main(["portfolio", "put", "customers", str(file), *where]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "line 2: refused  code: 'bad': too short [GB 32100]",
        "no code was good: nothing was put",
    ]
    assert main(["portfolio", "show", "a/b c 中", *where]) == 2
    assert "1 to 64 of a-z, 0-9 and -" in capsys.readouterr().err
    assert main(["portfolio", "show", "customers", *where]) == 0
    assert main(["portfolio", "list", "--json", *where]) == 0
    assert main(["portfolio", "delete", "customers", *where]) == 0
    assert CODES[0] in capsys.readouterr().out
    file.write_text("\n", encoding="utf-8")
    assert main(["portfolio", "put", "customers", str(file), *where]) == 2


def test_a_watch_says_what_keeps_it_and_refuses_to_wait_for_what_never_was(
    scripted: Scripted, reader: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.scripts.extend([[UNAVAILABLE], [UNAVAILABLE], [beat(7), AHEAD]])
    assert main(["watch", "--after", "1:7", "--address", scripted.address]) == 2
    printed = capsys.readouterr()
    assert printed.out == "-- revision 1:7: this is all there is\n"
    trouble, on, refusal = printed.err.splitlines()
    assert trouble == "credit-sanction: UNAVAILABLE: as told; trying again"
    assert on == "credit-sanction: it goes on"
    assert refusal.startswith("credit-sanction: --after: 1:7 lies ahead of the service, which is at 1:4")
    scripted.scripts.append([AHEAD])
    with pytest.raises(Unavailable) as raised:
        next(iter(reader.watch(Revision(epoch=1, number=999))))
    assert raised.value.metadata["head"] == "1:4"


@pytest.mark.parametrize("number", [1 << 63, -1, 10**5000], ids=["large", "negative", "huge"])
def test_a_revision_that_there_cannot_be_is_named(reader: Client, number: int) -> None:
    beyond = Revision(epoch=1, number=number)
    for name, ask in (
        ("after", lambda: reader.watch(beyond)),
        ("at_revision", lambda: reader.check(CODES[0], at_revision=beyond)),
        ("min_revision", lambda: reader.screen([], min_revision=beyond)),
        ("revision", lambda: Replica(reader).wait_for(beyond)),
    ):
        with pytest.raises(WrongValue, match=f"^{name}: there is no such revision"):
            ask()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--after", "1:99999999999999999999"), ("--after", f"{2**31}:1"), ("--after", "1:" + "9" * 5_000)],
)
def test_an_option_beyond_its_range_is_one_sentence(
    capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["watch", option, value])
    assert f"argument {option}: '{value[:40]}' is no revision" in capsys.readouterr().err
    for more in (["watch", "--heartbeat", "1e300"], ["search", "x", "--limit", "51"], ["search", "x", "--limit", "0"]):
        with pytest.raises(SystemExit, match="2"):
            main(more)
        assert f"argument {more[-2]}" in capsys.readouterr().err
