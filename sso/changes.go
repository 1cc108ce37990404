package sso

import (
	"fmt"

	"rollcall/audit"
	"rollcall/models"
)

// changes lists what differs between two states of a team's settings, as
// "old -> new".
func changes(a, b models.SsoSettings) []models.AuditDetail {
	var out []models.AuditDetail
	for _, c := range []struct {
		name          string
		before, after any
	}{
		{"defaultRole", a.DefaultRole, b.DefaultRole},
		{"idpInitiatedEnabled", a.IdpInitiatedEnabled, b.IdpInitiatedEnabled},
		{"jitEnabled", a.JitEnabled, b.JitEnabled},
		{"sessionHours", a.SessionHours, b.SessionHours},
		{"sessionIdleMinutes", a.SessionIdleMinutes, b.SessionIdleMinutes},
		{"defaultIdentityProvider", providerName(a), providerName(b)},
	} {
		if c.before != c.after {
			out = append(out, audit.Detail(c.name, fmt.Sprintf("%v -> %v", c.before, c.after)))
		}
	}
	return out
}

func providerName(s models.SsoSettings) string {
	if s.DefaultIdentityProviderID == nil {
		return "none"
	}
	return models.Global(models.PrefixIdentityProvider, *s.DefaultIdentityProviderID)
}
