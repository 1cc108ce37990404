package signin

import (
	"crypto"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/sso"
)

const sloURL = "https://acme.idp.test/slo"

// withLogout lets acme's provider take part in single logout.
func (h *house) withLogout(binding models.Binding) models.IdentityProvider {
	h.Helper()
	return h.configure(sso.ProviderChange{SloURL: ptr(sloURL), ProviderOptions: sso.ProviderOptions{SloBinding: &binding}})
}

const logoutPath = "/saml/acme/logout"

// enter signs a person in with a session index of the provider's.
func (h *house) enter(name, index string) *browser {
	h.Helper()
	b := h.browser()
	id, _ := b.ask("acme")
	r := h.about(id)
	r.NameID, r.SessionIndex = name, index
	r.Attributes = []idptest.Attribute{{Name: "email", Values: []string{name}}}
	if w := b.bring("acme", h.respond(r)); w.Code != http.StatusSeeOther {
		h.Fatalf("%s: %d %+v", name, w.Code, h.lastOf(h.team))
	}
	return b
}

// Without an address of the identity provider's, and without a key of the team's,
// its request ends the session that it names and the browser stays here.
func TestLogoutWithoutAnAddress(t *testing.T) {
	eachHouse(t, func(h *house) {
		metadata := h.browser().get("/saml/acme/metadata").Body.String()
		for _, binding := range []models.Binding{models.BindingRedirect, models.BindingPost} {
			if want := `Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-` + map[models.Binding]string{models.BindingRedirect: "Redirect", models.BindingPost: "POST"}[binding] + `" Location="` + base + logoutPath + `"`; !strings.Contains(metadata, want) {
				h.Errorf("the metadata lacks %s:\n%s", want, metadata)
			}
			left, stays := h.enter("ada@acme.test", "_1"), h.enter("bob@acme.test", "_1")
			secret := left.session()
			w := h.carry(left, binding, h.request("_1"))
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "You are signed out here") || h.alive(secret) || !h.alive(stays.session()) {
				h.Errorf("%s: %d, alive %v, bob %v\n%s", binding, w.Code, h.alive(secret), h.alive(stays.session()), w.Body)
			}
			again := h.enter("ada@acme.test", "_2")
			unsigned := h.request("_2")
			unsigned.Unsigned = true
			if w := h.carry(again, binding, unsigned); w.Code != http.StatusBadRequest || !h.alive(again.session()) {
				h.Errorf("%s, unsigned: %d, alive %v", binding, w.Code, h.alive(again.session()))
			}
		}
	})
}

// request is the usual good request about ada.
func (h *house) request(sessions ...string) idptest.Logout {
	return idptest.Logout{Destination: base + logoutPath, NameID: ada.NameID, Sessions: sessions, RelayState: "their state"}
}

// carry brings a logout message in the binding.
func (h *house) carry(b *browser, binding models.Binding, l idptest.Logout) *httptest.ResponseRecorder {
	h.Helper()
	if binding == models.BindingPost {
		value, err := h.idp.LogoutForm(l)
		h.must(err)
		field := "SAMLRequest"
		if l.Answer {
			field = "SAMLResponse"
		}
		return b.post(logoutPath, url.Values{field: {value}, "RelayState": {l.RelayState}}, elsewhere)
	}
	query, err := h.idp.LogoutQuery(l)
	h.must(err)
	return b.get(logoutPath + "?" + query)
}

// outgoing reads the message of ours that a page or redirect carries.
func (h *house) outgoing(w *httptest.ResponseRecorder, field string) (doc, relayState string) {
	h.Helper()
	if w.Code == http.StatusOK {
		found := map[string]string{}
		for _, f := range hiddenField.FindAllStringSubmatch(w.Body.String(), -1) {
			found[f[1]] = f[2]
		}
		if !strings.Contains(w.Body.String(), `action="`+sloURL+`"`) || found[field] == "" {
			h.Fatalf("the page carries no %s to the provider:\n%s", field, w.Body)
		}
		return decode64(h, found[field]), found["RelayState"]
	}
	location := w.Header().Get("Location")
	u, err := url.Parse(location)
	h.must(err)
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(location, sloURL+"?"+field+"=") || u.Query().Get("Signature") == "" {
		h.Fatalf("%d to %q, which is no signed %s", w.Code, location, field)
	}
	return inflate(h, u.Query().Get(field)), u.Query().Get("RelayState")
}

