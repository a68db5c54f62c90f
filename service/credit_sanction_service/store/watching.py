"""What readers who keep a copy are told of: the change log, page by page."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Final
from uuid import UUID

from credit_sanction_service.domain.facts import RecordFacts
from credit_sanction_service.store.as_of import WHOLE, Place, numbers_of_all, others_of, read_body, with_numbers
from credit_sanction_service.store.transaction import ChangeKind
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credit_sanction_service.store.connect import Connection, Row

_KINDS: Final = [ChangeKind.RECORD.value, ChangeKind.EDITION.value, ChangeKind.PORTFOLIO.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """
    A record before and after: a new version of it, or of another record of its enterprise that brought numbers or took them with
    it. `numbers` are those of the enterprise (`store.as_of`). `before` is None for a new record.
    """

    now: RecordFacts
    before: RecordFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionChanges:
    """
    What a revision changed that readers hear of, each record once. `portfolios`: the ids of those that it changed, with their
    new versions. Not `is_whole`: more of it stands on the next page.
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
    versions = [_version(row) for row in taken]
    enterprises = _Enterprises(connection, place, [version for version in versions if version])
    revisions = []
    for number, those in groupby(zip(taken, versions, strict=True), key=lambda pair: pair[0][0]):
        part = list(those)
        revisions.append(
            RevisionChanges(
                revision=Revision(epoch=until.epoch, number=number),
                known_at=part[0][0][5],
                records=tuple(enterprises.take([version for _, version in part if version])),
                portfolios=tuple((row[3], row[4]) for row, _ in part if row[2] == ChangeKind.PORTFOLIO),
                law_changed=any(row[2] == ChangeKind.EDITION for row, _ in part),
                is_whole=number != cut,
            )
        )
    if not following:
        return ChangesPage(until=Place(revision=until), revisions=tuple(revisions))
    last = Revision(epoch=until.epoch, number=taken[-1][0])
    return ChangesPage(
        until=Place(revision=last, ordinal=taken[-1][1] if cut == last.number else WHOLE), revisions=tuple(revisions)
    )


class _Enterprises:
    """The enterprises that a page's versions are of, with all their records: as they were at its beginning, then as it goes on."""

    def __init__(self, connection: Connection, place: Place, versions: list[RecordChange]) -> None:
        self._records: dict[str, dict[str, RecordFacts]] = defaultdict(dict)
        seen: set[str] = set()
        codes: set[str] = set()
        for version in versions:
            codes.add(version.now.code)
            if version.before is not None:
                codes.add(version.before.code)
                if version.now.id not in seen:
                    self._records[version.before.code][version.before.id] = version.before
            seen.add(version.now.id)
        # What no version of the page is of stays as it was all the way.
        for other in others_of(connection, place, codes, but=[UUID(record_id) for record_id in seen]):
            self._records[other.code][other.id] = other

    def take(self, versions: list[RecordChange]) -> Iterator[RecordChange]:
        """Yield what these versions, one after the other, come to: for their records, then for others of their enterprises."""
        first: dict[str, RecordFacts | None] = {}
        last: dict[str, RecordFacts] = {}
        for version in versions:
            first.setdefault(version.now.id, version.before)
            last[version.now.id] = version.now
        codes = dict.fromkeys(one.code for one in (*first.values(), *last.values()) if one is not None)
        were = self._numbers(codes)
        for record_id, before in first.items():
            if before is not None:
                del self._records[before.code][record_id]
        for record in last.values():
            self._records[record.code][record.id] = record
        numbers = self._numbers(codes)
        for record_id, now in last.items():
            before = first[record_id]
            yield RecordChange(
                now=with_numbers(now, numbers[now.code]),
                before=with_numbers(before, were[before.code]) if before is not None else None,
            )
        for code in codes:
            if numbers[code] != were[code]:
                for record in self._records[code].values():
                    if record.id not in last:
                        yield RecordChange(
                            now=with_numbers(record, numbers[code]), before=with_numbers(record, were[code])
                        )

    def _numbers(self, codes: Iterable[str]) -> dict[str, tuple[str, ...]]:
        return {code: numbers_of_all(self._records[code].values()) for code in codes}


def _version(row: Row) -> RecordChange | None:
    """Return a version and the one before it, each with its own numbers; None for what is no record's."""
    if row[2] != ChangeKind.RECORD:
        return None
    return RecordChange(now=read_body(row[6]), before=read_body(row[7]) if row[7] else None)


def districts_held(connection: Connection, codes: Iterable[str]) -> frozenset[str]:
    """Return those of these districts that some record has."""
    rows = connection.execute(
        "SELECT DISTINCT district_code FROM sanction_record WHERE district_code = ANY (%s)", (sorted(codes),)
    ).fetchall()
    return frozenset(row[0] for row in rows)


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
