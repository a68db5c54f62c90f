"""
The figures for the joint conference 联席会议统计: heavy sums, made where the data is. The caller holds one snapshot for all.

Everything is told by today's knowledge: an amended day counts as amended. Days are those of documents and effect, and those of
Shanghai where an instant is meant. What targets did counts on the day on which the service knew of it. Districts, sectors and
standards are those of a record's, an obligation's, present version.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from psycopg import IsolationLevel

from credit_sanction_service.domain.terms import Sector, Standard
from credit_sanction_service.store.enforcement import LATEST
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.open_duties import LIVE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.values import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """
    From `since` to `until`, both included; `last` is `until`, or today where that is earlier: nothing has happened after it,
    and states are told for it. `opens` and `closes` are the instants at which `since` begins and `last` ends.
    """

    since: date
    until: date
    last: date
    opens: datetime
    closes: datetime
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCounts:
    """
    Obligations and records of one district, sector and standard.

    | figure                | what is counted                                                                         |
    |-----------------------|-----------------------------------------------------------------------------------------|
    | obligations           | registered on the last day or before, without those withdrawn, whenever that was          |
    | obligations_completed | of these, completed on the last day or before                                           |
    | obligations_overdue   | of these, not completed then, their last day having passed; not while it cannot be told  |
    | notices               | records whose notice was served within the period, on paper too                         |
    | listed                | records whose listing took effect within it, those revoked since included                |
    | suspended             | suspensions that took effect within it                                                  |
    | lifted, repaired      | records whose lift, or repair, took effect within it, also if revoked after that day     |
    | revoked               | records whose revocation is dated within it                                             |
    | expired               | records whose first day after all their ends lies within it, also if revoked after it;   |
    |                       | whether or not the scheduler has written it yet                                         |
    | in_force              | records that have effect on the last day                                                |
    """

    district: str
    sector: Sector
    standard: Standard
    obligations: int
    obligations_completed: int
    obligations_overdue: int
    notices: int
    listed: int
    suspended: int
    lifted: int
    repaired: int
    revoked: int
    expired: int
    in_force: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PushCounts:
    """Attempts at one target that were closed within the period, and what it has not confirmed now, unless abandoned."""

    target: str
    attempts: int
    confirmed: int
    unavailable: int
    rejected: int
    unknown: int
    open_deliveries: int


@contextmanager
def one_snapshot(connection: Connection) -> Iterator[Head]:
    """Have everything that is read while the block runs be of one revision, and yield the head that it is of."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            # Some of the sums sort and hash millions of rows; compiling them costs more than it gains.
            connection.execute("SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)")
            yield read_head(connection)
    finally:
        connection.isolation_level = None


