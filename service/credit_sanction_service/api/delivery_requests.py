"""Reading the requests of DeliveryService. What cannot be meant raises `Invalid` before the store hears of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from credit_sanction_service.api.requests import invalid, plain, read_token
from credit_sanction_service.domain.calendar import SHANGHAI
from credit_sanction_service.domain.faults import IdentifierRefused, Violation
from credit_sanction_service.domain.identifiers import Judgement, describe, judge
from credit_sanction_service.domain.privacy import holds_citizen_number

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

REASON_LIMIT: Final = 200


def target_name(name: str) -> str:
    """Return the name in `targets/{name}`."""
    collection, slash, target = plain("target", name).partition("/")
    if collection != "targets" or not slash or not target or "/" in target:
        raise invalid("target", "it is not of the form targets/{name}")
    return target


def delivery_place(name: str) -> tuple[str, str]:
    """Return target and subject of `targets/{target}/deliveries/{subject}`; a record's subject is its whole name."""
    parts = plain("name", name).split("/", 3)
    if len(parts) != 4 or parts[0] != "targets" or parts[2] != "deliveries" or not parts[1] or not parts[3]:  # noqa: PLR2004
        raise invalid("name", "it is not of the form targets/{target}/deliveries/{subject}")
    return parts[1], parts[3]


def reconciliation_place(token: str, seal: str) -> tuple[datetime, UUID] | None:
    """Return when the last reconciliation of the page before was asked for, and its id; None for the first page."""
    place = read_token(token, seal, parts=2)
    try:
        return (datetime.fromisoformat(place[0]), UUID(place[1])) if place else None
    except ValueError:
        raise invalid("page_token", "it is not the token of a page of this very list") from None


def enterprise_code(text: str) -> str:
    """
    Return an enterprise's code, normalised, empty where there is none.

    Raises `IdentifierRefused` for what no enterprise can have: mistyped, it would look as if nothing waited.
    """
    if not text:
        return ""
    code = judge(text)
    if code.judgement is Judgement.REFUSED:
        violation = Violation(field="enterprise_code", description=describe(text, code), rule=code.rule)
        raise IdentifierRefused([violation], likely_codes=code.likely)
    return code.value


def instant(field: str, timestamp: Timestamp) -> datetime:
    """Return a timestamp as an instant in UTC."""
    try:
        return timestamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise invalid(field, "it is no instant between the years 1 and 9999") from None


def past_instant(field: str, timestamp: Timestamp, *, now: datetime) -> datetime:
    """Return a timestamp as an instant in UTC that does not lie ahead of `now`."""
    found = instant(field, timestamp)
    if found > now:
        raise invalid(field, f"it lies ahead: it is {now.astimezone(SHANGHAI).isoformat(timespec='seconds')} now")
    return found


def reconciliation_id(name: str) -> str:
    """Return the id in `reconciliations/{id}`."""
    collection, slash, identifier = plain("name", name).partition("/")
    if collection != "reconciliations" or not slash or not identifier:
        raise invalid("name", "it is not of the form reconciliations/{id}")
    return identifier


def pause_reason(text: str) -> str:
    """Return why a target is to be paused."""
    reason = plain("reason", text, limit=REASON_LIMIT).strip()
    if not reason:
        raise invalid("reason", "it is missing: say why, for those who find the target paused")
    if holds_citizen_number(reason):
        raise invalid("reason", "it holds a citizen's identity number 公民身份号码, which must never stand here")
    return reason
