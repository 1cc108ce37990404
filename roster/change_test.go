package roster_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

func TestChangeRole(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.jit()
		h.clock.Advance(time.Hour)
		got, err := h.ChangeRole(h.as(h.root), m.ID, models.RoleViewer, ptr(1))
		h.must(err)
		stored, _ := h.find(m.ID)
		for where, x := range map[string]models.Membership{"answer": got, "stored": stored} {
			same(t, where, []any{x.Role, x.RoleSource, x.Revision, x.UpdatedAt.UTC(), x.Status}, []any{"VIEWER", "MANUAL", 2, h.clock.Now(), "ACTIVE"})
		}
		events := h.told(m.ID)
		same(t, "event", []any{actions(events), events[1].ActorKind, *events[1].ActorID, events[1].TargetLabel, detail(events[1], "from"), detail(events[1], "to")},
			[]any{[]string{"membership.provisioned", "membership.role_changed"}, "PERSON", h.root.UserID, m.User.Email, "MEMBER", "VIEWER"})
		h.untouched("what changes nothing", func() {
			ended(t, "the same", first(h.ChangeRole(h.as(h.root), m.ID, models.RoleViewer, nil)), "")
			ended(t, "the same, of an old revision", first(h.ChangeRole(h.as(h.root), m.ID, models.RoleViewer, ptr(1))), fault.StaleRevision)
			ended(t, "of an old revision", first(h.ChangeRole(h.as(h.root), m.ID, models.RoleAdmin, ptr(1))), fault.StaleRevision)
			ended(t, "by provisioning", first(h.ChangeRole(h.scim(), m.ID, models.RoleAdmin, nil)), fault.Forbidden)
			ended(t, "of nobody", first(h.ChangeRole(h.operator(), newID(t), models.RoleAdmin, nil)), fault.Missing)
		})
		// The default role by hand is another thing than by default: it stays.
		second := h.jit()
		got, err = h.ChangeRole(h.operator(), second.ID, models.RoleMember, nil)
		h.must(err)
		same(t, "by hand", []any{got.Role, got.RoleSource, got.Revision}, []any{"MEMBER", "MANUAL", 2})
		// A role can be chosen for the time after a return.
		h.must(first(h.Deactivate(h.operator(), second.ID, "")))
		h.must(first(h.ChangeRole(h.operator(), second.ID, models.RoleAdmin, nil)))
		h.must(first(h.ChangeRole(h.operator(), second.ID, models.RoleViewer, nil))) // no active admin is lost
		ends := together(t, times(8, func(i int) error {
			return first(h.ChangeRole(h.operator(), m.ID, []models.Role{models.RoleAdmin, models.RoleMember}[i%2], ptr(2)))
		})...)
		same(t, "of one revision at once", ends, map[fault.Code]int{"": 1, fault.StaleRevision: 7})
	})
}

func TestDeactivate(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m, other := h.jit(), h.jit()
		secrets, others := h.credentials(m), h.credentials(other)
		for name, reason := range map[string]string{"long": strings.Repeat("ü", 201), "zero byte": "a\x00", "two lines": "a\nb", "not UTF-8": "\xff"} {
			h.untouched(name, func() { ended(t, name, first(h.Deactivate(h.operator(), m.ID, reason)), fault.InvalidValue) })
		}
		same(t, "live before", h.live(secrets), 2)
		h.clock.Advance(time.Minute)
		got, err := h.Deactivate(h.as(h.root), m.ID, "  "+strings.Repeat("ü", 200)+" ")
		h.must(err)
		stored, _ := h.find(m.ID)
		for where, x := range map[string]models.Membership{"answer": got, "stored": stored} {
			same(t, where, []any{x.Status, x.DeactivatedAt.UTC(), x.DeactivatedReason, x.Revision, x.Role}, []any{"DEACTIVATED", h.clock.Now(), strings.Repeat("ü", 200), 2, "MEMBER"})
		}
		same(t, "live", []int{h.live(secrets), h.live(others)}, []int{0, 2})
		events := h.told(m.ID)
		last := events[len(events)-1]
		// Two sessions: the one that the sign-in opened, and the one of the test.
		same(t, "receipt", []any{last.Action, detail(last, "role"), detail(last, "sessionsRevoked"), detail(last, "apiKeysRevoked"), last.At.UTC()}, []any{"membership.deactivated", "MEMBER", "2", "1", h.clock.Now()})
		same(t, "why", h.count(&models.APIKey{}, "membership_id = ? AND revoked_reason = 'deactivated'", m.ID), 1)
		h.clock.Advance(time.Minute)
		h.untouched("a second time", func() { ended(t, "again", first(h.Deactivate(h.operator(), m.ID, "another reason")), "") })
		got, err = h.Reactivate(h.operator(), m.ID)
		h.must(err)
		stored, _ = h.find(m.ID)
		for where, x := range map[string]models.Membership{"answer": got, "stored": stored} {
			same(t, where, []any{x.Status, x.DeactivatedAt, x.DeactivatedReason, x.Revision}, []any{"ACTIVE", nil, "", 3})
		}
		h.untouched("a second time", func() { ended(t, "again", first(h.Reactivate(h.operator(), m.ID)), "") })
		same(t, "live after the return", h.live(secrets), 0)
	})
}

