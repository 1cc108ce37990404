package scim

import (
	"net/http"
	"strings"
)

// Versions (RFC 7644 section 3.14, RFC 9110 section 13).

// versionMatches reports whether a list of entity tags names a version. Tags
// are compared weakly: a SCIM version says what a resource holds and not how
// its bytes lie.
func versionMatches(header []string, version string) bool {
	for _, tag := range strings.Split(strings.Join(header, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(version, "W/") {
			return true
		}
	}
	return false
}

// unchanged reports whether the client has this version of what it reads.
func (c call) unchanged(version string) bool {
	header := c.r.Header.Values("If-None-Match")
	return len(header) > 0 && versionMatches(header, version)
}

// conditional reports whether the client bound its change to a version.
func (c call) conditional() bool { return len(c.r.Header.Values("If-Match")) > 0 }

// readable refuses a read that is bound to another version (RFC 9110 section 13.1.1).
func (c call) readable(version string) error {
	if match := c.r.Header.Values("If-Match"); len(match) > 0 && !versionMatches(match, version) {
		return otherVersion()
	}
	return nil
}

func otherVersion() error {
	return &problem{status: http.StatusPreconditionFailed, detail: "The resource has another version by now; read it again."}
}

// allowed refuses a change that is bound to another version.
func (c call) allowed(version string) error {
	match, none := c.r.Header.Values("If-Match"), c.r.Header.Values("If-None-Match")
	if len(match) > 0 && !versionMatches(match, version) || len(none) > 0 && versionMatches(none, version) {
		return otherVersion()
	}
	return nil
}
