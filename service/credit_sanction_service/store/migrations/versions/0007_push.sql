-- What was sent, as it went over the wire (zlib), and the SHA-256 of it before that. Null where nothing could be composed,
-- and for what was sent before these columns were there.
ALTER TABLE attempt_opened ADD COLUMN body bytea, ADD COLUMN digest bytea;
ALTER TABLE attempt_opened ALTER COLUMN body SET STORAGE EXTERNAL;

-- What a target refuses, field by field: a list of [its name, our path, its words]. And what is older than its target's
-- give-up age: it waits for a person as a refused one does.
ALTER TABLE delivery ADD COLUMN corrections jsonb NOT NULL DEFAULT '[]';
ALTER TABLE delivery ADD COLUMN given_up boolean NOT NULL DEFAULT false;

-- A pause that ends by itself.
ALTER TABLE target ADD COLUMN paused_until timestamptz;

-- Comparisons of a target's own list with ours: asked for by a person or by the schedule, done by a worker.
CREATE TABLE reconciliation (
    id           uuid PRIMARY KEY,
    target       text NOT NULL,
    repair       boolean NOT NULL,
    requested_by text NOT NULL,         -- a principal; empty: the schedule
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state        text NOT NULL CHECK (state IN ('REQUESTED', 'RUNNING', 'DONE', 'FAILED')),
    worker       text NOT NULL DEFAULT '',
    lease_until  timestamptz,           -- while RUNNING: after it another worker begins anew
    ended_at     timestamptz,
    compared     bigint NOT NULL DEFAULT 0,
    missing      jsonb NOT NULL DEFAULT '[]',   -- subjects, each kind at most a bounded number; the counts are whole
    stale        jsonb NOT NULL DEFAULT '[]',
    extra        jsonb NOT NULL DEFAULT '[]',
    standing     jsonb NOT NULL DEFAULT '[]',
    counts       jsonb NOT NULL DEFAULT '{}',
    repaired     bigint NOT NULL DEFAULT 0,
    detail       text NOT NULL DEFAULT ''
);
CREATE INDEX reconciliation_target ON reconciliation (target, requested_at);
CREATE INDEX reconciliation_open ON reconciliation (requested_at) WHERE state IN ('REQUESTED', 'RUNNING');

GRANT SELECT, INSERT, UPDATE ON reconciliation TO credit_sanction_service;
