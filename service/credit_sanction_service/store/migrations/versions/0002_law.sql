-- The rule tables, each edition as it was loaded, to the letter. Insert-only: a correction is an edition of another name.
-- `ordinal` is the order of loading; of most kinds the edition loaded last counts.
CREATE TABLE law_edition (
    kind      text NOT NULL,
    edition   text NOT NULL,
    text      text NOT NULL,
    digest    text NOT NULL,
    loaded_by text NOT NULL,            -- empty: it came with a release
    loaded_at timestamptz NOT NULL,
    epoch     integer NOT NULL,
    revision  bigint NOT NULL,
    ordinal   bigint NOT NULL UNIQUE,
    PRIMARY KEY (kind, edition),
    FOREIGN KEY (epoch, revision) REFERENCES revision (epoch, number)
);
ALTER TABLE store_head ADD COLUMN law_version bigint NOT NULL DEFAULT 0;

-- The log tells of more than records: `subject_id` is the id of a record, an exit obligation, an edition or a list entry.
ALTER TABLE change_log RENAME COLUMN record_id TO subject_id;
ALTER TABLE change_log RENAME CONSTRAINT change_log_record_id_version_key TO change_log_subject_id_version_key;
ALTER TABLE change_log ADD COLUMN kind text NOT NULL DEFAULT 'record'
    CHECK (kind IN ('record', 'obligation', 'edition', 'list_entry'));

-- The current state of each exit obligation. `last_day` is null while the working days of its year are not published.
CREATE TABLE exit_obligation (
    id               uuid PRIMARY KEY,
    version          bigint NOT NULL CHECK (version > 0),
    state            text NOT NULL,
    enterprise_code  text NOT NULL,
    old_numbers      text[] NOT NULL,
    authority_code   text NOT NULL,
    standard         text NOT NULL,
    sector           text NOT NULL,
    district_code    text NOT NULL,
    item             text NOT NULL,
    last_day         date,
    calendar_edition text NOT NULL,
    active_exit      boolean NOT NULL,
    body             jsonb NOT NULL,
    created_at       timestamptz NOT NULL
);
CREATE INDEX exit_obligation_enterprise ON exit_obligation (enterprise_code);
CREATE INDEX exit_obligation_old_numbers ON exit_obligation USING gin (old_numbers);
CREATE INDEX exit_obligation_district ON exit_obligation (district_code, state);
CREATE INDEX exit_obligation_standard ON exit_obligation (standard, sector);
CREATE INDEX exit_obligation_open ON exit_obligation (last_day) WHERE state <> 'COMPLETED';
CREATE INDEX exit_obligation_waiting ON exit_obligation (id) WHERE last_day IS NULL AND calendar_edition = '';

-- The due days of each record's current version, to be searched. `due_on` is null while they cannot be reckoned.
CREATE TABLE duty (
    record_id        uuid NOT NULL REFERENCES sanction_record,
    kind             text NOT NULL,
    since            date NOT NULL,
    due_on           date,
    calendar_edition text NOT NULL,
    note             text NOT NULL,
    authority_code   text NOT NULL,
    district_code    text NOT NULL,
    PRIMARY KEY (record_id, kind, since, note)
);
CREATE INDEX duty_due ON duty (due_on);

-- The service role: what was law stays readable as it was.
GRANT SELECT, INSERT ON law_edition TO credit_sanction_service;
GRANT SELECT, INSERT, UPDATE ON exit_obligation TO credit_sanction_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON duty TO credit_sanction_service;
