"""The targets as the store knows them, and how a changed targets file moves their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction_service.domain.faults import StateConflict
from credit_sanction_service.store.codec import dump_filter, load_filter, load_record
from credit_sanction_service.store.commit import DRAW, RULES_LOCK, memberships_of, move_deliveries
from credit_sanction_service.store.values import Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from credit_sanction_service.store.connect import Connection


def load_targets(connection: Connection) -> list[Target]:
    """Return all targets by name, retired ones included."""
    rows = connection.execute(
        "SELECT name, kind, holds, filter, digest, retired, paused_reason FROM target ORDER BY name"
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
        )
        for row in rows
    ]


def install_targets(connection: Connection, wanted: Sequence[Target], *, day: date) -> list[str]:
    """
    Make the store's targets those of the file, in one transaction, and return the names whose rows were recomputed.

    Raises `StateConflict`, with what to write into the file, where a target that left the file still shows listings.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (RULES_LOCK,))
        known = {target.name: target for target in load_targets(connection)}
        _drop_missing(connection, known, {target.name for target in wanted})
        changed = [target for target in wanted if _differs(known.get(target.name), target)]
        for target in changed:
            _refuse_other_subjects(known.get(target.name), target)
        if not changed:
            return []
        for target in changed:
            _store(connection, target)
        connection.execute("UPDATE store_head SET targets_version = targets_version + 1")
        moving = [t for t in changed if t.retired != "abandon" and _moves(known.get(t.name), t)]
        if moving:
            records = [
                load_record(row[0]) for row in connection.execute("SELECT body FROM sanction_record ORDER BY id")
            ]
            members = [member for record in records for member in memberships_of(record, moving, day)]
            shown = {
                (row[0], row[1])
                for row in connection.execute(
                    "SELECT target, record_id FROM in_force_at WHERE target = ANY (%s)", ([t.name for t in moving],)
                )
            }
            # Only what enters or leaves moves: a record that stays as it was is not pushed again. But what an abandoned
            # target has missed nobody knows, and other areas are something else to be told of every record.
            revived = {name for name, target in known.items() if target.retired == "abandon"}
            retold = {t.name for t in moving if t.name in known and known[t.name].filter.areas != t.filter.areas}
            members = [
                m
                for m in members
                if m.target.name in revived
                or (m.target.name in retold and m.present)
                or m.present != ((m.target.name, m.record_id) in shown)
            ]
            if members:
                connection.execute(DRAW)
                move_deliveries(connection, members)
        return [target.name for target in moving]


def _differs(old: Target | None, new: Target) -> bool:
    return old is None or (old.digest, old.retired) != (new.digest, new.retired)


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
            "SELECT count(*) FROM delivery WHERE target = %s AND (confirmed_present OR claimed_number IS NOT NULL AND"
            " (confirmed_epoch, confirmed_number) IS DISTINCT FROM (desired_epoch, desired_number))",
            (name,),
        ).fetchone()
        if row and row[0] and known[name].retired != "abandon":
            raise StateConflict(
                f"the target {name!r} is no longer in the targets file but still shows {row[0]} listings: put it back with"
                ' retired = "withdraw" to have them withdrawn, or "abandon" to leave them as they are'
            )
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
        "INSERT INTO target (name, kind, holds, filter, digest, retired) VALUES (%s, %s, %s, %s::jsonb, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, holds = EXCLUDED.holds, filter = EXCLUDED.filter,"
        " digest = EXCLUDED.digest, retired = EXCLUDED.retired, paused_reason = NULL, paused_until = NULL",
        (target.name, target.kind, target.holds, dump_filter(target.filter), target.digest, target.retired),
    )
