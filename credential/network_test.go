package credential_test

import (
	"context"
	"testing"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
)

// from is a request that comes from an address.
func from(ctx context.Context, address string) context.Context {
	return access.WithRequest(ctx, access.Request{ID: "req", IP: address})
}

// A key that is bound to networks is, from anywhere else, like one that there
// is not.
func TestKeysAreBoundToNetworks(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		key, secret, err := h.store.CreateAPIKey(h.operator(), credential.NewAPIKey{
			TeamID: h.team.ID, MembershipID: m.ID, Name: "ci", Scopes: []models.Scope{models.ScopeTeamRead},
			Networks: []string{"192.0.2.0/24", "2001:db8::/32", "198.51.100.7", "192.0.2.0/24", "::ffff:198.51.100.8"},
		})
		h.must(err)
		same(t, "networks", key.AllowedNetworks, []string{"192.0.2.0/24", "198.51.100.7/32", "198.51.100.8/32", "2001:db8::/32"})
		for address, in := range map[string]bool{
			"192.0.2.1": true, "192.0.2.255": true, "192.0.3.1": false, "2001:db8::1": true, "2001:db9::1": false,
			"198.51.100.7": true, "198.51.100.6": false, "::ffff:192.0.2.9": true, "": false, "nonsense": false, "fe80::1%eth0": false,
		} {
			_, err := h.store.Authenticate(from(h.Context(), address), secret)
			if in && err != nil || !in && !fault.Is(err, fault.NotSignedIn) {
				t.Errorf("from %q: %v, want let in: %v", address, err, in)
			}
		}
		// A key that takes its place is bound alike.
		next, err := h.store.RotateAPIKey(h.operator(), key.ID, 0, nil)
		h.must(err)
		same(t, "networks of the next one", next.APIKey.AllowedNetworks, key.AllowedNetworks)
		if _, err := h.store.Authenticate(from(h.Context(), "203.0.113.1"), next.Secret); !fault.Is(err, fault.NotSignedIn) {
			t.Errorf("the next key works from elsewhere: %v", err)
		}
		// And an empty list sets it free.
		free, err := h.store.UpdateAPIKey(h.operator(), next.APIKey.ID, credential.APIKeyChange{Networks: &[]string{}})
		h.must(err)
		same(t, "no networks", len(free.AllowedNetworks), 0)
		_, err = h.store.Authenticate(from(h.Context(), "203.0.113.1"), next.Secret)
		h.must(err)
	})
}

func TestNetworksThatAreNone(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		many := make([]string, 21)
		for i := range many {
			many[i] = "192.0.2.1"
		}
		for _, bad := range [][]string{{"192.0.2.1/24"}, {"acme.test"}, {""}, {"192.0.2.0/33"}, {"fe80::1%eth0"}, {"::ffff:192.0.2.0/120"}, {" 192.0.2.1"}, many} {
			_, _, err := h.store.CreateAPIKey(h.operator(), credential.NewAPIKey{
				TeamID: h.team.ID, MembershipID: m.ID, Name: "ci", Scopes: []models.Scope{models.ScopeTeamRead}, Networks: bad,
			})
			if f, _ := fault.As(err); f == nil || f.Code != fault.InvalidValue || len(f.Field) != 1 || f.Field[0] != "allowedNetworks" {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}
