package signin

import (
	"unicode/utf8"

	"github.com/mileusna/useragent"
)

// maxBrowser is the longest name of a browser that is shown, in characters.
const maxBrowser = 60

// browserName is a browser as people know it, such as "Firefox on Linux", from what
// it says of itself: good for recognising one's own and for nothing else.
func browserName(agent string) string {
	const unknown = "Unknown browser"
	if agent == "" || !utf8.ValidString(agent) {
		return unknown
	}
	ua := useragent.Parse(agent)
	name := ua.Name
	if name == "" {
		name = unknown
	}
	if runes := []rune(name); len(runes) > maxBrowser {
		name = string(runes[:maxBrowser]) + "..."
	}
	switch ua.OS {
	case "":
		return name
	case useragent.IOS:
		return name + " on " + ua.Device // iPhone or iPad
	default:
		return name + " on " + ua.OS
	}
}
