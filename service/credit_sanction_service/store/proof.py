"""What proves that targets were told of a record: its versions, what each target should have, and every attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from credit_sanction_service.domain.faults import NotFound, TooLarge
from credit_sanction_service.store.attempts import Closed, ending_of
from credit_sanction_service.store.bodies import unpacked
from credit_sanction_service.store.deliveries import DeliveryView, list_deliveries
from credit_sanction_service.store.statistics import one_snapshot
from credit_sanction_service.store.transaction import as_uuid
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from credit_sanction_service.store.connect import Connection, Row

MOST_ROWS: Final = 1_000  # deliveries of one record: there are fewer targets


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenVersion:
    """One version of the record, as the change log has it."""

    version: int
    revision: Revision
    known_at: datetime
    action: str
    principal: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenAttempt:
    """
    One attempt with what was sent: `body` to the letter, `digest` its SHA-256; None where nothing could be composed, or
    before these were kept, and `body` also where it was not asked for. `closed` is None while nobody has said how it ended,
    `late` where nothing was said of it after it had been closed as lapsed. `kept` is the body as it is kept.
    """

    target: str
    subject: str
    number: int
    version: Revision
    present: bool
    idempotency_key: str
    worker: str
    opened_at: datetime
    digest: bytes | None
    kept: bytes | None
    closed: Closed | None
    late: Closed | None

    @property
    def body(self) -> bytes | None:
        """What was sent: read each time, for it is ten times as long as what is kept."""
        return None if self.kept is None else unpacked(self.kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """All of one snapshot. `kinds` are those of the targets that there still are; attempts outlive their targets."""

    record_id: str
    enterprise_code: str
    versions: tuple[ProvenVersion, ...]
    deliveries: tuple[DeliveryView, ...]
    attempts: tuple[ProvenAttempt, ...]
    kinds: dict[str, str]


_VERSIONS: Final = """
SELECT c.version, c.epoch, c.revision, v.known_at, c.action, c.principal, c.body, c.enterprise_code
FROM change_log c JOIN revision v ON v.epoch = c.epoch AND v.number = c.revision
WHERE c.subject_id = %s AND c.kind = 'record' ORDER BY c.version
"""
# Attempts are kept by target first, and those of a target that is gone are wanted too: so the names are gone through one by
# one, in the order of the key. What an enterprise's target was told before the record was there does not concern it.
_ATTEMPTS: Final = """
WITH RECURSIVE place AS (
    (SELECT target FROM attempt_opened ORDER BY target LIMIT 1)
    UNION ALL
    SELECT (SELECT o.target FROM attempt_opened o WHERE o.target > place.target ORDER BY o.target LIMIT 1)
    FROM place WHERE place.target IS NOT NULL
)
SELECT {columns}
FROM place JOIN attempt_opened o ON o.target = place.target AND o.subject = ANY (%(subjects)s)
LEFT JOIN attempt_closed c ON (c.target, c.subject, c.number) = (o.target, o.subject, o.number)
LEFT JOIN attempt_late l ON (l.target, l.subject, l.number) = (o.target, o.subject, o.number)
WHERE (%(target)s::text IS NULL OR o.target = %(target)s) AND (o.epoch, o.version) >= (%(epoch)s, %(number)s)
"""
_SIZE: Final = _ATTEMPTS.format(columns="count(*), coalesce(sum(octet_length(o.body)), 0)")
_WHOLE: Final = (
    _ATTEMPTS.format(
        columns="o.target, o.subject, o.number, o.epoch, o.version, o.present, o.idempotency_key, o.worker, o.opened_at,"
        " o.digest, CASE WHEN %(bodies)s THEN o.body END, c.outcome, c.status, c.receipt, c.detail, c.closed_at,"
        " l.outcome, l.status, l.receipt, l.detail, l.noted_at"
    )
    + "ORDER BY o.target, o.subject, o.number"
)
_LEAST_BYTES: Final = 200  # of an attempt, whatever it says


def read_proof(
    connection: Connection, record_id: str, *, target: str | None = None, bodies: bool = True, most_bytes: int
) -> Proof:
    """
    Return the proof of a record, of one target where it is named. Raises `NotFound` for a record that there is not, and
    `TooLarge` where what is kept, which is less than what it says, is more than `most_bytes`.
    """
    with one_snapshot(connection):
        rows = connection.execute(_VERSIONS, (as_uuid(record_id),)).fetchall()
        if not rows:
            raise NotFound("record", f"sanctionRecords/{record_id}")
        versions = tuple(_version(row) for row in rows)
        first = versions[0].revision
        values = {
            "subjects": sorted({f"sanctionRecords/{as_uuid(record_id)}", *(row[7] for row in rows)}),
            "target": target,
            "epoch": first.epoch,
            "number": first.number,
            "bodies": bodies,
        }
        _require_room(connection, values, most_bytes)
        return Proof(
            record_id=str(as_uuid(record_id)),
            enterprise_code=rows[-1][7],
            versions=versions,
            deliveries=tuple(list_deliveries(connection, record_id=record_id, target=target, limit=MOST_ROWS)),
            attempts=tuple(_attempt(row) for row in connection.execute(_WHOLE, values).fetchall()),
            kinds={row[0]: row[1] for row in connection.execute("SELECT name, kind FROM target").fetchall()},
        )


def too_large(most_bytes: int) -> TooLarge:
    """Return the refusal of a proof that is larger than this."""
    most = most_bytes // 1024 // 1024
    return TooLarge(
        f"the proof is larger than {most} MiB: ask for it in parts (DownloadDeliveryProof), target by target, or without bodies"
    )


def _require_room(connection: Connection, values: dict[str, Any], most_bytes: int) -> None:
    row = connection.execute(_SIZE, values).fetchone() or (0, 0)
    kept = row[0] * _LEAST_BYTES + (row[1] if values["bodies"] else 0)
    if kept > most_bytes:
        raise too_large(most_bytes)


def _version(row: Row) -> ProvenVersion:
    return ProvenVersion(
        version=row[0],
        revision=Revision(epoch=row[1], number=row[2]),
        known_at=row[3],
        action=row[4],
        principal=row[5],
        body=row[6],
    )


def _attempt(row: Row) -> ProvenAttempt:
    return ProvenAttempt(
        target=row[0],
        subject=row[1],
        number=row[2],
        version=Revision(epoch=row[3], number=row[4]),
        present=row[5],
        idempotency_key=row[6],
        worker=row[7],
        opened_at=row[8],
        digest=row[9],
        kept=row[10],
        closed=ending_of(row[11:16]),
        late=ending_of(row[16:21]),
    )
