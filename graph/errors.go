package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"rollcall/fault"
	"rollcall/graph/model"
)

// internalMessage is all that callers learn of our failures.
const internalMessage = "internal error"

// present turns an error that a field met into what the client sees of it. It
// never returns nil: gqlgen would call that a panic.
func (h *Handler) present(ctx context.Context, err error) *gqlerror.Error {
	shown := &gqlerror.Error{Path: graphql.GetPath(ctx)}
	var placed *gqlerror.Error
	if errors.As(err, &placed) {
		shown.Locations = placed.Locations
	}
	var code Code
	code, shown.Message = h.judge(ctx, err, placed)
	shown.Extensions = extensions(ctx, code)
	return shown
}

// judge finds the code and message for an error of a field. Whatever is not a
// fault and not a value that could not be read is a failure of ours.
func (h *Handler) judge(ctx context.Context, err error, placed *gqlerror.Error) (Code, string) {
	if f, ok := fault.As(err); ok {
		if code := codeOf(f); code != CodeInternal {
			return code, f.Message
		}
	} else if inArguments(ctx) {
		return CodeBadUserInput, argumentMessage(err, placed)
	}
	var caught recovered
	switch {
	case errors.As(err, &caught): // it was logged where it was caught
	case ctx.Err() != nil:
		h.log.InfoContext(ctx, "request ended early", "path", graphql.GetPath(ctx).String(), "reason", ctx.Err())
	default:
		h.log.ErrorContext(ctx, "field failed", "path", graphql.GetPath(ctx).String(), "error", err)
	}
	return CodeInternal, internalMessage
}

// inArguments reports whether the context is that of a field whose arguments are
// being read: gqlgen sets Args when it is done with them.
func inArguments(ctx context.Context) bool {
	fc := graphql.GetFieldContext(ctx)
	return fc != nil && fc.Args == nil && fc.Field.Field != nil && fc.Field.Definition != nil && len(fc.Field.Definition.Arguments) > 0
}

// argumentMessage names the value that could not be read, without repeating it.
func argumentMessage(err error, placed *gqlerror.Error) string {
	what := "An argument"
	if placed != nil && len(placed.Path) > 0 {
		// The path leads through the field to the value; names before the first
		// argument are those of the field.
		what = "The value " + valuePath(placed.Path)
	}
	var bad model.BadInput
	if errors.As(err, &bad) {
		return what + " cannot be used: " + bad.Error() + "."
	}
	return what + " does not fit its type."
}

// valuePath writes the path of an input value: input.scopes.0.
func valuePath(path ast.Path) string {
	parts := make([]string, 0, len(path))
	for _, p := range path {
		parts = append(parts, fmt.Sprint(p))
	}
	return strings.Join(parts, ".")
}

// recovered is a panic that was caught and logged.
type recovered struct{}

func (recovered) Error() string { return internalMessage }

// recover logs a caught panic: what sort it was and where, never a stack or a
// value, which could hold a secret.
func (h *Handler) recover(ctx context.Context, cause any) error {
	what, where := fault.Caught(cause)
	h.log.ErrorContext(ctx, "panic", "what", what, "where", where)
	return recovered{}
}

// beforeExecution is the refusal of an operation that the executor did not
// take: an unknown operation name, a variable that does not fit, or one of our
// own checks.
func beforeExecution(errs gqlerror.List) *refusal {
	no := &refusal{code: CodeValidationFailed}
	for _, e := range errs {
		if code, ok := e.Extensions["code"].(string); ok {
			no.code = Code(code)
		}
		if len(e.Path) > 0 { // of a variable, not of a field in the answer
			no.code = CodeBadUserInput
			e = &gqlerror.Error{Message: fmt.Sprintf("The %s: %s.", strings.Replace(valuePath(e.Path), ".", " ", 1), e.Message), Locations: e.Locations}
		}
		no.errors = append(no.errors, e)
	}
	return no
}
