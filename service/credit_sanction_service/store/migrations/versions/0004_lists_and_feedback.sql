-- The current state of each entry of a public list. No look-up and no push reads it. `item` and `document_number` are folded,
-- as what must be unique; the words as they were typed stand in `body`.
CREATE TABLE public_list_entry (
    id              uuid PRIMARY KEY,
    version         bigint NOT NULL CHECK (version > 0),
    list_class      text NOT NULL,
    enterprise_code text NOT NULL,
    old_numbers     text[] NOT NULL,
    item            text NOT NULL,
    document_number text NOT NULL,
    district_code   text NOT NULL,
    withdrawn       boolean NOT NULL,
    body            jsonb NOT NULL,
    created_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX one_list_entry_per_item ON public_list_entry (list_class, enterprise_code, item, document_number)
    WHERE NOT withdrawn;
CREATE INDEX public_list_entry_enterprise ON public_list_entry (enterprise_code);
CREATE INDEX public_list_entry_old_numbers ON public_list_entry USING gin (old_numbers);
CREATE INDEX public_list_entry_district ON public_list_entry (district_code, list_class);

-- What readers did with measures. Insert-only: what was wrong is corrected by a later report. `epoch` and `revision` are the
-- store's head when it was taken in: a report changes nothing that a look-up answers, so it draws no revision.
CREATE TABLE enforcement_report (
    id            uuid PRIMARY KEY,
    record_id     uuid NOT NULL REFERENCES sanction_record,
    area          text NOT NULL,
    outcome       text NOT NULL CHECK (outcome IN ('APPLIED', 'NOT_APPLIED')),
    blocked       boolean NOT NULL CHECK (outcome = 'APPLIED' OR NOT blocked),
    applied_on    date NOT NULL,
    district_code text NOT NULL,
    reporter      text NOT NULL,
    epoch         integer NOT NULL,
    revision      bigint NOT NULL,
    body          jsonb NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX enforcement_report_record ON enforcement_report (record_id, area);
CREATE INDEX enforcement_report_reporter ON enforcement_report (reporter, id);
CREATE INDEX enforcement_report_district ON enforcement_report (district_code, id);
CREATE INDEX enforcement_report_applied_on ON enforcement_report (applied_on);

-- The service role: an entry is withdrawn and never deleted, a report stays as it came.
GRANT SELECT, INSERT, UPDATE ON public_list_entry TO credit_sanction_service;
GRANT SELECT, INSERT ON enforcement_report TO credit_sanction_service;
