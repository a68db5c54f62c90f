"""The rule tables as the store has them, and the law that they make together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.editions import Edition, UnreadableEdition, read_header
from credit_sanction_service.domain.faults import NotFound, StoreUnavailable
from credit_sanction_service.domain.law import Law, build_law
from credit_sanction_service.domain.terms import EditionKind
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from credit_sanction_service.store.connect import Connection, Row


class LawUnreadable(StoreUnavailable):
    """The store's law is not for this code to read: it was made for a later release, or is not there at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEdition:
    """One edition as it was loaded. `loaded_by` is empty where it came with a release; lists leave `text` empty."""

    kind: EditionKind
    name: str
    text: str
    digest: str
    loaded_by: str
    loaded_at: datetime
    revision: Revision


def load_law(connection: Connection, *, until: Revision | None = None) -> Law:
    """Return the law as of a revision, None: as it is now. Raises `LawUnreadable` naming the edition at fault."""
    rows = connection.execute(
        "SELECT kind, edition, text FROM law_edition"
        " WHERE %(epoch)s::integer IS NULL OR (epoch, revision) <= (%(epoch)s::integer, %(number)s::bigint)"
        " ORDER BY ordinal",
        {"epoch": until and until.epoch, "number": until and until.number},
    ).fetchall()
    if not rows:
        raise LawUnreadable("the store has no rule tables yet: run `credit-sanction-service migrate` first")
    return law_of([read_stored(*row) for row in rows])


def law_of(editions: Iterable[Edition]) -> Law:
    """Return the law that editions of the store make, in the order of their loading. Raises `LawUnreadable`."""
    try:
        return _build(tuple(editions))
    except UnreadableEdition as fault:
        raise LawUnreadable(_SENTENCE.format(fault)) from None


def read_stored(kind: str, name: str, text: str) -> Edition:
    """Return an edition of the store. Raises `LawUnreadable`."""
    try:
        return read_header(text)
    except UnreadableEdition as fault:
        raise LawUnreadable(_SENTENCE.format(f"{kind} {name}: {fault}")) from None


class KnownLaw:
    """The law that was read last. It is read anew once the store's version of it has moved, and on another connection."""

    def __init__(self) -> None:
        self._place: tuple[Connection, int] | None = None
        self._law: Law | None = None

    def at(self, connection: Connection, version: int) -> Law:
        """Return the law of a version that was just read from the store's head. Raises `LawUnreadable`."""
        # What was restored behind a lost connection may have counted up to the same version on another way.
        if self._law is None or self._place != (connection, version):
            self._law = load_law(connection)
            self._place = (connection, version)
        return self._law

    def current(self, connection: Connection) -> Law:
        """Return the law as the connection's next statement would see it. Raises `LawUnreadable`."""
        row = connection.execute("SELECT law_version FROM store_head").fetchone()
        if row is None:
            raise RuntimeError("the store has no head")
        return self.at(connection, row[0])


def first_edition_after(connection: Connection, known: Revision, *, until: Revision) -> Revision | None:
    """Return the first revision in (known, until], both of one epoch, that loaded an edition; None where none did."""
    row = connection.execute(
        "SELECT min(revision) FROM law_edition WHERE epoch = %s AND revision > %s AND revision <= %s",
        (known.epoch, known.number, until.number),
    ).fetchone()
    return Revision(epoch=known.epoch, number=row[0]) if row and row[0] is not None else None


def list_editions(connection: Connection, kinds: Collection[EditionKind] = ()) -> list[StoredEdition]:
    """Return the editions of these kinds, of all where none is named, in the order of loading, without their texts."""
    rows = connection.execute(
        "SELECT kind, edition, '', digest, loaded_by, loaded_at, epoch, revision FROM law_edition"
        " WHERE %(all)s OR kind = ANY (%(kinds)s) ORDER BY ordinal",
        {"all": not kinds, "kinds": [kind.value for kind in kinds]},
    ).fetchall()
    return [_stored(row) for row in rows]


def get_edition(connection: Connection, kind: EditionKind, name: str) -> StoredEdition:
    """Return one edition with its text. Raises `NotFound`."""
    row = connection.execute(
        "SELECT kind, edition, text, digest, loaded_by, loaded_at, epoch, revision FROM law_edition"
        " WHERE kind = %s AND edition = %s",
        (kind.value, name),
    ).fetchone()
    if row is None:
        raise NotFound("edition", f"{kind} {name}")
    return _stored(row)


_SENTENCE: Final = "this release cannot read the store's rule tables ({}): start the release that they were loaded for"
# Every process of a machine, and every test, reads the same few editions again and again. A law never changes.
_build = lru_cache(maxsize=8)(build_law)


def _stored(row: Row) -> StoredEdition:
    try:
        kind = EditionKind(row[0])
    except ValueError:
        raise LawUnreadable(_SENTENCE.format(f"{row[0]} {row[1]}: this kind is not known")) from None
    return StoredEdition(
        kind=kind,
        name=row[1],
        text=row[2],
        digest=row[3],
        loaded_by=row[4],
        loaded_at=row[5],
        revision=Revision(epoch=row[6], number=row[7]),
    )
