-- How often each area was answered with each verdict, by the Shanghai day of the answer.
CREATE TABLE look_up_count (
    day     date NOT NULL,
    area    text NOT NULL,
    verdict text NOT NULL,
    count   bigint NOT NULL CHECK (count > 0),
    PRIMARY KEY (day, area, verdict)
);

-- Duties are asked for by kind first: of the oldest and largest kind nearly all are done.
CREATE INDEX duty_search ON duty (kind, due_on, record_id);
DROP INDEX duty_due;
-- What no target has confirmed is little beside all that was ever delivered.
CREATE INDEX delivery_open ON delivery (record_id, target) WHERE due_since IS NOT NULL;
CREATE INDEX sanction_record_state ON sanction_record (state, id);
-- A decided objection or a reviewed basis leaves the record: that it was owed stands in the log alone.
CREATE INDEX change_log_passing_duty ON change_log (subject_id, version)
    WHERE body @> '{"due_days":[{"kind":"DECIDE_OBJECTION"}]}' OR body @> '{"due_days":[{"kind":"REVIEW_BASIS"}]}';
-- Attempts are closed in the order of time, so that a few pages tell where a period begins and ends.
CREATE INDEX attempt_closed_at ON attempt_closed USING brin (closed_at) WITH (pages_per_range = 32, autosummarize = on);

GRANT SELECT, INSERT, UPDATE ON look_up_count TO credit_sanction_service;
