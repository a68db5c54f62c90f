"""
A transaction's last act: draw the revision, write the change log, and say what every target should have now.

Everything here runs while `store_head`'s row is held, so it is sent as one pipeline, the COMMIT with it: other processes do not
wait for this one to be woken up and to get on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from credit_sanction_service.domain.effect import belonging, has_effect
from credit_sanction_service.store.transaction import as_uuid
from credit_sanction_service.store.values import Revision, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from psycopg import Cursor

    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.connect import Connection, Row
    from credit_sanction_service.store.transaction import Change

# Held shared by every transaction of a writer, and alone by who changes what writers go by: targets, and law.
RULES_LOCK: Final = 0x43_53_53_02

DRAW = """
WITH drawn AS (
    UPDATE store_head SET number = number + 1, known_at = greatest(clock_timestamp(), known_at)
    RETURNING epoch, number, known_at
) INSERT INTO revision (epoch, number, known_at) SELECT * FROM drawn RETURNING epoch, number, known_at
"""
_NOTE_CHANGES = """
INSERT INTO change_log (epoch, revision, ordinal, kind, subject_id, version, enterprise_code, action, principal, body)
SELECT head.epoch, head.number, given.ordinal, given.kind, given.id, given.version, given.code, given.action,
    given.principal, given.body::jsonb
FROM store_head head, unnest(%(kinds)b::text[], %(ids)b::uuid[], %(versions)b::bigint[], %(codes)b::text[],
    %(actions)b::text[], %(principals)b::text[], %(bodies)b::text[])
    WITH ORDINALITY AS given (kind, id, version, code, action, principal, body, ordinal)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Whether a target should show a record from now on; `ending` is what the record has come to, where it does not."""

    target: Target
    record_id: UUID
    code: str
    present: bool
    ending: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A revision, and the instant since when it is known."""

    revision: Revision
    known_at: datetime


def commit_changes(
    connection: Connection, changes: Sequence[Change], *, targets: Sequence[Target], day: date
) -> Drawn | None:
    """
    Draw a revision for the changes, write all that follows from them, and commit the open transaction. None where there are
    no changes. Only those of records move what targets should have.
    """
    if not changes:
        connection.execute("COMMIT")
        return None
    memberships = _latest_memberships(changes, targets, day)
    with connection.pipeline():
        drawn = _write(connection, changes, memberships)
        connection.execute("COMMIT")
    return _drawn(drawn)


def write_changes(connection: Connection, changes: Sequence[Change], *, targets: Sequence[Target], day: date) -> Drawn:
    """Do the same for a transaction that goes on. Raises ValueError where there are no changes."""
    if not changes:
        raise ValueError("a revision without a change")
    memberships = _latest_memberships(changes, targets, day)
    with connection.pipeline():
        drawn = _write(connection, changes, memberships)
    return _drawn(drawn)


def _latest_memberships(changes: Sequence[Change], targets: Sequence[Target], day: date) -> list[Membership]:
    latest = {change.record.id: change.record for change in changes if change.record is not None}
    return [member for record in latest.values() for member in memberships_of(record, targets, day)]


def _write(connection: Connection, changes: Sequence[Change], memberships: Sequence[Membership]) -> Cursor[Row]:
    drawn = connection.execute(DRAW)
    connection.execute(
        _NOTE_CHANGES,
        {
            "kinds": [change.kind.value for change in changes],
            "ids": [change.subject for change in changes],
            "versions": [change.version for change in changes],
            "codes": [change.enterprise_code for change in changes],
            "actions": [change.action for change in changes],
            "principals": [change.principal for change in changes],
            "bodies": [change.body for change in changes],
        },
    )
    move_deliveries(connection, memberships)
    return drawn


def _drawn(cursor: Cursor[Row]) -> Drawn:
    row = cursor.fetchone()
    if row is None:
        raise RuntimeError("the store has no head")
    return Drawn(revision=Revision(epoch=row[0], number=row[1]), known_at=row[2])


