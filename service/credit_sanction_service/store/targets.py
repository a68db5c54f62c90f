"""The targets as the store knows them, and how a changed targets file moves their rows."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.faults import StateConflict
from credit_sanction_service.store.attempts import close_retired
from credit_sanction_service.store.codec import dump_filter, load_filter, load_record
from credit_sanction_service.store.commit import DRAW, RULES_LOCK, memberships_of, move_deliveries
from credit_sanction_service.store.values import Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from credit_sanction_service.store.commit import Membership
    from credit_sanction_service.store.connect import Connection

_AT_ONCE: Final = 1_000  # records of a transaction: whoever writes waits for it
_LEAST_FAR: Final = """
SELECT name, moving, moved_to FROM target WHERE moving IS NOT NULL AND moved_to IS NOT DISTINCT FROM (
    SELECT moved_to FROM target WHERE moving IS NOT NULL ORDER BY moved_to NULLS FIRST LIMIT 1
)
"""
_NEXT_RECORDS: Final = """
SELECT id, body FROM sanction_record
WHERE id > coalesce(%(after)s::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT %(most)s
"""


class _Moving(IntEnum):
    """Which rows a changed target has moved, each of them more than the one before."""

    ENTERING_AND_LEAVING = 1
    STAYING_TOO = 2
    ALL = 3


def load_targets(connection: Connection) -> list[Target]:
    """Return all targets by name, retired ones included."""
    rows = connection.execute(
        "SELECT name, kind, holds, filter, digest, retired, paused_reason, tells_endings FROM target ORDER BY name"
    ).fetchall()
    return [
        Target(
            name=row[0],
            kind=row[1],
            holds=row[2],
            filter=load_filter(row[3]),
            digest=row[4],
            retired=row[5],
            paused_reason=row[6],
            tells_endings=row[7],
        )
        for row in rows
    ]


def install_targets(
    connection: Connection, wanted: Sequence[Target], *, day: date, at_once: int = _AT_ONCE
) -> list[str]:
    """
    Make the store's targets those of the file, and return the names whose rows were recomputed.

    The targets change in one transaction; their rows after it, `at_once` records at a time, between which others write. What
    was broken off there goes on with the next call, of whatever process. Raises `StateConflict`, with what to write into the
    file, where a target that left the file still shows listings.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (RULES_LOCK,))
        known = {target.name: target for target in load_targets(connection)}
        _drop_missing(connection, known, {target.name for target in wanted})
        changed = [target for target in wanted if _differs(known.get(target.name), target)]
        for target in changed:
            _refuse_other_subjects(known.get(target.name), target)
        for target in changed:
            _store(connection, target)
            _begin_moving(connection, known.get(target.name), target)
        if changed:
            connection.execute("UPDATE store_head SET targets_version = targets_version + 1")
    moved: set[str] = set()
    while names := _move_slice(connection, day=day, at_once=at_once):
        moved |= names
    return [target.name for target in wanted if target.name in moved]


def _begin_moving(connection: Connection, old: Target | None, new: Target) -> None:
    if new.retired == "abandon":
        connection.execute("UPDATE target SET moving = NULL, moved_to = NULL WHERE name = %s", (new.name,))
    elif _moves(old, new):
        # Only what enters or leaves moves: a record that stays as it was is not pushed again. But what an abandoned target
        # has missed nobody knows, and other areas are something else to be told of every record.
        which = _Moving.ENTERING_AND_LEAVING
        if old is not None and old.filter.areas != new.filter.areas:
            which = _Moving.STAYING_TOO
        if old is not None and old.retired == "abandon":
            which = _Moving.ALL
        connection.execute(
            "UPDATE target SET moving = greatest(moving, %s), moved_to = NULL WHERE name = %s", (which.value, new.name)
        )


