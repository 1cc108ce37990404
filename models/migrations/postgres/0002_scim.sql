-- +goose Up

-- What a provisioning client said about a member, beside the columns that the
-- team lives by. seq is the member's place in lists: it only grows, so a page
-- is found without walking over the ones before it.
CREATE TABLE scim_profiles (
    membership_id uuid PRIMARY KEY REFERENCES memberships (id) ON DELETE CASCADE,
    team_id       uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    seq           integer NOT NULL,
    document      text NOT NULL
);
CREATE UNIQUE INDEX ux_scim_profiles_seq ON scim_profiles (team_id, seq);

-- The same, taken apart for filters: one row for every attribute or element,
-- its text folded.
CREATE TABLE scim_values (
    membership_id uuid NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    attr          text NOT NULL,
    item          integer NOT NULL,
    team_id       uuid NOT NULL,
    value_key     text COLLATE "C" NOT NULL,
    type_key      text NOT NULL,
    is_primary    boolean NOT NULL,
    PRIMARY KEY (membership_id, attr, item)
);
CREATE INDEX ix_scim_values_key ON scim_values (team_id, attr, value_key);

-- How many there are, in all and in every thousand places.
CREATE TABLE scim_counters (
    team_id  uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    kind     text NOT NULL CHECK (kind IN ('USER', 'GROUP')),
    total    integer NOT NULL,
    next_seq integer NOT NULL,
    PRIMARY KEY (team_id, kind)
);

CREATE TABLE scim_blocks (
    team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    kind    text NOT NULL CHECK (kind IN ('USER', 'GROUP')),
    block   integer NOT NULL,
    live    integer NOT NULL,
    PRIMARY KEY (team_id, kind, block)
);

CREATE TABLE team_groups (
    id               uuid PRIMARY KEY,
    team_id          uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    display_name     text NOT NULL,
    display_name_key text COLLATE "C" NOT NULL,
    external_id      text,
    seq              integer NOT NULL,
    member_count     integer NOT NULL,
    revision         integer NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_team_groups_name ON team_groups (team_id, display_name_key);
CREATE UNIQUE INDEX ux_team_groups_seq ON team_groups (team_id, seq);
CREATE INDEX ix_team_groups_external ON team_groups (team_id, external_id);

CREATE TABLE group_members (
    group_id      uuid NOT NULL REFERENCES team_groups (id) ON DELETE CASCADE,
    membership_id uuid NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    team_id       uuid NOT NULL,
    display       text NOT NULL,
    PRIMARY KEY (group_id, membership_id)
);
CREATE INDEX ix_group_members_membership ON group_members (membership_id);

CREATE TABLE group_role_mappings (
    id         uuid PRIMARY KEY,
    team_id    uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    group_id   uuid NOT NULL REFERENCES team_groups (id) ON DELETE CASCADE,
    role       text NOT NULL CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER')),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_group_role_mappings_group ON group_role_mappings (group_id);
CREATE INDEX ix_group_role_mappings_team ON group_role_mappings (team_id);

CREATE TABLE provisioning_settings (
    id           uuid PRIMARY KEY,
    team_id      uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    scim_enabled boolean NOT NULL,
    dry_run      boolean NOT NULL,
    revision     integer NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);
CREATE UNIQUE INDEX ux_provisioning_settings_team ON provisioning_settings (team_id);

CREATE TABLE scim_calls (
    id            uuid PRIMARY KEY,
    team_id       uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    scim_token_id uuid,
    at            timestamptz NOT NULL,
    method        text NOT NULL,
    resource      text NOT NULL,
    status        integer NOT NULL,
    scim_type     text NOT NULL,
    detail        text NOT NULL,
    duration_us   integer NOT NULL,
    body          text NOT NULL,
    quirks        jsonb NOT NULL,
    dry_run       boolean NOT NULL,
    user_agent    text NOT NULL,
    ip            text NOT NULL,
    request_id    text NOT NULL
);
CREATE INDEX ix_scim_calls_team ON scim_calls (team_id, id);
CREATE INDEX ix_scim_calls_at ON scim_calls (at);

-- Members of before. Their names are folded for ASCII only until the next change.
INSERT INTO scim_profiles (membership_id, team_id, seq, document)
SELECT m.id, m.team_id, row_number() OVER (PARTITION BY m.team_id ORDER BY m.id),
       jsonb_strip_nulls(jsonb_build_object(
           'displayName', nullif(u.name, ''),
           'name', CASE WHEN u.given_name = '' AND u.family_name = '' THEN NULL
                        ELSE jsonb_build_object('givenName', nullif(u.given_name, ''), 'familyName', nullif(u.family_name, '')) END,
           'emails', jsonb_build_array(jsonb_build_object('value', u.email, 'type', 'work', 'primary', true))))::text
FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.kind = 'PERSON';

INSERT INTO scim_values (membership_id, attr, item, team_id, value_key, type_key, is_primary)
SELECT m.id, 'emails', 0, m.team_id, u.email_key, 'work', true FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.kind = 'PERSON'
UNION ALL
SELECT m.id, 'displayname', 0, m.team_id, lower(u.name), '', false FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.kind = 'PERSON' AND u.name <> ''
UNION ALL
SELECT m.id, 'name.givenname', 0, m.team_id, lower(u.given_name), '', false FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.kind = 'PERSON' AND u.given_name <> ''
UNION ALL
SELECT m.id, 'name.familyname', 0, m.team_id, lower(u.family_name), '', false FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.kind = 'PERSON' AND u.family_name <> '';

INSERT INTO scim_counters (team_id, kind, total, next_seq)
SELECT team_id, 'USER', count(*), max(seq) FROM scim_profiles GROUP BY team_id;

INSERT INTO scim_blocks (team_id, kind, block, live)
SELECT team_id, 'USER', seq >> 10, count(*) FROM scim_profiles GROUP BY team_id, seq >> 10;

-- One row a team, so the team's own id is as good as any.
INSERT INTO provisioning_settings (id, team_id, scim_enabled, dry_run, revision, created_at, updated_at)
SELECT id, id, true, false, 1, created_at, created_at FROM teams;

-- +goose Down
DROP TABLE scim_calls;
DROP TABLE provisioning_settings;
DROP TABLE group_role_mappings;
DROP TABLE group_members;
DROP TABLE team_groups;
DROP TABLE scim_blocks;
DROP TABLE scim_counters;
DROP TABLE scim_values;
DROP TABLE scim_profiles;
