package saml_test

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"rollcall/fault"
	"rollcall/saml"
)

// keyDescriptor writes a KeyDescriptor; use is "" for none.
func keyDescriptor(use string, c *x509.Certificate) string {
	if use != "" {
		use = ` use="` + use + `"`
	}
	return `<KeyDescriptor` + use + `><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
    ` + base64.StdEncoding.EncodeToString(c.Raw) + `
  </ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`
}

const (
	redirectSSO = `<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/redirect"/>`
	postSSO     = `<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/post"/>`
	postSLO     = `<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/slo" ResponseLocation="https://idp.example/slo/done"/>`
	protocol    = `protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol"`
)

// entity writes an EntityDescriptor around the content of its IdP role.
func entity(attributes, content string) string {
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example/entity" ` + attributes + `><IDPSSODescriptor ` + protocol + `>` + content + `</IDPSSODescriptor></EntityDescriptor>`
}

func group(inner ...string) string {
	return `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + strings.Join(inner, "") + `</EntitiesDescriptor>`
}

func TestParseMetadata(t *testing.T) {
	certs := certificates(t, 2)
	md, err := saml.ParseMetadata([]byte("\ufeff<?xml version='1.0' encoding='utf-8'?>\n"+entity(`validUntil="2026-03-15T00:00:00Z"`,
		keyDescriptor("signing", certs[0])+keyDescriptor("encryption", newIDP(t).Certificate)+keyDescriptor("", certs[1])+
			postSLO+`<NameIDFormat> urn:oasis:names:tc:SAML:2.0:nameid-format:persistent </NameIDFormat>`+postSSO+redirectSSO)), instant)
	if err != nil {
		t.Fatal(err)
	}
	want := &saml.IDPMetadata{
		EntityID: "https://idp.example/entity", SSOURL: "https://idp.example/redirect", SSOBinding: saml.BindingRedirect,
		SLOURL: "https://idp.example/slo", SLOBinding: saml.BindingPOST,
		SSO: saml.Endpoints{Redirect: saml.Endpoint{Location: "https://idp.example/redirect"}, POST: saml.Endpoint{Location: "https://idp.example/post"}},
		SLO: saml.Endpoints{POST: saml.Endpoint{Location: "https://idp.example/slo", ResponseLocation: "https://idp.example/slo/done"}}, NameIDFormats: []string{saml.FormatPersistent},
		Certificates: []*x509.Certificate{certs[1], certs[0]}, // the latest end first
	}
	if !reflect.DeepEqual(md, want) {
		t.Errorf("read %+v", md)
	}
	// Only POST; one provider in a group beside a service provider.
	sp, err := acme.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	inner := string(sp[strings.Index(string(sp), "<md:"):])
	md, err = saml.ParseMetadata([]byte(group(inner, group(entity("", keyDescriptor("", certs[0])+postSSO)))), instant)
	if err != nil || md.SSOURL != "https://idp.example/post" || md.SSOBinding != saml.BindingPOST || md.SLOURL != "" {
		t.Errorf("%+v, %v", md, err)
	}
	// What the test provider publishes.
	idp := newIDP(t)
	md, err = saml.ParseMetadata(idp.Metadata(), instant)
	if err != nil || md.EntityID != idp.EntityID || md.SSOURL != idp.SSOURL || !md.Certificates[0].Equal(idp.Certificate) {
		t.Errorf("%+v, %v", md, err)
	}
}

func TestParseMetadataIgnores(t *testing.T) {
	key := mustRSA(t, 2048)
	expired := selfSigned(t, key, instant.AddDate(-2, 0, 0), instant.AddDate(-1, 0, 0))
	future := selfSigned(t, key, instant.AddDate(0, 1, 0), instant.AddDate(9, 0, 0))
	weak := selfSigned(t, mustRSA(t, 1024), instant, instant.AddDate(9, 0, 0))
	five := certificates(t, 5)
	content := keyDescriptor("signing", expired) + keyDescriptor("signing", weak) + keyDescriptor("signing", future)
	for _, c := range five {
		content += keyDescriptor("signing", c) + keyDescriptor("signing", c)
	}
	content += strings.Replace(keyDescriptor("signing", expired), "MII", "!!!", 1) +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="http://idp.example/plain"/>` + postSSO
	md, err := saml.ParseMetadata([]byte(entity(`validUntil="2026-03-15T00:00:00"`, content)), instant)
	if err != nil {
		t.Fatal(err)
	}
	// One that is not valid yet must not push out one that may be signing now.
	if len(md.Certificates) != 3 || !md.Certificates[0].Equal(five[4]) || !md.Certificates[1].Equal(five[3]) || !md.Certificates[2].Equal(five[2]) {
		t.Errorf("kept %d", len(md.Certificates))
	}
	if md.SSOURL != "https://idp.example/post" {
		t.Errorf("signs in at %s", md.SSOURL)
	}
	all := strings.Join(md.Ignored, "\n")
	for _, want := range []string{
		"taken as UTC", saml.Fingerprint(expired) + " expired", saml.Fingerprint(weak) + ": ", "1024 bits", "not base64", "http://idp.example/plain",
		saml.Fingerprint(five[0]), saml.Fingerprint(five[1]), saml.Fingerprint(future),
	} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing is said about %q in:\n%s", want, all)
		}
	}
	if len(md.Ignored) != 8 {
		t.Errorf("%d remarks:\n%s", len(md.Ignored), all)
	}
}

