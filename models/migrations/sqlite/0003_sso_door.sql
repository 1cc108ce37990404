-- +goose Up

-- How an identity provider is spoken to, and what is asked of it.
ALTER TABLE identity_providers ADD COLUMN sso_binding text NOT NULL DEFAULT 'REDIRECT' CHECK (sso_binding IN ('REDIRECT', 'POST'));
ALTER TABLE identity_providers ADD COLUMN slo_binding text NOT NULL DEFAULT 'REDIRECT' CHECK (slo_binding IN ('REDIRECT', 'POST'));
ALTER TABLE identity_providers ADD COLUMN slo_response_url text NOT NULL DEFAULT '';
ALTER TABLE identity_providers ADD COLUMN sign_authn_requests boolean NOT NULL DEFAULT false;
ALTER TABLE identity_providers ADD COLUMN force_authn boolean NOT NULL DEFAULT false;
ALTER TABLE identity_providers ADD COLUMN authn_context_classes text NOT NULL DEFAULT '[]';
ALTER TABLE identity_providers ADD COLUMN authn_context_comparison text NOT NULL DEFAULT 'EXACT' CHECK (authn_context_comparison IN ('EXACT', 'MINIMUM', 'MAXIMUM', 'BETTER'));
ALTER TABLE identity_providers ADD COLUMN name_id_format text NOT NULL DEFAULT '';
ALTER TABLE identity_providers ADD COLUMN login_hint_parameter text NOT NULL DEFAULT '';
ALTER TABLE identity_providers ADD COLUMN allow_sha1_until datetime;
ALTER TABLE identity_providers ADD COLUMN allow_cbc boolean NOT NULL DEFAULT false;
ALTER TABLE identity_providers ADD COLUMN require_encryption boolean NOT NULL DEFAULT false;
ALTER TABLE identity_providers ADD COLUMN mfa_rule text NOT NULL DEFAULT '{}';

ALTER TABLE sso_settings ADD COLUMN clock_skew_seconds integer NOT NULL DEFAULT 90;
ALTER TABLE sso_settings ADD COLUMN require_mfa boolean NOT NULL DEFAULT false;
ALTER TABLE sso_settings ADD COLUMN honour_session_end boolean NOT NULL DEFAULT false;
ALTER TABLE sso_settings ADD COLUMN sign_metadata boolean NOT NULL DEFAULT false;
ALTER TABLE sso_settings ADD COLUMN encrypt_assertions boolean NOT NULL DEFAULT false;

-- What was asked for has to be remembered until the answer comes.
ALTER TABLE login_requests ADD COLUMN force_authn boolean NOT NULL DEFAULT false;

-- What a logout request has to repeat, and what proved a second factor.
ALTER TABLE sessions ADD COLUMN name_id_format text NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN name_qualifier text NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN sp_name_qualifier text NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN mfa_evidence text NOT NULL DEFAULT '';
CREATE INDEX ix_sessions_name ON sessions (identity_provider_id, name_id);

ALTER TABLE login_attempts ADD COLUMN kind text NOT NULL DEFAULT 'SIGN_IN' CHECK (kind IN ('SIGN_IN', 'LOGOUT'));
ALTER TABLE login_attempts ADD COLUMN verified boolean NOT NULL DEFAULT false;
ALTER TABLE login_attempts ADD COLUMN mfa_evidence text NOT NULL DEFAULT '';
ALTER TABLE login_attempts ADD COLUMN message text NOT NULL DEFAULT '{}';
ALTER TABLE login_attempts ADD COLUMN repeated integer NOT NULL DEFAULT 1;
ALTER TABLE login_attempts ADD COLUMN flood_minute datetime;
CREATE UNIQUE INDEX ux_login_attempts_flood ON login_attempts (team_id, flood_minute);
CREATE INDEX ix_login_attempts_team_at ON login_attempts (team_id, at);

-- The private key is sealed under a key that is not in the database.
CREATE TABLE service_provider_keys (
    id                 text NOT NULL PRIMARY KEY,
    team_id            text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    state              text NOT NULL CHECK (state IN ('CURRENT', 'NEXT')),
    sealed_key         blob NOT NULL,
    der                blob NOT NULL,
    fingerprint_sha256 text NOT NULL,
    not_before         datetime NOT NULL,
    not_after          datetime NOT NULL,
    created_by         text NOT NULL,
    created_at         datetime NOT NULL
);
CREATE UNIQUE INDEX ux_service_provider_keys_state ON service_provider_keys (team_id, state);

CREATE TABLE logout_requests (
    id                   text NOT NULL PRIMARY KEY,
    team_id              text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    identity_provider_id text NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    session_id           text NOT NULL,
    created_at           datetime NOT NULL,
    expires_at           datetime NOT NULL,
    consumed_at          datetime
);
CREATE INDEX ix_logout_requests_expires ON logout_requests (expires_at);

-- +goose Down

DROP TABLE logout_requests;
DROP TABLE service_provider_keys;
DROP INDEX ix_login_attempts_team_at;
DROP INDEX ux_login_attempts_flood;
ALTER TABLE login_attempts DROP COLUMN flood_minute;
ALTER TABLE login_attempts DROP COLUMN repeated;
ALTER TABLE login_attempts DROP COLUMN message;
ALTER TABLE login_attempts DROP COLUMN mfa_evidence;
ALTER TABLE login_attempts DROP COLUMN verified;
ALTER TABLE login_attempts DROP COLUMN kind;
DROP INDEX ix_sessions_name;
ALTER TABLE sessions DROP COLUMN mfa_evidence;
ALTER TABLE sessions DROP COLUMN sp_name_qualifier;
ALTER TABLE sessions DROP COLUMN name_qualifier;
ALTER TABLE sessions DROP COLUMN name_id_format;
ALTER TABLE login_requests DROP COLUMN force_authn;
ALTER TABLE sso_settings DROP COLUMN encrypt_assertions;
ALTER TABLE sso_settings DROP COLUMN sign_metadata;
ALTER TABLE sso_settings DROP COLUMN honour_session_end;
ALTER TABLE sso_settings DROP COLUMN require_mfa;
ALTER TABLE sso_settings DROP COLUMN clock_skew_seconds;
ALTER TABLE identity_providers DROP COLUMN mfa_rule;
ALTER TABLE identity_providers DROP COLUMN require_encryption;
ALTER TABLE identity_providers DROP COLUMN allow_cbc;
ALTER TABLE identity_providers DROP COLUMN allow_sha1_until;
ALTER TABLE identity_providers DROP COLUMN login_hint_parameter;
ALTER TABLE identity_providers DROP COLUMN name_id_format;
ALTER TABLE identity_providers DROP COLUMN authn_context_comparison;
ALTER TABLE identity_providers DROP COLUMN authn_context_classes;
ALTER TABLE identity_providers DROP COLUMN force_authn;
ALTER TABLE identity_providers DROP COLUMN sign_authn_requests;
ALTER TABLE identity_providers DROP COLUMN slo_response_url;
ALTER TABLE identity_providers DROP COLUMN slo_binding;
ALTER TABLE identity_providers DROP COLUMN sso_binding;
