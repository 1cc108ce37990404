-- +goose Up

-- The notice that stands for several: ends of certificates that are told of in
-- one mail.
ALTER TABLE notices ADD COLUMN group_id uuid;
CREATE INDEX ix_notices_group ON notices (group_id) WHERE group_id IS NOT NULL;

-- When a notice found nobody to tell, for the operators to see.
ALTER TABLE notices ADD COLUMN untold_at timestamptz;
CREATE INDEX ix_notices_untold ON notices (untold_at) WHERE untold_at IS NOT NULL;

-- What is pruned by its age, and how many attempts there are of a kind.
CREATE INDEX ix_notices_created ON notices (created_at);
CREATE INDEX ix_mails_created ON mails (created_at);
CREATE INDEX ix_login_attempts_kind ON login_attempts (team_id, identity_provider_id, outcome, id);

-- +goose Down

DROP INDEX ix_login_attempts_kind;
DROP INDEX ix_mails_created;
DROP INDEX ix_notices_created;
DROP INDEX ix_notices_untold;
ALTER TABLE notices DROP COLUMN untold_at;
DROP INDEX ix_notices_group;
ALTER TABLE notices DROP COLUMN group_id;
