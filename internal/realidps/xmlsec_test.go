//go:build realidps

package realidps

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	assertionElement = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"
	metadataElement  = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor"
	requestElement   = "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest"
)

// xmlsec lets xmlsec1, which shares no line of code with rollcall, verify the
// first signature of a document. The element is the signed one, whose ID is one.
func xmlsec(t *testing.T, document, certificate, element string) error {
	t.Helper()
	dir := t.TempDir()
	file, cert := filepath.Join(dir, "document.xml"), filepath.Join(dir, "cert.pem")
	write(t, file, []byte(document))
	write(t, cert, []byte(certificate))
	out, err := exec.CommandContext(t.Context(), "xmlsec1", "--verify", "--id-attr:ID", element,
		"--enabled-reference-uris", "same-doc", "--pubkey-cert-pem", cert, file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("xmlsec1: %w: %s", err, out)
	}
	return nil
}

// checkOurSignature verifies the signature of a team's metadata, if it has one.
func checkOurSignature(t *testing.T, text string, m ourMetadata) {
	t.Helper()
	if m.Signature == nil {
		return
	}
	if err := xmlsec(t, text, m.mustHave(t, "signing"), metadataElement); err != nil {
		t.Errorf("the metadata of %s: %v", m.EntityID, err)
	}
}

// checkPostedRequest verifies the signature of a request that travels in a form
// to an identity provider that insists on one. One in a redirect is not in XML;
// those identity providers verify it themselves.
func checkPostedRequest(t *testing.T, f form, who service) {
	t.Helper()
	if who.VerifyWith == "" {
		return
	}
	request, err := base64.StdEncoding.DecodeString(f.fields.Get("SAMLRequest"))
	if err != nil {
		t.Fatalf("our request: %v", err)
	}
	if err := xmlsec(t, string(request), who.VerifyWith, requestElement); err != nil {
		t.Errorf("our request: %v", err)
	}
}

// The checks above are only worth something if they can fail, and can pass: here
// xmlsec1 is asked about an assertion that somebody else signed.
func TestXmlsec(t *testing.T) {
	s := newService("xmlsec")
	s.entityID, s.ACS, s.SignAssertion = "urn:nobody", "http://127.0.0.1/finalize", true
	running := startSamlp(t, []service{s})
	b := newBrowser(t)
	form := b.walk(running.unsolicited(s), s)
	response, err := base64.StdEncoding.DecodeString(form.fields.Get("SAMLResponse"))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := os.ReadFile(running.certificate)
	if err != nil {
		t.Fatal(err)
	}
	if err := xmlsec(t, string(response), string(cert), assertionElement); err != nil {
		t.Errorf("a good signature: %v", err)
	}
	changed := strings.Replace(string(response), s.Email, "eve@acme.test", 1)
	if changed == string(response) {
		t.Fatal("there was nothing to change")
	}
	if xmlsec(t, changed, string(cert), assertionElement) == nil {
		t.Error("a changed assertion was verified")
	}
	_, other := newKey(t)
	if xmlsec(t, string(response), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Raw})), assertionElement) == nil {
		t.Error("another key verified it")
	}
}
