"""Whether duties were done in time: by kind and district, from what targets confirmed and what the log says of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.terms import DutyKind
from credit_sanction_service.store.open_duties import DAY_OF, GONE_AT, LISTED_AT, LIVE, OPEN, TAKES
from credit_sanction_service.store.statistics import parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.statistics import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinessCounts:
    """
    Duties of one kind in one district that are due within the period, each counted once, whatever the number of targets.

    | kind             | done on                                                                                      |
    |------------------|----------------------------------------------------------------------------------------------|
    | REPORT_DECISION  | the day on which the last target first confirmed it; ended before that, the day it ended       |
    | WITHDRAW         | the day on which the last target confirmed its absence; in time where no target ever had it    |
    | DECIDE_OBJECTION | the day of the decision on it                                                                |
    | REVIEW_BASIS     | the day on which the amendment or ending was written                                         |

    `open` and `open_late` are those that `ListOverdueDuties` shows, late once today lies after the due day. Left out are:
    duties whose day is not known, the report of a record that was suspended before any target had it, and the withdrawal of a
    suspension that is over.
    """

    kind: DutyKind
    district: str
    in_time: int
    late: int
    open: int
    open_late: int


_ENDED_ON: Final = """
CASE WHEN r.state = 'REVOKED' THEN (r.body -> 'ending' ->> 'decided_on')::date
     WHEN r.state IN ('LIFTED', 'EXPIRED')
        THEN greatest((r.body -> 'ending' ->> 'decided_on')::date, (r.body -> 'ending' ->> 'effective_on')::date) END
"""
_CONFIRMATIONS: Final = """
LEFT JOIN (attempt_opened o JOIN attempt_closed a ON (a.target, a.subject, a.number) = (o.target, o.subject, o.number)
    AND a.outcome = 'CONFIRMED') ON o.target = p.target AND o.subject = p.subject
