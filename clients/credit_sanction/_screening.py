"""Screening: lists of any length, in a stream."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

import grpc

from credit_sanction._answers import Answer
from credit_sanction._areas import split
from credit_sanction._batches import Batches, Terms, demand_complete, pair_of, read_short, size_of
from credit_sanction._calls import MESSAGE_MAX
from credit_sanction._errors import ClientError, Facts, ServiceError, Unavailable
from credit_sanction._status import error_of
from credit_sanction._words import number
from credit_sanction.v1.restriction_service_pb2 import LandPurpose, ScreenRestrictionsRequest, ScreenTerms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from credit_sanction._batches import Item, LandPurposeLike, Result
    from credit_sanction._calls import Call, Caller
    from credit_sanction._consistency import Staleness
    from credit_sanction._words import RevisionLike
    from credit_sanction.v1.restriction_service_pb2 import ScreenRestrictionsResponse

_SCREENED_MAX: Final = 5_000  # in one message: few enough that hardly ever a detail is left off
_IN_FLIGHT: Final = 2  # messages that wait for their answers: the next is on its way while one is worked on


class Screens(Batches):
    """The part of the client that screens lists."""

    def screen(  # noqa: PLR0913 - as above
        self,
        items: Iterable[Item],
        *,
        areas: Iterable[str] = (),
        max_staleness: Staleness = None,
        min_revision: RevisionLike | None = None,
        as_of_date: date | str | None = None,
        at_revision: RevisionLike | None = None,
        as_known_at: datetime | None = None,
        land_purpose: LandPurposeLike = "UNSPECIFIED",
        include_ended: bool = False,
    ) -> Iterator[Result]:
        """
        Screen a list of any length 名单筛查: results come one after the other, in the order of `items`, which is read no further
        ahead than need be. Everything else as in `check_many`.

        Each answer names its revision; none knows less than one before it. A connection that breaks is made again, for as long
        as the client's `timeout`, and what was not answered is asked again. An item that cannot be sent raises ClientError
        when its turn comes.
        """
        terms = Terms(
            areas=[areas] if isinstance(areas, str) else list(areas),
            purpose=number(LandPurpose, "LAND_PURPOSE_", land_purpose),
            include_ended=include_ended,
            max_staleness=max_staleness,
            as_of_date=as_of_date,
            at_revision=at_revision,
            as_known_at=as_known_at,
        )
        terms.consistency(min_revision)  # what is wrong with it is said now, not when the first answer is read
        split(terms.areas)
        return self._screen(iter(items), terms, min_revision)

    def _screen(self, items: Iterator[Item], terms: Terms, revision: RevisionLike | None) -> Iterator[Result]:
        source, waiting = _messages(items), deque[_Message]()
        attempt, asked_at, stream = 0, 0.0, _Stream(self._caller, terms)
        try:
            while True:
                while len(waiting) < _IN_FLIGHT and (message := next(source, None)):
                    waiting.append(message)
                if not waiting:
                    return
                if not attempt:
                    asked_at = (
                        time.monotonic()
                    )  # the list, and what is done with the results, may take as long as they like
                try:
                    response = stream.ask(waiting, revision)
                except ServiceError as error:
                    attempt += 1
                    pause = self._caller.retry.wait(attempt, error)
                    if pause is None or time.monotonic() + pause > asked_at + self._caller.timeout:
                        raise
                    stream.close()
                    time.sleep(pause)
                else:
                    attempt, revision = 0, response.basis.revision
                    yield from self._complete(waiting.popleft(), response, terms, revision)
        finally:
            stream.close()

    def _complete(
        self, message: _Message, response: ScreenRestrictionsResponse, terms: Terms, revision: RevisionLike
    ) -> Iterator[Result]:
        """Yield the results of one message, having asked once more for details that did not fit."""
        run = range(message.start, message.start + len(message.codes))
        results = list(read_short(run, message.codes, response, terms))
        omitted = [place for place, one in enumerate(results) if isinstance(one, Answer) and one.details_omitted]
        if omitted:
            pairs = [(message.codes[place], message.names[place] if message.names else "") for place in omitted]
            again = self.check_many(
                pairs,
                areas=terms.areas,
                max_staleness=terms.max_staleness,
                min_revision=None if terms.is_past else revision,
                as_of_date=terms.as_of_date,
                at_revision=terms.at_revision,
                as_known_at=terms.as_known_at,
                land_purpose=terms.purpose,
                include_ended=terms.include_ended,
            )
            for place, whole in zip(omitted, again, strict=True):
                results[place] = whole
        yield from results


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """One message's worth of items. `start`: how many came before."""

    start: int
    codes: list[str]
    names: list[str]


