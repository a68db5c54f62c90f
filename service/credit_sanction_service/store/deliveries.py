"""What each target should have and has, as people read it; and the one thing that they may do: have it sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from credit_sanction_service.domain.faults import NotFound, StateConflict
from credit_sanction_service.store.attempts import Attempt, attempts_of
from credit_sanction_service.store.transaction import as_uuid
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Collection

    from credit_sanction_service.store.connect import Connection, Row


class DeliveryState(StrEnum):
    """How far a delivery is 推送状态, in the contract's words. The first that fits is the state."""

    ABANDONED = "ABANDONED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    IN_FLIGHT = "IN_FLIGHT"
    RETRYING = "RETRYING"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    One row: what `target` should have of `subject` (`desired`), what it confirmed, what comes next.

    `due_since` None means that the target confirmed what is desired; `next_attempt_at` None that there is nothing to do.
    `unknown` is the lowest version whose bytes may arrive as late as `unknown_until`, or have, unseen.
    """

    target: str
    subject: str
    record_id: UUID | None
    enterprise_code: str
    desired: Revision
    desired_present: bool
    confirmed: Revision | None = None
    confirmed_present: bool = False
    claimed: Revision | None = None
    claimed_generation: int | None = None
    rejected: bool = False
    generation: int = 0
    attempt: int = 0
    failures: int = 0
    lease_until: datetime | None = None
    next_attempt_at: datetime | None = None
    due_since: datetime | None = None
    unknown: Revision | None = None
    unknown_until: datetime | None = None
    last_error: str = ""
    receipt: str = ""
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """A delivery and its state at the moment it was read."""

    delivery: Delivery
    state: DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBacklog:
    """A target with what waits for it: `backlog` not confirmed (`rejected` of these), `listed` confirmed as present."""

    name: str
    kind: str
    retired: str | None
    paused_reason: str | None
    backlog: int
    rejected: int
    listed: int
    oldest_due: datetime | None


COLUMNS: Final = """
    d.target, d.subject, d.record_id, d.enterprise_code, d.desired_epoch, d.desired_number, d.desired_present,
    d.confirmed_epoch, d.confirmed_number, d.confirmed_present, d.claimed_epoch, d.claimed_number, d.rejected,
    d.generation, d.attempt, d.failures, d.lease_until, d.next_attempt_at, d.due_since, d.unknown_epoch,
    d.unknown_number, d.unknown_until, d.last_error, d.receipt, d.changed_at, d.claimed_generation
"""
_STATE: Final = """
    CASE WHEN t.retired = 'abandon' THEN 'ABANDONED'
         WHEN d.due_since IS NULL THEN 'CONFIRMED'
         WHEN d.rejected THEN 'REJECTED'
         WHEN d.lease_until > statement_timestamp() THEN 'IN_FLIGHT'
         WHEN d.failures > 0 THEN 'RETRYING'
         ELSE 'PENDING' END
