-- +goose Up

-- People's own ways in, and what leads a team from a draft of single sign-on to
-- its enforcement.

ALTER TABLE users ADD COLUMN language text NOT NULL DEFAULT '';
-- Whoever was let in before addresses were confirmed keeps what they have.
UPDATE users SET verified_at = created_at WHERE verified_at IS NULL;

-- A member who gave an account of their own into the care of the team's
-- identity provider, and one whom an admin lets in without it.
ALTER TABLE memberships ADD COLUMN sso_linked_at datetime;
ALTER TABLE memberships ADD COLUMN sso_bypass boolean NOT NULL DEFAULT false;

-- The hash stands apart from the users, so that no list of people reads it.
CREATE TABLE passwords (
    user_id    text NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash       text NOT NULL,
    changed_at datetime NOT NULL
);

-- The secret of a TOTP is sealed under a key that is not in the database; a
-- passkey's public key needs no sealing.
CREATE TABLE second_factors (
    id            text NOT NULL PRIMARY KEY,
    user_id       text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind          text NOT NULL CHECK (kind IN ('TOTP', 'PASSKEY')),
    name          text NOT NULL,
    sealed_secret blob NOT NULL,
    credential_id blob,
    public_data   text NOT NULL,
    last_step     integer NOT NULL,
    created_at    datetime NOT NULL,
    confirmed_at  datetime,
    last_used_at  datetime
);
CREATE INDEX ix_second_factors_user ON second_factors (user_id);
CREATE UNIQUE INDEX ux_second_factors_credential ON second_factors (credential_id);

CREATE TABLE backup_codes (
    id         text NOT NULL PRIMARY KEY,
    user_id    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash  blob NOT NULL,
    created_at datetime NOT NULL,
    used_at    datetime
);
CREATE UNIQUE INDEX ux_backup_codes_hash ON backup_codes (user_id, code_hash);

-- A sign-in by a password that is not finished: a second factor or the choice
-- of a team is still to come.
CREATE TABLE signin_steps (
    id          text NOT NULL PRIMARY KEY,
    secret_hash blob NOT NULL,
    user_id     text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    stage       text NOT NULL,
    method      text NOT NULL CHECK (method IN ('SAML', 'PASSWORD', 'PASSKEY', 'LINK', 'RECOVERY_CODE')),
    challenge   text NOT NULL,
    return_to   text NOT NULL,
    created_at  datetime NOT NULL,
    expires_at  datetime NOT NULL,
    consumed_at datetime
);
CREATE UNIQUE INDEX ux_signin_steps_secret ON signin_steps (secret_hash);
CREATE INDEX ix_signin_steps_user ON signin_steps (user_id);
CREATE INDEX ix_signin_steps_expires ON signin_steps (expires_at);

-- How often somebody guessed, whichever replica they asked. The key is a hash
-- of what is guessed at.
CREATE TABLE guess_counters (
    key_hash   blob NOT NULL PRIMARY KEY,
    failures   integer NOT NULL,
    first_at   datetime NOT NULL,
    free_at    datetime NOT NULL,
    expires_at datetime NOT NULL
);
CREATE INDEX ix_guess_counters_expires ON guess_counters (expires_at);

-- Links that work once. What makes one work is not here: it is computed from
-- the id under a key that is not in the database.
CREATE TABLE one_time_links (
    id            text NOT NULL PRIMARY KEY,
    purpose       text NOT NULL CHECK (purpose IN ('VERIFY_EMAIL', 'SET_PASSWORD', 'INVITATION', 'UPGRADE', 'LOGIN_TEST')),
    user_id       text REFERENCES users (id) ON DELETE CASCADE,
    team_id       text REFERENCES teams (id) ON DELETE CASCADE,
    membership_id text REFERENCES memberships (id) ON DELETE CASCADE,
    subject_id    text,
    email         text NOT NULL,
    created_at    datetime NOT NULL,
    expires_at    datetime NOT NULL,
    consumed_at   datetime,
    revoked_at    datetime
);
CREATE INDEX ix_one_time_links_user ON one_time_links (user_id, purpose, created_at);
CREATE INDEX ix_one_time_links_team ON one_time_links (team_id);
CREATE INDEX ix_one_time_links_membership ON one_time_links (membership_id);
CREATE INDEX ix_one_time_links_subject ON one_time_links (subject_id);
CREATE INDEX ix_one_time_links_expires ON one_time_links (expires_at);

