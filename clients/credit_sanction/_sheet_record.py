"""Cells as a record. What a cell means is decided here; whether the record is right, only the service decides."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from credit_sanction import _sheet_columns as columns
from credit_sanction import types

if TYPE_CHECKING:
    from credit_sanction._sheet_cells import Cells

_OF_OBLIGATION: Final = tuple(column.name for column in columns.COLUMNS if column.of_obligation)
_NUMBERS: Final = {
    "organisation_code": types.IdentifierKind.IDENTIFIER_KIND_ORGANISATION_CODE,
    "registration_number": types.IdentifierKind.IDENTIFIER_KIND_REGISTRATION_NUMBER,
    "tax_number": types.IdentifierKind.IDENTIFIER_KIND_TAX_NUMBER,
}


def record_of(cells: Cells) -> types.SanctionRecord:
    """Return the record that the row says. Only meaningful where the cells noted no fault."""
    end, named = cells.day("measure_end"), cells.text("obligation")
    return types.SanctionRecord(
        enterprise=_enterprise(cells),
        obligation_name=named,
        # A name alone: the service fills the rest. Both: the service says that one of them is too many.
        obligation=None if named and cells.empty(_OF_OBLIGATION) else _obligation(cells),
        decision=_decision(cells),
        statements=_statements(cells),
        responsible_district=types.ResponsibleDistrict(
            code=cells.text("district_code"), name=cells.text("district"), since=cells.day("district_since")
        ),
        measures=[types.Measure(area=area.wire, end_date=end) for area in cells.areas("areas")],
        publication_class=cells.word(
            "publication_class", columns.CLASSES, types.PublicationClass, "PUBLICATION_CLASS_"
        ),
        publication_end_date=cells.day("publication_end"),
    )


def _enterprise(cells: Cells) -> types.Enterprise:
    return types.Enterprise(
        code=cells.text("code"),
        name=cells.text("name"),
        former_names=cells.several("former_names"),
        other_identifiers=[
            types.OtherIdentifier(kind=kind, value=value)
            for name, kind in _NUMBERS.items()
            if (value := cells.text(name))
        ],
    )


def _obligation(cells: Cells) -> types.ExitObligation:
    extension = types.Extension(
        months=cells.whole("extension_months"),
        document_number=cells.text("extension_document"),
        applied_on=cells.day("extension_applied_on"),
    )
    return types.ExitObligation(
        scope=cells.word("scope", columns.SCOPES, types.ObligationScope, "OBLIGATION_SCOPE_"),
        item=cells.text("item"),
        equipment=cells.text("equipment"),
        quantity=cells.whole("quantity"),
        capacity=types.Capacity(
            amount=cells.amount("capacity"),
            unit=cells.word("capacity_unit", columns.UNITS, types.CapacityUnit, "CAPACITY_UNIT_"),
        ),
        sector=cells.word("sector", columns.SECTORS, types.Sector, "SECTOR_"),
        standard=cells.word("standard", columns.STANDARDS, types.Standard, "STANDARD_"),
        ordered_on=cells.day("ordered_on"),
        due_on=cells.day("due_on"),
        extension=extension if extension.ByteSize() else None,
        plan=_approval(cells, "plan"),
        closure_approval=_approval(cells, "closure"),
        induction_furnace=cells.flag("induction_furnace"),
        licences=cells.licences("licences"),
    )


def _approval(cells: Cells, which: str) -> types.Approval | None:
    approval = types.Approval(
        document_number=cells.text(f"{which}_document"),
        approver=cells.text(f"{which}_approver"),
        date=cells.day(f"{which}_date"),
    )
    return approval if approval.ByteSize() else None


def _statements(cells: Cells) -> list[types.Statement]:
    kinds = cells.words("statement", columns.STATEMENTS, types.StatementKind, "STATEMENT_KIND_")
    days = cells.days("statement_date")
    if kinds and days and len(kinds) != len(days):
        cells.note("statement_date", f"{len(days)} for {len(kinds)} steps: write a day for each, in their order")
    return [types.Statement(kind=kind, date=day) for kind, day in zip_longest(kinds, days)]


def _decision(cells: Cells) -> types.Decision:
    penalty = _penalty(cells)
    return types.Decision(
        authority=types.Authority(code=cells.text("authority_code"), name=cells.text("authority")),
        document_number=cells.text("document_number"),
        date=cells.day("decided_on"),
        notice_served_on=cells.day("notice_served_on"),
        penalty=penalty if penalty.ByteSize() else None,
    )


def _penalty(cells: Cells) -> types.Penalty:
    authority = types.Authority(code=cells.text("penalty_authority_code"), name=cells.text("penalty_authority"))
    return types.Penalty(
        kind=cells.word("penalty_kind", columns.PENALTIES, types.PenaltyKind, "PENALTY_KIND_"),
        document_number=cells.text("penalty_document"),
        date=cells.day("penalty_date"),
        violation=cells.text("penalty_violation"),
        facts=cells.text("penalty_facts"),
        basis=cells.text("penalty_basis"),
        content=cells.text("penalty_content"),
        fine=cells.money("penalty_fine"),
        confiscated=cells.money("penalty_confiscated"),
        licence=cells.text("penalty_licence"),
        valid_until=cells.day("penalty_valid_until"),
        authority=authority if authority.ByteSize() else None,
    )
