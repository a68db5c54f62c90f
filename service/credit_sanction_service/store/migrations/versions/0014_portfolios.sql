-- What a caller wants to hear of. Each of its versions is a revision of the store, by its entry in the change log, so that
-- a reader can be told what a change of the portfolio means to it at that very revision. A name that was deleted keeps its row:
-- put again, its versions go on.
CREATE TABLE portfolio (
    id         uuid PRIMARY KEY,
    principal  text NOT NULL,
    name       text NOT NULL,
    version    bigint NOT NULL CHECK (version >= 0),
    size       bigint NOT NULL CHECK (size >= 0),
    deleted    boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (principal, name)
);

-- Its codes, each from the version that added it until the one that removed it. `organisation` is the organisation code inside;
-- the keys are those by which `sanction_record.ever` finds the records that either ever led to.
CREATE TABLE portfolio_code (
    portfolio_id     uuid NOT NULL REFERENCES portfolio,
    code             text NOT NULL,
    organisation     text NOT NULL,     -- empty: there is none
    code_key         integer NOT NULL,
    organisation_key integer,
    added            bigint NOT NULL,
    removed          bigint,
    PRIMARY KEY (portfolio_id, code, added)
);
CREATE UNIQUE INDEX portfolio_code_held ON portfolio_code (portfolio_id, code) WHERE removed IS NULL;
CREATE INDEX portfolio_code_organisation ON portfolio_code (portfolio_id, organisation) WHERE organisation <> '';
CREATE INDEX portfolio_code_key ON portfolio_code (portfolio_id, code_key);
CREATE INDEX portfolio_code_organisation_key ON portfolio_code (portfolio_id, organisation_key)
    WHERE organisation_key IS NOT NULL;
CREATE INDEX portfolio_code_added ON portfolio_code (portfolio_id, added);
CREATE INDEX portfolio_code_removed ON portfolio_code (portfolio_id, removed) WHERE removed IS NOT NULL;

ALTER TABLE change_log DROP CONSTRAINT change_log_kind_check;
ALTER TABLE change_log ADD CONSTRAINT change_log_kind_check
    CHECK (kind IN ('record', 'obligation', 'edition', 'list_entry', 'portfolio'));

GRANT SELECT, INSERT, UPDATE ON portfolio, portfolio_code TO credit_sanction_service;
