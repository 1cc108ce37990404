package server

import (
	"embed"
	"net/http"
)

//go:embed graphiql
var explorer embed.FS

// explorerPolicy lets the page run what is served beside it and nothing else.
// The editor sets styles of its own, and its fonts stand in its style sheet.
const explorerPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// explore serves GraphiQL out of the binary. The demo has it, others by a setting
// only: a query editor is one more page that runs scripts on the origin of the
// sessions.
func explore() http.Handler {
	pages := http.FileServerFS(explorer)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", explorerPolicy)
		pages.ServeHTTP(w, r)
	})
}
