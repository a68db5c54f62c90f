"""Watch and export 订阅与导出: for readers who keep a copy of the restrictions; and the portfolios that they hear of."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from credit_sanction._answers import Revision
from credit_sanction._areas import split
from credit_sanction._arguments import named, seconds
from credit_sanction._calls import chunks
from credit_sanction._errors import ClientError, NotFound, Violation
from credit_sanction._reading import failure_of
from credit_sanction._streams import Following
from credit_sanction._watch_values import Portfolio, PortfolioResult, changes_of, entry_of, portfolio_of
from credit_sanction._words import number, word
from credit_sanction.v1 import law_service_pb2, revision_pb2
from credit_sanction.v1 import watch_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from credit_sanction._answers import ItemFailure
    from credit_sanction._calls import Caller
    from credit_sanction._watch_values import Changes, Entry
    from credit_sanction._words import RevisionLike

PORTFOLIO_CODES_MAX: Final = 100_000
"""Codes in one request; longer lists are cut."""
HEARTBEAT: Final = 10.0
_EXPORT_SILENCE: Final = (
    120.0  # a narrow scope may have the service look through very many records before it says a word
)
_GRACE: Final = 5.0  # seconds, for a heartbeat that is late


class Export:
    """
    What is, or may come to be, in force within a scope, at one revision 导出: iterate over its entries, once. It goes on by itself
    where the connection breaks off. Only one that was read to its end is whole; what is absent there has ended.
    """

    def __init__(self, caller: Caller, scope: wire.RestrictionScope, patience: float | None) -> None:
        self._request = wire.ExportRestrictionsRequest(scope=scope)
        self._following = Following(
            caller,
            caller.watch.ExportRestrictions,
            lambda: self._request,
            silence=_EXPORT_SILENCE,
            patience=patience,
        )
        self._revision: Revision | None = None
        self.law: Mapping[str, str] = {}
        """The name of the edition of each rule table that the entries were made with. Empty before the first entry."""

    @property
    def revision(self) -> Revision:
        """The revision that all of it is of: watch after it. Raises ClientError before the first entry was read."""
        if self._revision is None:
            raise ClientError("the revision is known once the export is being read: iterate over it first")
        return self._revision

    def __iter__(self) -> Iterator[Entry]:
        """Read the entries, ordered by record. Raises Conflict where the epoch has changed: begin anew."""
        for message in self.messages():
            for entry in message.entries:
                yield entry_of(entry)

    def messages(self) -> Iterator[wire.ExportRestrictionsResponse]:
        """Read it as the contract's messages."""
        for message in self._following.messages(lambda answer: answer.last):
            self._revision = Revision(epoch=message.revision.epoch, number=message.revision.number)
            self.law = {
                word(law_service_pb2.EditionKind, "EDITION_KIND_", item.kind): item.edition for item in message.law
            }
            self._request.resume_token = message.resume_token
            yield message

    def close(self) -> None:
        """End it, from any thread. Safe to repeat."""
        self._following.close()


class Watch:
    """
    Every change within a scope, by whole revisions in commit order 订阅: iterate over it. It connects anew by itself and goes on
    behind `revision`, which it has told everything up to; it ends once it is closed.
    """

    def __init__(self, caller: Caller, request: wire.WatchRestrictionsRequest, patience: float | None) -> None:
        self._request = request
        self._parts: list[wire.WatchRestrictionsResponse] = []
        self._following = Following(
            caller,
            caller.watch.WatchRestrictions,
            self._begin,
            silence=2 * request.heartbeat.ToMilliseconds() / 1000 + _GRACE,
            patience=patience,
        )

    @property
    def revision(self) -> Revision | None:
        """Up to which revision everything was told; None where that began from now on and nothing was heard yet."""
        after = self._request.after
        return Revision(epoch=after.epoch, number=after.number) if self._request.HasField("after") else None

    def __iter__(self) -> Iterator[Changes]:
        """Hear on. Raises Conflict where the store was restored, NotFound once the portfolio is deleted."""
        for parts in self.messages():
            yield changes_of(parts)

    def messages(self) -> Iterator[Sequence[wire.WatchRestrictionsResponse]]:
        """Hear of it as the contract's messages, all of one revision at once."""
        for message in self._following.messages(lambda _: False):
            self._parts.append(message)
            if not message.more:
                parts, self._parts = self._parts, []
                self._request.after.CopyFrom(message.revision)
                yield parts

    def close(self) -> None:
        """End it, from any thread. Safe to repeat."""
        self._following.close()

    def _begin(self) -> wire.WatchRestrictionsRequest:
        self._parts.clear()  # of a revision that broke off in its midst: it is told again from its beginning
        return self._request


