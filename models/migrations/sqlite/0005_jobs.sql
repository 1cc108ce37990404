-- +goose Up

-- What people are told of, once each. The key says what "once" means: of a
-- certificate's end it is the team, the fingerprint and the number of days.
CREATE TABLE notices (
    id             text NOT NULL PRIMARY KEY,
    team_id        text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    notice_key     text NOT NULL,
    kind           text NOT NULL,
    certificate_id text,
    membership_id  text,
    facts          text NOT NULL,
    created_at     datetime NOT NULL,
    announced_at   datetime
);
CREATE UNIQUE INDEX ux_notices_key ON notices (notice_key);
CREATE INDEX ix_notices_team ON notices (team_id, id);
CREATE INDEX ix_notices_open ON notices (created_at) WHERE announced_at IS NULL;

CREATE TABLE mails (
    id            text NOT NULL PRIMARY KEY,
    team_id       text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    notice_id     text NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    recipient     text NOT NULL,
    recipient_key text NOT NULL,
    membership_id text,
    language      text NOT NULL,
    state         text NOT NULL CHECK (state IN ('QUEUED', 'SENT', 'FAILED', 'CANCELLED')),
    attempts      integer NOT NULL,
    last_error    text NOT NULL,
    created_at    datetime NOT NULL,
    sent_at       datetime
);
CREATE UNIQUE INDEX ux_mails_recipient ON mails (notice_id, recipient_key);
CREATE INDEX ix_mails_team ON mails (team_id, id);
CREATE INDEX ix_mails_state ON mails (state, id);

-- A team without a row has the defaults.
CREATE TABLE notification_settings (
    id               text NOT NULL PRIMARY KEY,
    team_id          text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    extra_recipients text NOT NULL,
    language         text NOT NULL,
    days60           boolean NOT NULL,
    days14           boolean NOT NULL,
    days0            boolean NOT NULL,
    trust_discovered boolean NOT NULL,
    revision         integer NOT NULL,
    created_at       datetime NOT NULL,
    updated_at       datetime NOT NULL
);
CREATE UNIQUE INDEX ux_notification_settings_team ON notification_settings (team_id);

CREATE TABLE metadata_sources (
    id                   text NOT NULL PRIMARY KEY,
    team_id              text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    identity_provider_id text NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    url                  text NOT NULL,
    etag                 text NOT NULL,
    last_modified        text NOT NULL,
    document             text NOT NULL,
    fetched_at           datetime NOT NULL,
    checked_at           datetime NOT NULL,
    next_at              datetime NOT NULL,
    failures             integer NOT NULL,
    failing_since        datetime,
    last_error           text NOT NULL,
    incident_id          text
);
CREATE UNIQUE INDEX ux_metadata_sources_provider ON metadata_sources (identity_provider_id);
CREATE INDEX ix_metadata_sources_team ON metadata_sources (team_id);
CREATE INDEX ix_metadata_sources_next ON metadata_sources (next_at);

-- Certificates that metadata brought and that wait for an admin's word. They
-- are a table of their own so that no query can take one for a trusted one.
CREATE TABLE staged_certificates (
    id                   text NOT NULL PRIMARY KEY,
    team_id              text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    identity_provider_id text NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    fingerprint_sha256   text NOT NULL,
    der                  blob NOT NULL,
    subject              text NOT NULL,
    not_before           datetime NOT NULL,
    not_after            datetime NOT NULL,
    reason               text NOT NULL CHECK (reason IN ('TEAM_SETTING', 'NO_ROOM', 'HOST_CHANGED')),
    discovered_at        datetime NOT NULL,
    dismissed_at         datetime
);
CREATE UNIQUE INDEX ux_staged_certificates ON staged_certificates (identity_provider_id, fingerprint_sha256);
CREATE INDEX ix_staged_certificates_team ON staged_certificates (team_id);

-- How often a certificate verified a sign-in, and which ones end soon.
CREATE INDEX ix_login_attempts_certificate ON login_attempts (certificate_id, at);
CREATE INDEX ix_certificates_not_after ON certificates (not_after, id);

-- What housekeeping looks for.
CREATE INDEX ix_sessions_expires ON sessions (expires_at);
CREATE INDEX ix_api_keys_expires ON api_keys (expires_at);
CREATE INDEX ix_api_keys_revoked ON api_keys (revoked_at);
CREATE INDEX ix_scim_tokens_expires ON scim_tokens (expires_at);
CREATE INDEX ix_scim_tokens_revoked ON scim_tokens (revoked_at);
CREATE INDEX ix_audit_events_at ON audit_events (at);

