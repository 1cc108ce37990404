package server

import (
	"net/http"
	"net/netip"
	"strings"

	"rollcall/access"
	"rollcall/models"
)

// describe gives every request an id, finds out whom it comes from, sets the
// headers that every answer has and writes the line in the log. Neither query
// nor headers nor body are logged: they hold secrets.
func (r *Rooms) describe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		began := r.Now()
		id, err := models.NewID()
		if err != nil {
			http.Error(w, "no randomness is left", http.StatusInternalServerError)
			return
		}
		about := access.Request{ID: string(id), IP: r.client(req), UserAgent: req.UserAgent()}
		h := w.Header()
		h.Set("X-Request-Id", about.ID)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.Config.Secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		seen := &recorder{ResponseWriter: w, status: http.StatusOK}
		// Whoever is let in further on is looked at again by every transaction.
		ctx := models.Guarded(access.WithRequest(req.Context(), about), r.Credentials.StillGood)
		next.ServeHTTP(seen, req.WithContext(ctx))
		r.Log.InfoContext(req.Context(), "request",
			"id", about.ID, "method", req.Method, "path", req.URL.Path, "status", seen.status,
			"bytes", seen.bytes, "ms", float64(r.Now().Sub(began).Microseconds())/1000, "ip", about.IP)
	})
}

// client is the address that a request comes from. A proxy's word counts only
// as far as the chain of trusted proxies reaches.
func (r *Rooms) client(req *http.Request) string {
	from, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return ""
	}
	address := from.Addr().Unmap()
	hops := strings.Split(strings.Join(req.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && r.trusts(address); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap().WithZone("")
	}
	return address.String()
}

func (r *Rooms) trusts(a netip.Addr) bool {
	for _, p := range r.Config.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	wrote  bool
}

func (w *recorder) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	w.wrote = true
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
