package roster_test

import (
	"testing"

	"rollcall/fault"
	"rollcall/roster"
)

// Names that Unicode folds into one are several people to an identity provider
// that compares them otherwise. Who can choose such a name there does not become
// the member whom provisioning announced.
func TestLookalikesAreNotAnnounced(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.provision(roster.ScimUser{UserName: "kate@acme.test", Email: "kate@acme.test", Active: true})
		for _, name := range []string{
			"\u212aate@acme.test", // the sign of kelvin
			"\uff4bate@acme.test", // a wide k
			"kate@acme.te\ufb06",  // a ligature
			"\u24daate@acme.test", // a k in a circle
		} {
			h.turnedAway(name, who(name, "other@acme.test"), fault.LoginAccountConflict)
		}
		in, err := h.signIn(who("Kate@Acme.test", "kate@acme.test"))
		h.must(err)
		same(t, "the member in other letters", in.UserName, "kate@acme.test")
	})
}
