package sso

import (
	"fmt"
	"strings"

	"rollcall/audit"
	"rollcall/models"
)

// changes lists what differs between two states of a team's settings.
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
		{"clockSkewSeconds", a.ClockSkewSeconds, b.ClockSkewSeconds},
		{"requireMfa", a.RequireMfa, b.RequireMfa},
		{"honourSessionEnd", a.HonourSessionEnd, b.HonourSessionEnd},
		{"signMetadata", a.SignMetadata, b.SignMetadata},
		{"encryptAssertions", a.EncryptAssertions, b.EncryptAssertions},
		{"confirmEmail", a.ConfirmEmail, b.ConfirmEmail},
		{"trustVerifiedDomains", a.TrustVerifiedDomains, b.TrustVerifiedDomains},
		{"apiKeyHours", a.APIKeyHours, b.APIKeyHours},
		{"contact", a.Contact, b.Contact},
		{"allowedDomains", strings.Join(a.AllowedDomains, ", "), strings.Join(b.AllowedDomains, ", ")},
	} {
		if c.before != c.after {
			out = append(out, audit.Change(c.name, fmt.Sprint(c.before), fmt.Sprint(c.after)))
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
