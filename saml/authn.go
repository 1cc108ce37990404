package saml

import (
	"slices"
	"strings"
	"time"

	"rollcall/fault"
)

// Step 6, the part about how the person signed in at the provider.

// Comparison says how an authentication context relates to the wanted ones
// (SAML core, section 3.3.2.2.1).
type Comparison string

// The comparisons; "" means Exact.
const (
	Exact   Comparison = "exact"
	Minimum Comparison = "minimum"
	Maximum Comparison = "maximum"
	Better  Comparison = "better"
)

// AuthnContext is how a team wants its people to be authenticated. It is asked
// for in the AuthnRequest and checked when the assertion comes, because a
// provider may ignore the wish.
type AuthnContext struct {
	Classes    []string
	Comparison Comparison
}

// Authentication context classes (SAML authentication context, section 3.4)
// and those that products use in their stead.
const (
	classPrefix      = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
	ClassUnspecified = classPrefix + "unspecified"
	ClassPassword    = classPrefix + "PasswordProtectedTransport"
	ClassRefedsMFA   = "https://refeds.org/profile/mfa"
	ClassEntraMFA    = "http://schemas.microsoft.com/claims/multipleauthn"
)

// strengths order the classes for the comparisons other than exact. SAML
// leaves the order to the parties; this one is by number and kind of factors.
var strengths = map[string]int{
	ClassUnspecified:                                               0,
	classPrefix + "PreviousSession":                                1,
	classPrefix + "InternetProtocol":                               1,
	classPrefix + "InternetProtocolPassword":                       2,
	classPrefix + "Password":                                       2,
	ClassPassword:                                                  3,
	classPrefix + "SecureRemotePassword":                           3,
	classPrefix + "Kerberos":                                       3,
	"urn:federation:authentication:windows":                        3,
	classPrefix + "MobileOneFactorUnregistered":                    3,
	classPrefix + "MobileOneFactorContract":                        3,
	classPrefix + "X509":                                           4,
	classPrefix + "TLSClient":                                      4,
	classPrefix + "Smartcard":                                      4,
	classPrefix + "SoftwarePKI":                                    4,
	classPrefix + "TimeSyncToken":                                  5,
	classPrefix + "MobileTwoFactorUnregistered":                    5,
	classPrefix + "MobileTwoFactorContract":                        5,
	classPrefix + "SmartcardPKI":                                   5,
	ClassRefedsMFA:                                                 5,
	ClassEntraMFA:                                                  5,
	"https://refeds.org/profile/sfa":                               3,
	"http://schemas.openid.net/pape/policies/2007/06/multi-factor": 5,
}

// met reports whether one of the classes that came is as wanted. A class of
// unknown strength satisfies nothing but an exact wish.
func (w AuthnContext) met(came []string) bool {
	for _, class := range came {
		if w.Comparison == "" || w.Comparison == Exact {
			if slices.Contains(w.Classes, class) {
				return true
			}
			continue
		}
		if has, known := strengths[class]; known && w.compared(has) {
			return true
		}
	}
	return false
}

// compared relates a strength to the wanted ones: at least one of them, none
// above the strongest, or stronger than all.
func (w AuthnContext) compared(has int) bool {
	weakest, strongest, any := 0, 0, false
	for _, class := range w.Classes {
		if s, known := strengths[class]; known {
			if !any || s < weakest {
				weakest = s
			}
			strongest, any = max(strongest, s), true
		}
	}
	switch w.Comparison {
	case Minimum:
		return any && has >= weakest
	case Maximum:
		return any && has <= strongest
	case Better:
		return any && has > strongest
	}
	return false
}

// MFARule says what proves that a second factor was used. Providers do not
// agree on it: Entra ID and AD FS list methods in an attribute and leave the
// class at Password, Okta has an attribute of session.amr if an admin adds
// one, others send a class. A value counts exactly as written.
type MFARule struct {
	Required   bool     // refuse the sign-in without proof
	Attributes []string // names, without regard to case
	Values     []string // any of them, among all values of those attributes
	Classes    []string // or any of these authentication context classes
}

