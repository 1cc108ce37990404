package graph

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

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
	for _, key := range []any{nil, "ada@acme.test", "", time.Date(2026, 3, 2, 9, 0, 0, 123000, time.UTC), time.Unix(-5, 0).UTC()} {
		text := NewLister("memberships/a").Cursor(models.Mark{ID: id, Key: key})
		p, err := ReadPage("memberships/a", PageArgs{After: &text})
		if err != nil || p.After == nil || p.After.ID != id || p.After.Key != key || p.Before != nil || p.Limit != defaultPage || p.Last {
			t.Errorf("%q leads to %+v, %v", text, p, err)
		}
		last := 3
		if p, err = ReadPage("memberships/a", PageArgs{Before: &text, Last: &last}); err != nil || p.Before == nil || p.Before.ID != id || p.Limit != 3 || !p.Last {
			t.Errorf("%q leads back to %+v, %v", text, p, err)
		}
		if strings.ContainsAny(text, "+/=") {
			t.Errorf("%q does not fit a URL", text)
		}
	}
}

func TestForeignCursors(t *testing.T) {
	id := newID(t)
	mark := models.Mark{ID: id}
	good := NewLister("memberships/a").Cursor(mark)
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
		"of another parent": NewLister("memberships/b").Cursor(mark), "of another list": NewLister("teams").Cursor(mark),
		"another version": changed(0), "another form of key": changed(len(raw) - 1), "another hash": changed(3),
		"empty": "", "an id": models.Global(models.PrefixMembership, id), "the bare id": string(id),
		"cut": good[:len(good)-2], "longer": good + "AA", "padded": good + "=", "not base64": "!" + good[1:],
	} {
		if _, err := ReadPage("memberships/a", PageArgs{After: &text}); !fault.Is(err, fault.InvalidValue) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, key := range []string{"a\x00b", "\xff"} {
		text := NewLister("teams").Cursor(models.Mark{ID: id, Key: key})
		if _, err := ReadPage("teams", PageArgs{Before: &text}); !fault.Is(err, fault.InvalidValue) {
			t.Errorf("a key of %q: %v", key, err)
		}
	}
	if NewLister("teams").Cursor(models.Mark{ID: "not an id"}) != "" {
		t.Error("something that is no id has a cursor")
	}
}

func TestPageSizes(t *testing.T) {
	one := 1
	if _, err := ReadPage("teams", PageArgs{First: &one, Last: &one}); !fault.Is(err, fault.InvalidValue) {
		t.Errorf("first and last: %v", err)
	}
	for first, good := range map[int]bool{-1: false, 0: false, 1: true, 100: true, 101: false, 1 << 40: false} {
		for _, args := range []PageArgs{{First: &first}, {Last: &first}} {
			p, err := ReadPage("teams", args)
			if good && (err != nil || p.Limit != first) || !good && !fault.Is(err, fault.InvalidValue) {
				t.Errorf("%d: %+v, %v", first, p, err)
			}
		}
	}
}
