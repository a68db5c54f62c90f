"""
Answers as the bytes of the contract's messages, in parts that many answers share.

A message's bytes may be put together of those of its parts, in any order (protobuf: what is read last of a field counts, and
repeated fields and messages are joined). So what the catalogue says of an area is written once, and what a record says once for
all its areas.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction_service.api import words
from credit_sanction_service.api.parts import authority_message, basis_message, iso
from credit_sanction_service.domain.answers import Known, Question, answer
from credit_sanction_service.domain.calendar import EARLIEST
from credit_sanction_service.domain.effect import MeasureOfThePast
from credit_sanction_service.domain.identifiers import Code, Judgement

if TYPE_CHECKING:
    from datetime import date

    from credit_sanction_service.domain.answers import Answer
    from credit_sanction_service.domain.effect import InForce
    from credit_sanction_service.domain.exits import RegisteredObligation
    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.domain.measures import Basis as LegalBasis
    from credit_sanction_service.domain.measures import Demand, Row
    from credit_sanction_service.domain.terms import Area, CreditDirection, RestrictionState, UnknownReason, Verdict
    from credit_sanction_service.restrictions.prepared import Terms

    Shown: TypeAlias = InForce | MeasureOfThePast

_RESTRICTIONS: Final = pb.RestrictionAnswer.RESTRICTIONS_FIELD_NUMBER
_OMITTED: Final = pb.RestrictionAnswer(details_omitted=True).SerializeToString()
_MOST_ROWS: Final = 4_096
_VARINT_FROM: Final = 0x80
_EMPTY: Final = 500  # of the objects around it, and of the code


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """
    The bytes of a `RestrictionAnswer`: its code, its verdicts, then all that may be left off, which is `record` between each two
    parts of `frame`, and the `rest`. `size`: how many they are. Frames and verdicts are shared by many.
    """

    code: bytes
    verdicts: bytes
    frame: tuple[bytes, ...] = (b"",)
    record: bytes = b""
    rest: bytes = b""
    size: int = 0

    @property
    def parts(self) -> tuple[bytes, bytes, bytes, bytes]:
        """The bytes, in few parts."""
        return self.code, self.verdicts, self.record.join(self.frame), self.rest

    def brief(self) -> Written:
        """Return the same with its details left off, and said to be."""
        return Written(self.code, self.verdicts, (_OMITTED,), size=len(self.code) + len(self.verdicts) + len(_OMITTED))


def size_of(reply: Written) -> int:
    """Return about how much memory a reply holds by itself, in bytes."""
    own = 0 if reply.record else sum(map(len, reply.frame))
    return _EMPTY + len(reply.record) + len(reply.rest) + own


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it."""
    if number < _VARINT_FROM:
        return bytes((number,))
    out = bytearray()
    while number >= _VARINT_FROM:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


@lru_cache(maxsize=65_536)
def opening(field: int, size: int) -> bytes:
    """Return what stands before the `size` bytes of a message or a text in `field`."""
    return varint(field << 3 | 2) + varint(size)


@lru_cache(maxsize=65_536)
def numbered(field: int, number: int) -> bytes:
    """Return a number in `field`; nothing for 0, as protobuf has it."""
    return varint(field << 3) + varint(number) if number else b""


def write_answer(given: Answer) -> Written:
    """Return an answer, written."""
    code = pb.RestrictionAnswer(code=given.code).SerializeToString()
    verdicts = _verdict_part(given.verdict, tuple(given.areas.items()), given.unknown_reasons, given.credit_directions)
    shown: list[Shown] = [*given.restrictions, *given.past]
    frame, record = _frame(shown)
    rest = _rest(given)
    size = len(code) + len(verdicts) + len(rest) + sum(map(len, frame)) + len(record) * (len(frame) - 1)
    return Written(code, verdicts, frame, record, rest, size)


def _frame(shown: list[Shown]) -> tuple[tuple[bytes, ...], bytes]:
    """Return the bytes of restrictions as a frame, and what stands between each two parts of it."""
    said: dict[tuple[str, date, RestrictionState], bytes] = {}
    pieces: list[tuple[bytes, bytes]] = []
    for found in shown:
        key = (found.record.id, found.until, found.state)
        record = said.get(key)
        if record is None:
            record = said[key] = _record_part(found.record, found.until, found.state)
        row = _row_part(found)
        pieces.append((opening(_RESTRICTIONS, len(row) + len(record)) + row, record))
    if len(said) == 1:  # as of nearly everybody: one record, whose measures end on one day
        frame = (*(before for before, _ in pieces), b"")
        if len(_frames) >= _MOST_ROWS:
            _frames.clear()
        return _frames.setdefault(frame, frame), pieces[0][1]
    return (b"".join(chain.from_iterable(pieces)),), b""


