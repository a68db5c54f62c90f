"""
Use cases over the public lists: publish, withdraw, read.

An entry moves the store's revision and its change log, so that what was public when can be proved. It is no record: nothing
here is read by look-ups, and no target is moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.faults import Invalid, VersionConflict
from credit_sanction_service.domain.public_lists import publish, withdraw
from credit_sanction_service.store import public_lists as entries
from credit_sanction_service.store.public_lists import StoredEntry
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_sanction_service.calls import Call
    from credit_sanction_service.domain.public_lists import EntryDraft, ListEntry, WithdrawalDraft
    from credit_sanction_service.store.connect import Reader
    from credit_sanction_service.store.public_lists import EntryQuery
    from credit_sanction_service.store.transaction import Transaction
    from credit_sanction_service.store.writer import Writer


class PublicLists:
    """The use cases. What they judge by is the law of the transaction that they write in."""

    def __init__(self, writer: Writer, reader: Reader, *, timeout: float = 20) -> None:
        self._writer = writer
        self._reader = reader
        self._timeout = timeout

    def publish(self, draft: EntryDraft, call: Call) -> StoredEntry:
        """Publish one entry. Raises `Invalid`, `NotPermitted`, `EntryExists`, `RequestIdReused`."""

        def work(tx: Transaction) -> ListEntry:
            try:
                entry = publish(draft, entry_id=new_id(), today=tx.today, law=tx.law)
            except Invalid as fault:
                raise fault.under("entry") from None
            call.principal.require_scope(entry.authority.code, entry.district.code)
            entries.insert_entry(tx, entry, principal=call.principal.name)
            return entry

        return self._write(work, call)

    def withdraw(self, entry_id: str, version: int, draft: WithdrawalDraft, call: Call) -> StoredEntry:
        """Withdraw an entry that the caller has read at `version`. Raises as above, `VersionConflict`, `StateConflict`."""

        def work(tx: Transaction) -> ListEntry:
            entry = entries.lock_entry(tx, entry_id)
            call.principal.require_scope(entry.authority.code, entry.district.code)
            if entry.version != version:
                raise VersionConflict(entry.name, given=version, actual=entry.version)
            withdrawn = withdraw(entry, draft, today=tx.today, law=tx.law)
            entries.withdraw_entry(tx, withdrawn, principal=call.principal.name)
            return withdrawn

        return self._write(work, call)

    def get(self, entry_id: str) -> StoredEntry:
        """Return an entry, withdrawn or not. Raises `NotFound`."""
        with self._reader.connection() as connection:
            return entries.get_entry(connection, entry_id)

    def page(self, query: EntryQuery) -> list[StoredEntry]:
        """Return one page."""
        with self._reader.connection() as connection:
            return entries.list_entries(connection, query)

    def _write(self, work: Callable[[Transaction], ListEntry], call: Call) -> StoredEntry:
        """Do the work once for its request id and return what it wrote, as it was then."""
        if call.validate_only:
            now, entry = self._writer.run(lambda tx: (tx.now, work(tx)), dry=True, timeout=self._timeout).value
            nowhere = Revision(epoch=0, number=0)
            return StoredEntry(entry=entry, revision=nowhere, created_at=now, updated_at=now)

        def remembered(tx: Transaction) -> tuple[str, int]:
            key = call.key
            first = tx.recall(key) if key else None
            if first is not None:
                return first["id"], first["version"]
            entry = work(tx)
            if key:
                tx.remember(key, {"id": entry.id, "version": entry.version})
            return entry.id, entry.version

        entry_id, version = self._writer.run(remembered, timeout=self._timeout).value
        with self._reader.connection() as connection:
            return entries.get_entry(connection, entry_id, version)
