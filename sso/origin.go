package sso

import (
	"net/netip"
	"strings"
)

// Where an attempt came from, as far as its record says: enough to know an
// office and a kind of browser again, not enough to follow a person.

// network is the part of an address that is kept, or "".
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// token is a word of a User-Agent header and what it stands for.
type token struct{ word, name string }

// browsers and systems are looked for in this order, because browsers pretend
// to be their forerunners.
var (
	browsers = []token{
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chromium/", "Chrome"}, {"Chrome/", "Chrome"},
		{"Trident/", "Internet Explorer"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	}
	systems = []token{
		{"Windows", "Windows"}, {"iPhone", "iOS"}, {"iPad", "iOS"}, {"Android", "Android"}, {"CrOS", "ChromeOS"},
		{"Macintosh", "macOS"}, {"Linux", "Linux"},
	}
)

// browser is the family of a User-Agent header, "" when it is not known.
func browser(agent string) string {
	name, system := first(browsers, agent), first(systems, agent)
	if name != "" && system != "" {
		return name + " on " + system
	}
	return name
}

func first(tokens []token, agent string) string {
	for _, t := range tokens {
		if strings.Contains(agent, t.word) {
			return t.name
		}
	}
	return ""
}
