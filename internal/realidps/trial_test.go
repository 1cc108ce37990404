//go:build realidps

package realidps

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"rollcall/fault"
)

// trial is one row being tried on one server.
type trial struct {
	row
	*rollcall
	t         *testing.T
	idp       idp
	service   service
	teamID    string
	provider  string  // the identity provider's id, once it is connected
	neighbour service // another team that trusts the same identity provider and takes unsolicited responses
}

func (c *trial) initURL() string {
	return c.url + "/saml/" + c.service.slug + "/init?return_to=/signin"
}

// post submits a response, which has to be for the team and of the kind that
// the row is about.
func (c *trial) post(b *browser, f form) page {
	c.t.Helper()
	if f.action != c.service.ACS {
		c.t.Fatalf("the identity provider posts to %s", f.action)
	}
	text, err := base64.StdEncoding.DecodeString(f.fields.Get("SAMLResponse"))
	if err != nil {
		c.t.Fatalf("the response: %v", err)
	}
	var r response
	if err := xml.Unmarshal(text, &r); err != nil {
		c.t.Fatalf("the response: %v", err)
	}
	if got := (r.Signature != nil); got != c.service.SignResponse {
		c.t.Errorf("whether the response is signed: %v", got)
	}
	// Whether an encrypted assertion is signed cannot be seen from outside.
	if got := (r.Assertion.Signature != nil); got != c.service.SignAssertion && c.service.cipher == "" {
		c.t.Errorf("whether the assertion is signed: %v", got)
	}
	if r.Cipher.Algorithm != c.service.cipher {
		c.t.Errorf("the cipher is %q", r.Cipher.Algorithm)
	}
	return b.submit(f)
}

// response is what the form of a response can be told from.
type response struct {
	Signature *struct{} `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
	Assertion struct {
		Signature *struct{} `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion Assertion"`
	Cipher struct {
		Algorithm string `xml:",attr"`
	} `xml:"EncryptedAssertion>EncryptedData>EncryptionMethod"`
}

// mustRefuse wants the answer to be a refusal with one of the codes.
func (c *trial) mustRefuse(what string, p page, codes ...fault.Code) {
	c.t.Helper()
	if p.status < 400 || p.status >= 500 {
		c.t.Fatalf("%s: answered %d to %q: %.500s", what, p.status, p.location(), p.body)
	}
	if got := c.reason(c.t, p); !slices.Contains(codes, got) {
		c.t.Fatalf("%s: refused with %s, not %v", what, got, codes)
	}
}

// mustNotServe posts the response to another team, which has to refuse it.
func (c *trial) mustNotServe(what string, b *browser, f form) {
	c.t.Helper()
	f.action = c.neighbour.ACS
	codes := []fault.Code{fault.DestinationMismatch, fault.RecipientMismatch, fault.AudienceMismatch}
	if c.service.cipher != "" {
		codes = append(codes, fault.EncryptionUnexpected) // the other team has not opted in
	}
	c.mustRefuse(what, b.submit(f), codes...)
}

// mustBeIn wants the answer to be a sign-in and the person to be the right one.
func (c *trial) mustBeIn(what string, b *browser, p page) {
	c.t.Helper()
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location(), c.url+"/") {
		reason := fault.Code("no attempt")
		if attemptID.MatchString(p.body) {
			reason = c.reason(c.t, p)
		}
		c.t.Fatalf("%s: answered %d (%s) to %q: %.300s", what, p.status, reason, p.location(), p.body)
	}
	who := c.viewer(b)
	if who == nil || who.User.Email != c.service.Email || who.Session.NameID != c.service.NameID || who.Session.Team.Slug != c.service.slug {
		c.t.Fatalf("%s: the viewer is %+v", what, who)
	}
}

// mustBeOut wants nobody to be signed in in the browsers.
func (c *trial) mustBeOut(what string, browsers ...*browser) {
	c.t.Helper()
	for _, b := range browsers {
		if who := c.viewer(b); who != nil {
			c.t.Fatalf("%s: %+v is signed in", what, who)
		}
	}
}

// onlyMember is the one member of the team.
func (c *trial) onlyMember() member {
	c.t.Helper()
	all := c.members(c.t, c.service.slug)
	if len(all) != 1 {
		c.t.Fatalf("the team has %d members: %+v", len(all), all)
	}
	return all[0]
}

// try does what the row says, or what is left of it without the feature.
func (c *trial) try() {
	switch {
	case !c.ready():
		c.mustFail(c.without)
	case c.refused != "":
		c.mustFail(c.refused)
	default:
		c.does(c)
	}
}

