"""
The proof of delivery as one document: JSON in UTF-8, keys sorted, no spaces, instants in UTC, so that the same history gives
the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from credit_sanction_service.store.proof import too_large

if TYPE_CHECKING:
    from credit_sanction_service.store.deliveries import DeliveryView
    from credit_sanction_service.store.proof import Proof, ProvenAttempt, ProvenVersion

FORM: Final = "credit-sanction/delivery-proof/1"
MOST_BYTES: Final = 3 * 1024 * 1024  # a message of 4 MiB is what every gRPC client takes


def proof_document(proof: Proof) -> bytes:
    """Return the document. Raises `TooLarge`."""
    deliveries = {(view.delivery.target, view.delivery.subject): view for view in proof.deliveries}
    places = sorted({*deliveries, *((attempt.target, attempt.subject) for attempt in proof.attempts)})
    document = canonical(
        {
            "form": FORM,
            "record": f"sanctionRecords/{proof.record_id}",
            "enterprise_code": proof.enterprise_code,
            "versions": [_version(version) for version in proof.versions],
            "deliveries": [
                {
                    "target": target,
                    "kind": proof.kinds.get(target),
                    "subject": subject,
                    **_standing(deliveries.get((target, subject))),
                    "attempts": [
                        _attempt(attempt)
                        for attempt in proof.attempts
                        if (attempt.target, attempt.subject) == (target, subject)
                    ],
                }
                for target, subject in places
            ],
        }
    )
    if len(document) > MOST_BYTES:
        raise too_large(MOST_BYTES)
    return document


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
    return {
        "number": attempt.number,
        "version": str(attempt.version),
        "present": attempt.present,
        "idempotency_key": attempt.idempotency_key,
        "worker": attempt.worker,
        "opened_at": _instant(attempt.opened_at),
        "closed_at": _instant(attempt.closed_at),
        "outcome": attempt.outcome.value if attempt.outcome else None,
        "status": attempt.status,
        "receipt": attempt.receipt,
        "detail": attempt.detail,
        "sha256": attempt.digest.hex() if attempt.digest else None,
        # What is sent is JSON in UTF-8, whatever the target; were it ever not, its digest would not fit what is written here.
        "body": attempt.body.decode(errors="replace") if attempt.body is not None else None,
    }


def _instant(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat(timespec="microseconds") if instant else None
