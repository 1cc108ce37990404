package graph

import (
	"context"
	"fmt"

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

func costOfPage(child int, sizes ...*int) int {
	n := defaultPage
	for _, size := range sizes {
		if size != nil {
			n = min(max(*size, 1), maxPage) // what is out of range is refused later
		}
	}
	return costList + saturate(n, child)
}

func costOfFew(child int) int { return 1 + saturate(fewElements, child) }

// costs are the functions for the fields whose cost is not the usual one.
func costs() ComplexityRoot {
	var c ComplexityRoot
	c.Query.Teams = func(child int, first *int, _ *string, last *int, _ *string) int {
		return costOfPage(child, first, last)
	}
	c.Query.Nodes = func(child int, ids []string) int { return 1 + saturate(len(ids), child) }
	c.Query.AuditEvents = func(child int, first *int, _ *string, last *int, _ *string, _ *model.AuditEventFilter, _ *string, _ *model.OrderDirection) int {
		return costSearch + costOfPage(child, first, last)
	}
	c.Team.Memberships = func(child int, first *int, _ *string, last *int, _ *string, _ *model.MembershipFilter, _ *model.MembershipOrder) int {
		return costOfPage(child, first, last)
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
	c.Mutation.PreviewRoleRules = func(child int, input model.PreviewRoleRulesInput) int {
		return costFetch + costOfPage(child, input.First.Value())
	}
	c.SsoSettings.RoleRules = costOfFew
	plain := func(child int, first *int, _ *string, last *int, _ *string) int {
		return costOfPage(child, first, last)
	}
	c.Query.Teams, c.Team.Sessions, c.Team.APIKeys, c.Membership.Sessions, c.Membership.APIKeys = plain, plain, plain, plain, plain
	c.Team.Groups, c.Team.ScimCalls, c.IdentityProvider.ExpiredCertificates = plain, plain, plain
	c.Team.Mails = func(child int, first *int, _ *string, last *int, _ *string, _ []models.MailState) int {
		return costSearch + costOfPage(child, first, last)
	}
	c.IdentityProvider.StagedCertificates = costOfFew
	c.Team.GroupRoleMappings = costOfFew
	c.Team.ScimTokens = costOfFew
	c.SsoSettings.IdentityProviders = costOfFew
	c.SsoSettings.Certificates = costOfFew
	c.IdentityProvider.Certificates = costOfFew
	c.Query.IdentityProviderPresets = costOfFew
	counted := func(int) int { return costCount }
	c.TeamConnection.TotalCount, c.MembershipConnection.TotalCount = counted, counted
	c.SessionConnection.TotalCount, c.ApiKeyConnection.TotalCount = counted, counted
	c.AuditEventConnection.TotalCount, c.LoginAttemptConnection.TotalCount = counted, counted
	c.GroupConnection.TotalCount, c.ScimCallConnection.TotalCount = counted, counted
	c.CertificateConnection.TotalCount, c.MailConnection.TotalCount = counted, counted
	c.SystemInfo.Jobs = func(child int) int { return add(costSearch, child) }
	c.Mutation.RefreshMetadata = func(child int, _ model.RefreshMetadataInput) int { return add(costFetch, child) }
	c.Mutation.ImportMetadata = func(child int, _ model.ImportMetadataInput) int { return add(costFetch, child) }
	return c
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
