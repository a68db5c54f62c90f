"""Portfolios: what callers want to hear of. Each change is a revision, so that readers are told what it means in its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from credit_sanction_service.domain.faults import Invalid, NotFound, Violation
from credit_sanction_service.store.commit import write_changes
from credit_sanction_service.store.ever import ever_keys
from credit_sanction_service.store.transaction import Change, ChangeKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from credit_sanction_service.domain.identifiers import Code
    from credit_sanction_service.store.connect import Connection, Row
    from credit_sanction_service.store.values import Revision

MOST_CODES: Final = 2_000_000
MOST_PORTFOLIOS: Final = 200
MOST_KEYS: Final = 10_000
_SLICE: Final = 500


class PortfolioChange(StrEnum):
    """How codes are put."""

    REPLACE = "REPLACE"
    ADD = "ADD"
    REMOVE = "REMOVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """A caller's portfolio as it is. `version` counts its changes, each of which is a revision of the store."""

    id: UUID
    name: str
    version: int
    size: int
    updated_at: datetime

    @property
    def resource(self) -> str:
        """The resource name."""
        return f"portfolios/{self.name}"


def put_codes(
    connection: Connection,
    owner: str,
    name: str,
    codes: Sequence[Code],
    *,
    change: PortfolioChange,
    fresh_id: UUID,
    day: date,
) -> Portfolio:
    """
    Change what a portfolio of `owner` holds, in one transaction and one revision, and return it; what changes nothing is no
    revision. Raises `Invalid` where it, or the number of the owner's portfolios, would grow too large.
    """
    with connection.transaction():
        held = _lock(connection, owner, name, fresh_id)
        version = held.version + 1
        moved, size = _move(connection, held, codes, change=change, version=version)
        if not moved and not held.is_new:
            return _get(connection, owner, name)
        if size > MOST_CODES:
            raise _too_many("codes", f"portfolios/{name} would hold {size} codes; {MOST_CODES} is the most")
        connection.execute(
            "UPDATE portfolio SET version = %s, size = %s, deleted = false, updated_at = clock_timestamp() WHERE id = %s",
            (version, size, held.id),
        )
        _note(connection, held.id, version, owner=owner, name=name, action=change.value, day=day)
        return _get(connection, owner, name)


def delete_portfolio(connection: Connection, owner: str, name: str, *, day: date) -> None:
    """Delete a portfolio, in one revision. Its codes are kept as removed. Raises `NotFound`."""
    with connection.transaction():
        row = connection.execute(
            "UPDATE portfolio SET version = version + 1, size = 0, deleted = true, updated_at = clock_timestamp()"
            " WHERE principal = %s AND name = %s AND NOT deleted RETURNING id, version",
            (owner, name),
        ).fetchone()
        if row is None:
            raise NotFound("portfolio", f"portfolios/{name}")
        connection.execute(
            "UPDATE portfolio_code SET removed = %s WHERE portfolio_id = %s AND removed IS NULL", (row[1], row[0])
        )
        _note(connection, row[0], row[1], owner=owner, name=name, action="DELETE", day=day)


def get_portfolio(connection: Connection, owner: str, name: str) -> Portfolio:
    """Return a portfolio of `owner`. Raises `NotFound`."""
    return _get(connection, owner, name)


def list_portfolios(connection: Connection, owner: str) -> list[Portfolio]:
    """Return the portfolios of `owner`, by name."""
    rows = connection.execute(
        f'{_COLUMNS} WHERE principal = %s AND NOT deleted ORDER BY name COLLATE "C"', (owner,)
    ).fetchall()
    return [_portfolio(row) for row in rows]


def list_codes(connection: Connection, portfolio_id: UUID, *, after: str, limit: int) -> list[str]:
    """Return the next codes that a portfolio holds, in order."""
    rows = connection.execute(
        "SELECT code FROM portfolio_code WHERE portfolio_id = %s AND removed IS NULL AND code > %s ORDER BY code LIMIT %s",
        (portfolio_id, after, limit),
    ).fetchall()
    return [row[0] for row in rows]


def require_there(connection: Connection, portfolio_id: UUID) -> None:
    """Raise `NotFound` where it was deleted."""
    row = connection.execute("SELECT name FROM portfolio WHERE id = %s AND deleted", (portfolio_id,)).fetchone()
    if row is not None:
        raise NotFound("portfolio", f"portfolios/{row[0]}")


def version_at(connection: Connection, portfolio_id: UUID, revision: Revision) -> int:
    """Return the version that a portfolio had at a revision, 0 where there was none yet."""
    row = connection.execute(
        "SELECT max(version) FROM change_log WHERE subject_id = %s AND (epoch, revision) <= (%s::integer, %s::bigint)",
        (portfolio_id, revision.epoch, revision.number),
    ).fetchone()
    return row[0] or 0 if row else 0


