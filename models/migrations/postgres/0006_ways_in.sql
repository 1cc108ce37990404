-- +goose Up

-- People's own ways in, and what leads a team from a draft of single sign-on to
-- its enforcement.

ALTER TABLE users ADD COLUMN language text NOT NULL DEFAULT '';
-- Whoever was let in before addresses were confirmed keeps what they have.
UPDATE users SET verified_at = created_at WHERE verified_at IS NULL;

-- A member who gave an account of their own into the care of the team's
-- identity provider, and one whom an admin lets in without it.
ALTER TABLE memberships ADD COLUMN sso_linked_at timestamptz;
ALTER TABLE memberships ADD COLUMN sso_bypass boolean NOT NULL DEFAULT false;

-- The hash stands apart from the users, so that no list of people reads it.
CREATE TABLE passwords (
    user_id    uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash       text NOT NULL,
    changed_at timestamptz NOT NULL
);

-- The secret of a TOTP is sealed under a key that is not in the database; a
-- passkey's public key needs no sealing.
CREATE TABLE second_factors (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind          text NOT NULL CHECK (kind IN ('TOTP', 'PASSKEY')),
    name          text NOT NULL,
    sealed_secret bytea NOT NULL,
    credential_id bytea,
    public_data   text NOT NULL,
    last_step     integer NOT NULL,
    created_at    timestamptz NOT NULL,
    confirmed_at  timestamptz,
    last_used_at  timestamptz
);
CREATE INDEX ix_second_factors_user ON second_factors (user_id);
CREATE UNIQUE INDEX ux_second_factors_credential ON second_factors (credential_id);

