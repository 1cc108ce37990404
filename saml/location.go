package saml

import (
	"net/url"
	"strings"
	"unicode"

	"rollcall/fault"
)

// maxURL is the longest address, in bytes.
const maxURL = 2048

// CheckLocation refuses addresses that a browser must not be sent to with a
// sign-in in hand: only https goes, and plain http to this very machine for
// trying things out. User names, fragments and scripts do not.
func CheckLocation(address string) error {
	u, err := url.Parse(address)
	switch {
	case address == "":
		return fault.New(fault.Required, "an address is missing")
	case err != nil || len(address) > maxURL || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' || !unicode.IsPrint(r) }):
		return fault.New(fault.InvalidValue, "%q is not an address of at most %d printable ASCII characters", bounded(address), maxURL)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return fault.New(fault.InvalidValue, "%q is not an https address (plain http is for localhost only)", bounded(address))
	case u.Opaque != "" || u.Hostname() == "":
		return fault.New(fault.InvalidValue, "%q has no host", bounded(address))
	case u.User != nil:
		return fault.New(fault.InvalidValue, "the address of %s holds a user name", bounded(u.Host))
	case strings.Contains(address, "#"):
		return fault.New(fault.InvalidValue, "%q has a fragment", bounded(address))
	}
	return nil
}

func loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// written writes a web address in the one way of RFC 3986, section 6.2, as far as
// that leaves the path and what follows alone: scheme and host in small letters,
// the scheme's own port left out. Anything else comes back as it is.
func written(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	port := map[string]string{"https": ":443", "http": ":80"}[strings.ToLower(scheme)]
	if !ok || port == "" {
		return address
	}
	end := strings.IndexAny(rest, `/?#\@`)
	if end < 0 {
		end = len(rest)
	}
	host := rest[:end]
	if strings.HasPrefix(rest[end:], "@") || strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return address
	}
	return strings.ToLower(scheme) + "://" + strings.TrimSuffix(strings.ToLower(host), port) + rest[end:]
}
