"""What the targets file says of a credit platform: the edition it speaks, its own names for fields, how it is signed to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from credit_sanction_connectors.mapping import Forms
from credit_sanction_connectors.mapping_tables import EDITIONS, LIST_RECORD, UnreadableTable
from credit_sanction_connectors.mapping_values import Unfit, fitting
from credit_sanction_connectors.settings import Endpoint, Table
from credit_sanction_connectors.signers import HMAC_SHA256, SIGNERS

if TYPE_CHECKING:
    from credit_sanction_connectors.mapping_rows import FieldRow
    from credit_sanction_connectors.settings import Secrets

_FIELD_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditPlatformSettings:
    """`endpoint`, `app_key` (who we are there), the signing secret, the signer's name, and the forms of the edition."""

    endpoint: Endpoint
    app_key: str
    secret: str = field(repr=False)
    signer: str
    forms: Forms

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets) -> Self:
        """Read `targets.<name>`. Raises `BadTarget`."""
        keys = Table(name, table, own={"app_key", "signer", "mapping", "renames", "fixed"})
        return cls(
            endpoint=keys.endpoint(secrets),
            app_key=keys.text("app_key"),
            secret=keys.secret(secrets),
            signer=keys.choice("signer", SIGNERS, default=HMAC_SHA256),
            forms=_forms(keys, table),
        )


def _forms(keys: Table, table: Mapping[str, object]) -> Forms:
    edition = keys.choice("mapping", EDITIONS, default=LIST_RECORD)
    renames, fixed = _texts(keys, table, "renames"), _texts(keys, table, "fixed")
    try:
        forms = Forms.of(edition, renames=renames, fixed=fixed)
    except UnreadableTable as fault:
        raise keys.bad("mapping", str(fault)) from fault
    _check_renames(keys, forms, renames)
    _check_fixed(keys, forms, fixed, edition)
    return forms


def _check_renames(keys: Table, forms: Forms, renames: Mapping[str, str]) -> None:
    told = [form for form in (forms.penalty, forms.list_record) if form]
    known = {row.field for form in told for row in form.table.rows}
    for field_, called in renames.items():
        if field_ not in known:
            raise keys.bad("renames", f"names {field_[:64]!r}, which the edition has not; expected its own field names")
        if not _FIELD_NAME.fullmatch(called):
            raise keys.bad("renames", f"gives {field_} the name {called[:64]!r}; expected letters, digits and _")
    for form in told:
        names = [form.called(row).casefold() for row in form.table.rows]
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            raise keys.bad("renames", f"makes two fields {twice!r}; expected each name once")


def _check_fixed(keys: Table, forms: Forms, fixed: Mapping[str, str], edition: str) -> None:
    rows = {row.field: row for row in (forms.penalty or forms.list_record).table.rows}
    for field_, value in fixed.items():
        row = rows.get(field_)
        if row is None:
            raise keys.bad("fixed", f"names {field_[:64]!r}, which {edition} has not; expected its own field names")
        if not (row.fixed or row.value):
            raise keys.bad("fixed", f"sets {field_}, {_why_not(row)}; expected only what is the same for every record")
        try:
            fitting(row, value)
        except Unfit as unfit:
            raise keys.bad("fixed", f"{field_} ({row.name}) {unfit}") from None
    for row in rows.values():
        if row.fixed and row.required and row.field not in fixed:
            text = f'lacks {row.field} ({row.name}), which {edition} demands; expected fixed = {{ {row.field} = "…" }}'
            raise keys.bad("fixed", text)


def _why_not(row: FieldRow) -> str:
    return f"which is never sent ({row.left_out})" if row.left_out else "which comes from the record"


def _texts(keys: Table, table: Mapping[str, object], key: str) -> Mapping[str, str]:
    value = table.get(key, {})
    if not isinstance(value, Mapping) or not all(
        isinstance(text, str) and text and text.isprintable() for text in value.values()
    ):
        raise keys.bad(key, 'expected a table of texts, as in { CF_FRDB = "CF_FDDB" }')
    return dict(value)
