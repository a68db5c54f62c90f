"""
The proof of delivery as one document: JSON in UTF-8, keys sorted, no spaces, instants in UTC, so that the same history gives
the same bytes. It is written part by part, for it may be many times as long as what is kept of it.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from credit_sanction_service.store.proof import too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credit_sanction_service.store.attempts import Closed
    from credit_sanction_service.store.deliveries import DeliveryView
    from credit_sanction_service.store.proof import Proof, ProvenAttempt, ProvenVersion

FORM: Final = "credit-sanction/delivery-proof/1"
MOST_BYTES: Final = 3 * 1024 * 1024  # a message of 4 MiB is what every gRPC client takes
MOST_KEPT: Final = 32 * 1024 * 1024  # of what one document is written from: a process holds so much of it
CHUNK_BYTES: Final = 1024 * 1024


def proof_document(proof: Proof, *, most_bytes: int = MOST_BYTES) -> bytes:
    """Return the document. Raises `TooLarge`."""
    document = bytearray()
    for part in proof_parts(proof):
        document += part
        if len(document) > most_bytes:
            raise too_large(most_bytes)
    return bytes(document)


def proof_chunks(proof: Proof, *, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the document in pieces of `size` bytes, the last one perhaps shorter."""
    waiting = bytearray()
    for part in proof_parts(proof):
        waiting += part
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)


def proof_parts(proof: Proof) -> Iterator[bytes]:
    """Yield the document bit by bit, as `canonical` would write it whole: at each level the list comes first by its key."""
    deliveries = {(view.delivery.target, view.delivery.subject): view for view in proof.deliveries}
    attempts: dict[tuple[str, str], list[ProvenAttempt]] = {}
    for attempt in proof.attempts:
        attempts.setdefault((attempt.target, attempt.subject), []).append(attempt)
    yield b'{"deliveries":['
    for number, place in enumerate(sorted({*deliveries, *attempts})):
        target, subject = place
        standing = _standing(deliveries.get(place))
        about = canonical({"target": target, "kind": proof.kinds.get(target), "subject": subject, **standing})
        yield b',{"attempts":[' if number else b'{"attempts":['
        yield from _joined(_attempt(attempt) for attempt in attempts.get(place, ()))
        yield b"]," + about[1:]
    about = canonical(
        {"form": FORM, "record": f"sanctionRecords/{proof.record_id}", "enterprise_code": proof.enterprise_code}
    )
    yield b"]," + about[1:-1] + b',"versions":['
    yield from _joined(_version(version) for version in proof.versions)
    yield b"]}"


def _joined(values: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for number, value in enumerate(values):
        yield b"," + canonical(value) if number else canonical(value)


def canonical(value: object) -> bytes:
    """Return a value's one and only JSON form."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _version(version: ProvenVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "revision": str(version.revision),
        "known_at": _instant(version.known_at),
        "action": version.action,
        "principal": version.principal,
        "sha256": hashlib.sha256(canonical(version.body)).hexdigest(),
        "body": version.body,
    }


def _standing(view: DeliveryView | None) -> dict[str, Any]:
    """Return what the target should have and confirmed; nothing of a target that is gone."""
    if view is None:
        return {"state": None}
    row = view.delivery
    return {
        "state": view.state.value,
        "desired_version": str(row.desired),
        "desired_present": row.desired_present,
        "confirmed_version": str(row.confirmed) if row.confirmed else None,
        "confirmed_present": row.confirmed_present,
        "receipt": row.receipt,
        "corrections": [[fault.target_field, fault.field, fault.words] for fault in row.corrections],
    }


def _attempt(attempt: ProvenAttempt) -> dict[str, Any]:
    body = attempt.body
    return {
        "number": attempt.number,
        "version": str(attempt.version),
        "present": attempt.present,
        "idempotency_key": attempt.idempotency_key,
        "worker": attempt.worker,
        "opened_at": _instant(attempt.opened_at),
        **(_ending(attempt.closed) if attempt.closed else _OPEN),
        **({"late": _ending(attempt.late)} if attempt.late else {}),
        "sha256": attempt.digest.hex() if attempt.digest else None,
        # What is sent is JSON in UTF-8, whatever the target; were it ever not, its digest would not fit what is written here.
        "body": body.decode(errors="replace") if body is not None else None,
    }


_OPEN: Final = {"closed_at": None, "outcome": None, "status": 0, "receipt": "", "detail": ""}


def _ending(closed: Closed) -> dict[str, Any]:
    return {
        "closed_at": _instant(closed.closed_at),
        "outcome": closed.outcome.value,
        "status": closed.status,
        "receipt": closed.receipt,
        "detail": closed.detail,
    }


def _instant(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat(timespec="microseconds") if instant else None
