-- How an attempt ended by its own worker's word, where that came after its lease had lapsed and another had closed it as of unknown
-- outcome: evidence beside that closing, which stays as it is.
CREATE TABLE attempt_late (
    target   text NOT NULL,
    subject  text NOT NULL,
    number   bigint NOT NULL,
    outcome  text NOT NULL,
    status   integer NOT NULL,
    receipt  text NOT NULL,
    detail   text NOT NULL,
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (target, subject, number)
);
GRANT SELECT, INSERT ON attempt_late TO credit_sanction_service;

-- By which of its target's settings and mapping tables a body was composed; and the store's head at that moment, which the body names
-- as the revision of its standing: so that a retry under others can tell whether they would say the same. Null for what was
-- composed before these columns were there.
ALTER TABLE attempt_opened ADD COLUMN manner text, ADD COLUMN head_epoch integer, ADD COLUMN head_number bigint;

-- Whether a target's withdrawals say what a record came to, and what it came to when a row was last moved to be absent: where that
-- becomes something else, such a target is told again. Null: present, or nobody knows.
ALTER TABLE target ADD COLUMN tells_endings boolean NOT NULL DEFAULT false;
ALTER TABLE delivery ADD COLUMN ending text;
UPDATE delivery d SET ending = r.state FROM sanction_record r
WHERE r.id = d.record_id AND NOT d.desired_present AND r.state IN ('SUSPENDED', 'LIFTED', 'EXPIRED', 'REVOKED');

-- Reports are kept for as long as each target's retention says.
GRANT DELETE ON reconciliation TO credit_sanction_service;
