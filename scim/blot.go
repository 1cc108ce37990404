package scim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"rollcall/models"
)

// What admins see of a request: its form. Values are people's until the contrary
// is known, wherever they stand: in a value, in the filter of a path, as a key, in
// the place of an id. What is shown are names of attributes and the few words that
// a standard wrote down.

const (
	blotText   = "•••"
	blotNumber = "•"
	// blotItems is how many elements of a list are shown, and blotMembers how many
	// members of an object.
	blotItems   = 10
	blotMembers = 200
	// maxShownName bounds the name of an attribute or of an endpoint.
	maxShownName = 120
)

// harmless are the attributes whose values say what happened and nothing about anybody,
// with the values that do.
var harmless = map[string][]string{
	"op":     {opAdd, opReplace, opRemove},
	"method": {"post", "put", "patch", "delete"},
	"type": {
		"work", "home", "other", "mobile", "fax", "pager", "photo", "thumbnail", "user", "group", "direct", "indirect",
		"aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo",
	},
	"resourcetype": {"user", "group"},
}

// blotted is a body with the values of people taken out.
func blotted(o object) string {
	raw, err := json.Marshal(blot("", o))
	if err != nil {
		return ""
	}
	return short(string(raw), maxCallBody)
}

func blot(name string, v any) any {
	switch v := v.(type) {
	case object:
		out := make(map[string]any, min(len(v), blotMembers))
		for i, m := range v {
			if i == blotMembers {
				out["…"] = len(v) - i
				break
			}
			key := pathShown(m.name)
			for n := 2; out[key] != nil; n++ {
				key = blotText + strconv.Itoa(n)
			}
			out[key] = blot(m.name, m.value)
		}
		return out
	case []any:
		out := make([]any, 0, min(len(v), blotItems+1))
		for i, item := range v {
			if i == blotItems {
				out = append(out, "…")
				break
			}
			out = append(out, blot(name, item))
		}
		return out
	case string:
		return blotString(lower(name), v)
	case json.Number:
		return blotNumber
	}
	return v // true, false, null
}

func blotString(name, v string) string {
	switch {
	case v == "", lower(v) == "true", lower(v) == "false", slices.Contains(harmless[name], lower(v)):
		return v
	case name == "schemas" && shownURN(v):
		return v
	case name == "path" && strings.Contains(v, "/") && !strings.Contains(v, "[") && !strings.HasPrefix(lower(v), "urn:"):
		return resourceShown(strings.Split(strings.Trim(v, "/"), "/"))
	case name == "path":
		return pathShown(v)
	}
	return blotText
}

// shownURN reports whether a text has the form of a schema's URN.
func shownURN(s string) bool {
	l := lower(s)
	return len(s) <= maxShownName && strings.HasPrefix(l, "urn:") && strings.Trim(l, urnCharacters) == ""
}

// shownName reports whether a word has the form of an attribute's name.
func shownName(word string) bool {
	path, ok := parseAttrPath(word)
	return shownURN(word) || ok && path.uri == "" && len(word) <= maxShownName
}

// pathShown is the path of an operation, or a key, without the values that a filter
// in it names. What comes after something that cannot be read is left out.
func pathShown(text string) string {
	p := &parser{text: strings.TrimSpace(text)}
	word := p.word()
	switch {
	case !shownName(word):
		return blotText
	case p.done():
		return word
	case !p.next('['):
		return blotText
	}
	var out strings.Builder
	out.WriteString(word + "[")
	var before [2]string // the words in front
	for !p.done() {
		c := p.text[p.pos]
		switch {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			p.space()
			out.WriteByte(' ')
			continue
		case strings.IndexByte("()[]", c) >= 0:
			p.pos++
			out.WriteByte(c)
			continue
		case c == '"':
			v, _ := p.quoted()
			s, ok := v.(string)
			if !ok {
				return out.String() + blotText
			}
			if before[0] != "type" || before[1] != "eq" || !slices.Contains(harmless["type"], lower(s)) {
				s = blotText
			}
			out.WriteString(`"` + s + `"`)
			word = ""
		default:
			word = lower(p.word())
			if operators[before[1]] != "" && before[1] != string(opPresent) && word != "true" && word != "false" && word != "null" || !filterWord(word) {
				word = blotText
			}
			out.WriteString(word)
		}
		before[0], before[1] = before[1], word
	}
	return out.String()
}

// filterWord reports whether a word belongs to the language of filters, or is the
// name of a sub-attribute, with or without the dot in front.
func filterWord(word string) bool {
	switch word {
	case "and", "or", "not", "true", "false", "null":
		return true
	}
	if operators[word] != "" {
		return true
	}
	word = strings.TrimPrefix(word, ".")
	for _, t := range resourceTypes {
		for _, a := range t.attributes {
			if find(a.sub, word) != nil {
				return true
			}
		}
	}
	return false
}

// resourceShown is a path behind the team's base URL. In the place of an id only
// what is one is shown.
func resourceShown(rest []string) string {
	var out strings.Builder
	for i, part := range rest {
		switch {
		case i > 0 && (lower(rest[i-1]) == "users" || lower(rest[i-1]) == "groups"):
			if reference, ok := strings.CutPrefix(part, "bulkId:"); ok && reference != "" {
				part = "bulkId:" + blotText
			} else if _, err := models.ParseID(part); err != nil && part != ".search" {
				part = blotText
			}
		case !shownURN(part) && (len(part) > maxShownName || strings.Trim(lower(part), "abcdefghijklmnopqrstuvwxyz0123456789.-_") != ""):
			part = blotText
		}
		out.WriteString("/" + part)
	}
	if out.Len() == 0 {
		return "/"
	}
	return out.String()
}
