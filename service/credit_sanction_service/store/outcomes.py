"""What a request id was answered with, in the form that is kept: versions of records, and refusals of single items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credit_sanction_service.domain.faults import Violation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_sanction_service.domain.records import SanctionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why one item of a batch was refused. `fault` is the name of the domain's exception."""

    fault: str
    message: str
    violations: tuple[Violation, ...] = ()
    existing: str = ""
    likely_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One version of a record that the call wrote."""

    record_id: str
    version: int


def dump_outcome(items: Sequence[SanctionRecord | Refused]) -> list[dict[str, Any]]:
    """Return the outcome as JSON."""
    return [
        {
            "fault": item.fault,
            "message": item.message,
            "violations": [[v.field, v.description, v.rule] for v in item.violations],
            "existing": item.existing,
            "likely": list(item.likely_codes),
        }
        if isinstance(item, Refused)
        else {"id": item.id, "version": item.version}
        for item in items
    ]


def load_outcome(body: Sequence[dict[str, Any]]) -> list[Written | Refused]:
    """Return what `dump_outcome` wrote."""
    return [
        Written(record_id=entry["id"], version=entry["version"])
        if "id" in entry
        else Refused(
            fault=entry["fault"],
            message=entry["message"],
            violations=tuple(Violation(field=v[0], description=v[1], rule=v[2]) for v in entry["violations"]),
            existing=entry["existing"],
            likely_codes=tuple(entry["likely"]),
        )
        for entry in body
    ]
