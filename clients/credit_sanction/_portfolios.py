"""Portfolios 关注名单: codes that a caller wants to hear of, under a name of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from credit_sanction._arguments import text
from credit_sanction._calls import chunks
from credit_sanction._codes import normalise
from credit_sanction._errors import ClientError, NotFound, Violation, WrongValue
from credit_sanction._privacy import shown_code
from credit_sanction._reading import failure_of
from credit_sanction._watch_values import Portfolio, PortfolioResult, portfolio_of
from credit_sanction._words import number
from credit_sanction.v1 import watch_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from credit_sanction._answers import ItemFailure
    from credit_sanction._calls import Caller

PORTFOLIO_CODES_MAX: Final = 100_000
"""Codes in one request; longer lists are cut."""
_NAME: Final = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)


class Portfolios:
    """The part of the client for portfolios."""

    _caller: Caller

    def put_portfolio(self, name: str, codes: Iterable[str], *, change: str = "REPLACE") -> PortfolioResult:
        """
        Put the codes that one wants to hear of under a name of one's own 关注名单: in place of all that it held, or with `change`
        ADD or REMOVE. Any number: beyond 100,000 it takes several requests, in which nothing that stays is taken out for a moment.
        """
        given = [codes] if isinstance(codes, str) else list(codes)
        way = number(wire.PortfolioChange, "PORTFOLIO_CHANGE_", change)
        whole = portfolio_name(name)
        if way != wire.PORTFOLIO_CHANGE_REPLACE or len(_runs(given)) == 1:
            return self._put(whole, given, way)
        wanted = {normalise(code) for code in given}
        left_over = [code for code in self._held(whole) if code not in wanted]
        result = self._put(whole, given, wire.PORTFOLIO_CHANGE_ADD)
        if not left_over:
            return result
        return replace(result, portfolio=self._put(whole, left_over, wire.PORTFOLIO_CHANGE_REMOVE).portfolio)

    def portfolio(self, name: str) -> Portfolio:
        """Tell of one portfolio."""
        request = wire.GetPortfolioRequest(name=portfolio_name(name), page_size=1)
        return portfolio_of(self._caller.call(self._caller.watch.GetPortfolio, request).portfolio)

    def portfolio_codes(self, name: str) -> Iterator[str]:
        """Read the codes that a portfolio holds, in order."""
        request = wire.GetPortfolioRequest(name=portfolio_name(name), page_size=PORTFOLIO_CODES_MAX)
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
        request = wire.DeletePortfolioRequest(name=portfolio_name(name))
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


def portfolio_name(name: str) -> str:
    """Return a portfolio's whole name. Raises WrongValue, which says what a name may be."""
    own = text("portfolio", name).strip().removeprefix("portfolios/")
    if not _NAME.fullmatch(own):
        raise WrongValue(
            f"portfolio: {shown_code(name)!r} is no name of one: NAME or portfolios/NAME, with a NAME of 1 to 64 of a-z, 0-9 and -"
        )
    return f"portfolios/{own}"
