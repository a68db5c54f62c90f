"""Enforcement reports: insert-only, read by page, and the latest ones counted against the measures in force."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from psycopg import IsolationLevel

from credit_sanction_service.domain.enforcement import Rate, RateCounter, Report, Sight, Tally
from credit_sanction_service.domain.faults import NotFound
from credit_sanction_service.domain.terms import ALL_AREAS, Area
from credit_sanction_service.store.codec import CONVERTER, load_record
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.law import load_law
from credit_sanction_service.store.transaction import as_uuid
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.transaction import Transaction

_FETCH: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """A report with the store's head when it was taken in."""

    report: Report
    revision: Revision
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """Filters joined by "and", within one by "or"; empty ones take all. Pages go by report id, which is oldest first."""

    sight: Sight
    record_id: str = ""
    areas: tuple[Area, ...] = ()
    districts: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    after: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RateQuery:
    """The day that rates speak of, in which areas, of which districts; none named: of all."""

    day: date
    areas: tuple[Area, ...] = ALL_AREAS
    districts: tuple[str, ...] = ()


def insert_report(tx: Transaction, report: Report) -> None:
    """Insert a report at the head as this transaction sees it."""
    head = read_head(tx.connection).revision
    tx.connection.execute(
        _INSERT,
        {
            "id": UUID(report.id),
            "record": as_uuid(report.record_id),
            "area": report.area.value,
            "outcome": report.outcome.value,
            "blocked": report.blocked,
            "applied_on": report.applied_on,
            "district": report.district.code,
            "reporter": report.reporter,
            "epoch": head.epoch,
            "revision": head.number,
            "body": dump_report(report),
            "now": tx.now,
        },
    )


def get_report(connection: Connection, report_id: str) -> StoredReport:
    """Return a report. Raises `NotFound`."""
    row = connection.execute(f"{_COLUMNS} WHERE f.id = %s", (as_uuid(report_id),)).fetchone()
    if row is None:
        raise NotFound("record", f"enforcementReports/{report_id}")
    return _stored(row)


def list_reports(connection: Connection, query: ReportQuery) -> list[StoredReport]:
    """Return one page of what the caller may see, oldest first."""
    sight = query.sight
    clauses: list[str] = []
    values: list[Any] = []
    choices = (
        (
            "(f.reporter = %s OR r.authority_code = ANY (%s))",
            (sight.reporter, sorted(sight.authorities or ())),
            sight.authorities is not None,
        ),
        ("f.record_id = %s", (as_uuid(query.record_id) if query.record_id else None,), query.record_id),
        ("f.area = ANY (%s)", ([area.value for area in query.areas],), query.areas),
        ("f.district_code = ANY (%s)", (list(query.districts),), query.districts),
        ("f.applied_on >= %s", (query.since,), query.since),
        ("f.applied_on <= %s", (query.until,), query.until),
        ("f.id > %s", (as_uuid(query.after) if query.after else None,), query.after),
    )
    for clause, parameters, wanted in choices:
        if wanted:
            clauses.append(clause)
            values.extend(parameters)
    where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
    rows = connection.execute(
        f"{_COLUMNS} JOIN sanction_record r ON r.id = f.record_id {where} ORDER BY f.id LIMIT %s",
        (*values, query.limit),
    ).fetchall()
    return [_stored(row) for row in rows]


def rates(connection: Connection, query: RateQuery, *, law: Law) -> list[Rate]:
    """
    Return the rates of the day as the connection's transaction sees it, one of its own where it is in none. Records that are
    alike in all that decides about their effect come as one, and stream by: hundreds of thousands need neither memory nor
    much of the interpreter that look-ups run on.
    """
    counter = RateCounter(day=query.day, areas=query.areas, law=law)
    with connection.transaction(), connection.cursor(name="enforcement_rates") as cursor:
        cursor.itersize = _FETCH
        cursor.execute(
            _RATES,
            {
                "day": query.day,
                "areas": [area.value for area in query.areas],
                "all": not query.districts,
                "districts": list(query.districts),
                "no_matter": [*_NO_MATTER, "decision"],
                "in_decision": list(_NO_MATTER_IN_DECISION),
            },
        )
        for body, tally, times in cursor:
            counter.add(load_record(body), _tallies(tally), times=times)
    return counter.rates()


