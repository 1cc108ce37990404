package resolvers

import (
	"github.com/99designs/gqlgen/graphql"

	"rollcall/fault"
	"rollcall/graph/model"
	"rollcall/models"
)

// arguments reads the values of a mutation's input one after the other and keeps
// the first fault.
type arguments struct{ err error }

// id reads an id of one type.
func (in *arguments) id(p models.Prefix, text, field string) models.ID {
	id, err := models.ParseGlobal(p, text)
	if err != nil && in.err == nil {
		in.err = err
		if f, ok := fault.As(err); ok {
			in.err = f.On(field)
		}
	}
	return id
}

// keep reads a value of a partial change: left out is nil, for unchanged. A null
// would clear a value that cannot be without one.
func keep[T any](in *arguments, o graphql.Omittable[*T], field string) *T {
	v, given := o.ValueOK()
	if given && v == nil && in.err == nil {
		in.err = fault.New(fault.Required, "It cannot be null; leave it out to keep it as it is.").On(field)
	}
	return v
}

// text is an optional text, empty when left out.
func text(o graphql.Omittable[*string]) string {
	if v := o.Value(); v != nil {
		return *v
	}
	return ""
}

// some is a text that is null rather than empty.
func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// keepList is keep for a list.
func keepList[T any](in *arguments, o graphql.Omittable[[]T], field string) []T {
	v, given := o.ValueOK()
	if given && v == nil && in.err == nil {
		in.err = fault.New(fault.Required, "It cannot be null; leave it out to keep it as it is.").On(field)
	}
	if given && v != nil && len(v) == 0 {
		return []T{} // an empty list is not the same as none
	}
	return v
}

// orNone reads a text of a partial change that may be cleared: left out is nil,
// for unchanged, and null is "".
func orNone(o graphql.Omittable[*string]) *string {
	v, given := o.ValueOK()
	if given && v == nil {
		none := ""
		return &none
	}
	return v
}

// wholeMapping is the mapping of a partial change: left out is nil, for
// unchanged, and null is the empty one.
func wholeMapping(o graphql.Omittable[*model.AttributeMappingInput]) *models.AttributeMapping {
	v, given := o.ValueOK()
	if given && v == nil {
		return &models.AttributeMapping{}
	}
	return mapping(v)
}

func number(n int64) *int {
	out := int(n)
	return &out
}
