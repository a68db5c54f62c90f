"""The guard with its pools, log and metrics, around methods that do as the test says, on a real socket."""

from __future__ import annotations

import json
import queue
import threading
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.services import wait_until
from typing_extensions import override

from credit_sanction.v1.restriction_service_pb2 import CheckRestrictionsRequest as Question
from credit_sanction.v1.restriction_service_pb2 import CheckRestrictionsResponse as Reply
from credit_sanction_service.api.access_log import AccessLog
from credit_sanction_service.api.api_metrics import ApiMetrics, CallCounts, Gauge
from credit_sanction_service.api.at_once import AtOnce, is_possible
from credit_sanction_service.api.callers import Callers
from credit_sanction_service.api.guard import Guard, admission, caller
from credit_sanction_service.api.pools import ElasticPool, take_time, waiting
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.faults import CallerUnknown, NotFound, Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from credit_sanction_service.api.access_log import Entry

SERVICE = "a.Service"
BANK = Principal(name="虚构银行“甲”", roles=frozenset({Role.BANK}))
AS_THE_BANK = (("authorization", "bank"),)
REPLY = Reply().SerializeToString()
PATIENCE_S = 20


class Known(Callers):
    """Knows by a name in place of a token."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: datetime.now(UTC))
        self.names = {"bank": BANK, "nobody": Principal(name="无职", roles=frozenset())}

    @override
    def identify(self, metadata: Iterable[tuple[str, str | bytes]]) -> Principal:
        with suppress(KeyError):
            return self.names[str(dict(metadata)["authorization"])]
        raise CallerUnknown("the token is not known, or was withdrawn")


class Desk:
    """
    A server with one method of each kind, each doing what the test puts there; two hot threads, two streams at once. The
    unary one is answered `at_once`, or by a hot thread.
    """

    def __init__(self, stack: ExitStack, *, at_once: bool) -> None:
        self.callers = Known()
        self.entries: list[Entry] = []
        self.check: Callable[[], Any] = Reply
        self.watch: Callable[[], Iterator[Any]] = lambda: iter([Reply(), REPLY])
        self.access_log = AccessLog(self.entries.extend)
        self.hot = ElasticPool(2, most_waiting=2, name="hot")
        self.streams = ElasticPool(1, most_waiting=2, name="stream")
        server = grpc.server(self.hot, options=[("grpc.so_reuseport", 0)])
        kinds: dict[str, Any] = {
            "CheckRestrictions": grpc.unary_unary_rpc_method_handler(lambda *_: self.check(), Question.FromString),
            "WatchRestrictions": grpc.unary_stream_rpc_method_handler(lambda *_: self.watch(), Question.FromString),
            "ScreenRestrictions": grpc.stream_stream_rpc_method_handler(
                lambda requests, _: (Reply() for _ in requests), Question.FromString
            ),
        }
        pools = {"CheckRestrictions": AtOnce(self.hot)} if at_once else {}
        guard = Guard(server, admission(self.callers), self.access_log, pools=pools, streams=self.streams)
        guard.add_registered_method_handlers(SERVICE, kinds)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        stack.callback(self.hot.shutdown)
        stack.callback(self.streams.shutdown)
        stack.callback(lambda: server.stop(0).wait())
        self.channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))

    def method(self, kind: str, name: str) -> Any:  # noqa: ANN401 - grpc's callables have no common type
        """Return a method as a client has it."""
        return getattr(self.channel, kind)(f"/{SERVICE}/{name}", Question.SerializeToString, Reply.FromString)

    def ask(self, who: str = "bank", timeout: float = PATIENCE_S) -> Reply:
        """Call the unary method."""
        call = self.method("unary_unary", "CheckRestrictions")
        reply: Reply = call(Question(), metadata=(("authorization", who),), timeout=timeout)
        return reply

    def open(self, requests: Iterator[Question] | None = None) -> Any:  # noqa: ANN401 - as above
        """Open one of the streams."""
        if requests is None:
            stream = self.method("unary_stream", "WatchRestrictions")
            return stream(Question(), metadata=AS_THE_BANK, timeout=PATIENCE_S)
        return self.method("stream_stream", "ScreenRestrictions")(requests, metadata=AS_THE_BANK, timeout=PATIENCE_S)

    def outcomes(self, count: int) -> list[str]:
        """Wait for that many log entries; return their outcomes."""

        def logged() -> bool:
            self.access_log.drain()
            return len(self.entries) >= count

        with wait_until(logged):
            return [outcome for _, _, _, outcome, _ in self.entries]


@pytest.fixture(params=[False, True], ids=["by a thread", "at once"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(stack, at_once=request.param)


@contextmanager
def refused(code: grpc.StatusCode) -> Iterator[None]:
    with pytest.raises(grpc.RpcError) as refusal:
        yield
    assert refusal.value.code() is code


def test_a_call_needs_a_known_caller_with_a_role_that_grants_it(desk: Desk) -> None:
    desk.check = lambda: Reply() if caller() is BANK else None
    assert desk.ask() == Reply()
    with refused(grpc.StatusCode.UNAUTHENTICATED):
        desk.ask("stranger")
    with refused(grpc.StatusCode.PERMISSION_DENIED):
        desk.ask("nobody")
    assert desk.outcomes(3) == ["OK", "CallerUnknown", "NotPermitted"]


def test_a_call_whose_deadline_has_passed_is_not_worked_on() -> None:
    admit = admission(Known())
    assert admit(AS_THE_BANK, "CheckRestrictions", 0.1) is BANK
    assert admit(AS_THE_BANK, "CheckRestrictions", None) is BANK
    with pytest.raises(Overloaded, match="deadline"):
        admit(AS_THE_BANK, "CheckRestrictions", 0)


def test_bytes_are_passed_as_they_are_and_messages_serialised(desk: Desk) -> None:
    desk.check = lambda: REPLY
    assert desk.ask() == Reply()
    assert list(desk.open()) == [Reply(), Reply()]
    assert list(desk.open(iter([Question(), Question()]))) == [Reply(), Reply()]
    assert desk.outcomes(3) == ["OK"] * 3


def test_what_nobody_foresaw_is_logged_as_broken_and_told_as_internal(desk: Desk) -> None:
    desk.check = lambda: 1 // 0
    desk.watch = lambda: iter([Reply(), 1 // 0])
    with refused(grpc.StatusCode.INTERNAL):
        desk.ask()
    with refused(grpc.StatusCode.INTERNAL):
        list(desk.open())
    assert desk.outcomes(2) == ["Broken", "Broken"]


def test_what_a_stream_raises_has_its_status(desk: Desk) -> None:
    def broken() -> Iterator[Reply]:
        yield Reply()
        raise NotFound("portfolio", "portfolios/a")

    desk.watch = broken
    with refused(grpc.StatusCode.NOT_FOUND):
        list(desk.open())
    assert desk.outcomes(1) == ["NotFound"]


def test_a_withdrawn_token_ends_its_streams(desk: Desk) -> None:
    asked = queue.Queue[Question | None]()
    stream = desk.open(iter(asked.get, None))
    asked.put(Question())
    assert next(stream) == Reply()
    del desk.callers.names["bank"]
    asked.put(Question())
    with refused(grpc.StatusCode.UNAUTHENTICATED):
        next(stream)
    asked.put(None)


def test_one_stream_too_many_is_refused_at_once_and_a_caller_that_leaves_makes_room(desk: Desk) -> None:
    closed, more = list[None](), threading.Semaphore(0)

    def endless() -> Iterator[Reply]:
        try:
            while True:
                yield Reply()
                more.acquire(timeout=PATIENCE_S)
        finally:
            closed.append(None)

    desk.watch = endless
    first, second = desk.open(), desk.open()
    assert next(first) == next(second) == Reply()
    with refused(grpc.StatusCode.RESOURCE_EXHAUSTED):
        next(desk.open())
    assert desk.ask() == Reply()
    first.cancel()
    second.cancel()

    def both_have_ended() -> bool:
        more.release()  # with a message more the server sees that its reader has gone
        return len(closed) == 2

    with wait_until(both_have_ended):
        desk.watch = lambda: iter([Reply()])
    assert sorted(desk.outcomes(4)) == ["Cancelled", "Cancelled", "OK", "Overloaded"]
    with wait_until(lambda: desk.streams.waiting == 0):
        assert list(desk.open()) == [Reply()]


def waiting_calls(desk: Desk) -> tuple[threading.Event, threading.Semaphore]:
    """Have calls wait for an event, and say of each that it does."""
    come, entered = threading.Event(), threading.Semaphore(0)

    def wait() -> Reply:
        with waiting():
            entered.release()
            come.wait(PATIENCE_S)
        return Reply()

    desk.check = wait
    return come, entered


def test_calls_that_wait_hold_up_nobody_and_one_too_many_is_refused(desk: Desk) -> None:
    come, entered = waiting_calls(desk)
    call = desk.method("unary_unary", "CheckRestrictions")
    calls = [call.future(Question(), metadata=AS_THE_BANK, timeout=PATIENCE_S) for _ in range(2)]
    for _ in calls:
        assert entered.acquire(timeout=PATIENCE_S)
    assert desk.hot.waiting == 2
    with refused(grpc.StatusCode.RESOURCE_EXHAUSTED):
        desk.ask()
    desk.check = Reply
    assert desk.ask() == Reply()
    come.set()
    assert [call.result() for call in calls] == [Reply(), Reply()]
    with wait_until(lambda: desk.hot.waiting == 0):
        assert desk.ask() == Reply()


def test_questions_that_never_come_in_whole_hold_up_nobody(desk: Desk) -> None:
    given_up = threading.Event()
    half = desk.method("stream_unary", "CheckRestrictions")  # sends the call's head, and then nothing
    calls = [
        half.future(iter(lambda: given_up.wait(PATIENCE_S) and None, None), metadata=AS_THE_BANK) for _ in range(2)
    ]
    assert desk.ask() == Reply()
    for call in calls:
        call.cancel()
    given_up.set()


def test_a_call_that_is_none_is_refused_and_the_next_is_answered(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    raw: Any = desk.channel.unary_unary(f"/{SERVICE}/CheckRestrictions")
    with refused(grpc.StatusCode.INTERNAL):
        raw(b"\xff", metadata=AS_THE_BANK, timeout=PATIENCE_S)
    with refused(grpc.StatusCode.UNIMPLEMENTED):
        desk.method("stream_unary", "CheckRestrictions")(iter(()), metadata=AS_THE_BANK, timeout=PATIENCE_S)
    assert desk.ask() == Reply()
    assert "deserializ" in caplog.text.lower()


def test_callers_that_leave_leave_nothing_behind(desk: Desk) -> None:
    come, entered = waiting_calls(desk)
    left = desk.method("unary_unary", "CheckRestrictions").future(Question(), metadata=AS_THE_BANK, timeout=PATIENCE_S)
    assert entered.acquire(timeout=PATIENCE_S)
    left.cancel()
    come.set()
    with wait_until(lambda: desk.hot.waiting == 0):
        desk.check = Reply
    assert desk.ask() == Reply()


def test_a_call_that_takes_its_time_holds_up_nobody_on_grpcios_own_thread(desk: Desk) -> None:
    ran_on: list[str] = []

    def check() -> Reply:
        take_time()
        ran_on.append(threading.current_thread().name)
        return Reply()

    desk.check = check
    assert desk.ask() == Reply()
    assert [name.partition("-")[0] for name in ran_on] == ["hot"]


def test_look_ups_are_answered_at_once_by_the_grpcio_that_is_locked() -> None:
    assert is_possible()


def test_the_log_has_a_line_for_each_call_with_neither_question_nor_answer(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.ask()
    desk.outcomes(1)
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert line.pop("timestamp").endswith("Z")
    assert 0 <= line.pop("ms") < 1_000 * PATIENCE_S
    assert line == {
        "method": "CheckRestrictions",
        "principal": BANK.name,
        "outcome": "OK",
        "event": "call.answered",
        "level": "info",
    }


def test_a_log_that_cannot_keep_up_counts_what_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    access_log = AccessLog(most_kept=2)
    for _ in range(5):
        access_log.note("CheckRestrictions", "bank", "OK", 0.001)
    access_log.close()
    out = capsys.readouterr()
    assert out.err.count("call.answered") == 2
    assert "calls.left_out" in out.out + out.err


def test_the_metrics_count_every_call_up_to_the_scrape() -> None:
    counts = CallCounts()
    access_log = AccessLog(counts.take)
    gauges = [
        Gauge(name="streams", meaning="Streams that run", read=lambda: 3),
        Gauge(name="index_age_seconds", meaning="Not known yet", read=lambda: None),
    ]
    for elapsed in (0.00004, 0.0003, 70.0):
        access_log.note("CheckRestrictions", "bank", "OK", elapsed)
    access_log.note("CheckRestrictions", "", "CallerUnknown", 0.0003)
    with (
        ApiMetrics(counts, gauges, drain=access_log.drain).served("127.0.0.1", 0) as port,
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer,
    ):
        lines = set(answer.read().decode().splitlines())
    api = "credit_sanction_api"
    assert {
        f'{api}_calls_total{{method="CheckRestrictions",outcome="OK"}} 3.0',
        f'{api}_calls_total{{method="CheckRestrictions",outcome="CallerUnknown"}} 1.0',
        f'{api}_call_seconds_bucket{{le="5e-05",method="CheckRestrictions"}} 1.0',
        f'{api}_call_seconds_bucket{{le="0.0005",method="CheckRestrictions"}} 3.0',
        f'{api}_call_seconds_bucket{{le="60.0",method="CheckRestrictions"}} 3.0',
        f'{api}_call_seconds_bucket{{le="+Inf",method="CheckRestrictions"}} 4.0',
        f'{api}_call_seconds_count{{method="CheckRestrictions"}} 4.0',
        f"{api}_streams 3.0",
    } <= lines
    assert not [line for line in lines if "index_age" in line or "_created" in line]
