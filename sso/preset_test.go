package sso

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/models"
)

var update = flag.Bool("update", false, "write the vendors' sections of docs/idp-admins.md anew")

// Every vendor but OTHER has a preset, and each says how sure it is of what.
func TestPresets(t *testing.T) {
	levels := []Confidence{Documented, Sample, Recalled}
	met := map[models.Vendor]bool{}
	for _, p := range Presets() {
		if met[p.Vendor] || p.Vendor == models.VendorOther {
			t.Errorf("%s has two presets, or should have none", p.Vendor)
		}
		met[p.Vendor] = true
		if err := new(models.Vendor).UnmarshalGQL(string(p.Vendor)); err != nil {
			t.Errorf("%s is no vendor", p.Vendor)
		}
		if _, err := time.Parse(time.DateOnly, p.CheckedOn); err != nil || len(p.Sources) == 0 {
			t.Errorf("%s: checked on %q, by %v", p.Vendor, p.CheckedOn, p.Sources)
		}
		for what, level := range map[string]Confidence{
			"labels": p.Labels.Confidence, "metadata address": p.MetadataURL.Confidence, "NameID": p.NameID.Confidence, "signatures": p.Signs.Confidence,
			"certificate": p.Certificate.Confidence, "second factor": p.MFA.Confidence, "login hint": p.LoginHintConfidence,
		} {
			if !slices.Contains(levels, level) {
				t.Errorf("%s: the confidence in its %s is %q", p.Vendor, what, level)
			}
		}
		for what, text := range map[string]string{
			"name": p.Name, "place": p.Labels.Where, "ACS label": p.Labels.ACS, "entity id label": p.Labels.EntityID, "signing label": p.Labels.Signing,
			"switch": p.Signs.Switch, "algorithm": p.Signs.Algorithm, "second factor advice": p.MFA.Advice, "NameID": p.NameID.Recommended, "window": p.Window,
		} {
			if text == "" {
				t.Errorf("%s has no %s", p.Vendor, what)
			}
		}
		if p.MetadataURL.Supported != (p.MetadataURL.Template != "") || len(p.Guide) < 4 || len(p.KnownIssues) == 0 {
			t.Errorf("%s: its metadata address, guide or known issues are incomplete", p.Vendor)
		}
		for _, issue := range p.KnownIssues {
			if issue.Code.Meaning() == "" || !strings.HasSuffix(issue.Text, ".") {
				t.Errorf("%s: issue %+v", p.Vendor, issue)
			}
		}
		row := models.IdentityProvider{Vendor: p.Vendor}
		applyPreset(&row)
		o := ProviderOptions{}
		if err := o.check(row, time.Time{}); err != nil {
			t.Errorf("%s: its defaults are refused: %v", p.Vendor, err)
		}
		row.MfaRule = models.MfaRule{Attributes: p.MFA.Attributes, Values: p.MFA.Values, Classes: p.MFA.Classes}
		if err := o.check(row, time.Time{}); err != nil {
			t.Errorf("%s: its rule for a second factor is refused: %v", p.Vendor, err)
		}
	}
	if len(met) != 9 {
		t.Errorf("%d presets", len(met))
	}
	for vendor, days := range map[models.Vendor]int{models.VendorAdfs: 15, models.VendorPingfederate: 30, models.VendorOkta: 0} {
		if p, _ := PresetOf(vendor); p.Certificate.EffectiveDeadlineDays != days {
			t.Errorf("%s signs with its next certificate %d days early", vendor, p.Certificate.EffectiveDeadlineDays)
		}
	}
	if p, _ := PresetOf(models.VendorAdfs); p.Certificate.EffectiveDeadlineDays != EarlyDays(models.VendorAdfs) {
		t.Error("the notices and the preset of AD FS differ")
	}
	if _, ok := PresetOf(models.VendorOther); ok {
		t.Error("OTHER has a preset")
	}
}

// The rule for a second factor is the provider's own, else the preset's, else
// everything that any preset knows.
func TestMfaRuleOf(t *testing.T) {
	own := mfaRule(models.IdentityProvider{Vendor: models.VendorEntra, MfaRule: models.MfaRule{Classes: []string{"urn:own"}}}, false)
	if len(own.Attributes) != 0 || own.Classes[0] != "urn:own" || own.Required {
		t.Errorf("its own: %+v", own)
	}
	entra := mfaRule(models.IdentityProvider{Vendor: models.VendorEntra}, true)
	if !entra.Required || entra.Attributes[0] != "http://schemas.microsoft.com/claims/authnmethodsreferences" {
		t.Errorf("Entra's: %+v", entra)
	}
	for _, v := range []models.Vendor{models.VendorOther, models.VendorGoogle} {
		if all := mfaRule(models.IdentityProvider{Vendor: v, MfaRule: models.MfaRule{Required: true}}, false); len(all.Attributes) < 3 || !all.Required {
			t.Errorf("%s: %+v", v, all)
		}
	}
}

