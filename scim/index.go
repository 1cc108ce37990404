package scim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"rollcall/models"
	"rollcall/roster"
)

// A longer key than maxKey is kept as its beginning and a hash of all of it, so
// that it still fits into an index: eq stays true, co and ew see the beginning.
const (
	maxKey  = 512
	keyHead = 400
)

// key is the form in which filters compare a text.
func key(a *attribute, s string) string {
	if !a.exact {
		s = models.Fold(s)
	}
	if len(s) <= maxKey {
		return s
	}
	head := s[:keyHead]
	for !utf8.ValidString(head) {
		head = head[:len(head)-1]
	}
	sum := sha256.Sum256([]byte(s))
	return head + hex.EncodeToString(sum[:])
}

// partKey is key for a part of a text, whose spaces at the ends count.
func partKey(a *attribute, s string) string {
	if a.exact {
		return s
	}
	const edge = "|" // which nothing combines with
	folded := models.Fold(edge + s + edge)
	return strings.TrimSuffix(strings.TrimPrefix(folded, edge), edge)
}

// profile is what of a document is kept beside the columns of the roster: the
// text, with attributes in the order of their names, and the index.
func (d document) profile() (roster.Profile, error) {
	kept := document{}
	var x indexer
	for name, value := range d {
		if ext := userType.extension(name); ext != nil {
			kept[name] = value
			inner, _ := value.(document)
			for n, v := range inner {
				x.attribute(ext.short+".", find(ext.attributes, n), v)
			}
			continue
		}
		switch attr := find(userAttributes, name); {
		case attr == nil && name != "schemas":
			kept[name] = value // foreign, and no filter asks for it
		case attr != nil && !attr.column && !attr.writeOnly:
			kept[name] = value
			x.attribute("", attr, value)
		}
	}
	if err := checkForeign(kept); err != nil {
		return roster.Profile{}, err
	}
	text, err := kept.kept()
	return roster.Profile{Document: text, Values: x.values}, err
}

// kept is the text in which a document is kept.
func (d document) kept() (string, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	err := enc.Encode(d)
	return strings.TrimSuffix(text.String(), "\n"), err
}

type indexer struct{ values []models.ScimValue }

func (x *indexer) attribute(prefix string, a *attribute, value any) {
	if a == nil {
		return
	}
	name := prefix + lower(a.name)
	switch v := value.(type) {
	case document:
		for n, s := range v {
			x.leaf(name, find(a.sub, n), 0, s)
		}
	case []document:
		x.elements(name, a, v)
	default:
		x.text(name, a, 0, value)
	}
}

func (x *indexer) leaf(name string, sub *attribute, item int, value any) {
	if sub != nil {
		x.text(name+"."+lower(sub.name), sub, item, value)
	}
}

func (x *indexer) text(name string, a *attribute, item int, value any) {
	if s := shown(a, value); s != "" {
		x.values = append(x.values, models.ScimValue{Attr: name, Item: item, ValueKey: s})
	}
}

func shown(a *attribute, value any) string {
	switch v := value.(type) {
	case string:
		return key(a, v)
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}

// elements writes one row for each element, the primary one first because lists
// are sorted by it, and one for each sub-attribute that is asked for less often.
func (x *indexer) elements(name string, a *attribute, list []document) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(p, q document) int {
		switch {
		case p.flag("primary") && !q.flag("primary"):
			return -1
		case q.flag("primary") && !p.flag("primary"):
			return 1
		}
		return 0
	})
	for i, el := range list {
		row := models.ScimValue{Attr: name, Item: i, IsPrimary: el.flag("primary")}
		for n, value := range el {
			switch sub := find(a.sub, n); {
			case sub == nil, sub.name == "primary":
			case sub.name == "value":
				row.ValueKey = shown(sub, value)
			case sub.name == "type":
				row.TypeKey = shown(sub, value)
			default:
				x.leaf(name, sub, i, value)
			}
		}
		x.values = append(x.values, row)
	}
}

// stored reads the kept text of a resource back into a document.
func stored(r *resourceType, text string) (document, error) {
	var raw map[string]any
	if text == "" {
		return document{}, nil
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&raw); err != nil {
		return nil, err
	}
	d := make(document, len(raw))
	for name, value := range raw {
		inner, isObject := value.(map[string]any)
		switch ext := r.extension(name); {
		case ext != nil && isObject:
			d.revive(name, reviveAll(ext.attributes, inner))
		case foreignURN(name) && isObject:
			d.revive(name, reviveAll(nil, inner))
		default:
			d.revive(name, revive(find(r.attributes, name), value))
		}
	}
	return d, nil
}

// revive puts what is there into d.
func (d document) revive(name string, value any) {
	switch v := value.(type) {
	case nil:
		return
	case document:
		if len(v) == 0 {
			return
		}
	case []document:
		if len(v) == 0 {
			return
		}
	}
	d[name] = value
}

func reviveAll(in []attribute, raw map[string]any) document {
	d := make(document, len(raw))
	for name, value := range raw {
		d.revive(name, revive(find(in, name), value))
	}
	return d
}

// revive is a value of an attribute; without one it is foreign.
func revive(a *attribute, value any) any {
	if a == nil {
		return foreign{value}
	}
	switch v := value.(type) {
	case map[string]any:
		return reviveAll(a.sub, v)
	case []any:
		var list []document
		for _, item := range v {
			if o, ok := item.(map[string]any); ok {
				list = append(list, reviveAll(a.sub, o))
			}
		}
		return list
	case string, bool:
		return v
	}
	return nil
}
