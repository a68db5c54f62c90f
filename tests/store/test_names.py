"""The names under which the store's records know a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.samples import call, code, draft, revocation, with_enterprise

if TYPE_CHECKING:
    from credit_sanction_service.records import Records
    from credit_sanction_service.store.writer import Writer


def test_every_name_of_a_code_is_known_once_and_revoked_records_know_none(records: Records, writer: Writer) -> None:
    drafts = (
        with_enterprise(draft(1, item="1号窑"), name="虚构甲厂"),
        with_enterprise(draft(1, item="2号窑"), name="虚构甲厂"),
        with_enterprise(draft(1, item="3号窑"), name="虚构新厂", former_names=("虚构甲厂", "虚构旧厂")),
        with_enterprise(draft(1, item="4号窑"), name="虚构误厂"),
        with_enterprise(draft(2), name="虚构乙厂"),
    )
    stored = [records.create(given, call()).record for given in drafts]
    records.revoke(stored[3].id, 1, revocation(), None, call())
    first = {("虚构甲厂",), ("虚构新厂", "虚构甲厂", "虚构旧厂")}
    assert writer.run(lambda tx: tx.names_of([code(1), code(9), code(1)])).value == {code(1): first}
    assert writer.run(lambda tx: tx.names_of([code(2), code(1)])).value == {code(1): first, code(2): {("虚构乙厂",)}}
    assert writer.run(lambda tx: tx.names_of([])).value == {}