func between(doc, from, to string) string {
	_, rest, _ := strings.Cut(doc, from)
	out, _, _ := strings.Cut(rest, to)
	return out
}

var bothBindings = []models.Binding{models.BindingRedirect, models.BindingPost}

// Sign-out ends the session here first, then at the provider, whose answer is
// taken once.
func TestSignOutReachesTheProvider(t *testing.T) {
	for _, binding := range bothBindings {
		eachHouse(t, func(h *house) {
			h.withLogout(binding)
			b := h.enter(ada.NameID, "index-1")
			secret := b.session()
			w := b.post("/signout", nil, here)
			if h.alive(secret) || b.session() != "" {
				h.Error("the session outlives the sign-out")
			}
			doc, _ := h.outgoing(w, "SAMLRequest")
			for _, wanted := range []string{">" + ada.NameID + "</saml:NameID>", "<samlp:SessionIndex>index-1<", `Destination="` + sloURL + `"`, "NotOnOrAfter="} {
				if !strings.Contains(doc, wanted) {
					h.Errorf("the request lacks %s: %s", wanted, doc)
				}
			}
			answer := idptest.Logout{Destination: base + logoutPath, Answer: true, InResponseTo: between(doc, ` ID="`, `"`)}
			for what, l := range map[string]idptest.Logout{
				"unsigned":           {Destination: answer.Destination, Answer: true, InResponseTo: answer.InResponseTo, Unsigned: true},
				"of another request": {Destination: answer.Destination, Answer: true, InResponseTo: "_other"},
				"of another issuer":  {Destination: answer.Destination, Answer: true, InResponseTo: answer.InResponseTo, Issuer: "https://evil.example"},
			} {
				h.refusedLogout(what, h.carry(b, binding, l))
			}
			if w := h.carry(b, binding, answer); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "signed out here and at your identity provider") {
				h.Errorf("the answer: %d\n%s", w.Code, w.Body)
			}
			h.refusedLogout("answered twice", h.carry(b, binding, answer))
		})
	}
}

// Partial success, and a provider that says no, are told as they are.
func TestProviderCouldNotEndEverything(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.withLogout(models.BindingRedirect)
		for _, l := range []idptest.Logout{{Partial: true}, {Status: "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"}} {
			b := h.enter(ada.NameID, "index-1")
			doc, _ := h.outgoing(b.post("/signout", nil, here), "SAMLRequest")
			l.Destination, l.Answer, l.InResponseTo = base+logoutPath, true, between(doc, ` ID="`, `"`)
			if w := h.carry(b, models.BindingRedirect, l); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "could not end everything") {
				h.Errorf("%+v: %d\n%s", l, w.Code, w.Body)
			}
		}
	})
}

// Without an address, without a session of the provider's, and for a provider
// that is gone, sign-out is local.
func TestSignOutStaysHere(t *testing.T) {
	eachHouse(t, func(h *house) {
		local := func(what, index string) {
			h.Helper()
			b := h.enter(ada.NameID, index)
			secret := b.session()
			if w := b.post("/signout", nil, here); w.Header().Get("Location") != base+"/signin" || h.alive(secret) {
				h.Errorf("%s: %d to %q", what, w.Code, w.Header().Get("Location"))
			}
		}
		local("no address", "index-1")
		h.withLogout(models.BindingRedirect)
		local("no session of the provider's", "")
	})
}

func (h *house) refusedLogout(what string, w *httptest.ResponseRecorder) models.LoginAttempt {
	h.Helper()
	row := h.lastOf(h.team)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "sign-out message of your identity provider could not be accepted") {
		h.Errorf("%s: %d\n%s", what, w.Code, w.Body)
	}
	if row.Kind != models.AttemptLogout || row.Code == "" || !strings.Contains(w.Body.String(), row.GlobalID()) {
		h.Errorf("%s: attempt %+v", what, row)
	}
	return row
}