CREATE TABLE invitations (
    id            text NOT NULL PRIMARY KEY,
    team_id       text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    email         text NOT NULL,
    email_key     text NOT NULL,
    role          text NOT NULL CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER')),
    state         text NOT NULL CHECK (state IN ('PENDING', 'ACCEPTED', 'REVOKED')),
    invited_by    text NOT NULL,
    membership_id text,
    sent_count    integer NOT NULL,
    sent_at       datetime NOT NULL,
    created_at    datetime NOT NULL,
    expires_at    datetime NOT NULL,
    decided_at    datetime
);
CREATE INDEX ix_invitations_team ON invitations (team_id, id);
CREATE INDEX ix_invitations_state ON invitations (team_id, state, id);
CREATE INDEX ix_invitations_email ON invitations (email_key);
CREATE UNIQUE INDEX ux_invitations_open ON invitations (team_id, email_key) WHERE state = 'PENDING';

-- A domain that a team says to own. Two teams may say so; one can prove it.
CREATE TABLE domains (
    id          text NOT NULL PRIMARY KEY,
    team_id     text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name        text NOT NULL,
    challenge   text NOT NULL,
    held        boolean NOT NULL,
    verified_at datetime,
    lost_at     datetime,
    checked_at  datetime,
    next_at     datetime NOT NULL,
    failures    integer NOT NULL,
    last_error  text NOT NULL,
    added_by    text NOT NULL,
    created_at  datetime NOT NULL
);
CREATE UNIQUE INDEX ux_domains_team ON domains (team_id, name);
CREATE UNIQUE INDEX ux_domains_held ON domains (name) WHERE held;
CREATE INDEX ix_domains_next ON domains (next_at);

-- An account of somebody's own on its way under a team's identity provider.
CREATE TABLE sso_upgrades (
    id                   text NOT NULL PRIMARY KEY,
    team_id              text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id              text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    identity_provider_id text REFERENCES identity_providers (id) ON DELETE CASCADE,
    state                text NOT NULL CHECK (state IN ('INVITED', 'IN_PROGRESS', 'DECLINED', 'LINKED')),
    issuer               text NOT NULL,
    name_id              text NOT NULL,
    name_id_format       text NOT NULL,
    email                text NOT NULL,
    browser_hash         blob,
    return_to            text NOT NULL,
    invited_at           datetime,
    reminded_at          datetime,
    started_at           datetime,
    expires_at           datetime,
    decided_at           datetime,
    created_at           datetime NOT NULL,
    updated_at           datetime NOT NULL
);
CREATE UNIQUE INDEX ux_sso_upgrades_user ON sso_upgrades (team_id, user_id);
CREATE INDEX ix_sso_upgrades_team ON sso_upgrades (team_id, state, id);
CREATE INDEX ix_sso_upgrades_user ON sso_upgrades (user_id);
CREATE INDEX ix_sso_upgrades_provider ON sso_upgrades (identity_provider_id);

CREATE TABLE role_rules (
    id         text NOT NULL PRIMARY KEY,
    team_id    text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    position   integer NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('GROUP', 'ATTRIBUTE')),
    attribute  text NOT NULL,
    value      text NOT NULL,
    role       text NOT NULL CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER')),
    created_at datetime NOT NULL
);
CREATE UNIQUE INDEX ux_role_rules_position ON role_rules (team_id, position);

