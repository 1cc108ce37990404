package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxRequest is the largest body, and the longest query of a URL, in bytes.
const maxRequest = 256 << 10

// parameters are what a GraphQL-over-HTTP request consists of.
type parameters struct {
	query         string
	named         bool // whether there was a query, be it an empty one
	operationName string
	variables     map[string]any
	extensions    map[string]any
	documentID    string // of a trusted document
}

// read takes the parameters out of a request of either method. What is wrong
// with it is told without repeating any of it: it may hold secrets.
func read(w http.ResponseWriter, r *http.Request) (parameters, *refusal) {
	if r.Method == http.MethodGet {
		return readGet(r)
	}
	return readPost(w, r)
}

// readGet reads a query out of the URL. A browser sends a plain GET with
// cookies from any page, so one that came without asking the server beforehand
// (a CORS preflight) is refused.
func readGet(r *http.Request) (parameters, *refusal) {
	if !preflighted(r.Header) {
		return parameters{}, refuse(CodePreflight, "A GET request needs the header X-Rollcall-Request, or Content-Type: application/json, so that other sites cannot forge it.")
	}
	if len(r.URL.RawQuery) > maxRequest {
		return parameters{}, refuse(CodeRequestTooLarge, "The URL is longer than the limit; use POST.")
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return parameters{}, refuse(CodeBadRequest, "The URL's query cannot be read.")
	}
	// Unknown names are ignored, as the specification asks.
	for _, name := range []string{"query", "operationName", "variables", "extensions", "documentId"} {
		if len(values[name]) > 1 {
			return parameters{}, refuse(CodeBadRequest, "Each parameter may be given once.")
		}
	}
	p := parameters{query: values.Get("query"), named: values.Has("query"), operationName: values.Get("operationName"), documentID: values.Get("documentId")}
	if p.variables, err = object([]byte(values.Get("variables"))); err != nil {
		return parameters{}, refuse(CodeBadRequest, "The parameter variables has to be a JSON object.")
	}
	if p.extensions, err = object([]byte(values.Get("extensions"))); err != nil {
		return parameters{}, refuse(CodeBadRequest, "The parameter extensions has to be a JSON object.")
	}
	return p, nil
}

// preflighted reports whether a browser would have asked before sending these
// headers to another site: those that Fetch does not count as safelisted.
func preflighted(h http.Header) bool {
	for _, name := range []string{"X-Rollcall-Request", "Apollo-Require-Preflight", "Graphql-Require-Preflight", "X-Requested-With", "Authorization"} {
		if h.Get(name) != "" {
			return true
		}
	}
	mt, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && mt == plainJSON
}

// readPost reads a JSON body, or a form with a file in it.
func readPost(w http.ResponseWriter, r *http.Request) (parameters, *refusal) {
	mt, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mt != plainJSON && mt != multipartForm {
		return parameters{}, refuse(CodeUnsupportedType, "The body has to be JSON, Content-Type: application/json, or, with a file, multipart/form-data.")
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return parameters{}, refuse(CodeUnsupportedType, "The body has to be UTF-8.")
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return parameters{}, refuse(CodeUnsupportedType, "The body may not be compressed.")
	}
	if mt == multipartForm {
		return readMultipart(w, r, params["boundary"])
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return parameters{}, refuse(CodeRequestTooLarge, "The body is larger than 256 KiB.")
	}
	if err != nil {
		return parameters{}, refuse(CodeBadRequest, "The body did not arrive whole.")
	}
	return readJSON(body)
}

// readJSON reads the parameters out of a JSON object. Names are compared
// exactly; unknown ones are ignored; null is the same as absent.
func readJSON(body []byte) (parameters, *refusal) {
	var fields map[string]json.RawMessage
	switch err := json.Unmarshal(body, &fields); {
	case bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")):
		return parameters{}, refuse(CodeBadRequest, "One request holds one operation; there is no batching.")
	case err != nil || fields == nil:
		return parameters{}, refuse(CodeBadRequest, "The body has to be one JSON object.")
	}
	var p parameters
	for _, name := range []string{"query", "operationName", "documentId"} {
		raw, given := fields[name]
		var text *string
		if given && json.Unmarshal(raw, &text) != nil {
			return parameters{}, refuse(CodeBadRequest, "The parameter "+name+" has to be a string.")
		}
		if text == nil {
			continue
		}
		switch name {
		case "query":
			p.query, p.named = *text, true
		case "operationName":
			p.operationName = *text
		default:
			p.documentID = *text
		}
	}
	var err error
	if p.variables, err = object(fields["variables"]); err != nil {
		return parameters{}, refuse(CodeBadRequest, "The parameter variables has to be an object.")
	}
	if p.extensions, err = object(fields["extensions"]); err != nil {
		return parameters{}, refuse(CodeBadRequest, "The parameter extensions has to be an object.")
	}
	return p, nil
}

// object reads a JSON object; nothing at all and null are none.
func object(text []byte) (map[string]any, error) {
	if len(text) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	for name, v := range m {
		m[name] = numbers(v)
	}
	return m, nil
}

// numbers turns the numbers of a JSON value into Go's: whole ones stay exact. As
// json.Number they would be strings to the validator, and so good for String.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64() // what is out of range is infinite, and refused later
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}
