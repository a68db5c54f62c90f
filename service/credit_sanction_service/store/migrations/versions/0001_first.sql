-- The clock of the store. Its one row is the lock under which a revision is drawn, as a transaction's last act.
CREATE TABLE store_head (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch           integer NOT NULL DEFAULT 1 CHECK (epoch > 0),
    number          bigint NOT NULL DEFAULT 0 CHECK (number >= 0),
    known_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    access_version  bigint NOT NULL DEFAULT 0,
    targets_version bigint NOT NULL DEFAULT 0
);
INSERT INTO store_head DEFAULT VALUES;

CREATE TABLE revision (
    epoch    integer NOT NULL,
    number   bigint NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (epoch, number)
);

-- The current state of each record. `body` is the whole of it; the columns are what is searched and what must be unique.
CREATE TABLE sanction_record (
    id              uuid PRIMARY KEY,
    version         bigint NOT NULL CHECK (version > 0),
    state           text NOT NULL,
    authority_code  text NOT NULL,
    document_number text NOT NULL,
    enterprise_code text NOT NULL,
    item            text NOT NULL,
    standard        text NOT NULL,
    district_code   text NOT NULL,
    areas           text[] NOT NULL,
    old_numbers     text[] NOT NULL,
    next_change_on  date,
    body            jsonb NOT NULL,
    created_at      timestamptz NOT NULL
);
-- A revoked record never had effect, so another may stand in its place.
CREATE UNIQUE INDEX one_record_per_item ON sanction_record (authority_code, document_number, enterprise_code, item)
    WHERE state <> 'REVOKED';
CREATE INDEX sanction_record_enterprise ON sanction_record (enterprise_code);
CREATE INDEX sanction_record_old_numbers ON sanction_record USING gin (old_numbers);
CREATE INDEX sanction_record_next_change ON sanction_record (next_change_on) WHERE next_change_on IS NOT NULL;

-- Every version of every record, in commit order. Insert-only; never dropped.
CREATE TABLE change_log (
    epoch           integer NOT NULL,
    revision        bigint NOT NULL,
    ordinal         integer NOT NULL,
    record_id       uuid NOT NULL,
    version         bigint NOT NULL,
    enterprise_code text NOT NULL,
    action          text NOT NULL,
    principal       text NOT NULL,
    body            jsonb NOT NULL,
    PRIMARY KEY (epoch, revision, ordinal),
    UNIQUE (record_id, version),
    FOREIGN KEY (epoch, revision) REFERENCES revision (epoch, number)
);
CREATE INDEX change_log_enterprise ON change_log (enterprise_code, epoch, revision);

-- What a request id was first answered with.
CREATE TABLE request (
    principal  text NOT NULL,
    method     text NOT NULL,
    request_id text NOT NULL,
    digest     bytea NOT NULL,
    outcome    jsonb,
    PRIMARY KEY (principal, method, request_id)
);

-- Callers' tokens, by their SHA-256.
CREATE TABLE access_token (
    hash       bytea PRIMARY KEY,
    principal  text NOT NULL,
    grants     jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz
);

-- The targets file, as loaded.
CREATE TABLE target (
    name          text PRIMARY KEY,
    kind          text NOT NULL,
    holds         text NOT NULL CHECK (holds IN ('record', 'enterprise')),
    filter        jsonb NOT NULL,
    digest        text NOT NULL,
    retired       text CHECK (retired IN ('withdraw', 'abandon')),
    paused_reason text
);

-- Which records each target should show at present: what `standing` is read from.
CREATE TABLE in_force_at (
    target          text NOT NULL REFERENCES target ON DELETE CASCADE,
    record_id       uuid NOT NULL REFERENCES sanction_record,
    enterprise_code text NOT NULL,
    PRIMARY KEY (target, record_id)
);
CREATE INDEX in_force_at_enterprise ON in_force_at (target, enterprise_code);

-- One row for each (target, subject): what the target should have, what it confirmed, what comes next.
CREATE TABLE delivery (
    target            text NOT NULL REFERENCES target ON DELETE CASCADE,
    subject           text NOT NULL,
    record_id         uuid REFERENCES sanction_record,
    enterprise_code   text NOT NULL,
    desired_epoch     integer NOT NULL,
    desired_number    bigint NOT NULL,
    desired_present   boolean NOT NULL,
    confirmed_epoch   integer,
    confirmed_number  bigint,
    confirmed_present boolean NOT NULL DEFAULT false,
    claimed_epoch     integer,          -- highest version that was ever claimed, and so possibly sent
    claimed_number    bigint,
    claimed_generation integer,         -- with it the last idempotency key: a target that knows it may answer from memory
    rejected          boolean NOT NULL DEFAULT false,
    generation        integer NOT NULL DEFAULT 0,
    attempt           bigint NOT NULL DEFAULT 0,   -- number of the last attempt; also its fencing number
    failures          integer NOT NULL DEFAULT 0,  -- since the desired version changed: the place in the schedule
    lease_until       timestamptz,
    next_attempt_at   timestamptz,      -- null: nothing to do
    due_since         timestamptz,      -- null: confirmed
    unknown_epoch     integer,          -- version of an attempt whose outcome nobody knows …
    unknown_number    bigint,
    unknown_until     timestamptz,      -- … and until when it may still arrive
    last_error        text NOT NULL DEFAULT '',
    receipt           text NOT NULL DEFAULT '',
    changed_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (target, subject)
);
CREATE INDEX delivery_due ON delivery (target, desired_present, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX delivery_enterprise ON delivery (enterprise_code);
CREATE INDEX delivery_record ON delivery (record_id);

-- The proof of delivery: opened before a byte leaves, closed once. Both insert-only.
CREATE TABLE attempt_opened (
    target          text NOT NULL,
    subject         text NOT NULL,
    number          bigint NOT NULL,
    epoch           integer NOT NULL,
    version         bigint NOT NULL,
    present         boolean NOT NULL,
    idempotency_key text NOT NULL,
    worker          text NOT NULL,
    opened_at       timestamptz NOT NULL,
    PRIMARY KEY (target, subject, number)
);
CREATE TABLE attempt_closed (
    target    text NOT NULL,
    subject   text NOT NULL,
    number    bigint NOT NULL,
    outcome   text NOT NULL,
    status    integer NOT NULL,
    receipt   text NOT NULL,
    detail    text NOT NULL,
    closed_at timestamptz NOT NULL,
    PRIMARY KEY (target, subject, number),
    FOREIGN KEY (target, subject, number) REFERENCES attempt_opened
);

-- The service role: proofs are insert-only for it, and it cannot change the schema.
GRANT SELECT, INSERT ON revision, change_log, attempt_opened, attempt_closed TO credit_sanction_service;
GRANT SELECT ON alembic_version TO credit_sanction_service;
GRANT SELECT, INSERT, UPDATE ON store_head, sanction_record, request, target, delivery TO credit_sanction_service;
GRANT SELECT, INSERT, DELETE ON in_force_at TO credit_sanction_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON access_token TO credit_sanction_service;
GRANT DELETE ON target, delivery TO credit_sanction_service;