CREATE TABLE login_tests (
    id                   text NOT NULL PRIMARY KEY,
    team_id              text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    identity_provider_id text NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    trust_revision       integer NOT NULL,
    state                text NOT NULL CHECK (state IN ('PENDING', 'PASSED', 'FAILED')),
    code                 text NOT NULL,
    effect               text NOT NULL,
    attempt_id           text,
    checks               text NOT NULL,
    profile              text NOT NULL,
    role                 text CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER')),
    role_source          text CHECK (role_source IN ('DEFAULT', 'MANUAL', 'INVITATION', 'GROUP', 'ATTRIBUTE')),
    started_by           text NOT NULL,
    membership_id        text,
    started_at           datetime NOT NULL,
    expires_at           datetime NOT NULL,
    finished_at          datetime
);
CREATE INDEX ix_login_tests_team ON login_tests (team_id, id);
CREATE INDEX ix_login_tests_provider ON login_tests (identity_provider_id);
CREATE INDEX ix_login_tests_expires ON login_tests (expires_at);

ALTER TABLE login_requests ADD COLUMN login_test_id text;

-- A team's codes for the day its identity provider is down.
CREATE TABLE recovery_codes (
    id         text NOT NULL PRIMARY KEY,
    team_id    text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    code_hash  blob NOT NULL,
    created_by text NOT NULL,
    created_at datetime NOT NULL,
    used_at    datetime,
    used_by    text NOT NULL
);
CREATE UNIQUE INDEX ux_recovery_codes_hash ON recovery_codes (team_id, code_hash);

-- trust_revision grows with every change of what a sign-in rests on; a test
-- login counts for the one that it was made under.
ALTER TABLE sso_settings ADD COLUMN trust_revision integer NOT NULL DEFAULT 1;
ALTER TABLE sso_settings ADD COLUMN tested_at datetime;
ALTER TABLE sso_settings ADD COLUMN enforced_at datetime;
ALTER TABLE sso_settings ADD COLUMN enforced_by text NOT NULL DEFAULT '';
ALTER TABLE sso_settings ADD COLUMN confirm_email boolean NOT NULL DEFAULT true;
ALTER TABLE sso_settings ADD COLUMN trust_verified_domains boolean NOT NULL DEFAULT false;
ALTER TABLE sso_settings ADD COLUMN allowed_domains text NOT NULL DEFAULT '[]';
ALTER TABLE sso_settings ADD COLUMN api_key_hours integer NOT NULL DEFAULT 8;
ALTER TABLE sso_settings ADD COLUMN contact text NOT NULL DEFAULT '';

-- A session has an identity provider only when one vouched for it. SQLite
-- drops a NOT NULL with the table alone.
CREATE TABLE sessions_new (
    id                   text NOT NULL PRIMARY KEY,
    secret_hash          blob NOT NULL,
    team_id              text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id              text NOT NULL,
    membership_id        text NOT NULL,
    identity_provider_id text,
    name_id              text NOT NULL,
    session_index        text NOT NULL,
    ip                   text NOT NULL,
    user_agent           text NOT NULL,
    created_at           datetime NOT NULL,
    last_seen_at         datetime NOT NULL,
    idle_expires_at      datetime NOT NULL,
    expires_at           datetime NOT NULL,
    revoked_at           datetime,
    revoked_reason       text NOT NULL,
    name_id_format       text NOT NULL DEFAULT '',
    name_qualifier       text NOT NULL DEFAULT '',
    sp_name_qualifier    text NOT NULL DEFAULT '',
    mfa_evidence         text NOT NULL DEFAULT '',
    method               text NOT NULL DEFAULT 'SAML'
        CHECK (method IN ('SAML', 'PASSWORD', 'PASSKEY', 'LINK', 'RECOVERY_CODE'))
);
INSERT INTO sessions_new (id, secret_hash, team_id, user_id, membership_id, identity_provider_id, name_id, session_index, ip, user_agent,
    created_at, last_seen_at, idle_expires_at, expires_at, revoked_at, revoked_reason, name_id_format, name_qualifier, sp_name_qualifier, mfa_evidence)
