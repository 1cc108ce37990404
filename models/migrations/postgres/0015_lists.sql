-- +goose Up

-- Triggers keep what is counted here, in the statement of the change and not in
-- the program: no way to a change can forget it, and while replicas are replaced
-- those of before count as well.

-- Clients ask who changed since they asked last.
CREATE INDEX ix_memberships_updated ON memberships (team_id, updated_at);

-- How many of the people in a thousand places are active.
ALTER TABLE scim_blocks ADD COLUMN active integer NOT NULL DEFAULT 0;
UPDATE scim_blocks b SET active = n.active
FROM (SELECT p.team_id, p.seq >> 10 AS block, count(*) AS active
      FROM scim_profiles p JOIN memberships m ON m.id = p.membership_id WHERE m.status = 'ACTIVE' GROUP BY p.team_id, p.seq >> 10) n
WHERE b.team_id = n.team_id AND b.kind = 'USER' AND b.block = n.block;

-- How many there are in every stretch of the list by userName, or by displayName
-- for groups. A stretch begins with first_name and ends before the next one; the
-- first one of a team begins with ''. The program cuts those that grow too long.
CREATE TABLE scim_name_blocks (
    team_id    uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('USER', 'GROUP')),
    first_name text COLLATE "C" NOT NULL,
    live       integer NOT NULL,
    PRIMARY KEY (team_id, kind, first_name)
);
INSERT INTO scim_name_blocks (team_id, kind, first_name, live)
SELECT id, kind, '', 0 FROM teams, (VALUES ('USER'), ('GROUP')) AS k (kind);
INSERT INTO scim_name_blocks (team_id, kind, first_name, live)
SELECT team_id, kind, CASE WHEN stretch = 0 THEN '' ELSE min(name) END, count(*)
FROM (SELECT team_id, kind, name, (row_number() OVER (PARTITION BY team_id, kind ORDER BY name) - 1) / 512 AS stretch
      FROM (SELECT p.team_id, 'USER' AS kind, m.user_name_key COLLATE "C" AS name FROM scim_profiles p JOIN memberships m ON m.id = p.membership_id
            UNION ALL SELECT team_id, 'GROUP', display_name_key FROM team_groups) named) numbered
GROUP BY team_id, kind, stretch
ON CONFLICT (team_id, kind, first_name) DO UPDATE SET live = excluded.live;

-- +goose StatementBegin
CREATE FUNCTION scim_team_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO scim_name_blocks (team_id, kind, first_name, live) VALUES (NEW.id, 'USER', '', 0), (NEW.id, 'GROUP', '', 0);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scim_team_made AFTER INSERT ON teams FOR EACH ROW EXECUTE FUNCTION scim_team_made();

-- Whoever puts something on a list or takes it off has the row of the counter.
-- Renames take it here, so that a stretch is not cut meanwhile.
-- +goose StatementBegin
CREATE FUNCTION scim_count_name(of_team uuid, of_kind text, of_name text, change integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM scim_counters WHERE team_id = of_team AND kind = of_kind FOR NO KEY UPDATE;
    UPDATE scim_name_blocks SET live = live + change WHERE team_id = of_team AND kind = of_kind AND first_name = (
        SELECT max(first_name) FROM scim_name_blocks WHERE team_id = of_team AND kind = of_kind AND first_name <= of_name COLLATE "C");
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION scim_person_listed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    m memberships;
BEGIN
    SELECT * INTO m FROM memberships WHERE id = NEW.membership_id;
    IF m.status = 'ACTIVE' THEN
        UPDATE scim_blocks SET active = active + 1 WHERE team_id = NEW.team_id AND kind = 'USER' AND block = NEW.seq >> 10;
    END IF;
    PERFORM scim_count_name(NEW.team_id, 'USER', m.user_name_key, 1);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scim_person_listed AFTER INSERT ON scim_profiles FOR EACH ROW EXECUTE FUNCTION scim_person_listed();

-- Before, because the place goes with the membership.
-- +goose StatementBegin
CREATE FUNCTION scim_person_gone() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place integer;
BEGIN
    SELECT p.seq INTO place FROM scim_profiles p JOIN teams t ON t.id = p.team_id WHERE p.membership_id = OLD.id;
    IF FOUND THEN -- else it is an integration, or goes with the team
        IF OLD.status = 'ACTIVE' THEN
            UPDATE scim_blocks SET active = active - 1 WHERE team_id = OLD.team_id AND kind = 'USER' AND block = place >> 10;
        END IF;
        PERFORM scim_count_name(OLD.team_id, 'USER', OLD.user_name_key, -1);
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scim_person_gone BEFORE DELETE ON memberships FOR EACH ROW EXECUTE FUNCTION scim_person_gone();

-- +goose StatementBegin
CREATE FUNCTION scim_status_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE scim_blocks SET active = active + CASE WHEN NEW.status = 'ACTIVE' THEN 1 ELSE -1 END
    WHERE team_id = NEW.team_id AND kind = 'USER' AND block = (SELECT seq >> 10 FROM scim_profiles WHERE membership_id = NEW.id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scim_status_changed AFTER UPDATE OF status ON memberships FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION scim_status_changed();

-- +goose StatementBegin
CREATE FUNCTION scim_person_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM scim_profiles WHERE membership_id = NEW.id) THEN
        PERFORM scim_count_name(OLD.team_id, 'USER', OLD.user_name_key, -1);
        PERFORM scim_count_name(NEW.team_id, 'USER', NEW.user_name_key, 1);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scim_person_renamed AFTER UPDATE OF user_name_key ON memberships FOR EACH ROW WHEN (OLD.user_name_key <> NEW.user_name_key) EXECUTE FUNCTION scim_person_renamed();

-- +goose StatementBegin
CREATE FUNCTION scim_group_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM teams WHERE id = OLD.team_id) THEN
        RETURN NULL; -- it goes with the team
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM scim_count_name(OLD.team_id, 'GROUP', OLD.display_name_key, -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM scim_count_name(NEW.team_id, 'GROUP', NEW.display_name_key, 1);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scim_group_listed AFTER INSERT OR DELETE ON team_groups FOR EACH ROW EXECUTE FUNCTION scim_group_named();
CREATE TRIGGER scim_group_renamed AFTER UPDATE OF display_name_key ON team_groups FOR EACH ROW WHEN (OLD.display_name_key <> NEW.display_name_key) EXECUTE FUNCTION scim_group_named();

-- +goose Down

DROP TRIGGER scim_group_renamed ON team_groups;
DROP TRIGGER scim_group_listed ON team_groups;
DROP TRIGGER scim_person_renamed ON memberships;
DROP TRIGGER scim_status_changed ON memberships;
DROP TRIGGER scim_person_gone ON memberships;
DROP TRIGGER scim_person_listed ON scim_profiles;
DROP TRIGGER scim_team_made ON teams;
DROP FUNCTION scim_group_named, scim_person_renamed, scim_status_changed, scim_person_gone, scim_person_listed, scim_count_name, scim_team_made;
DROP TABLE scim_name_blocks;
ALTER TABLE scim_blocks DROP COLUMN active;
DROP INDEX ix_memberships_updated;
