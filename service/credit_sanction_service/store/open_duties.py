"""
Which duties are open, and with whom: the projection `duty`, joined with what targets have confirmed.

| duty                           | open while                                                                              |
|--------------------------------|-----------------------------------------------------------------------------------------|
| REPORT_DECISION                | a target that should show the record has never confirmed it, one line each; or no target |
|                                | should show it, for it is DECIDED, QUARANTINED or taken by none: one line without target |
| WITHDRAW                       | its day has come, and a target that may show the record has not confirmed its absence    |
| DECIDE_OBJECTION, REVIEW_BASIS | the record has it                                                                        |

Reporting is done once, with the first confirmation: an amendment on its way does not open it anew, nor does what was
withdrawn and comes back. It is done too for a record that ended, and rests with one that is suspended. Where a target holds
an enterprise, what counts is a confirmation of a version that knew the record as listed, or as gone. What a target retired
as abandoned shows nobody can change any more: it owes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from credit_sanction_service.domain.enterprises import Authority, District
from credit_sanction_service.domain.terms import DutyKind

if TYPE_CHECKING:
    from credit_sanction_service.store.connect import Connection, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the list a line stands: what it is ordered by. `target` is empty where there is none."""

    due_on: date | None
    record_id: UUID
    target: str
    kind: str
    since: date
    note_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDuty:
    """One open duty, with one target where it has any. `due_on` None: that year's working days are not published."""

    kind: DutyKind
    record_id: UUID
    target: str
    authority: Authority
    district: District
    since: date
    due_on: date | None
    note: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyQuery:
    """
    What is due on `until` or before, and what nobody knows the day of. Filters are joined by "and", within one by "or";
    empty ones take all. `today` says which withdrawals have begun. `only_authorities` bounds who asks; None does not.
    """

    today: date
    until: date
    kinds: tuple[DutyKind, ...] = ()
    districts: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    only_authorities: tuple[str, ...] | None = None
    after: Place | None = None
    limit: int = 50


# The Shanghai day of an instant. One offset all year, and written as such: a database may know no time zones.
DAY_OF: Final = "({} AT TIME ZONE INTERVAL '8 hours')::date"
# The revision of the first version that knew the record as listed.
LISTED_AT: Final = """
(SELECT c.epoch, c.revision FROM change_log c
 WHERE c.subject_id = d.record_id AND c.kind = 'record' AND c.body ->> 'state' = 'LISTED' ORDER BY c.version LIMIT 1)
"""
# The revision of the first version that knew it as gone and after which it was never listed again. One that is lifted ahead is
# gone with the version that was written once its day had come.
GONE_AT: Final = f"""
(SELECT c.epoch, c.revision FROM change_log c JOIN revision v ON (v.epoch, v.number) = (c.epoch, c.revision)
 WHERE c.subject_id = d.record_id AND c.kind = 'record'
    AND c.version > (SELECT max(l.version) FROM change_log l
        WHERE l.subject_id = d.record_id AND l.kind = 'record' AND l.body ->> 'state' = 'LISTED')
    AND (c.body ->> 'state' <> 'LIFTED'
        OR {DAY_OF.format("v.known_at")} >= (c.body -> 'ending' ->> 'effective_on')::date)
 ORDER BY c.version LIMIT 1)
"""  # noqa: S608 - joined from constants
CONFIRMED: Final = """
SELECT FROM attempt_opened o JOIN attempt_closed a USING (target, subject, number)
WHERE o.target = v.target AND o.subject = v.subject AND a.outcome = 'CONFIRMED'
"""
_LINE: Final = "SELECT d.record_id, d.kind, d.since, d.due_on, d.note, d.authority_code, d.district_code"
_BEGUN: Final = "d.kind = 'WITHDRAW' AND d.since <= %(today)s"
LIVE: Final = "t.retired IS DISTINCT FROM 'abandon'"
_GONE: Final = """
EXISTS (SELECT FROM duty w WHERE w.record_id = d.record_id AND w.kind = 'WITHDRAW' AND w.since <= %(today)s)
"""

# Whether a target's filter takes the record, as `domain.effect.belongs` judges it, whatever the day.
TAKES: Final = """
(coalesce(t.filter -> 'districts' ? r.district_code, true)
 AND coalesce(t.filter -> 'standards' ? r.standard OR t.filter -> 'standards'
    ?| ARRAY(SELECT jsonb_array_elements_text(r.body -> 'obligation' -> 'further_standards')), true)
 AND coalesce(t.filter -> 'areas' ?| r.areas, true)
 AND coalesce(t.filter -> 'sectors' ? (r.body -> 'obligation' ->> 'sector'), true)
 AND NOT (coalesce((t.filter ->> 'public')::boolean, false) AND r.body ->> 'publication_class' = 'MINOR'))
"""

