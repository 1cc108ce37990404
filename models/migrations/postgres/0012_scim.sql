-- +goose Up

-- What a provisioning client says of a group that no RFC describes: a JSON
-- document, '' for nothing.
ALTER TABLE team_groups ADD COLUMN document text NOT NULL DEFAULT '';

-- Provisioning finds those who came by single sign-on by their NameID.
CREATE INDEX ix_external_identities_name ON external_identities (team_id, name_id);

-- +goose Down

DROP INDEX ix_external_identities_name;
ALTER TABLE team_groups DROP COLUMN document;
