package graph

import (
	"context"
	"errors"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"rollcall/access"
)

// suggestibleText is the longest text that gets suggestions: they compare every
// unknown name with all known ones, letter by letter.
const suggestibleText = 16 << 10

// document turns the text of a request into a document that is valid and
// within the limits. Only documents of known callers are remembered.
func (h *Handler) document(ctx context.Context, text string) (*ast.QueryDocument, *refusal) {
	known := access.From(ctx).Known()
	introspects := h.mayIntrospect(ctx)
	if doc := h.documents.get(text); doc != nil {
		return doc, h.introspection(doc, introspects)
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, h.limits.Tokens)
	if err != nil {
		return nil, parseRefusal(err)
	}
	if len(doc.Operations) == 0 {
		return nil, refuse(CodeValidationFailed, "The document holds no operation.")
	}
	if no := h.limits.check(doc); no != nil {
		return nil, no
	}
	if no := h.introspection(doc, introspects); no != nil {
		return nil, no
	}
	if errs := validator.ValidateWithRules(h.schema, doc, newRules(introspects && len(text) <= suggestibleText)); len(errs) > 0 {
		return nil, &refusal{code: CodeValidationFailed, errors: withoutValues(errs)}
	}
	if known {
		h.documents.put(text, doc)
	}
	return doc, nil
}

// parseRefusal tells where a text stops being a document.
func parseRefusal(err error) *refusal {
	var e *gqlerror.Error
	if !errors.As(err, &e) {
		return refuse(CodeParseFailed, "The document cannot be read.")
	}
	if strings.HasPrefix(e.Message, "exceeded token limit") {
		return refuse(CodeDocumentTooLarge, "The document has more tokens than the limit.")
	}
	if strings.HasPrefix(e.Message, "exceeded maximum nesting depth") {
		return refuse(CodeDocumentTooDeep, "The document is nested deeper than the limit.")
	}
	return &refusal{code: CodeParseFailed, errors: gqlerror.List{e}}
}

// withoutValues takes out of errors the values that stood in the document: one may
// be a secret that somebody put where another value belongs.
func withoutValues(errs gqlerror.List) gqlerror.List {
	for _, e := range errs {
		if what, _, repeats := strings.Cut(e.Message, " value: "); repeats {
			e.Message = what + " value."
		}
	}
	return errs
}

// mayIntrospect reports whether the caller may read the schema through the API.
func (h *Handler) mayIntrospect(ctx context.Context) bool {
	return h.anonymousIntrospection || access.From(ctx).Known()
}

// introspection refuses documents that read the schema where the caller may not.
// The name of one type, asked for by that name, is no reading: it tells nothing,
// and clients probe a server with it.
func (h *Handler) introspection(doc *ast.QueryDocument, allowed bool) *refusal {
	if allowed {
		return nil
	}
	reads := false
	for _, op := range doc.Operations {
		reads = reads || readsSchema(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		reads = reads || readsSchema(f.SelectionSet)
	}
	if reads {
		return refuse(CodeNoIntrospection, "Sign in or send an API key to read the schema here.")
	}
	return nil
}

// readsSchema looks for the two fields that lead to the schema; both belong to
// the root of a query, so there is no need to look below other fields.
func readsSchema(set ast.SelectionSet) bool {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			if sel.Name == "__schema" || sel.Name == "__type" && !onlyName(sel.SelectionSet) {
				return true
			}
		case *ast.InlineFragment:
			if readsSchema(sel.SelectionSet) {
				return true
			}
		}
	}
	return false
}

// onlyName reports whether nothing but a type's name and kind is asked for.
func onlyName(set ast.SelectionSet) bool {
	for _, sel := range set {
		f, plain := sel.(*ast.Field)
		if !plain || f.Name != "name" && f.Name != "kind" && f.Name != "__typename" {
			return false
		}
	}
	return true
}

// handover gives the executor the document that was judged here instead of
// letting it parse and validate the text again.
type handover struct{}

type handoverKey struct{}

func withDocument(ctx context.Context, doc *ast.QueryDocument) context.Context {
	return context.WithValue(ctx, handoverKey{}, doc)
}

// Get implements graphql.Cache.
func (handover) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	doc, ok := ctx.Value(handoverKey{}).(*ast.QueryDocument)
	return doc, ok
}

// Add implements graphql.Cache.
func (handover) Add(context.Context, string, *ast.QueryDocument) {}
