package access_test

import (
	"context"
	"reflect"
	"testing"

	"rollcall/access"
	"rollcall/models"
)

func TestActorInContext(t *testing.T) {
	ctx := context.Background()
	if a := access.From(ctx); a.Known() || !reflect.DeepEqual(a, access.Actor{}) {
		t.Errorf("an empty context acts for %+v", a)
	}
	ada := access.Actor{Kind: access.Person, TeamID: acme, UserID: "u", Role: models.RoleAdmin, Label: "ada@acme.test"}
	inner := access.With(ctx, ada)
	if a := access.From(inner); !a.Known() || !reflect.DeepEqual(a, ada) {
		t.Errorf("the context acts for %+v", a)
	}
	if a := access.From(ctx); a.Known() {
		t.Errorf("the outer context acts for %+v", a)
	}
	if a := access.From(access.With(inner, access.Actor{})); a.Known() {
		t.Errorf("a context that was made anonymous again acts for %+v", a)
	}
}

func TestRequestInContext(t *testing.T) {
	ctx := context.Background()
	if r := access.RequestFrom(ctx); r != (access.Request{}) {
		t.Errorf("an empty context serves %+v", r)
	}
	want := access.Request{ID: "r1", IP: "192.0.2.1", UserAgent: "curl"}
	ctx = access.With(access.WithRequest(ctx, want), access.Actor{Kind: access.System})
	if r := access.RequestFrom(ctx); r != want {
		t.Errorf("the context serves %+v", r)
	}
	if access.From(ctx).Kind != access.System {
		t.Error("the request hides the actor")
	}
}

func TestHasScope(t *testing.T) {
	for need, enough := range covers {
		for _, have := range models.Scopes {
			a := access.Actor{Kind: access.Key, Scopes: []models.Scope{have}}
			want := false
			for _, s := range enough {
				want = want || s == have
			}
			if a.HasScope(need) != want {
				t.Errorf("a key for %s, asked for %s: %v", have, need, !want)
			}
		}
		if (access.Actor{Kind: access.Key}).HasScope(need) {
			t.Errorf("a key without scopes has %s", need)
		}
		if !(access.Actor{Kind: access.Person}).HasScope(need) {
			t.Errorf("a session is limited by %s", need)
		}
	}
}