CREATE TABLE backup_codes (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash  bytea NOT NULL,
    created_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE UNIQUE INDEX ux_backup_codes_hash ON backup_codes (user_id, code_hash);

-- A sign-in by a password that is not finished: a second factor or the choice
-- of a team is still to come.
CREATE TABLE signin_steps (
    id          uuid PRIMARY KEY,
    secret_hash bytea NOT NULL,
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    stage       text NOT NULL,
    method      text NOT NULL CHECK (method IN ('SAML', 'PASSWORD', 'PASSKEY', 'LINK', 'RECOVERY_CODE')),
    challenge   text NOT NULL,
    return_to   text NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    consumed_at timestamptz
);
CREATE UNIQUE INDEX ux_signin_steps_secret ON signin_steps (secret_hash);
CREATE INDEX ix_signin_steps_user ON signin_steps (user_id);
CREATE INDEX ix_signin_steps_expires ON signin_steps (expires_at);

-- How often somebody guessed, whichever replica they asked. The key is a hash
-- of what is guessed at.
CREATE TABLE guess_counters (
    key_hash   bytea PRIMARY KEY,
    failures   integer NOT NULL,
    first_at   timestamptz NOT NULL,
    free_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_guess_counters_expires ON guess_counters (expires_at);

-- Links that work once. What makes one work is not here: it is computed from
-- the id under a key that is not in the database.
CREATE TABLE one_time_links (
    id            uuid PRIMARY KEY,
    purpose       text NOT NULL CHECK (purpose IN ('VERIFY_EMAIL', 'SET_PASSWORD', 'INVITATION', 'UPGRADE', 'LOGIN_TEST')),
    user_id       uuid REFERENCES users (id) ON DELETE CASCADE,
    team_id       uuid REFERENCES teams (id) ON DELETE CASCADE,
    membership_id uuid REFERENCES memberships (id) ON DELETE CASCADE,
    subject_id    uuid,
    email         text NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    consumed_at   timestamptz,
    revoked_at    timestamptz
);
CREATE INDEX ix_one_time_links_user ON one_time_links (user_id, purpose, created_at);
CREATE INDEX ix_one_time_links_team ON one_time_links (team_id);
CREATE INDEX ix_one_time_links_membership ON one_time_links (membership_id);
CREATE INDEX ix_one_time_links_subject ON one_time_links (subject_id);
CREATE INDEX ix_one_time_links_expires ON one_time_links (expires_at);

CREATE TABLE invitations (
    id            uuid PRIMARY KEY,
    team_id       uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    email         text NOT NULL,
    email_key     text NOT NULL,
    role          text NOT NULL CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER')),
    state         text NOT NULL CHECK (state IN ('PENDING', 'ACCEPTED', 'REVOKED')),
    invited_by    text NOT NULL,
    membership_id uuid,
    sent_count    integer NOT NULL,
    sent_at       timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    decided_at    timestamptz
);
CREATE INDEX ix_invitations_team ON invitations (team_id, id);
CREATE INDEX ix_invitations_state ON invitations (team_id, state, id);
CREATE INDEX ix_invitations_email ON invitations (email_key);
CREATE UNIQUE INDEX ux_invitations_open ON invitations (team_id, email_key) WHERE state = 'PENDING';

-- A domain that a team says to own. Two teams may say so; one can prove it.
CREATE TABLE domains (
    id          uuid PRIMARY KEY,
    team_id     uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name        text NOT NULL,
    challenge   text NOT NULL,
    held        boolean NOT NULL,
    verified_at timestamptz,
    lost_at     timestamptz,
    checked_at  timestamptz,
    next_at     timestamptz NOT NULL,
    failures    integer NOT NULL,
    last_error  text NOT NULL,
    added_by    text NOT NULL,
    created_at  timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_domains_team ON domains (team_id, name);
CREATE UNIQUE INDEX ux_domains_held ON domains (name) WHERE held;
CREATE INDEX ix_domains_next ON domains (next_at);

-- An account of somebody's own on its way under a team's identity provider.
CREATE TABLE sso_upgrades (
    id                   uuid PRIMARY KEY,
    team_id              uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id              uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    identity_provider_id uuid REFERENCES identity_providers (id) ON DELETE CASCADE,
    state                text NOT NULL CHECK (state IN ('INVITED', 'IN_PROGRESS', 'DECLINED', 'LINKED')),
    issuer               text NOT NULL,
    name_id              text NOT NULL,
    name_id_format       text NOT NULL,
    email                text NOT NULL,
    browser_hash         bytea,
    return_to            text NOT NULL,
    invited_at           timestamptz,
    reminded_at          timestamptz,
    started_at           timestamptz,
    expires_at           timestamptz,
    decided_at           timestamptz,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_sso_upgrades_user ON sso_upgrades (team_id, user_id);
CREATE INDEX ix_sso_upgrades_team ON sso_upgrades (team_id, state, id);
CREATE INDEX ix_sso_upgrades_user ON sso_upgrades (user_id);
CREATE INDEX ix_sso_upgrades_provider ON sso_upgrades (identity_provider_id);

CREATE TABLE role_rules (
    id         uuid PRIMARY KEY,
    team_id    uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    position   integer NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('GROUP', 'ATTRIBUTE')),
    attribute  text NOT NULL,
    value      text NOT NULL,
    role       text NOT NULL CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER')),
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_role_rules_position ON role_rules (team_id, position);

CREATE TABLE login_tests (
    id                   uuid PRIMARY KEY,
    team_id              uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    identity_provider_id uuid NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    trust_revision       integer NOT NULL,
    state                text NOT NULL CHECK (state IN ('PENDING', 'PASSED', 'FAILED')),
    code                 text NOT NULL,
    effect               text NOT NULL,
    attempt_id           uuid,
    checks               jsonb NOT NULL,
    profile              jsonb NOT NULL,
    role                 text CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER')),
    role_source          text CHECK (role_source IN ('DEFAULT', 'MANUAL', 'INVITATION', 'GROUP', 'ATTRIBUTE')),
    started_by           text NOT NULL,
    membership_id        uuid,
    started_at           timestamptz NOT NULL,
    expires_at           timestamptz NOT NULL,
    finished_at          timestamptz
);
CREATE INDEX ix_login_tests_team ON login_tests (team_id, id);
CREATE INDEX ix_login_tests_provider ON login_tests (identity_provider_id);
CREATE INDEX ix_login_tests_expires ON login_tests (expires_at);

ALTER TABLE login_requests ADD COLUMN login_test_id uuid;

-- A team's codes for the day its identity provider is down.
CREATE TABLE recovery_codes (
    id         uuid PRIMARY KEY,
    team_id    uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    code_hash  bytea NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    used_at    timestamptz,
    used_by    text NOT NULL
);
CREATE UNIQUE INDEX ux_recovery_codes_hash ON recovery_codes (team_id, code_hash);

-- trust_revision grows with every change of what a sign-in rests on; a test
-- login counts for the one that it was made under.
ALTER TABLE sso_settings ADD COLUMN trust_revision integer NOT NULL DEFAULT 1;
ALTER TABLE sso_settings ADD COLUMN tested_at timestamptz;
ALTER TABLE sso_settings ADD COLUMN enforced_at timestamptz;
ALTER TABLE sso_settings ADD COLUMN enforced_by text NOT NULL DEFAULT '';
ALTER TABLE sso_settings ADD COLUMN confirm_email boolean NOT NULL DEFAULT true;
ALTER TABLE sso_settings ADD COLUMN trust_verified_domains boolean NOT NULL DEFAULT false;
ALTER TABLE sso_settings ADD COLUMN allowed_domains jsonb NOT NULL DEFAULT '[]';
ALTER TABLE sso_settings ADD COLUMN api_key_hours integer NOT NULL DEFAULT 8;
ALTER TABLE sso_settings ADD COLUMN contact text NOT NULL DEFAULT '';

-- A session has an identity provider only when one vouched for it.
ALTER TABLE sessions ALTER COLUMN identity_provider_id DROP NOT NULL;
ALTER TABLE sessions ADD COLUMN method text NOT NULL DEFAULT 'SAML'
    CHECK (method IN ('SAML', 'PASSWORD', 'PASSKEY', 'LINK', 'RECOVERY_CODE'));
CREATE INDEX ix_sessions_user ON sessions (user_id);

ALTER TABLE api_keys ADD COLUMN allowed_networks jsonb NOT NULL DEFAULT '[]';

-- A notice can be for one address, and for nobody else's eyes: recipient is set
-- when who is told is no member, link_id when the mail carries a link.
ALTER TABLE notices ADD COLUMN recipient text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN user_id uuid;
ALTER TABLE notices ADD COLUMN link_id uuid;
ALTER TABLE notices ADD COLUMN private boolean NOT NULL DEFAULT false;
ALTER TABLE mails ADD COLUMN private boolean NOT NULL DEFAULT false;

-- +goose Down

ALTER TABLE mails DROP COLUMN private;
ALTER TABLE notices DROP COLUMN private;
ALTER TABLE notices DROP COLUMN link_id;
ALTER TABLE notices DROP COLUMN user_id;
ALTER TABLE notices DROP COLUMN recipient;
ALTER TABLE api_keys DROP COLUMN allowed_networks;
DROP INDEX ix_sessions_user;
ALTER TABLE sessions DROP COLUMN method;
DELETE FROM sessions WHERE identity_provider_id IS NULL;
ALTER TABLE sessions ALTER COLUMN identity_provider_id SET NOT NULL;
ALTER TABLE sso_settings DROP COLUMN contact;
ALTER TABLE sso_settings DROP COLUMN api_key_hours;
ALTER TABLE sso_settings DROP COLUMN allowed_domains;
ALTER TABLE sso_settings DROP COLUMN trust_verified_domains;
ALTER TABLE sso_settings DROP COLUMN confirm_email;
ALTER TABLE sso_settings DROP COLUMN enforced_by;
ALTER TABLE sso_settings DROP COLUMN enforced_at;
ALTER TABLE sso_settings DROP COLUMN tested_at;
ALTER TABLE sso_settings DROP COLUMN trust_revision;
DROP TABLE recovery_codes;
ALTER TABLE login_requests DROP COLUMN login_test_id;
DROP TABLE login_tests;
DROP TABLE role_rules;
DROP TABLE sso_upgrades;
DROP TABLE domains;
DROP TABLE invitations;
DROP TABLE one_time_links;
DROP TABLE guess_counters;
DROP TABLE signin_steps;
DROP TABLE backup_codes;
DROP TABLE second_factors;
DROP TABLE passwords;
ALTER TABLE memberships DROP COLUMN sso_bypass;
ALTER TABLE memberships DROP COLUMN sso_linked_at;
ALTER TABLE users DROP COLUMN language;
