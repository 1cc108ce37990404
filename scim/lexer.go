package scim

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a filter or path. The parser recurses once for every parenthesis,
// and an overflowing stack cannot be recovered from.
const (
	maxFilterBytes = 8 << 10
	maxFilterDepth = 50
	maxFilterTerms = 200
)

// parser reads filters and PATCH paths.
type parser struct {
	text     string
	pos      int
	depth    int
	terms    int
	scimType string
	what     string // filter or path, for messages
	bare     bool   // a string stood without quotes
}

// check bounds the text before it is looked at.
func (p *parser) check() error {
	switch {
	case len(p.text) > maxFilterBytes:
		return bad(p.scimType, "The %s is longer than %d bytes.", p.what, maxFilterBytes)
	case !utf8.ValidString(p.text), strings.ContainsRune(p.text, 0):
		return bad(p.scimType, "The %s is not text in UTF-8.", p.what)
	}
	return nil
}

// fail tells where the parser stopped, without quoting the text.
func (p *parser) fail(reason string) error {
	at := utf8.RuneCountInString(p.text[:min(p.pos, len(p.text))]) + 1
	return bad(p.scimType, "The %s cannot be read at character %d: %s.", p.what, at, reason)
}

// literal reads a JSON string, number, boolean or null (RFC 8259).
func (p *parser) literal() (any, bool) {
	if !p.done() && p.text[p.pos] == '"' {
		return p.quoted()
	}
	word := p.word()
	switch lower(word) {
	case "true":
		return true, true
	case "false":
		return false, true
	case "null":
		return nil, true
	case "":
		return nil, false
	}
	if c := word[0]; (c == '-' || c >= '0' && c <= '9') && json.Valid([]byte(word)) {
		return json.Number(word), true
	}
	return nil, false
}

// bareWord reads a string that lacks its quotes: letters, digits and what stands
// in addresses, names of hosts, ids and dates. A number, an operator and a word
// that joins terms are none.
func (p *parser) bareWord() (string, bool) {
	word := p.word()
	if word == "" || strings.Trim(word, "0123456789") == "" {
		return "", false
	}
	for i, r := range word {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && (i == 0 || !strings.ContainsRune("@._-:+", r)) {
			return "", false
		}
	}
	switch l := lower(word); l {
	case "and", "or", "not":
		return "", false
	default:
		_, isOperator := operators[l]
		return word, !isOperator
	}
}

func (p *parser) quoted() (any, bool) {
	for i := p.pos + 1; i < len(p.text); i++ {
		switch p.text[i] {
		case '\\':
			i++
		case '"':
			var s string
			raw := []byte(p.text[p.pos : i+1])
			err := json.Unmarshal(raw, &s)
			p.pos = i + 1
			return s, err == nil && !strings.ContainsRune(s, 0) && !halfPair(raw)
		}
	}
	return nil, false
}

// keyword skips a word, in any case, if it stands next and is a word of its own.
func (p *parser) keyword(want string) bool {
	start := p.pos
	p.space()
	if lower(p.word()) == want {
		return true
	}
	p.pos = start
	return false
}

// word reads up to the next space, bracket or quote.
func (p *parser) word() string {
	start := p.pos
	for !p.done() && strings.IndexByte(" \t\r\n()[]\"", p.text[p.pos]) < 0 {
		p.pos++
	}
	return p.text[start:p.pos]
}

func (p *parser) next(c byte) bool {
	if p.done() || p.text[p.pos] != c {
		return false
	}
	p.pos++
	return true
}

func (p *parser) space() {
	for !p.done() && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *parser) done() bool { return p.pos >= len(p.text) }
