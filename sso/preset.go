package sso

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"regexp"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
)

//go:embed presets.json
var presetFile []byte

// Confidence says how well a fact about a vendor's product is known:
// "documented" by the vendor, seen in a "sample" message, or "recalled" and
// not checked against a live tenant.
type Confidence string

// The levels, best first.
const (
	Documented Confidence = "documented"
	Sample     Confidence = "sample"
	Recalled   Confidence = "recalled"
)

// Preset is what is known about a vendor's product.
type Preset struct {
	Vendor    models.Vendor `json:"vendor"`
	Name      string        `json:"name"`
	Aliases   []string      `json:"aliases"`
	CheckedOn string        `json:"checkedOn"` // a date
	Sources   []string      `json:"sources"`
	// Pattern recognises the product by "entityId ssoUrl"; patterns are disjoint.
	Pattern       string `json:"pattern"`
	SPValuesFirst bool   `json:"spValuesFirst"` // whether the product asks for our values before it shows its own

	// Labels are the words that the product's own pages use.
	Labels struct {
		Where      string     `json:"where"`
		ACS        string     `json:"acs"`
		EntityID   string     `json:"entityId"`
		NameID     string     `json:"nameId"`
		RelayState string     `json:"relayState"`
		Signing    string     `json:"signing"`
		Issuer     string     `json:"issuer"`
		SSO        string     `json:"sso"`
		Metadata   string     `json:"metadata"`
		Confidence Confidence `json:"confidence"`
	} `json:"labels"`
	MetadataURL struct {
		Template   string     `json:"template"`
		Supported  bool       `json:"supported"`
		Confidence Confidence `json:"confidence"`
	} `json:"metadataUrl"`
	NameID struct {
		Default     string     `json:"default"`
		Meaning     string     `json:"meaning"`
		Recommended string     `json:"recommended"`
		Confidence  Confidence `json:"confidence"`
	} `json:"nameId"`
	Attributes models.AttributeMapping `json:"attributes"`
	Signs      struct {
		Response    bool       `json:"response"`
		Assertion   bool       `json:"assertion"`
		Algorithm   string     `json:"algorithm"`
		CanSignBoth bool       `json:"canSignBoth"`
		Switch      string     `json:"switch"` // what the product calls it
		Confidence  Confidence `json:"confidence"`
	} `json:"signs"`
	Window       string `json:"window"` // how long assertions are valid
	IdpInitiated bool   `json:"idpInitiated"`
	SLO          bool   `json:"slo"`
	Encryption   bool   `json:"encryption"`
	Certificate  struct {
		Life     string `json:"life"`
		Scope    string `json:"scope"`    // APP or TENANT
		Rollover string `json:"rollover"` // MANUAL or AUTO
		// EffectiveDeadlineDays is how long before a certificate's end the
		// product signs with the next one.
		EffectiveDeadlineDays int        `json:"effectiveDeadlineDays"`
		Confidence            Confidence `json:"confidence"`
	} `json:"certificate"`
	MFA struct {
		Attributes []string   `json:"attributes"`
		Values     []string   `json:"values"`
		Classes    []string   `json:"classes"`
		Advice     string     `json:"advice"`
		Confidence Confidence `json:"confidence"`
	} `json:"mfa"`
	LoginHintParameter  string     `json:"loginHintParameter"`
	LoginHintConfidence Confidence `json:"loginHintConfidence"`
	KnownIssues         []Issue    `json:"knownIssues"`
	Guide               []string   `json:"guide"`
}

// Issue is a mistake that people make with a product.
type Issue struct {
	Code fault.Code `json:"code"`
	Text string     `json:"text"`
}

// presets are compiled in; a test holds the file to the types.
var presets = func() []Preset {
	var list []Preset
	d := json.NewDecoder(bytes.NewReader(presetFile))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		panic("sso: presets.json: " + err.Error())
	}
	return list
}()

// Presets are the products that are known, in a fixed order.
func Presets() []Preset { return presets }

// PresetOf is the preset of a vendor; false for OTHER.
func PresetOf(v models.Vendor) (Preset, bool) {
	for _, p := range presets {
		if p.Vendor == v {
			return p, true
		}
	}
	return Preset{}, false
}

// hint is what a vendor's preset says about a refusal, "" when it says nothing.
func hint(v models.Vendor, code fault.Code) string {
	p, ok := PresetOf(v)
	if !ok || code == "" {
		return ""
	}
	for _, issue := range p.KnownIssues {
		if issue.Code == code {
			return issue.Text
		}
	}
	switch code {
	case fault.MfaEvidenceMissing:
		return p.MFA.Advice
	case fault.SignatureWeak, fault.SignatureMissing:
		return p.Name + ": " + p.Signs.Switch + "."
	case fault.AudienceMismatch:
		return p.Name + " calls it " + p.Labels.EntityID + "."
	case fault.RecipientMismatch, fault.DestinationMismatch:
		return p.Name + " calls it " + p.Labels.ACS + "."
	case fault.NameIDTransient, fault.NameIDMissing:
		return p.Name + ": " + p.Labels.NameID + "; recommended is " + p.NameID.Recommended + "."
	}
	return ""
}

type vendorPattern struct {
	vendor  models.Vendor
	pattern *regexp.Regexp // of "entityId ssoUrl"
}

// vendors tells identity providers apart by the shapes of their addresses. The
// patterns are disjoint; a test holds every vendor's own examples against all.
var vendors = func() (out []vendorPattern) {
	for _, p := range presets {
		out = append(out, vendorPattern{p.Vendor, regexp.MustCompile(p.Pattern)})
	}
	return out
}()

// detectVendor guesses whose product an identity provider is.
func detectVendor(entityID, ssoURL string) models.Vendor {
	for _, v := range vendors {
		if v.pattern.MatchString(entityID + " " + ssoURL) {
			return v.vendor
		}
	}
	return models.VendorOther
}

// applyPreset fills in what a new identity provider of a known product is
// spoken to with. Nothing of it decides whom to trust.
func applyPreset(row *models.IdentityProvider) {
	if row.SsoBinding == "" {
		row.SsoBinding = models.BindingRedirect
	}
	if row.SloBinding == "" {
		row.SloBinding = models.BindingRedirect
	}
	if row.AuthnContextComparison == "" {
		row.AuthnContextComparison = models.CompareExact
	}
	if row.AuthnContextClasses == nil {
		row.AuthnContextClasses = []string{}
	}
	if p, ok := PresetOf(row.Vendor); ok {
		row.LoginHintParameter = p.LoginHintParameter
	}
}

// mfaRule is what proves a second factor at a provider: its own rule, the
// preset's, or everything that any preset knows.
func mfaRule(p models.IdentityProvider, required bool) *saml.MFARule {
	own := p.MfaRule
	rule := saml.MFARule{Attributes: own.Attributes, Values: own.Values, Classes: own.Classes}
	if preset, ok := PresetOf(p.Vendor); ok && len(own.Attributes)+len(own.Classes) == 0 {
		rule.Attributes, rule.Values, rule.Classes = preset.MFA.Attributes, preset.MFA.Values, preset.MFA.Classes
	}
	if len(rule.Attributes)+len(rule.Classes) == 0 {
		rule = saml.DefaultMFA()
	}
	rule.Required = required || own.Required
	return &rule
}