func TestRemove(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.jit()
		secrets := h.credentials(m)
		h.clock.Advance(time.Minute)
		got, err := h.Remove(h.as(h.root), m.ID)
		h.must(err)
		same(t, "answer", []any{got.Membership.ID, got.Receipt}, []any{m.ID, credential.Receipt{Sessions: 2, APIKeys: 1}})
		_, there := h.find(m.ID)
		same(t, "there, live", []any{there, h.live(secrets)}, []any{false, 0})
		events := h.told(m.ID)
		last := events[len(events)-1]
		same(t, "receipt", []any{last.Action, last.TargetLabel, detail(last, "role"), detail(last, "sessionsRevoked"), detail(last, "apiKeysRevoked")}, []any{"membership.removed", m.User.Email, "MEMBER", "2", "1"})
		// What ended is kept as the proof of it.
		same(t, "kept", []int64{
			h.count(&models.APIKey{}, "membership_id = ? AND revoked_reason = 'removed' AND revoked_at = ?", m.ID, h.clock.Now()),
			h.count(&models.Session{}, "membership_id = ? AND revoked_reason = 'removed' AND revoked_at = ?", m.ID, h.clock.Now()),
		}, []int64{1, 2})
		h.untouched("a second time", func() { ended(t, "again", first(h.Remove(h.operator(), m.ID)), fault.Missing) })
		off := h.jit()
		h.must(first(h.Deactivate(h.operator(), off.ID, "")))
		got, err = h.Remove(h.operator(), off.ID)
		h.must(err)
		same(t, "of somebody who was shut out", got.Receipt, credential.Receipt{})
	})
}

// The same thing through every door leaves the same rows and the same events,
// but for who did it.
func TestDoorsAreAlike(t *testing.T) {
	type deed = func(h *house, ctx context.Context, m roster.Member) error
	deactivate := func(h *house, ctx context.Context, m roster.Member) error {
		return first(h.Deactivate(ctx, m.ID, ""))
	}
	inactive := func(h *house, ctx context.Context, m roster.Member) error {
		in := present(m)
		in.Active = false
		return first(h.UpdateScim(ctx, m.TeamID, m.ID, in))
	}
	remove := func(h *house, ctx context.Context, m roster.Member) error { return first(h.Remove(ctx, m.ID)) }
	reactivate := func(h *house, ctx context.Context, m roster.Member) error {
		if err := deactivate(h, ctx, m); err != nil {
			return err
		}
		return first(h.Reactivate(ctx, m.ID))
	}
	active := func(h *house, ctx context.Context, m roster.Member) error {
		if err := inactive(h, ctx, m); err != nil {
			return err
		}
		return first(h.UpdateScim(ctx, m.TeamID, m.ID, present(m)))
	}
	everyone, clients := []string{"operator", "admin", "admin's key", "SCIM", "system"}, []string{"operator", "SCIM", "system"}
	eachHouse(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			name string
			ways []deed
		}{{"deactivate", []deed{deactivate, inactive}}, {"remove", []deed{remove}}, {"reactivate", []deed{reactivate, active}}} {
			want := ""
			for i, way := range c.ways {
				actors := everyone
				if i == 1 {
					actors = clients // SCIM's own door
				}
				for _, actor := range actors {
					h.begin()
					ctx := map[string]context.Context{
						"operator": h.operator(), "admin": h.as(h.root), "admin's key": h.with(h.root, models.Scopes...), "SCIM": h.scim(), "system": housetest.AsSystem(h.Context()),
					}[actor]
					m := h.provision(roster.ScimUser{UserName: "ada@acme.test", Email: "ada@acme.test", ExternalID: ptr("00u1"), Name: "Ada", Active: true})
					h.must(first(h.signIn(named("ada@acme.test"))))
					h.credentials(m)
					h.clock.Advance(time.Hour)
					h.must(way(h, ctx, m))
					got := h.snapshot()
					if want == "" {
						want = got
					}
					if got != want {
						t.Errorf("%s by %s, way %d:\n%s", c.name, actor, i, difference(got, want))
					}
				}
			}
			if !strings.Contains(want, "revoked_reason=") || !strings.Contains(want, "apiKeysRevoked") {
				t.Errorf("%s: the snapshot holds no receipt:\n%s", c.name, want)
			}
		}
	})
}

// begin empties the database and founds the house anew.
func (h *house) begin() {
	h.Helper()
	for _, row := range slices.Backward(models.All) {
		h.must(h.db.Read(h.Context()).Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(reflect.New(reflect.TypeOf(row)).Interface()).Error)
	}
	h.clock.Set(housetest.Start)
	h.names.Store(0)
	h.team, h.idp = h.found("acme")
	h.root = h.add(h.team, models.KindPerson, models.RoleAdmin)
}
