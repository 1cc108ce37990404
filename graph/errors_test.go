package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rollcall/fault"
	"rollcall/graph/model"
)

// Every kind of fault has its place at the top level, and only an internal one
// hides its message.
func TestFaultsAtTheTopLevel(t *testing.T) {
	want := map[fault.Kind]struct {
		code fault.Code
		as   Code
	}{
		fault.Internal:        {fault.InternalError, CodeInternal},
		fault.Invalid:         {fault.InvalidValue, CodeBadUserInput},
		fault.NotFound:        {fault.Missing, "NOT_FOUND"},
		fault.Conflict:        {fault.StaleRevision, "STALE_REVISION"},
		fault.Denied:          {fault.Forbidden, CodeForbidden},
		fault.Unauthenticated: {fault.NotSignedIn, CodeUnauthenticated},
		fault.Precondition:    {fault.PlanRequired, "PLAN_REQUIRED"},
		fault.Limited:         {fault.RateLimited, CodeRateLimited},
	}
	if len(want) != len(fault.Kinds) {
		t.Fatalf("%d kinds are tested of %d", len(want), len(fault.Kinds))
	}
	for _, kind := range fault.Kinds {
		c := want[kind]
		if c.code.Kind() != kind {
			t.Fatalf("%s is not of the kind %s", c.code, kind)
		}
		h, heard := edge(&stub{viewer: func(context.Context) (*model.Viewer, error) {
			return nil, fault.New(c.code, "What happened.").Because(errors.New("swordfish"))
		}})
		got := post(t, h, known(t.Context()), "{ viewer { kind } }")
		if got.status != statusPartial || len(got.body.Errors) != 1 || got.code() != string(c.as) {
			t.Errorf("%s: %d %s", kind, got.status, got.text)
			continue
		}
		e := got.body.Errors[0]
		if fmt.Sprint(e.Path) != "[viewer]" || len(e.Locations) != 1 || e.Extensions["requestId"] != "req-1" {
			t.Errorf("%s: %+v", kind, e)
		}
		if internal := kind == fault.Internal; (e.Message == internalMessage) != internal || strings.Contains(heard.String(), "swordfish") != internal {
			t.Errorf("%s: message %q, log %q", kind, e.Message, heard)
		}
		if strings.Contains(got.text, "swordfish") {
			t.Errorf("%s: the cause is shown: %s", kind, got.text)
		}
	}
}

func TestUnknownErrorsAreLoggedAndHidden(t *testing.T) {
	h, heard := edge(&stub{viewer: func(context.Context) (*model.Viewer, error) {
		return nil, errors.New("connection to 10.0.0.1 refused")
	}})
	got := post(t, h, known(t.Context()), "{ viewer { kind } }")
	if got.code() != string(CodeInternal) || got.body.Errors[0].Message != internalMessage || strings.Contains(got.text, "10.0.0.1") {
		t.Errorf("%s", got.text)
	}
	if log := heard.String(); !strings.Contains(log, "10.0.0.1") || !strings.Contains(log, "viewer") {
		t.Errorf("the log: %s", log)
	}
}

// A panic ends one field and tells its place to the log; what it holds and the
// stack go nowhere.
func TestPanics(t *testing.T) {
	for name, cause := range map[string]func(){
		"a value":         func() { panic("rck_swordfish") },
		"an error":        func() { panic(errors.New("rck_swordfish")) },
		"a runtime error": func() { var p *reply; _ = p.status },
	} {
		t.Run(name, func(t *testing.T) {
			h, heard := edge(&stub{viewer: func(context.Context) (*model.Viewer, error) { cause(); return nil, nil }})
			got := post(t, h, known(t.Context()), "{ viewer { kind } __typename }")
			if got.status != statusPartial || got.code() != string(CodeInternal) || !strings.Contains(got.text, `"__typename":"Query"`) {
				t.Errorf("%d %s", got.status, got.text)
			}
			log := heard.String()
			heard.MustNotHold(t, "rck_swordfish", "goroutine", ".go:")
			if !strings.Contains(log, "TestPanics") || strings.Count(log, "level=ERROR") != 1 {
				t.Errorf("the log: %s", log)
			}
		})
	}
}

