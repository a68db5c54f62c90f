"""The judgement once all is quiet: what every target should show, worked out from the records, against what it shows."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tests.chaos.places import today

from credit_sanction_connectors.standins.kinds import BY_FILE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from tests.chaos.clerks import Clerk
    from tests.chaos.proof import Row, Try
    from tests.chaos.street import Stall, Street

    from credit_sanction.types import SanctionRecord


_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found, each in a line; how many lines there are is the figure."""

    lost: list[str] = field(default_factory=list)
    inversions: list[str] = field(default_factory=list)
    unconverged: list[str] = field(default_factory=list)
    unaccounted_attempts: list[str] = field(default_factory=list)


def lost_writes(
    clerks: Iterable[Clerk],
    records: Mapping[str, SanctionRecord],
    versions: Collection[tuple[str, int, int, int]],
) -> Iterator[str]:
    """Yield every acknowledged write that is not there: in the records read back, or in the change log."""
    for clerk in clerks:
        for name, last in clerk.acknowledged.items():
            found = records.get(name)
            if found is None:
                yield f"{name}: acknowledged at version {last.version}, and not there"
            elif _facts(found) != _facts(last):
                yield f"{name}: acknowledged as {_facts(last)}, and read back as {_facts(found)}"
        for name, refusal in clerk.refused.items():
            yield f"{name}: acknowledged at version {clerk.acknowledged[name].version}, the next write was refused: {refusal}"
        for write in sorted(clerk.versions.difference(versions)):
            yield f"{write[0]}: acknowledged at version {write[1]}, revision {write[2:]}, not in the change log"


def unconverged(stall: Stall, records: Iterable[SanctionRecord]) -> Iterator[str]:
    """Yield every difference between what a target shows and what it should, and believes of an enterprise and should."""
    place, books, day = stall.place, stall.books, today()
    wanted: defaultdict[str, dict[str, SanctionRecord]] = defaultdict(dict)
    standing: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        if place.takes(record, day):
            wanted[place.subject(record)][record.name] = record
            standing[record.enterprise.code].add(record.name)
    shown = {subject: held for subject, held in books.held.items() if held.present}
    for subject in sorted(wanted.keys() - shown.keys()):
        yield f"{place.name} lacks {subject}"
    for subject in sorted(shown.keys() - wanted.keys()):
        yield f"{place.name} still shows {subject}"
    for subject in sorted(shown.keys() & wanted.keys()):
        told = set(_versions_told(shown[subject].document))
        right = {record.version for record in wanted[subject].values()}
        if told and told != right:
            yield f"{place.name} shows {subject} in the versions {sorted(told)}, not {sorted(right)}"
    for code in sorted(standing.keys() | books.standing.keys()):
        believed = set(books.standing[code].in_force) if code in books.standing else set()
        if believed != standing[code]:
            yield f"{place.name} believes {sorted(believed)} in force of {code}, not {sorted(standing[code])}"


def inversions(stall: Stall) -> Iterator[str]:
    """Yield every request that reached a target after one of a newer version."""
    yield from (f"{stall.place.name}: {line}" for line in stall.books.inverted)


def unaccounted(street: Street, tries: Mapping[Row, Sequence[Try]], renewed: Collection[str]) -> Iterator[str]:
    """Yield what does not add up between requests that arrived and attempts that were opened, and within the attempts."""
    for row, attempts in tries.items():
        yield from _gaps(row, attempts)
        if f"targets/{row[0]}/deliveries/{row[1]}" not in renewed:
            yield from _keys(row, attempts)
    for stall in street.stalls:
        own = [attempt for row, attempts in tries.items() if row[0] == stall.place.name for attempt in attempts]
        yield from _arrivals(stall, own)


def _gaps(row: Row, attempts: Sequence[Try]) -> Iterator[str]:
    if [attempt.number for attempt in attempts] != list(range(1, len(attempts) + 1)):
        yield f"{row}: attempts are numbered {[attempt.number for attempt in attempts]}"
    for attempt in attempts:
        if not attempt.outcome:
            yield f"{row}: attempt {attempt.number} ({attempt.key}) of {attempt.opened_at} was never closed"


def _keys(row: Row, attempts: Sequence[Try]) -> Iterator[str]:
    """
    Yield retries of one version under another key, unless the target had confirmed that version before, or had refused it and
    a person has it sent anew: here that is what happens to everything that is refused.
    """
    answered: set[tuple[int, int]] = set()
    for before, after in pairwise(attempts):
        if before.outcome in {"CONFIRMED", "REJECTED"}:
            answered.add(before.version)
        if after.version < before.version:
            yield f"{row}: attempt {after.number} is of version {after.version}, after {before.version}"
        if after.version == before.version and after.key != before.key and after.version not in answered:
            yield f"{row}: attempt {after.number} retries {before.key} as {after.key}, which nobody had confirmed"


def _arrivals(stall: Stall, attempts: Sequence[Try]) -> Iterator[str]:
    place, books = stall.place, stall.books
    opened = Counter(attempt.key for attempt in attempts)
    again = stall.shown_again()
    for key, count in books.reached.items():
        if count > opened[key] + again[key]:
            yield f"{place.name}: {key} arrived {count} times, and {opened[key]} attempts were opened"
    for attempt in attempts:
        if attempt.outcome == "CONFIRMED" and attempt.receipt not in books.receipts[attempt.key]:
            given = sorted(books.receipts[attempt.key])
            yield f"{place.name}: {attempt.key} was confirmed by receipt {attempt.receipt}, given for it were {given}"
    if place.kind not in BY_FILE:  # there its counterpart brings what it read in a form of its own
        strange = stall.desk.digests.difference(attempt.digest for attempt in attempts)
        yield from (f"{place.name}: a body of digest {digest.hex()} arrived and was never opened" for digest in strange)


def _facts(record: SanctionRecord) -> tuple[object, ...]:
    return (
        record.version,
        (record.revision.epoch, record.revision.number),
        record.state,
        record.responsible_district.code,
        sorted(measure.area for measure in record.measures),
        record.disputed,
    )


def _versions_told(document: object) -> Iterator[int]:
    """Yield every `record_version` that a document of any kind's form says."""
    match document:
        case {"record_version": int(version)}:
            yield version
        case dict():
            for value in document.values():
                yield from _versions_told(value)
        case list():
            for value in document:
                yield from _versions_told(value)


def explained(line: str, street: Street, tries: Mapping[Row, Sequence[Try]]) -> str:
    """Return a finding with all that was sent and seen of the enterprise it is about, at the target it is about."""
    name = next((stall for stall in street.stalls if re.match(rf"\W*{stall.place.name}\b(?!-)", line)), None)
    if name is None:
        return line
    told = [line]
    for code, history in name.books.history.items():
        if code in line or any(word in event for event in history for word in _UUID.findall(line)):
            told += [f"  {name.place.name} of {code}", *(f"    {event}" for event in history)]
            subjects = {event.split()[1].split("/")[1] for event in history}
            for row, attempts in tries.items():
                if row[0] == name.place.name and row[1].rpartition("/")[2] in subjects:
                    told += [f"  attempts of {row[1]}", *(f"    {attempt.line()}" for attempt in attempts)]
    return "\n".join(told)
