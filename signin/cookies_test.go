package signin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// cookies are the Set-Cookie headers that fn writes.
func cookies(fn func(w http.ResponseWriter)) []string {
	w := httptest.NewRecorder()
	fn(w)
	return w.Header().Values("Set-Cookie")
}

// endingX is the SHA-256 of rcb_x in hexadecimal, by sha256sum.
const endingX = "0bbb57f1eb7fe9ac2aec1b6c58370a81a1105cd43e79743df0c3c9a19e1994b2"

func TestCookies(t *testing.T) {
	https, plain := jar{secure: true}, jar{secure: false}
	for _, c := range []struct {
		name string
		got  []string
		want []string
	}{
		{"session", cookies(func(w http.ResponseWriter) { https.setSession(w, "rcb_x") }),
			[]string{"__Host-rollcall_session=rcb_x; Path=/; HttpOnly; Secure; SameSite=Lax", "__Host-rollcall_ending=" + endingX + "; Path=/; HttpOnly; Secure; SameSite=None"}},
		{"session on http", cookies(func(w http.ResponseWriter) { plain.setSession(w, "rcb_x") }),
			[]string{"rollcall_session=rcb_x; Path=/; HttpOnly; SameSite=Lax", "rollcall_ending=" + endingX + "; Path=/; HttpOnly"}},
		{"flow", cookies(func(w http.ResponseWriter) { https.setFlow(w, flow{"s", true}) }),
			[]string{"__Host-rollcall_flow=s; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=None"}},
		{"new flow on http", cookies(func(w http.ResponseWriter) { plain.setFlow(w, flow{"s", false}) }),
			[]string{"rollcall_flow=s; Path=/; Max-Age=3600; HttpOnly"}},
		{"known flow on http is made anew", cookies(func(w http.ResponseWriter) { plain.setFlow(w, flow{"s", true}) }),
			[]string{"rollcall_flow=; Path=/; Max-Age=0; HttpOnly", "rollcall_flow=s; Path=/; Max-Age=3600; HttpOnly"}},
		{"clear", cookies(https.clear), []string{
			"__Host-rollcall_session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
			"__Host-rollcall_ending=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None",
			"__Host-rollcall_flow=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None",
			"__Host-rollcall_step=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict"}},
	} {
		if strings.Join(c.got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(c.got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func TestSessionSecret(t *testing.T) {
	for _, c := range []struct {
		header      string
		https, http string
	}{
		{"", "", ""},
		{"__Host-rollcall_session=a", "a", ""},
		{"rollcall_session=b", "", "b"},
		{"__Host-rollcall_session=a; rollcall_session=b", "a", "b"},
		{"__Host-rollcall_session=a; __Host-rollcall_session=c", "", ""},
		{"rollcall_session=b; rollcall_session=b", "", ""},
		{"__Host-rollcall_session=" + strings.Repeat("x", 257), "", ""},
		{"__host-rollcall_session=a; Rollcall_session=b", "", ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", c.header)
		if got := SessionSecret(r, true); got != c.https {
			t.Errorf("%q by https: %q", c.header, got)
		}
		if got := SessionSecret(r, false); got != c.http {
			t.Errorf("%q by http: %q", c.header, got)
		}
	}
}

func TestFlowIsReusedWhenWellFormed(t *testing.T) {
	j := jar{secure: true}
	with := func(value string) flow {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", "__Host-rollcall_flow="+value)
		f, err := j.flowOf(r)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first := with("")
	if first.kept || len(first.secret) != 43 {
		t.Errorf("a browser without one gets %+v", first)
	}
	if again := with(first.secret); !again.kept || again.secret != first.secret {
		t.Errorf("%+v became %+v", first, again)
	}
	for _, bad := range []string{"x", first.secret + "A", first.secret[:42], strings.Repeat("=", 43), strings.Repeat("_", 43)} {
		if f := with(bad); f.kept || f.secret == bad || f.secret == first.secret {
			t.Errorf("%q is kept as %+v", bad, f)
		}
	}
}
