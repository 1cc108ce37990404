-- +goose Up

CREATE TABLE installation (
    id                    integer PRIMARY KEY CHECK (id = 1),
    key_fingerprint       bytea NOT NULL,
    generated_key         bytea,
    operator_key_shown_at timestamptz,
    created_at            timestamptz NOT NULL
);

CREATE TABLE teams (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL,
    name       text NOT NULL,
    plan       text NOT NULL CHECK (plan IN ('FREE', 'TEAM', 'ENTERPRISE')),
    revision   integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_teams_slug ON teams (slug);

CREATE TABLE users (
    id                 uuid PRIMARY KEY,
    kind               text NOT NULL CHECK (kind IN ('PERSON', 'INTEGRATION')),
    origin             text NOT NULL CHECK (origin IN ('DIRECT', 'SSO', 'SCIM')),
    email              text NOT NULL,
    email_key          text NOT NULL,
    name               text NOT NULL,
    given_name         text NOT NULL,
    family_name        text NOT NULL,
    managed_by_team_id uuid REFERENCES teams (id) ON DELETE SET NULL,
    verified_at        timestamptz,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_users_email_key ON users (email_key);
CREATE INDEX ix_users_managed_by ON users (managed_by_team_id);

CREATE TABLE memberships (
    id                 uuid PRIMARY KEY,
    team_id            uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id            uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role               text NOT NULL CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER')),
    role_source        text NOT NULL CHECK (role_source IN ('DEFAULT', 'MANUAL', 'INVITATION', 'GROUP', 'ATTRIBUTE')),
    status             text NOT NULL CHECK (status IN ('ACTIVE', 'DEACTIVATED')),
    source             text NOT NULL CHECK (source IN ('DIRECT', 'INVITATION', 'JIT', 'SCIM')),
    scim_managed       boolean NOT NULL,
    user_name          text NOT NULL,
    user_name_key      text NOT NULL,
    external_id        text,
    last_seen_at       timestamptz,
    deactivated_at     timestamptz,
    deactivated_reason text NOT NULL,
    revision           integer NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_memberships_team_user ON memberships (team_id, user_id);
CREATE UNIQUE INDEX ux_memberships_team_user_name ON memberships (team_id, user_name_key);
CREATE INDEX ix_memberships_team_external ON memberships (team_id, external_id);
CREATE INDEX ix_memberships_team_page ON memberships (team_id, id);
CREATE INDEX ix_memberships_user ON memberships (user_id);
CREATE INDEX ix_memberships_admins ON memberships (team_id, role, status);

CREATE TABLE external_identities (
    id             uuid PRIMARY KEY,
    team_id        uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    membership_id  uuid NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    issuer         text NOT NULL,
    name_id        text NOT NULL,
    name_id_format text NOT NULL,
    created_at     timestamptz NOT NULL,
    last_login_at  timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_external_identities_subject ON external_identities (team_id, issuer, name_id);
CREATE INDEX ix_external_identities_membership ON external_identities (membership_id);

CREATE TABLE tombstones (
    id         uuid PRIMARY KEY,
    team_id    uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    removal_id uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('EMAIL', 'IDENTITY')),
    hash       bytea NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX ix_tombstones_hash ON tombstones (team_id, hash);
CREATE INDEX ix_tombstones_removal ON tombstones (removal_id);

CREATE TABLE identity_providers (
    id                     uuid PRIMARY KEY,
    team_id                uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    entity_id              text NOT NULL,
    sso_url                text NOT NULL,
    slo_url                text NOT NULL,
    vendor                 text NOT NULL,
    want_response_signed   boolean NOT NULL,
    want_assertions_signed boolean NOT NULL,
    allow_inclusive_c14n   boolean NOT NULL,
    attribute_mapping      jsonb NOT NULL,
    revision               integer NOT NULL,
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_identity_providers_entity ON identity_providers (team_id, entity_id);

CREATE TABLE sso_settings (
    id                           uuid PRIMARY KEY,
    team_id                      uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    state                        text NOT NULL CHECK (state IN ('DRAFT', 'ENABLED', 'ENFORCED', 'DISABLED')),
    default_role                 text NOT NULL CHECK (default_role IN ('ADMIN', 'MEMBER', 'VIEWER')),
    idp_initiated_enabled        boolean NOT NULL,
    jit_enabled                  boolean NOT NULL,
    session_hours                integer NOT NULL,
    session_idle_minutes         integer NOT NULL,
    default_identity_provider_id uuid REFERENCES identity_providers (id) ON DELETE SET NULL,
    enabled_at                   timestamptz,
    enabled_by                   text NOT NULL,
    revision                     integer NOT NULL,
    created_at                   timestamptz NOT NULL,
    updated_at                   timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_sso_settings_team ON sso_settings (team_id);

CREATE TABLE certificates (
    id                   uuid PRIMARY KEY,
    team_id              uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    identity_provider_id uuid NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    fingerprint_sha256   text NOT NULL,
    der                  bytea NOT NULL,
    subject              text NOT NULL,
    issuer               text NOT NULL,
    serial               text NOT NULL,
    key_algorithm        text NOT NULL,
    key_bits             integer NOT NULL,
    not_before           timestamptz NOT NULL,
    not_after            timestamptz NOT NULL,
    source               text NOT NULL CHECK (source IN ('UPLOAD', 'METADATA')),
    added_by             text NOT NULL,
    last_used_at         timestamptz,
    created_at           timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_certificates_fingerprint ON certificates (identity_provider_id, fingerprint_sha256);
CREATE INDEX ix_certificates_team ON certificates (team_id);

CREATE TABLE login_requests (
    id                   text PRIMARY KEY,
    team_id              uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    identity_provider_id uuid NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    browser_hash         bytea NOT NULL,
    return_to            text NOT NULL,
    created_at           timestamptz NOT NULL,
    expires_at           timestamptz NOT NULL,
    consumed_at          timestamptz
);
CREATE INDEX ix_login_requests_expires ON login_requests (expires_at);

CREATE TABLE seen_assertions (
    id                   uuid PRIMARY KEY,
    team_id              uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    identity_provider_id uuid REFERENCES identity_providers (id) ON DELETE SET NULL,
    assertion_hash       bytea NOT NULL,
    expires_at           timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_seen_assertions ON seen_assertions (team_id, assertion_hash);
CREATE INDEX ix_seen_assertions_provider ON seen_assertions (identity_provider_id);
CREATE INDEX ix_seen_assertions_expires ON seen_assertions (expires_at);

CREATE TABLE login_attempts (
    id                   uuid PRIMARY KEY,
    team_id              uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    identity_provider_id uuid,
    membership_id        uuid,
    at                   timestamptz NOT NULL,
    outcome              text NOT NULL CHECK (outcome IN ('SUCCEEDED', 'REFUSED')),
    code                 text NOT NULL,
    idp_initiated        boolean NOT NULL,
    certificate_id       uuid,
    name_id_masked       text NOT NULL,
    checks               jsonb NOT NULL,
    ip                   text NOT NULL,
    request_id           text NOT NULL
);
CREATE INDEX ix_login_attempts_team ON login_attempts (team_id, id);
CREATE INDEX ix_login_attempts_at ON login_attempts (at);

-- Credentials keep their rows after the membership is gone: they are the
-- receipt of what was revoked. So they do not refer to it by foreign key.
CREATE TABLE sessions (
    id                   uuid PRIMARY KEY,
    secret_hash          bytea NOT NULL,
    team_id              uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id              uuid NOT NULL,
    membership_id        uuid NOT NULL,
    identity_provider_id uuid NOT NULL,
    name_id              text NOT NULL,
    session_index        text NOT NULL,
    ip                   text NOT NULL,
    user_agent           text NOT NULL,
    created_at           timestamptz NOT NULL,
    last_seen_at         timestamptz NOT NULL,
    idle_expires_at      timestamptz NOT NULL,
    expires_at           timestamptz NOT NULL,
    revoked_at           timestamptz,
    revoked_reason       text NOT NULL
);
CREATE UNIQUE INDEX ux_sessions_secret ON sessions (secret_hash);
CREATE INDEX ix_sessions_membership ON sessions (membership_id);

CREATE TABLE api_keys (
    id             uuid PRIMARY KEY,
    secret_hash    bytea NOT NULL,
    prefix         text NOT NULL,
    name           text NOT NULL,
    operator       boolean NOT NULL,
    team_id        uuid REFERENCES teams (id) ON DELETE CASCADE,
    user_id        uuid,
    membership_id  uuid,
    scopes         jsonb NOT NULL,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz,
    last_used_at   timestamptz,
    revoked_at     timestamptz,
    revoked_reason text NOT NULL,
    CHECK (operator = (membership_id IS NULL)),
    CHECK (operator = (team_id IS NULL))
);
CREATE UNIQUE INDEX ux_api_keys_secret ON api_keys (secret_hash);
CREATE INDEX ix_api_keys_membership ON api_keys (membership_id);

CREATE TABLE scim_tokens (
    id             uuid PRIMARY KEY,
    secret_hash    bytea NOT NULL,
    prefix         text NOT NULL,
    name           text NOT NULL,
    team_id        uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz,
    last_used_at   timestamptz,
    revoked_at     timestamptz,
    revoked_reason text NOT NULL
);
CREATE UNIQUE INDEX ux_scim_tokens_secret ON scim_tokens (secret_hash);
CREATE INDEX ix_scim_tokens_team ON scim_tokens (team_id);

-- History outlives what it tells of: no foreign keys.
CREATE TABLE audit_events (
    id           uuid PRIMARY KEY,
    team_id      uuid,
    at           timestamptz NOT NULL,
    action       text NOT NULL,
    actor_kind   text NOT NULL,
    actor_id     uuid,
    actor_label  text NOT NULL,
    target_kind  text NOT NULL,
    target_id    uuid,
    target_label text NOT NULL,
    details      jsonb NOT NULL,
    ip           text NOT NULL,
    request_id   text NOT NULL
);
CREATE INDEX ix_audit_events_team ON audit_events (team_id, id);

-- +goose Down

DROP TABLE audit_events;
DROP TABLE scim_tokens;
DROP TABLE api_keys;
DROP TABLE sessions;
DROP TABLE login_attempts;
DROP TABLE seen_assertions;
DROP TABLE login_requests;
DROP TABLE certificates;
DROP TABLE sso_settings;
DROP TABLE identity_providers;
DROP TABLE tombstones;
DROP TABLE external_identities;
DROP TABLE memberships;
DROP TABLE users;
DROP TABLE teams;
DROP TABLE installation;
