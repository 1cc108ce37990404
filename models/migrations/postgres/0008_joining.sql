-- +goose Up

-- What the identity provider last said of a member, so that a change of the role
-- rules can be tried before it is saved. The digest spares a write at most sign-ins.
CREATE TABLE member_claims (
    membership_id uuid PRIMARY KEY REFERENCES memberships (id) ON DELETE CASCADE,
    team_id       uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    claims        jsonb NOT NULL,
    digest        bytea NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX ix_member_claims_team ON member_claims (team_id);

-- What a verified sign-in and the roster did not agree on, for an admin to settle.
CREATE TABLE identity_conflicts (
    id                   uuid PRIMARY KEY,
    team_id              uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    membership_id        uuid NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    identity_provider_id uuid NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    kind                 text NOT NULL CHECK (kind IN ('NAMEID_CHANGED', 'IDENTITY_UNKNOWN', 'EMAIL_IN_USE', 'EMAIL_NOT_ALLOWED', 'EMAIL_NOT_MANAGED', 'EMAIL_ON_OTHER_TEAMS')),
    issuer               text NOT NULL,
    name_id              text NOT NULL,
    name_id_format       text NOT NULL,
    email                text NOT NULL,
    times                integer NOT NULL,
    first_at             timestamptz NOT NULL,
    last_at              timestamptz NOT NULL,
    resolution           text NOT NULL CHECK (resolution IN ('OPEN', 'RELINKED', 'DISMISSED', 'GONE')),
    resolved_by          text NOT NULL,
    resolved_at          timestamptz
);
CREATE UNIQUE INDEX ux_identity_conflicts_open ON identity_conflicts (team_id, membership_id, kind, issuer, name_id) WHERE resolution = 'OPEN';
CREATE INDEX ix_identity_conflicts_team ON identity_conflicts (team_id, id);
CREATE INDEX ix_identity_conflicts_state ON identity_conflicts (team_id, resolution, id);
CREATE INDEX ix_identity_conflicts_membership ON identity_conflicts (membership_id);
CREATE INDEX ix_identity_conflicts_provider ON identity_conflicts (identity_provider_id);
CREATE INDEX ix_identity_conflicts_last ON identity_conflicts (last_at);

ALTER TABLE login_attempts ADD COLUMN conflict_id uuid;

-- +goose Down

ALTER TABLE login_attempts DROP COLUMN conflict_id;
DROP TABLE identity_conflicts;
DROP TABLE member_claims;
