-- +goose Up

-- What the GraphQL API lists, filters and orders by.
ALTER TABLE sso_settings ADD COLUMN disabled_at timestamptz;
ALTER TABLE sso_settings ADD COLUMN disabled_reason text NOT NULL DEFAULT '';

-- Names are paged and searched by their bytes, whatever the database's locale is.
CREATE INDEX ix_memberships_name ON memberships (team_id, user_name_key COLLATE "C", id);
CREATE INDEX ix_memberships_status ON memberships (team_id, status, id);
CREATE INDEX ix_memberships_source ON memberships (team_id, source, id);
CREATE INDEX ix_memberships_seen ON memberships (team_id, last_seen_at);
CREATE INDEX ix_sessions_team ON sessions (team_id, id);
CREATE INDEX ix_api_keys_team ON api_keys (team_id, id);
CREATE INDEX ix_login_attempts_code ON login_attempts (team_id, code, id);
CREATE INDEX ix_audit_events_all ON audit_events (at, id);
CREATE INDEX ix_audit_events_time ON audit_events (team_id, at, id);
CREATE INDEX ix_audit_events_action ON audit_events (team_id, action, at, id);
CREATE INDEX ix_audit_events_actor ON audit_events (team_id, actor_id, at, id);
CREATE INDEX ix_audit_events_target ON audit_events (team_id, target_id, at, id);

-- +goose Down

DROP INDEX ix_audit_events_target;
DROP INDEX ix_audit_events_actor;
DROP INDEX ix_audit_events_action;
DROP INDEX ix_audit_events_time;
DROP INDEX ix_audit_events_all;
DROP INDEX ix_login_attempts_code;
DROP INDEX ix_api_keys_team;
DROP INDEX ix_sessions_team;
DROP INDEX ix_memberships_seen;
DROP INDEX ix_memberships_source;
DROP INDEX ix_memberships_status;
DROP INDEX ix_memberships_name;
ALTER TABLE sso_settings DROP COLUMN disabled_reason;
ALTER TABLE sso_settings DROP COLUMN disabled_at;
