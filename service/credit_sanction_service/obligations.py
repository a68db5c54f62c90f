"""
Use cases over exit obligations: register, extend, report, declare, withdraw, read.

Each write is one piece of work for the writer, and every change is a revision. A request id is recalled first and remembered
last, in the same transaction as the change: a retry is answered with the version that the first call wrote.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain import exits
from credit_sanction_service.domain.faults import Invalid, NotPermitted, StateConflict, VersionConflict
from credit_sanction_service.domain.obligations import PLAN_RULE
from credit_sanction_service.domain.parties import name_warnings
from credit_sanction_service.store.obligations import (
    StoredObligation,
    get_obligation,
    get_obligation_versions,
    insert_obligation,
    list_obligations,
    listed_under,
    lock_obligation,
    similar_obligations,
    standing_on,
    update_obligation,
)
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_sanction_service.calls import Call
    from credit_sanction_service.domain.access import Principal
    from credit_sanction_service.domain.drafts import ExtensionDraft
    from credit_sanction_service.domain.exit_drafts import (
        ActiveExitDraft,
        CompletionDraft,
        InterimDraft,
        RegistrationDraft,
        WithdrawalDraft,
    )
    from credit_sanction_service.domain.exits import RegisteredObligation
    from credit_sanction_service.store.connect import Reader
    from credit_sanction_service.store.obligations import ObligationQuery
    from credit_sanction_service.store.transaction import Transaction
    from credit_sanction_service.store.writer import Writer


class Obligations:
    """The use cases. `timeout`, in seconds, bounds each write."""

    def __init__(self, writer: Writer, reader: Reader, *, timeout: float = 20) -> None:
        self._writer = writer
        self._reader = reader
        self._timeout = timeout

    def register(self, draft: RegistrationDraft, call: Call) -> StoredObligation:
        """Take an obligation in. Raises `Invalid`, `NotPermitted`, `RequestIdReused`."""

        def work(tx: Transaction) -> RegisteredObligation:
            try:
                registered = exits.register(draft, obligation_id=new_id(), today=tx.today, law=tx.law)
            except Invalid as fault:
                raise fault.under("obligation") from None
            _require(call.principal, registered)
            registered = _warned(tx, registered)
            insert_obligation(tx, registered, action="REGISTER", principal=call.principal.name)
            return registered

        return self._write(work, call)

    def extend(self, obligation_id: str, version: int, draft: ExtensionDraft, call: Call) -> StoredObligation:
        """
        Grant the one extension. Raises as `exits.extend`, and as every step does: `NotFound`, `VersionConflict`; and
        `StateConflict` where it was sanctioned already, for that rests on its not having been extended.
        """

        def step(tx: Transaction, registered: RegisteredObligation) -> RegisteredObligation:
            extended = exits.extend(registered, draft, today=tx.today, law=tx.law)
            records = listed_under(tx.connection, registered.name)
            if records:
                text = f"{registered.name} is listed as overdue in {', '.join(records)}: revoke that first"
                raise StateConflict(f"{text} ({exits.EXTENSION_RULE})")
            return extended

        return self._step(obligation_id, version, step, call, action="EXTEND")

    def report_interim(self, obligation_id: str, version: int, draft: InterimDraft, call: Call) -> StoredObligation:
        """Take in that it is sealed. Raises as `exits.report_interim`."""
        return self._step(
            obligation_id,
            version,
            lambda tx, registered: exits.report_interim(registered, draft, today=tx.today, law=tx.law),
            call,
            action="REPORT_INTERIM",
        )

    def report_completion(
        self, obligation_id: str, version: int, draft: CompletionDraft, call: Call
    ) -> StoredObligation:
        """
        Take in that it has exited. Where it did so in time, and is sanctioned all the same, a warning names what has to be
        revoked. Raises as `exits.report_completion`.
        """

        def step(tx: Transaction, registered: RegisteredObligation) -> RegisteredObligation:
            completed = exits.report_completion(registered, draft, today=tx.today, law=tx.law)
            records = listed_under(tx.connection, completed.name)
            in_time = completed.completed_on and completed.last_day and completed.completed_on <= completed.last_day
            if not (records and in_time):
                return completed
            warning = f"按期完成却被列入: it exited in time, and {', '.join(records)} says that it did not: revoke that"
            return replace(completed, warnings=(*completed.warnings, warning))

        return self._step(obligation_id, version, step, call, action="REPORT_COMPLETION")

    def declare_active_exit(
        self, obligation_id: str, version: int, draft: ActiveExitDraft, call: Call
    ) -> StoredObligation:
        """Take in that it exits actively. Raises as `exits.declare_active_exit`."""
        return self._step(
            obligation_id,
            version,
            lambda tx, registered: exits.declare_active_exit(registered, draft, today=tx.today, law=tx.law),
            call,
            action="DECLARE_ACTIVE_EXIT",
        )

    def withdraw(self, obligation_id: str, version: int, draft: WithdrawalDraft, call: Call) -> StoredObligation:
        """
        Take back what was registered by mistake. Raises as `exits.withdraw`, and `StateConflict` while a record that was not
        revoked names it: that one rests on its deadline.
        """

        def step(tx: Transaction, registered: RegisteredObligation) -> RegisteredObligation:
            withdrawn = exits.withdraw(registered, draft, today=tx.today, law=tx.law)
            records = standing_on(tx.connection, registered.name)
            if records:
                text = f"{registered.name} is named by {', '.join(records)}: what rests on it is revoked first"
                raise StateConflict(f"{text} ({PLAN_RULE})")
            return withdrawn

        return self._step(obligation_id, version, step, call, action="WITHDRAW")

    def get(self, obligation_id: str, principal: Principal) -> StoredObligation:
        """Return an obligation that the caller may see. Raises `NotFound`, `NotPermitted`."""
        with self._reader.connection() as connection:
            stored = get_obligation(connection, obligation_id)
        authorities = principal.authorities
        if authorities is not None and stored.registered.authority.code not in authorities:
            raise NotPermitted(f"{principal.name} may not read obligations of other authorities")
        return stored

    def page(self, query: ObligationQuery) -> list[StoredObligation]:
        """Return one page."""
        with self._reader.connection() as connection:
            return list_obligations(connection, query)

    def _step(
        self,
        obligation_id: str,
        version: int,
        step: Callable[[Transaction, RegisteredObligation], RegisteredObligation],
        call: Call,
        *,
        action: str,
    ) -> StoredObligation:
        def work(tx: Transaction) -> RegisteredObligation:
            registered = lock_obligation(tx.connection, obligation_id)
            _require(call.principal, registered)
            if registered.version != version:
                raise VersionConflict(registered.name, given=version, actual=registered.version)
            fresh = step(tx, registered)
            update_obligation(tx, fresh, action=action, principal=call.principal.name)
            return fresh

        return self._write(work, call)

    def _write(self, work: Callable[[Transaction], RegisteredObligation], call: Call) -> StoredObligation:
        """Do the work once for its request id and return what it wrote, as it was then."""
        if call.validate_only:
            now, checked = self._writer.run(lambda tx: (tx.now, work(tx)), dry=True, timeout=self._timeout).value
            unwritten = Revision(epoch=0, number=0)
            return StoredObligation(registered=checked, revision=unwritten, created_at=now, updated_at=now)

        def remembered(tx: Transaction) -> dict[str, Any]:
            key = call.key
            first = tx.recall(key) if key else None
            if first is not None:
                return dict(first)
            written = work(tx)
            outcome = {"id": written.id, "version": written.version}
            if key:
                tx.remember(key, outcome)
            return outcome

        outcome = self._writer.run(remembered, timeout=self._timeout).value
        wanted = (str(outcome["id"]), int(outcome["version"]))
        with self._reader.connection() as connection:
            return get_obligation_versions(connection, [wanted])[wanted]


def _require(principal: Principal, registered: RegisteredObligation) -> None:
    principal.require_scope(registered.authority.code, registered.district.code, registered.obligation.standard)


def _warned(tx: Transaction, registered: RegisteredObligation) -> RegisteredObligation:
    """Return it with a warning where records know its code under another name, and where its item is registered already."""
    enterprise = registered.enterprise
    names = name_warnings(enterprise.names, sorted(tx.names_of([enterprise.code])[enterprise.code]))
    doubles = [
        f"同一任务项已登记: {name} is about the same item of this enterprise"
        for name in similar_obligations(tx.connection, registered)
    ]
    return replace(registered, warnings=(*registered.warnings, *names, *doubles))
