-- Which records name an exit obligation: asked for every obligation that is shown. Most records name none.
CREATE INDEX sanction_record_obligation ON sanction_record ((body ->> 'obligation_name'), id)
    WHERE body ->> 'obligation_name' IS NOT NULL;
-- Every process loads the active exits when it starts.
CREATE INDEX exit_obligation_active ON exit_obligation (id) WHERE active_exit;
