"""Reading the plain parts of requests: names, filters, pages. What cannot be meant is refused before the store hears of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from credit_sanction_service.api.guard import caller
from credit_sanction_service.calls import Call
from credit_sanction_service.domain.faults import Invalid, NotFound, Violation
from credit_sanction_service.domain.identifiers import normalise
from credit_sanction_service.domain.privacy import holds_citizen_number
from credit_sanction_service.domain.text import CODE_LIMIT, REQUEST_ID_LIMIT, has_control_characters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message

T = TypeVar("T")

DEFAULT_PAGE: Final = 50
LARGEST_PAGE: Final = 1_000
MOST_FILTER_WORDS: Final = 1_000
LONGEST_NAME: Final = 200
LONGEST_TOKEN: Final = 600
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")  # chance may write anything into one
RULE: Final = "接口约定 credit_sanction.v1"


def invalid(field: str, description: str) -> Invalid:
    """Return the refusal of one field for a fault of its form."""
    return Invalid([Violation(field=field, description=description, rule=RULE)])


def record_id(name: str, *, field: str = "name") -> str:
    """Return the id of `sanctionRecords/{id}`. Raises `Invalid` for another form, `NotFound` for what cannot be an id."""
    collection, slash, identifier = plain(field, name).partition("/")
    if collection != "sanctionRecords" or not slash or not identifier:
        raise invalid(field, "it is not of the form sanctionRecords/{id}")
    if "/" in identifier:
        raise NotFound("record", name)
    return identifier


def plain(field: str, value: str, *, limit: int = LONGEST_NAME) -> str:
    """Return a text that a query may carry. Raises `Invalid` where it is too long or holds control characters."""
    if len(value) > limit:
        raise invalid(field, f"it is {len(value)} characters long, at most {limit} are taken")
    if has_control_characters(value):
        raise invalid(field, "it holds control characters")
    return value


def typed_code(field: str, text: str) -> str:
    """Return a code to search by, normalised. Raises `Invalid` for what no code can be."""
    return normalise(plain(field, text, limit=CODE_LIMIT))


def known_words(field: str, values: Sequence[T | None]) -> tuple[T, ...]:
    """Return a filter's words. Raises `Invalid` for one that is not known: left out, it would let everything through."""
    require_few(field, len(values))
    for number, value in enumerate(values):
        if value is None:
            raise invalid(f"{field}[{number}]", "it is not a known value")
    return tuple(value for value in values if value is not None)


def plain_texts(field: str, values: Sequence[str]) -> tuple[str, ...]:
    """Return a filter's texts. Raises `Invalid`."""
    require_few(field, len(values))
    return tuple(plain(f"{field}[{number}]", value) for number, value in enumerate(values))


def require_few(field: str, count: int) -> None:
    """Raise `Invalid` where a filter has more values than anybody means."""
    if count > MOST_FILTER_WORDS:
        raise invalid(field, f"{count} values: at most {MOST_FILTER_WORDS} are taken")


def require_count(field: str, count: int, most: int) -> None:
    """Raise `Invalid` unless a batch has between 1 and `most` items."""
    if not 1 <= count <= most:
        raise invalid(field, f"{count} items: 1 to {most} are taken in one call")


def page_size(asked: int) -> int:
    """Return the page size to use. Raises `Invalid` for a negative one."""
    if asked < 0:
        raise invalid("page_size", "it cannot be negative")
    return min(asked or DEFAULT_PAGE, LARGEST_PAGE)


def seal_of(request: Message) -> str:
    """Return what ties a page token to its list: the request's kind and its filters, not where in the list it is."""
    filters = type(request)()
    filters.CopyFrom(request)
    filters.ClearField("page_token")
    filters.ClearField("page_size")
    text = request.DESCRIPTOR.full_name.encode() + filters.SerializeToString(deterministic=True)
    return hashlib.sha256(text).hexdigest()[:16]


def write_token(place: Sequence[str], seal: str) -> str:
    """Return an opaque page token for a place in the list that `seal` stands for."""
    return base64.urlsafe_b64encode(json.dumps([*place, seal]).encode()).decode()


def read_token(token: str, seal: str, *, parts: int) -> tuple[str, ...] | None:
    """Return the place that `write_token` wrote, None for the first page. Raises `Invalid` for any other token."""
    if not token:
        return None
    fault = invalid("page_token", "it is not the token of a page of this very list")
    if len(token) > LONGEST_TOKEN:
        raise fault
    try:
        place = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise fault from None
    if not isinstance(place, list) or len(place) != parts + 1 or not all(isinstance(part, str) for part in place):
        raise fault
    if place[-1] != seal or any(has_control_characters(part) for part in place):
        raise fault
    return tuple(place[:-1])


def write_call(method: str, request: Any) -> Call:  # noqa: ANN401 - any of the write requests
    """Return who makes this write, with its request id and the digest of the rest of its payload."""
    request_id = plain("request_id", request.request_id, limit=REQUEST_ID_LIMIT)
    if holds_citizen_number(request_id) and not _UUID.fullmatch(request_id):
        raise invalid("request_id", "it holds a citizen's identity number 公民身份号码, which must never stand here")
    payload = type(request)()
    payload.CopyFrom(request)
    payload.ClearField("request_id")
    digest = hashlib.sha256(payload.SerializeToString(deterministic=True)).digest()
    return Call(
        principal=caller(),
        method=method,
        request_id=request_id,
        digest=digest,
        validate_only=request.validate_only,
    )
