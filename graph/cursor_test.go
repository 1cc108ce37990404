package graph

import (
	"encoding/base64"
	"strings"
	"testing"

	"rollcall/fault"
	"rollcall/models"
)

func newID(t *testing.T) models.ID {
	t.Helper()
	id, err := models.NewID()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestCursorRoundTrip(t *testing.T) {
	id := newID(t)
	text := Cursor("memberships/a", id)
	p, err := ReadPage("memberships/a", nil, &text)
	if err != nil || p.After != id || p.Limit != defaultPage {
		t.Errorf("%q leads to %+v, %v", text, p, err)
	}
	if strings.ContainsAny(text, "+/=") {
		t.Errorf("%q does not fit a URL", text)
	}
}

func TestForeignCursors(t *testing.T) {
	id := newID(t)
	good := Cursor("memberships/a", id)
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int) string {
		c := append([]byte(nil), raw...)
		c[at]++
		return base64.RawURLEncoding.EncodeToString(c)
	}
	for name, text := range map[string]string{
		"of another parent": Cursor("memberships/b", id), "of another list": Cursor("teams", id),
		"another version": changed(0), "another order": changed(1), "another hash": changed(3),
		"empty": "", "an id": models.Global(models.PrefixMembership, id), "the bare id": string(id),
		"cut": good[:len(good)-2], "longer": good + "AA", "padded": good + "=", "not base64": "!" + good[1:],
	} {
		if _, err := ReadPage("memberships/a", nil, &text); !fault.Is(err, fault.InvalidValue) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if Cursor("teams", "not an id") != "" {
		t.Error("something that is no id has a cursor")
	}
}

func TestPageSizes(t *testing.T) {
	for first, good := range map[int]bool{-1: false, 0: false, 1: true, 100: true, 101: false, 1 << 40: false} {
		p, err := ReadPage("teams", &first, nil)
		if good && (err != nil || p.Limit != first) || !good && !fault.Is(err, fault.InvalidValue) {
			t.Errorf("first %d: %+v, %v", first, p, err)
		}
	}
}