_frames: Final[dict[tuple[bytes, ...], tuple[bytes, ...]]] = {}


def write_clear(terms: Terms) -> bytes:
    """Return what stands, beside its code, in the answer about whom nothing is known."""
    nobody = Code(value="", judgement=Judgement.ACCEPTED, kind=None)
    question = Question(code=nobody, name="", areas=terms.areas, land_purpose=terms.land_purpose)
    return b"".join(write_answer(answer(question, Known(), day=EARLIEST, catalogues={})).parts)


@lru_cache(maxsize=4_096)
def _verdict_part(
    verdict: Verdict,
    areas: tuple[tuple[Area, Verdict], ...],
    reasons: tuple[UnknownReason, ...],
    directions: tuple[CreditDirection, ...],
) -> bytes:
    return pb.RestrictionAnswer(
        verdict=words.VERDICT.write(verdict),
        areas=[
            pb.AreaVerdict(area=words.AREA.write(area), verdict=words.VERDICT.write(of_area)) for area, of_area in areas
        ],
        unknown_reasons=map(words.UNKNOWN_REASON.write, reasons),
        credit_directions=map(words.CREDIT_DIRECTION.write, directions),
    ).SerializeToString()


def _rest(given: Answer) -> bytes:
    return pb.RestrictionAnswer(
        name=given.name,
        explanations=given.explanations,
        candidates=[
            pb.Candidate(code=candidate.code, name=candidate.name, explanation=candidate.explanation)
            for candidate in given.candidates
        ],
        supports=map(_support, given.supports),
    ).SerializeToString()


def _support(obligation: RegisteredObligation) -> pb.Support:
    declared = obligation.active_exit
    return pb.Support(
        obligation=obligation.name,
        item=obligation.obligation.item,
        declared_on=iso(declared.declared_on) if declared else "",
        document_number=declared.document_number if declared else "",
    )


def _record_part(record: RecordFacts, until: date, state: RestrictionState) -> bytes:
    """Return what a restriction says of its record."""
    return pb.Restriction(
        record=record.name,
        authority=authority_message(record.authority),
        document_number=record.document_number,
        since=iso(record.since),
        until=iso(until),
        disputed=record.disputed,
        catalogue_edition=record.catalogue_edition,
        state=words.RESTRICTION_STATE.write(state),
    ).SerializeToString()


# By row and bases, which are compared by identity: the row is kept beside the bytes, so that none takes its place.
_row_parts: Final[dict[tuple[int, ...], tuple[Row, bytes]]] = {}


def _row_part(found: Shown) -> bytes:
    """Return what a restriction says of its area: that of the catalogue for the day."""
    has_effect = not isinstance(found, MeasureOfThePast)
    row = found.row
    key = (id(row), id(found.basis), has_effect, *(id(one.basis) << 1 | one.binding for one in found.demands))
    held = _row_parts.get(key)
    if held is not None:
        return held[1]
    if len(_row_parts) >= _MOST_ROWS:
        _row_parts.clear()
    data = _row_message(row, found.basis, found.demands, has_effect=has_effect).SerializeToString()
    _row_parts[key] = row, data
    return data


def _row_message(row: Row, basis: LegalBasis, demands: tuple[Demand, ...], *, has_effect: bool) -> pb.Restriction:
    principal = demands[0].binding
    return pb.Restriction(
        area=words.AREA.write(row.area),
        binding=has_effect and principal,
        bound=principal and not has_effect,
        directive_zh=row.directive_zh,
        directive_en=row.directive_en,
        legal_basis=basis_message(basis),
        actions=map(words.ACTION.write, row.actions),
        executing_department="、".join(row.departments),
        demands=[
            pb.Demand(
                action=words.ACTION.write(demand.action),
                binding=has_effect and demand.binding,
                bound=demand.binding and not has_effect,
                legal_basis=basis_message(demand.basis),
            )
            for demand in demands
        ],
    )
