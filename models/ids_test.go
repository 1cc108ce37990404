package models_test

import (
	"slices"
	"strings"
	"testing"

	"rollcall/fault"
	"rollcall/models"
)

var prefixes = []models.Prefix{
	models.PrefixTeam, models.PrefixUser, models.PrefixMembership, models.PrefixExternalIdentity,
	models.PrefixSsoSettings, models.PrefixIdentityProvider, models.PrefixCertificate, models.PrefixLoginAttempt,
	models.PrefixSession, models.PrefixSPKey, models.PrefixAPIKey, models.PrefixScimToken, models.PrefixAuditEvent,
	models.PrefixGroup, models.PrefixGroupRoleMapping, models.PrefixProvisioningSettings, models.PrefixScimCall,
	models.PrefixMail, models.PrefixNotificationSettings, models.PrefixStagedCertificate,
	models.PrefixSecondFactor, models.PrefixInvitation, models.PrefixDomain, models.PrefixSsoUpgrade, models.PrefixRoleRule, models.PrefixLoginTest, models.PrefixIdentityConflict,
}

// Pages are ordered by id and promise the order of creation, so ids must grow
// even within one millisecond, and their global forms must sort like them.
func TestIDsGrow(t *testing.T) {
	const n = 20_000
	ids, globals := make([]models.ID, n), make([]string, n)
	for i := range ids {
		ids[i] = newID(t)
		globals[i] = models.Global(models.PrefixTeam, ids[i])
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != n {
		t.Error("ids are not in order of creation, or not unique")
	}
	if !slices.IsSorted(globals) {
		t.Error("the global forms do not sort like the ids")
	}
	if v := ids[0][14]; v != '7' {
		t.Errorf("version %c in %s", v, ids[0])
	}
}

func TestGlobalRoundTrip(t *testing.T) {
	same(t, "prefixes that are tested", prefixes, enumValues(t)["Prefix"])
	seen := map[models.Prefix]bool{}
	for _, p := range prefixes {
		if seen[p] || strings.Contains(string(p), "_") {
			t.Errorf("prefix %q is used twice or cannot be split off", p)
		}
		seen[p] = true
		id := newID(t)
		global := models.Global(p, id)
		if got, err := models.ParseGlobal(p, global); err != nil || got != id {
			t.Errorf("%s: %q, %v", global, got, err)
		}
		if gotPrefix, got, err := models.SplitGlobal(global); err != nil || got != id || gotPrefix != p {
			t.Errorf("%s: %q, %q, %v", global, gotPrefix, got, err)
		}
	}
}

// An id of another type, a malformed one and one that does not exist must not
// be told apart.
func TestParseGlobalRefuses(t *testing.T) {
	good := models.Global(models.PrefixTeam, "01900000-0000-7000-8000-000000000001")
	body := strings.TrimPrefix(good, "team_")
	for name, text := range map[string]string{
		"empty":              "",
		"no prefix":          body,
		"empty prefix":       "_" + body,
		"another prefix":     "user_" + body,
		"prefix in capitals": "TEAM_" + body,
		"capitals":           "team_" + strings.ToUpper(body),
		"too short":          good[:len(good)-1],
		"too long":           good + "0",
		"bad letter":         good[:len(good)-1] + "w",
		"stray bits":         good[:len(good)-1] + "5", // the last letter holds three bits only
		"line break":         good[:len(good)-1] + "\n",
		"bare UUID":          "01900000-0000-7000-8000-000000000001",
		"two prefixes":       "team_team_" + body,
		"not ASCII":          "team_" + strings.Repeat("é", 13),
	} {
		if id, err := models.ParseGlobal(models.PrefixTeam, text); !fault.Is(err, fault.Missing) || id != "" {
			t.Errorf("%s, %q: %q, %v", name, text, id, err)
		}
	}
	if global := models.Global(models.PrefixTeam, "nonsense"); global != "" {
		t.Errorf("an id that is none has the global form %q", global)
	}
}

func TestParseID(t *testing.T) {
	const good = "01900000-0000-7000-8000-00000000000a"
	if id, err := models.ParseID(good); err != nil || id != good {
		t.Errorf("%q, %v", id, err)
	}
	for _, text := range []string{
		"", "nonsense", strings.ToUpper(good), "{" + good + "}", "urn:uuid:" + good,
		strings.ReplaceAll(good, "-", ""), good + " ", "' OR 1=1 --",
	} {
		if id, err := models.ParseID(text); !fault.Is(err, fault.Missing) || id != "" {
			t.Errorf("%q: %q, %v", text, id, err)
		}
	}
}

// Whatever is accepted is the one way to write that id.
func FuzzSplitGlobal(f *testing.F) {
	f.Add("team_034g000000e0010000000000005")
	f.Add("team_" + strings.Repeat("0", 26))
	f.Add("_" + strings.Repeat("v", 26))
	f.Fuzz(func(t *testing.T, text string) {
		prefix, id, err := models.SplitGlobal(text)
		if err != nil {
			return
		}
		if again := models.Global(prefix, id); again != text {
			t.Errorf("%q and %q are the same id", text, again)
		}
		if _, err := models.ParseID(string(id)); err != nil {
			t.Errorf("%q holds no UUID: %q", text, id)
		}
	})
}
