-- +goose Up

-- Who asked for a link to set a password, until it is seen whether it is mailed:
-- a row for every address that was typed, known or not. It goes with the answer
-- to it, in seconds.
CREATE TABLE password_asks (
    id        text NOT NULL PRIMARY KEY,
    email_key text NOT NULL,
    asked_at  datetime NOT NULL
);
CREATE INDEX ix_password_asks_asked ON password_asks (asked_at, id);

ALTER TABLE notification_settings ADD COLUMN welcome_members boolean NOT NULL DEFAULT false;

-- +goose Down

ALTER TABLE notification_settings DROP COLUMN welcome_members;
DROP TABLE password_asks;
