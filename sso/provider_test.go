package sso_test

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

func TestProviderByHand(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		mapping := models.AttributeMapping{Email: []string{"mail", "email"}, LastName: []string{"sn"}}
		one, two := h.live(), pemOf(h.certificate(day, 2*day))
		p, err := h.sso.CreateIdentityProvider(as(h, team, models.RoleAdmin), sso.NewIdentityProvider{
			TeamID: team.ID, EntityID: "urn:acme:idp", SsoURL: "https://idp.test/sso?x=1", SloURL: "https://idp.test/slo",
			Certificates: []string{one, two}, Vendor: ptr(models.VendorOkta), WantResponseSigned: ptr(true), WantAssertionsSigned: ptr(false), AttributeMapping: &mapping,
		})
		h.must(err)
		stored, err := h.sso.IdentityProvider(h.operator(), p.ID)
		h.must(err)
		same(t, "stored", stored, p)
		same(t, "values", []any{p.EntityID, p.SsoURL, p.SloURL, p.Vendor, p.WantResponseSigned, p.WantAssertionsSigned, p.AllowInclusiveC14n, p.AttributeMapping, p.Revision},
			[]any{"urn:acme:idp", "https://idp.test/sso?x=1", "https://idp.test/slo", "OKTA", true, false, false, mapping, 1})
		certs, err := h.sso.CertificatesByProvider(h.operator(), []models.ID{p.ID})
		h.must(err)
		same(t, "certificates", len(certs[p.ID]), 2)
		settings, err := h.sso.Settings(h.operator(), team.ID)
		h.must(err)
		same(t, "default and revision", []any{*settings.DefaultIdentityProviderID, settings.Revision}, []any{p.ID, 2})
		same(t, "events", h.events(team), []string{"identity_provider.created", "service_provider_key.created", "certificate.added", "certificate.added"})
		// The second one is not the default.
		next, err := h.sso.CreateIdentityProvider(h.operator(), sso.NewIdentityProvider{TeamID: team.ID, EntityID: "urn:acme:next", SsoURL: "https://next.test/sso"})
		h.must(err)
		settings, err = h.sso.Settings(h.operator(), team.ID)
		h.must(err)
		same(t, "default and revision after the second", []any{*settings.DefaultIdentityProviderID, settings.Revision}, []any{p.ID, 2})
		same(t, "guessed", next.Vendor, "OTHER")
		list, err := h.sso.IdentityProviders(h.operator(), team.ID)
		h.must(err)
		same(t, "listed", []models.ID{list[0].ID, list[1].ID}, []models.ID{p.ID, next.ID})
	})
}

