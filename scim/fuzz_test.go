package scim

import (
	"strings"
	"testing"

	"rollcall/models"
	"rollcall/roster"
)

// A filter is read or refused with words of ours; what is read means the same
// when it is written out and read again.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "ada"`, `emails[type eq "work" and value co "@x"].value eq "y"`, `not (a pr) or (b.c ge -1.5e3 and d eq null)`,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`, `a eq "\u00fc\"\\"`, `((a pr`, `a[b[c pr]]`, strings.Repeat("(", 60),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseFilter(text)
		if err != nil {
			refusedProperly(t, err, typeInvalidFilter)
			return
		}
		// Written out, lists of terms gain parentheses, which may pass the limits.
		if written := show(e); len(written) <= maxFilterBytes && strings.Count(written, "(")+strings.Count(written, "[") < maxFilterDepth {
			again, err := parseFilter(written)
			if err != nil {
				t.Fatalf("%q is written %q: %v", text, written, err)
			}
			if show(again) != written {
				t.Fatalf("%q is written %q and then %q", text, written, show(again))
			}
		}
		for _, of := range resourceTypes {
			if _, err := compileFilter(of, e); err != nil {
				refusedProperly(t, err, typeInvalidFilter)
			}
		}
		matches(e, find(userAttributes, "emails"), document{"value": "ada@acme.test", "type": "work", "primary": true})
	})
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		`userName`, `name.givenName`, `emails[type eq "work"].value`, `urn:ietf:params:scim:schemas:core:2.0:User:emails[primary eq "True"]`,
		`a[b pr].`, `a.b[c pr]`, `emails[(value pr)]`, ` a `, `:`, `[`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePath(text)
		if err != nil {
			refusedProperly(t, err, typeInvalidPath)
			return
		}
		written := showPatchPath(p)
		if strings.Count(written, "(") >= maxFilterDepth || len(written) > maxFilterBytes {
			return
		}
		again, err := parsePath(written)
		if err != nil || showPatchPath(again) != written {
			t.Fatalf("%q is written %q and then %q, error %v", text, written, showPatchPath(again), err)
		}
	})
}

// Whatever a body says, PATCH ends in a state that the roster can take or in a
// refusal; id and meta are untouched, and nothing that is not kept gets in.
func FuzzPatch(f *testing.F) {
	for _, seed := range []string{
		`[{"op":"replace","value":{"active":false}}]`, `[{"op":"Replace","path":"active","value":"False"}]`,
		`[{"op":"add","path":"emails[type eq \"home\"].value","value":"h@x.test"},{"op":"remove","path":"emails[type eq \"work\"]"}]`,
		`[{"op":"add","value":{"name.givenName":"A","urn:ietf:params:scim:schemas:core:2.0:User":{"displayName":null}}}]`,
		`[{"op":"remove","path":"userName"}]`, `[{"op":"replace","path":"emails.primary","value":true},{"op":"add","path":"emails","value":{"value":"b@x.test","primary":true}}]`,
		`[{"op":"add","value":{"badge":7,"desk":{"room":"1"},"urn:x:y:2.0:User":{"cohort":"a"}}},{"op":"replace","path":"desk.room","value":"2"}]`,
		`[{"op":"replace","path":"name","value":{"givenName":null,"familyName":""}}]`, `[{"op":"replace","path":"id","value":"1"}]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, operations string) {
		body, err := decodeObject([]byte(`{"Operations":` + operations + `}`))
		if err != nil {
			refusedProperly(t, err, "")
			return
		}
		ops, err := readPatch(body)
		if err != nil {
			refusedProperly(t, err, "")
			return
		}
		d := ada()
		if err := d.patch(userType, ops); err != nil {
			refusedProperly(t, err, "")
			return
		}
		if text(t, d["id"]) != text(t, ada()["id"]) || text(t, d["meta"]) != text(t, ada()["meta"]) || text(t, d["schemas"]) != text(t, ada()["schemas"]) {
			t.Fatalf("%s changed what is read-only: %v", operations, d)
		}
		if d.text("userName") == "" {
			t.Fatalf("%s took the userName away: %v", operations, d)
		}
		primaries := 0
		for _, e := range d.list("emails") {
			if e.flag("primary") {
				primaries++
			}
		}
		if primaries > 1 || len(d.list("emails")) > maxValues {
			t.Fatalf("%s left %v", operations, d["emails"])
		}
		keptOnly(t, operations, d, userAttributes)
		current := roster.Member{User: models.User{Email: "ada@acme.test"}}
		u, err := d.scimUser(&current)
		if err != nil {
			refusedProperly(t, err, typeInvalidValue)
			return
		}
		if u.UserName == "" || u.Email != "" && !looksLikeAddress(u.Email) {
			t.Fatalf("%s left %+v", operations, u)
		}
		again, err := stored(userType, u.Profile.Document)
		if err != nil {
			t.Fatalf("%s is kept as %s: %v", operations, u.Profile.Document, err)
		}
		for name, value := range again {
			if text(t, value) != text(t, d[name]) {
				t.Fatalf("%s: %s is kept as %s", operations, text(t, d[name]), text(t, value))
			}
		}
	})
}

// keptOnly checks that a document holds what the table of attributes allows.
func keptOnly(t *testing.T, operations string, d document, in []attribute) {
	t.Helper()
	for name, value := range d {
		if name == "schemas" {
			continue
		}
		if ext := userType.extension(name); ext != nil {
			inner, _ := value.(document)
			if len(inner) == 0 {
				t.Fatalf("%s left %s = %#v", operations, name, value)
			}
			keptOnly(t, operations, inner, ext.attributes)
			continue
		}
		a := find(in, name)
		ok := a != nil && a.name == name
		switch v := value.(type) {
		case string:
			ok = ok && a.kind != kindBoolean && a.kind != kindComplex && v != ""
		case bool:
			ok = ok && a.kind == kindBoolean
		case foreign:
			ok = a == nil && foreignName(name) && v.value != nil
		case document:
			switch {
			case a == nil:
				if ok = foreignURN(name) && len(v) > 0; ok {
					keptOnly(t, operations, v, nil)
				}
			case ok && a.kind == kindComplex && !a.many && len(v) > 0:
				keptOnly(t, operations, v, a.sub)
			default:
				ok = false
			}
		case []document:
			ok = ok && a.kind == kindComplex && a.many && len(v) > 0
			for _, el := range v {
				if ok {
					keptOnly(t, operations, el, a.sub)
				}
			}
		default:
			ok = false
		}
		if !ok {
			t.Fatalf("%s left %s = %#v", operations, name, value)
		}
	}
}

// refusedProperly checks that an error is a 400 in words of ours.
func refusedProperly(t *testing.T, err error, scimType string) {
	t.Helper()
	p, ok := err.(*problem)
	if !ok || p.status != 400 || p.scimType == "" || scimType != "" && p.scimType != scimType {
		t.Fatalf("refused with %v", err)
	}
}
