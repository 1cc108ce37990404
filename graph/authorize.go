package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

// public are the root fields that callers without a credential reach. Whatever
// is not named here is denied to them, in operations of every kind.
var public = map[ast.Operation]map[string]bool{
	ast.Query:        {"viewer": true, "__typename": true},
	ast.Mutation:     {"__typename": true, "acceptInvitation": true},
	ast.Subscription: {},
}

// authorize is the one place that every operation passes before anything of it
// runs. It judges who may start; what they may do is for the domain's verbs to
// say, each by access.Require.
type authorize struct{ handler *Handler }

// ExtensionName implements graphql.HandlerExtension.
func (authorize) ExtensionName() string { return "Authorize" }

// Validate implements graphql.HandlerExtension.
func (authorize) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (a authorize) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	introspects := a.handler.mayIntrospect(ctx)
	// Which documents may read of the schema has been judged, the text in hand.
	op.DisableIntrospection = false
	if access.From(ctx).Unverified {
		return unconfirmed(op)
	}
	switch access.From(ctx).Kind {
	case access.Operator, access.Person, access.Key:
		return nil
	case access.Anonymous:
	default:
		return coded(CodeForbidden, "The credential does not open this API.")
	}
	open := public[op.Operation.Operation]
	for _, name := range rootFields(op.Doc, op.Operation.SelectionSet) {
		introspection := name == "__type" || name == "__schema" && introspects
		if !open[name] && !introspection {
			return coded(CodeUnauthenticated, fmt.Sprintf("Sign in or send an API key to use %s.", name))
		}
	}
	return nil
}

// unconfirmed lets somebody who has to confirm their e-mail address see who they
// are and nothing else.
func unconfirmed(op *graphql.OperationContext) *gqlerror.Error {
	for _, name := range rootFields(op.Doc, op.Operation.SelectionSet) {
		if op.Operation.Operation != ast.Query || name != "viewer" && name != "__typename" {
			f := access.Unconfirmed()
			return coded(f.Code, f.Message)
		}
	}
	return nil
}

// rootFields are the names of an operation's root fields, spreads followed,
// each fragment once.
func rootFields(doc *ast.QueryDocument, set ast.SelectionSet) []string {
	var names []string
	seen := map[string]bool{}
	var collect func(set ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				names = append(names, sel.Name)
			case *ast.InlineFragment:
				collect(sel.SelectionSet)
			case *ast.FragmentSpread:
				if f := doc.Fragments.ForName(sel.Name); f != nil && !seen[sel.Name] {
					seen[sel.Name] = true
					collect(f.SelectionSet)
				}
			}
		}
	}
	collect(set)
	return names
}

// auth is the directive @auth: the coarse gate for the scopes of API keys. It
// runs for every object that has the field, so it reads nothing but the context.
func auth(ctx context.Context, _ any, next graphql.Resolver, scope models.Scope) (any, error) {
	if !access.From(ctx).HasScope(scope) {
		return nil, fault.New(fault.Forbidden, "The API key needs the scope %s.", scope)
	}
	return next(ctx)
}

// coded is an error of a request that is not executed.
func coded(code Code, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": string(code)}}
}
