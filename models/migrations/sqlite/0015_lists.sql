-- +goose Up

-- Triggers keep what is counted here, in the statement of the change and not in
-- the program: no way to a change can forget it, and while replicas are replaced
-- those of before count as well.

-- Clients ask who changed since they asked last.
CREATE INDEX ix_memberships_updated ON memberships (team_id, updated_at);

-- How many of the people in a thousand places are active.
ALTER TABLE scim_blocks ADD COLUMN active integer NOT NULL DEFAULT 0;
UPDATE scim_blocks SET active = n.active
FROM (SELECT p.team_id, p.seq >> 10 AS block, count(*) AS active
      FROM scim_profiles p JOIN memberships m ON m.id = p.membership_id WHERE m.status = 'ACTIVE' GROUP BY p.team_id, p.seq >> 10) n
WHERE scim_blocks.team_id = n.team_id AND scim_blocks.kind = 'USER' AND scim_blocks.block = n.block;

-- How many there are in every stretch of the list by userName, or by displayName
-- for groups. A stretch begins with first_name and ends before the next one; the
-- first one of a team begins with ''. The program cuts those that grow too long.
CREATE TABLE scim_name_blocks (
    team_id    text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('USER', 'GROUP')),
    first_name text NOT NULL,
    live       integer NOT NULL,
    PRIMARY KEY (team_id, kind, first_name)
);
INSERT INTO scim_name_blocks (team_id, kind, first_name, live)
SELECT id, 'USER', '', 0 FROM teams UNION ALL SELECT id, 'GROUP', '', 0 FROM teams;
INSERT INTO scim_name_blocks (team_id, kind, first_name, live)
SELECT team_id, kind, CASE WHEN stretch = 0 THEN '' ELSE min(name) END, count(*)
FROM (SELECT team_id, kind, name, (row_number() OVER (PARTITION BY team_id, kind ORDER BY name) - 1) / 512 AS stretch
      FROM (SELECT p.team_id, 'USER' AS kind, m.user_name_key AS name FROM scim_profiles p JOIN memberships m ON m.id = p.membership_id
            UNION ALL SELECT team_id, 'GROUP', display_name_key FROM team_groups) named) numbered
GROUP BY team_id, kind, stretch
ON CONFLICT (team_id, kind, first_name) DO UPDATE SET live = excluded.live;

-- +goose StatementBegin
CREATE TRIGGER scim_team_made AFTER INSERT ON teams BEGIN
    INSERT INTO scim_name_blocks (team_id, kind, first_name, live) VALUES (NEW.id, 'USER', '', 0), (NEW.id, 'GROUP', '', 0);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER scim_person_listed AFTER INSERT ON scim_profiles BEGIN
    UPDATE scim_blocks SET active = active + 1
    WHERE team_id = NEW.team_id AND kind = 'USER' AND block = NEW.seq >> 10 AND (SELECT status FROM memberships WHERE id = NEW.membership_id) = 'ACTIVE';
    UPDATE scim_name_blocks SET live = live + 1 WHERE team_id = NEW.team_id AND kind = 'USER' AND first_name = (SELECT max(first_name) FROM scim_name_blocks
        WHERE team_id = NEW.team_id AND kind = 'USER' AND first_name <= (SELECT user_name_key FROM memberships WHERE id = NEW.membership_id));
END;
-- +goose StatementEnd
-- Before, because the place goes with the membership.
-- +goose StatementBegin
CREATE TRIGGER scim_person_gone BEFORE DELETE ON memberships WHEN EXISTS (SELECT 1 FROM scim_profiles WHERE membership_id = OLD.id) BEGIN
    UPDATE scim_blocks SET active = active - 1
    WHERE team_id = OLD.team_id AND kind = 'USER' AND OLD.status = 'ACTIVE' AND block = (SELECT seq >> 10 FROM scim_profiles WHERE membership_id = OLD.id);
    UPDATE scim_name_blocks SET live = live - 1 WHERE team_id = OLD.team_id AND kind = 'USER' AND first_name = (SELECT max(first_name) FROM scim_name_blocks
        WHERE team_id = OLD.team_id AND kind = 'USER' AND first_name <= OLD.user_name_key);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER scim_status_changed AFTER UPDATE OF status ON memberships WHEN OLD.status <> NEW.status BEGIN
    UPDATE scim_blocks SET active = active + CASE WHEN NEW.status = 'ACTIVE' THEN 1 ELSE -1 END
    WHERE team_id = NEW.team_id AND kind = 'USER' AND block = (SELECT seq >> 10 FROM scim_profiles WHERE membership_id = NEW.id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER scim_person_renamed AFTER UPDATE OF user_name_key ON memberships
WHEN OLD.user_name_key <> NEW.user_name_key AND EXISTS (SELECT 1 FROM scim_profiles WHERE membership_id = NEW.id) BEGIN
    UPDATE scim_name_blocks SET live = live - 1 WHERE team_id = OLD.team_id AND kind = 'USER' AND first_name = (SELECT max(first_name) FROM scim_name_blocks
        WHERE team_id = OLD.team_id AND kind = 'USER' AND first_name <= OLD.user_name_key);
    UPDATE scim_name_blocks SET live = live + 1 WHERE team_id = NEW.team_id AND kind = 'USER' AND first_name = (SELECT max(first_name) FROM scim_name_blocks
        WHERE team_id = NEW.team_id AND kind = 'USER' AND first_name <= NEW.user_name_key);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER scim_group_listed AFTER INSERT ON team_groups BEGIN
    UPDATE scim_name_blocks SET live = live + 1 WHERE team_id = NEW.team_id AND kind = 'GROUP' AND first_name = (SELECT max(first_name) FROM scim_name_blocks
        WHERE team_id = NEW.team_id AND kind = 'GROUP' AND first_name <= NEW.display_name_key);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER scim_group_gone AFTER DELETE ON team_groups BEGIN
    UPDATE scim_name_blocks SET live = live - 1 WHERE team_id = OLD.team_id AND kind = 'GROUP' AND first_name = (SELECT max(first_name) FROM scim_name_blocks
        WHERE team_id = OLD.team_id AND kind = 'GROUP' AND first_name <= OLD.display_name_key);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER scim_group_renamed AFTER UPDATE OF display_name_key ON team_groups WHEN OLD.display_name_key <> NEW.display_name_key BEGIN
    UPDATE scim_name_blocks SET live = live - 1 WHERE team_id = OLD.team_id AND kind = 'GROUP' AND first_name = (SELECT max(first_name) FROM scim_name_blocks
        WHERE team_id = OLD.team_id AND kind = 'GROUP' AND first_name <= OLD.display_name_key);
    UPDATE scim_name_blocks SET live = live + 1 WHERE team_id = NEW.team_id AND kind = 'GROUP' AND first_name = (SELECT max(first_name) FROM scim_name_blocks
        WHERE team_id = NEW.team_id AND kind = 'GROUP' AND first_name <= NEW.display_name_key);
END;
-- +goose StatementEnd

-- +goose Down

DROP TRIGGER scim_group_renamed;
DROP TRIGGER scim_group_gone;
DROP TRIGGER scim_group_listed;
DROP TRIGGER scim_person_renamed;
DROP TRIGGER scim_status_changed;
DROP TRIGGER scim_person_gone;
DROP TRIGGER scim_person_listed;
DROP TRIGGER scim_team_made;
DROP TABLE scim_name_blocks;
ALTER TABLE scim_blocks DROP COLUMN active;
DROP INDEX ix_memberships_updated;
