package scim

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func TestDecodeObject(t *testing.T) {
	got, err := decodeObject([]byte("\xef\xbb\xbf" + ` {"b":[1,"x",null,{"c":true}],"a":{}} `))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].name != "b" || got[1].name != "a" {
		t.Errorf("read %#v", got)
	}
	if v, ok := got.get("A"); !ok || !reflect.DeepEqual(v, object{}) {
		t.Errorf("A is %#v", v)
	}
	if _, ok := got.get("z"); ok {
		t.Error("z is there")
	}
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}` }
	if _, err := decodeObject([]byte(deep(maxDepth))); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	for _, in := range []string{
		``, ` `, `null`, `[]`, `"x"`, `1`, `{`, `{"a"}`, `{"a":1,}`, `{"a":1}{}`, `{"a":1} x`, `{"a":01}`, `{'a':1}`, `{a:1}`, "{\"a\":\"\xff\"}", "{\"a\":\"\n\"}",
		`{"a":1,"a":2}`, `{"active":true,"Active":false}`, `{"x":{"a":1,"A":1}}`, `{"x":[{"\u0061":1,"a":1}]}`,
		deep(maxDepth + 1), strings.Repeat(`{"a":`, 100_000), strings.Repeat("[", 500_000),
	} {
		_, err := decodeObject([]byte(in))
		p, ok := err.(*problem)
		if !ok || p.status != http.StatusBadRequest || p.scimType != typeInvalidSyntax {
			t.Errorf("%.40q: %v", in, err)
		}
	}
}

func TestAnswerType(t *testing.T) {
	for _, c := range []struct {
		accept []string
		want   string
	}{
		{nil, mediaScim},
		{[]string{"*/*"}, mediaScim},
		{[]string{"application/scim+json"}, mediaScim},
		{[]string{"application/json"}, mediaJSON},
		{[]string{"Application/JSON; charset=utf-8"}, mediaJSON},
		{[]string{"application/json, text/plain, */*"}, mediaJSON},
		{[]string{"application/json, application/scim+json"}, mediaScim},
		{[]string{"application/json", "application/scim+json;q=0.5"}, mediaJSON},
		{[]string{"application/json;q=0.2, application/*;q=0.8"}, mediaScim},
		{[]string{"application/scim+json;q=0, application/json;q=0.1"}, mediaJSON},
		{[]string{"application/*"}, mediaScim},
		{[]string{"text/html"}, mediaScim},
		{[]string{";;;, application/json"}, mediaJSON},
		{[]string{"application/json;q=nonsense"}, mediaJSON},
	} {
		if got := answerType(c.accept); got != c.want {
			t.Errorf("%q answers %s", c.accept, got)
		}
	}
}

func TestCheckType(t *testing.T) {
	for _, c := range []struct {
		media, encoding string
		ok              bool
	}{
		{"", "", true},
		{"application/scim+json", "", true},
		{"application/json", "identity", true},
		{"APPLICATION/JSON; charset=UTF-8", "", true},
		{`application/scim+json; charset="utf-8"`, "", true},
		{"application/json; charset=UTF8", "", true},
		{"application/json; charset=iso-8859-1", "", false},
		{"application/json", "gzip", false},
		{"text/plain", "", false},
		{"application/x-www-form-urlencoded", "", false},
		{"application/", "", false},
	} {
		h := http.Header{}
		if c.media != "" {
			h.Set("Content-Type", c.media)
		}
		if c.encoding != "" {
			h.Set("Content-Encoding", c.encoding)
		}
		if err := checkType(h, false); (err == nil) != c.ok {
			t.Errorf("%q %q: %v", c.media, c.encoding, err)
		}
	}
}