class Watching:
    """The part of the client for readers who keep a copy. `Replica` does all of it by itself."""

    _caller: Caller

    def watch(
        self,
        after: RevisionLike | None = None,
        *,
        areas: Iterable[str] = (),
        districts: Iterable[str] = (),
        portfolio: str | None = None,
        heartbeat: float = HEARTBEAT,
        patience: float | None = None,
    ) -> Watch:
        """
        Hear of every change within the scope 订阅; see `Watch`. Heartbeats come every so many seconds: nothing else had happened then,
        up to 5 seconds before.

        `after` is the revision of an export, or of the last changes; left out: from now on. No `areas` means all that the caller
        may ask about. `portfolio` is one of the caller's own. `patience`: after so many seconds without a word the error is
        raised; left out: never.
        """
        request = wire.WatchRestrictionsRequest(scope=_scope(areas, districts, portfolio))
        request.heartbeat.FromNanoseconds(int(seconds("heartbeat", heartbeat) * 1e9))
        if after is not None:
            request.after.CopyFrom(revision_pb2.Revision(epoch=after.epoch, number=after.number))
        return Watch(self._caller, request, patience)

    def export(
        self,
        *,
        areas: Iterable[str] = (),
        districts: Iterable[str] = (),
        portfolio: str | None = None,
        patience: float | None = 300.0,
    ) -> Export:
        """Read all that is, or may come to be, in force within the scope 导出, at one revision; see `watch`."""
        return Export(self._caller, _scope(areas, districts, portfolio), patience)

    def put_portfolio(self, name: str, codes: Iterable[str], *, change: str = "REPLACE") -> PortfolioResult:
        """
        Put the codes that one wants to hear of under a name of one's own 关注名单: in place of all that it held, or with `change`
        ADD or REMOVE. Any number: beyond 100,000 it takes several requests, in which nothing that stays is taken out for a moment.
        """
        given = [codes] if isinstance(codes, str) else list(codes)
        way = number(wire.PortfolioChange, "PORTFOLIO_CHANGE_", change)
        whole = named("portfolio", "portfolios", name)
        if way != wire.PORTFOLIO_CHANGE_REPLACE or len(_runs(given)) == 1:
            return self._put(whole, given, way)
        wanted = {normalised(code) for code in given}
        left_over = [code for code in self._held(whole) if code not in wanted]
        result = self._put(whole, given, wire.PORTFOLIO_CHANGE_ADD)
        if not left_over:
            return result
        return replace(result, portfolio=self._put(whole, left_over, wire.PORTFOLIO_CHANGE_REMOVE).portfolio)

    def portfolio(self, name: str) -> Portfolio:
        """Tell of one portfolio."""
        request = wire.GetPortfolioRequest(name=named("portfolio", "portfolios", name), page_size=1)
        return portfolio_of(self._caller.call(self._caller.watch.GetPortfolio, request).portfolio)

    def portfolio_codes(self, name: str) -> Iterator[str]:
        """Read the codes that a portfolio holds, in order."""
        request = wire.GetPortfolioRequest(name=named("portfolio", "portfolios", name), page_size=PORTFOLIO_CODES_MAX)
        while True:
            page = self._caller.call(self._caller.watch.GetPortfolio, request)
            yield from page.codes
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def portfolios(self) -> Sequence[Portfolio]:
        """List one's portfolios, by name."""
        answer = self._caller.call(self._caller.watch.ListPortfolios, wire.ListPortfoliosRequest())
        return [portfolio_of(one) for one in answer.portfolios]

    def delete_portfolio(self, name: str) -> None:
        """Remove a portfolio; whoever watches it hears that it is gone."""
        request = wire.DeletePortfolioRequest(name=named("portfolio", "portfolios", name))
        self._caller.call(self._caller.watch.DeletePortfolio, request, repeatable=False)

    def _put(self, name: str, codes: Sequence[str], way: wire.PortfolioChange.ValueType) -> PortfolioResult:
        failures: list[ItemFailure] = []
        portfolio = None
        for run in _runs(codes):
            request = wire.PutPortfolioRequest(name=name, codes=[codes[index] for index in run], change=way)
            answer = self._caller.call(self._caller.watch.PutPortfolio, request)
            portfolio = portfolio_of(answer.portfolio)
            for fault in answer.faults:
                failure = failure_of(run.start + fault.index, codes[run.start + fault.index], fault.error)
                failures.append(replace(failure, violations=tuple(map(_of_the_code, failure.violations))))
        if portfolio is None:
            raise ClientError("nothing was put")
        return PortfolioResult(portfolio=portfolio, failures=tuple(failures))

    def _held(self, name: str) -> list[str]:
        try:
            return list(self.portfolio_codes(name))
        except NotFound:
            return []


def _runs(codes: Sequence[str]) -> list[range]:
    """Cut codes into requests; one, and be it empty."""
    return chunks([len(code.encode(errors="replace")) + 3 for code in codes], most=PORTFOLIO_CODES_MAX) or [range(0)]


def _of_the_code(violation: Violation) -> Violation:
    return replace(violation, field="code")


def normalised(typed: str) -> str:
    """Return a code as the service keeps it: what it drops is never a digit or a Latin letter."""
    folded = unicodedata.normalize("NFKC", typed).upper()
    return "".join(character for character in folded if character.isascii() and character.isalnum())


def _scope(areas: Iterable[str], districts: Iterable[str], portfolio: str | None) -> wire.RestrictionScope:
    single, groups = split(areas)
    return wire.RestrictionScope(
        areas=single,
        groups=groups,
        districts=[districts] if isinstance(districts, str) else list(districts),
        portfolio="" if portfolio is None else named("portfolio", "portfolios", portfolio),
    )