_LAST_DAY: Final = """
(SELECT greatest(max(coalesce((m.value ->> 'end')::date, b.publication_end)), b.publication_end)
 FROM jsonb_array_elements(b.measures) AS m)
"""
# The last day has to be worked out only of a record that waits for a day that has come; of all others it lies ahead.
_MAY_HAVE_ENDED: Final = "(r.next_change_on IS NULL OR r.next_change_on <= {})"
_RESTS: Final = """
EXISTS (SELECT FROM jsonb_to_recordset(b.suspensions) AS s (effective_on date, resumed_on date)
        WHERE s.effective_on <= %(last)s AND (s.resumed_on IS NULL OR %(last)s < s.resumed_on))
"""
# One row for each record, its body unpacked once. `ended` of a revoked record is how it had ended before.
_FACTS: Final = f"""
SELECT r.district_code AS district, b.obligation ->> 'sector' AS sector, r.standard,
    coalesce((b.notice ->> 'served_on')::date, (b.decision ->> 'notice_served_on')::date) AS notice_on,
    CASE WHEN b.ever_listed THEN coalesce(b.listed_on, (b.decision ->> 'decided_on')::date) END AS since,
    CASE WHEN b.suspensions IS NULL THEN 0 ELSE (
        SELECT count(*) FROM jsonb_to_recordset(b.suspensions) AS s (effective_on date)
        WHERE s.effective_on BETWEEN %(since)s AND %(last)s
    ) END AS suspended,
    CASE WHEN r.state = 'REVOKED' THEN (b.ending ->> 'decided_on')::date END AS revoked_on,
    CASE WHEN r.state IN ('LIFTED', 'EXPIRED') THEN r.state ELSE earlier.state END AS ended,
    CASE WHEN r.state IN ('LIFTED', 'EXPIRED') THEN b.ending ELSE earlier.ending END ->> 'ground' AS ground,
    CASE WHEN r.state IN ('LIFTED', 'EXPIRED') THEN (b.ending ->> 'effective_on')::date
         WHEN (earlier.ending ->> 'effective_on')::date <= (b.ending ->> 'decided_on')::date
            THEN (earlier.ending ->> 'effective_on')::date
         WHEN r.state IN ('LISTED', 'SUSPENDED') AND {_MAY_HAVE_ENDED.format("%(today)s")} THEN {_LAST_DAY} + 1
    END AS ended_on,
    r.state IN ('LISTED', 'SUSPENDED', 'LIFTED', 'EXPIRED') AND (b.suspensions IS NULL OR NOT {_RESTS})
        AND CASE WHEN r.state IN ('LIFTED', 'EXPIRED') THEN (b.ending ->> 'effective_on')::date > %(last)s
                 ELSE NOT {_MAY_HAVE_ENDED.format("%(last)s")} OR {_LAST_DAY} >= %(last)s END AS has_effect
FROM sanction_record r
CROSS JOIN LATERAL jsonb_to_record(r.body) AS b (obligation jsonb, decision jsonb, notice jsonb, listed_on date,
    ever_listed boolean, suspensions jsonb, ending jsonb, measures jsonb, publication_end date)
LEFT JOIN LATERAL (
    SELECT c.body ->> 'state' AS state, c.body -> 'ending' AS ending FROM change_log c
    WHERE r.state = 'REVOKED' AND c.subject_id = r.id AND c.kind = 'record' AND c.body ->> 'state' <> 'REVOKED'
    ORDER BY c.version DESC LIMIT 1
) AS earlier ON true
WHERE %(districts)s::text[] IS NULL OR r.district_code = ANY (%(districts)s)
"""  # noqa: S608 - joined from constants
_COMPLETED: Final = """
coalesce(state = 'COMPLETED' AND (body -> 'completion' ->> 'completed_on')::date <= %(last)s, false)
"""
_WITHIN: Final = "BETWEEN %(since)s AND %(last)s"
_CASES: Final = f"""
SELECT district, sector, standard, sum(obligations)::bigint, sum(completed)::bigint, sum(overdue)::bigint,
    sum(notices)::bigint, sum(listed)::bigint, sum(suspended)::bigint, sum(lifted)::bigint, sum(repaired)::bigint,
    sum(revoked)::bigint, sum(expired)::bigint, sum(in_force)::bigint
FROM (
    SELECT district_code AS district, sector, standard, count(*) AS obligations,
        count(*) FILTER (WHERE {_COMPLETED}) AS completed,
        count(*) FILTER (WHERE last_day < %(last)s AND NOT {_COMPLETED}) AS overdue,
        0 AS notices, 0 AS listed, 0 AS suspended, 0 AS lifted, 0 AS repaired, 0 AS revoked, 0 AS expired, 0 AS in_force
    FROM exit_obligation
    WHERE created_at < %(closes)s AND state <> 'WITHDRAWN' AND (%(districts)s::text[] IS NULL OR district_code = ANY (%(districts)s))
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT district, sector, standard, 0, 0, 0,
        count(*) FILTER (WHERE notice_on {_WITHIN}),
        count(*) FILTER (WHERE since {_WITHIN}),
        sum(suspended),
        count(*) FILTER (WHERE ended = 'LIFTED' AND ground IS DISTINCT FROM 'REPAIR' AND ended_on {_WITHIN}),
        count(*) FILTER (WHERE ended = 'LIFTED' AND ground = 'REPAIR' AND ended_on {_WITHIN}),
        count(*) FILTER (WHERE revoked_on {_WITHIN}),
        count(*) FILTER (WHERE ended IS DISTINCT FROM 'LIFTED' AND ended_on {_WITHIN}),
        count(*) FILTER (WHERE has_effect AND since <= %(last)s)
    FROM ({_FACTS}) AS fact GROUP BY 1, 2, 3
) AS part
GROUP BY district, sector, standard
HAVING sum(obligations + notices + listed + suspended + lifted + repaired + revoked + expired + in_force) > 0
ORDER BY district, sector, standard
"""  # noqa: S608 - joined from constants

