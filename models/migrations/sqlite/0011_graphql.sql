-- +goose Up

-- Who deactivated a member, as the event of it says.
ALTER TABLE memberships ADD COLUMN deactivated_by text NOT NULL DEFAULT '';
UPDATE memberships SET deactivated_by = COALESCE((SELECT e.actor_label FROM audit_events e
    WHERE e.team_id = memberships.team_id AND e.target_id = memberships.id AND e.action = 'membership.deactivated' ORDER BY e.at DESC LIMIT 1), '')
WHERE status = 'DEACTIVATED';

-- Searches page through the values in order, and through the members who have
-- the same one.
DROP INDEX ix_scim_values_key;
CREATE INDEX ix_scim_values_key ON scim_values (team_id, attr, value_key, membership_id);

-- +goose Down

DROP INDEX ix_scim_values_key;
CREATE INDEX ix_scim_values_key ON scim_values (team_id, attr, value_key);
ALTER TABLE memberships DROP COLUMN deactivated_by;
