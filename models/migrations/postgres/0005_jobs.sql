-- +goose Up

-- What people are told of, once each. The key says what "once" means: of a
-- certificate's end it is the team, the fingerprint and the number of days.
CREATE TABLE notices (
    id             uuid NOT NULL PRIMARY KEY,
    team_id        uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    notice_key     text NOT NULL,
    kind           text NOT NULL,
    certificate_id uuid,
    membership_id  uuid,
    facts          jsonb NOT NULL,
    created_at     timestamptz NOT NULL,
    announced_at   timestamptz
);
CREATE UNIQUE INDEX ux_notices_key ON notices (notice_key);
CREATE INDEX ix_notices_team ON notices (team_id, id);
CREATE INDEX ix_notices_open ON notices (created_at) WHERE announced_at IS NULL;

CREATE TABLE mails (
    id            uuid NOT NULL PRIMARY KEY,
    team_id       uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    notice_id     uuid NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    recipient     text NOT NULL,
    recipient_key text NOT NULL,
    membership_id uuid,
    language      text NOT NULL,
    state         text NOT NULL CHECK (state IN ('QUEUED', 'SENT', 'FAILED', 'CANCELLED')),
    attempts      integer NOT NULL,
    last_error    text NOT NULL,
    created_at    timestamptz NOT NULL,
    sent_at       timestamptz
);
CREATE UNIQUE INDEX ux_mails_recipient ON mails (notice_id, recipient_key);
CREATE INDEX ix_mails_team ON mails (team_id, id);
CREATE INDEX ix_mails_state ON mails (state, id);

-- A team without a row has the defaults.
CREATE TABLE notification_settings (
    id               uuid NOT NULL PRIMARY KEY,
    team_id          uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    extra_recipients jsonb NOT NULL,
    language         text NOT NULL,
    days60           boolean NOT NULL,
    days14           boolean NOT NULL,
    days0            boolean NOT NULL,
    trust_discovered boolean NOT NULL,
    revision         integer NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_notification_settings_team ON notification_settings (team_id);

CREATE TABLE metadata_sources (
    id                   uuid NOT NULL PRIMARY KEY,
    team_id              uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    identity_provider_id uuid NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    url                  text NOT NULL,
    etag                 text NOT NULL,
    last_modified        text NOT NULL,
    document             text NOT NULL,
    fetched_at           timestamptz NOT NULL,
    checked_at           timestamptz NOT NULL,
    next_at              timestamptz NOT NULL,
    failures             integer NOT NULL,
    failing_since        timestamptz,
    last_error           text NOT NULL,
    incident_id          uuid
);
CREATE UNIQUE INDEX ux_metadata_sources_provider ON metadata_sources (identity_provider_id);
CREATE INDEX ix_metadata_sources_team ON metadata_sources (team_id);
CREATE INDEX ix_metadata_sources_next ON metadata_sources (next_at);

-- Certificates that metadata brought and that wait for an admin's word. They
-- are a table of their own so that no query can take one for a trusted one.
CREATE TABLE staged_certificates (
    id                   uuid NOT NULL PRIMARY KEY,
    team_id              uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    identity_provider_id uuid NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    fingerprint_sha256   text NOT NULL,
    der                  bytea NOT NULL,
    subject              text NOT NULL,
    not_before           timestamptz NOT NULL,
    not_after            timestamptz NOT NULL,
    reason               text NOT NULL CHECK (reason IN ('TEAM_SETTING', 'NO_ROOM', 'HOST_CHANGED')),
    discovered_at        timestamptz NOT NULL,
    dismissed_at         timestamptz
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
    version    bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT line_length CHECK (char_length(line) > 0 AND char_length(line) < 128),
    CONSTRAINT version_gte_1 CHECK (version >= 1),
    PRIMARY KEY (line, version)
);
INSERT INTO river_migration (line, version) VALUES
    ('main', 1), ('main', 2), ('main', 3), ('main', 4), ('main', 5), ('main', 6), ('main', 7), ('main', 8);

CREATE TYPE river_job_state AS ENUM
    ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled');

CREATE TABLE river_job (
    id            bigserial PRIMARY KEY,
    state         river_job_state NOT NULL DEFAULT 'available',
    attempt       smallint NOT NULL DEFAULT 0,
    max_attempts  smallint NOT NULL DEFAULT 25,
    attempted_at  timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    finalized_at  timestamptz,
    scheduled_at  timestamptz NOT NULL DEFAULT now(),
    priority      smallint NOT NULL DEFAULT 1,
    args          jsonb NOT NULL,
    attempted_by  text[],
    errors        jsonb[],
    kind          text NOT NULL,
    metadata      jsonb NOT NULL DEFAULT '{}',
    queue         text NOT NULL DEFAULT 'default',
    tags          varchar(255)[] NOT NULL DEFAULT '{}',
    unique_key    bytea,
    unique_states bit(8),
    CONSTRAINT finalized_or_finalized_at_null CHECK (
        (finalized_at IS NULL AND state NOT IN ('cancelled', 'completed', 'discarded')) OR
        (finalized_at IS NOT NULL AND state IN ('cancelled', 'completed', 'discarded'))
    ),
    CONSTRAINT max_attempts_is_positive CHECK (max_attempts > 0),
    CONSTRAINT priority_in_range CHECK (priority >= 1 AND priority <= 4),
    CONSTRAINT queue_length CHECK (char_length(queue) > 0 AND char_length(queue) < 128),
    CONSTRAINT kind_length CHECK (char_length(kind) > 0 AND char_length(kind) < 128)
);
CREATE INDEX river_job_kind ON river_job (kind);
CREATE INDEX river_job_state_and_finalized_at_index ON river_job (state, finalized_at) WHERE finalized_at IS NOT NULL;
CREATE INDEX river_job_prioritized_fetching_index ON river_job (state, queue, priority, scheduled_at, id);
CREATE INDEX river_job_args_index ON river_job USING gin (args);
CREATE INDEX river_job_metadata_index ON river_job USING gin (metadata);

-- +goose StatementBegin
CREATE FUNCTION river_job_state_in_bitmask(bitmask bit(8), state river_job_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE state
        WHEN 'available' THEN get_bit(bitmask, 7)
        WHEN 'cancelled' THEN get_bit(bitmask, 6)
        WHEN 'completed' THEN get_bit(bitmask, 5)
        WHEN 'discarded' THEN get_bit(bitmask, 4)
        WHEN 'pending'   THEN get_bit(bitmask, 3)
        WHEN 'retryable' THEN get_bit(bitmask, 2)
        WHEN 'running'   THEN get_bit(bitmask, 1)
        WHEN 'scheduled' THEN get_bit(bitmask, 0)
        ELSE 0
    END = 1;
$$;
-- +goose StatementEnd
CREATE UNIQUE INDEX river_job_unique_idx ON river_job (unique_key)
    WHERE unique_key IS NOT NULL AND unique_states IS NOT NULL AND river_job_state_in_bitmask(unique_states, state);

CREATE UNLOGGED TABLE river_leader (
    elected_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    leader_id  text NOT NULL,
    name       text PRIMARY KEY DEFAULT 'default',
    CONSTRAINT name_length CHECK (name = 'default'),
    CONSTRAINT leader_id_length CHECK (char_length(leader_id) > 0 AND char_length(leader_id) < 128)
);

CREATE TABLE river_queue (
    name       text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    metadata   jsonb NOT NULL DEFAULT '{}',
    paused_at  timestamptz,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE river_notification (
    id         bigserial PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
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
DROP FUNCTION river_job_state_in_bitmask;
DROP TYPE river_job_state;
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
