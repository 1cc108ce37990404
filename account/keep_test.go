package account_test

import (
	"context"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/account"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// ready has the house's team meet everything that enforcement asks for but the
// direct admins' second factors.
func (h *house) ready() *sso.Service {
	h.Helper()
	room := &sso.Service{DB: h.db, Now: h.clock.Now, BaseURL: base, Credentials: h.store}
	idp, err := idptest.NewECDSA("https://idp.test/entity", "https://idp.test/sso", h.clock.Now)
	h.must(err)
	_, err = room.CreateIdentityProvider(h.operator(), sso.NewIdentityProvider{TeamID: h.team.ID, EntityID: idp.EntityID, SsoURL: idp.SSOURL, Certificates: []string{idp.CertificatePEM()}})
	h.must(err)
	_, err = room.Enable(h.operator(), h.team.ID, true)
	h.must(err)
	_, err = room.RegenerateRecoveryCodes(h.operator(), h.team.ID)
	h.must(err)
	housetest.Update(h, h.db, &models.SsoSettings{}, map[string]any{"tested_at": h.clock.Now()}, "team_id = ?", h.team.ID)
	return room
}

// factored counts the direct admins of the house's team who could come in.
func (h *house) factored(room *sso.Service) int {
	h.Helper()
	n, err := room.CountGroup(h.operator(), h.team.ID, sso.GroupFactored)
	h.must(err)
	return n
}

func (h *house) stateNow() models.SsoState {
	h.Helper()
	var row models.SsoSettings
	h.must(h.db.Read(h.Context()).Where("team_id = ?", h.team.ID).Take(&row).Error)
	return row.State
}

// during runs something while RemoveFactor has done its work and not committed.
// It is given a moment to end by then; whatever waits for the transaction may not.
func (h *house) during(run func() error) (ended chan error) {
	ended = make(chan error, 1)
	began := false
	h.Announce = func(tx *gorm.DB, n models.Notice) error {
		if n.Kind == "factor_removed" && !began {
			began = true
			inside := make(chan struct{})
			go func() { defer close(inside); ended <- run() }()
			select {
			case <-inside:
			case <-time.After(300 * time.Millisecond):
			}
		}
		return h.told.Announce(tx, n)
	}
	return ended
}

// keyed gives somebody a passkey and returns the session that it was added in.
func (h *house) keyed(m roster.Member) (context.Context, models.ID) {
	h.Helper()
	ctx, d := h.as(h.signIn(m, good).Session), newDevice(m)
	options, step, err := h.AddPasskey(ctx, account.Proof{Password: good}, "laptop")
	h.must(err)
	_, err = h.KeepPasskey(ctx, step, d.make(h, options))
	h.must(err)
	o, err := h.Overview(ctx)
	h.must(err)
	return ctx, o.Factors[0].ID
}

// An enforcement and the end of the last second factor that it rests on, at the
// same moment: whichever is second sees the first.
func TestFactorGoesWhileEnforced(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		room := h.ready()
		m := h.add(h.team, models.RoleAdmin, good)
		ctx, key := h.keyed(m)
		ended := h.during(func() error {
			_, err := room.Enforce(h.operator(), h.team.ID, nil)
			return err
		})
		removed := h.RemoveFactor(ctx, account.Proof{Password: good}, key)
		enforced := <-ended
		if n := h.factored(room); h.stateNow() == models.SsoEnforced && n == 0 {
			t.Errorf("enforced without anybody who could come in: removal %v, enforcement %v", removed, enforced)
		}
		if (removed == nil) == (enforced == nil) {
			t.Errorf("removal %v, enforcement %v", removed, enforced)
		}
	})
}

// A member takes their factor away while they become the admin that the team's
// enforcement rests on.
func TestFactorGoesWhilePromoted(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		room := h.ready()
		first, second := h.add(h.team, models.RoleAdmin, good), h.add(h.team, models.RoleMember, good)
		h.keyed(first)
		ctx, key := h.keyed(second)
		housetest.Update(t, h.db, &models.Membership{}, map[string]any{"sso_bypass": true}, "id = ?", second.ID)
		h.state(h.team, models.SsoEnforced)
		ended := h.during(func() error {
			if _, err := h.roster.ChangeRole(h.operator(), second.ID, models.RoleAdmin, nil); err != nil {
				return err
			}
			_, err := h.roster.ChangeRole(h.operator(), first.ID, models.RoleMember, nil)
			return err
		})
		removed := h.RemoveFactor(ctx, account.Proof{Password: good}, key)
		changed := <-ended
		if n := h.factored(room); n == 0 {
			t.Errorf("nobody could come in: removal %v, roles %v", removed, changed)
		}
	})
}

// An authenticator app counts beside a password only: the passkey of an admin
// without one is their last factor, whatever else they have. Two of them try at
// once.
func TestAppWithoutAPasswordIsNoWayIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		room := h.ready()
		var runs []func() error
		for range 2 {
			m := h.add(h.team, models.RoleAdmin, good)
			a, codes := h.withTotp(m)
			in, err := h.Code(h.here(), h.second(m), h.code(a, 0))
			h.must(err)
			ctx, d := h.as(in.Session), newDevice(m)
			options, step, err := h.AddPasskey(ctx, account.Proof{Password: good}, "laptop")
			h.must(err)
			_, err = h.KeepPasskey(ctx, step, d.make(h, options))
			h.must(err)
			h.must(h.db.InTx(t.Context(), func(tx *gorm.DB) error { return tx.Where("user_id = ?", m.UserID).Delete(&models.Password{}).Error }))
			var key models.SecondFactor
			h.must(h.db.Read(t.Context()).Where("user_id = ? AND kind = ?", m.UserID, models.FactorPasskey).Take(&key).Error)
			runs = append(runs, func() error { return h.RemoveFactor(ctx, account.Proof{Code: codes[0]}, key.ID) })
		}
		h.state(h.team, models.SsoEnforced)
		ends := together(t, runs...)
		if n := h.factored(room); n != 2 || ends[fault.SecondFactorRequired] != 2 {
			t.Errorf("%d admins could come in, ends %v", n, ends)
		}
	})
}
