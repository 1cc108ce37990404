package scim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"rollcall/access"
	"rollcall/fault"
)

// Values of scimType (RFC 7644 section 3.12, table 9) that this door uses.
const (
	typeInvalidFilter = "invalidFilter"
	typeInvalidPath   = "invalidPath"
	typeInvalidSyntax = "invalidSyntax"
	typeInvalidValue  = "invalidValue"
	typeInvalidVers   = "invalidVers"
	typeMutability    = "mutability"
	typeNoTarget      = "noTarget"
	typeTooMany       = "tooMany"
	typeUniqueness    = "uniqueness"
	// Of RFC 9865 section 2.1.
	typeInvalidCursor = "invalidCursor"
	typeExpiredCursor = "expiredCursor"
	typeInvalidCount  = "invalidCount"
)

// retryAfter is how long a client that is told 429 waits, in seconds, when
// nobody knows better. Some clients do not understand dates there.
const retryAfter = 5

// problem is an error that is meant for the client. Its detail is written
// here or in roster and holds nothing that came in the request but names of
// attributes out of our own schema.
type problem struct {
	status   int
	scimType string
	detail   string
	allow    []string // for 405
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.status, p.scimType, p.detail) }

func bad(scimType, format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, scimType: scimType, detail: fmt.Sprintf(format, args...)}
}

func notFound() *problem {
	return &problem{status: http.StatusNotFound, detail: "There is no such resource."}
}

func methodNotAllowed(detail string, allow []string) *problem {
	return &problem{status: http.StatusMethodNotAllowed, detail: detail, allow: allow}
}

// problemOf is the one conversion of errors into this wire. logged reports
// whether the error is a failure of ours, which goes to the log and to nobody
// else.
func problemOf(err error) (p *problem, logged bool) {
	if errors.As(err, &p) {
		return p, false
	}
	f, ok := fault.As(err)
	if !ok {
		f = fault.New(fault.InternalError, "")
	}
	switch f.Kind {
	case fault.Invalid:
		return &problem{status: http.StatusBadRequest, scimType: typeInvalidValue, detail: detailOf(f)}, false
	case fault.NotFound:
		return notFound(), false
	case fault.Conflict:
		return &problem{status: http.StatusConflict, scimType: typeUniqueness, detail: detailOf(f)}, false
	case fault.Denied, fault.Precondition:
		return &problem{status: http.StatusForbidden, detail: detailOf(f)}, false
	case fault.Unauthenticated:
		return unauthorized(), false
	case fault.Limited:
		return &problem{status: http.StatusTooManyRequests, detail: detailOf(f)}, false
	case fault.Internal:
	}
	return &problem{status: http.StatusInternalServerError, detail: "internal error"}, true
}

// detailOf puts the stable code first, so that an admin who reads the IdP's
// log can look it up, and the advice last.
func detailOf(f *fault.Error) string {
	code := string(f.Code)
	if len(f.Field) > 0 {
		code += " (" + strings.Join(f.Field, ".") + ")"
	}
	parts := []string{code + ":", f.Message}
	if advice := f.Code.Advice(); advice != "" && f.Kind == fault.Precondition && !strings.Contains(f.Message, advice) {
		parts = append(parts, advice)
	}
	return strings.Join(parts, " ")
}

// errorBody is an error document (RFC 7644 section 3.12); status is a string.
type errorBody struct {
	Schemas  []string `json:"schemas"`
	Status   string   `json:"status"`
	ScimType string   `json:"scimType,omitempty"`
	Detail   string   `json:"detail"`
}

// refuse answers with the error document of err and logs what is ours.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p, logged := problemOf(err)
	if logged && !errors.Is(r.Context().Err(), context.Canceled) {
		h.log.ErrorContext(r.Context(), "SCIM request failed",
			"id", access.RequestFrom(r.Context()).ID, "method", r.Method, "error", err)
	}
	switch p.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", challenge(r))
	case http.StatusTooManyRequests:
		if w.Header().Get("Retry-After") == "" {
			w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		}
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", strings.Join(p.allow, ", "))
	}
	h.write(w, r, reply{status: p.status, body: p.body()})
}

// challenge asks for a bearer token (RFC 6750 section 3). Only a client that sent
// one is told that it is wrong.
func challenge(r *http.Request) string {
	const ask = `Bearer realm="rollcall"`
	if _, sent := bearer(r.Header.Values("Authorization")); sent {
		return ask + `, error="invalid_token"`
	}
	return ask
}

// body is the error document.
func (p *problem) body() errorBody {
	return errorBody{Schemas: []string{urnError}, Status: strconv.Itoa(p.status), ScimType: p.scimType, Detail: p.detail}
}