// DefaultMFA is everything that the providers of this product's presets send.
func DefaultMFA() MFARule {
	return MFARule{
		Required:   true,
		Attributes: []string{"http://schemas.microsoft.com/claims/authnmethodsreferences", "authnmethodsreferences", "amr", "session.amr"},
		Values:     []string{ClassEntraMFA, "mfa"},
		Classes: []string{
			ClassRefedsMFA, ClassEntraMFA, classPrefix + "MobileTwoFactorContract", classPrefix + "MobileTwoFactorUnregistered",
			"http://schemas.openid.net/pape/policies/2007/06/multi-factor",
		},
	}
}

// evidence returns the first proof in the statement, "" when there is none.
func (r MFARule) evidence(st statement) string {
	for _, name := range r.Attributes {
		for _, a := range st.attributes {
			if !a.called(name) {
				continue
			}
			for _, v := range a.values {
				if v != "" && slices.Contains(r.Values, v) {
					return a.name + " = " + v
				}
			}
		}
	}
	for _, class := range st.classes() {
		if slices.Contains(r.Classes, class) {
			return "AuthnContextClassRef = " + class
		}
	}
	return ""
}

// classes returns the authentication context classes of all statements.
func (st *statement) classes() []string {
	var all []string
	for _, a := range st.authn {
		all = append(all, a.classes...)
	}
	return all
}

// authentication asks that the person signed in at the provider - an assertion
// about attributes alone is no sign-in - and did so as the team wants.
func (v *validation) authentication(st statement) {
	if len(st.authn) == 0 {
		v.fail(fault.AssertionInvalid, "authn_statement", "at least 1", "0", "the assertion has no AuthnStatement, so it does not say that anybody signed in")
		return
	}
	var latest time.Time
	for _, a := range st.authn {
		at, problem := instant(a.instant)
		if problem != "" {
			v.fail(fault.AssertionInvalid, "authn_instant", "a time", a.instant, "%s", problem)
		} else {
			v.pass("authn_instant", "a time", a.instant)
		}
		if at.After(latest) {
			latest = at
		}
		v.within("session", "", a.sessionNotOnOrAfter, v.e.Now, v.e.skew())
	}
	v.anew(latest)
	v.context(st.classes())
	v.secondFactor(st)
}

// anew checks that a request with ForceAuthn was obeyed. A sign-in that began
// at the provider answers none.
func (v *validation) anew(at time.Time) {
	const check = "force_authn"
	switch {
	case !v.e.ForceAuthn:
	case v.e.RequestID == "":
		v.skip(check, "no request was made")
	case v.e.RequestedAt.IsZero() || at.Before(v.e.RequestedAt.Add(-v.e.skew())):
		v.fail(fault.AuthnNotFresh, check, "at or after "+stamp(v.e.RequestedAt), stamp(at), "the person was to be authenticated anew, and was last authenticated at %s", stamp(at))
	default:
		v.pass(check, "at or after "+stamp(v.e.RequestedAt), stamp(at))
	}
}

func (v *validation) context(classes []string) {
	if v.e.Context == nil {
		return
	}
	wanted, came := strings.Join(v.e.Context.Classes, " "), strings.Join(classes, " ")
	if v.e.Context.Comparison != "" {
		wanted = string(v.e.Context.Comparison) + " " + wanted
	}
	if v.e.Context.met(classes) {
		v.pass("authn_context", wanted, came)
	} else {
		v.fail(fault.AuthnContextMismatch, "authn_context", wanted, came, "the person was authenticated by %s, and the team asks for %s", bounded(came), bounded(wanted))
	}
}

func (v *validation) secondFactor(st statement) {
	const check = "mfa_evidence"
	if v.e.MFA == nil {
		return
	}
	rule := *v.e.MFA
	wanted := strings.Join(append(slices.Clone(rule.Attributes), rule.Classes...), " ")
	v.evidence = bounded(rule.evidence(st))
	switch {
	case v.evidence != "":
		v.pass(check, wanted, v.evidence)
	case rule.Required:
		v.fail(fault.MfaEvidenceMissing, check, wanted, "", "nothing in the assertion proves a second factor; these attributes came: %s; these classes: %s", bounded(st.attributeNames()), bounded(strings.Join(st.classes(), " ")))
	default:
		v.skip(check, "nothing in the assertion proves a second factor")
	}
}