// A panic outside of every field is answered as well.
func TestPanicOutsideOfFields(t *testing.T) {
	h, heard := edge(&stub{})
	h.batches = func(context.Context) context.Context { panic("rck_swordfish") }
	got := post(t, h, known(t.Context()), "{ viewer { kind } }")
	if got.status != http.StatusInternalServerError || got.code() != string(CodeInternal) || strings.Contains(got.text, `"data"`) {
		t.Errorf("%d %s", got.status, got.text)
	}
	heard.MustNotHold(t, "rck_swordfish")
}

func TestAtMostTwentyErrors(t *testing.T) {
	got := post(t, quiet(&stub{}), known(t.Context()), "{viewer{"+numbered(200, "f%d ")+"}}")
	if len(got.body.Errors) != maxErrors {
		t.Errorf("%d errors before execution", len(got.body.Errors))
	}
	h := quiet(&stub{nodes: func(context.Context, []string) ([]model.Node, error) {
		out := make([]model.Node, 60)
		for i := range out {
			out[i] = strange{} // no type of the schema: each element fails
		}
		return out, nil
	}})
	got = post(t, h, known(t.Context()), `{ nodes(ids: []) { id } }`)
	if len(got.body.Errors) != maxErrors || got.code() != string(CodeInternal) {
		t.Errorf("%d errors of execution: %s", len(got.body.Errors), got.text)
	}
}

type strange struct{}

func (strange) IsNode()          {}
func (strange) GlobalID() string { return "" }

func TestArgumentsThatCannotBeRead(t *testing.T) {
	h, heard := edge(&stub{})
	for _, c := range []struct {
		document  string
		variables map[string]any
		says      string
	}{
		{`mutation($r: Role!) { updateMembership(input: {membershipId: "x", role: $r}) { clientMutationId } }`, map[string]any{"r": "admin"}, "role"},
		{`mutation($i: UpdateMembershipInput!) { updateMembership(input: $i) { clientMutationId } }`, map[string]any{"i": map[string]any{"membershipId": "x", "role": "admin"}}, "role"},
		{`mutation($d: DateTime) { createScimToken(input: {teamId: "x", name: "y", expiresAt: $d}) { clientMutationId } }`, map[string]any{"d": "swordfish"}, "DateTime"},
		{`mutation($d: DateTime) { createScimToken(input: {teamId: "x", name: "y", expiresAt: $d}) { clientMutationId } }`, map[string]any{"d": 12}, "DateTime"},
		{`mutation($u: URL!) { createIdentityProvider(input: {teamId: "x", entityId: "y", ssoUrl: $u, certificates: []}) { clientMutationId } }`, map[string]any{"u": "swordfish"}, "URL"},
	} {
		got := post(t, h, known(t.Context()), c.document, c.variables)
		if got.code() != string(CodeBadUserInput) || !strings.Contains(got.text, c.says) || strings.Contains(got.text, "swordfish") {
			t.Errorf("%s: %s", c.document, got.text)
		}
	}
	if log := heard.String(); strings.Contains(log, "ERROR") {
		t.Errorf("mistakes of clients in the log: %s", log)
	}
	got := post(t, h, known(t.Context()), `query($s: String!) { team(slug: $s) { id } }`)
	if m := got.body.Errors[0]; got.code() != string(CodeBadUserInput) || !strings.Contains(m.Message, "variable s") || m.Path != nil {
		t.Errorf("a missing variable: %s", got.text)
	}
}

// Work ends when the client leaves, and nobody is written to.
func TestClientLeaves(t *testing.T) {
	ctx, leave := context.WithCancel(known(t.Context()))
	h, heard := edge(&stub{viewer: func(ctx context.Context) (*model.Viewer, error) {
		leave()
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(http.MethodPost, "/graphql", `{"query":"{ viewer { kind } }"}`, asJSON).WithContext(ctx))
	if w.Body.Len() != 0 {
		t.Errorf("somebody who left is answered %s", w.Body)
	}
	if log := heard.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("a client that leaves is no error: %s", log)
	}
}

func TestLongMessagesAreCut(t *testing.T) {
	got := post(t, quiet(&stub{}), known(t.Context()), "{viewer{"+strings.Repeat("x", 10_000)+"}}")
	if len(got.text) > 1000 || got.code() != string(CodeValidationFailed) {
		t.Errorf("%d bytes: %.100s", len(got.text), got.text)
	}
}
