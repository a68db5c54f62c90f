"""The replies to look-ups, put together of what was written before. None is larger than a client takes: details give way."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction_service.api import words
from credit_sanction_service.api.errors import item_error
from credit_sanction_service.api.parts import iso, revision_message, set_time
from credit_sanction_service.api.written import Written, numbered, opening, write_clear
from credit_sanction_service.domain.terms import Area, Verdict
from credit_sanction_service.restrictions.long_list import CLEAR
from credit_sanction_service.store.outcomes import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credit_sanction_service.restrictions.demands import Basis, Ground
    from credit_sanction_service.restrictions.prepared import Ready, Terms
    from credit_sanction_service.restrictions.screening import Screened

MOST_REPLY_BYTES: Final = 3_000_000  # clients refuse 4 MiB
_MOST_ANSWER_BYTES: Final = (
    MOST_REPLY_BYTES - 100_000
)  # of one: what it rests on names an edition of each kind beside it
BRIEF_BYTES: Final = 160  # an item without its details takes no more
_SPARE_BYTES: Final = BRIEF_BYTES - 16  # but for what stands around it: which item it is, and its length, twice
_LEFT_OFF: Final = "left off, for the reply grew too large: ask for this one again in a smaller call"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_GROUNDS: Final = 256
_DAY_S: Final = 86_400
_NANOS_TAG: Final = 2 << 3

_VERDICTS: Final = bytes([0, *(int(words.VERDICT.write(verdict)) for verdict in Verdict)]).ljust(256, b"\0")
"""What `bytes.translate` makes of the bytes of `Screened.verdicts`: the contract's numbers."""

_UNARY_ANSWER: Final = pb.CheckRestrictionsResponse.ANSWER_FIELD_NUMBER
_UNARY_BASIS: Final = pb.CheckRestrictionsResponse.BASIS_FIELD_NUMBER
_CODE: Final = pb.RestrictionAnswer.CODE_FIELD_NUMBER
_TIME: Final = pb.AnswerBasis.ANSWERED_AT_FIELD_NUMBER
_INDEX: Final = pb.ItemDetail.INDEX_FIELD_NUMBER
_DETAIL_ANSWER: Final = pb.ItemDetail.ANSWER_FIELD_NUMBER
_DETAIL_ERROR: Final = pb.ItemDetail.ERROR_FIELD_NUMBER
_RESULT_ANSWER: Final = pb.CheckResult.ANSWER_FIELD_NUMBER
_RESULT_ERROR: Final = pb.CheckResult.ERROR_FIELD_NUMBER


class ShortFields(NamedTuple):
    """Which fields of a message take a short-form reply."""

    verdicts: int
    details: int
    basis: int


BATCH: Final = ShortFields(
    verdicts=pb.BatchCheckRestrictionsResponse.VERDICTS_FIELD_NUMBER,
    details=pb.BatchCheckRestrictionsResponse.DETAILS_FIELD_NUMBER,
    basis=pb.BatchCheckRestrictionsResponse.BASIS_FIELD_NUMBER,
)
SCREENING: Final = ShortFields(
    verdicts=pb.ScreenRestrictionsResponse.VERDICTS_FIELD_NUMBER,
    details=pb.ScreenRestrictionsResponse.DETAILS_FIELD_NUMBER,
    basis=pb.ScreenRestrictionsResponse.BASIS_FIELD_NUMBER,
)