def _move_slice(connection: Connection, *, day: date, at_once: int) -> set[str]:
    """
    Move the rows of the next records for the targets that have come least far; return their names, none once all is done.

    By the targets as the store has them now: another process may have changed them since the slice before.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (RULES_LOCK,))
        rows = connection.execute(_LEAST_FAR).fetchall()
        if not rows:
            return set()
        moving, after = {row[0]: _Moving(row[1]) for row in rows}, rows[0][2]
        bodies = connection.execute(_NEXT_RECORDS, {"after": after, "most": at_once}).fetchall()
        targets = [target for target in load_targets(connection) if target.name in moving]
        members = [m for row in bodies for m in memberships_of(load_record(row[1]), targets, day)]
        shown = {
            (row[0], row[1])
            for row in connection.execute(
                "SELECT target, record_id FROM in_force_at WHERE target = ANY (%s) AND record_id = ANY (%s)",
                (list(moving), [row[0] for row in bodies]),
            )
        }
        members = [m for m in members if _is_moved(m, moving[m.target.name], shown)]
        if members:
            connection.execute(DRAW)
            move_deliveries(connection, members)
        last = bodies[-1][0] if len(bodies) == at_once else None
        connection.execute(
            "UPDATE target SET moved_to = %(last)s, moving = CASE WHEN %(last)s::uuid IS NOT NULL THEN moving END"
            " WHERE name = ANY (%(names)s)",
            {"last": last, "names": list(moving)},
        )
        return set(moving)


def _is_moved(member: Membership, which: _Moving, shown: set[tuple[str, UUID]]) -> bool:
    changes = member.present != ((member.target.name, member.record_id) in shown)
    return changes or which is _Moving.ALL or (which is _Moving.STAYING_TOO and member.present)


def _differs(old: Target | None, new: Target) -> bool:
    return old is None or (old.digest, old.retired, old.tells_endings) != (new.digest, new.retired, new.tells_endings)


def _moves(old: Target | None, new: Target) -> bool:
    return old is None or (old.kind, old.holds, old.filter, old.retired) != (
        new.kind,
        new.holds,
        new.filter,
        new.retired,
    )


def _drop_missing(connection: Connection, known: dict[str, Target], wanted: set[str]) -> None:
    for name in sorted(set(known) - wanted):
        row = connection.execute(
            "SELECT count(*) FROM delivery WHERE target = %s AND (confirmed_present OR unknown_number IS NOT NULL"
            " OR lease_until > now() OR claimed_number IS NOT NULL AND"
            " (confirmed_epoch, confirmed_number) IS DISTINCT FROM (desired_epoch, desired_number))",
            (name,),
        ).fetchone()
        if row and row[0] and known[name].retired != "abandon":
            raise StateConflict(
                f"the target {name!r} is no longer in the targets file but still shows {row[0]} listings, or may: put it back"
                ' with retired = "withdraw" until they are withdrawn and none is in doubt, or "abandon" to leave them as they are'
            )
        close_retired(connection, name)
        connection.execute("DELETE FROM target WHERE name = %s", (name,))
        connection.execute("UPDATE store_head SET targets_version = targets_version + 1")


def _refuse_other_subjects(old: Target | None, new: Target) -> None:
    """Refuse a change of what a target keeps its entries by: the old ones could no longer be withdrawn."""
    if old is not None and (old.kind, old.holds) != (new.kind, new.holds):
        raise StateConflict(
            f"the target {new.name!r} was a {old.kind} holding each {old.holds} and is now a {new.kind} holding each"
            f' {new.holds}: give it a new name and keep the old one with retired = "withdraw"'
        )


def _store(connection: Connection, target: Target) -> None:
    connection.execute(
        "INSERT INTO target (name, kind, holds, filter, digest, retired, tells_endings)"
        " VALUES (%s, %s, %s, %s::jsonb, %s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, holds = EXCLUDED.holds, filter = EXCLUDED.filter,"
        " digest = EXCLUDED.digest, retired = EXCLUDED.retired, tells_endings = EXCLUDED.tells_endings",
        (
            target.name,
            target.kind,
            target.holds,
            dump_filter(target.filter),
            target.digest,
            target.retired,
            target.tells_endings,
        ),
    )
