-- +goose Up

-- Triggers keep what is counted here, in the statement of the change and not in
-- the program: no way to a change can forget it, and while replicas are replaced
-- those of before count as well.

-- How many of the people in a thousand places are active.
ALTER TABLE scim_blocks ADD COLUMN active integer NOT NULL DEFAULT 0;
UPDATE scim_blocks b SET active = n.active
FROM (SELECT p.team_id, p.seq >> 10 AS block, count(*) AS active
      FROM scim_profiles p JOIN memberships m ON m.id = p.membership_id WHERE m.status = 'ACTIVE' GROUP BY p.team_id, p.seq >> 10) n
WHERE b.team_id = n.team_id AND b.kind = 'USER' AND b.block = n.block;

-- How many there are in every stretch of the list by userName, or by displayName
-- for groups. A stretch begins with first_name and ends before the next one; the
-- first of a team begins with ''.
CREATE TABLE scim_name_blocks (
    team_id    uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('USER', 'GROUP')),
    first_name text COLLATE "C" NOT NULL,
    live       integer NOT NULL,
    PRIMARY KEY (team_id, kind, first_name)
);
INSERT INTO scim_name_blocks (team_id, kind, first_name, live)
SELECT team_id, kind, CASE WHEN stretch = 0 THEN '' ELSE min(name) END, count(*)
FROM (SELECT team_id, kind, name, (row_number() OVER (PARTITION BY team_id, kind ORDER BY name) - 1) / 512 AS stretch
      FROM (SELECT p.team_id, 'USER' AS kind, m.user_name_key COLLATE "C" AS name FROM scim_profiles p JOIN memberships m ON m.id = p.membership_id
            UNION ALL SELECT team_id, 'GROUP', display_name_key FROM team_groups) named) numbered
GROUP BY team_id, kind, stretch;

