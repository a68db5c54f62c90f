"""
Entries as the bytes of their messages, put together of parts.

What the catalogue says of a measure is written once a day and state, and not for each record again. (Fields of a message may
stand in its bytes in any order, and the bytes of two parts of a message are those of both.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction.v1 import restriction_service_pb2 as restriction_pb
from credit_sanction.v1 import watch_service_pb2 as pb
from credit_sanction_service.api import words
from credit_sanction_service.api.parts import authority_message, basis_message, iso
from credit_sanction_service.domain.terms import RestrictionState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction_service.restrictions.entries import Entry, Standing, Wording

_RESTRICTIONS: Final = pb.RestrictionEntry.RESTRICTIONS_FIELD_NUMBER
_MOST_WORDINGS: Final = 10_000
_LENGTH_DELIMITED: Final = 2

# By the identity of the wording, on which each of them holds.
_wordings: dict[tuple[int, str, RestrictionState], tuple[Wording, bytes]] = {}


def entry_bytes(entry: Entry) -> bytes:
    """Return the `RestrictionEntry` of an entry. Of a record to be forgotten no more is told than which it is."""
    record = entry.record
    message = pb.RestrictionEntry(
        record=record.name, version=record.version, code=record.code, state=words.RESTRICTION_STATE.write(entry.state)
    )
    if entry.state is RestrictionState.ENDED:
        return message.SerializeToString()
    message.name = record.enterprise_name
    message.former_names.extend(record.former_names)
    message.other_numbers.extend(record.numbers)
    message.district = record.district
    message.portfolio_codes.extend(entry.codes)
    of_record = restriction_pb.Restriction(
        record=record.name,
        authority=authority_message(record.authority),
        document_number=record.document_number,
        disputed=record.disputed,
    ).SerializeToString()
    return message.SerializeToString() + within(
        _RESTRICTIONS, [_of_wording(entry, one) + of_record + _of_days(one) for one in entry.standings]
    )


def within(field: int, messages: Iterable[bytes]) -> bytes:
    """Return messages as the bytes of a repeated field."""
    tag = _varint(field << 3 | _LENGTH_DELIMITED)
    return b"".join([part for message in messages for part in (tag, _varint(len(message)), message)])


def _of_wording(entry: Entry, standing: Standing) -> bytes:
    key = (id(standing.wording), entry.record.catalogue_edition, entry.state)
    found = _wordings.get(key)
    if found is None:
        found = standing.wording, _write(entry, standing.wording)
        if len(_wordings) >= _MOST_WORDINGS:
            _wordings.clear()
        _wordings[key] = found
    return found[1]


def _write(entry: Entry, wording: Wording) -> bytes:
    row, rests = wording.row, entry.state is RestrictionState.SUSPENDED
    return restriction_pb.Restriction(
        area=words.AREA.write(row.area),
        binding=wording.binding and not rests,
        bound=wording.binding and rests,
        directive_zh=row.directive_zh,
        directive_en=row.directive_en,
        legal_basis=basis_message(wording.basis),
        catalogue_edition=entry.record.catalogue_edition,
        actions=[words.ACTION.write(action) for action in row.actions],
        executing_department="、".join(row.departments),
        demands=[
            restriction_pb.Demand(
                action=words.ACTION.write(demand.action),
                binding=demand.binding and not rests,
                bound=demand.binding and rests,
                legal_basis=basis_message(demand.basis),
            )
            for demand in wording.demands
        ],
        state=words.RESTRICTION_STATE.write(entry.state),
    ).SerializeToString()


def _of_days(standing: Standing) -> bytes:
    return restriction_pb.Restriction(since=iso(standing.since), until=iso(standing.until)).SerializeToString()


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte, the eighth says that more follow
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
