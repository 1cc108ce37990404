package resolvers

import (
	"time"

	"github.com/99designs/gqlgen/graphql"

	"rollcall/fault"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/sso"
)

// optionFields are the finer points of an identity provider as the inputs of
// its mutations have them.
type optionFields struct {
	SsoBinding, SloBinding           graphql.Omittable[*models.Binding]
	SloResponseURL                   graphql.Omittable[*string]
	SignAuthnRequests, ForceAuthn    graphql.Omittable[*bool]
	RequestedAuthnContext            graphql.Omittable[*model.RequestedAuthnContextInput]
	NameIDFormat, LoginHintParameter graphql.Omittable[*string]
	AllowSha1Until                   graphql.Omittable[*time.Time]
	AllowCbc, RequireEncryption      graphql.Omittable[*bool]
	AllowInclusiveC14n               graphql.Omittable[*bool]
	MfaRule                          graphql.Omittable[*model.MfaRuleInput]
}

// options reads them: left out is unchanged, null is none where there may be none.
func (in *arguments) options(f optionFields) sso.ProviderOptions {
	out := sso.ProviderOptions{
		SsoBinding: keep(in, f.SsoBinding, "ssoBinding"), SloBinding: keep(in, f.SloBinding, "sloBinding"), SloResponseURL: orNone(f.SloResponseURL),
		SignAuthnRequests: keep(in, f.SignAuthnRequests, "signAuthnRequests"), ForceAuthn: keep(in, f.ForceAuthn, "forceAuthn"),
		NameIDFormat: orNone(f.NameIDFormat), LoginHintParameter: orNone(f.LoginHintParameter),
		AllowCbc: keep(in, f.AllowCbc, "allowCbc"), RequireEncryption: keep(in, f.RequireEncryption, "requireEncryption"),
		AllowInclusiveC14n: keep(in, f.AllowInclusiveC14n, "allowInclusiveC14n"),
	}
	if until, given := f.AllowSha1Until.ValueOK(); given {
		out.AllowSha1Until, out.EndSha1 = until, until == nil
	}
	if wanted, given := f.RequestedAuthnContext.ValueOK(); given {
		classes, comparison := []string{}, models.CompareExact
		if wanted != nil {
			classes = append(classes, wanted.Classes...)
			if c := wanted.Comparison.Value(); c != nil {
				comparison = *c
			}
			if len(classes) == 0 && in.err == nil {
				in.err = fault.New(fault.Required, "Name a class, or say null to leave it to the identity provider.").On("requestedAuthnContext", "classes")
			}
		}
		out.AuthnContextClasses, out.AuthnContextComparison = &classes, &comparison
	}
	if rule, given := f.MfaRule.ValueOK(); given {
		out.MfaRule = &models.MfaRule{}
		if rule != nil {
			out.MfaRule.Attributes, out.MfaRule.Values, out.MfaRule.Classes = rule.Attributes.Value(), rule.Values.Value(), rule.Classes.Value()
			if r := rule.Required.Value(); r != nil {
				out.MfaRule.Required = *r
			}
		}
	}
	return out
}
