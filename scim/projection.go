package scim

import (
	"net/url"
	"strings"
)

// projection is what "attributes" and "excludedAttributes" leave of a resource
// (RFC 7644 section 3.9).
type projection struct{ only, without []attrPath }

func readProjection(u *url.URL) (projection, error) {
	values, err := parameters(u)
	if err != nil {
		return projection{}, err
	}
	return projection{only: names(values["attributes"]), without: names(values["excludedAttributes"])}, nil
}

// names reads comma-separated attributes by their canonical names. Those that
// are not kept stay in the list under a name that nothing has, because to ask
// for them alone is to ask for next to nothing.
func names(values []string) []attrPath {
	var list []attrPath
	for _, word := range strings.Split(strings.Join(values, ","), ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		var known attrPath
		if path, ok := parseAttrPath(word); ok {
			attr, sub := resolve(path)
			if attr != nil {
				known.name = attr.name
			}
			if sub != nil {
				known.sub = sub.name
			}
		}
		list = append(list, known)
	}
	return list
}

// of applies the projection. "schemas" and attributes that are always returned stay.
func (p projection) of(d document) document {
	out := document{}
	for name, value := range d {
		if attr := find(userAttributes, name); attr == nil || attr.always {
			out[name] = value
			continue
		}
		if len(p.only) > 0 {
			value = narrow(value, subsOf(p.only, name), true)
		}
		if value != nil {
			value = narrow(value, subsOf(p.without, name), false)
		}
		if value != nil {
			out[name] = value
		}
	}
	return out
}

// subsOf lists the sub-attributes that are named of an attribute; "" among them
// is the attribute itself.
func subsOf(paths []attrPath, name string) []string {
	var subs []string
	for _, p := range paths {
		if p.name == name {
			subs = append(subs, p.sub)
		}
	}
	return subs
}

// narrow keeps (or drops) the named sub-attributes of a value; nil is nothing left.
func narrow(value any, subs []string, keep bool) any {
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
