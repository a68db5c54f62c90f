"""Portfolios: codes that a caller wants to hear of, its own alone."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final
from uuid import UUID

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.faults import Invalid, Violation
from credit_sanction_service.domain.identifiers import Judgement, describe, judge
from credit_sanction_service.restrictions.forms import accepted_code
from credit_sanction_service.store import portfolios as store
from credit_sanction_service.store.outcomes import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from credit_sanction_service.domain.identifiers import Code
    from credit_sanction_service.store.connect import Reader
    from credit_sanction_service.store.portfolios import Portfolio, PortfolioChange

_NAME: Final = re.compile(r"portfolios/([a-z0-9-]{1,64})", re.ASCII)
_BREATH: Final = 1_000
_FAULTS_TOLD: Final = 20
_RULE: Final = "接口约定 credit_sanction.v1"


class Portfolios:
    """The use cases. Each portfolio is its owner's alone: to everybody else it does not exist."""

    def __init__(self, reader: Reader, *, clock: Callable[[], datetime]) -> None:
        self._reader = reader
        self._clock = clock

    def put(
        self, owner: str, name: str, codes: Sequence[str], change: PortfolioChange
    ) -> tuple[Portfolio, list[tuple[int, Refused]]]:
        """
        Change what a portfolio holds; return it, and by their places the codes that no enterprise can have, which were left
        out. Raises `Invalid`.
        """
        identifier = own_name(name)
        taken: list[Code] = []
        refused: list[tuple[int, Refused]] = []
        for number, typed in enumerate(codes):
            if number % _BREATH == 0:
                time.sleep(0)  # look-ups beside it take a turn
            code = accepted_code(typed) or judge(typed)
            if code.judgement is Judgement.REFUSED:
                refused.append((number, _refusal(number, typed, code)))
            else:
                taken.append(code)
        if codes and not taken:  # a list of rubbish shall empty nothing
            raise Invalid([violation for _, fault in refused[:_FAULTS_TOLD] for violation in fault.violations])
        with self._reader.connection() as connection:
            portfolio = store.put_codes(
                connection,
                owner,
                identifier,
                taken,
                change=change,
                fresh_id=UUID(new_id()),
                day=day_of(self._clock()),
            )
        return portfolio, refused

    def get(self, owner: str, name: str, *, field: str = "name") -> Portfolio:
        """Return a portfolio. Raises `NotFound`, `Invalid` for what is no name, by its `field`."""
        identifier = own_name(name, field=field)
        with self._reader.connection() as connection:
            return store.get_portfolio(connection, owner, identifier)

    def codes(self, portfolio: Portfolio, *, after: str, limit: int) -> list[str]:
        """Return the next codes that it holds, in order."""
        with self._reader.connection() as connection:
            return store.list_codes(connection, portfolio.id, after=after, limit=limit)

    def list(self, owner: str) -> list[Portfolio]:
        """Return the owner's portfolios, by name."""
        with self._reader.connection() as connection:
            return store.list_portfolios(connection, owner)

    def delete(self, owner: str, name: str) -> None:
        """Delete a portfolio. Raises `NotFound`."""
        identifier = own_name(name)
        with self._reader.connection() as connection:
            store.delete_portfolio(connection, owner, identifier, day=day_of(self._clock()))


def own_name(name: str, *, field: str = "name") -> str:
    """Return the id of `portfolios/{id}`. Raises `Invalid` for another form."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise _invalid(field, "it is not of the form portfolios/{id}, with an id of 1 to 64 of a-z, 0-9 and -")
    return match[1]


def _invalid(field: str, description: str) -> Invalid:
    return Invalid([Violation(field=field, description=description, rule=_RULE)])


def _refusal(number: int, typed: str, code: Code) -> Refused:
    violation = Violation(field=f"codes[{number}]", description=describe(typed, code), rule=code.rule)
    return Refused(
        fault="IdentifierRefused",
        message=f"{violation.field}: {violation.description}",
        violations=(violation,),
        likely_codes=code.likely,
    )