def memberships_of(record: SanctionRecord, targets: Iterable[Target], day: date) -> list[Membership]:
    """Return, for every target, whether it should show the record on `day`."""
    record_id = as_uuid(record.id)
    told = [target for target in targets if target.retired != "abandon"]
    takes = belonging(record, [target.filter for target in told], day)
    ending = _LEFT_ALONE if has_effect(record, day) else record.state.value
    return [
        Membership(
            target=target,
            record_id=record_id,
            code=record.enterprise.code,
            present=taken and target.retired is None,
            ending=ending,
        )
        for target, taken in zip(told, takes, strict=True)
    ]


def move_deliveries(connection: Connection, memberships: Sequence[Membership]) -> None:
    """
    Move the rows of every (target, record) in `memberships` to the revision just drawn, and those of the enterprise's
    other records, those not at that revision yet, where the standing that they carry has changed with it. One whose own
    data the target refuses waits for its correction: the standing is told by the others. One that is absent already moves
    again only where its target tells what a record came to, and that has become something else.
    """
    by_record = [member for member in memberships if member.target.holds == "record"]
    joining = [member for member in memberships if member.present]
    leaving = [member for member in memberships if not member.present]
    if joining:
        connection.execute(_JOIN, _arrays(joining))
    for present, sql in ((True, _DESIRE_PRESENT), (False, _DESIRE_ABSENT)):
        chosen = [member for member in by_record if member.present is present]
        if chosen:
            connection.execute(sql, {**_arrays(chosen), "subjects": [f"sanctionRecords/{m.record_id}" for m in chosen]})
    # Before anything leaves: whether a target showed it tells whether the standing of the others changes.
    if by_record:
        connection.execute(_MOVE_SIBLINGS, _arrays(by_record))
    if leaving:
        connection.execute(_LEAVE, _arrays(leaving))
    for sql, moved in ((_DESIRE_ENTERPRISE_PRESENT, memberships), (_DESIRE_ENTERPRISE_ABSENT, leaving)):
        pairs = sorted({(member.target.name, member.code) for member in moved if member.target.holds == "enterprise"})
        if pairs:
            connection.execute(sql, {"targets": [pair[0] for pair in pairs], "codes": [pair[1] for pair in pairs]})


def _arrays(memberships: Sequence[Membership]) -> dict[str, list[object]]:
    return {
        "targets": [member.target.name for member in memberships],
        "ids": [member.record_id for member in memberships],
        "codes": [member.code for member in memberships],
        "present": [member.present for member in memberships],
        "endings": [member.ending for member in memberships],
        "tells": [member.target.tells_endings for member in memberships],
    }


_LEFT_ALONE: Final = "WITHDRAWN"  # it has effect, and no target of this filter shows it


# A row that moves: its schedule starts anew, a lease in flight is left to end first, and it waits since when it was last
# confirmed.
_ANEW = """
    failures = 0, rejected = false, given_up = false, corrections = '[]', last_error = '',
    due_since = coalesce(delivery.due_since, clock_timestamp()), tried_since = clock_timestamp(),
    changed_at = clock_timestamp(), next_attempt_at = greatest(delivery.lease_until, clock_timestamp())
"""
MOVED = f"desired_epoch = head.epoch, desired_number = head.number, {_ANEW}"
_OR_MOVED = f"""
ON CONFLICT (target, subject) DO UPDATE SET desired_epoch = EXCLUDED.desired_epoch,
    desired_number = EXCLUDED.desired_number, desired_present = true, ending = NULL, {_ANEW}
"""
# Dropped is only what was never told: it was never claimed, so nothing of it can have arrived; nor can a sibling's withdrawal
# have named it as standing, for a sibling that is gone is not moved, and so not told again, when this one goes. (A sibling
# that is still listed is.)
_NEVER_TOLD = """(delivery.claimed_number IS NULL AND NOT EXISTS (
        SELECT FROM delivery s WHERE s.target = delivery.target AND s.enterprise_code = delivery.enterprise_code
            AND s.subject <> delivery.subject AND s.claimed_number IS NOT NULL AND NOT s.desired_present
    ))"""
