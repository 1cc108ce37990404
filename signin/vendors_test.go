package signin

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso"
)

// Every product of the presets signs people in with its default and its
// recommended settings, in the clear and encrypted, or is refused for the reason
// that its preset names.
func TestEveryVendorSignsPeopleIn(t *testing.T) {
	eachHouse(t, func(h *house) {
		keys := h.spareKeys()
		for n, v := range idptest.Vendors {
			idp := *keys[0]
			idp.EntityID, idp.SSOURL = v.EntityID, v.SSOURL
			slug := "vendor-" + strconv.Itoa(n)
			team, p := h.connect(slug, &idp, sso.ProviderOptions{AllowCbc: ptr(true)})
			if want := map[string]models.Vendor{
				"auth0": models.VendorAuth0, "entra": models.VendorEntra, "google": models.VendorGoogle, "okta": models.VendorOkta, "onelogin": models.VendorOnelogin,
				"pingfederate": models.VendorPingfederate, "pingone": models.VendorPingone, "salesforce": models.VendorSalesforce, "adfs": models.VendorAdfs,
			}[v.Name]; p.Vendor != want {
				h.Errorf("%s is taken for %s", v.Name, p.Vendor)
			}
			person := idptest.Person{Email: "ada" + strconv.Itoa(n) + "@acme.test", FirstName: "Ada", LastName: "Lovelace"}
			h.vendor(team, &idp, v, person, nil)
			if v.Encryption == nil || v.Want != "" {
				continue
			}
			h.settings(team, sso.SettingsChange{EncryptAssertions: ptr(true)})
			e := *v.Encryption
			e.To = h.published(slug).DecryptionKeys[0].Certificate
			h.vendor(team, &idp, v, person, &e)
		}
	})
}

// vendor walks one person through one shape.
func (h *house) vendor(team models.Team, idp *idptest.IDP, v idptest.Vendor, person idptest.Person, e *idptest.Encryption) {
	h.Helper()
	what := v.Name + " " + v.Settings
	b := h.browser()
	id, _ := b.ask(team.Slug)
	r := v.About(person, h.sso.ServiceProvider(team.Slug), id)
	r.Encrypt = e
	w := b.bring(team.Slug, mustRespond(h, idp, r))
	row := h.lastOf(team)
	if v.Want != "" {
		if row.Code != string(v.Want) || b.session() != "" {
			h.Errorf("%s: %s, want %s", what, row.Code, v.Want)
		}
		hinted := false
		for _, c := range row.Checks {
			hinted = hinted || c.Hint != ""
		}
		if !hinted {
			h.Errorf("%s: the attempt does not say what to change: %+v", what, row.Checks)
		}
		if preset, _ := sso.PresetOf(detected(h, team)); !names(preset, v.Want) {
			h.Errorf("%s: the preset has no advice on %s", what, v.Want)
		}
		return
	}
	if w.Code != http.StatusSeeOther || b.session() == "" {
		h.Errorf("%s: %d %s %+v", what, w.Code, row.Code, row.Checks)
		return
	}
	b.signedInAs(person.Email)
	if row.Outcome != models.AttemptSucceeded || !row.Verified || row.Message.MatchedFingerprint != saml.Fingerprint(idp.Certificate) || row.CertificateID == nil {
		h.Errorf("%s: attempt %+v", what, row)
	}
	if (e != nil) != (row.Message.Encryption != "") {
		h.Errorf("%s: encryption is noted as %q", what, row.Message.Encryption)
	}
}

func detected(h *house, team models.Team) models.Vendor {
	all, err := h.sso.IdentityProviders(h.operator(), team.ID)
	h.must(err)
	return all[0].Vendor
}

func names(p sso.Preset, code fault.Code) bool {
	for _, issue := range p.KnownIssues {
		if issue.Code == code {
			return true
		}
	}
	return false
}

func mustRespond(h *house, idp *idptest.IDP, r idptest.Response) string {
	h.Helper()
	out, err := idp.Respond(r)
	h.must(err)
	return out
}

// Three certificates at once, in every product's shape: each of the live ones
// verifies, and it is noted which; unknown, expired and future ones never do.
func TestThreeCertificatesAtOnce(t *testing.T) {
	eachHouse(t, func(h *house) {
		keys := h.spareKeys()
		n := 0
		for _, v := range idptest.Vendors {
			if v.Want != "" {
				continue
			}
			n++
			var err error
			keys[0].Certificate, err = idptest.SelfSigned(keys[0].Key, h.clock.Now().Add(-time.Hour), h.clock.Now().AddDate(1, 0, 0))
			h.must(err)
			first := *keys[0]
			first.EntityID, first.SSOURL = v.EntityID, v.SSOURL
			slug := "three-" + strconv.Itoa(n)
			team, p := h.connect(slug, &first, sso.ProviderOptions{})
			for i, key := range keys[1:] {
				// The other two are live only from the second hour on.
				cert, err := idptest.SelfSigned(key.Key, h.clock.Now().Add(time.Hour), h.clock.Now().AddDate(0, i+1, 0))
				h.must(err)
				h.trust(p, cert)
				key.Certificate = cert
			}
			in := func(what string, key *idptest.IDP, want fault.Code) {
				h.Helper()
				idp := *key
				idp.EntityID, idp.SSOURL = v.EntityID, v.SSOURL
				b := h.browser()
				id, _ := b.ask(slug)
				b.bring(slug, mustRespond(h, &idp, v.About(idptest.Person{Email: "ada" + strconv.Itoa(n) + "@acme.test", FirstName: "Ada", LastName: "Lovelace"}, h.sso.ServiceProvider(slug), id)))
				row := h.lastOf(team)
				if row.Code != string(want) || (b.session() == "") != (want != "") {
					h.Errorf("%s %s, %s: %q, want %q: %+v", v.Name, v.Settings, what, row.Code, want, row.Checks)
				}
				if want == "" && row.Message.MatchedFingerprint != saml.Fingerprint(idp.Certificate) {
					h.Errorf("%s %s, %s: the wrong certificate is noted", v.Name, v.Settings, what)
				}
			}
			in("the first", keys[0], "")
			in("one of tomorrow", keys[1], fault.CertNotYetValid)
			h.clock.Advance(2 * time.Hour)
			for i, key := range keys {
				in("number "+strconv.Itoa(i+1), key, "")
			}
			stranger := *h.idp
			if v.Name == "pingfederate" && v.Settings == "default" {
				in("a stranger", &stranger, fault.SignatureInvalid) // without KeyInfo nobody can tell a stranger's from a broken one
			} else {
				in("a stranger", &stranger, fault.SignatureUnknownCert)
			}
			h.clock.Advance(40 * 24 * time.Hour)
			in("the second, expired", keys[1], fault.CertExpired)
			in("the third after that", keys[2], "")
		}
	})
}
