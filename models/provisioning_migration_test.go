package models_test

import (
	"encoding/json"
	"testing"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// Members of before get what every new one has: a profile, values to be found
// by, a place and their share of the counts. Integrations get none.
func TestProvisioningMigrationKeepsMembers(t *testing.T) {
	housetest.EachEmpty(t, func(t *testing.T, src models.Source) {
		db := housetest.Open(t, src, housetest.NewClock().Now)
		p, err := db.Migrator()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.UpTo(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		now := housetest.Start
		team, ada, bot := newID(t), newID(t), newID(t)
		exec := func(query string, args ...any) {
			t.Helper()
			if err := db.Read(t.Context()).Exec(query, args...).Error; err != nil {
				t.Fatal(err)
			}
		}
		exec("INSERT INTO teams (id, slug, name, plan, revision, created_at, updated_at) VALUES (?, 'acme', 'Acme', 'TEAM', 1, ?, ?)", team, now, now)
		for id, kind := range map[models.ID]string{ada: "PERSON", bot: "INTEGRATION"} {
			exec("INSERT INTO users (id, kind, origin, email, email_key, name, given_name, family_name, created_at, updated_at) VALUES (?, ?, 'DIRECT', ?, ?, 'Ada \"K\"', '', 'King', ?, ?)",
				id, kind, "A@"+string(id)+".test", "a@"+string(id)+".test", now, now)
			exec(`INSERT INTO memberships (id, team_id, user_id, role, role_source, status, source, scim_managed, user_name, user_name_key, deactivated_reason, revision, created_at, updated_at)
				VALUES (?, ?, ?, 'ADMIN', 'MANUAL', 'ACTIVE', 'DIRECT', false, ?, ?, '', 1, ?, ?)`, id, team, id, string(id), string(id), now, now)
		}
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		profiles := rows[models.ScimProfile](t, db, "SELECT * FROM scim_profiles")
		if len(profiles) != 1 || profiles[0].MembershipID != ada || profiles[0].Seq != 1 {
			t.Fatalf("profiles: %+v", profiles)
		}
		var doc struct {
			DisplayName string
			Name        map[string]string
			Emails      []map[string]any
		}
		if err := json.Unmarshal([]byte(profiles[0].Document), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.DisplayName != `Ada "K"` || len(doc.Name) != 1 || doc.Name["familyName"] != "King" || len(doc.Emails) != 1 || doc.Emails[0]["value"] != "A@"+string(ada)+".test" || doc.Emails[0]["primary"] != true {
			t.Errorf("the profile is %s", profiles[0].Document)
		}
		if values := rows[models.ScimValue](t, db, "SELECT * FROM scim_values ORDER BY attr"); len(values) != 3 || values[1].ValueKey != "a@"+string(ada)+".test" || values[1].TypeKey != "work" || !values[1].IsPrimary {
			t.Errorf("values: %+v", values)
		}
		same(t, "counters", rows[models.ScimCounter](t, db, "SELECT * FROM scim_counters"), []models.ScimCounter{{TeamID: team, Kind: models.ResourceUser, Total: 1, NextSeq: 1}})
		same(t, "blocks", rows[models.ScimBlock](t, db, "SELECT * FROM scim_blocks"), []models.ScimBlock{{TeamID: team, Kind: models.ResourceUser, Live: 1, Active: 1}})
		same(t, "names", rows[models.ScimNameBlock](t, db, "SELECT * FROM scim_name_blocks ORDER BY kind"), []models.ScimNameBlock{{TeamID: team, Kind: models.ResourceGroup}, {TeamID: team, Kind: models.ResourceUser, Live: 1}})
		if settings := rows[models.ProvisioningSettings](t, db, "SELECT * FROM provisioning_settings"); len(settings) != 1 || !settings[0].ScimEnabled || settings[0].DryRun {
			t.Errorf("settings: %+v", settings)
		}
	})
}