-- The tables of River (github.com/riverqueue/river, main line, version 8). A
-- later version of River that brings another one gets a migration of its own here.
CREATE TABLE river_migration (
    line       text NOT NULL,
    version    integer NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT line_length CHECK (length(line) > 0 AND length(line) < 128),
    CONSTRAINT version_gte_1 CHECK (version >= 1),
    PRIMARY KEY (line, version)
);
INSERT INTO river_migration (line, version) VALUES
    ('main', 1), ('main', 2), ('main', 3), ('main', 4), ('main', 5), ('main', 6), ('main', 7), ('main', 8);

CREATE TABLE river_job (
    id            integer PRIMARY KEY AUTOINCREMENT,
    args          blob NOT NULL DEFAULT (jsonb('{}')),
    attempt       integer NOT NULL DEFAULT 0,
    attempted_at  timestamp,
    attempted_by  blob,
    created_at    timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    errors        blob,
    finalized_at  timestamp,
    kind          text NOT NULL,
    max_attempts  integer NOT NULL DEFAULT 25,
    metadata      blob NOT NULL DEFAULT (jsonb('{}')),
    priority      integer NOT NULL DEFAULT 1,
    queue         text NOT NULL DEFAULT 'default',
    state         text NOT NULL DEFAULT 'available',
    scheduled_at  timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    tags          blob NOT NULL DEFAULT (jsonb('[]')),
    unique_key    blob,
    unique_states integer,
    CONSTRAINT finalized_or_finalized_at_null CHECK (
        (finalized_at IS NULL AND state NOT IN ('cancelled', 'completed', 'discarded')) OR
        (finalized_at IS NOT NULL AND state IN ('cancelled', 'completed', 'discarded'))
    ),
    CONSTRAINT priority_in_range CHECK (priority >= 1 AND priority <= 4),
    CONSTRAINT queue_length CHECK (length(queue) > 0 AND length(queue) < 128),
    CONSTRAINT kind_length CHECK (length(kind) > 0 AND length(kind) < 128),
    CONSTRAINT state_valid CHECK (state IN ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled'))
);
CREATE INDEX river_job_kind ON river_job (kind);
CREATE INDEX river_job_state_and_finalized_at_index ON river_job (state, finalized_at) WHERE finalized_at IS NOT NULL;
CREATE INDEX river_job_prioritized_fetching_index ON river_job (state, queue, priority, scheduled_at, id);
CREATE UNIQUE INDEX river_job_unique_idx ON river_job (unique_key)
    WHERE unique_key IS NOT NULL
        AND unique_states IS NOT NULL
        AND CASE state
            WHEN 'available' THEN unique_states & (1 << 0)
            WHEN 'cancelled' THEN unique_states & (1 << 1)
            WHEN 'completed' THEN unique_states & (1 << 2)
            WHEN 'discarded' THEN unique_states & (1 << 3)
            WHEN 'pending'   THEN unique_states & (1 << 4)
            WHEN 'retryable' THEN unique_states & (1 << 5)
            WHEN 'running'   THEN unique_states & (1 << 6)
            WHEN 'scheduled' THEN unique_states & (1 << 7)
            ELSE 0
        END >= 1;

CREATE TABLE river_leader (
    elected_at timestamp NOT NULL,
    expires_at timestamp NOT NULL,
    leader_id  text NOT NULL,
    name       text PRIMARY KEY NOT NULL DEFAULT 'default',
    CONSTRAINT name_length CHECK (name = 'default'),
    CONSTRAINT leader_id_length CHECK (length(leader_id) > 0 AND length(leader_id) < 128)
);

CREATE TABLE river_queue (
    name       text PRIMARY KEY NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    metadata   blob NOT NULL DEFAULT (jsonb('{}')),
    paused_at  timestamp,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE river_notification (
    id         integer PRIMARY KEY AUTOINCREMENT,
    created_at timestamp NOT NULL DEFAULT (datetime('now', 'subsec')),
    payload    text NOT NULL,
    topic      text NOT NULL,
    CONSTRAINT topic_length CHECK (length(topic) > 0 AND length(topic) < 128)
);
CREATE INDEX river_notification_created_at_idx ON river_notification (created_at);
CREATE INDEX river_notification_topic_id_idx ON river_notification (topic, id);

-- +goose Down

DROP TABLE river_notification;
DROP TABLE river_queue;
DROP TABLE river_leader;
DROP TABLE river_job;
DROP TABLE river_migration;
DROP INDEX ix_audit_events_at;
DROP INDEX ix_scim_tokens_revoked;
DROP INDEX ix_scim_tokens_expires;
DROP INDEX ix_api_keys_revoked;
DROP INDEX ix_api_keys_expires;
DROP INDEX ix_sessions_expires;
DROP INDEX ix_certificates_not_after;
DROP INDEX ix_login_attempts_certificate;
DROP TABLE staged_certificates;
DROP TABLE metadata_sources;
DROP TABLE notification_settings;
DROP TABLE mails;
DROP TABLE notices;
