"""What readers who keep a copy are told: the change log page by page, and all records as they were at one revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Final
from uuid import UUID

from credit_sanction_service.domain.facts import RecordFacts, facts_of
from credit_sanction_service.store.codec import read_record
from credit_sanction_service.store.facts import load_facts
from credit_sanction_service.store.transaction import ChangeKind
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction_service.store.connect import Connection, Row

WHOLE: Final = 2**31 - 1  # no revision has that many entries
_KINDS: Final = [ChangeKind.RECORD.value, ChangeKind.EDITION.value, ChangeKind.PORTFOLIO.value]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """How far the change log was read: all before `revision`, and of it the entries up to `ordinal`."""

    revision: Revision
    ordinal: int = WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """A new version of a record, and the one before it, None for the first."""

    now: RecordFacts
    before: RecordFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionChanges:
    """
    What a revision changed that readers hear of, in order. `portfolios`: the ids of those that it changed, with their new
    versions. Not `is_whole`: more of it stands on the next page.
    """

    revision: Revision
    known_at: datetime
    records: tuple[RecordChange, ...]
    portfolios: tuple[tuple[UUID, int], ...]
    law_changed: bool
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesPage:
    """Everything after a place up to and including another. Revisions that readers hear nothing of are not among them."""

    until: Place
    revisions: tuple[RevisionChanges, ...]


def changes_after(connection: Connection, place: Place, until: Revision, *, limit: int) -> ChangesPage:
    """Return the page of at most `limit` changes after `place` and up to the end of `until`, both of one epoch."""
    with connection.transaction():
        # In the order of the log, and not all that is left of it sorted for each page, whatever the planner hopes for.
        connection.execute(f"{_BY_INDEX}; SET LOCAL enable_bitmapscan = off", prepare=False)
        rows = connection.execute(
            _PAGE_OF_CHANGES,
            {
                "epoch": until.epoch,
                "number": place.revision.number,
                "ordinal": place.ordinal,
                "until": until.number,
                "kinds": _KINDS,
                "limit": limit + 1,
            },
        ).fetchall()
    taken, following = rows[:limit], rows[limit:]
    cut = following[0][0] if following else None
    revisions = tuple(
        _revision(Revision(epoch=until.epoch, number=number), list(those), is_whole=number != cut)
        for number, those in groupby(taken, key=lambda row: row[0])
    )
    if not following:
        return ChangesPage(until=Place(revision=until), revisions=revisions)
    last = Revision(epoch=until.epoch, number=taken[-1][0])
    return ChangesPage(
        until=Place(revision=last, ordinal=taken[-1][1] if cut == last.number else WHOLE), revisions=revisions
    )


_BY_INDEX: Final = "SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
_PAGE_OF_CHANGES: Final = """
WITH page AS MATERIALIZED (
    SELECT epoch, revision, ordinal, kind, subject_id, version, body FROM change_log
    WHERE epoch = %(epoch)s AND (revision, ordinal) > (%(number)s::bigint, %(ordinal)s::integer)
        AND revision <= %(until)s AND kind = ANY (%(kinds)s)
    ORDER BY revision, ordinal LIMIT %(limit)s
)
SELECT c.revision, c.ordinal, c.kind, c.subject_id, c.version, v.known_at,
    CASE WHEN c.kind = 'record' THEN c.body::text END, p.body::text
FROM page c JOIN revision v ON v.epoch = c.epoch AND v.number = c.revision
    LEFT JOIN change_log p ON c.kind = 'record' AND p.subject_id = c.subject_id AND p.version = c.version - 1
