package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"rollcall/access"
)

// statusPartial says that an operation was executed and met errors (GraphQL over
// HTTP, September 2026, "Partial success").
const statusPartial = 294

// maxErrors is how many errors an answer holds at most.
const maxErrors = 20

// refusal is the answer to a request that is not executed.
type refusal struct {
	code   Code
	errors gqlerror.List
}

// refuse makes a refusal with one message.
func refuse(code Code, message string) *refusal {
	return &refusal{code: code, errors: gqlerror.List{{Message: message}}}
}

// answer is the body of every response. Data is absent, and not null, when
// nothing was executed.
type answer struct {
	Errors gqlerror.List   `json:"errors,omitempty"`
	Data   json.RawMessage `json:"data,omitempty"`
}

// harden sets the headers that every answer has.
func harden(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// writeRefusal answers a request that was not executed.
func writeRefusal(ctx context.Context, w http.ResponseWriter, mediaType string, no *refusal) {
	status, always := malformed[no.code]
	switch {
	case always:
	case mediaType == plainJSON:
		status = http.StatusOK
	default:
		status = http.StatusBadRequest
		if s, special := refused[no.code]; special {
			status = s
		}
	}
	writeRefusalAs(ctx, w, mediaType, status, no)
}

// writeRefusalAs answers with a status that is settled.
func writeRefusalAs(ctx context.Context, w http.ResponseWriter, mediaType string, status int, no *refusal) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="rollcall"`)
	}
	shown := no.errors[:min(len(no.errors), maxErrors)]
	out := make(gqlerror.List, 0, len(shown))
	for _, e := range shown {
		out = append(out, &gqlerror.Error{
			Message: clip(e.Message), Locations: e.Locations, Extensions: extensions(ctx, no.code),
		})
	}
	write(w, mediaType, status, answer{Errors: out})
}

// writeResult answers an operation that was executed.
func writeResult(w http.ResponseWriter, mediaType string, res *graphql.Response) {
	body := result(res)
	status := http.StatusOK
	if len(body.Errors) > 0 && mediaType == graphqlJSON {
		status = statusPartial
	}
	write(w, mediaType, status, body)
}

// result is the body that tells of an operation that was executed.
func result(res *graphql.Response) answer {
	body := answer{Errors: slices.Clip(res.Errors[:min(len(res.Errors), maxErrors)]), Data: res.Data}
	if len(body.Data) == 0 {
		body.Data = json.RawMessage("null")
	}
	return body
}

func write(w http.ResponseWriter, mediaType string, status int, body answer) {
	text, err := json.Marshal(body)
	if err != nil { // data that is no JSON can only be our mistake
		status, text = http.StatusInternalServerError, []byte(`{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`)
	}
	w.Header().Set("Content-Type", mediaType+"; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// extensions are those of every error: its code and the request's id.
func extensions(ctx context.Context, code Code) map[string]any {
	return map[string]any{"code": string(code), "requestId": access.RequestFrom(ctx).ID}
}

// clip keeps a message that repeats a part of the document short.
func clip(message string) string {
	const most = 300
	if runes := []rune(message); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return message
}