// mustFail is a sign-in that is refused and leaves nothing behind.
func (c *trial) mustFail(code fault.Code) {
	c.t.Helper()
	b := newBrowser(c.t)
	c.mustRefuse("signing in", c.post(b, b.walk(c.initURL(), c.service)), code)
	c.mustBeOut("after the refusal", b)
	if left := c.members(c.t, c.service.slug); len(left) != 0 {
		c.t.Fatalf("the refused sign-in left %+v", left)
	}
}

// life is a person's time on the team, from the first sign-in to the removal,
// with what others may try on the way.
func life(c *trial) {
	// 1. Sign-ins that start at the identity provider are off by default.
	early := newBrowser(c.t)
	c.mustRefuse("starting there before that is allowed", c.post(early, early.walk(c.idp.unsolicited(c.service), c.service)), fault.IdpInitiatedDisabled)
	c.allowUnsolicited()

	// 2. A response is worth nothing to another browser and at another team.
	ada := newBrowser(c.t)
	response := ada.walk(c.initURL(), c.service)
	thief := newBrowser(c.t)
	c.mustRefuse("another browser", c.post(thief, response), fault.RequestMismatch)
	c.mustNotServe("another team", ada, response)
	c.mustBeOut("before the sign-in", ada, thief, early)

	// 3. It lets the person in, once, as a member who came by signing in.
	c.mustBeIn("the first sign-in", ada, c.post(ada, response))
	c.mustRefuse("the same response again", c.post(ada, response), fault.RequestUnknown, fault.AssertionReplayed)
	first := c.onlyMember()
	if first.Role != "MEMBER" || first.Source != "JIT" || first.Status != "ACTIVE" || first.User.Email != c.service.Email ||
		first.ExternalIdentity == nil || first.ExternalIdentity.NameID != c.service.NameID {
		c.t.Fatalf("the member is %+v", first)
	}

	// 4. Who comes again, from either side, is the same member.
	again := newBrowser(c.t)
	c.mustBeIn("the second sign-in", again, c.post(again, again.walk(c.initURL(), c.service)))
	there := newBrowser(c.t)
	unsolicited := there.walk(c.idp.unsolicited(c.service), c.service)
	c.mustNotServe("another team, unsolicited", there, unsolicited)
	c.mustBeIn("starting there", there, c.post(there, unsolicited))
	c.mustRefuse("the same unsolicited response again", c.post(newBrowser(c.t), unsolicited), fault.AssertionReplayed)
	if now := c.onlyMember(); now.ID != first.ID {
		c.t.Fatalf("%s became %s", first.ID, now.ID)
	}

	// 5. Removed, they are out everywhere and stay out.
	c.removeByScim(c.t, c.teamID, c.service.Email)
	c.mustBeOut("after the removal", ada, again, there)
	back := newBrowser(c.t)
	c.mustRefuse("coming back", c.post(back, back.walk(c.initURL(), c.service)), fault.UserRemoved)
	c.mustRefuse("coming back from there", c.post(back, back.walk(c.idp.unsolicited(c.service), c.service)), fault.UserRemoved)
	c.mustBeOut("after coming back", back)
	if left := c.members(c.t, c.service.slug); len(left) != 0 {
		c.t.Fatalf("the removal left %+v", left)
	}
}

// logoutHere signs out at rollcall, which has to take the identity provider's
// session along: the next sign-in asks for the password again.
func logoutHere(c *trial) {
	c.logout(func(b *browser) page {
		return b.from(b.submit(form{action: c.url + "/signout", fields: url.Values{}}))
	})
}

// logoutThere signs out at the identity provider.
func logoutThere(c *trial) { c.logout(func(b *browser) page { return b.follow(c.idp.logout) }) }

func (c *trial) logout(leave func(*browser) page) {
	ada, elsewhere := newBrowser(c.t), newBrowser(c.t)
	for _, b := range []*browser{ada, elsewhere} {
		c.mustBeIn("signing in", b, c.post(b, b.walk(c.initURL(), c.service)))
	}
	if c.idp.knows != "" && ada.get(c.idp.knows).body != "true" {
		c.t.Fatal("the identity provider does not know the browser")
	}
	leave(ada)
	c.mustBeOut("after the logout", ada)
	if who := c.viewer(elsewhere); who == nil {
		c.t.Fatal("the logout ended a session of another browser")
	}
	if c.idp.knows != "" {
		if got := ada.get(c.idp.knows); got.body != "false" {
			c.t.Fatalf("the identity provider still knows the browser: %d %s", got.status, got.body)
		}
		return
	}
	if next := ada.follow(c.initURL()); !asks(next) {
		c.t.Fatalf("the identity provider still knows the browser: %d %.500s", next.status, next.body)
	}
}
