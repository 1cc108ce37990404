// Package fault holds the one error type that crosses room borders. A domain
// verb returns a *fault.Error when the caller can do something about it; every
// other error is a failure of ours and is shown to nobody.
//
// A fault has a Kind, which each wire turns into its own status (GraphQL
// extensions.code, SCIM status and scimType, an HTTP page), and a Code out of
// the table in codes.go, which stays the same for ever because scripts compare
// against it.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

//go:generate go run ../internal/errordoc ../docs/errors.md

// Kind says what sort of mistake happened; wires switch over it exhaustively.
type Kind uint8

// The kinds, from the caller's mistakes to ours.
const (
	Internal        Kind = iota // our failure; details go to the log only
	Invalid                     // the input cannot be understood or is out of range
	NotFound                    // there is no such thing, or the caller may not know of it
	Conflict                    // the input clashes with what is stored
	Denied                      // the caller is known and may not do this
	Unauthenticated             // the caller is not known
	Precondition                // the state of the team does not allow it now
	Limited                     // too much, too many or too often
)

// Kinds lists every kind, for exhaustive tests of the wires.
var Kinds = []Kind{Internal, Invalid, NotFound, Conflict, Denied, Unauthenticated, Precondition, Limited}

func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case NotFound:
		return "not found"
	case Conflict:
		return "conflict"
	case Denied:
		return "denied"
	case Unauthenticated:
		return "unauthenticated"
	case Precondition:
		return "precondition"
	case Limited:
		return "limited"
	default:
		return "internal"
	}
}

// Error is a mistake that the caller can mend. Message is English, for people,
// and never holds a secret or input that could be one. Field is the path of
// the offending value from the root of the caller's input, or nil.
type Error struct {
	Kind    Kind
	Code    Code
	Field   []string
	Message string
	cause   error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if len(e.Field) > 0 {
		b.WriteString(" (" + strings.Join(e.Field, ".") + ")")
	}
	b.WriteString(": " + e.Message)
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause, which is for logs only.
func (e *Error) Unwrap() error { return e.cause }

// New makes a fault with the kind that the table gives for code.
func New(code Code, format string, args ...any) *Error {
	return &Error{Kind: code.Kind(), Code: code, Message: fmt.Sprintf(format, args...)}
}

// On returns a copy of e that points at a field of the input.
func (e *Error) On(field ...string) *Error {
	c := *e
	c.Field = field
	return &c
}

// Because returns a copy of e with a cause that only logs will show.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// As finds the fault in err's chain. An error without one is a failure of
// ours: ok is false.
func As(err error) (e *Error, ok bool) {
	ok = errors.As(err, &e)
	return e, ok
}

// KindOf is the kind of err; Internal when there is no fault in its chain.
func KindOf(err error) Kind {
	if e, ok := As(err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf is the code of err; InternalError when there is no fault in its chain.
func CodeOf(err error) Code {
	if e, ok := As(err); ok {
		return e.Code
	}
	return InternalError
}

// Is reports whether err carries the given code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }
