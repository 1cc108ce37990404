package scim

import "strings"

// attrPath names an attribute: [URI ":"] name ["." sub-attribute] (RFC 7644
// section 3.10).
type attrPath struct{ uri, name, sub string }

// parseAttrPath splits a word. The last colon ends the URI, whose own dots
// belong to version numbers.
func parseAttrPath(word string) (attrPath, bool) {
	var p attrPath
	for _, urn := range []string{urnUser, urnGroup, urnEnterprise} {
		// Microsoft's samples write urn:...:User.manager for urn:...:User:manager.
		if n := len(urn); len(word) > n && word[n] == '.' && lower(word[:n]) == lower(urn) {
			word = word[:n] + ":" + word[n+1:]
		}
	}
	if i := strings.LastIndexByte(word, ':'); i >= 0 {
		if i == 0 {
			return p, false
		}
		p.uri, word = word[:i], word[i+1:]
	}
	var dotted bool
	p.name, p.sub, dotted = strings.Cut(word, ".")
	return p, attrName(p.name) && (!dotted || attrName(p.sub))
}

// attrName reports whether s is an ATTRNAME (RFC 7643 section 2.1) or $ref.
func attrName(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '$' && i == 0:
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '_'):
		default:
			return false
		}
	}
	return s != "" && s != "$"
}

// patchPath is the target of a PATCH operation (RFC 7644 section 3.5.2,
// figure 7): an attribute, perhaps of the values that a filter selects. After
// a filter the sub-attribute stands in attr.sub.
type patchPath struct {
	attr   attrPath
	filter expr // nil when there is none
}

// parsePath reads the "path" of an operation or a dotted key of its value.
func parsePath(text string) (patchPath, error) {
	p := &parser{text: strings.TrimSpace(text), scimType: typeInvalidPath, what: "path"}
	var path patchPath
	if err := p.check(); err != nil {
		return path, err
	}
	attr, ok := parseAttrPath(p.word())
	if !ok {
		p.pos = 0
		return path, p.fail("expected an attribute")
	}
	path.attr = attr
	if p.next('[') {
		if attr.sub != "" {
			return path, p.fail("a filter must follow an attribute, not a sub-attribute")
		}
		var err error
		if path.filter, err = p.enclosed(']', true); err != nil {
			return path, err
		}
		if p.next('.') {
			if path.attr.sub = p.word(); !attrName(path.attr.sub) {
				return path, p.fail("expected a sub-attribute")
			}
		}
	}
	if !p.done() {
		return path, p.fail("expected the end")
	}
	return path, nil
}
