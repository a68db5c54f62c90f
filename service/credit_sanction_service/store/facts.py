"""
Facts of records as text, and back: a list by place, for there are millions of them.

Stored forms outlive releases: a place is never given another meaning, and a new one comes last, with a default.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, Final

from credit_sanction_service.domain.enterprises import Authority
from credit_sanction_service.domain.facts import MeasureFacts, PenaltyFacts, RecordFacts
from credit_sanction_service.domain.leads import leads_to
from credit_sanction_service.domain.terms import Area, State

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALWAYS: Final = 15
# What a place is where it was left off; the first fifteen never are.
_DEFAULTS: Final[list[Any]] = [*[None] * _ALWAYS, 0, 0, None, None, ()]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedRecords:
    """
    Some records as an index keeps them: their facts one after the other, in bytes of UTF-8, with their lengths; and the
    hashes of what leads to them likewise, four bytes each with the lowest first. The lengths are in bytes, as 32-bit numbers
    with the highest byte first. `done` of 1.0 is read now.
    """

    count: int
    facts: bytes
    facts_lengths: bytes
    leads: bytes
    leads_lengths: bytes
    done: float


def dump_facts(facts: RecordFacts) -> str:
    """Return the facts as a JSON list. What is at its default is left off at the end."""
    places: list[Any] = [
        facts.id,
        facts.version,
        facts.state.value,
        facts.code,
        facts.enterprise_name,
        facts.former_names,
        facts.numbers,
        _text(facts.since),
        _text(facts.last_day),
        [[_text(end), *(one.area.value for one in those)] for end, those in groupby(facts.measures, lambda m: m.end)],
        facts.authority.code,
        facts.authority.name,
        facts.document_number,
        facts.catalogue_edition,
        facts.district,
        int(facts.ever_listed),
        int(facts.disputed),
        _text(facts.ended_on),
        _text(facts.penalty.decided_on) if facts.penalty else None,
        [[_text(first), _text(resumed)] for first, resumed in facts.rests],
    ]
    while len(places) > _ALWAYS and not places[-1]:
        places.pop()
    return json.dumps(places, ensure_ascii=False, separators=(",", ":"))


def load_facts(text: str | bytes) -> RecordFacts:
    """Return the facts that `dump_facts` wrote. Raises `ValueError` for what it cannot have written."""
    places: list[Any] = json.loads(text)
    (
        identifier,
        version,
        state,
        code,
        name,
        former_names,
        numbers,
        since,
        last_day,
        runs,
        authority_code,
        authority_name,
        document_number,
        edition,
        district,
        ever_listed,
        disputed,
        ended_on,
        penalty,
        rests,
    ) = places + _DEFAULTS[len(places) :]
    return RecordFacts(
        id=identifier,
        version=version,
        state=State(state),
        code=code,
        enterprise_name=name,
        former_names=tuple(former_names),
        numbers=tuple(numbers),
        since=_day(since),
        last_day=_day(last_day),
        measures=tuple(chain.from_iterable(_measures(*run) for run in runs)),
        authority=Authority(code=authority_code, name=authority_name),
        document_number=document_number,
        catalogue_edition=edition,
        district=district,
        ever_listed=bool(ever_listed),
        disputed=bool(disputed),
        ended_on=_day(ended_on),
        penalty=PenaltyFacts(decided_on=date.fromisoformat(penalty)) if penalty else None,
        rests=tuple((date.fromisoformat(first), _day(resumed)) for first, resumed in rests),
    )


@lru_cache(maxsize=1_024)
def _measures(end: str | None, *areas: str) -> tuple[MeasureFacts, ...]:
    """Return the measures of some areas that end on one day: many records have the same."""
    day = _day(end)
    return tuple(MeasureFacts(area=Area(area), end=day) for area in areas)


def pack_leads(facts: RecordFacts) -> bytes:
    """Return the hashes of what leads to a record, four bytes each, the lowest first."""
    leads = leads_to(facts)
    return struct.pack(f"<{len(leads)}I", *leads)


def pack_records(records: Iterable[RecordFacts]) -> PackedRecords:
    """Return these records as the store hands them out to an index."""
    texts: list[bytes] = []
    leads: list[bytes] = []
    for facts in records:
        texts.append(dump_facts(facts).encode())
        leads.append(pack_leads(facts))
    return PackedRecords(
        count=len(texts),
        facts=b"".join(texts),
        facts_lengths=struct.pack(f">{len(texts)}i", *map(len, texts)),
        leads=b"".join(leads),
        leads_lengths=struct.pack(f">{len(leads)}i", *map(len, leads)),
        done=1.0,
    )


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
