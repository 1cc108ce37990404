package graph

import (
	"context"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/complexity"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"rollcall/access"
	"rollcall/graph/model"
	"rollcall/models"
)

// What an operation may cost, by kind of caller.
const (
	costKnown     = 5000
	costAnonymous = 200
)

// What fields cost. Scalars and enums are free, objects cost one.
const (
	costList     = 2 // of a connection, beside its elements
	costCount    = 10
	costMutation = 10
	costFetch    = 50 // of asking another host
	costSearch   = 10 // of a list that grows all the time, beside the page
	fewElements  = 3  // how many elements a plain list is taken to have
)

// saturate keeps products of costs from overflowing.
func saturate(n, each int) int {
	if n <= 0 || each <= 0 {
		return 0
	}
	if each > saturated/n {
		return saturated
	}
	return n * each
}

// costs are the functions for the fields whose cost is not the usual one of
// their kind, which priced knows.
func costs() ComplexityRoot {
	var c ComplexityRoot
	c.Query.Nodes = func(child int, ids []string) int { return 1 + saturate(len(ids), child) }
	c.Query.AuditEvents = func(child int, first *int, _ *string, last *int, _ *string, _ *model.AuditEventFilter, _ *string, _ *model.OrderDirection) int {
		return costSearch + costOfPage(child, first, last)
	}
	c.Team.Memberships = func(child int, first *int, _ *string, last *int, _ *string, f *model.MembershipFilter, _ *model.MembershipOrder) int {
		cost := costOfPage(child, first, last)
		if f != nil && f.Search.Value() != nil {
			cost += costSearch
		}
		return cost
	}
	c.Team.AuditEvents = func(child int, first *int, _ *string, last *int, _ *string, _ *model.AuditEventFilter, _ *model.OrderDirection) int {
		return costSearch + costOfPage(child, first, last)
	}
	c.Team.LoginAttempts = func(child int, first *int, _ *string, last *int, _ *string, _ *model.LoginAttemptFilter) int {
		return costSearch + costOfPage(child, first, last)
	}
	c.Team.IdentityConflicts = func(child int, first *int, _ *string, last *int, _ *string, _ *model.IdentityConflictFilter) int {
		return costSearch + costOfPage(child, first, last)
	}
	c.Team.Mails = func(child int, first *int, _ *string, last *int, _ *string, _ []models.MailState) int {
		return costSearch + costOfPage(child, first, last)
	}
	c.SystemInfo.Jobs = func(child int) int { return add(costSearch, child) }
	c.Query.EnforcementPreview = func(child int, _ string) int { return add(costSearch, child) }
	c.Mutation.PreviewRoleRules = func(child int, input model.PreviewRoleRulesInput) int {
		return costFetch + costOfPage(child, input.First.Value())
	}
	c.Mutation.RefreshMetadata = func(child int, _ model.RefreshMetadataInput) int { return add(costFetch, child) }
	c.Mutation.ImportMetadata = func(child int, _ model.ImportMetadataInput) int { return add(costFetch, child) }
	c.Mutation.PreviewMetadata = func(child int, _ model.PreviewMetadataInput) int { return add(costFetch, child) }
	c.Mutation.VerifyDomain = func(child int, _ model.VerifyDomainInput) int { return add(costFetch, child) }
	return c
}

// priced is a contract whose fields cost what costs says and otherwise what their
// kind does: a field with `first` is a list of pages, a plain list holds a few, a
// count is paid for. A list that is added to the contract has its cost by that.
type priced struct{ graphql.ExecutableSchema }

// Complexity implements graphql.ExecutableSchema.
func (p priced) Complexity(ctx context.Context, typeName, fieldName string, child int, args map[string]any) (int, bool) {
	if cost, own := p.ExecutableSchema.Complexity(ctx, typeName, fieldName, child, args); own {
		return cost, true
	}
	def := p.Schema().Types[typeName]
	if def == nil {
		return 0, false
	}
	field := def.Fields.ForName(fieldName)
	switch {
	case field == nil:
		return 0, false
	case fieldName == "totalCount":
		return costCount, true
	case field.Arguments.ForName("first") != nil:
		return costOfPage(child, sizeOf(args, "first"), sizeOf(args, "last")), true
	case field.Type.Elem != nil && !strings.HasSuffix(typeName, "Connection"): // a connection has paid for its lists
		return add(1, saturate(fewElements, child)), true
	default:
		return 0, false
	}
}

// sizeOf is the size of a page in the arguments of a field, nil where there is none.
func sizeOf(args map[string]any, name string) *int {
	v, given := args[name]
	if !given || v == nil {
		return nil
	}
	n, err := graphql.UnmarshalInt(v)
	if err != nil {
		n = maxPage // it will be refused
	}
	return &n
}

// costOfPage is the cost of a list with pages of one of the sizes.
func costOfPage(child int, sizes ...*int) int {
	n := defaultPage
	for _, size := range sizes {
		if size != nil {
			n = min(max(*size, 1), maxPage) // what is out of range is refused later
		}
	}
	return costList + saturate(n, child)
}

// costLimit refuses operations that cost too much. It follows every spread, so
// it relies on Limits.Expanded to have bounded the operation before.
type costLimit struct{ schema graphql.ExecutableSchema }

// ExtensionName implements graphql.HandlerExtension.
func (costLimit) ExtensionName() string { return "CostLimit" }

// Validate implements graphql.HandlerExtension.
func (costLimit) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (c costLimit) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	most := costAnonymous
	if access.From(ctx).Known() {
		most = costKnown
	}
	cost := complexity.Calculate(ctx, c.schema, op.Operation, op.Variables, complexity.WithFixedScalarValue(0))
	if op.Operation.Operation == ast.Mutation {
		cost = add(cost, saturate(costMutation, len(rootFields(op.Doc, op.Operation.SelectionSet))))
	}
	op.Stats.SetExtension(c.ExtensionName(), cost)
	if cost > most {
		return coded(CodeTooComplex, fmt.Sprintf("The operation costs %d points; the limit is %d. Ask for smaller pages or fewer fields.", cost, most))
	}
	return nil
}
