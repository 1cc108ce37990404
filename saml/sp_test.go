package saml_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"flag"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/russellhaering/gosaml2/types"

	"rollcall/fault"
	"rollcall/saml"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares bytes on the wire with testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := "testdata/" + name
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update if that is meant:\n%s", file, got)
	}
}

func TestServiceProviderMetadata(t *testing.T) {
	got, err := acme.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sp-metadata.xml", got)
	// Somebody else's reader understands it.
	var d types.EntityDescriptor
	if err := xml.Unmarshal(got, &d); err != nil {
		t.Fatal(err)
	}
	sp := d.SPSSODescriptor
	if d.EntityID != acme.EntityID || sp == nil || !sp.WantAssertionsSigned || sp.AuthnRequestsSigned || len(sp.AssertionConsumerServices) != 1 || sp.AssertionConsumerServices[0].Location != acme.ACSURL {
		t.Errorf("read as %+v", d)
	}
	if _, err := (saml.ServiceProvider{}).Metadata(); err == nil {
		t.Error("metadata about nobody")
	}
	odd := saml.ServiceProvider{EntityID: `https://x.example/?a="<b>&c`, ACSURL: "https://x.example/a"}
	if got, err = odd.Metadata(); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(got, &d); err != nil || d.EntityID != odd.EntityID {
		t.Errorf("escaping: %v, %q", err, d.EntityID)
	}
	// Our own importer recognises whose metadata it is.
	if _, err := saml.ParseMetadata(got, instant); !fault.Is(err, fault.MetadataWrongRole) {
		t.Errorf("own metadata pasted: %v", err)
	}
}

func TestNewRequestID(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id, err := saml.NewRequestID()
		if err != nil || seen[id] || !regexp.MustCompile(`^_[0-9a-f]{40}$`).MatchString(id) {
			t.Fatalf("%q, %v", id, err)
		}
		seen[id] = true
	}
}

// request undoes the redirect binding.
func request(t *testing.T, address string) (query url.Values, doc string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query, err = url.ParseQuery(u.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(query.Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return query, string(out)
}

func TestAuthnRequestURL(t *testing.T) {
	got, err := acme.AuthnRequestURL("https://idp.example/sso", requestID, "r/1 2&3", instant)
	if err != nil {
		t.Fatal(err)
	}
	query, doc := request(t, got)
	if query.Get("RelayState") != "r/1 2&3" || len(query) != 2 || !strings.HasPrefix(got, "https://idp.example/sso?SAMLRequest=") {
		t.Errorf("address %s", got)
	}
	golden(t, "authn-request.xml", []byte(doc+"\n"))
	for _, never := range []string{"RequestedAuthnContext", " Format=", "ForceAuthn", "IsPassive", "Signature"} {
		if strings.Contains(doc, never) {
			t.Errorf("the request has %s", never)
		}
	}
}

func TestAuthnRequestURLEdges(t *testing.T) {
	for sso, want := range map[string]string{
		"https://idp.example/sso":             "https://idp.example/sso?SAMLRequest=",
		"https://idp.example/sso?idpid=C01&z": "https://idp.example/sso?idpid=C01&z&SAMLRequest=",
		"https://idp.example/sso?":            "https://idp.example/sso?SAMLRequest=",
		"http://localhost:9000/sso?a=b&":      "http://localhost:9000/sso?a=b&SAMLRequest=",
	} {
		got, err := acme.AuthnRequestURL(sso, requestID, "", instant)
		if err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, %v", sso, got, err)
		}
		query, doc := request(t, got)
		if query.Has("RelayState") || !strings.Contains(doc, `Destination="`+strings.ReplaceAll(sso, "&", "&amp;")+`"`) {
			t.Errorf("%s: %s", sso, doc)
		}
	}
	if _, err := acme.AuthnRequestURL("javascript:alert(1)", requestID, "", instant); !fault.Is(err, fault.InvalidValue) {
		t.Errorf("a script: %v", err)
	}
	if _, err := acme.AuthnRequestURL("https://idp.example", requestID, strings.Repeat("x", 80), instant); err != nil {
		t.Errorf("80 bytes: %v", err)
	}
	if _, err := acme.AuthnRequestURL("https://idp.example", requestID, strings.Repeat("x", 81), instant); !fault.Is(err, fault.InvalidValue) {
		t.Errorf("81 bytes: %v", err)
	}
}

func TestCheckLocation(t *testing.T) {
	for _, good := range []string{
		"https://idp.example", "https://idp.example:8443/a/b?c=d&e", "http://localhost/sso", "http://127.0.0.1:9000/sso", "http://[::1]:9000/sso", "HTTPS://idp.example/",
	} {
		if err := saml.CheckLocation(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "idp.example", "http://idp.example/", "http://127.0.0.1.evil.example/", "http://localhost.evil.example", "javascript:alert(1)", "data:text/html,x",
		"https://", "https:///path", "https:idp.example", "https://user@idp.example", "https://user:pw@idp.example/", "https://idp.example/#x", "https://idp.example/#",
		"https://idp.example/ x", "https://idp.example/\nx", "https://idp.example/ü", "//idp.example", "ftp://idp.example", "https://idp.example:port/", "https://x/" + strings.Repeat("a", 2048),
	} {
		if err := saml.CheckLocation(bad); err == nil {
			t.Errorf("%q passes", bad)
		} else if _, ok := fault.As(err); !ok || strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
