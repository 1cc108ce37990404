-- +goose Up

-- Whether admins are reminded of a way in that nobody tried for ninety days.
ALTER TABLE notification_settings ADD COLUMN break_glass_reminder boolean NOT NULL DEFAULT true;

-- What a team was told of lately.
CREATE INDEX ix_notices_kind ON notices (team_id, kind, created_at);

-- +goose Down

DROP INDEX ix_notices_kind;
ALTER TABLE notification_settings DROP COLUMN break_glass_reminder;