ORDER BY c.revision, c.ordinal
"""


def _revision(revision: Revision, rows: list[Row], *, is_whole: bool) -> RevisionChanges:
    return RevisionChanges(
        revision=revision,
        known_at=rows[0][5],
        records=tuple(
            RecordChange(now=_read(row[6]), before=_read(row[7]) if row[7] else None)
            for row in rows
            if row[2] == ChangeKind.RECORD
        ),
        portfolios=tuple((row[3], row[4]) for row in rows if row[2] == ChangeKind.PORTFOLIO),
        law_changed=any(row[2] == ChangeKind.EDITION for row in rows),
        is_whole=is_whole,
    )


def _read(body: str) -> RecordFacts:
    return facts_of(read_record(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsPage:
    """Records as they were at a revision, by id, up to and including `last`; None where there are no more."""

    records: Sequence[RecordFacts]
    last: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCodes:
    """Codes of a portfolio: those of one version of it or, with `since`, those that came or went after an older one."""

    portfolio: UUID
    version: int
    since: int | None = None


def records_at(
    connection: Connection, revision: Revision, *, after: UUID | None, limit: int, codes: HeldCodes | None = None
) -> RecordsPage:
    """
    Return the versions as of `revision` of the next `limit` records behind `after`, None: the first ones; with `codes`, of
    those among them that any number ever led to one of these. Those begun later are left out.
    """
    ids = connection.execute(
        "SELECT id, count(*) OVER () FROM (SELECT id FROM sanction_record"
        " WHERE %(after)s::uuid IS NULL OR id > %(after)s ORDER BY id LIMIT %(limit)s) AS block ORDER BY id DESC LIMIT 1",
        {"after": after, "limit": limit},
    ).fetchone()
    if ids is None:
        return RecordsPage(records=(), last=None)
    last: UUID = ids[0]
    led_to = "" if codes is None else _HELD if codes.since is None else _MOVED
    rows = connection.execute(
        f"{_AS_OF} WHERE (%(after)s::uuid IS NULL OR r.id > %(after)s) AND r.id <= %(last)s {led_to} ORDER BY r.id",
        {
            "after": after,
            "last": last,
            "epoch": revision.epoch,
            "number": revision.number,
            "portfolio": codes and codes.portfolio,
            "version": codes and codes.version,
            "since": codes and codes.since,
        },
    ).fetchall()
    return RecordsPage(records=_as_of(rows), last=last if ids[1] == limit else None)


def records_led_to(connection: Connection, revision: Revision, keys: Iterable[int]) -> list[RecordFacts]:
    """Return the versions as of `revision` of the records that have, or ever had, one of these keys (`store.ever`)."""
    with connection.transaction():
        connection.execute(_BY_INDEX, prepare=False)  # each key is looked up, and then each record
        ids = [row[0] for row in connection.execute(_IDS_LED_TO, {"keys": list(keys)}).fetchall()]
        rows = connection.execute(
            f"{_AS_OF} WHERE r.id = ANY (%(ids)s) ORDER BY r.id",
            {"epoch": revision.epoch, "number": revision.number, "ids": ids},
        ).fetchall()
    return _as_of(rows)


_IDS_LED_TO: Final = """
SELECT DISTINCT s.id FROM unnest(%(keys)s::integer[]) AS given (key) JOIN sanction_record s ON s.ever @> ARRAY[given.key]
"""
# The current version's facts stand beside it; those of an older one are in its body. Ids and log are never deleted from.
_AS_OF: Final = """
SELECT CASE WHEN past.version = r.version THEN r.facts END, CASE WHEN past.version <> r.version THEN past.body::text END
FROM sanction_record r CROSS JOIN LATERAL (
    SELECT c.version, c.body FROM change_log c
    WHERE c.subject_id = r.id AND (c.epoch, c.revision) <= (%(epoch)s::integer, %(number)s::bigint)
    ORDER BY c.version DESC LIMIT 1
) AS past
"""
# OFFSET 0 keeps the planner from going through all codes of the portfolio for each record, by the versions they are of.
_LED_TO: Final = """
AND (EXISTS (SELECT FROM (SELECT added, removed FROM portfolio_code
        WHERE portfolio_id = %(portfolio)s AND code_key = ANY (r.ever) OFFSET 0) AS p WHERE {condition})
    OR EXISTS (SELECT FROM (SELECT added, removed FROM portfolio_code
        WHERE portfolio_id = %(portfolio)s AND organisation_key = ANY (r.ever) OFFSET 0) AS p WHERE {condition}))
"""
_HELD: Final = _LED_TO.format(condition="p.added <= %(version)s AND (p.removed IS NULL OR p.removed > %(version)s)")
_MOVED: Final = _LED_TO.format(
    condition="(p.added > %(since)s AND p.added <= %(version)s OR p.removed > %(since)s AND p.removed <= %(version)s)"
)


def _as_of(rows: Sequence[Row]) -> list[RecordFacts]:
    return [load_facts(facts) if facts is not None else _read(body) for facts, body in rows]
