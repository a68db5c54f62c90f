"""What each target should have and has, as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from credit_sanction_service.domain.faults import NotFound
from credit_sanction_service.store.attempts import Attempt, attempts_of
from credit_sanction_service.store.due_days import LATE
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
    GIVEN_UP = "GIVEN_UP"
    IN_FLIGHT = "IN_FLIGHT"
    RETRYING = "RETRYING"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One field that a target refuses: its own name for it, ours as a caller writes it (empty: unknown), its words."""

    target_field: str
    field: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    One row: what `target` should have of `subject` (`desired`), what it confirmed, what comes next.

    `due_since` None means that the target confirmed what is desired; `next_attempt_at` None that there is nothing to do.
    `tried_since` is when the row was last moved or asked for, or when its target's last pause ended, or will: the latest.
    `unknown` is the lowest version whose bytes may arrive as late as `unknown_until`, or have, unseen. `corrections` are
    the fields that the target refused last.
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
    given_up: bool = False
    corrections: tuple[Correction, ...] = ()
    tried_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """A delivery and its state at the moment it was read."""

    delivery: Delivery
    state: DeliveryState


# Of a delivery `d` and its target `t`.
COLUMNS: Final = """
    d.target, d.subject, d.record_id, d.enterprise_code, d.desired_epoch, d.desired_number, d.desired_present,
    d.confirmed_epoch, d.confirmed_number, d.confirmed_present, d.claimed_epoch, d.claimed_number, d.rejected,
    d.generation, d.attempt, d.failures, d.lease_until, d.next_attempt_at, d.due_since, d.unknown_epoch,
    d.unknown_number, d.unknown_until, d.last_error, d.receipt, d.changed_at, d.claimed_generation,
    d.given_up, nullif(d.corrections, '[]'), greatest(d.tried_since, t.called_since)
"""
WIDTH: Final = 29  # of COLUMNS
PAUSED: Final = "(t.paused_reason IS NOT NULL AND (t.paused_until IS NULL OR t.paused_until > now()))"
STATE: Final = """
    CASE WHEN t.retired = 'abandon' THEN 'ABANDONED'
         WHEN d.due_since IS NULL THEN 'CONFIRMED'
         WHEN d.rejected THEN 'REJECTED'
         WHEN d.given_up THEN 'GIVEN_UP'
         WHEN d.lease_until > statement_timestamp() THEN 'IN_FLIGHT'
         WHEN d.failures > 0 THEN 'RETRYING'
         ELSE 'PENDING' END
"""
_AT_REST: Final = frozenset({DeliveryState.ABANDONED, DeliveryState.CONFIRMED})
_VIEW: Final = f"SELECT {COLUMNS}, {STATE} FROM delivery d JOIN target t ON t.name = d.target"  # noqa: S608 - constants


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
        given_up=row[26],
        corrections=tuple(
            Correction(target_field=target_field, field=field, words=words)
            for target_field, field, words in row[27] or ()
        ),
        tried_since=row[28],
    )


def list_deliveries(
    connection: Connection,
    *,
    target: str | None = None,
    record_id: str | None = None,
    enterprise_code: str = "",
    states: Collection[DeliveryState] = (),
    past_due_on: date | None = None,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> list[DeliveryView]:
    """
    Return one page by (target, subject); filters are joined by "and". `past_due_on` leaves those whose legal due day lies
    before that day. `after` is the last pair of the page before.

    A record's deliveries include those of its enterprise at targets that can only hold an enterprise.
    """
    clauses = ["true"]
    values: dict[str, Any] = {"limit": limit}
    if target is not None:
        clauses.append("d.target = %(target)s")
        values["target"] = target
    if record_id is not None:
        clauses.append(
            "(d.record_id = %(record)s OR t.holds = 'enterprise' AND d.enterprise_code ="
            " (SELECT r.enterprise_code FROM sanction_record r WHERE r.id = %(record)s))"
        )
        values["record"] = as_uuid(record_id)
    if enterprise_code:
        clauses.append("d.enterprise_code = %(code)s")
        values["code"] = enterprise_code
    if states:
        clauses.append(f"{STATE} = ANY (%(states)s)")
        if _AT_REST.isdisjoint(states):
            clauses.append("d.due_since IS NOT NULL")  # few beside all that was ever delivered, and indexed
        values["states"] = [state.value for state in states]
    if past_due_on is not None:
        narrowed = f"{LATE} AND o.target = %(target)s" if target is not None else LATE
        clauses.append(f"(d.target, d.subject) IN ({narrowed})")
        values["today"] = past_due_on
    if after is not None:
        clauses.append("(d.target, d.subject) > (%(after_target)s, %(after_subject)s)")
        values |= {"after_target": after[0], "after_subject": after[1]}
    rows = connection.execute(
        f"{_VIEW} WHERE {' AND '.join(clauses)} ORDER BY d.target, d.subject LIMIT %(limit)s", values
    ).fetchall()
    return [_view(row) for row in rows]


def get_delivery(connection: Connection, target: str, subject: str) -> tuple[DeliveryView, list[Attempt]]:
    """Return one delivery with all its attempts, oldest first. Raises `NotFound`."""
    row = connection.execute(f"{_VIEW} WHERE d.target = %s AND d.subject = %s", (target, subject)).fetchone()
    if row is None:
        raise NotFound("delivery", f"targets/{target}/deliveries/{subject}")
    return _view(row), attempts_of(connection, target, subject)


def _view(row: Row) -> DeliveryView:
    return DeliveryView(delivery=delivery_of(row), state=DeliveryState(row[WIDTH]))


def _revision(epoch: int | None, number: int | None) -> Revision | None:
    return None if epoch is None or number is None else Revision(epoch=epoch, number=number)
