-- +goose Up

-- Whether members are told that they were shut out or removed, and admins once
-- a day who was.
ALTER TABLE notification_settings ADD COLUMN tell_members boolean NOT NULL DEFAULT false;
ALTER TABLE notification_settings ADD COLUMN daily_digest boolean NOT NULL DEFAULT false;

-- +goose Down

ALTER TABLE notification_settings DROP COLUMN daily_digest;
ALTER TABLE notification_settings DROP COLUMN tell_members;
