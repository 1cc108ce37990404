package signin

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rollcall/models"
)

// checkNames are how the rooms that judge a sign-in write a check's name down.
var checkNames = regexp.MustCompile(`(?:\.(?:pass|skip|Noted|add)\(|\.(?:fail|equal|address)\([\w.]+, |check *:?= *|AttemptCheck\{\{Name: )"([a-z0-9_]+)"`)

// Every check has a title, and no title is for a check that there is not.
func TestChecksHaveTitles(t *testing.T) {
	// Put together from a name and an ending.
	found := []string{
		"conditions_window", "conditions_not_before", "conditions_not_on_or_after",
		"confirmation_window", "confirmation_not_before", "confirmation_not_on_or_after", "session_not_on_or_after",
	}
	for _, pattern := range []string{"../saml/*.go", "../sso/*.go", "../roster/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range checkNames.FindAllSubmatch(text, -1) {
				found = append(found, string(m[1]))
			}
		}
	}
	for _, name := range found {
		if checkTitles[name] == "" {
			t.Errorf("the check %s has no title", name)
		}
	}
	for name := range checkTitles {
		if !slices.Contains(found, name) {
			t.Errorf("there is no check %s", name)
		}
	}
}

func TestCheckLines(t *testing.T) {
	failed, skipped, passed := checkLines([]models.AttemptCheck{
		{Name: "audience", Status: "pass"}, {Name: "recipient", Status: "fail"}, {Name: "mfa_evidence", Status: "skipped"}, {Name: "from_tomorrow", Status: "odd"}, {Status: "fail"},
	})
	titles := func(lines []checkLine) (out []string) {
		for _, l := range lines {
			out = append(out, l.Title)
		}
		return out
	}
	if got := titles(failed); !slices.Equal(got, []string{"Recipient", "From tomorrow", "Check"}) {
		t.Errorf("failed: %q", got)
	}
	if got := titles(skipped); !slices.Equal(got, []string{"Evidence of a second factor"}) {
		t.Errorf("skipped: %q", got)
	}
	if got := titles(passed); !slices.Equal(got, []string{"Audience"}) {
		t.Errorf("passed: %q", got)
	}
}
