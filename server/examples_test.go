package server_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/internal/idptest"
)

// needs ends the test where a tool is missing: quietly on a developer's machine,
// as a failure where the run counts.
func needs(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing", tool)
		}
		t.Skipf("SKIPPED: %s is missing", tool)
	}
}

// example runs a program of scripts/examples against the house.
type example struct {
	t       *testing.T
	h       *house
	command []string
}

func (e example) run(args ...string) (out, errOut string, err error) {
	e.t.Helper()
	c := exec.CommandContext(e.t.Context(), e.command[0], append(e.command[1:], args...)...)
	c.Env = append(os.Environ(), "ROLLCALL_URL="+e.h.url, "ROLLCALL_KEY="+e.h.operator)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err = c.Run()
	return strings.TrimSpace(stdout.String()), strings.TrimSpace(stderr.String()), err
}

func (e example) must(args ...string) string {
	e.t.Helper()
	out, errOut, err := e.run(args...)
	if err != nil {
		e.t.Fatalf("%v: %v\n%s", args, err, errOut)
	}
	return out
}

// Every example does what its first lines say, on both databases.
func TestExamples(t *testing.T) {
	needs(t, "bash", "curl", "jq")
	program := filepath.Join(t.TempDir(), "rollcall")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../scripts/examples/rollcall").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	eachHouse(t, func(t *testing.T, h *house) {
		h.examples(t, "bash", "../scripts/examples/rollcall.sh")
		h.examples(t, program)
	})
}

// examples does every job with a program, in the order of a team's life.
func (h *house) examples(t *testing.T, command ...string) {
	t.Helper()
	e := example{t, h, command}
	slug := strings.NewReplacer(".sh", "-script", ".js", "-node").Replace(filepath.Base(command[len(command)-1]))
	idp := newForeign(t)
	idp.IDP.SignatureMethod = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	metadata := file(t, "metadata.xml", []byte(newBrowser(t).get(idp.url+"/metadata").body))
	if id := e.must("create-team", slug, "Example"); !strings.HasPrefix(id, "team_") {
		t.Errorf("create-team prints %q", id)
	}
	if url := e.must("configure-sso", slug, metadata); url != h.url+"/saml/"+slug+"/init" {
		t.Errorf("configure-sso prints %q", url)
	}
	e.rotate(idp, slug)
	if out := e.must("outside-sso", slug); out != "" {
		t.Errorf("nobody but who signed in is on the team, and outside of single sign-on are %q", out)
	}
	lines := strings.Split(e.must("export-audit", slug), "\n")
	var first struct{ Action string }
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first.Action != "team.created" || len(lines) < 5 {
		t.Errorf("the history begins with %q and has %d lines: %v", lines[0], len(lines), err)
	}
	if _, errOut, err := e.run("export-audit", "nowhere"); err == nil || !strings.Contains(errOut, "nowhere") && command[0] != "bash" {
		t.Errorf("a team that there is not: %v, %q", err, errOut)
	}
}

// rotate changes the identity provider's key while people sign in: nobody is kept
// out at any step, and in the end the old certificate is gone.
func (e example) rotate(idp *foreign, slug string) {
	t := e.t
	t.Helper()
	comesIn := func(when string) {
		t.Helper()
		if got := idp.signIn(e.h, newBrowser(t), slug, "ada"); got.StatusCode != http.StatusSeeOther {
			t.Errorf("%s a sign-in is answered %d: %s", when, got.StatusCode, got.body)
		}
	}
	idp.meet(t, e.h, slug, "ada", "ada@"+slug+".test")
	comesIn("before")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	next, err := idptest.SelfSigned(key, time.Now().Add(-time.Hour), time.Now().AddDate(2, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	certificate := file(t, "next.pem", []byte((&idptest.IDP{Certificate: next}).CertificatePEM()))
	if e.command[0] == "bash" {
		certificate = file(t, "next.der", next.Raw) // it sends the file as it is
	}
	if said := e.must("add-certificate", slug, certificate); len(said) < 64 {
		t.Errorf("add-certificate prints %q", said)
	}
	if _, errOut, err := e.run("add-certificate", slug, certificate); err == nil || !strings.Contains(errOut, "CERTIFICATE_DUPLICATE") {
		t.Errorf("the same certificate again: %v, %q", err, errOut)
	}
	comesIn("with both trusted")
	// Nobody has signed in under the new certificate yet, so the old one stays.
	if out := e.must("retire-certificates", slug); out != "" {
		t.Errorf("retire-certificates removes %q", out)
	}
	idp.IDP.Key, idp.IDP.Certificate = key, next
	comesIn("with the new key")
	if out := e.must("retire-certificates", slug); !strings.HasPrefix(out, "cert_") || strings.Contains(out, "\n") {
		t.Errorf("retire-certificates prints %q", out)
	}
	comesIn("with the old certificate gone")
	if out := e.must("retire-certificates", slug); out != "" {
		t.Errorf("retire-certificates removes %q at last", out)
	}
}

// file writes one into a folder of the test's.
func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