def rates_at_head(connection: Connection, query: RateQuery) -> tuple[list[Rate], Revision]:
    """Return the rates with the revision that they are of, by the law of that revision."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            head = read_head(connection)
            return rates(connection, query, law=load_law(connection)), head.revision
    finally:
        connection.isolation_level = None


def dump_report(report: Report) -> str:
    """Return the whole report as JSON."""
    return json.dumps(_DUMP(report), ensure_ascii=False, separators=(",", ":"))


def load_report(body: Mapping[str, Any]) -> Report:
    """Return the report that `dump_report` wrote, from parsed JSON."""
    report: Report = _LOAD(body, Report)
    return report


# Made here, and not at the first use, which several threads may come to at once.
_LOAD = CONVERTER.get_structure_hook(Report)
_DUMP = CONVERTER.get_unstructure_hook(Report)

_COLUMNS = "SELECT f.body, f.epoch, f.revision, f.created_at FROM enforcement_report f"
_INSERT = """
INSERT INTO enforcement_report (id, record_id, area, outcome, blocked, applied_on, district_code, reporter, epoch,
    revision, body, created_at)
VALUES (%(id)s, %(record)s, %(area)s, %(outcome)s, %(blocked)s, %(applied_on)s, %(district)s, %(reporter)s, %(epoch)s,
    %(revision)s, %(body)s::jsonb, %(now)s)
"""
# What tells records apart and says nothing about their effect. Whatever is not named here, fields of later releases too, keeps
# records apart that differ in it: that costs time, and is never wrong.
_NO_MATTER: Final = (
    "id",
    "version",
    "enterprise",
    "obligation",
    "obligation_name",
    "district",
    "notice",
    "statements",
    "objection",
    "due_days",
    "reviewed_on",
    "confirmation",
    "replaces",
    "warnings",
)
_NO_MATTER_IN_DECISION: Final = (
    "authority",
    "document_number",
    "notice_served_on",
    "cause",
    "removal_conditions",
    "remedies",
)
# Whether `f` is the latest of what its reporter said of one measure in one case of its own: what was wrong is corrected by a later
# report of the same look-up reference, which may name another day. Ids are in the order of intake.
LATEST: Final = """
NOT EXISTS (
    SELECT FROM enforcement_report later WHERE later.record_id = f.record_id AND later.area = f.area
        AND later.reporter = f.reporter AND later.id > f.id
        AND coalesce(later.body #>> '{look_up,reference}', '') = coalesce(f.body #>> '{look_up,reference}', '')
)
"""
# A record that ended keeps its effect until the day its ending names; what was reported on always makes a row.
_RATES = f"""
SELECT b.body, g.tally, g.times
FROM (
    SELECT (array_agg(r.id ORDER BY r.id))[1] AS id, t.tally, count(*) AS times
    FROM sanction_record r
    LEFT JOIN (
        SELECT record_id, jsonb_object_agg(area, jsonb_build_array(reports, blocked, applied)) AS tally
        FROM (
            SELECT record_id, area, count(*) AS reports, count(*) FILTER (WHERE blocked) AS blocked,
                bool_or(outcome = 'APPLIED') AS applied
            FROM enforcement_report AS f
            WHERE applied_on <= %(day)s AND area = ANY (%(areas)s) AND {LATEST}
            GROUP BY record_id, area
        ) AS by_area
        GROUP BY record_id
    ) AS t ON t.record_id = r.id
    WHERE (%(all)s OR r.district_code = ANY (%(districts)s))
        AND (t.tally IS NOT NULL OR (
            r.areas && %(areas)s AND (
                r.state IN ('LISTED', 'SUSPENDED')
                OR (r.state IN ('LIFTED', 'EXPIRED') AND (r.body #>> '{{ending,effective_on}}')::date > %(day)s)
            )
        ))
    GROUP BY r.district_code, t.tally, r.body - %(no_matter)s::text[], nullif(r.body -> 'decision', 'null') - %(in_decision)s::text[]
) AS g
JOIN sanction_record b ON b.id = g.id
ORDER BY g.id
"""  # noqa: S608 - joined from constants


def _tallies(tally: Mapping[str, list[Any]] | None) -> dict[Area, Tally]:
    return {
        Area(area): Tally(reports=reports, blocked=blocked, applied=applied)
        for area, (reports, blocked, applied) in (tally or {}).items()
    }


def _stored(row: tuple[Any, ...]) -> StoredReport:
    body, epoch, number, created_at = row
    return StoredReport(report=load_report(body), revision=Revision(epoch=epoch, number=number), created_at=created_at)