func TestProviderInput(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		good := sso.NewIdentityProvider{TeamID: team.ID, EntityID: "https://idp.test", SsoURL: "https://idp.test/sso"}
		live := h.live()
		edit := func(f func(*sso.NewIdentityProvider)) sso.NewIdentityProvider {
			in := good
			f(&in)
			return in
		}
		url := func(u string) sso.NewIdentityProvider {
			return edit(func(in *sso.NewIdentityProvider) { in.SsoURL = u })
		}
		certs := func(texts ...string) sso.NewIdentityProvider {
			return edit(func(in *sso.NewIdentityProvider) { in.Certificates = texts })
		}
		mapping := func(m models.AttributeMapping) sso.NewIdentityProvider {
			return edit(func(in *sso.NewIdentityProvider) { in.AttributeMapping = &m })
		}
		for _, c := range []struct {
			name  string
			in    sso.NewIdentityProvider
			want  fault.Code
			field string
		}{
			{"no entity id", edit(func(in *sso.NewIdentityProvider) { in.EntityID = "" }), fault.Required, "entityId"},
			{"space around it", edit(func(in *sso.NewIdentityProvider) { in.EntityID += " " }), fault.InvalidValue, "entityId"},
			{"long entity id", edit(func(in *sso.NewIdentityProvider) { in.EntityID = strings.Repeat("e", 1025) }), fault.InvalidValue, "entityId"},
			{"zero byte", edit(func(in *sso.NewIdentityProvider) { in.EntityID = "a\x00" }), fault.InvalidValue, "entityId"},
			{"not UTF-8", edit(func(in *sso.NewIdentityProvider) { in.EntityID = "a\xff" }), fault.InvalidValue, "entityId"},
			{"no address", url(""), fault.Required, "ssoUrl"},
			{"plain HTTP", url("http://idp.test/sso"), fault.InvalidValue, "ssoUrl"},
			{"script", url("javascript:alert(1)//https://idp.test"), fault.InvalidValue, "ssoUrl"},
			{"data", url("data:text/html,x"), fault.InvalidValue, "ssoUrl"},
			{"no scheme", url("//idp.test/sso"), fault.InvalidValue, "ssoUrl"},
			{"no host", url("https:///sso"), fault.InvalidValue, "ssoUrl"},
			{"password", url("https://user:pass@idp.test/sso"), fault.InvalidValue, "ssoUrl"},
			{"line break", url("https://idp.test/sso\r\nX: y"), fault.InvalidValue, "ssoUrl"},
			{"zero byte in the address", url("https://idp.test/s\x00"), fault.InvalidValue, "ssoUrl"},
			{"logout by script", edit(func(in *sso.NewIdentityProvider) { in.SloURL = "javascript:1" }), fault.InvalidValue, "sloUrl"},
			{"no certificate in it", certs("hello"), fault.CertificateUnusable, "certificates.0"},
			{"an expired one", certs(live, pemOf(h.certificate(-day, -1))), fault.CertificateExpired, "certificates.1"},
			{"the same twice", certs(live, live), fault.CertificateDuplicate, "certificates.1"},
			{"four", certs(live, h.live(), h.live(), h.live()), fault.LimitReached, "certificates"},
			{"many attribute names", mapping(models.AttributeMapping{Email: strings.Split(strings.Repeat("a", 11), "")}), fault.InvalidValue, "attributeMapping.email"},
			{"empty attribute name", mapping(models.AttributeMapping{FirstName: []string{""}}), fault.InvalidValue, "attributeMapping.firstName"},
			{"long attribute name", mapping(models.AttributeMapping{LastName: []string{strings.Repeat("a", 301)}}), fault.InvalidValue, "attributeMapping.lastName"},
			{"odd attribute name", mapping(models.AttributeMapping{DisplayName: []string{"a\x00"}}), fault.InvalidValue, "attributeMapping.displayName"},
			{"several odd ones, the first is told", mapping(models.AttributeMapping{Email: []string{""}, FirstName: []string{""}, LastName: []string{""}, DisplayName: []string{""}}), fault.InvalidValue, "attributeMapping.email"},
		} {
			for range 3 { // the answer is always the same
				_, err := h.sso.CreateIdentityProvider(h.operator(), c.in)
				ended(t, c.name, err, c.want)
				if f, ok := fault.As(err); ok {
					same(t, c.name+": field", strings.Join(f.Field, "."), c.field)
				}
			}
			same(t, c.name+": providers", h.count(&models.IdentityProvider{}, "team_id = ?", team.ID), 0)
			same(t, c.name+": certificates", h.count(&models.Certificate{}, "team_id = ?", team.ID), 0)
			same(t, c.name+": events", len(h.events(team)), 0)
		}
		for name, in := range map[string]sso.NewIdentityProvider{
			"longest entity id":    edit(func(in *sso.NewIdentityProvider) { in.EntityID = strings.Repeat("e", 1024) }),
			"three certificates":   certs(live, h.live(), pemOf(h.certificate(day, 2*day))),
			"the address of later": url("https://idp.test:8443/a/b?c=d&e=%20"),
			"this machine":         url("http://127.0.0.1:9090/sso"),
		} {
			in.EntityID = strings.ReplaceAll(in.EntityID, "https://idp.test", name)
			_, err := h.sso.CreateIdentityProvider(h.operator(), in)
			ended(t, name, err, "")
		}
	})
}

// One provider of an entity id a team, ten in all, also when several admins
// press the button at once. Another team may trust the same one.
func TestProviderLimits(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, other := h.newTeam("acme", models.PlanTeam), h.newTeam("other", models.PlanTeam)
		add := func(team models.Team, entity string) error {
			_, err := h.sso.CreateIdentityProvider(h.operator(), sso.NewIdentityProvider{TeamID: team.ID, EntityID: entity, SsoURL: "https://idp.test/sso"})
			return err
		}
		ends := together(t, 6, func(int) error { return add(team, "one") })
		same(t, "the same one at once", ends, map[fault.Code]int{"": 1, fault.Taken: 5})
		h.must(add(other, "one"))
		ended(t, "in other letters", add(team, "ONE"), "") // entity ids are compared to the letter
		for i := range 6 {
			h.must(add(team, fmt.Sprint("more", i)))
		}
		ends = together(t, 6, func(i int) error { return add(team, fmt.Sprint("last", i)) })
		same(t, "the last two at once", ends, map[fault.Code]int{"": 2, fault.LimitReached: 4})
		same(t, "providers", h.count(&models.IdentityProvider{}, "team_id = ?", team.ID), 10)
		_, err := h.sso.ImportMetadata(h.operator(), team.ID, string(h.newIDP("acme").Metadata()))
		ended(t, "by metadata", err, fault.LimitReached)
	})
}
