"""
How editions get into the store: each once, whole, one load a revision, while no writer is under way.

What follows from a new law follows in the same transaction, so that nobody sees the one without the other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from credit_sanction_service.domain.editions import UnreadableEdition
from credit_sanction_service.domain.faults import EditionRefused
from credit_sanction_service.domain.law import Law, build_law
from credit_sanction_service.store.commit import RULES_LOCK, write_changes
from credit_sanction_service.store.law import StoredEdition, get_edition, law_of, read_stored
from credit_sanction_service.store.law_effects import move_records
from credit_sanction_service.store.targets import load_targets
from credit_sanction_service.store.transaction import ChangeKind, Transaction
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from credit_sanction_service.domain.editions import Edition
    from credit_sanction_service.store.connect import Connection

RELEASE: Final = "release"  # who did it, in the change log, where an edition came with a release
# Names editions in the change log, whose subjects are UUIDs.
_NAMESPACE: Final = UUID("6f2b1a52-5f0c-5d0e-9f0a-6c61775f6564")


def install_editions(
    connection: Connection,
    editions: Sequence[Edition],
    *,
    now: datetime,
    loaded_by: str = "",
    on_loaded: Sequence[Callable[[Transaction], None]] = (),
) -> list[Edition]:
    """
    Load those of `editions` that the store does not have, in their order and as one revision, and return them.

    Writers wait meanwhile, so none goes by two laws. Each of `on_loaded` is called in the load's own transaction, which is
    under the new law: for what else follows from it. Raises `EditionRefused` where another text has an edition's name, or
    where the law would not be whole with it; `LawUnreadable` where that of the store cannot be read as it is.
    """
    if not _missing(connection, editions):
        return []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (RULES_LOCK,))
        fresh = _missing(connection, editions)
        if fresh:
            before, law = _laws(connection, fresh)
            tx = Transaction(connection, now=now, targets=load_targets(connection), law=law)
            for edition in fresh:
                _log(tx, edition, principal=loaded_by or RELEASE)
            move_records(tx, before)
            for follow in on_loaded:
                follow(tx)
            write_changes(connection, tx.changes, targets=tx.targets, day=tx.today)
            _store(tx, fresh, loaded_by=loaded_by)
    return fresh


def check_edition(connection: Connection, edition: Edition, *, now: datetime, loaded_by: str = "") -> StoredEdition:
    """Return what `install_editions` would leave of an edition, without loading it: of no revision unless it is there."""
    if not _missing(connection, [edition]):
        return get_edition(connection, edition.kind, edition.name)
    _laws(connection, [edition])
    return StoredEdition(
        kind=edition.kind,
        name=edition.name,
        text=edition.text,
        digest=edition.digest,
        loaded_by=loaded_by,
        loaded_at=now,
        revision=Revision(epoch=0, number=0),
    )


def _missing(connection: Connection, editions: Sequence[Edition]) -> list[Edition]:
    rows = connection.execute("SELECT kind, edition, digest FROM law_edition").fetchall()
    known = {(row[0], row[1]): row[2] for row in rows}
    for edition in editions:
        if known.get((edition.kind, edition.name), edition.digest) != edition.digest:
            raise EditionRefused(
                f"{edition.kind} {edition.name} is loaded with another text: an edition never changes, so give a correction"
                " a name of its own"
            )
    return [edition for edition in editions if (edition.kind, edition.name) not in known]


def _laws(connection: Connection, fresh: Sequence[Edition]) -> tuple[Law | None, Law]:
    """Return the law before and after; before the first edition there was none."""
    rows = connection.execute("SELECT kind, edition, text FROM law_edition ORDER BY ordinal").fetchall()
    known = [read_stored(*row) for row in rows]
    before = law_of(known) if known else None
    try:
        return before, build_law([*known, *fresh])
    except UnreadableEdition as fault:
        raise EditionRefused(str(fault)) from None


def _log(tx: Transaction, edition: Edition, *, principal: str) -> None:
    tx.log(
        ChangeKind.EDITION,
        uuid5(_NAMESPACE, f"{edition.kind} {edition.name}"),
        version=1,
        body=json.dumps({"kind": edition.kind, "edition": edition.name, "digest": edition.digest}),
        action="LOAD",
        principal=principal,
    )


def _store(tx: Transaction, fresh: Sequence[Edition], *, loaded_by: str) -> None:
    """Write editions of the revision just drawn."""
    tx.connection.execute(
        """
        INSERT INTO law_edition (kind, edition, text, digest, loaded_by, loaded_at, epoch, revision, ordinal)
        SELECT given.kind, given.edition, given.text, given.digest, %(by)s, %(now)s, head.epoch, head.number,
            given.ordinal + (SELECT coalesce(max(ordinal), 0) FROM law_edition)
        FROM store_head head, unnest(%(kinds)s::text[], %(names)s::text[], %(texts)s::text[], %(digests)s::text[])
            WITH ORDINALITY AS given (kind, edition, text, digest, ordinal)
        """,
        {
            "by": loaded_by,
            "now": tx.now,
            "kinds": [edition.kind.value for edition in fresh],
            "names": [edition.name for edition in fresh],
            "texts": [edition.text for edition in fresh],
            "digests": [edition.digest for edition in fresh],
        },
    )
    tx.connection.execute("UPDATE store_head SET law_version = law_version + 1")