// A request of the provider ends exactly the sessions that it names, and is
// answered in the provider's binding.
func TestProviderSignsOut(t *testing.T) {
	for _, binding := range bothBindings {
		eachHouse(t, func(h *house) {
			h.withLogout(binding)
			first, second, third := h.enter(ada.NameID, "one"), h.enter(ada.NameID, "two"), h.enter(ada.NameID, "three")
			grace := h.enter("grace@acme.test", "one")
			secrets := []string{first.session(), second.session(), third.session(), grace.session()}
			alive := func(what string, want ...bool) {
				h.Helper()
				for i, secret := range secrets {
					if h.alive(secret) != want[i] {
						h.Errorf("%s: session %d alive: %v", what, i+1, !want[i])
					}
				}
			}
			w := h.carry(first, binding, h.request("one"))
			doc, state := h.outgoing(w, "SAMLResponse")
			if !strings.Contains(doc, "status:Success") || !strings.Contains(doc, "InResponseTo=") || state != "their state" {
				h.Errorf("answer %s, state %q", doc, state)
			}
			alive("one of ada's", false, true, true, true)
			if binding == models.BindingRedirect && first.session() != "" {
				h.Error("the browser keeps the cookie of a session that ended")
			}
			h.outgoing(h.carry(first, binding, h.request("two", "nobody's")), "SAMLResponse")
			alive("another of ada's", false, false, true, true)
			h.outgoing(h.carry(first, binding, h.request("nobody's")), "SAMLResponse")
			alive("nobody's", false, false, true, true)
			h.outgoing(h.carry(first, binding, h.request()), "SAMLResponse")
			alive("all of ada's", false, false, false, true)
			var events int64
			h.must(h.db.Read(h.Context()).Model(&models.AuditEvent{}).Where("action = ?", "session.closed_by_identity_provider").Count(&events).Error)
			is(h.TB, "lines in the history", events, 3)
		})
	}
}

// A request that is not signed by a trusted certificate, not meant for us, too
// old or used ends nothing.
func TestBadLogoutRequestsEndNothing(t *testing.T) {
	for _, binding := range bothBindings {
		eachHouse(t, func(h *house) {
			h.withLogout(binding)
			b := h.enter(ada.NameID, "one")
			secret := b.session()
			stranger := h.spareKeys()[0]
			for what, change := range map[string]func(l *idptest.Logout){
				"unsigned":         func(l *idptest.Logout) { l.Unsigned = true },
				"a stranger's key": func(l *idptest.Logout) { l.Signing.Key = stranger.Key },
				"SHA-1":            func(l *idptest.Logout) { l.Signing.Hash = crypto.SHA1 },
				"for elsewhere":    func(l *idptest.Logout) { l.Destination = "https://other.example/logout" },
				"too old":          func(l *idptest.Logout) { l.Age = time.Hour },
				"old without end":  func(l *idptest.Logout) { l.Age, l.NoEnd = time.Hour, true },
				"of tomorrow":      func(l *idptest.Logout) { l.Age = -time.Hour },
				"about nobody":     func(l *idptest.Logout) { l.NameID = "" },
				"another issuer":   func(l *idptest.Logout) { l.Issuer = "https://evil.example" },
			} {
				l := h.request("one")
				change(&l)
				h.refusedLogout(what, h.carry(h.browser(), binding, l))
				if !h.alive(secret) {
					h.Fatalf("%s: the session ended", what)
				}
			}
		})
	}
}

// What is signed covers the whole query: a changed RelayState or message voids
// it, and a used request does nothing a second time.
func TestLogoutQueryIsSealed(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.withLogout(models.BindingRedirect)
		b := h.enter(ada.NameID, "one")
		query, err := h.idp.LogoutQuery(h.request("one"))
		h.must(err)
		for what, changed := range map[string]string{
			"RelayState":         strings.Replace(query, "their", "other", 1),
			"a second message":   query + "&SAMLRequest=x",
			"no signature value": query[:strings.Index(query, "&Signature=")],
			"nothing":            "",
		} {
			h.refusedLogout(what, b.get(logoutPath+"?"+changed))
		}
		if !h.alive(b.session()) {
			h.Fatal("the session ended")
		}
		h.outgoing(b.get(logoutPath+"?"+query), "SAMLResponse")
		again := h.enter(ada.NameID, "one")
		h.refusedLogout("used twice", b.get(logoutPath+"?"+query))
		if !h.alive(again.session()) {
			h.Error("a used request ended a later session")
		}
	})
}

