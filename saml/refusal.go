package saml

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rollcall/fault"
)

// CheckStatus is how a check ended.
type CheckStatus string

// The ends of a check.
const (
	Pass    CheckStatus = "pass"
	Fail    CheckStatus = "fail"
	Skipped CheckStatus = "skipped"
)

// Check is one line of an attempt's record. It holds addresses, ids, times,
// algorithms and counts; never XML, a signature, an attribute's value or a
// whole NameID. Actual comes from the message, so it is bounded and printable,
// but it is the sender's choice of words.
type Check struct {
	Name             string
	Status           CheckStatus
	Expected, Actual string
	// Trusted says that Actual was read from verified bytes. A check that fails
	// before the signature passed may only say what a stranger wrote.
	Trusted bool
	// Code and Message say why a failed check failed; empty otherwise.
	Code    fault.Code
	Message string
}

// Refusal is why nobody was signed in: the first failure in the order of the
// pipeline, with every check that was made.
type Refusal struct {
	Code    fault.Code
	Check   string // name of the check that failed
	Message string // English, for a team's admins; holds values of the message, bounded
	Checks  []Check
}

func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Message }

// Unwrap returns the refusal as a fault, for the wires that know only those.
func (r *Refusal) Unwrap() error { return fault.New(r.Code, "%s", r.Message) }

// Report is the record of a validation: all checks in the order of the
// pipeline, and the refusal if there is one.
type Report struct {
	Checks  []Check
	Refusal *Refusal
	Seen    Seen
}

// Seen is what the message said about itself, for the attempt's record. The
// same rules hold as for Check; trust it only when there is no refusal.
type Seen struct {
	Issuer, Destination, InResponseTo string
	AssertionID                       string
	NameIDFormat, NameIDMasked        string
	AttributeNames                    map[string]int // name -> number of values
	AuthnContextClasses               []string
	SignatureAlgorithms               []string
	// Signed says which elements came with a signature, good or not: "response",
	// "assertion". An assertion that could not be decrypted is not looked into.
	Signed []string
	// Audiences are those of all restrictions, Recipients those of all confirmations.
	Audiences, Recipients []string
	Encryption            string // the content's cipher, "" when nothing was decrypted
	// Status is the response's status code and the one below it, if there is one.
	Status      []string
	EmailMasked string
	// IssueInstant is when the sender says that it wrote the assertion. This and
	// the times below are zero when it does not say so in a way that can be read.
	IssueInstant                      time.Time
	NotBefore, NotOnOrAfter           time.Time // of the conditions
	ConfirmableUntil                  time.Time // the last end of a bearer confirmation
	AuthnInstant, SessionNotOnOrAfter time.Time // of the first statement that has one
	// KeyInfoFingerprints are the certificates that the message brought along,
	// SHA-256. They are shown to admins for comparison and trusted by nobody.
	KeyInfoFingerprints []string
}

// sheet collects checks while the pipeline runs.
type sheet struct {
	checks  []Check
	trusted bool
}

func (s *sheet) pass(name, expected, actual string) {
	s.checks = append(s.checks, Check{Name: name, Status: Pass, Expected: bounded(expected), Actual: bounded(actual), Trusted: s.trusted})
}

func (s *sheet) skip(name, why string) {
	s.checks = append(s.checks, Check{Name: name, Status: Skipped, Actual: bounded(why), Trusted: s.trusted})
}

func (s *sheet) fail(code fault.Code, name, expected, actual, format string, args ...any) {
	s.checks = append(s.checks, Check{
		Name: name, Status: Fail, Expected: bounded(expected), Actual: bounded(actual), Trusted: s.trusted,
		Code: code, Message: fmt.Sprintf(format, args...),
	})
}

// equal records a comparison of two strings, byte by byte.
func (s *sheet) equal(code fault.Code, name, expected, actual string) {
	switch {
	case actual == expected && expected != "":
		s.pass(name, expected, actual)
	case actual == "":
		s.fail(code, name, expected, "", "%s is absent; it must be %s", name, bounded(expected))
	default:
		s.fail(code, name, expected, actual, "%s is %s and must be %s", name, bounded(actual), bounded(expected))
	}
}

// address does so for addresses of ours, which some products write anew.
func (s *sheet) address(code fault.Code, name, expected, actual string) {
	if written(actual) == written(expected) {
		s.equal(code, name, expected, expected)
	} else {
		s.equal(code, name, expected, actual)
	}
}

func (s *sheet) failures() (n int) {
	for _, c := range s.checks {
		if c.Status == Fail {
			n++
		}
	}
	return n
}

// refusal returns the first failure, or nil.
func (s *sheet) refusal() *Refusal {
	for _, c := range s.checks {
		if c.Status == Fail {
			return &Refusal{Code: c.Code, Check: c.Name, Message: c.Message, Checks: s.checks}
		}
	}
	return nil
}

// boundedRunes is how much of a foreign string a record keeps.
const boundedRunes = 200

// bounded makes a string of the message fit for a record or a page: printable
// characters only, at most 200 of them.
func bounded(v string) string {
	var b strings.Builder
	n := 0
	for _, r := range v {
		if n == boundedRunes {
			b.WriteString("…")
			break
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			r = '·'
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// masked shows enough of a NameID to recognise one's own and too little to
// learn another's: the first character, and the domain of an address.
func masked(nameID string) string {
	if nameID == "" {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(nameID)
	if at := strings.LastIndexByte(nameID, '@'); at > 0 {
		return bounded(string(first) + "***" + nameID[at:])
	}
	return bounded(string(first) + "***")
}
