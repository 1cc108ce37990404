package signin

import (
	"net/url"
	"strings"
	"testing"
)

func TestReturnPath(t *testing.T) {
	for _, good := range []string{
		"/", "/signin", "/graphql", "/a/b?c=d&e=f", "/a?next=https://evil.example/", "/a#b", "/a%20b", "/100%25",
		"/a;b=c", "/@evil.example", "/a:b", "/.well-known/x", "/a?b=%0d%0a", "/samlish", "/a?" + strings.Repeat("x", maxReturn-3),
	} {
		if got := returnPath(good); got != good {
			t.Errorf("%q became %q", good, got)
		}
	}
	for _, bad := range []string{
		"", "a", "evil.example", "https://evil.example", "//evil.example", "///evil.example", "http:/evil.example", "javascript:alert(1)",
		`/\evil.example`, `\/evil.example`, `\\evil.example`, `/a\..\b`, "/%5Cevil.example", "/%5c%5cevil.example", "/%255Cevil.example",
		"/%2Fevil.example", "/%2f/evil.example", "/%252Fevil.example", "//%2Fevil.example", "/a//b", "/a/%2Fb",
		"/./evil", "/../evil", "/a/..//evil.example", "/.//evil.example", "/%2e%2e/evil", "/%2e//evil.example", "/a/%252e%252e/b",
		"/\tevil.example", "/\t/evil.example", "\t//evil.example", "/\r\nSet-Cookie: a=b", "/%0d%0aSet-Cookie:%20a=b", "/%00", "/%250a", "/a\x7fb", "/%7f",
		" /a", "/a b", "/ä", "/\u2028", "/\u2215evil.example", "/a%", "/a%zz", "/?%zz\\", "/a?b=\n", "/a#\n",
		"/saml", "/saml/acme/init", "/saml/acme", "/%73aml/acme/init", "/signout", "/sign%6fut",
		"/a?" + strings.Repeat("x", maxReturn),
	} {
		if got := returnPath(bad); got != afterSignIn {
			t.Errorf("%q is taken", bad)
		}
	}
}

// FuzzReturnPath holds every way back against what browsers do with it: after
// their cleaning, it must resolve to the host that the page came from.
func FuzzReturnPath(f *testing.F) {
	for _, seed := range []string{"/a?b#c", "//evil.example", `/\evil.example`, "/%5cevil", "/%2f%2fevil", "/a/../..//evil", "/\t/evil", "https://evil.example", "/%252f", "/a%zz"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://rollcall.test/saml/acme/finalize")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, wanted string) {
		got := returnPath(wanted)
		if got != wanted && got != afterSignIn {
			t.Fatalf("%q became %q", wanted, got)
		}
		parsed, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q cannot be read: %v", got, err)
		}
		// As it stands, as a browser cleans it, and as a proxy may decode it.
		for _, form := range []string{got, cleaned(got), cleaned(parsed.Path)} {
			u, err := base.Parse(form)
			if err != nil && form == cleaned(parsed.Path) {
				continue // a percent sign that stands for itself
			}
			if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || u.User != nil || strings.HasPrefix(u.Path, "//") || strings.HasPrefix(u.Path, "/saml/") {
				t.Fatalf("%q leads to %v, error %v", wanted, u, err)
			}
		}
	})
}

// cleaned is what the URL standard has browsers do before they read a URL.
func cleaned(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	return strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(s)
}
