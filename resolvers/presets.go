package resolvers

import (
	"strings"

	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/sso"
)

// preset is what is known about a product, as the schema has it.
func preset(p sso.Preset) *model.IdentityProviderPreset {
	attributes := p.Attributes
	out := &model.IdentityProviderPreset{
		Vendor: p.Vendor, Name: p.Name, Aliases: list(p.Aliases), CheckedOn: p.CheckedOn, Sources: list(p.Sources), SpValuesFirst: p.SPValuesFirst,
		Labels: &model.PresetLabels{
			Where: some(p.Labels.Where), AcsURL: some(p.Labels.ACS), EntityID: some(p.Labels.EntityID), NameID: some(p.Labels.NameID),
			RelayState: some(p.Labels.RelayState), Signing: some(p.Labels.Signing), Issuer: some(p.Labels.Issuer), SsoURL: some(p.Labels.SSO),
			Metadata: some(p.Labels.Metadata), Confidence: confidence(p.Labels.Confidence),
		},
		MetadataURL: &model.PresetMetadataURL{
			Template: some(p.MetadataURL.Template), Supported: p.MetadataURL.Supported, Confidence: confidence(p.MetadataURL.Confidence),
		},
		NameID: &model.PresetNameID{
			Default: p.NameID.Default, Meaning: p.NameID.Meaning, Recommended: p.NameID.Recommended, Confidence: confidence(p.NameID.Confidence),
		},
		Attributes: &attributes,
		Signs: &model.PresetSigning{
			Response: p.Signs.Response, Assertion: p.Signs.Assertion, Algorithm: p.Signs.Algorithm, CanSignBoth: p.Signs.CanSignBoth,
			Switch: p.Signs.Switch, Confidence: confidence(p.Signs.Confidence),
		},
		AssertionWindow: p.Window, IdpInitiated: p.IdpInitiated, SingleLogout: p.SLO, Encryption: p.Encryption,
		Certificate: &model.PresetCertificate{
			Life: p.Certificate.Life, Scope: model.CertificateScope(p.Certificate.Scope), Rollover: model.CertificateRollover(p.Certificate.Rollover),
			EffectiveDeadlineDays: p.Certificate.EffectiveDeadlineDays, Confidence: confidence(p.Certificate.Confidence),
		},
		Mfa: &model.PresetMfa{
			Attributes: list(p.MFA.Attributes), Values: list(p.MFA.Values), Classes: list(p.MFA.Classes), Advice: p.MFA.Advice,
			Confidence: confidence(p.MFA.Confidence),
		},
		LoginHintParameter: some(p.LoginHintParameter), KnownIssues: []*model.PresetIssue{}, Guide: list(p.Guide),
	}
	if p.LoginHintParameter != "" {
		known := confidence(p.LoginHintConfidence)
		out.LoginHintConfidence = &known
	}
	for _, issue := range p.KnownIssues {
		out.KnownIssues = append(out.KnownIssues, &model.PresetIssue{Code: some(string(issue.Code)), Text: issue.Text})
	}
	return out
}

// presetOf is the preset of a vendor, nil where there is none.
func presetOf(v models.Vendor) *model.IdentityProviderPreset {
	p, known := sso.PresetOf(v)
	if !known {
		return nil
	}
	return preset(p)
}

func confidence(c sso.Confidence) model.Confidence {
	return model.Confidence(strings.ToUpper(string(c)))
}

// list is a list that is empty rather than null.
func list(values []string) []string { return append([]string{}, values...) }
