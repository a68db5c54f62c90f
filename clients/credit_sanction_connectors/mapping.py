"""A table applied to one target: a document written in the platform's fields, and the platform's fields read as ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from credit_sanction_connectors.mapping_rows import ENDINGS, FieldType
from credit_sanction_connectors.mapping_tables import LIST_RECORD, FieldTable, FormKind, table_of
from credit_sanction_connectors.mapping_values import Unfit, at, value_of
from credit_sanction_connectors.port import FieldFault, Rejected

if TYPE_CHECKING:
    from credit_sanction_connectors.mapping_rows import FieldRow

FORM_INCOMPLETE: Final = "FORM_INCOMPLETE"
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One table as one platform wants it: `renames` by the table's own field names, `fixed` its constants."""

    table: FieldTable
    renames: Mapping[str, str]
    fixed: Mapping[str, str]

    def called(self, row: FieldRow) -> str:
        """Return the platform's name of a field."""
        return self.renames.get(row.field, row.field)

    def write(self, document: Mapping[str, object]) -> dict[str, object]:
        """Return a document in the platform's fields, in the table's order. Raises `Rejected` with every fault of it."""
        written: dict[str, object] = {}
        faults: list[FieldFault] = []
        for row in self.table.rows:
            try:
                value = self._value(row, document)
            except Unfit as unfit:
                faults.append(self._fault(row, str(unfit)))
                continue
            if value is not None:
                written[self.called(row)] = value
            elif row.required or at(document, ("penalty", "kind")) in row.required_for:
                faults.append(self._fault(row, f"is missing; {self.table.edition} demands it"))
        if faults:
            raise _incomplete(faults)
        return written

    def write_part(self, document: Mapping[str, object]) -> dict[str, object]:
        """Return those of a document's entries that have a field, under its name and otherwise as they are."""
        return {self.called(row): document[row.source[0]] for row in self._whole if row.source[0] in document}

    def withdrawn(self, document: Mapping[str, object]) -> dict[str, str]:
        """
        Return what the form itself says of an entry that is taken back, by the state that its record came to: WITHDRAWN
        where the table has no word for that. Empty where the form says nothing of withdrawals.
        """
        state = document.get("state")
        ending = state if isinstance(state, str) and state in ENDINGS else "WITHDRAWN"
        rows = [row for row in self.table.rows if row.type is FieldType.STATE and "WITHDRAWN" in row.words]
        return {self.called(row): row.words.get(ending, row.words["WITHDRAWN"]) for row in rows}

    @property
    def tells_endings(self) -> bool:
        """Whether what `withdrawn` returns differs with what a record came to."""
        return len({tuple(self.withdrawn({"state": state}).values()) for state in ENDINGS}) > 1

    def path_of(self, field: str) -> str | None:
        """Return the caller's path of one of the platform's fields, '' where no caller writes it, None for no such field."""
        wanted = field.casefold()
        return next((row.path for row in self.table.rows if self.called(row).casefold() == wanted), None)

    @property
    def _whole(self) -> list[FieldRow]:
        return [row for row in self.table.rows if len(row.source) == 1]

    def _value(self, row: FieldRow, document: Mapping[str, object]) -> object:
        if row.source:
            return value_of(row, document, dates=self.table.dates)
        return self.fixed.get(row.field) or row.value or None

    def _fault(self, row: FieldRow, fault: str) -> FieldFault:
        return FieldFault(field=self.called(row), path=row.path, words=f"{row.name} {fault}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """
    Both forms of one platform. `penalty` is None where it takes list records only.

    A record with a penalty decision goes as that, one without as a list record, never as a penalty.
    """

    list_record: Form
    penalty: Form | None

    @classmethod
    def of(cls, edition: str, *, renames: Mapping[str, str], fixed: Mapping[str, str]) -> Forms:
        """Return the forms of a platform that was set up with `edition`. Raises `UnreadableTable`."""
        table = table_of(edition)
        list_record = table if table.form is FormKind.LIST_RECORD else table_of(LIST_RECORD)
        penalty = table if table.form is FormKind.PENALTY else None
        return cls(
            list_record=Form(table=list_record, renames=renames, fixed=fixed),
            penalty=Form(table=penalty, renames=renames, fixed=fixed) if penalty else None,
        )

    def of_document(self, document: Mapping[str, object]) -> Form:
        """Return the form in which a document goes."""
        return self.penalty if self.penalty and isinstance(document.get("penalty"), Mapping) else self.list_record

    @property
    def tell_endings(self) -> bool:
        """Whether a withdrawal in either form says what the record came to."""
        return any(form.tells_endings for form in (self.penalty, self.list_record) if form)

    def path_of(self, field: str) -> str:
        """Return the caller's path of a field of either form, empty where nobody knows one."""
        paths = (form.path_of(field) for form in (self.penalty, self.list_record) if form)
        return next((path for path in paths if path is not None), "")


def _incomplete(faults: list[FieldFault]) -> Rejected:
    shown = "; ".join(f"{fault.field}: {fault.words}" for fault in faults[:_SHOWN])
    more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return Rejected(f"not sent: {shown}{more}"[:500], code=FORM_INCOMPLETE, faults=faults)
