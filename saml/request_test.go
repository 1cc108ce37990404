package saml_test

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strings"
	"testing"

	"github.com/russellhaering/gosaml2/types"

	"rollcall/fault"
	"rollcall/saml"
)

// Every wish stands in the request exactly when it was made.
func TestAuthnRequestWishes(t *testing.T) {
	base := saml.AuthnRequest{ID: requestID, IssueInstant: instant}
	for name, c := range map[string]struct {
		edit  func(*saml.AuthnRequest)
		wants string
	}{
		"force":         {func(r *saml.AuthnRequest) { r.ForceAuthn = true }, ` ForceAuthn="true"`},
		"format":        {func(r *saml.AuthnRequest) { r.NameIDFormat = saml.FormatPersistent }, `<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="true">`},
		"provider name": {func(r *saml.AuthnRequest) { r.ProviderName = `Acme "& Co` }, ` ProviderName="Acme &#34;&amp; Co"`},
		"context": {func(r *saml.AuthnRequest) { r.Context = &saml.AuthnContext{Classes: []string{"urn:a", "urn:b"}} },
			`<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef><saml:AuthnContextClassRef>urn:b</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`},
		"context, compared": {func(r *saml.AuthnRequest) {
			r.Context = &saml.AuthnContext{Classes: []string{"urn:a"}, Comparison: saml.Minimum}
		}, `<samlp:RequestedAuthnContext Comparison="minimum">`},
		"hint as subject": {func(r *saml.AuthnRequest) { r.LoginHint = "ada@acme.test" },
			`</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ada@acme.test</saml:NameID></saml:Subject><samlp:NameIDPolicy`},
		"hint that is no address": {func(r *saml.AuthnRequest) { r.LoginHint = "ada" }, `<saml:Subject><saml:NameID>ada</saml:NameID></saml:Subject>`},
	} {
		r := base
		c.edit(&r)
		address, err := acme.RedirectRequest("https://idp.example/sso", r)
		if err != nil {
			t.Fatal(err)
		}
		query, doc := request(t, address)
		if !strings.Contains(doc, c.wants) || len(query) != 1 || strings.Contains(doc, "IsPassive") {
			t.Errorf("%s: %s", name, doc)
		}
		form, err := acme.PostRequest("https://idp.example/sso", r)
		if err != nil || form.Action != "https://idp.example/sso" || len(form.Fields) != 1 || unpacked(t, form.Fields[0].Value) != doc {
			t.Errorf("%s: posted %+v, %v", name, form, err)
		}
		r = base
		if address, err = acme.RedirectRequest("https://idp.example/sso", r); err != nil {
			t.Fatal(err)
		}
		if _, doc = request(t, address); strings.Contains(doc, c.wants) {
			t.Errorf("%s: without being asked", name)
		}
	}
}

// Three products take the hint in three parameters.
func TestLoginHintParameter(t *testing.T) {
	for _, name := range []string{"login_hint", "LoginHint", "username"} {
		r := saml.AuthnRequest{ID: requestID, IssueInstant: instant, RelayState: "r", LoginHint: "ada+x&y@acme.test", HintParameter: name, Sign: true}
		address, err := signing().RedirectRequest("https://idp.example/sso?idpid=C01", r)
		if err != nil {
			t.Fatal(err)
		}
		query, doc := request(t, address)
		if query.Get(name) != "ada+x&y@acme.test" || query.Get("idpid") != "C01" || query.Get("RelayState") != "r" || query.Get("Signature") == "" || strings.Contains(doc, "Subject") {
			t.Errorf("%s: %s", name, address)
		}
		if !strings.Contains(doc, `Destination="https://idp.example/sso?idpid=C01"`) {
			t.Errorf("%s: the hint is part of the destination: %s", name, doc)
		}
		form, err := signing().PostRequest("https://idp.example/sso", r)
		if err != nil {
			t.Fatal(err)
		}
		action, err := url.Parse(form.Action)
		if err != nil || action.Query().Get(name) != "ada+x&y@acme.test" || len(form.Fields) != 2 || form.Fields[1] != (saml.FormField{Name: "RelayState", Value: "r"}) {
			t.Errorf("%s: %+v", name, form)
		}
	}
}

func TestRequestsRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		address string
		edit    func(*saml.AuthnRequest)
		want    fault.Code
	}{
		"a script":         {"javascript:alert(1)", func(*saml.AuthnRequest) {}, fault.InvalidValue},
		"no address":       {"", func(*saml.AuthnRequest) {}, fault.Required},
		"long relay state": {"https://idp.example", func(r *saml.AuthnRequest) { r.RelayState = strings.Repeat("x", 81) }, fault.InvalidValue},
		"no key":           {"https://idp.example", func(r *saml.AuthnRequest) { r.Sign = true }, fault.InternalError},
	} {
		r := saml.AuthnRequest{ID: requestID, IssueInstant: instant}
		c.edit(&r)
		if address, err := acme.RedirectRequest(c.address, r); !fault.Is(err, c.want) || address != "" {
			t.Errorf("%s: %q, %v", name, address, err)
		}
		if form, err := acme.PostRequest(c.address, r); !fault.Is(err, c.want) || form.Action != "" {
			t.Errorf("%s: %+v, %v", name, form, err)
		}
	}
	// An id that could break out of the signature's reference is no id.
	if _, err := signing().PostRequest("https://idp.example", saml.AuthnRequest{ID: `x"/>`, IssueInstant: instant, Sign: true}); err == nil {
		t.Error("signed under an odd id")
	}
	// Half a key signs nothing.
	sp := signing()
	sp.SigningKeys[0].Private = nil
	if _, err := sp.SignedMetadata(); err == nil {
		t.Error("signed without a private key")
	}
}

func TestMetadataInFull(t *testing.T) {
	sp := signing()
	sp.SignRequests, sp.DecryptionKeys = true, ourKeys()
	certs := func(md []byte, use string) (found []string) {
		var d types.EntityDescriptor
		if err := xml.Unmarshal(md, &d); err != nil {
			t.Fatal(err)
		}
		for _, k := range d.SPSSODescriptor.KeyDescriptors {
			if k.Use == use {
				found = append(found, strings.TrimSpace(k.KeyInfo.X509Data.X509Certificates[0].Data))
			}
		}
		return found
	}
	md, err := sp.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	both := []string{base64.StdEncoding.EncodeToString(ourKeys()[0].Certificate.Raw), base64.StdEncoding.EncodeToString(ourKeys()[1].Certificate.Raw)}
	if got := certs(md, "signing"); strings.Join(got, " ") != strings.Join(both, " ") {
		t.Errorf("%d signing keys: a rollover shows both", len(got))
	}
	if got := certs(md, "encryption"); len(got) != 0 {
		t.Error("encryption keys are shown unasked")
	}
	sp.PublishEncryption = true
	if md, err = sp.Metadata(); err != nil {
		t.Fatal(err)
	}
	if got := certs(md, "encryption"); strings.Join(got, " ") != strings.Join(both, " ") {
		t.Errorf("%d encryption keys", len(got))
	}
	var d types.EntityDescriptor
	if err := xml.Unmarshal(md, &d); err != nil {
		t.Fatal(err)
	}
	role := d.SPSSODescriptor
	if !role.AuthnRequestsSigned || len(role.SingleLogoutServices) != 2 || role.SingleLogoutServices[0].Location != sp.LogoutURL || len(role.NameIDFormats) != 3 {
		t.Errorf("read as %+v", role)
	}
	text := string(md)
	for _, never := range []string{"validUntil", "cacheDuration", "PRIVATE", "Signature>"} {
		if strings.Contains(text, never) {
			t.Errorf("the metadata has %s", never)
		}
	}
	// The schema's order: keys, logout, formats, assertion consumer.
	last := -1
	for _, tag := range []string{"<md:KeyDescriptor use=\"signing\"", "<md:KeyDescriptor use=\"encryption\"", "<md:SingleLogoutService", "<md:NameIDFormat", "<md:AssertionConsumerService"} {
		if at := strings.Index(text, tag); at <= last {
			t.Errorf("%s stands at %d, after %d", tag, at, last)
		} else {
			last = at
		}
	}
	signed, err := sp.SignedMetadata()
	if err != nil {
		t.Fatal(err)
	}
	if at := strings.Index(string(signed), "<ds:Signature"); at < 0 || at > strings.Index(string(signed), "<md:SPSSODescriptor") {
		t.Error("the Signature is not the first child")
	}
	if err := xml.Unmarshal(signed, &d); err != nil || d.EntityID != sp.EntityID {
		t.Errorf("signed metadata: %v", err)
	}
}
