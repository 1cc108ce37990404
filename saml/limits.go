package saml

import "fmt"

// Limits bound a document while it is read, so that its cost is known before
// anybody has looked at its content. A field that is 0 has the value of
// DefaultLimits.
type Limits struct {
	Bytes      int // size of the document
	Depth      int // elements inside each other
	Nodes      int // elements, attributes and namespace declarations together
	Elements   int // elements alone, which cost the most
	Attributes int // of one element, namespace declarations included
	// Namespaces is the number of declarations in force at one place. There is
	// no bound on declarations over the whole document: Java products repeat
	// two of them on every attribute value, harmlessly.
	Namespaces int
}

// DefaultLimits let through a person in 2,000 groups, in whatever form they
// come: values with declarations of their own (OpenSAML's, 200 bytes each),
// values in an Attribute each, values that wrap a NameID. They are set by what
// a message of the provider itself may cost.
var DefaultLimits = Limits{Bytes: 512 << 10, Depth: 40, Nodes: 20_000, Elements: 8_000, Attributes: 40, Namespaces: 24}

func (l Limits) orDefault() Limits {
	for _, f := range []struct {
		have *int
		dflt int
	}{
		{&l.Bytes, DefaultLimits.Bytes}, {&l.Depth, DefaultLimits.Depth},
		{&l.Nodes, DefaultLimits.Nodes}, {&l.Attributes, DefaultLimits.Attributes},
		{&l.Namespaces, DefaultLimits.Namespaces}, {&l.Elements, DefaultLimits.Elements},
	} {
		if *f.have <= 0 {
			*f.have = f.dflt
		}
	}
	return l
}

// canonical is how long the canonical form of one of its elements may be.
// Canonicalization repeats namespaces and writes escapes out, so it can
// make a document longer: an honest one by its own length at the most, when
// each of many short values needs a declaration; a hostile one without end.
func (l Limits) canonical() int { return 2 * l.Bytes }

// of are the limits for what becomes of a document of this many bytes.
func (l Limits) of(size int) Limits {
	l.Bytes = min(l.Bytes, size+minCanonical)
	return l
}

// minCanonical lets short documents grow.
const minCanonical = 16 << 10

// again are the limits for reading a canonical form of a document that was
// within l: the same elements, with declarations repeated on them.
func (l Limits) again() Limits {
	l.Bytes, l.Nodes, l.Attributes, l.Namespaces = l.canonical(), l.Nodes+l.Nodes/4, 2*l.Attributes, 2*l.Namespaces
	return l
}

// scanError is a document that step 1 refuses.
type scanError struct {
	tooLarge bool // a size or count is over its limit; otherwise the document is malformed
	text     string
}

func (e *scanError) Error() string { return e.text }

func malformed(format string, args ...any) error {
	return &scanError{text: fmt.Sprintf(format, args...)}
}

func tooLarge(format string, args ...any) error {
	return &scanError{tooLarge: true, text: fmt.Sprintf(format, args...)}
}