"""
_VIEW: Final = f"SELECT {COLUMNS}, {_STATE} FROM delivery d JOIN target t ON t.name = d.target"  # noqa: S608 - constants


def delivery_of(row: Row) -> Delivery:
    """Return the value of a row that begins with `COLUMNS`."""
    return Delivery(
        target=row[0],
        subject=row[1],
        record_id=row[2],
        enterprise_code=row[3],
        desired=Revision(epoch=row[4], number=row[5]),
        desired_present=row[6],
        confirmed=_revision(row[7], row[8]),
        confirmed_present=row[9],
        claimed=_revision(row[10], row[11]),
        rejected=row[12],
        generation=row[13],
        attempt=row[14],
        failures=row[15],
        lease_until=row[16],
        next_attempt_at=row[17],
        due_since=row[18],
        unknown=_revision(row[19], row[20]),
        unknown_until=row[21],
        last_error=row[22],
        receipt=row[23],
        changed_at=row[24],
        claimed_generation=row[25],
    )


def list_targets(connection: Connection) -> list[TargetBacklog]:
    """Return all targets by name, retired ones included, with their backlog."""
    rows = connection.execute(
        """
        SELECT t.name, t.kind, t.retired, t.paused_reason, count(d.due_since),
            count(*) FILTER (WHERE d.rejected), count(*) FILTER (WHERE d.confirmed_present), min(d.due_since)
        FROM target t LEFT JOIN delivery d ON d.target = t.name
        GROUP BY t.name ORDER BY t.name
        """
    ).fetchall()
    return [
        TargetBacklog(
            name=row[0],
            kind=row[1],
            retired=row[2],
            paused_reason=row[3],
            backlog=row[4],
            rejected=row[5],
            listed=row[6],
            oldest_due=row[7],
        )
        for row in rows
    ]


def has_target(connection: Connection, name: str) -> bool:
    """Whether the targets file has, or had, a target of this name."""
    return connection.execute("SELECT true FROM target WHERE name = %s", (name,)).fetchone() is not None


def list_deliveries(
    connection: Connection,
    *,
    target: str | None = None,
    record_id: str | None = None,
    states: Collection[DeliveryState] = (),
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> list[DeliveryView]:
    """
    Return one page by (target, subject); filters are joined by "and". `after` is the last pair of the page before.

    A record's deliveries include those of its enterprise at targets that can only hold an enterprise.
    """
    clauses = ["true"]
    values: list[Any] = []
    if target is not None:
        clauses.append("d.target = %s")
        values.append(target)
    if record_id is not None:
        clauses.append(
            "(d.record_id = %s OR t.holds = 'enterprise' AND d.enterprise_code ="
            " (SELECT r.enterprise_code FROM sanction_record r WHERE r.id = %s))"
        )
        values += [as_uuid(record_id)] * 2
    if states:
        clauses.append(f"{_STATE} = ANY (%s)")
        values.append([state.value for state in states])
    if after is not None:
        clauses.append("(d.target, d.subject) > (%s, %s)")
        values += after
    rows = connection.execute(
        f"{_VIEW} WHERE {' AND '.join(clauses)} ORDER BY d.target, d.subject LIMIT %s", (*values, limit)
    ).fetchall()
    return [_view(row) for row in rows]


def get_delivery(connection: Connection, target: str, subject: str) -> tuple[DeliveryView, list[Attempt]]:
    """Return one delivery with all its attempts, oldest first. Raises `NotFound`."""
    row = connection.execute(f"{_VIEW} WHERE d.target = %s AND d.subject = %s", (target, subject)).fetchone()
    if row is None:
        raise NotFound("delivery", f"targets/{target}/deliveries/{subject}")
    return _view(row), attempts_of(connection, target, subject)


def retry_delivery(connection: Connection, target: str, subject: str, *, lost_by_target: bool) -> DeliveryView:
    """
    Make a delivery due now, whatever its schedule says; one in flight first ends. What goes out is the current state.

    `lost_by_target` gives it a new idempotency key, for a target found without what it had confirmed. A paused target
    stays paused. Raises `NotFound`, and `StateConflict` where the target was retired as abandoned.
    """
    # Alone in its transaction, so that it can wait for the row but nobody for it and something else.
    with connection.transaction():
        connection.execute(
            """
            UPDATE delivery d SET rejected = false, failures = 0, generation = generation + %s::integer,
                due_since = coalesce(due_since, clock_timestamp()), changed_at = clock_timestamp(),
                next_attempt_at = greatest(lease_until, clock_timestamp())
            FROM target t
            WHERE d.target = %s AND d.subject = %s AND t.name = d.target AND t.retired IS DISTINCT FROM 'abandon'
            """,
            (int(lost_by_target), target, subject),
        )
        view, _ = get_delivery(connection, target, subject)
    if view.state is DeliveryState.ABANDONED:
        raise StateConflict(f"the target {target!r} is retired as abandoned: nothing is sent to it any more")
    return view


RETRYABLE: Final = (DeliveryState.PENDING, DeliveryState.RETRYING, DeliveryState.REJECTED)


def retry_deliveries(
    connection: Connection, target: str, *, states: Collection[DeliveryState], since: datetime | None = None
) -> int:
    """
    Make a target's deliveries in these states, of `RETRYABLE`, due now; return how many. `since` leaves out what has not
    changed from that instant on. What goes out is the current state of each. Raises as `retry_delivery`.
    """
    with connection.transaction():
        # In the order of their keys, as everybody who takes several: nobody waits for one who waits for him.
        rows = connection.execute(
            f"""
            UPDATE delivery d SET rejected = false, failures = 0, changed_at = clock_timestamp(),
                next_attempt_at = greatest(d.lease_until, clock_timestamp())
            FROM (
                SELECT d.target, d.subject FROM delivery d JOIN target t ON t.name = d.target
                WHERE d.target = %(target)s AND {_STATE} = ANY (%(states)s)
                    AND (%(since)s::timestamptz IS NULL OR d.changed_at >= %(since)s)
                ORDER BY d.target, d.subject FOR UPDATE OF d
            ) AS chosen
            WHERE d.target = chosen.target AND d.subject = chosen.subject
            """,  # noqa: S608 - joined from constants
            {"target": target, "states": [state.value for state in states], "since": since},
        )
        return rows.rowcount


def get_target(connection: Connection, name: str) -> TargetBacklog:
    """Return one target with its backlog. Raises `NotFound`."""
    found = next((target for target in list_targets(connection) if target.name == name), None)
    if found is None:
        raise NotFound("target", f"targets/{name}")
    return found


def _view(row: Row) -> DeliveryView:
    return DeliveryView(delivery=delivery_of(row), state=DeliveryState(row[26]))


def _revision(epoch: int | None, number: int | None) -> Revision | None:
    return None if epoch is None or number is None else Revision(epoch=epoch, number=number)