// A sign-in is no logout message.
func TestLogoutTakesNothingElse(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		value, err := h.idp.LogoutForm(h.request("one"))
		h.must(err)
		h.withLogout(models.BindingPost)
		id, _ := b.ask("acme")
		for what, form := range map[string]url.Values{
			"a sign-in":     {"SAMLResponse": {h.respond(h.about(id))}},
			"both":          {"SAMLRequest": {value}, "SAMLResponse": {value}},
			"two":           {"SAMLRequest": {value, value}},
			"neither":       {},
			"the wrong one": {"SAMLResponse": {value}},
		} {
			h.refusedLogout(what, b.post(logoutPath, form, elsewhere))
		}
		b.refusedWith(b.bring("acme", value), fault.ResponseMalformed, "") // and it is no sign-in either
		if w := b.do(httptest.NewRequest(http.MethodPut, logoutPath, nil), here); w.Code != http.StatusMethodNotAllowed {
			h.Errorf("PUT: %d", w.Code)
		}
	})
}

// The provider of one team ends no session of another.
func TestLogoutStaysWithinTheTeam(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.withLogout(models.BindingPost)
		b := h.enter(ada.NameID, "one")
		other, idp := h.found("globex", "Globex")
		_, err := h.sso.RotateServiceProviderKey(h.operator(), other.ID)
		h.must(err)
		l := h.request("one")
		value, err := idp.LogoutForm(l)
		h.must(err)
		h.refusedLogout("at acme", b.post(logoutPath, url.Values{"SAMLRequest": {value}}, elsewhere))
		l.Destination = base + "/saml/globex/logout"
		value, err = idp.LogoutForm(l)
		h.must(err)
		if w := b.post("/saml/globex/logout", url.Values{"SAMLRequest": {value}}, elsewhere); w.Code != http.StatusOK {
			h.Errorf("at globex: %d", w.Code)
		}
		if !h.alive(b.session()) {
			h.Error("the session on acme ended")
		}
	})
}

// Sessions outlive single sign-on that is switched off, and so does the way to
// end them. A team without a key is no more there than one that does not exist.
func TestLogoutAfterSwitchingOff(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.withLogout(models.BindingPost)
		b := h.enter(ada.NameID, "one")
		_, err := h.sso.Disable(h.operator(), h.team.ID, "")
		h.must(err)
		h.outgoing(h.carry(b, models.BindingPost, h.request("one")), "SAMLResponse")
		if h.alive(b.session()) {
			h.Error("the session goes on")
		}
		h.newTeam("quiet", "Quiet", models.PlanTeam)
		value, err := h.idp.LogoutForm(h.request("one"))
		h.must(err)
		pages := map[string]bool{}
		for _, slug := range []string{"quiet", "nobody"} {
			w := b.post("/saml/"+slug+"/logout", url.Values{"SAMLRequest": {value}}, elsewhere)
			is(h.TB, slug, w.Code, http.StatusNotFound)
			pages[uniform(w)] = true
		}
		is(h.TB, "different pages", len(pages), 1)
	})
}

// A request that its provider lets be used for a month is forgotten after a day,
// and is of no use after that either.
func TestLogoutRequestIsNotKeptForLater(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.withLogout(models.BindingPost)
		month := h.request()
		month.Before = func(el *etree.Element) {
			el.CreateAttr("NotOnOrAfter", h.clock.Now().AddDate(0, 1, 0).Format(time.RFC3339))
		}
		value, err := h.idp.LogoutForm(month)
		h.must(err)
		send := func() *httptest.ResponseRecorder {
			return h.browser().post(logoutPath, url.Values{"SAMLRequest": {value}}, elsewhere)
		}
		h.outgoing(send(), "SAMLResponse")
		h.clock.Advance(26 * time.Hour)
		h.must(h.sso.Prune(h.Context()))
		later := h.enter(ada.NameID, "later")
		h.refusedLogout("a day later", send())
		if !h.alive(later.session()) {
			h.Error("a used request ended a later session")
		}
	})
}
