package resolvers

import (
	"rollcall/fault"
	"rollcall/graph/model"
)

// settle ends a mutation. Where the verb succeeded, done fills in the payload.
// A fault that the caller can mend becomes a user error in errs; field is where
// it points when the verb found nothing and did not say what. Every other error
// is returned, to be shown at the top level.
func settle(err error, errs *[]*model.UserError, field string, done func()) error {
	*errs = []*model.UserError{}
	if err == nil {
		done()
		return nil
	}
	f, ok := fault.As(err)
	if !ok || !mendable(f.Kind) {
		return err
	}
	e := &model.UserError{Code: userCode(f), Field: f.Field, Message: f.Message}
	if f.Kind == fault.NotFound && len(e.Field) == 0 && field != "" {
		e.Field = []string{field}
	}
	*errs = append(*errs, e)
	return nil
}

// mendable reports whether a fault of the kind is a mistake in the input that
// its sender can correct.
func mendable(k fault.Kind) bool {
	switch k {
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Precondition:
		return true
	case fault.Denied, fault.Unauthenticated, fault.Limited, fault.Internal:
		return false
	default:
		return false
	}
}

// userCode is the fault's code where the schema knows it, and otherwise, for
// the codes of refused sign-ins, the general one of its kind.
func userCode(f *fault.Error) model.UserErrorCode {
	if c := model.UserErrorCode(f.Code); c.IsValid() {
		return c
	}
	switch f.Kind {
	case fault.NotFound:
		return model.UserErrorCodeNotFound
	case fault.Invalid:
		return model.UserErrorCodeInvalid
	default:
		return model.UserErrorCodeConflict
	}
}

// hidden turns a read that found nothing, or nothing that the caller may see,
// into null. The two are never told apart.
func hidden[T any](row T, err error) (*T, error) {
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Denied:
		return nil, nil
	default:
		if err != nil {
			return nil, err
		}
		return &row, nil
	}
}

// visible is hidden for what is found already.
func visible[T any](row *T, err error) (*T, error) {
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Denied:
		return nil, nil
	default:
		return row, err
	}
}
