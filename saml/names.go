package saml

import (
	"strings"
	"unicode/utf8"
)

// The small rules of XML 1.0 and Namespaces in XML that parser goes by.

// space is XML's white space.
const space = " \t\r\n"

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// nameLength is the length of the qualified name that s starts with, one or
// two parts with one colon between them, and the place of the colon or 0. A
// length of 0 means there is none.
func nameLength(s string) (n int, colon int32) {
	n = partLength(s)
	if n == 0 || n == len(s) || s[n] != ':' {
		return n, 0
	}
	m := partLength(s[n+1:])
	if m == 0 || n+1+m < len(s) && s[n+1+m] == ':' {
		return 0, 0
	}
	return n + 1 + m, int32(n)
}

func partLength(s string) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.'):
		case c >= utf8.RuneSelf:
			return 0
		default:
			return i
		}
	}
	return len(s)
}

// namespaceName returns the prefix that an attribute called name declares.
func namespaceName(name string) (prefix string, is bool) {
	if name == "xmlns" {
		return "", true
	}
	return strings.CutPrefix(name, "xmlns:")
}

// declarable refuses namespaces that canonicalization treats oddly: relative
// ones make some implementations return nothing at all, which then has a
// well-known digest; reserved prefixes and escapes hide what is meant.
func declarable(prefix, uri string) error {
	switch {
	case prefix == "xmlns", prefix == "xml" && uri != nsXML, prefix != "xml" && uri == nsXML, uri == nsXMLNS:
		return malformed("a reserved namespace is declared")
	case uri == "" && prefix != "":
		return malformed("a namespace prefix is declared without a namespace")
	case uri == "":
		return nil
	}
	for i := range len(uri) {
		switch c := uri[i]; {
		case c == ':' && i > 0:
			if strings.ContainsAny(uri, "&"+space) {
				return malformed("a namespace holds white space or an escape")
			}
			return nil
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return malformed("a namespace is not an absolute URI")
		}
	}
	return malformed("a namespace is not an absolute URI")
}

// lineEnds makes every end of line a line feed (XML 1.0, section 2.11).
func lineEnds(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c != '\r':
			out = append(out, c)
		case i+1 == len(s) || s[i+1] != '\n':
			out = append(out, '\n')
		}
	}
	return string(out)
}

// flattened turns the white space of an attribute's value into spaces (XML
// 1.0, section 3.3.3); what is written as an escape stays.
func flattened(s string) string {
	for i := range len(s) {
		if s[i] < ' ' {
			return blanks.Replace(s)
		}
	}
	return s
}

var blanks = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ")

// unescaped resolves the five predefined entities and character references.
// No other entity can have been declared.
func unescaped(s string) (string, error) {
	at := strings.IndexByte(s, '&')
	if at < 0 {
		return s, nil
	}
	out := make([]byte, 0, len(s))
	for ; at >= 0; at = strings.IndexByte(s, '&') {
		out = append(out, s[:at]...)
		s = s[at+1:]
		if strings.HasPrefix(s, "amp;") { // by far the most frequent one
			out, s = append(out, '&'), s[len("amp;"):]
			continue
		}
		end := strings.IndexByte(s[:min(len(s), maxReference)], ';')
		if end < 0 {
			return "", errEntity
		}
		r := reference(s[:end])
		if r < 0 {
			return "", errEntity
		}
		out, s = utf8.AppendRune(out, r), s[end+1:]
	}
	return string(append(out, s...)), nil
}

var errEntity = malformed("an entity is not one of XML's own")

// maxReference is the longest reference between & and the end of ; in bytes.
const maxReference = 15

// reference is the character that an entity or a reference stands for, or -1.
func reference(name string) rune {
	switch name {
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "amp":
		return '&'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	digits, ok := strings.CutPrefix(name, "#")
	base := rune(10)
	if hex, is := strings.CutPrefix(digits, "x"); is {
		digits, base = hex, 16
	}
	if !ok || digits == "" {
		return -1
	}
	n := rune(0)
	for i := range len(digits) {
		d := digit(digits[i])
		if n = n*base + d; d >= base || n > utf8.MaxRune {
			return -1
		}
	}
	if n < ' ' && n != '\t' && n != '\n' && n != '\r' || n >= 0xd800 && n < 0xe000 || n == 0xfffe || n == 0xffff {
		return -1
	}
	return n
}

// digit is the value of a digit to any base up to 16, or 16.
func digit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return 16
}