# The open lines. Each branch begins with what is few: what is not confirmed, not listed, or waits for the scheduler.
OPEN: Final = f"""
{_LINE}, '' AS target
FROM duty d WHERE d.kind IN ('DECIDE_OBJECTION', 'REVIEW_BASIS')
UNION ALL
{_LINE}, ''
FROM sanction_record r JOIN duty d ON d.record_id = r.id AND d.kind = 'REPORT_DECISION'
WHERE r.state IN ('DECIDED', 'QUARANTINED')
UNION ALL
{_LINE}, ''
FROM (
    SELECT r.id FROM sanction_record r WHERE r.state = 'LISTED' AND NOT EXISTS (
        SELECT FROM in_force_at f JOIN target t ON t.name = f.target AND {LIVE} WHERE f.record_id = r.id
    ) OFFSET 0 -- first those that no target should show: they are few, and what follows is dear
) AS r JOIN duty d ON d.record_id = r.id
WHERE d.kind = 'REPORT_DECISION'
    AND NOT EXISTS (
        SELECT FROM target t JOIN delivery v ON v.target = t.name AND v.subject = 'sanctionRecords/' || d.record_id
        WHERE {LIVE} AND EXISTS ({CONFIRMED} AND o.present)
    )
UNION ALL
{_LINE}, v.target
FROM delivery v JOIN target t ON t.name = v.target AND {LIVE}
JOIN duty d ON d.record_id = v.record_id AND d.kind = 'REPORT_DECISION'
WHERE v.due_since IS NOT NULL AND v.desired_present AND NOT v.confirmed_present AND NOT {_GONE}
    AND NOT EXISTS ({CONFIRMED} AND o.present)
UNION ALL
{_LINE}, v.target
FROM delivery v JOIN target t ON t.name = v.target AND {LIVE}
JOIN in_force_at f ON f.target = v.target AND f.enterprise_code = v.enterprise_code
JOIN duty d ON d.record_id = f.record_id AND d.kind = 'REPORT_DECISION'
WHERE v.due_since IS NOT NULL AND v.desired_present AND v.record_id IS NULL AND NOT {_GONE}
    AND NOT EXISTS ({CONFIRMED} AND o.present AND (o.epoch, o.version) >= {LISTED_AT})
UNION ALL
{_LINE}, v.target
FROM delivery v JOIN target t ON t.name = v.target AND {LIVE}
JOIN duty d ON d.record_id = v.record_id AND {_BEGUN}
WHERE v.due_since IS NOT NULL AND NOT v.desired_present
UNION ALL
{_LINE}, v.target
FROM delivery v JOIN target t ON t.name = v.target AND {LIVE}
JOIN sanction_record r ON r.enterprise_code = v.enterprise_code
JOIN duty d ON d.record_id = r.id AND {_BEGUN}
WHERE v.due_since IS NOT NULL AND v.record_id IS NULL AND v.claimed_number IS NOT NULL AND {TAKES}
    AND NOT EXISTS (SELECT FROM in_force_at f WHERE f.target = v.target AND f.record_id = r.id)
    AND NOT EXISTS ({CONFIRMED} AND (o.epoch, o.version) >= {GONE_AT})
UNION ALL
{_LINE}, f.target
FROM sanction_record r JOIN duty d ON d.record_id = r.id AND {_BEGUN}
CROSS JOIN target t JOIN in_force_at f ON f.target = t.name AND f.record_id = r.id
WHERE r.next_change_on <= %(today)s AND {LIVE}
"""  # noqa: S608 - joined from constants

_PLACE: Final = (
    """coalesce(due_on, 'infinity'), record_id, target COLLATE "C", kind COLLATE "C", since, md5(note) COLLATE "C\""""
)
_PAGE: Final = f"""
SELECT o.kind, o.record_id, o.target, o.since, o.due_on, o.note, md5(o.note),
    coalesce(nullif(r.body -> 'decision', 'null'), r.body -> 'notice') -> 'authority', r.body -> 'district'
FROM (SELECT * FROM ({OPEN}) AS line WHERE {{clauses}} ORDER BY {_PLACE} LIMIT %(limit)s) AS o
JOIN sanction_record r ON r.id = o.record_id
ORDER BY {_PLACE}
"""  # noqa: S608 - joined from constants


def list_open_duties(connection: Connection, query: DutyQuery) -> list[OpenDuty]:
    """
    Return one page, the most urgent first and what nobody knows the day of last, then by record and target. All of one
    statement's snapshot.
    """
    clauses = ["(due_on IS NULL OR due_on <= %(until)s)"]
    values: dict[str, Any] = {"today": query.today, "until": query.until, "limit": query.limit}
    choices = (
        ("kind", [kind.value for kind in query.kinds], bool(query.kinds)),
        ("district_code", list(query.districts), bool(query.districts)),
        ("authority_code", list(query.authorities), bool(query.authorities)),
        ("target", list(query.targets), bool(query.targets)),
    )
    for column, wanted, narrows in choices:
        if narrows:
            clauses.append(f"{column} = ANY (%({column})s)")
            values[column] = wanted
    if query.only_authorities is not None:
        clauses.append("authority_code = ANY (%(only)s)")
        values["only"] = list(query.only_authorities)
    if query.after is not None:
        clauses.append(
            f"({_PLACE}) > (%(after_due)s::date, %(after_record)s, %(after_target)s, %(after_kind)s, %(after_since)s::date,"
            " %(after_note)s)"
        )
        values |= _after(query.after)
    rows = connection.execute(_PAGE.format(clauses=" AND ".join(clauses)), values).fetchall()
    return [_open_duty(row) for row in rows]


def _after(place: Place) -> dict[str, Any]:
    return {
        "after_due": place.due_on.isoformat() if place.due_on else "infinity",
        "after_record": place.record_id,
        "after_target": place.target,
        "after_kind": place.kind,
        "after_since": place.since,
        "after_note": place.note_digest,
    }


def _open_duty(row: Row) -> OpenDuty:
    kind, record_id, target, since, due_on, note, digest, authority, district = row
    return OpenDuty(
        kind=DutyKind(kind),
        record_id=record_id,
        target=target,
        authority=Authority(code=authority["code"], name=authority["name"]),
        district=District(code=district["code"], name=district["name"], since=date.fromisoformat(district["since"])),
        since=since,
        due_on=due_on,
        note=note,
        place=Place(
            due_on=due_on,
            record_id=record_id,
            target=target,
            kind=kind,
            since=since,
            note_digest=digest,
        ),
    )
