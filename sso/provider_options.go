package sso

import (
	"regexp"
	"time"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
)

const (
	// sha1Most is how long an exception for SHA-1 lasts at most: long enough to
	// have a provider mended, and too short to be forgotten.
	sha1Most = 90 * 24 * time.Hour
	// maxListed and maxListedValue bound lists of names and values.
	maxListed, maxListedValue = 20, 300
)

// ProviderOptions are the finer points of how an identity provider is spoken to
// and what is asked of it; what is nil stays as it is.
type ProviderOptions struct {
	SsoBinding, SloBinding        *models.Binding
	SloResponseURL                *string
	SignAuthnRequests, ForceAuthn *bool
	AuthnContextClasses           *[]string // none asks for nothing
	AuthnContextComparison        *models.Comparison
	NameIDFormat                  *string // "" asks for none
	LoginHintParameter            *string // "" sends no hint
	AllowSha1Until                *time.Time
	EndSha1                       bool // ends the exception for SHA-1
	AllowCbc, RequireEncryption   *bool
	AllowInclusiveC14n            *bool
	MfaRule                       *models.MfaRule // without names in it the preset's holds
}

// apply changes a row.
func (o ProviderOptions) apply(row *models.IdentityProvider) {
	set(&row.SsoBinding, o.SsoBinding)
	set(&row.SloBinding, o.SloBinding)
	set(&row.SloResponseURL, o.SloResponseURL)
	set(&row.SignAuthnRequests, o.SignAuthnRequests)
	set(&row.ForceAuthn, o.ForceAuthn)
	set(&row.AuthnContextClasses, o.AuthnContextClasses)
	set(&row.AuthnContextComparison, o.AuthnContextComparison)
	set(&row.NameIDFormat, o.NameIDFormat)
	set(&row.LoginHintParameter, o.LoginHintParameter)
	set(&row.AllowCbc, o.AllowCbc)
	set(&row.RequireEncryption, o.RequireEncryption)
	set(&row.AllowInclusiveC14n, o.AllowInclusiveC14n)
	set(&row.MfaRule, o.MfaRule)
	switch {
	case o.EndSha1:
		row.AllowSha1Until = nil
	case o.AllowSha1Until != nil:
		until := models.Stamp(*o.AllowSha1Until)
		row.AllowSha1Until = &until
	}
}

// parameterForm is what the name of a query parameter may be. The names that
// the binding itself uses are not to be had.
var parameterForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,39}$`)

var bindingParameters = map[string]bool{"SAMLRequest": true, "SAMLResponse": true, "RelayState": true, "SigAlg": true, "Signature": true, "SAMLEncoding": true}

// check judges the options as they are in the changed row.
func (o ProviderOptions) check(row models.IdentityProvider, now time.Time) error {
	if row.SloResponseURL != "" {
		if err := saml.CheckLocation(row.SloResponseURL); err != nil {
			return under(err, "sloResponseUrl")
		}
	}
	switch {
	case row.NameIDFormat == saml.FormatTransient:
		return fault.New(fault.InvalidValue, "A transient NameID is another one at every sign-in; ask for a persistent one, or for none.").On("nameIdFormat")
	case len(row.NameIDFormat) > maxListedValue || !models.Printable(row.NameIDFormat):
		return fault.New(fault.InvalidValue, "A NameID format has %d printable characters at most.", maxListedValue).On("nameIdFormat")
	case row.LoginHintParameter != "" && (!parameterForm.MatchString(row.LoginHintParameter) || bindingParameters[row.LoginHintParameter]):
		return fault.New(fault.InvalidValue, "The name of a query parameter has letters, digits, hyphens and underscores, and is none that SAML uses.").On("loginHintParameter")
	case o.AllowSha1Until != nil && !o.EndSha1 && (!o.AllowSha1Until.After(now) || o.AllowSha1Until.After(now.Add(sha1Most))):
		return fault.New(fault.InvalidValue, "The exception for SHA-1 ends within %d days from now.", int(sha1Most/(24*time.Hour))).On("allowSha1Until")
	}
	for _, l := range []struct {
		values []string
		path   []string
	}{
		{row.AuthnContextClasses, []string{"requestedAuthnContext", "classes"}}, {row.MfaRule.Attributes, []string{"mfaRule", "attributes"}},
		{row.MfaRule.Values, []string{"mfaRule", "values"}}, {row.MfaRule.Classes, []string{"mfaRule", "classes"}},
	} {
		if len(l.values) > maxListed {
			return fault.New(fault.InvalidValue, "Name %d at most.", maxListed).On(l.path...)
		}
		for _, v := range l.values {
			if v == "" || len(v) > maxListedValue || !models.Printable(v) {
				return fault.New(fault.InvalidValue, "A value has 1 to %d printable characters.", maxListedValue).On(l.path...)
			}
		}
	}
	if len(row.MfaRule.Attributes) > 0 && len(row.MfaRule.Values) == 0 || len(row.MfaRule.Attributes) == 0 && len(row.MfaRule.Values) > 0 {
		return fault.New(fault.InvalidValue, "Attributes and the values that count in them go together.").On("mfaRule")
	}
	return nil
}

// differs is one value before and after a change.
type differs struct {
	name          string
	before, after any
}

// optionChanges are the options of two states of an identity provider.
func optionChanges(a, b models.IdentityProvider) []differs {
	return []differs{
		{"ssoBinding", a.SsoBinding, b.SsoBinding},
		{"sloBinding", a.SloBinding, b.SloBinding},
		{"sloResponseUrl", a.SloResponseURL, b.SloResponseURL},
		{"signAuthnRequests", a.SignAuthnRequests, b.SignAuthnRequests},
		{"forceAuthn", a.ForceAuthn, b.ForceAuthn},
		{"authnContextClasses", a.AuthnContextClasses, b.AuthnContextClasses},
		{"authnContextComparison", a.AuthnContextComparison, b.AuthnContextComparison},
		{"nameIdFormat", a.NameIDFormat, b.NameIDFormat},
		{"loginHintParameter", a.LoginHintParameter, b.LoginHintParameter},
		{"allowSha1Until", until(a.AllowSha1Until), until(b.AllowSha1Until)},
		{"allowCbc", a.AllowCbc, b.AllowCbc},
		{"requireEncryption", a.RequireEncryption, b.RequireEncryption},
		{"allowInclusiveC14n", a.AllowInclusiveC14n, b.AllowInclusiveC14n},
		{"mfaRule", a.MfaRule, b.MfaRule},
	}
}

func until(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
