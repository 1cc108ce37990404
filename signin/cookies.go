package signin

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"time"

	"rollcall/credential"
)

// The names of the cookies. The prefix __Host- makes browsers insist on Secure,
// on Path=/ and on no Domain, so that no neighbour under the same domain can
// plant one; it does not work on plain http.
const (
	sessionName = "rollcall_session"
	endingName  = "rollcall_ending"
	flowName    = "rollcall_flow"
	hostPrefix  = "__Host-"
)

// flowLife is how long a browser keeps the cookie that binds requests to it.
// Requests themselves end sooner; the rest is for telling "too late" from
// "another browser".
const flowLife = time.Hour

const flowBytes = 32

// SessionSecret reads the session's secret from a request, "" without one.
// secure says whether browsers reach the installation by https. Two cookies of
// the name are none: one of them was planted.
func SessionSecret(r *http.Request, secure bool) string {
	return jar{secure}.read(r, sessionName)
}

// jar writes and reads cookies.
type jar struct{ secure bool }

func (j jar) name(base string) string {
	if j.secure {
		return hostPrefix + base
	}
	return base
}

func (j jar) read(r *http.Request, base string) string { return j.readUpTo(r, base, 256) }

// readLong reads a cookie that holds more than a secret.
func (j jar) readLong(r *http.Request, base string) string { return j.readUpTo(r, base, 2048) }

func (j jar) readUpTo(r *http.Request, base string, longest int) string {
	found := r.CookiesNamed(j.name(base))
	if len(found) != 1 || len(found[0].Value) > longest {
		return ""
	}
	return found[0].Value
}

// setSession gives the browser its session. The cookie has no date: how long
// the session lives is the server's to say, and a browser that is closed
// forgets it. Lax keeps it out of cross-site posts.
func (j jar) setSession(w http.ResponseWriter, secret string) {
	j.set(w, sessionName, secret, 0, http.SameSiteLaxMode)
	// With it goes a right to end that session, which does come along on the
	// identity provider's post: the next sign-in ends what it replaces.
	j.set(w, endingName, credential.EndingOf(secret), 0, j.crossSite())
}

// clear takes the session and the flow away.
func (j jar) clear(w http.ResponseWriter) {
	j.set(w, sessionName, "", -1, http.SameSiteLaxMode)
	j.set(w, endingName, "", -1, j.crossSite())
	j.set(w, flowName, "", -1, j.crossSite())
	j.clearStep(w, stepName)
}

// flow is the secret that binds requests to a browser.
type flow struct {
	secret string
	kept   bool // whether the browser had it already
}

// flowOf returns the browser's own secret or a new one. A browser that has one
// keeps it: a second tab must not spoil the first one's sign-in.
func (j jar) flowOf(r *http.Request) (flow, error) {
	secret := j.read(r, flowName)
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(secret); err == nil && len(raw) == flowBytes {
		return flow{secret, true}, nil
	}
	var fresh [flowBytes]byte
	if _, err := rand.Read(fresh[:]); err != nil {
		return flow{}, err
	}
	return flow{secret: base64.RawURLEncoding.EncodeToString(fresh[:])}, nil
}

// setFlow gives the browser the flow's cookie for another hour.
func (j jar) setFlow(w http.ResponseWriter, f flow) {
	if f.kept && !j.secure {
		// Without SameSite a browser sends a cookie along on a cross-site post
		// for two minutes from its making, and setting the same value again
		// does not count as making it. Taking it away first does.
		j.set(w, flowName, "", -1, j.crossSite())
	}
	j.set(w, flowName, f.secret, flowLife, j.crossSite())
}

// crossSite is the SameSite of what has to come along on the identity provider's
// post: None, which browsers take from https only. On plain http the attribute
// is left out, and browsers send such a cookie for two minutes from its making.
func (j jar) crossSite() http.SameSite {
	if j.secure {
		return http.SameSiteNoneMode
	}
	return 0
}

// set writes a cookie; no life is until the browser closes, a negative one
// takes the cookie away.
func (j jar) set(w http.ResponseWriter, base, value string, life time.Duration, site http.SameSite) {
	age := int(life / time.Second)
	if life < 0 {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: j.name(base), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: j.secure, SameSite: site,
	})
}
