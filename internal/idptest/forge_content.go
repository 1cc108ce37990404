package idptest

import (
	"strings"
	"time"

	"github.com/beevik/etree"

	"rollcall/fault"
	"rollcall/saml"
)

// contentForgeries are genuine messages that were made for another place, time
// or purpose, or that lack what SAML asks for. The provider itself signs them:
// a customer of the same one, or a set-up that went wrong.
var contentForgeries = []Forgery{
	// Place.
	changed("WrongAudience", fault.AudienceMismatch, func(a *etree.Element) {
		path(a, "saml:Conditions", "saml:AudienceRestriction", "saml:Audience").SetText("https://other.example/saml/other")
	}),
	changed("NoAudience", fault.AudienceMismatch, func(a *etree.Element) {
		drop(a, "saml:Conditions", "saml:AudienceRestriction")
	}),
	changed("EmptyAudience", fault.AudienceMismatch, func(a *etree.Element) {
		path(a, "saml:Conditions", "saml:AudienceRestriction", "saml:Audience").SetText("")
	}),
	changed("SecondRestriction", fault.AudienceMismatch, func(a *etree.Element) {
		path(a, "saml:Conditions").CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText("https://other.example")
	}),
	changed("WrongRecipient", fault.RecipientMismatch, func(a *etree.Element) {
		path(a, "saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData").CreateAttr("Recipient", "https://other.example/finalize")
	}),
	changed("NoRecipient", fault.RecipientMismatch, func(a *etree.Element) {
		path(a, "saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData").RemoveAttr("Recipient")
	}),
	edited("WrongDestination", fault.DestinationMismatch, func(_ *IDP, r *Response) {
		r.Before = func(doc *etree.Element) { doc.CreateAttr("Destination", "https://other.example/finalize") }
	}),
	edited("SignedWithoutDestination", fault.DestinationMismatch, func(_ *IDP, r *Response) { r.OmitDest, r.SignResponse = true, true }),
	edited("WrongIssuer", fault.IssuerMismatch, func(_ *IDP, r *Response) { r.Issuer = "https://other.example/idp" }),
	edited("Expired", fault.AssertionExpired, func(_ *IDP, r *Response) { r.Age = 30 * time.Minute }),
	edited("NotYetValid", fault.AssertionNotYetValid, func(_ *IDP, r *Response) { r.Age = -30 * time.Minute }),
	changed("TimeWithoutZone", fault.AssertionInvalid, func(a *etree.Element) {
		c := path(a, "saml:Conditions")
		c.CreateAttr("NotOnOrAfter", strings.TrimSuffix(c.SelectAttrValue("NotOnOrAfter", ""), "Z"))
	}),
	changed("NoConditions", fault.AssertionInvalid, func(a *etree.Element) { drop(a, "saml:Conditions") }),
	changed("UnknownCondition", fault.AssertionInvalid, func(a *etree.Element) {
		path(a, "saml:Conditions").CreateElement("saml:Condition").CreateAttr("Type", "only on Sundays")
	}),
	changed("HolderOfKey", fault.AssertionInvalid, func(a *etree.Element) {
		path(a, "saml:Subject", "saml:SubjectConfirmation").CreateAttr("Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")
	}),
	changed("NoConfirmationEnd", fault.AssertionInvalid, func(a *etree.Element) {
		path(a, "saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData").RemoveAttr("NotOnOrAfter")
	}),
	changed("NoAuthnStatement", fault.AssertionInvalid, func(a *etree.Element) { drop(a, "saml:AuthnStatement") }),
	changed("WrongVersion", fault.AssertionInvalid, func(a *etree.Element) { a.CreateAttr("Version", "1.1") }),
	changed("AudienceOfAnotherTeam", fault.AudienceMismatch, audience(func(s string) string { return s[:strings.LastIndexByte(s, '/')] + "/other" })),
	changed("AudienceWithSlash", fault.AudienceMismatch, audience(func(s string) string { return s + "/" })),
	changed("AudiencePrefix", fault.AudienceMismatch, audience(func(s string) string { return s[:len(s)-1] })),
	changed("AudienceExtended", fault.AudienceMismatch, audience(func(s string) string { return s + ".evil.example" })),
	changed("AudienceInCapitals", fault.AudienceMismatch, audience(strings.ToUpper)),
	changed("RecipientOfAnotherTeam", fault.RecipientMismatch, onData("Recipient", func(s string) string { return strings.Replace(s, "/saml/", "/saml/x", 1) })),
	changed("RecipientWithSlash", fault.RecipientMismatch, onData("Recipient", func(s string) string { return s + "/" })),
	changed("RecipientWithQuery", fault.RecipientMismatch, onData("Recipient", func(s string) string { return s + "?x" })),
	changed("RecipientInCapitals", fault.RecipientMismatch, onData("Recipient", strings.ToUpper)),
	edited("DestinationWithSlash", fault.DestinationMismatch, func(_ *IDP, r *Response) {
		r.Before = func(doc *etree.Element) { doc.CreateAttr("Destination", r.ACSURL+"/") }
	}),
	edited("ResponseOfAnotherIssuer", fault.IssuerMismatch, func(_ *IDP, r *Response) {
		r.OmitIssuer = false
		r.Before = func(doc *etree.Element) { path(doc, "saml:Issuer").SetText("https://other.example/idp") }
	}),
	changed("AssertionOfAnotherIssuer", fault.IssuerMismatch, func(a *etree.Element) { path(a, "saml:Issuer").SetText("https://other.example/idp") }),
	changed("IssuerWithSlash", fault.IssuerMismatch, func(a *etree.Element) {
		issuer := path(a, "saml:Issuer")
		issuer.SetText(issuer.Text() + "/")
	}),
	changed("NoAssertionIssuer", fault.IssuerMismatch, func(a *etree.Element) { drop(a, "saml:Issuer") }),
	changed("IssuerIsAPerson", fault.IssuerMismatch, func(a *etree.Element) { path(a, "saml:Issuer").CreateAttr("Format", saml.FormatEmailAddress) }),
	changed("TwoIssuers", fault.ResponseMalformed, func(a *etree.Element) { a.InsertChildAt(0, path(a, "saml:Issuer").Copy()) }),

	// Time.
	changed("ConfirmationExpired", fault.AssertionExpired, onData("NotOnOrAfter", func(string) string { return "2001-02-03T04:05:06Z" })),
	changed("ConfirmationNotYetValid", fault.AssertionNotYetValid, onData("NotBefore", func(string) string { return "2999-02-03T04:05:06Z" })),
	changed("ConditionsExpired", fault.AssertionExpired, conditions("NotOnOrAfter", "2001-02-03T04:05:06Z")),
	changed("ConditionsNotYetValid", fault.AssertionNotYetValid, conditions("NotBefore", "2999-02-03T04:05:06Z")),
	changed("NoTime", fault.AssertionInvalid, conditions("NotOnOrAfter", "soon")),
	changed("DateOnly", fault.AssertionInvalid, conditions("NotOnOrAfter", "2999-02-03")),
	changed("SessionOver", fault.AssertionExpired, func(a *etree.Element) {
		path(a, "saml:AuthnStatement").CreateAttr("SessionNotOnOrAfter", "2001-02-03T04:05:06Z")
	}),
	changed("NoAuthnInstant", fault.AssertionInvalid, func(a *etree.Element) { path(a, "saml:AuthnStatement").RemoveAttr("AuthnInstant") }),

	// Purpose.
	changed("SenderVouches", fault.AssertionInvalid, func(a *etree.Element) {
		path(a, "saml:Subject", "saml:SubjectConfirmation").CreateAttr("Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")
	}),
	changed("NoConfirmation", fault.AssertionInvalid, func(a *etree.Element) { drop(a, "saml:Subject", "saml:SubjectConfirmation") }),
	changed("NoConfirmationData", fault.RecipientMismatch, func(a *etree.Element) {
		drop(a, "saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData")
	}),
	changed("TwoConfirmationData", fault.ResponseMalformed, func(a *etree.Element) {
		c := path(a, "saml:Subject", "saml:SubjectConfirmation")
		c.AddChild(path(c, "saml:SubjectConfirmationData").Copy())
	}),
	edited("ResponseVersion", fault.ResponseMalformed, func(_ *IDP, r *Response) {
		r.Before = func(doc *etree.Element) { doc.CreateAttr("Version", "1.1") }
	}),
	edited("NoResponseVersion", fault.ResponseMalformed, func(_ *IDP, r *Response) {
		r.Before = func(doc *etree.Element) { doc.RemoveAttr("Version") }
	}),

	// Status and person.
	edited("StatusFailure", fault.IdpDeclined, func(_ *IDP, r *Response) {
		r.Status, r.StatusMessage, r.Unsigned = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied", "The person is not assigned to the application.", true
	}),
	changed("EmptyNameID", fault.NameIDMissing, func(a *etree.Element) { path(a, "saml:Subject", "saml:NameID").SetText("  ") }),
	changed("NoNameID", fault.NameIDMissing, func(a *etree.Element) { drop(a, "saml:Subject", "saml:NameID") }),
	edited("Transient", fault.NameIDTransient, func(_ *IDP, r *Response) {
		r.NameID, r.NameIDFormat = "_f00dfeed", saml.FormatTransient
		r.Attributes = []Attribute{{Name: "email", Values: []string{Mallory}}}
	}),
	edited("NoEmail", fault.EmailMissing, func(_ *IDP, r *Response) {
		r.NameID, r.NameIDFormat, r.Attributes = "00u1", saml.FormatPersistent, nil
	}),
	edited("BadEmail", fault.EmailInvalid, func(_ *IDP, r *Response) {
		r.Attributes = []Attribute{{Name: "email", Values: []string{"ada@acme.test>, <x@evil.example"}}}
	}),
	changed("TwoNameIDs", fault.ResponseMalformed, func(a *etree.Element) {
		path(a, "saml:Subject").CreateElement("saml:NameID").SetText(Mallory)
	}),
	edited("NoAssertion", fault.AssertionMissing, func(_ *IDP, r *Response) {
		r.After = func(doc *etree.Element) { drop(doc, "saml:Assertion") }
		r.SignAssertion, r.SignResponse = true, false
	}),
	edited("SignedFailure", fault.IdpDeclined, func(_ *IDP, r *Response) {
		r.Status, r.SignResponse = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed", true
	}),
	status("FailureWithAssertion", fault.IdpDeclined, func(s *etree.Element) {
		path(s, "samlp:StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Requester")
	}),
	status("SuccessInsideFailure", fault.IdpDeclined, func(s *etree.Element) {
		code := path(s, "samlp:StatusCode")
		code.AddChild(code.Copy())
		code.CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
	}),
	status("EmptyStatus", fault.IdpDeclined, func(s *etree.Element) { path(s, "samlp:StatusCode").CreateAttr("Value", "") }),
	status("NoStatusCode", fault.ResponseMalformed, func(s *etree.Element) { drop(s, "samlp:StatusCode") }),
	status("NoStatus", fault.ResponseMalformed, func(s *etree.Element) { s.Parent().RemoveChild(s) }),
	status("TwoStatusCodes", fault.ResponseMalformed, func(s *etree.Element) { s.AddChild(path(s, "samlp:StatusCode").Copy()) }),
	status("TwoStatuses", fault.ResponseMalformed, func(s *etree.Element) { s.Parent().AddChild(s.Copy()) }),
	edited("PolicyRefused", fault.IdpNameIDPolicy, func(_ *IDP, r *Response) {
		r.Status, r.Unsigned = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy", true
	}),
	edited("ContextRefused", fault.IdpNoAuthnContext, func(_ *IDP, r *Response) {
		r.Status, r.Unsigned = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext", true
	}),
	changed("NoSubject", fault.AssertionInvalid, func(a *etree.Element) { drop(a, "saml:Subject") }),
	changed("TwoSubjects", fault.ResponseMalformed, func(a *etree.Element) { a.AddChild(path(a, "saml:Subject").Copy()) }),
	changed("TwoConditions", fault.ResponseMalformed, func(a *etree.Element) { a.AddChild(path(a, "saml:Conditions").Copy()) }),
	changed("BaseID", fault.NameIDMissing, func(a *etree.Element) {
		drop(a, "saml:Subject", "saml:NameID")
		path(a, "saml:Subject").CreateElement("saml:BaseID")
	}),
	changed("NameIDBesideBaseID", fault.ResponseMalformed, func(a *etree.Element) { path(a, "saml:Subject").CreateElement("saml:BaseID") }),
	changed("NameIDBesideEncryptedID", fault.ResponseMalformed, func(a *etree.Element) { path(a, "saml:Subject").CreateElement("saml:EncryptedID") }),
	changed("EncryptedID", fault.EncryptionUnexpected, func(a *etree.Element) {
		drop(a, "saml:Subject", "saml:NameID")
		path(a, "saml:Subject").CreateElement("saml:EncryptedID")
	}),
	changed("EncryptedAttribute", fault.EncryptionUnexpected, func(a *etree.Element) {
		a.CreateElement("saml:AttributeStatement").CreateElement("saml:EncryptedAttribute")
	}),
	changed("LongNameID", fault.AssertionInvalid, func(a *etree.Element) {
		path(a, "saml:Subject", "saml:NameID").SetText(strings.Repeat("x", 2000) + "@acme.test")
	}),
	changed("LineInNameID", fault.AssertionInvalid, func(a *etree.Element) { path(a, "saml:Subject", "saml:NameID").SetText("ada@acme.test\nroot") }),
	edited("EncryptedUnasked", fault.EncryptionUnexpected, func(_ *IDP, r *Response) {
		r.SignAssertion, r.SignResponse = true, false
		r.After = func(doc *etree.Element) {
			drop(doc, "saml:Assertion")
			data := doc.CreateElement("saml:EncryptedAssertion").CreateElement("xenc:EncryptedData")
			data.CreateAttr("xmlns:xenc", nsEncryption)
		}
	}),
}

// status is a forgery whose Status is changed before anything is signed.
func status(name string, want fault.Code, change func(*etree.Element)) Forgery {
	return edited(name, want, func(_ *IDP, r *Response) {
		r.Before = func(doc *etree.Element) { change(path(doc, "samlp:Status")) }
	})
}

func audience(change func(string) string) func(*etree.Element) {
	return func(a *etree.Element) {
		el := path(a, "saml:Conditions", "saml:AudienceRestriction", "saml:Audience")
		el.SetText(change(el.Text()))
	}
}

// onData changes an attribute of SubjectConfirmationData.
func onData(name string, change func(string) string) func(*etree.Element) {
	return func(a *etree.Element) {
		el := path(a, "saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData")
		el.CreateAttr(name, change(el.SelectAttrValue(name, "")))
	}
}

func conditions(name, value string) func(*etree.Element) {
	return func(a *etree.Element) { path(a, "saml:Conditions").CreateAttr(name, value) }
}
