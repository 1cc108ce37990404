package account_test

import (
	"strings"
	"testing"

	"rollcall/account"
	"rollcall/fault"
)

func TestProper(t *testing.T) {
	about := []string{"grace.hopper@acme.test", "Flange Works", "flangeworks"}
	for _, bad := range []string{
		"", "short", "elevenchars", strings.Repeat("a", 12), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "passwordpassword", "Password1234", "P@ssw0rd1234",
		"qwertyuiop12", "1qaz2wsx3edc", "123456789012", "abcdefghijkl", "iloveyou2026", "letmein123456", "summer2026!!", "grace.hopper", "gracehopper12",
		"flangeworks1", "Flange Works 1", "rollcall2026", "rollcallrollcall", "flangeworks2026", strings.Repeat("ab", 200), strings.Repeat("é", 129),
		"with a\x00 null byte in", "\xff\xfe not utf eight", "correct\nhorse battery",
	} {
		if err := account.Proper(bad, about...); !fault.Is(err, fault.PasswordUnusable) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{
		"correct horse battery staple", "mauve otter rinses nine", "xk4!vT9z#pLm", "grace hopper likes purple bicycles", "パスワードを長くするのがいい",
		strings.Repeat("mauve otter ", 10), "ünïcode wörds äre fine too",
	} {
		if err := account.Proper(good, about...); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func FuzzProper(f *testing.F) {
	f.Add("correct horse battery staple", "ada@acme.test")
	f.Add("\u0130\u0130\u0130\u0130\u0130\u0130\u0130\u0130\u0130\u0130\u0130\u0130", "\u0130@x")
	f.Fuzz(func(t *testing.T, password, email string) {
		if err := account.Proper(password, email); err != nil && !fault.Is(err, fault.PasswordUnusable) {
			t.Errorf("%q: %v", password, err)
		}
	})
}
