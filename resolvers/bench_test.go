package resolvers

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"

	"rollcall/access"
	"rollcall/account"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// pageOf50 is the page that performance is held to: fifty members with users.
const pageOf50 = `{"query":"{ team(slug: \"acme\") { id memberships(first: 50) { pageInfo { hasNextPage endCursor } nodes { id role status source roleSource user { id email name } } } } }"}`

// constant answers the page out of memory: what is left is gqlgen's own work.
type constant struct {
	*Resolver
	team  models.Team
	rows  []*models.Membership
	users map[models.ID]*models.User
}

type (
	constantQuery      struct{ graph.QueryResolver }
	constantTeam       struct{ graph.TeamResolver }
	constantMembership struct{ graph.MembershipResolver }
)

var fixed *constant

func (c *constant) Query() graph.QueryResolver { return constantQuery{c.Resolver.Query()} }
func (c *constant) Team() graph.TeamResolver   { return constantTeam{c.Resolver.Team()} }
func (c *constant) Membership() graph.MembershipResolver {
	return constantMembership{c.Resolver.Membership()}
}

func (constantQuery) Team(context.Context, string) (*models.Team, error) { return &fixed.team, nil }

func (constantTeam) Memberships(context.Context, *models.Team, *int, *string, *int, *string, *model.MembershipFilter, *model.MembershipOrder) (*model.MembershipConnection, error) {
	return &model.MembershipConnection{Nodes: fixed.rows, PageInfo: &model.PageInfo{}}, nil
}

func (constantMembership) User(_ context.Context, m *models.Membership) (*models.User, error) {
	return fixed.users[m.UserID], nil
}

// pass is the directive @auth without a question.
func pass(ctx context.Context, _ any, next graphql.Resolver, _ models.Scope) (any, error) {
	return next(ctx)
}

// filled is a resolver over acme with fifty-one members.
func filled(b *testing.B, db *models.DB) *Resolver {
	b.Helper()
	log, _ := housetest.NewLog()
	r := &Resolver{
		Roster: &roster.Service{DB: db, Now: time.Now, TombstoneKey: []byte(strings.Repeat("k", 32))},
		SSO:    &sso.Service{DB: db, Now: time.Now, BaseURL: baseURL}, Credentials: &credential.Store{DB: db, Now: time.Now},
		Account: &account.Service{DB: db, Now: time.Now},
		Audit:   &audit.Reader{DB: db}, Now: time.Now, Log: log,
	}
	ctx := housetest.AsOperator(b.Context())
	team, err := r.Roster.CreateTeam(ctx, roster.NewTeam{Slug: "acme", Name: "Acme", Plan: models.PlanEnterprise})
	if err != nil {
		b.Fatal(err)
	}
	fixed = &constant{Resolver: r, team: team, users: map[models.ID]*models.User{}}
	for i := range 51 {
		m, err := r.Roster.Add(ctx, roster.NewMember{TeamID: team.ID, Kind: models.KindPerson, Role: models.RoleMember,
			Person: roster.Person{Email: fmt.Sprintf("person%d@acme.test", i), Name: "A Person"}})
		if err != nil {
			b.Fatal(err)
		}
		if i < 50 {
			fixed.rows = append(fixed.rows, &m.Membership)
			fixed.users[m.UserID] = &m.User
		}
	}
	return r
}

func measure(b *testing.B, h http.Handler) {
	b.Helper()
	ctx := access.WithRequest(housetest.AsOperator(b.Context()), access.Request{ID: "req-1"})
	b.ReportAllocs()
	for b.Loop() {
		req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(pageOf50))
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code != 200 || w.Body.Len() < 5000 || strings.Contains(w.Body.String(), `"errors"`) {
			b.Fatalf("%d %s", w.Code, w.Body.String())
		}
	}
}

// bare does what gqlgen's own POST transport does and no more.
func bare(exec *executor.Executor) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		params := &graphql.RawParams{}
		ctx := graphql.StartOperationTrace(r.Context())
		if err := json.NewDecoder(r.Body).Decode(params); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		op, errs := exec.CreateOperationContext(ctx, params)
		if errs != nil {
			http.Error(w, errs.Error(), http.StatusBadRequest)
			return
		}
		respond, ctx := exec.DispatchOperation(ctx, op)
		_ = json.NewEncoder(w).Encode(respond(ctx))
	})
}

// The floor is gqlgen alone, on the same contract: no limits, no database.
func BenchmarkPageFloor(b *testing.B) {
	filled(b, housetest.SQLite(b))
	exec := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: fixed, Directives: graph.DirectiveRoot{Auth: pass}}))
	exec.SetQueryCache(graphql.MapCache[*ast.QueryDocument]{})
	measure(b, bare(exec))
}

// The edge is everything of ours before the resolvers, without a database.
func BenchmarkPageEdge(b *testing.B) {
	r := filled(b, housetest.SQLite(b))
	measure(b, graph.NewHandler(graph.Options{Resolvers: fixed, Log: r.Log, Now: time.Now, Batches: r.withBatches, RateLimit: false}))
}

func BenchmarkPageSQLite(b *testing.B) { measure(b, Handler(filled(b, housetest.SQLite(b)))) }

func BenchmarkPagePostgres(b *testing.B) { measure(b, Handler(filled(b, housetest.Postgres(b)))) }