_BLOCKED: Final = f"""
SELECT count(*) FROM enforcement_report f JOIN sanction_record r ON r.id = f.record_id
WHERE f.blocked AND f.applied_on {_WITHIN} AND (%(districts)s::text[] IS NULL OR r.district_code = ANY (%(districts)s))
    AND {LATEST}
"""  # noqa: S608 - joined from constants
_PUSHES: Final = f"""
SELECT target, sum(attempts)::bigint, sum(confirmed)::bigint, sum(unavailable)::bigint, sum(rejected)::bigint,
    sum(unknown)::bigint, sum(open)::bigint
FROM (
    SELECT target, count(*) AS attempts, count(*) FILTER (WHERE outcome = 'CONFIRMED') AS confirmed,
        count(*) FILTER (WHERE outcome IN ('UNAVAILABLE', 'NOT_SENT')) AS unavailable,
        count(*) FILTER (WHERE outcome = 'REJECTED') AS rejected,
        count(*) FILTER (WHERE outcome = 'UNKNOWN') AS unknown, 0 AS open
    FROM attempt_closed WHERE closed_at >= %(opens)s AND closed_at < %(closes)s GROUP BY target
    UNION ALL
    SELECT v.target, 0, 0, 0, 0, 0, count(*)
    FROM delivery v JOIN target t ON t.name = v.target AND {LIVE} WHERE v.due_since IS NOT NULL GROUP BY v.target
) AS part GROUP BY target ORDER BY target
"""  # noqa: S608 - joined from constants


def count_cases(connection: Connection, period: Period, districts: Iterable[str]) -> list[CaseCounts]:
    """Return the figures of every district, of all where none is named, that has any; by district, sector and standard."""
    rows = connection.execute(_CASES, parameters(period, districts)).fetchall()
    return [
        CaseCounts(
            district=row[0],
            sector=Sector(row[1]),
            standard=Standard(row[2]),
            obligations=row[3],
            obligations_completed=row[4],
            obligations_overdue=row[5],
            notices=row[6],
            listed=row[7],
            suspended=row[8],
            lifted=row[9],
            repaired=row[10],
            revoked=row[11],
            expired=row[12],
            in_force=row[13],
        )
        for row in rows
    ]


def count_pushes(connection: Connection, period: Period) -> list[PushCounts]:
    """Return the figures of every target that has any, by name."""
    rows = connection.execute(
        _PUSHES,
        parameters(period, ()),
    ).fetchall()
    return [
        PushCounts(
            target=row[0],
            attempts=row[1],
            confirmed=row[2],
            unavailable=row[3],
            rejected=row[4],
            unknown=row[5],
            open_deliveries=row[6],
        )
        for row in rows
    ]


def name_districts(connection: Connection, codes: Iterable[str]) -> dict[str, str]:
    """Return what some record or obligation calls each of these districts."""
    rows = connection.execute(
        """
        SELECT given.code, coalesce(
            (SELECT body -> 'district' ->> 'name' FROM sanction_record WHERE district_code = given.code LIMIT 1),
            (SELECT body -> 'district' ->> 'name' FROM exit_obligation WHERE district_code = given.code LIMIT 1))
        FROM unnest(%s::text[]) AS given (code)
        """,
        (sorted(codes),),
    ).fetchall()
    return {row[0]: row[1] for row in rows if row[1]}


def parameters(period: Period, districts: Iterable[str]) -> dict[str, object]:
    """Return what the statements of these figures are asked with."""
    return {
        "since": period.since,
        "until": period.until,
        "last": period.last,
        "opens": period.opens,
        "closes": period.closes,
        "today": period.today,
        "districts": list(districts) or None,
    }


def count_blocked(connection: Connection, period: Period, districts: Iterable[str]) -> int:
    """
    Return how many reports applied within the period say that something was refused, of these districts' records, of all where
    none is named. What a later report of the same reporter on the same measure replaced does not count.
    """
    row = connection.execute(_BLOCKED, parameters(period, districts)).fetchone()
    return row[0] if row else 0