-- Whoever puts something on a list or takes it off has the row of the counter.
-- Renames take it here, so stretches are changed by one transaction at a time.
-- +goose StatementBegin
CREATE FUNCTION scim_count_name(of_team uuid, of_kind text, of_name text, change integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    stretch text COLLATE "C";
    counted integer;
BEGIN
    PERFORM 1 FROM scim_counters WHERE team_id = of_team AND kind = of_kind FOR NO KEY UPDATE;
    SELECT max(first_name) INTO stretch FROM scim_name_blocks WHERE team_id = of_team AND kind = of_kind AND first_name <= of_name COLLATE "C";
    UPDATE scim_name_blocks SET live = live + change WHERE team_id = of_team AND kind = of_kind AND first_name = stretch RETURNING live INTO counted;
    IF counted IS NULL AND change > 0 THEN
        INSERT INTO scim_name_blocks (team_id, kind, first_name, live) VALUES (of_team, of_kind, '', change);
    ELSIF counted = 0 AND stretch <> '' THEN
        DELETE FROM scim_name_blocks WHERE team_id = of_team AND kind = of_kind AND first_name = stretch;
    END IF;
    RETURN counted;
END $$;
-- +goose StatementEnd

-- Cuts the stretch that a name is in when it has grown beyond 1,024, into pieces of
-- 512 and more. Only what is counted may be visible to it.
-- +goose StatementBegin
CREATE FUNCTION scim_cut_stretch(of_team uuid, of_kind text, of_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    stretch   text COLLATE "C";
    following text COLLATE "C";
    counted   integer;
BEGIN
    SELECT first_name, live INTO stretch, counted FROM scim_name_blocks
    WHERE team_id = of_team AND kind = of_kind AND first_name <= of_name COLLATE "C" ORDER BY first_name DESC LIMIT 1;
    IF counted <= 1024 THEN
        RETURN;
    END IF;
    SELECT min(first_name) INTO following FROM scim_name_blocks WHERE team_id = of_team AND kind = of_kind AND first_name > stretch;
    INSERT INTO scim_name_blocks (team_id, kind, first_name, live)
    SELECT of_team, of_kind, CASE WHEN piece = 0 THEN stretch ELSE min(name) END, count(*)
    FROM (SELECT name, (row_number() OVER (ORDER BY name) - 1) * (counted / 512) / count(*) OVER () AS piece
          FROM (SELECT m.user_name_key COLLATE "C" AS name FROM memberships m JOIN scim_profiles p ON p.membership_id = m.id
                WHERE of_kind = 'USER' AND m.team_id = of_team AND m.user_name_key COLLATE "C" >= stretch
                UNION ALL SELECT display_name_key FROM team_groups WHERE of_kind = 'GROUP' AND team_id = of_team AND display_name_key >= stretch) named
          WHERE following IS NULL OR name < following) numbered
    GROUP BY piece
    ON CONFLICT (team_id, kind, first_name) DO UPDATE SET live = excluded.live;
END $$;
-- +goose StatementEnd

-- After all of a statement: only then is everything counted that can be seen.
-- +goose StatementBegin
CREATE FUNCTION scim_people_listed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    p     record;
    m     memberships;
    teams uuid[] := '{}';
    names text[] := '{}';
BEGIN
    FOR p IN SELECT membership_id, team_id, seq FROM added LOOP
        SELECT * INTO m FROM memberships WHERE id = p.membership_id;
        IF m.status = 'ACTIVE' THEN
            UPDATE scim_blocks SET active = active + 1 WHERE team_id = p.team_id AND kind = 'USER' AND block = p.seq >> 10;
        END IF;
        IF scim_count_name(p.team_id, 'USER', m.user_name_key, 1) > 1024 THEN
            teams := teams || p.team_id;
            names := names || m.user_name_key;
        END IF;
    END LOOP;
    FOR i IN 1 .. cardinality(names) LOOP
        PERFORM scim_cut_stretch(teams[i], 'USER', names[i]);
    END LOOP;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scim_people_listed AFTER INSERT ON scim_profiles REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION scim_people_listed();

-- Before, because the place goes with the membership.
-- +goose StatementBegin
CREATE FUNCTION scim_person_gone() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place integer;
BEGIN
    SELECT seq INTO place FROM scim_profiles WHERE membership_id = OLD.id;
    IF FOUND THEN
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
CREATE FUNCTION scim_groups_listed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    g     record;
    teams uuid[] := '{}';
    names text[] := '{}';
BEGIN
    FOR g IN SELECT team_id, display_name_key FROM added LOOP
        IF scim_count_name(g.team_id, 'GROUP', g.display_name_key, 1) > 1024 THEN
            teams := teams || g.team_id;
            names := names || g.display_name_key;
        END IF;
    END LOOP;
    FOR i IN 1 .. cardinality(names) LOOP
        PERFORM scim_cut_stretch(teams[i], 'GROUP', names[i]);
    END LOOP;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scim_groups_listed AFTER INSERT ON team_groups REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION scim_groups_listed();

-- +goose StatementBegin
CREATE FUNCTION scim_group_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM scim_count_name(OLD.team_id, 'GROUP', OLD.display_name_key, -1);
    IF TG_OP = 'UPDATE' THEN
        PERFORM scim_count_name(NEW.team_id, 'GROUP', NEW.display_name_key, 1);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scim_group_gone AFTER DELETE ON team_groups FOR EACH ROW EXECUTE FUNCTION scim_group_renamed();
CREATE TRIGGER scim_group_renamed AFTER UPDATE OF display_name_key ON team_groups FOR EACH ROW WHEN (OLD.display_name_key <> NEW.display_name_key) EXECUTE FUNCTION scim_group_renamed();

-- +goose Down

DROP TRIGGER scim_group_renamed ON team_groups;
DROP TRIGGER scim_group_gone ON team_groups;
DROP TRIGGER scim_groups_listed ON team_groups;
DROP TRIGGER scim_person_renamed ON memberships;
DROP TRIGGER scim_status_changed ON memberships;
DROP TRIGGER scim_person_gone ON memberships;
DROP TRIGGER scim_people_listed ON scim_profiles;
DROP FUNCTION scim_group_renamed, scim_groups_listed, scim_person_renamed, scim_status_changed, scim_person_gone, scim_people_listed, scim_cut_stretch, scim_count_name;
DROP TABLE scim_name_blocks;
ALTER TABLE scim_blocks DROP COLUMN active;