"""
_TIMELINESS: Final = f"""
WITH owed AS MATERIALIZED (
    SELECT * FROM duty WHERE due_on BETWEEN %(since)s AND %(until)s
        AND (%(districts)s::text[] IS NULL OR district_code = ANY (%(districts)s))
), open AS MATERIALIZED (
    SELECT DISTINCT record_id, kind, since, note FROM ({OPEN}) AS line WHERE due_on BETWEEN %(since)s AND %(until)s
), place AS (
    SELECT d.record_id, d.kind, d.since, v.target, v.subject, NULL::integer AS epoch, NULL::bigint AS revision
    FROM owed d JOIN delivery v ON v.record_id = d.record_id JOIN target t ON t.name = v.target AND {LIVE}
    WHERE d.kind IN ('REPORT_DECISION', 'WITHDRAW')
    UNION ALL
    SELECT d.record_id, d.kind, d.since, v.target, v.subject, known.epoch, known.revision
    FROM owed d JOIN sanction_record r ON r.id = d.record_id
    JOIN delivery v ON v.enterprise_code = r.enterprise_code AND v.record_id IS NULL
    JOIN target t ON t.name = v.target AND {LIVE} AND {TAKES}
    CROSS JOIN LATERAL (
        SELECT * FROM {LISTED_AT} AS listed WHERE d.kind = 'REPORT_DECISION'
        UNION ALL
        SELECT * FROM {GONE_AT} AS gone WHERE d.kind = 'WITHDRAW'
    ) AS known
), reported AS (
    SELECT record_id, {DAY_OF.format("max(first)")} AS day, bool_and(first IS NOT NULL) AS everywhere
    FROM (
        SELECT p.record_id, p.target, min(a.closed_at) AS first
        FROM place p {_CONFIRMATIONS}
            AND o.present AND (p.epoch IS NULL OR (o.epoch, o.version) >= (p.epoch, p.revision))
        WHERE p.kind = 'REPORT_DECISION' GROUP BY p.record_id, p.target
    ) AS told GROUP BY record_id
), withdrawn AS (
    SELECT record_id, since, {DAY_OF.format("max(first)")} AS day
    FROM (
        SELECT record_id, since, target, min(closed_at) AS first
        FROM (
            SELECT p.record_id, p.since, p.target, p.epoch, o.present, o.number, a.closed_at,
                max(o.number) FILTER (WHERE o.present) OVER (PARTITION BY p.record_id, p.since, p.target) AS shown
            FROM place p {_CONFIRMATIONS} AND (p.epoch IS NULL OR (o.epoch, o.version) >= (p.epoch, p.revision))
            WHERE p.kind = 'WITHDRAW'
        ) AS told
        WHERE epoch IS NOT NULL OR NOT present AND number > coalesce(shown, 0)
        GROUP BY record_id, since, target
    ) AS confirmed GROUP BY record_id, since
), passed AS (
    SELECT c.subject_id AS record_id, w.kind, w.since, coalesce(w.note, '') AS note, max(c.version) AS version,
        (array_agg(w.due_on ORDER BY c.version DESC))[1] AS due_on
    FROM change_log c
    CROSS JOIN LATERAL jsonb_to_recordset(c.body -> 'due_days') AS w (kind text, since date, due_on date, note text)
    WHERE c.kind = 'record' AND w.kind IN ('DECIDE_OBJECTION', 'REVIEW_BASIS')
        AND (c.body @> '{{"due_days":[{{"kind":"DECIDE_OBJECTION"}}]}}' OR c.body @> '{{"due_days":[{{"kind":"REVIEW_BASIS"}}]}}')
    GROUP BY 1, 2, 3, 4
), judged AS (
    SELECT d.kind, d.district_code AS district, d.due_on, open.record_id IS NOT NULL AS is_open,
        CASE WHEN d.kind = 'WITHDRAW' THEN coalesce(withdrawn.day, d.since)
             WHEN {_ENDED_ON} IS NOT NULL AND NOT coalesce(reported.everywhere, false) THEN {_ENDED_ON}
             ELSE reported.day END AS done_on
    FROM owed d JOIN sanction_record r ON r.id = d.record_id
    LEFT JOIN open USING (record_id, kind, since, note)
    LEFT JOIN reported ON reported.record_id = d.record_id AND d.kind = 'REPORT_DECISION'
    LEFT JOIN withdrawn ON withdrawn.record_id = d.record_id AND withdrawn.since = d.since AND d.kind = 'WITHDRAW'
    UNION ALL
    SELECT p.kind, r.district_code, p.due_on, false,
        CASE WHEN p.kind = 'DECIDE_OBJECTION' AND next.body -> 'objection' ? 'outcome'
                THEN (next.body -> 'objection' ->> 'decided_on')::date
             ELSE {DAY_OF.format("v.known_at")} END
    FROM passed p JOIN sanction_record r ON r.id = p.record_id
    JOIN change_log next ON next.subject_id = p.record_id AND next.version = p.version + 1
    JOIN revision v ON (v.epoch, v.number) = (next.epoch, next.revision)
    WHERE p.due_on BETWEEN %(since)s AND %(until)s
        AND (%(districts)s::text[] IS NULL OR r.district_code = ANY (%(districts)s))
        AND NOT EXISTS (
            SELECT FROM duty d WHERE (d.record_id, d.kind, d.since, d.note) = (p.record_id, p.kind, p.since, p.note)
        )
)
SELECT kind, district, count(*) FILTER (WHERE NOT is_open AND done_on <= due_on),
    count(*) FILTER (WHERE NOT is_open AND done_on > due_on),
    count(*) FILTER (WHERE is_open AND due_on >= %(today)s), count(*) FILTER (WHERE is_open AND due_on < %(today)s)
FROM judged WHERE is_open OR done_on IS NOT NULL
GROUP BY kind, district
"""  # noqa: S608 - joined from constants


def count_timeliness(connection: Connection, period: Period, districts: Iterable[str]) -> list[TimelinessCounts]:
    """Return the figures of every kind, in the kinds' order, and district, of all where none is named, that has any."""
    rows = connection.execute(_TIMELINESS, parameters(period, districts)).fetchall()
    order = list(DutyKind)
    return sorted(
        (
            TimelinessCounts(
                kind=DutyKind(row[0]), district=row[1], in_time=row[2], late=row[3], open=row[4], open_late=row[5]
            )
            for row in rows
        ),
        key=lambda counts: (order.index(counts.kind), counts.district),
    )