_LEFT = f"""
    desired_epoch = head.epoch, desired_number = head.number, desired_present = false, failures = 0, rejected = false,
    given_up = false, corrections = '[]', last_error = '', changed_at = clock_timestamp(),
    confirmed_epoch = CASE WHEN {_NEVER_TOLD} THEN head.epoch ELSE confirmed_epoch END,
    confirmed_number = CASE WHEN {_NEVER_TOLD} THEN head.number ELSE confirmed_number END,
    due_since = CASE WHEN {_NEVER_TOLD} THEN NULL ELSE coalesce(due_since, clock_timestamp()) END,
    next_attempt_at = CASE WHEN {_NEVER_TOLD} THEN NULL ELSE greatest(lease_until, clock_timestamp()) END
"""
_JOIN = """
INSERT INTO in_force_at (target, record_id, enterprise_code)
SELECT * FROM unnest(%(targets)b::text[], %(ids)b::uuid[], %(codes)b::text[]) ON CONFLICT DO NOTHING
"""
_LEAVE = """
DELETE FROM in_force_at USING unnest(%(targets)b::text[], %(ids)b::uuid[]) AS given (target, id)
WHERE in_force_at.target = given.target AND in_force_at.record_id = given.id
"""
_MOVE_SIBLINGS = f"""
UPDATE delivery SET {MOVED}
FROM store_head head, (
    SELECT DISTINCT given.target, given.code
    FROM unnest(%(targets)b::text[], %(ids)b::uuid[], %(codes)b::text[], %(present)b::boolean[])
        AS given (target, id, code, present)
    WHERE given.present OR EXISTS (SELECT FROM in_force_at f WHERE f.target = given.target AND f.record_id = given.id)
) AS touched
WHERE delivery.target = touched.target AND delivery.enterprise_code = touched.code AND delivery.desired_present
    AND NOT delivery.rejected AND (delivery.desired_epoch, delivery.desired_number) <> (head.epoch, head.number)
"""  # noqa: S608 - joined from constants
_DESIRE_PRESENT = f"""
INSERT INTO delivery (target, subject, record_id, enterprise_code, desired_epoch, desired_number, desired_present,
    next_attempt_at, due_since)
SELECT given.target, given.subject, given.id, given.code, head.epoch, head.number, true, clock_timestamp(),
    clock_timestamp()
FROM store_head head, unnest(%(targets)b::text[], %(subjects)b::text[], %(ids)b::uuid[], %(codes)b::text[])
    AS given (target, subject, id, code)
{_OR_MOVED}"""  # noqa: S608 - joined from constants
_DESIRE_ABSENT = f"""
UPDATE delivery SET ending = given.ending, {_LEFT}
FROM store_head head, unnest(%(targets)b::text[], %(subjects)b::text[], %(endings)b::text[], %(tells)b::boolean[])
    AS given (target, subject, ending, tells)
WHERE delivery.target = given.target AND delivery.subject = given.subject
    AND (delivery.desired_present OR given.tells AND coalesce(delivery.ending, '{_LEFT_ALONE}') <> given.ending)
"""  # noqa: S608 - joined from constants
_DESIRE_ENTERPRISE_PRESENT = f"""
INSERT INTO delivery (target, subject, enterprise_code, desired_epoch, desired_number, desired_present,
    next_attempt_at, due_since)
SELECT given.target, given.code, given.code, head.epoch, head.number, true, clock_timestamp(), clock_timestamp()
FROM store_head head, unnest(%(targets)b::text[], %(codes)b::text[]) AS given (target, code)
WHERE EXISTS (SELECT FROM in_force_at f WHERE f.target = given.target AND f.enterprise_code = given.code)
{_OR_MOVED}"""  # noqa: S608 - joined from constants
_DESIRE_ENTERPRISE_ABSENT = f"""
UPDATE delivery SET {_LEFT}
FROM store_head head, unnest(%(targets)b::text[], %(codes)b::text[]) AS given (target, code)
WHERE delivery.target = given.target AND delivery.subject = given.code AND delivery.desired_present
    AND NOT EXISTS (SELECT FROM in_force_at f WHERE f.target = given.target AND f.enterprise_code = given.code)
"""  # noqa: S608 - joined from constants
