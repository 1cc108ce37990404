package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
)

// Options are what a Handler needs.
type Options struct {
	Resolvers ResolverRoot
	Log       *slog.Logger
	Now       func() time.Time
	// Batches gives a context fresh batch loaders. It is called once for a query
	// and once for each root field of a mutation, so that what a later field reads
	// is not what an earlier one has changed since.
	Batches func(context.Context) context.Context
	// AnonymousIntrospection lets callers without a credential read the schema.
	AnonymousIntrospection bool
	// RateLimit gives every caller a budget of points.
	RateLimit bool
	// Trusted are the only documents that callers without a key may send; nil is
	// any document.
	Trusted *Trusted
}

// Handler serves GraphQL over HTTP. It expects the server around it to have put
// the access.Actor and the access.Request into the context.
type Handler struct {
	log                    *slog.Logger
	schema                 *ast.Schema
	exec                   *executor.Executor
	batches                func(context.Context) context.Context
	documents              *documents
	persisted              *persisted
	trusted                *Trusted // nil where every document is as good
	streams                *streams
	keepAlive, sendWithin  time.Duration // of streams
	now                    func() time.Time
	budgets                *budgets // nil where nothing is limited
	limits                 Limits
	anonymousIntrospection bool
}

// NewHandler builds the endpoint.
func NewHandler(o Options) *Handler {
	contract := withoutDefer(NewExecutableSchema(Config{}).Schema())
	h := &Handler{
		log: o.Log, schema: contract, batches: o.Batches,
		documents: newDocuments(), persisted: newPersisted(), trusted: o.Trusted, streams: newStreams(), keepAlive: keepAlive, sendWithin: sendWithin, now: o.Now, limits: DefaultLimits, anonymousIntrospection: o.AnonymousIntrospection,
	}
	if o.RateLimit {
		h.budgets = newBudgets(o.Now)
	}
	executable := NewExecutableSchema(Config{
		Schema: contract, Resolvers: o.Resolvers, Directives: DirectiveRoot{Auth: auth}, Complexity: costs(),
	})
	h.exec = executor.New(executable)
	h.exec.SetErrorPresenter(h.present)
	h.exec.SetRecoverFunc(h.recover)
	h.exec.SetQueryCache(handover{})
	h.exec.Use(authorize{h})
	h.exec.Use(costLimit{priced{executable}})
	h.exec.AroundRootFields(h.freshBatches)
	h.exec.AroundResponses(h.freshForEvent)
	return h
}

// withoutDefer is the contract without the directive @defer, which the parser
// brings along: an answer is one document, never a stream of parts.
func withoutDefer(parsed *ast.Schema) *ast.Schema {
	contract := *parsed
	contract.Directives = maps.Clone(parsed.Directives)
	delete(contract.Directives, "defer")
	return &contract
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	harden(w.Header())
	ctx := graphql.StartOperationTrace(r.Context())
	mediaType, acceptable := negotiate(r.Header.Values("Accept"))
	streams := wantsStream(r.Header.Values("Accept"))
	if streams && !acceptable {
		mediaType = graphqlJSON // of refusals; its statuses say what happened
	}
	defer func() {
		if cause := recover(); cause != nil {
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause) // net/http's own way to drop a connection
			}
			_ = h.recover(ctx, cause)
			writeRefusal(ctx, w, mediaType, refuse(CodeInternal, internalMessage))
		}
	}()
	// 1. The method, and a media type for the answer.
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		writeRefusal(ctx, w, mediaType, refuse(CodeMethodNotAllowed, "Use POST, or GET for queries."))
		return
	}
	if !acceptable && !streams {
		writeRefusal(ctx, w, mediaType, refuse(CodeNotAcceptable, "Answers are "+graphqlJSON+" or "+plainJSON+", or "+eventStream+" for subscriptions."))
		return
	}
	// 2. The parameters.
	p, no := read(w, r)
	if no != nil {
		writeRefusal(ctx, w, mediaType, no)
		return
	}
	// 3. The document: within the limits and valid.
	hash, no := h.resolve(ctx, &p)
	if no != nil {
		writeRefusal(ctx, w, mediaType, no)
		return
	}
	doc, no := h.document(ctx, p.query)
	if no != nil {
		writeRefusal(ctx, w, mediaType, no)
		return
	}
	h.persisted.remember(ctx, hash, p.query)
	// 4. The operation: found, safe for the method, its variables good, allowed, affordable.
	chosen := doc.Operations.ForName(p.operationName)
	if chosen == nil {
		writeRefusal(ctx, w, mediaType, refuse(CodeValidationFailed, "Which operation? There is none of the name that operationName says, or there are several and it says none."))
		return
	}
	subscribes := chosen.Operation == ast.Subscription
	if chosen.Operation == ast.Mutation && r.Method == http.MethodGet || subscribes && r.Method == http.MethodGet && !streams {
		w.Header().Set("Allow", "POST")
		writeRefusal(ctx, w, mediaType, refuse(CodeMethodNotAllowed, "GET is for queries; use POST."))
		return
	}
	if subscribes && !streams {
		writeRefusal(ctx, w, mediaType, refuse(CodeNotAcceptable, "A subscription is answered as server-sent events: Accept: "+eventStream+"."))
		return
	}
	op, errs := h.exec.CreateOperationContext(withDocument(ctx, doc), &graphql.RawParams{
		Query: p.query, OperationName: p.operationName, Variables: p.variables, Extensions: p.extensions,
	})
	if len(errs) > 0 {
		writeRefusal(ctx, w, mediaType, beforeExecution(errs))
		return
	}
	// 5. The budget.
	ctx, no = h.charge(ctx, w, op)
	if no != nil {
		writeRefusal(ctx, w, mediaType, no)
		return
	}
	// 6. The answer. When the client has left, its context has ended and there is
	// nobody to write to.
	if subscribes || !acceptable {
		h.stream(ctx, w, op)
		return
	}
	respond, ctx := h.exec.DispatchOperation(h.withBatches(ctx), op)
	if res := respond(ctx); res != nil && ctx.Err() == nil {
		writeResult(w, mediaType, res)
	}
}

// charge takes the operation's cost from the caller's budget and tells of it.
func (h *Handler) charge(ctx context.Context, w http.ResponseWriter, op *graphql.OperationContext) (context.Context, *refusal) {
	if h.budgets == nil {
		return ctx, nil
	}
	cost, _ := op.Stats.GetExtension(costLimit{}.ExtensionName()).(int)
	left, wait, ok := h.budgets.spend(caller(ctx), cost)
	left.announce(w.Header(), h.budgets.now())
	if !ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		return ctx, refuse(CodeRateLimited, fmt.Sprintf("The operation costs %d points and %d are left; wait as long as Retry-After says.", cost, left.Remaining))
	}
	return context.WithValue(ctx, budgetKey{}, left), nil
}

func (h *Handler) withBatches(ctx context.Context) context.Context {
	if h.batches == nil {
		return ctx
	}
	return h.batches(ctx)
}

// freshBatches runs each root field of a mutation with loaders of its own.
func (h *Handler) freshBatches(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Mutation {
		ctx = h.withBatches(ctx)
	}
	return next(ctx)
}

// freshForEvent answers each event of a subscription with loaders of its own, so
// that it does not show what an earlier one remembered.
func (h *Handler) freshForEvent(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
		ctx = h.withBatches(ctx)
	}
	return next(ctx)
}
