package credential_test

import (
	"context"
	"testing"
	"time"

	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
)

func TestWhoseTokens(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		admin, member := h.direct(models.RoleAdmin), h.direct(models.RoleMember)
		other := h.found("other", models.PlanTeam)
		stranger := h.add(other, models.KindPerson, models.RoleAdmin)
		for _, c := range []struct {
			name        string
			ctx         context.Context
			write, read fault.Code
		}{
			{"nobody", h.Context(), fault.NotSignedIn, fault.NotSignedIn},
			{"a member", as(h, member), fault.Forbidden, fault.Forbidden},
			{"an admin", as(h, admin), "", ""},
			{"an operator", h.operator(), "", ""},
			{"an admin's key", with(h, admin, models.ScopeSsoWrite), "", ""},
			{"an admin's key for reading", with(h, admin, models.ScopeSsoRead), fault.Forbidden, ""},
			{"an admin's key for other things", with(h, admin, models.ScopeKeyWrite, models.ScopeTeamWrite, models.ScopeMembershipWrite), fault.Forbidden, fault.Forbidden},
			{"the provisioning client itself", housetest.AsScim(h.Context(), h.team.ID), fault.Forbidden, fault.Forbidden},
			{"an admin of another team", as(h, stranger), fault.Missing, fault.Missing},
			{"a client of another team", housetest.AsScim(h.Context(), other.ID), fault.Missing, fault.Missing},
		} {
			token, _ := h.token()
			for what, r := range map[string]struct {
				err  error
				want fault.Code
			}{
				"makes":   {second(h.store.CreateScimToken(c.ctx, credential.NewScimToken{TeamID: h.team.ID, Name: "x"})), c.write},
				"lists":   {first(h.store.ScimTokens(c.ctx, h.team.ID)), c.read},
				"reads":   {first(h.store.ScimToken(c.ctx, token.ID)), c.read},
				"revokes": {first(h.store.RevokeScimToken(c.ctx, token.ID)), c.write},
			} {
				if r.want == "" && r.err != nil {
					t.Errorf("%s %s: %v", c.name, what, r.err)
				} else if r.want != "" {
					refused(t, c.name+" "+what, r.err, r.want)
				}
			}
			h.must(h.db.Read(h.Context()).Where("1 = 1").Delete(&models.ScimToken{}).Error)
		}
	})
}

func first[A any](_ A, err error) error { return err }

func second[A, B any](_ A, _ B, err error) error { return err }

func TestTokenInput(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		free := h.found("free", models.PlanFree)
		at := func(d time.Duration) *time.Time { t := h.clock.Now().Add(d); return &t }
		for _, c := range []struct {
			name string
			in   credential.NewScimToken
			want fault.Code
		}{
			{"no name", credential.NewScimToken{TeamID: h.team.ID}, fault.Required},
			{"past", credential.NewScimToken{TeamID: h.team.ID, Name: "x", ExpiresAt: at(-1)}, fault.InvalidValue},
			{"now", credential.NewScimToken{TeamID: h.team.ID, Name: "x", ExpiresAt: at(0)}, fault.InvalidValue},
			{"free plan", credential.NewScimToken{TeamID: free.ID, Name: "x"}, fault.PlanRequired},
			{"unknown team", credential.NewScimToken{TeamID: newID(t), Name: "x"}, fault.Missing},
		} {
			refused(t, c.name, second(h.store.CreateScimToken(h.operator(), c.in)), c.want)
		}
		end := at(time.Hour)
		row, secret, err := h.store.CreateScimToken(h.operator(), credential.NewScimToken{TeamID: h.team.ID, Name: " okta ", ExpiresAt: end})
		h.must(err)
		same(t, "name and end", row.Name+" "+until(row.ExpiresAt), "okta "+until(end))
		h.clock.Set(*end)
		refused(t, "at its end", first(h.store.AuthenticateScim(h.Context(), secret)), fault.NotSignedIn)
	})
}

// Ten live tokens a team, also when they are asked for at once. A team lists
// those that are not revoked.
func TestTokenLimit(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		var ids []models.ID
		for range 9 {
			token, _ := h.token()
			ids = append(ids, token.ID)
		}
		for range 8 {
			ends := together(t, 8, func() error {
				return second(h.store.CreateScimToken(h.operator(), credential.NewScimToken{TeamID: h.team.ID, Name: "x"}))
			})
			same(t, "at once", ends, map[fault.Code]int{"": 1, fault.LimitReached: 7})
			rows, err := h.store.ScimTokens(h.operator(), h.team.ID)
			h.must(err)
			h.must(first(h.store.RevokeScimToken(h.operator(), rows[0].ID)))
		}
		h.token()
		_, _, err := h.store.CreateScimToken(h.operator(), credential.NewScimToken{TeamID: h.found("other", models.PlanTeam).ID, Name: "x"})
		h.must(err)
		_, err = h.store.RevokeScimToken(h.operator(), ids[3])
		h.must(err)
		newest, _ := h.token()
		rows, err := h.store.ScimTokens(h.operator(), h.team.ID)
		h.must(err)
		same(t, "listed", len(rows), 10)
		same(t, "newest", rows[0].ID, newest.ID)
		same(t, "oldest", rows[9].ID, ids[0])
		for _, row := range rows {
			if row.ID == ids[3] || row.TeamID != h.team.ID {
				t.Errorf("%s is listed", row.Name)
			}
		}
	})
}

func TestRevokeTokenTwice(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		token, _ := h.token()
		one, err := h.store.RevokeScimToken(h.operator(), token.ID)
		h.must(err)
		h.clock.Advance(time.Hour)
		two, err := h.store.RevokeScimToken(h.operator(), token.ID)
		h.must(err)
		same(t, "time", until(two.RevokedAt), until(one.RevokedAt))
		same(t, "events", h.events(token.ID), []string{"scim_token.created", "scim_token.revoked"})
		refused(t, "unknown", first(h.store.RevokeScimToken(h.operator(), newID(t))), fault.Missing)
	})
}

// A team that has all the tokens it may have can replace one by its successor, if
// the old one ends with it.
func TestRotationAtTheLimit(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		var last models.ID
		for range 10 {
			token, _ := h.token()
			last = token.ID
		}
		refused(t, "with an overlap", first(h.store.RotateScimToken(h.operator(), last, time.Hour)), fault.LimitReached)
		same(t, "without an end", h.count(&models.ScimToken{}, "id = ? AND expires_at IS NULL", last), 1)
		next, err := h.store.RotateScimToken(h.operator(), last, 0)
		h.must(err)
		h.must(first(h.store.AuthenticateScim(h.Context(), next.Secret)))
		same(t, "live", h.count(&models.ScimToken{}, "expires_at IS NULL AND revoked_at IS NULL"), 10)
		refused(t, "one more", second(h.store.CreateScimToken(h.operator(), credential.NewScimToken{TeamID: h.team.ID, Name: "x"})), fault.LimitReached)
	})
}
