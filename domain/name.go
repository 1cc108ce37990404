package domain

import (
	_ "embed"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"rollcall/fault"
)

// maxName is the longest name of a domain, in bytes (RFC 1035 section 2.3.4,
// without the root).
const maxName = 253

//go:embed freemail.txt
var freemailList string

// freemail are domains in which anybody gets an address.
var freemail = func() map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(freemailList) {
		if name := strings.TrimSpace(line); name != "" && !strings.HasPrefix(name, "#") {
			out[name] = true
		}
	}
	return out
}()

// profile maps names as browsers do (UTS #46) and holds them to what DNS takes.
var profile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true), idna.VerifyDNSLength(true), idna.BidiRule())

// Normalise is the one form of a domain's name, in which it is stored and
// compared: lower case, A-labels (RFC 5890), no dot at the end. Fault: INVALID
// for what is no domain name of at least two labels.
func Normalise(name string) (string, error) {
	name = strings.TrimSuffix(strings.TrimSpace(name), ".")
	ascii, err := profile.ToASCII(name)
	switch {
	case name == "" || err != nil || len(ascii) > maxName:
		return "", fault.New(fault.InvalidValue, "It is not the name of a domain.")
	case !strings.Contains(ascii, "."):
		return "", fault.New(fault.InvalidValue, "A domain's name has at least one dot.")
	}
	if _, err := netip.ParseAddr(ascii); err == nil {
		return "", fault.New(fault.InvalidValue, "It is an IP address and not the name of a domain.")
	}
	return ascii, nil
}

// Of is the domain of an e-mail address in its one form; ok is false for an
// address whose domain cannot be one.
func Of(address string) (name string, ok bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", false
	}
	name, err := Normalise(address[at+1:])
	return name, err == nil
}

// holdable refuses names that no team can have for itself: what many register
// under, such as com and co.uk, and where anybody gets an address. Fault: INVALID.
func holdable(name string) error {
	suffix, listed := publicsuffix.PublicSuffix(name)
	switch {
	case suffix == name && (listed || strings.Contains(name, ".")):
		return fault.New(fault.InvalidValue, "%s belongs to everybody who registers a name under it.", name)
	case freemail[name]:
		return fault.New(fault.InvalidValue, "Anybody can get an address in %s.", name)
	}
	return nil
}
