package server_test

import (
	"bytes"
	"encoding/json"
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

func (h *house) examples(t *testing.T, command ...string) {
	t.Helper()
	e := example{t, h, command}
	slug := strings.TrimSuffix(filepath.Base(command[len(command)-1]), ".sh") + map[bool]string{true: "-script", false: ""}[command[0] == "bash"]
	idp, err := idptest.NewECDSA("https://idp."+slug+".test/metadata", "https://idp."+slug+".test/sso", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	next, err := idptest.NewECDSA("https://next.test", "https://next.test/sso", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	files := t.TempDir()
	metadata, certificate := filepath.Join(files, "metadata.xml"), filepath.Join(files, "next.pem")
	for file, text := range map[string]string{metadata: string(idp.Metadata()), certificate: next.CertificatePEM()} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if id := e.must("create-team", slug, "Example"); !strings.HasPrefix(id, "team_") {
		t.Errorf("create-team prints %q", id)
	}
	if url := e.must("configure-sso", slug, metadata); url != h.url+"/saml/"+slug+"/init" {
		t.Errorf("configure-sso prints %q", url)
	}
	if said := e.must("add-certificate", slug, certificate); len(said) < 64 {
		t.Errorf("add-certificate prints %q", said)
	}
	if _, errOut, err := e.run("add-certificate", slug, certificate); err == nil || !strings.Contains(errOut, "CERTIFICATE_DUPLICATE") {
		t.Errorf("the same certificate again: %v, %q", err, errOut)
	}
	if command[0] == "bash" {
		// Nobody has signed in under the new certificate yet, so the old one stays.
		if out := e.must("retire-certificates", slug); out != "" {
			t.Errorf("retire-certificates removes %q", out)
		}
	}
	if out := e.must("outside-sso", slug); out != "" {
		t.Errorf("nobody is on the team, and outside of single sign-on are %q", out)
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