def codes_among(
    connection: Connection, portfolio_id: UUID, version: int, numbers: Collection[str]
) -> list[tuple[str, str]]:
    """
    Return the codes that a portfolio held in this version of it that lead to one of `numbers`, by themselves or by the
    organisation code inside, each with that.
    """
    rows = connection.execute(
        """
        SELECT DISTINCT code, organisation FROM (
            SELECT code, organisation, added, removed FROM portfolio_code
            WHERE portfolio_id = %(id)s AND code = ANY (%(numbers)s)
            UNION ALL
            SELECT code, organisation, added, removed FROM portfolio_code
            WHERE portfolio_id = %(id)s AND organisation <> '' AND organisation = ANY (%(numbers)s)
            OFFSET 0  -- by the numbers, and not through all codes of these versions
        ) AS led WHERE added <= %(version)s AND (removed IS NULL OR removed > %(version)s) ORDER BY code
        """,
        {"id": portfolio_id, "version": version, "numbers": sorted(numbers)},
    ).fetchall()
    return [(row[0], row[1]) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCodes:
    """Codes of a portfolio: those of one version of it or, with `since`, those that came or went after an older one."""

    portfolio: UUID
    version: int
    since: int | None = None


def keys_changed(connection: Connection, codes: HeldCodes) -> list[list[int]] | None:
    """Return, in slices, the keys of codes that came or went (`store.ever`); None where there are very many."""
    rows = connection.execute(
        """
        SELECT code_key, organisation_key FROM portfolio_code
        WHERE portfolio_id = %(portfolio)s AND added > %(since)s AND added <= %(version)s
        UNION
        SELECT code_key, organisation_key FROM portfolio_code
        WHERE portfolio_id = %(portfolio)s AND removed > %(since)s AND removed <= %(version)s
        LIMIT %(limit)s
        """,
        {**_given(codes), "limit": MOST_KEYS + 1},
    ).fetchall()
    if len(rows) > MOST_KEYS:
        return None
    return [_keys(rows[start : start + _SLICE]) for start in range(0, len(rows), _SLICE)]


def next_keys(connection: Connection, codes: HeldCodes, *, after: str) -> tuple[list[int], str]:
    """Return the keys of the next codes behind `after`, and the last of these codes, empty where there are no more."""
    rows = connection.execute(
        _NEXT_KEYS.format(condition=_condition(codes)), {**_given(codes), "after": after, "limit": _SLICE}
    ).fetchall()
    return _keys(rows), rows[-1][2] if len(rows) == _SLICE else ""


def leading_ids(
    connection: Connection, codes: HeldCodes, *, after: UUID | None, limit: int
) -> tuple[list[UUID], UUID | None]:
    """
    Return which of the next `limit` records behind `after` any of their own numbers ever led to from one of these codes; and up
    to which record that is, None where there are no more.
    """
    rows = connection.execute(
        _LEADING.format(condition=_condition(codes)), {**_given(codes), "after": after, "limit": limit}
    ).fetchall()
    return [row[0] for row in rows if row[1]], rows[-1][0] if len(rows) == limit else None


def are_fewer_than_records(connection: Connection, codes: HeldCodes) -> bool:
    """
    Whether there are fewer of these codes than records. To look for a code among the records takes about as long (20 µs) as to
    look for a record among the codes.
    """
    row = connection.execute(_ARE_FEWER.format(condition=_condition(codes)), _given(codes)).fetchone()
    return bool(row and row[0])


def _given(codes: HeldCodes) -> dict[str, object]:
    return {"portfolio": codes.portfolio, "version": codes.version, "since": codes.since}


def _condition(codes: HeldCodes) -> str:
    return _IS_HELD if codes.since is None else _HAS_MOVED


def _keys(rows: Sequence[Row]) -> list[int]:
    return [key for row in rows for key in row[:2] if key is not None]


_IS_HELD: Final = "p.added <= %(version)s AND (p.removed IS NULL OR p.removed > %(version)s)"
_HAS_MOVED: Final = (
    "(p.added > %(since)s AND p.added <= %(version)s OR p.removed > %(since)s AND p.removed <= %(version)s)"
)
_NEXT_KEYS: Final = """
SELECT DISTINCT ON (code) code_key, organisation_key, code FROM portfolio_code AS p
WHERE portfolio_id = %(portfolio)s AND code > %(after)s AND {condition} ORDER BY code LIMIT %(limit)s
"""
# OFFSET 0 keeps the planner from going through all codes of the portfolio for each record, by the versions they are of.
_LEADING: Final = """
SELECT r.id,
    EXISTS (SELECT FROM (SELECT added, removed FROM portfolio_code
        WHERE portfolio_id = %(portfolio)s AND code_key = ANY (r.ever) OFFSET 0) AS p WHERE {condition})
    OR EXISTS (SELECT FROM (SELECT added, removed FROM portfolio_code
        WHERE portfolio_id = %(portfolio)s AND organisation_key = ANY (r.ever) OFFSET 0) AS p WHERE {condition})
FROM (
    SELECT id, ever FROM sanction_record WHERE %(after)s::uuid IS NULL OR id > %(after)s ORDER BY id LIMIT %(limit)s
) AS r ORDER BY r.id
"""
_ARE_FEWER: Final = """
WITH held AS MATERIALIZED (
    SELECT count(*) AS size FROM portfolio_code AS p WHERE portfolio_id = %(portfolio)s AND {condition}
)
SELECT size <= (SELECT count(*) FROM (SELECT FROM sanction_record LIMIT (SELECT size FROM held)) AS bounded) FROM held
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    id: UUID
    version: int
    size: int
    is_new: bool


_COLUMNS: Final = "SELECT id, name, version, size, updated_at FROM portfolio"


def _get(connection: Connection, owner: str, name: str) -> Portfolio:
    row = connection.execute(f"{_COLUMNS} WHERE principal = %s AND name = %s AND NOT deleted", (owner, name)).fetchone()
    if row is None:
        raise NotFound("portfolio", f"portfolios/{name}")
    return _portfolio(row)


def _portfolio(row: Row) -> Portfolio:
    return Portfolio(id=row[0], name=row[1], version=row[2], size=row[3], updated_at=row[4])


def _lock(connection: Connection, owner: str, name: str, fresh_id: UUID) -> _Held:
    connection.execute(
        "INSERT INTO portfolio (id, principal, name, version, size, deleted, updated_at)"
        " VALUES (%s, %s, %s, 0, 0, true, clock_timestamp()) ON CONFLICT (principal, name) DO NOTHING",
        (fresh_id, owner, name),
    )
    row = connection.execute(
        "SELECT id, version, size, deleted, (SELECT count(*) FROM portfolio o WHERE o.principal = p.principal AND NOT o.deleted)"
        " FROM portfolio p WHERE principal = %s AND name = %s FOR UPDATE",
        (owner, name),
    ).fetchone()
    if row is None:
        raise RuntimeError("a portfolio that was just written is not there")
    if row[3] and row[4] >= MOST_PORTFOLIOS:
        raise _too_many("name", f"{owner} has {row[4]} portfolios, which is the most: delete one first")
    return _Held(id=row[0], version=row[1], size=row[2], is_new=row[3])


def _move(
    connection: Connection, held: _Held, codes: Sequence[Code], *, change: PortfolioChange, version: int
) -> tuple[int, int]:
    """Note what comes and goes as of `version`; return how many codes that moved, and how many are held then."""
    given = {
        "id": held.id,
        "version": version,
        "codes": [code.value for code in codes],
        "organisations": [code.organisation_code for code in codes],
        "keys": [ever_keys([code.value], ())[0] for code in codes],
        "organisation_keys": [_key(code.organisation_code) for code in codes],
    }
    added = removed = 0
    if change is PortfolioChange.REPLACE:
        removed = connection.execute(_KEEP_ONLY, given).rowcount
    if change is PortfolioChange.REMOVE:
        removed = connection.execute(_TAKE_OUT, given).rowcount
    else:
        added = connection.execute(_ADD, given).rowcount
    return added + removed, held.size + added - removed


def _too_many(field: str, description: str) -> Invalid:
    return Invalid([Violation(field=field, description=description, rule="接口约定 credit_sanction.v1")])


def _key(organisation: str) -> int | None:
    return ever_keys([organisation], ())[0] if organisation else None


_ADD: Final = """
INSERT INTO portfolio_code (portfolio_id, code, organisation, code_key, organisation_key, added)
SELECT DISTINCT ON (code) %(id)s, code, organisation, code_key, organisation_key, %(version)s
FROM unnest(%(codes)s::text[], %(organisations)s::text[], %(keys)s::integer[], %(organisation_keys)s::integer[])
    AS given (code, organisation, code_key, organisation_key)
ON CONFLICT (portfolio_id, code) WHERE removed IS NULL DO NOTHING
"""
_KEEP_ONLY: Final = """
UPDATE portfolio_code SET removed = %(version)s WHERE portfolio_id = %(id)s AND removed IS NULL
    AND NOT EXISTS (SELECT FROM unnest(%(codes)s::text[]) AS given (code) WHERE given.code = portfolio_code.code)
"""
_TAKE_OUT: Final = """
UPDATE portfolio_code SET removed = %(version)s WHERE portfolio_id = %(id)s AND removed IS NULL AND code = ANY (%(codes)s::text[])
"""


def _note(
    connection: Connection, portfolio_id: UUID, version: int, *, owner: str, name: str, action: str, day: date
) -> None:
    """Draw the revision: the transaction's last act but the commit."""
    change = Change(
        kind=ChangeKind.PORTFOLIO,
        subject=portfolio_id,
        version=version,
        enterprise_code="",
        action=action,
        principal=owner,
        body=json.dumps({"name": name}),
    )
    write_changes(connection, [change], targets=(), day=day)