func TestParseMetadataRefuses(t *testing.T) {
	cert := certificates(t, 1)[0]
	fine := keyDescriptor("signing", cert) + redirectSSO
	spOnly, err := acme.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	weak := selfSigned(t, mustRSA(t, 1024), instant, instant.AddDate(9, 0, 0))
	for _, c := range []struct {
		name, text string
		want       fault.Code
		says       string
	}{
		{"nothing", " ", fault.MetadataInvalid, "empty"},
		{"an address", "https://idp.example/metadata", fault.MetadataInvalid, "not its address"},
		{"a web page", "<!doctype html><html></html>", fault.MetadataInvalid, "document type"},
		{"other XML", "<html/>", fault.MetadataInvalid, "html"},
		{"broken XML", "<a><b></a></b>", fault.MetadataInvalid, "end tag"},
		{"service provider", string(spOnly), fault.MetadataWrongRole, "service provider"},
		{"group of service providers", group(string(spOnly[strings.Index(string(spOnly), "<md:"):])), fault.MetadataWrongRole, ""},
		{"two providers", group(entity("", fine), entity("", fine)), fault.MetadataInvalid, "2 identity providers; choose one of https://idp.example/entity"},
		{"empty group", group(), fault.MetadataInvalid, "no SAML 2.0 identity provider"},
		{"SAML 1.1 only", strings.Replace(entity("", fine), " urn:oasis:names:tc:SAML:2.0:protocol", "", 1), fault.MetadataInvalid, "no SAML 2.0"},
		{"expired", entity(`validUntil="2026-03-14T15:09:26Z"`, fine), fault.MetadataInvalid, "2026-03-14T15:09:26Z"},
		{"expired group", strings.Replace(group(entity("", fine)), "<EntitiesDescriptor", `<EntitiesDescriptor validUntil="2020-01-01T00:00:00Z"`, 1), fault.MetadataInvalid, "2020"},
		{"unreadable end", entity(`validUntil="soon"`, fine), fault.MetadataInvalid, "soon"},
		{"no entity id", strings.Replace(entity("", fine), "https://idp.example/entity", " ", 1), fault.MetadataInvalid, "entityID"},
		{"long entity id", strings.Replace(entity("", fine), "https://idp.example/entity", strings.Repeat("x", 1025), 1), fault.MetadataInvalid, "entityID"},
		{"no address", entity("", keyDescriptor("", cert)), fault.MetadataInvalid, "no SingleSignOnService"},
		{"script address", entity("", keyDescriptor("", cert)+strings.Replace(redirectSSO, "https://idp.example/redirect", "javascript:alert(1)", 1)), fault.MetadataInvalid, "https"},
		{"artifact only", entity("", keyDescriptor("", cert)+strings.Replace(redirectSSO, "HTTP-Redirect", "HTTP-Artifact", 1)), fault.MetadataInvalid, "no SingleSignOnService"},
		{"no certificate", entity("", redirectSSO), fault.MetadataInvalid, "no signing certificate"},
		{"encryption certificate only", entity("", keyDescriptor("encryption", cert)+redirectSSO), fault.MetadataInvalid, "no signing certificate"},
		{"weak certificate only", entity("", keyDescriptor("signing", weak)+redirectSSO), fault.MetadataInvalid, "1024 bits"},
		{"document type", `<!DOCTYPE x [<!ENTITY y "z">]>` + entity("", fine), fault.MetadataInvalid, "document type"},
		{"too large", entity("", fine+strings.Repeat(" ", 513<<10)), fault.MetadataInvalid, "limit"},
		{"too deep", entity("", strings.Repeat("<a>", 50)+strings.Repeat("</a>", 50)), fault.MetadataInvalid, "deeper"},
	} {
		_, err := saml.ParseMetadata([]byte(c.text), instant)
		if !fault.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// named is entity with another name and an organization.
func named(id, organization, content string) string {
	e := strings.Replace(entity("", content), "https://idp.example/entity", id, 1)
	return strings.Replace(e, "</EntityDescriptor>", `<Organization><OrganizationDisplayName xml:lang="en">`+organization+`</OrganizationDisplayName></Organization></EntityDescriptor>`, 1)
}

// A federation's file: the admin chooses.
func TestMetadataOfOneAmongMany(t *testing.T) {
	certs := certificates(t, 3)
	sp, err := acme.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	doc := []byte(group(
		named("https://one.example", "One &amp; Co", keyDescriptor("", certs[0])+redirectSSO),
		string(sp[strings.Index(string(sp), "<md:"):]),
		group(named("https://two.example", "", keyDescriptor("", certs[1])+postSSO+postSLO)),
		named("https://broken.example", "", redirectSSO),
		named("https://twice.example", "", keyDescriptor("", certs[2])+postSSO), named("https://twice.example", "", keyDescriptor("", certs[2])+postSSO),
	))
	list, err := saml.MetadataEntities(doc)
	if err != nil || len(list) != 5 || list[0] != (saml.MetadataEntity{EntityID: "https://one.example", Name: "One & Co"}) || list[1].EntityID != "https://two.example" {
		t.Errorf("%+v, %v", list, err)
	}
	md, err := saml.ParseMetadataOf(doc, "https://two.example", instant)
	if err != nil || md.EntityID != "https://two.example" || !md.Certificates[0].Equal(certs[1]) || md.SSOBinding != saml.BindingPOST || md.SLO.POST.ResponseLocation == "" {
		t.Errorf("%+v, %v", md, err)
	}
	for id, says := range map[string]string{
		"":                       "5 identity providers; choose one of https://one.example, https://two.example",
		"https://three.example":  "does not describe https://three.example; it has https://one.example",
		"https://ONE.example":    "does not describe",
		"https://broken.example": "no signing certificate",
		"https://twice.example":  "twice",
		acme.EntityID:            "does not describe",
	} {
		if _, err := saml.ParseMetadataOf(doc, id, instant); !fault.Is(err, fault.MetadataInvalid) || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, text := range []string{"", "<x/>", "<!DOCTYPE x><x/>"} {
		if list, err := saml.MetadataEntities([]byte(text)); !fault.Is(err, fault.MetadataInvalid) || list != nil {
			t.Errorf("%q: %v, %v", text, list, err)
		}
	}
	if list, err := saml.MetadataEntities(sp); err != nil || len(list) != 0 {
		t.Errorf("a service provider: %v, %v", list, err)
	}
	// Very many are listed up to a point.
	many := []string{}
	for i := range 300 {
		many = append(many, named(fmt.Sprintf("https://%d.example", i), "", postSSO))
	}
	if list, err := saml.MetadataEntities([]byte(group(many...))); err != nil || len(list) != 200 {
		t.Errorf("%d, %v", len(list), err)
	}
	if _, err := saml.ParseMetadata([]byte(group(many...)), instant); err == nil || len(err.Error()) > 1000 {
		t.Errorf("%v", err)
	}
}

// Requests can go both ways, and only to addresses that a browser may visit.
func TestMetadataEndpoints(t *testing.T) {
	const at = `Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/1"`
	cert := keyDescriptor("", certificates(t, 1)[0])
	slo := func(attributes string) string { return `<SingleLogoutService ` + attributes + `/>` }
	md, err := saml.ParseMetadata([]byte(entity("", cert+postSSO+redirectSSO+slo(at+` ResponseLocation="javascript:x"`)+slo(at)+slo(strings.Replace(at, "/1", "/2", 1))+
		slo(`Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://idp.example/soap"`)+
		slo(`Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="http://idp.example/plain"`))), instant)
	if err != nil {
		t.Fatal(err)
	}
	if md.SSO.Redirect.Location != "https://idp.example/redirect" || md.SSO.POST.Location != "https://idp.example/post" || md.SSOBinding != saml.BindingRedirect {
		t.Errorf("sign-in %+v", md.SSO)
	}
	if md.SLO != (saml.Endpoints{Redirect: saml.Endpoint{Location: "https://idp.example/1"}}) || md.SLOBinding != saml.BindingRedirect || len(md.Ignored) != 2 {
		t.Errorf("logout %+v, ignored %v", md.SLO, md.Ignored)
	}
	if md, err = saml.ParseMetadata([]byte(strings.Replace(entity("", cert+redirectSSO), "<IDPSSODescriptor", `<IDPSSODescriptor WantAuthnRequestsSigned="1"`, 1)), instant); err != nil || !md.WantAuthnRequestsSigned {
		t.Errorf("%+v, %v", md, err)
	}
}
