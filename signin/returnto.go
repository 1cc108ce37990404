package signin

import (
	"net/url"
	"strings"
)

// maxReturn is the longest way back, in bytes.
const maxReturn = 512

// afterSignIn is where people land who asked for nothing else.
const afterSignIn = "/signin"

// returnPath checks where a browser wants to go after signing in, which anybody
// who makes a link can choose, and returns afterSignIn for what will not do.
// Only a plain absolute path with an optional query and fragment does: a text
// that two programs could read in two ways is not worth being clever about.
func returnPath(wanted string) string {
	if sameSite(wanted) {
		return wanted
	}
	return afterSignIn
}

func sameSite(wanted string) bool {
	if len(wanted) > maxReturn || !strings.HasPrefix(wanted, "/") {
		return false
	}
	// Browsers read a backslash as a slash and skip tabs and line ends; and
	// other bytes than printable ASCII have no place in a Location header.
	if strings.ContainsFunc(wanted, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return false
	}
	u, err := url.Parse(wanted)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return false
	}
	// The path is judged as it reads once and twice decoded, because a proxy in
	// between may do so before a browser sees it.
	again, err := url.PathUnescape(u.Path)
	if err != nil {
		again = u.Path // a percent sign that stands for itself
	}
	return plainPath(u.Path) && plainPath(again) && !ofTheDoor(u.Path)
}

// plainPath reports whether a decoded path names no host and climbs nowhere.
func plainPath(path string) bool {
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) || strings.Contains(path, "//") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return strings.HasPrefix(path, "/")
}

// ofTheDoor reports whether a path is one of the sign-in itself: coming back to
// it would sign in once more, for ever, or out.
func ofTheDoor(path string) bool {
	return path == "/saml" || strings.HasPrefix(path, "/saml/") || path == "/signout"
}
