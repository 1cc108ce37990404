package server

import (
	"context"
	"io"
	"net/http"
	"time"
)

// readyWithin is how long the database may take to answer.
const readyWithin = 2 * time.Second

// healthy says that the process runs.
func (r *Rooms) healthy(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }

// ready says whether requests can be served: the database answers and has the
// schema of this binary. Why not is in the log.
func (r *Rooms) ready(w http.ResponseWriter, req *http.Request) {
	ctx, cancel := context.WithTimeout(req.Context(), readyWithin)
	defer cancel()
	if err := r.DB.CheckSchema(ctx); err != nil {
		r.Log.ErrorContext(ctx, "not ready", "error", err)
		plain(w, http.StatusServiceUnavailable, "not ready\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
