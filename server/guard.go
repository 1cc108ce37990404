package server

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/signin"
)

// recoverPanics keeps a mistake of ours from ending the connection without an
// answer. What and where goes to the log;
// neither a stack nor the value does, which may hold a secret.
func (r *Rooms) recoverPanics(d door, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler)
			}
			what, where := fault.Caught(cause)
			r.Log.ErrorContext(req.Context(), "panic", "id", access.RequestFrom(req.Context()).ID, "what", what, "where", where)
			if seen, ok := w.(*recorder); ok && !seen.wrote {
				d.refuse(w, req, fault.New(fault.InternalError, "Something failed on our side."))
			}
		}()
		next.ServeHTTP(w, req)
	})
}

// sameSite turns away what a page of another site makes a browser send along
// with its cookie. The assertion consumer service is for just such a post; its
// own guard is the request that this browser made. So is the logout service,
// whose guard is the identity provider's signature.
func (r *Rooms) sameSite() step {
	return func(d door, next http.Handler) http.Handler {
		guard := http.NewCrossOriginProtection()
		// The configuration has been checked; a base URL is an origin.
		_ = guard.AddTrustedOrigin(r.Config.BaseURL)
		guard.AddInsecureBypassPattern("POST /saml/{team}/finalize")
		guard.AddInsecureBypassPattern("POST /saml/{team}/logout")
		guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			d.refuse(w, req, fault.New(fault.Forbidden, "The request comes from a page of another site."))
		}))
		return guard.Handler(next)
	}
}

// maxBody is how much of a body is read before the caller is looked at: the
// longest that one of the doors behind takes.
const maxBody = 1200 << 10

// whole waits for the body, so that the caller is judged when it is there and
// not when it was promised: who keeps the rest of a request back cannot have it
// carried out after their credential has ended. What is longer than any door
// takes is left for the door to refuse.
func whole(d door, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Body != nil && req.Body != http.NoBody && req.ContentLength <= maxBody {
			var read bytes.Buffer
			_, err := io.CopyN(&read, req.Body, maxBody)
			if errors.Is(err, io.ErrUnexpectedEOF) {
				// Nobody is asked who called: with the connection half shut the
				// request counts as given up, and the database would not answer.
				d.refuse(w, req, fault.New(fault.InvalidValue, "The body ended early."))
				return
			}
			rest := io.Reader(req.Body)
			if err != nil && !errors.Is(err, io.EOF) {
				rest = broken{err}
			}
			req.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(&read, rest), req.Body}
		}
		next.ServeHTTP(w, req)
	})
}

// broken is the rest of a body that did not arrive.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// authenticate finds out who is asking. A key that is not live is refused and
// never taken for nobody's; a cookie that is not live is nobody's, because the
// browser sends it whether the person likes it or not.
func (r *Rooms) authenticate() step {
	return func(d door, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			actor, err := r.actor(req)
			if err != nil {
				d.refuse(w, req, err)
				return
			}
			next.ServeHTTP(w, req.WithContext(access.With(req.Context(), actor)))
		})
	}
}

func (r *Rooms) actor(req *http.Request) (access.Actor, error) {
	if headers := req.Header.Values("Authorization"); len(headers) > 0 {
		scheme, key, _ := strings.Cut(headers[0], " ")
		if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") {
			return access.Actor{}, fault.New(fault.NotSignedIn, "The Authorization header must be Bearer and an API key.")
		}
		return r.Credentials.Authenticate(req.Context(), strings.TrimSpace(key))
	}
	secret := signin.SessionSecret(req, r.Config.Secure())
	if secret == "" {
		return access.Actor{}, nil
	}
	actor, err := r.Credentials.AuthenticateSession(req.Context(), secret)
	if fault.KindOf(err) == fault.Unauthenticated {
		return access.Actor{}, nil
	}
	return actor, err
}
