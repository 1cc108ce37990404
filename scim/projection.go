package scim

import "strings"

// projection is what "attributes" and "excludedAttributes" leave of a resource
// (RFC 7644 section 3.9).
type projection struct{ only, without []target }

// exclusive refuses a client that names what it wants and what it does not (RFC
// 7644 section 3.9).
func exclusive(only, without []string) error {
	if len(only) > 0 && len(without) > 0 {
		return bad(typeInvalidValue, "Name attributes or excludedAttributes, not both.")
	}
	return nil
}

// all reports whether nothing is left out.
func (p projection) all() bool { return len(p.only) == 0 && len(p.without) == 0 }

// excludes reports whether an attribute of the resource itself is surely not
// shown, so that it need not be read.
func (p projection) excludes(name string) bool {
	for _, t := range p.without {
		if t.ext == nil && t.attr != nil && t.sub == nil && t.attr.name == name {
			return true
		}
	}
	if len(p.only) == 0 {
		return false
	}
	for _, t := range p.only {
		if t.ext == nil && t.attr != nil && t.attr.name == name {
			return false
		}
	}
	return true
}

// targets reads comma-separated attributes. Those that are not kept stay in the
// list as names of nothing, because to ask for them alone is to ask for next to
// nothing. A filter behind a name, as in emails[type eq "work"], is passed over.
func targets(r *resourceType, words []string) []target {
	var list []target
	for _, word := range words {
		word, _, _ = strings.Cut(strings.TrimSpace(word), "[")
		if word == "" {
			continue
		}
		var t target
		switch path, ok := parseAttrPath(word); {
		case lower(word) == lower(r.urn):
			for i := range r.attributes { // all of the resource's own schema
				list = append(list, target{attr: &r.attributes[i]})
			}
		case ok:
			if t = r.resolve(path); !t.found() && path.sub != "" {
				if t = r.resolve(attrPath{uri: path.uri, name: path.name}); t.attr != nil {
					t.sub = foreignAttribute(path.sub)
				}
			}
		}
		t.word = lower(word)
		list = append(list, t)
	}
	return list
}

// of applies the projection. "schemas" and attributes that are always returned stay.
func (p projection) of(r *resourceType, d document) document {
	if p.all() {
		return d
	}
	out := document{}
	for name, value := range d {
		ext := r.extension(name)
		if ext != nil {
			if v := p.ofExtension(ext, value); len(v) > 0 {
				out[name] = v
			}
			continue
		}
		attr := find(r.attributes, name)
		if attr == nil && name != "schemas" {
			if value = p.ofForeign(lower(name), value); value != nil {
				out[name] = value
			}
			continue
		}
		if attr == nil || attr.always {
			out[name] = value
			continue
		}
		if value = p.narrowed(nil, attr, value); value != nil {
			out[name] = value
		}
	}
	return out
}

func (r *resourceType) extension(urn string) *extension {
	for i := range r.extensions {
		if r.extensions[i].urn == urn {
			return &r.extensions[i]
		}
	}
	return nil
}

// extensionIn is extension for a URN in any case.
func (r *resourceType) extensionIn(urn string) *extension {
	for i := range r.extensions {
		if lower(r.extensions[i].urn) == lower(urn) {
			return &r.extensions[i]
		}
	}
	return nil
}

func (p projection) ofExtension(ext *extension, value any) document {
	in, _ := value.(document)
	out := document{}
	if whole(p.without, ext) {
		return out
	}
	inner := projection{only: p.only, without: p.without}
	if whole(p.only, ext) {
		inner.only = nil
	}
	for name, v := range in {
		if attr := find(ext.attributes, name); attr != nil {
			v = inner.narrowed(ext, attr, v)
		} else {
			v = inner.ofForeign(lower(ext.urn+":"+name), v)
		}
		if v != nil {
			out[name] = v
		}
	}
	return out
}

// ofForeign is what is left of a foreign attribute or extension, whose full name
// comes in lower case; nil is nothing.
func (p projection) ofForeign(name string, value any) any {
	if len(p.only) > 0 {
		value = foreignParts(p.only, name, value, true)
	}
	if value != nil {
		value = foreignParts(p.without, name, value, false)
	}
	return value
}

// foreignParts keeps (or drops) what a list names of a foreign value.
func foreignParts(list []target, name string, value any, keep bool) any {
	parts := map[string]bool{}
	for _, t := range list {
		rest, ok := strings.CutPrefix(t.word, name)
		switch {
		case !ok:
		case rest == "" && keep:
			return value
		case rest == "":
			return nil
		case rest[0] == '.' || rest[0] == ':':
			part, _, _ := strings.Cut(rest[1:], ".")
			parts[part] = true
		}
	}
	if len(parts) == 0 && !keep {
		return value
	}
	left := func(in map[string]any) map[string]any {
		out := map[string]any{}
		for n, v := range in {
			if parts[lower(n)] == keep {
				out[n] = v
			}
		}
		return out
	}
	switch v := value.(type) {
	case document:
		if out := left(v); len(out) > 0 {
			return document(out)
		}
		return nil
	case foreign:
		if o, ok := v.value.(map[string]any); ok {
			if out := left(o); len(out) > 0 {
				return foreign{out}
			}
			return nil
		}
	}
	if keep {
		return nil
	}
	return value
}

func whole(list []target, ext *extension) bool {
	for _, t := range list {
		if t.ext != nil && t.ext.urn == ext.urn && t.attr == nil {
			return true
		}
	}
	return false
}

// narrowed is what is left of an attribute's value; nil is nothing.
func (p projection) narrowed(ext *extension, attr *attribute, value any) any {
	if len(p.only) > 0 {
		value = narrow(value, subsOf(p.only, ext, attr), true)
	}
	if value != nil {
		value = narrow(value, subsOf(p.without, ext, attr), false)
	}
	return value
}

// subsOf lists the sub-attributes that are named of an attribute; "" among them
// is the attribute itself.
func subsOf(list []target, ext *extension, attr *attribute) []string {
	var subs []string
	for _, t := range list {
		if t.attr == nil || t.attr.name != attr.name || (t.ext == nil) != (ext == nil) {
			continue
		}
		if t.sub == nil {
			subs = append(subs, "")
		} else {
			subs = append(subs, t.sub.name)
		}
	}
	return subs
}

// narrow keeps (or drops) the named sub-attributes of a value; nil is nothing left.
func narrow(value any, subs []string, keep bool) any {
	if len(subs) == 0 && !keep {
		return value
	}
	for _, s := range subs {
		if s == "" && keep {
			return value
		}
		if s == "" {
			return nil
		}
	}
	switch v := value.(type) {
	case document:
		if out := narrowOne(v, subs, keep); len(out) > 0 {
			return out
		}
		return nil
	case []document:
		var out []document
		for _, el := range v {
			if left := narrowOne(el, subs, keep); len(left) > 0 {
				out = append(out, left)
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	default:
		if keep {
			return nil
		}
		return value
	}
}

func narrowOne(d document, subs []string, keep bool) document {
	out := document{}
	for name, value := range d {
		named := false
		for _, s := range subs {
			named = named || s == name
		}
		if named == keep {
			out[name] = value
		}
	}
	return out
}