SELECT id, secret_hash, team_id, user_id, membership_id, identity_provider_id, name_id, session_index, ip, user_agent,
    created_at, last_seen_at, idle_expires_at, expires_at, revoked_at, revoked_reason, name_id_format, name_qualifier, sp_name_qualifier, mfa_evidence
FROM sessions;
DROP TABLE sessions;
ALTER TABLE sessions_new RENAME TO sessions;
CREATE UNIQUE INDEX ux_sessions_secret ON sessions (secret_hash);
CREATE INDEX ix_sessions_membership ON sessions (membership_id);
CREATE INDEX ix_sessions_name ON sessions (identity_provider_id, name_id);
CREATE INDEX ix_sessions_team ON sessions (team_id, id);
CREATE INDEX ix_sessions_expires ON sessions (expires_at);
CREATE INDEX ix_sessions_user ON sessions (user_id);

ALTER TABLE api_keys ADD COLUMN allowed_networks text NOT NULL DEFAULT '[]';

-- A notice can be for one address, and for nobody else's eyes: recipient is set
-- when who is told is no member, link_id when the mail carries a link.
ALTER TABLE notices ADD COLUMN recipient text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN user_id text;
ALTER TABLE notices ADD COLUMN link_id text;
ALTER TABLE notices ADD COLUMN private boolean NOT NULL DEFAULT false;
ALTER TABLE mails ADD COLUMN private boolean NOT NULL DEFAULT false;

-- +goose Down

ALTER TABLE mails DROP COLUMN private;
ALTER TABLE notices DROP COLUMN private;
ALTER TABLE notices DROP COLUMN link_id;
ALTER TABLE notices DROP COLUMN user_id;
ALTER TABLE notices DROP COLUMN recipient;
ALTER TABLE api_keys DROP COLUMN allowed_networks;
DELETE FROM sessions WHERE identity_provider_id IS NULL;
CREATE TABLE sessions_old (
    id                   text NOT NULL PRIMARY KEY,
    secret_hash          blob NOT NULL,
    team_id              text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id              text NOT NULL,
    membership_id        text NOT NULL,
    identity_provider_id text NOT NULL,
    name_id              text NOT NULL,
    session_index        text NOT NULL,
    ip                   text NOT NULL,
    user_agent           text NOT NULL,
    created_at           datetime NOT NULL,
    last_seen_at         datetime NOT NULL,
    idle_expires_at      datetime NOT NULL,
    expires_at           datetime NOT NULL,
    revoked_at           datetime,
    revoked_reason       text NOT NULL,
    name_id_format       text NOT NULL DEFAULT '',
    name_qualifier       text NOT NULL DEFAULT '',
    sp_name_qualifier    text NOT NULL DEFAULT '',
    mfa_evidence         text NOT NULL DEFAULT ''
);
INSERT INTO sessions_old SELECT id, secret_hash, team_id, user_id, membership_id, identity_provider_id, name_id, session_index, ip, user_agent,
    created_at, last_seen_at, idle_expires_at, expires_at, revoked_at, revoked_reason, name_id_format, name_qualifier, sp_name_qualifier, mfa_evidence
FROM sessions;
DROP TABLE sessions;
ALTER TABLE sessions_old RENAME TO sessions;
CREATE UNIQUE INDEX ux_sessions_secret ON sessions (secret_hash);
CREATE INDEX ix_sessions_membership ON sessions (membership_id);
CREATE INDEX ix_sessions_name ON sessions (identity_provider_id, name_id);
CREATE INDEX ix_sessions_team ON sessions (team_id, id);
CREATE INDEX ix_sessions_expires ON sessions (expires_at);
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