class Replies:
    """Writes replies. It keeps what many of them share: the plain CLEAR of each terms, and what calls of one moment rest on."""

    def __init__(self) -> None:
        self._clear: dict[Terms, bytes] = {}
        self._grounds: dict[tuple[Ground, Terms], bytes] = {}

    def one(
        self, code: str, ready: Ready[Written] | None, basis: Basis, terms: Terms, *, is_brief: bool = False
    ) -> bytes:
        """Return a `CheckRestrictionsResponse`. None: a plain CLEAR about `code`, an accepted one. `is_brief`: without details."""
        told = self.basis(basis, terms)
        behind = opening(_UNARY_BASIS, len(told)) + told
        if ready is None:
            head, rest = opening(_CODE, len(code)) + code.encode(), self._clear_rest(terms)
            return opening(_UNARY_ANSWER, len(head) + len(rest)) + head + rest + behind
        reply = ready.reply
        if is_brief or reply.size > _MOST_ANSWER_BYTES:
            reply = reply.brief()
        return b"".join((opening(_UNARY_ANSWER, reply.size), *reply.parts, behind))

    def clear(self, code: str, terms: Terms) -> Written:
        """Return the answer about an accepted code that leads nowhere."""
        head, rest = opening(_CODE, len(code)) + code.encode(), self._clear_rest(terms)
        return Written(head, rest, size=len(head) + len(rest))

    def _clear_rest(self, terms: Terms) -> bytes:
        rest = self._clear.get(terms)
        if rest is None:
            rest = self._clear[terms] = write_clear(terms)
        return rest

    def basis(self, basis: Basis, terms: Terms) -> bytes:
        """Return an `AnswerBasis`."""
        key = basis.ground, terms
        told = self._grounds.get(key)
        if told is None:
            if len(self._grounds) >= _MOST_GROUNDS:
                self._grounds.clear()
            told = self._grounds[key] = _ground_message(basis.ground, terms).SerializeToString()
        since = basis.answered_at - _EPOCH
        instant = _seconds(since.days * _DAY_S + since.seconds) + _nanos(since.microseconds * 1_000)
        return told + opening(_TIME, len(instant)) + instant

    def short(self, screened: Screened[Written], terms: Terms, fields: ShortFields, head: bytes = b"") -> bytes:
        """Return `head` with the verdicts, the details and the basis in these fields."""
        told = self.basis(screened.basis, terms)
        words_of = screened.verdicts.translate(_VERDICTS)
        parts = [head, opening(fields.verdicts, len(words_of)), words_of, opening(fields.basis, len(told)), told]
        room = _Room(MOST_REPLY_BYTES - sum(map(len, parts)), len(screened.found))
        _add_details(parts, screened.found, fields.details, room)
        return b"".join(parts)

    def long(self, codes: Sequence[str], screened: Screened[Written], terms: Terms) -> bytes:
        """Return a `BatchCheckRestrictionsResponse` with a result for each item."""
        told = self.basis(screened.basis, terms)
        parts = [opening(pb.BatchCheckRestrictionsResponse.BASIS_FIELD_NUMBER, len(told)), told]
        room = _Room(MOST_REPLY_BYTES - sum(map(len, parts)), len(codes))
        field = pb.BatchCheckRestrictionsResponse.RESULTS_FIELD_NUMBER
        for place, code in enumerate(codes):
            item = screened.found.get(place)
            if isinstance(item, Refused):
                error = room.error(item)
                inside = opening(_RESULT_ERROR, len(error))
                parts += opening(field, len(inside) + len(error)), inside, error
            else:
                if item is None and screened.verdicts[place] != CLEAR:
                    raise RuntimeError("an item of a list was neither answered nor found clear")
                reply = room.answer(self.clear(code, terms) if item is None else item.reply)
                inside = opening(_RESULT_ANSWER, reply.size)
                parts += opening(field, len(inside) + reply.size), inside, *reply.parts
        return b"".join(parts)


class _Room:
    """How much of a reply is left for details, when each of the items still to come may need what a brief one needs."""

    def __init__(self, size: int, items: int) -> None:
        self._left = size - items * BRIEF_BYTES

    def answer(self, reply: Written) -> Written:
        """Return the answer, or what is left of it where it does not fit."""
        left = self._left - reply.size + _SPARE_BYTES
        if left < 0:
            return reply.brief()
        self._left = left
        return reply

    def error(self, refused: Refused) -> bytes:
        """Return the error, or what is left of it where it does not fit."""
        message = item_error(refused)
        data = message.SerializeToString()
        left = self._left - len(data) + _SPARE_BYTES
        if left < 0:
            return type(message)(reason=message.reason, message=_LEFT_OFF).SerializeToString()
        self._left = left
        return data


def _add_details(parts: list[bytes], found: Mapping[int, Ready[Written] | Refused], field: int, room: _Room) -> None:
    for place, item in found.items():
        index = numbered(_INDEX, place)
        if isinstance(item, Refused):
            error = room.error(item)
            inside = index + opening(_DETAIL_ERROR, len(error))
            parts += opening(field, len(inside) + len(error)), inside, error
        else:
            reply = room.answer(item.reply)
            size = reply.size
            inside = index + opening(_DETAIL_ANSWER, size)
            parts += (
                *(opening(field, len(inside) + size), inside),
                *(reply.code, reply.verdicts, reply.record.join(reply.frame), reply.rest),
            )


@lru_cache(maxsize=16)
def _seconds(seconds: int) -> bytes:
    return numbered(1, seconds)


def _nanos(nanos: int) -> bytes:
    """Return the second field of a timestamp, in six bytes whatever the number: quicker than as few as possible."""
    return bytes(
        (
            *(_NANOS_TAG, nanos & 0x7F | 0x80, nanos >> 7 & 0x7F | 0x80, nanos >> 14 & 0x7F | 0x80),
            *(nanos >> 21 & 0x7F | 0x80, nanos >> 28),
        )
    )


def _ground_message(ground: Ground, terms: Terms) -> pb.AnswerBasis:
    message = pb.AnswerBasis(
        revision=revision_message(ground.revision),
        stale=ground.stale,
        as_of_date=iso(ground.day),
        catalogue_edition=ground.catalogue_edition,
        law=[pb.EditionInUse(kind=words.EDITION_KIND.write(kind), edition=name) for kind, name in ground.law.items()],
        land_purpose=words.LAND_PURPOSE.write(terms.land_purpose if Area.LAND_SUPPLY in terms.areas else None),
    )
    if ground.known_at is not None:
        set_time(message.known_at, ground.known_at)
    return message
