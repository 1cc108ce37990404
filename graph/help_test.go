package graph

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/graph/model"
	"rollcall/internal/housetest"
	"rollcall/models"
)

// stub answers the few fields that the tests of the edge ask for. Every other
// resolver is missing: reaching one is a panic, which a test would see.
type stub struct {
	ResolverRoot
	viewer func(context.Context) (*model.Viewer, error)
	nodes  func(context.Context, []string) ([]model.Node, error)
}

func (s *stub) Query() QueryResolver       { return stubQuery{stub: s} }
func (s *stub) Mutation() MutationResolver { return stubMutation{} }
func (s *stub) Viewer() ViewerResolver     { return stubViewer{} }

type stubQuery struct {
	QueryResolver
	stub *stub
}

func (q stubQuery) Viewer(ctx context.Context) (*model.Viewer, error) {
	if q.stub.viewer == nil {
		return nil, nil
	}
	return q.stub.viewer(ctx)
}

func (q stubQuery) Team(_ context.Context, slug string) (*models.Team, error) {
	return &models.Team{Slug: slug}, nil
}

func (q stubQuery) Nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	return q.stub.nodes(ctx, ids)
}

type stubMutation struct{ MutationResolver }

func (stubMutation) UpdateMembership(context.Context, model.UpdateMembershipInput) (*model.UpdateMembershipPayload, error) {
	return &model.UpdateMembershipPayload{UserErrors: []*model.UserError{}}, nil
}

type stubViewer struct{ ViewerResolver }

func (stubViewer) User(context.Context, *model.Viewer) (*models.User, error) {
	return &models.User{Email: "ada@acme.test"}, nil
}

// edge is a handler with a log that can be read.
func edge(s *stub) (*Handler, *housetest.Log) {
	log, heard := housetest.NewLog()
	return NewHandler(Options{Resolvers: s, Log: log}), heard
}

// quiet is a handler for tests that do not look at the log.
func quiet(s *stub) *Handler {
	return NewHandler(Options{Resolvers: s, Log: slog.New(slog.DiscardHandler)})
}

// reply is an answer as a client sees it.
type reply struct {
	status int
	header http.Header
	text   string
	body   struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Message    string         `json:"message"`
			Path       []any          `json:"path"`
			Locations  []any          `json:"locations"`
			Extensions map[string]any `json:"extensions"`
		} `json:"errors"`
	}
}

// code is that of the first error, empty without one.
func (r reply) code() string {
	if len(r.body.Errors) == 0 {
		return ""
	}
	c, _ := r.body.Errors[0].Extensions["code"].(string)
	return c
}

// known is somebody who may do everything.
func known(ctx context.Context) context.Context {
	return access.WithRequest(housetest.AsOperator(ctx), access.Request{ID: "req-1"})
}

// nobody is a caller without a credential.
func nobody(ctx context.Context) context.Context {
	return access.WithRequest(ctx, access.Request{ID: "req-1"})
}

// serve sends one request to the handler.
func serve(t *testing.T, h http.Handler, ctx context.Context, r *http.Request) reply {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(ctx))
	text, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	out := reply{status: w.Code, header: w.Header(), text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out.body); err != nil {
			t.Fatalf("the answer is not JSON: %q", text)
		}
	}
	return out
}

// post sends a document as a modern client does.
func post(t *testing.T, h http.Handler, ctx context.Context, query string, variables ...map[string]any) reply {
	t.Helper()
	body := map[string]any{"query": query}
	if len(variables) > 0 {
		body["variables"] = variables[0]
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", graphqlJSON)
	return serve(t, h, ctx, r)
}
