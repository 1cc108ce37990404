package graph

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/vektah/gqlparser/v2/formatter"
)

// Published is the contract as one document, as docs/schema.graphql has it.
func Published() []byte {
	var b bytes.Buffer
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchema(NewExecutableSchema(Config{}).Schema())
	return b.Bytes()
}

// PublishedHandler gives the contract to everybody: it is no secret, and tools
// that read it need no credential and no introspection.
func PublishedHandler() http.Handler {
	text := Published()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text)
	})
}