class _Stream:
    """A stream of the service's, opened when it is needed. What is sent is answered in the same order."""

    def __init__(self, caller: Caller, terms: Terms) -> None:
        self._caller = caller
        self._terms = terms
        self._sent = -1
        self._queue: SimpleQueue[ScreenRestrictionsRequest | None] = SimpleQueue()
        self._call: Call[ScreenRestrictionsResponse] | None = None
        self._answers: Iterator[ScreenRestrictionsResponse] = iter(())

    def ask(self, messages: Iterable[_Message], revision: RevisionLike | None) -> ScreenRestrictionsResponse:
        """
        Send of these what was not sent yet, and return the answer to the first. Raises ServiceError, Unavailable after the client's
        `timeout` too, and ClientError once the client is closed.
        """
        first, *others = messages
        call = self._call
        if call is None:
            call = self._open()
            self._send(first, terms=self._wire(revision))
        for message in (first, *others):
            if message.start > self._sent:
                self._send(message)
        response = self._receive(call)
        demand_complete(first.start, response.sequence)
        demand_complete(len(first.codes), len(response.verdicts))
        return response

    def close(self) -> None:
        """End it; the next question opens another. Safe to repeat."""
        self._queue.put(None)
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _open(self) -> Call[ScreenRestrictionsResponse]:
        self._queue, self._sent = SimpleQueue(), -1
        requests = iter(self._queue.get, None)
        try:
            call = self._caller.opened(self._caller.restrictions.ScreenRestrictions, requests)
        except ValueError as failed:  # grpc's word for a closed channel
            raise ClientError("this client is closed") from failed
        self._call, self._answers = call, iter(call)
        return call

    def _send(self, message: _Message, terms: ScreenTerms | None = None) -> None:
        self._sent = message.start
        self._queue.put(
            ScreenRestrictionsRequest(terms=terms, sequence=message.start, codes=message.codes, names=message.names)
        )

    def _receive(self, call: Call[ScreenRestrictionsResponse]) -> ScreenRestrictionsResponse:
        bites = threading.Event()

        def bite() -> None:
            bites.set()
            call.cancel()

        watch = threading.Timer(self._caller.timeout, bite)
        watch.daemon = True
        watch.start()
        try:
            return next(self._answers)
        except StopIteration:
            raise _lost("the stream ended before its end") from None
        except grpc.RpcError as failed:
            if bites.is_set():
                raise _lost(f"no word for {self._caller.timeout:g} s") from failed
            self._caller.require_open(failed)
            raise error_of(failed) from failed
        finally:
            watch.cancel()

    def _wire(self, revision: RevisionLike | None) -> ScreenTerms:
        single, groups = split(self._terms.areas)
        return ScreenTerms(
            areas=single,
            groups=groups,
            consistency=self._terms.consistency(revision),
            land_purpose=self._terms.purpose,
            include_ended=self._terms.include_ended,
        )


def _lost(message: str) -> Unavailable:
    return Unavailable(Facts(message=message, code="UNAVAILABLE", metadata={}))


def _messages(items: Iterator[Item]) -> Iterator[_Message]:
    """Cut items into messages as they come."""
    start, size = 0, 0
    codes: list[str] = []
    names: list[str] = []
    for item in items:
        code, name = pair_of(item)
        more = size_of(code, name)
        if codes and (len(codes) >= _SCREENED_MAX or size + more > MESSAGE_MAX):
            yield _Message(start=start, codes=codes, names=names if any(names) else [])
            start, size, codes, names = start + len(codes), 0, [], []
        codes.append(code)
        names.append(name)
        size += more
    if codes:
        yield _Message(start=start, codes=codes, names=names if any(names) else [])
