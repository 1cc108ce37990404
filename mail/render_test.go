package mail

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sample() Facts {
	return Facts{
		Team: "Acme", TeamURL: "https://rollcall.example.com/saml/acme", At: "2026-03-02T09:00:00Z", Actor: "ada@acme.test",
		Provider: "https://idp.acme.test/metadata", ProviderID: "idp_0123456789abcdefghijklmnop", Subject: "CN=idp.acme.test",
		Fingerprint: strings.Repeat("ab", 32), NotBefore: "2023-03-09T09:00:00Z", NotAfter: "2026-03-09T09:00:00Z", Days: 7,
		Problem: "the host did not answer in time", Since: "2026-03-01T03:00:00Z", Failures: 3,
		Name: "okta", Prefix: "rcs_AbCd", ExpiresAt: "2027-03-02T09:00:00Z", Changes: []string{"defaultRole: MEMBER -> VIEWER"},
		Calls: 4, People: 1, Day: "2026-03-01T00:00:00Z", Email: "grace@acme.test", Role: "MEMBER",
		Link: "https://rollcall.example.com/verify?t=AZ8", Left: 9,
		Several: []Facts{
			{Subject: "CN=idp.acme.test", Fingerprint: strings.Repeat("ab", 32), NotAfter: "2026-03-09T09:00:00Z", Days: 7, Provider: "https://idp.acme.test/metadata", ProviderID: "idp_0123456789abcdefghijklmnop"},
			{
				Subject: "CN=adfs.acme.test", Fingerprint: strings.Repeat("cd", 32), NotAfter: "2026-03-18T12:00:00Z", Days: 16, Early: 15, EarlyDay: "2026-03-03T12:00:00Z",
				Provider: "http://adfs.acme.test/adfs/services/trust", ProviderID: "idp_abcdefghijklmnop0123456789",
			},
		},
	}
}

// Every message in every language, with what changes its wording.
func TestGolden(t *testing.T) {
	variants := map[string]func(*Facts){
		"":            func(*Facts) {},
		"_early":      func(f *Facts) { f.Early, f.EarlyDay = 15, "2026-02-22T09:00:00Z" },
		"_last_day":   func(f *Facts) { f.Days = 0 },
		"_one_day":    func(f *Facts) { f.Days = 1 },
		"_covered":    func(f *Facts) { f.Covered = true },
		"_trusted":    func(f *Facts) { f.Trusted = true },
		"_no_room":    func(f *Facts) { f.Reason = "NO_ROOM" },
		"_host":       func(f *Facts) { f.Reason = "HOST_CHANGED" },
		"_for_ever":   func(f *Facts) { f.ExpiresAt = "" },
		"_no_changes": func(f *Facts) { f.Changes = nil },
		"_ended": func(f *Facts) {
			f.Ended, f.Several[0].Ended, f.Several[1].Ended, f.Several[1].Covered = true, true, true, true
		},
	}
	of := map[string][]Kind{
		"_early": {CertExpiring}, "_last_day": {CertExpiring, CertsExpiring}, "_one_day": {CertExpiring, CertsExpiring}, "_covered": {CertExpired},
		"_trusted": {CertDiscovered}, "_no_room": {CertDiscovered}, "_host": {CertDiscovered},
		"_for_ever": {TokenCreated, KeyCreated}, "_no_changes": {SsoChanged}, "_ended": {CertsExpiring}, "": Kinds,
	}
	for variant, change := range variants {
		for _, kind := range of[variant] {
			for _, language := range Languages {
				facts := sample()
				change(&facts)
				c, err := Render(kind, language, facts)
				if err != nil {
					t.Fatal(err)
				}
				got := "Subject: " + c.Subject + "\n\n" + c.Text + "\n==== HTML ====\n" + c.HTML
				file := filepath.Join("testdata", string(language), string(kind)+variant+".golden")
				if *update {
					if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil || string(want) != got {
					t.Errorf("%s differs (%v); look at it and run go test ./mail -update:\n%s", file, err, got)
				}
				for _, left := range []string{"<no value>", "{{", "%!", "\n\n\n"} {
					if strings.Contains(got, left) {
						t.Errorf("%s holds %q", file, left)
					}
				}
			}
		}
	}
}

// What others wrote into certificates and names stays text.
func TestRenderHostile(t *testing.T) {
	facts := sample()
	facts.Subject = "CN=<script>alert(1)</script>\r\nBcc: eve@example.com\u202e"
	facts.Team = "Acme\nX-Evil: 1"
	facts.Name = "{{.Prefix}} https://evil.example/"
	facts.Changes = []string{"a\r\n\r\n<b>"}
	facts.Several[0].Subject = facts.Subject
	for _, kind := range Kinds {
		for _, language := range Languages {
			c, err := Render(kind, language, facts)
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(c.Subject, "\r\n") || strings.Contains(c.Text, "\r") || strings.Contains(c.Text, "\nBcc:") || strings.Contains(c.Text, "\u202e") {
				t.Errorf("%s %s: %q", kind, language, c.Text)
			}
			if strings.Contains(c.HTML, "<script") || strings.Contains(c.HTML, "<b>") || strings.Contains(c.HTML, `href="https://evil`) {
				t.Errorf("%s %s: %s", kind, language, c.HTML)
			}
		}
	}
	if _, err := Render("no_such", English, facts); err == nil {
		t.Error("a message that there is not was written")
	}
	if _, err := Render(CertAdded, "xx", facts); err == nil {
		t.Error("a language that there is not was written")
	}
}

// Each kind has a file in each language, and no file is left over.
func TestCatalogueIsWhole(t *testing.T) {
	for _, language := range Languages {
		found, err := files.ReadDir("templates/" + string(language))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != len(Kinds)+1 {
			t.Errorf("%s has %d files for %d kinds", language, len(found), len(Kinds))
		}
	}
}

func TestLanguageOf(t *testing.T) {
	for tag, want := range map[string]Language{"": English, "en": English, "ja": Japanese, "ja-JP": Japanese, "jam": English, "de": English, "J": English} {
		if got := LanguageOf(tag); got != want {
			t.Errorf("%q is %s", tag, got)
		}
	}
}
