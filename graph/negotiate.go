package graph

import (
	"mime"
	"strconv"
	"strings"
)

// The two media types of an answer.
const (
	graphqlJSON = "application/graphql-response+json"
	plainJSON   = "application/json"
)

// negotiate chooses the media type of the answer (RFC 9110 section 12.5.1). A
// client that names no type, or only ranges like */*, is taken for an old one
// and gets application/json. ok is false when neither type is acceptable.
func negotiate(accept []string) (mediaType string, ok bool) {
	header := strings.Join(accept, ",")
	if strings.TrimSpace(header) == "" {
		return plainJSON, true
	}
	// Of the ranges that cover a type the most exact one counts.
	type weight struct {
		q     float64
		exact int
		place int
	}
	found := map[string]weight{}
	for place, part := range strings.Split(header, ",") {
		mt, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
			continue
		}
		q := 1.0
		if text, given := params["q"]; given {
			if q, err = strconv.ParseFloat(text, 64); err != nil || q < 0 || q > 1 {
				continue
			}
		}
		for _, candidate := range []string{graphqlJSON, plainJSON} {
			exact := covers(mt, candidate)
			if before, seen := found[candidate]; exact > 0 && (!seen || exact > before.exact) {
				found[candidate] = weight{q, exact, place}
			}
		}
	}
	modern, old := found[graphqlJSON], found[plainJSON]
	switch {
	case modern.q == 0 && old.q == 0:
		return plainJSON, false
	case modern.q > old.q:
		return graphqlJSON, true
	case modern.q == old.q && modern.exact == 3 && (old.exact < 3 || modern.place < old.place):
		return graphqlJSON, true
	default:
		return plainJSON, true
	}
}

// covers says how exactly a media range names a type: 3 by name, 2 by
// application/*, 1 by */*, 0 not at all.
func covers(mediaRange, candidate string) int {
	switch mediaRange {
	case candidate:
		return 3
	case "application/*":
		return 2
	case "*/*":
		return 1
	default:
		return 0
	}
}
