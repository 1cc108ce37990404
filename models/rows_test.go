package models_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// A global id finds its row by its prefix, so each type has its own.
func TestGlobalIDs(t *testing.T) {
	id := newID(t)
	var used []models.Prefix
	for _, row := range []interface{ GlobalID() string }{
		models.Team{ID: id}, models.User{ID: id}, models.Membership{ID: id}, models.ExternalIdentity{ID: id},
		models.SsoSettings{ID: id}, models.IdentityProvider{ID: id}, models.Certificate{ID: id}, models.LoginAttempt{ID: id},
		models.Session{ID: id}, models.ServiceProviderKey{ID: id}, models.APIKey{ID: id}, models.ScimToken{ID: id}, models.AuditEvent{ID: id},
		models.Group{ID: id}, models.GroupRoleMapping{ID: id}, models.ProvisioningSettings{ID: id}, models.ScimCall{ID: id},
		models.Mail{ID: id}, models.NotificationSettings{ID: id}, models.StagedCertificate{ID: id},
		models.SecondFactor{ID: id}, models.Invitation{ID: id}, models.Domain{ID: id}, models.SsoUpgrade{ID: id}, models.RoleRule{ID: id}, models.LoginTest{ID: id}, models.IdentityConflict{ID: id},
	} {
		prefix, got, err := models.SplitGlobal(row.GlobalID())
		if err != nil || got != id {
			t.Errorf("%T: %s, error %v", row, row.GlobalID(), err)
		}
		used = append(used, prefix)
	}
	same(t, "prefixes", used, prefixes)
}

// Every row but those that no client sees has a global id.
func TestRowsWithoutGlobalID(t *testing.T) {
	hidden := []string{"installation", "tombstones", "login_requests", "logout_requests", "seen_assertions",
		"scim_profiles", "scim_values", "scim_counters", "scim_blocks", "scim_name_blocks", "group_members", "notices", "metadata_sources",
		"passwords", "backup_codes", "signin_steps", "guess_counters", "password_asks", "one_time_links", "recovery_codes", "member_claims"}
	for _, row := range models.All {
		table := parse(t, row).Table
		_, shown := row.(interface{ GlobalID() string })
		if shown == slices.Contains(hidden, table) {
			t.Errorf("%s: has a global id: %v", table, shown)
		}
	}
}

// Both ends of a certificate's validity belong to it (RFC 5280 section 4.1.2.5).
func TestCertificateStateAt(t *testing.T) {
	from, to := housetest.Start, housetest.Start.Add(time.Hour)
	c := models.Certificate{NotBefore: from, NotAfter: to}
	for _, k := range []struct {
		at   time.Time
		want models.CertificateState
	}{
		{from.Add(-time.Nanosecond), models.CertificateNotYetValid},
		{from, models.CertificateActive},
		{to, models.CertificateActive},
		{to.Add(time.Nanosecond), models.CertificateExpired},
		{to.In(time.FixedZone("west", -8*3600)), models.CertificateActive},
	} {
		if got := c.StateAt(k.at); got != k.want {
			t.Errorf("at %v it is %s, want %s", k.at, got, k.want)
		}
	}
}

func TestSsoAllowed(t *testing.T) {
	for _, plan := range enumValues(t)["Plan"] {
		if got := (models.Team{Plan: models.Plan(plan)}).SsoAllowed(); got != (plan != "FREE") {
			t.Errorf("%s: %v", plan, got)
		}
	}
	if (models.Team{}).SsoAllowed() {
		t.Error("a team without a plan may use single sign-on")
	}
}

func TestSsoStateOn(t *testing.T) {
	for _, state := range enumValues(t)["SsoState"] {
		if got := models.SsoState(state).On(); got != strings.HasPrefix(state, "EN") {
			t.Errorf("%s: %v", state, got)
		}
	}
}

// Break-glass: who was made by hand and was not taken over.
func TestDirect(t *testing.T) {
	acme, other := newID(t), newID(t)
	for _, c := range []struct {
		name    string
		source  models.MembershipSource
		scim    bool
		managed *models.ID
		want    bool
	}{
		{"made by hand", models.SourceDirect, false, nil, true},
		{"invited", models.SourceInvitation, false, nil, true},
		{"managed by another team", models.SourceDirect, false, &other, true},
		{"managed by this team", models.SourceDirect, false, &acme, false},
		{"taken over by SCIM", models.SourceDirect, true, nil, false},
		{"invited, then taken over", models.SourceInvitation, true, nil, false},
		{"came by sign-in", models.SourceJit, false, nil, false},
		{"came by SCIM", models.SourceScim, false, nil, false},
	} {
		m := models.Membership{TeamID: acme, Source: c.source, ScimManaged: c.scim}
		if got := m.Direct(models.User{ManagedByTeamID: c.managed}); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
