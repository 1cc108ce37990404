package roster_test

import (
	"encoding/json"
	"testing"

	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
)

// Whoever no client described has both names for clients, and for nobody else:
// the account keeps what its owner or its identity provider said.
func TestEverybodyHasBothNames(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		byAddress, err := h.signIn(idptest.Person{NameID: "00u1", Email: "ada.king@acme.test"})
		h.must(err)
		half, err := h.signIn(idptest.Person{NameID: "00u2", Email: "bob@acme.test", FirstName: "Bob"})
		h.must(err)
		direct, err := h.Add(h.operator(), roster.NewMember{TeamID: h.team.ID, Kind: models.KindPerson, Role: models.RoleAdmin, Person: roster.Person{Email: "root@acme.test", Name: "Grace Hopper"}})
		h.must(err)
		for _, x := range []struct {
			id            models.ID
			given, family string
		}{{byAddress.ID, "ada", "king"}, {half.ID, "Bob", "Bob"}, {direct.ID, "Grace", "Hopper"}} {
			m, err := h.ScimMember(h.scim(), h.team.ID, x.id)
			h.must(err)
			var doc struct {
				Name struct{ GivenName, FamilyName string }
			}
			h.must(json.Unmarshal([]byte(m.Profile.Document), &doc))
			same(t, "names", []string{doc.Name.GivenName, doc.Name.FamilyName}, []string{x.given, x.family})
			found, _, _, err := h.ScimMembers(h.scim(), h.team.ID, roster.ScimQuery{Limit: 2, Filter: roster.ScimTest{Attr: "name.familyname", Op: roster.ScimEq, Value: models.Fold(x.family)}})
			h.must(err)
			if len(found) != 1 || found[0].ID != x.id {
				t.Errorf("by %s: %d people", x.family, len(found))
			}
		}
		u := h.user(byAddress.UserID)
		same(t, "account", []string{u.Name, u.GivenName, u.FamilyName}, []string{"", "", ""})
	})
}