// A refusal comes with what the vendor's preset says about it.
func TestHints(t *testing.T) {
	for _, p := range Presets() {
		for _, code := range []fault.Code{fault.MfaEvidenceMissing, fault.SignatureWeak, fault.AudienceMismatch, fault.RecipientMismatch, fault.NameIDTransient} {
			if hint(p.Vendor, code) == "" {
				t.Errorf("%s has no hint for %s", p.Vendor, code)
			}
		}
		if got := hint(p.Vendor, ""); got != "" {
			t.Errorf("%s has a hint for what passed: %q", p.Vendor, got)
		}
	}
	if got := hint(models.VendorAdfs, fault.IdpNameIDPolicy); !strings.Contains(got, "MSIS7070") {
		t.Errorf("AD FS without a Name ID rule: %q", got)
	}
	if got := hint(models.VendorOther, fault.MfaEvidenceMissing); got != "" {
		t.Errorf("an unknown product has the hint %q", got)
	}
}

const (
	guideFile  = "../docs/idp-admins.md"
	guideBegin = "<!-- The sections below are made out of sso/presets.json: go test ./sso -run Guide -update -->\n"
)

// The guide has a section for every preset that says what the preset says.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile(guideFile)
	if err != nil {
		t.Fatal(err)
	}
	head, have, found := strings.Cut(string(text), guideBegin)
	if !found {
		t.Fatalf("%s has no place for the vendors' sections", guideFile)
	}
	want := guide()
	if *update {
		if err := os.WriteFile(guideFile, []byte(head+guideBegin+want), 0o644); err != nil {
			t.Fatal(err)
		}
		have = want
	}
	if have != want {
		t.Errorf("%s is not what the presets say; run go test ./sso -run Guide -update", guideFile)
	}
}

// guide writes the sections.
func guide() string {
	var b bytes.Buffer
	for _, p := range Presets() {
		fmt.Fprintf(&b, "\n### %s\n\nWhere: %s.\n\n", p.Name, p.Labels.Where)
		for i, step := range p.Guide {
			fmt.Fprintf(&b, "%d. %s\n", i+1, step)
		}
		fmt.Fprintf(&b, "\n| here | there |\n|---|---|\n| ACS URL | %s |\n| Entity ID | %s |\n", p.Labels.ACS, p.Labels.EntityID)
		for _, l := range [][2]string{{"NameID", p.Labels.NameID}, {"Signature", p.Labels.Signing}, {"Metadata", p.Labels.Metadata}} {
			if l[1] != "" {
				fmt.Fprintf(&b, "| %s | %s |\n", l[0], l[1])
			}
		}
		fmt.Fprintf(&b, "\n- NameID: by default %s, %s; recommended: %s (%s).\n", p.NameID.Default, p.NameID.Meaning, p.NameID.Recommended, p.NameID.Confidence)
		fmt.Fprintf(&b, "- Signature: by default %s with %s; set %s (%s).\n", signed(p), p.Signs.Algorithm, p.Signs.Switch, p.Signs.Confidence)
		fmt.Fprintf(&b, "- Second factor: %s (%s)\n", p.MFA.Advice, p.MFA.Confidence)
		fmt.Fprintf(&b, "- Certificate: %s, for %s (%s).%s\n", p.Certificate.Life, map[string]string{"APP": "this application alone", "TENANT": "all applications"}[p.Certificate.Scope], p.Certificate.Confidence, switchesEarly(p))
		for _, issue := range p.KnownIssues {
			fmt.Fprintf(&b, "- `%s`: %s\n", issue.Code, issue.Text)
		}
		fmt.Fprintf(&b, "\nFrom: %s. Checked on %s.\n", strings.Join(p.Sources, "; "), p.CheckedOn)
	}
	return b.String()
}

func signed(p Preset) string {
	switch {
	case p.Signs.Response && p.Signs.Assertion:
		return "response and assertion are signed"
	case p.Signs.Response:
		return "the response is signed"
	default:
		return "the assertion is signed"
	}
}

func switchesEarly(p Preset) string {
	if p.Certificate.EffectiveDeadlineDays == 0 {
		return ""
	}
	return fmt.Sprintf(" It signs with the next one up to %d days before the end.", p.Certificate.EffectiveDeadlineDays)
}
