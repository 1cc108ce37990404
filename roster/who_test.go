package roster_test

import (
	"context"
	"fmt"
	"testing"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

// The callers of the table below, in the order of its columns.
var callers = []string{
	"nobody", "viewer", "member", "admin", "admin's key", "admin's key without scopes", "SCIM", "operator", "system", "other admin", "other SCIM",
}

func (h *house) callers() []context.Context {
	h.Helper()
	viewer, member := h.direct(models.RoleViewer), h.direct(models.RoleMember)
	other := h.newTeam("other", models.PlanTeam)
	stranger := h.add(other, models.KindPerson, models.RoleAdmin)
	return []context.Context{
		h.Context(), h.as(viewer), h.as(member), h.as(h.root), h.with(h.root, models.Scopes...), h.with(h.root),
		h.scim(), h.operator(), housetest.AsSystem(h.Context()), h.as(stranger), housetest.AsScim(h.Context(), other.ID),
	}
}

// Every verb by every kind of caller: what it takes to do it, and that those who
// may not know of the team are told that there is no such thing.
func TestWhoMayDoWhat(t *testing.T) {
	const (
		ok      = fault.Code("")
		unknown = fault.NotSignedIn
		no      = fault.Forbidden
		none    = fault.Missing
	)
	eachHouse(t, func(t *testing.T, h *house) {
		contexts := h.callers()
		identity := func(m roster.Member) models.ID {
			var row models.ExternalIdentity
			h.must(h.db.Read(h.Context()).Where("membership_id = ?", m.ID).Take(&row).Error)
			return row.ID
		}
		for _, verb := range []struct {
			name string
			do   func(ctx context.Context, m roster.Member) error
			want [11]fault.Code // nobody, viewer, member, admin, key, key without scopes, SCIM, operator, system, other admin, other SCIM
		}{
			{"Team", func(ctx context.Context, m roster.Member) error { return first(h.Team(ctx, m.TeamID)) },
				[11]fault.Code{unknown, ok, ok, ok, ok, no, ok, ok, ok, none, none}},
			{"TeamBySlug", func(ctx context.Context, m roster.Member) error { return first(h.TeamBySlug(ctx, "acme")) },
				[11]fault.Code{unknown, ok, ok, ok, ok, no, ok, ok, ok, none, none}},
			{"ListTeams", func(ctx context.Context, m roster.Member) error {
				_, _, err := h.ListTeams(ctx, models.Window{Limit: 1})
				return err
			}, [11]fault.Code{unknown, ok, ok, ok, ok, no, ok, ok, ok, ok, ok}},
			{"Membership", func(ctx context.Context, m roster.Member) error { return first(h.Membership(ctx, m.ID)) },
				[11]fault.Code{unknown, ok, ok, ok, ok, no, ok, ok, ok, none, none}},
			{"ListMembers", func(ctx context.Context, m roster.Member) error {
				_, _, err := h.ListMembers(ctx, m.TeamID, roster.MemberFilter{}, roster.ByJoining, models.Window{Limit: 1})
				return err
			}, [11]fault.Code{unknown, ok, ok, ok, ok, no, ok, ok, ok, none, none}},
			{"CountMembers", func(ctx context.Context, m roster.Member) error {
				return first(h.CountMembers(ctx, m.TeamID, roster.MemberFilter{}))
			},
				[11]fault.Code{unknown, ok, ok, ok, ok, no, ok, ok, ok, none, none}},
			{"User", func(ctx context.Context, m roster.Member) error { return first(h.User(ctx, m.UserID)) },
				[11]fault.Code{none, ok, ok, ok, ok, none, ok, ok, ok, none, none}},
			{"ExternalIdentity", func(ctx context.Context, m roster.Member) error { return first(h.ExternalIdentity(ctx, identity(m))) },
				[11]fault.Code{unknown, ok, ok, ok, ok, no, ok, ok, ok, none, none}},
			{"ScimMember", func(ctx context.Context, m roster.Member) error { return first(h.ScimMember(ctx, m.TeamID, m.ID)) },
				[11]fault.Code{unknown, ok, ok, ok, ok, no, ok, ok, ok, none, none}},
			{"ScimMembers", func(ctx context.Context, m roster.Member) error {
				_, _, _, err := h.ScimMembers(ctx, m.TeamID, roster.ScimQuery{Limit: 1})
				return err
			}, [11]fault.Code{unknown, ok, ok, ok, ok, no, ok, ok, ok, none, none}},
			{"ChangeRole", func(ctx context.Context, m roster.Member) error {
				return first(h.ChangeRole(ctx, m.ID, models.RoleViewer, nil))
			}, [11]fault.Code{unknown, no, no, ok, ok, no, no, ok, ok, none, none}},
			{"Deactivate", func(ctx context.Context, m roster.Member) error { return first(h.Deactivate(ctx, m.ID, "")) },
				[11]fault.Code{unknown, no, no, ok, ok, no, ok, ok, ok, none, none}},
			{"Reactivate", func(ctx context.Context, m roster.Member) error { return first(h.Reactivate(ctx, m.ID)) },
				[11]fault.Code{unknown, no, no, ok, ok, no, ok, ok, ok, none, none}},
			{"Remove", func(ctx context.Context, m roster.Member) error { return first(h.Remove(ctx, m.ID)) },
				[11]fault.Code{unknown, no, no, ok, ok, no, ok, ok, ok, none, none}},
			{"ProvisionScim", func(ctx context.Context, m roster.Member) error {
				return first(h.ProvisionScim(ctx, m.TeamID, wanted(h.address())))
			}, [11]fault.Code{unknown, no, no, no, no, no, ok, ok, ok, none, none}},
			{"UpdateScim", func(ctx context.Context, m roster.Member) error {
				in := present(m)
				in.Active = false
				return first(h.UpdateScim(ctx, m.TeamID, m.ID, in))
			}, [11]fault.Code{unknown, no, no, no, no, no, ok, ok, ok, none, none}},
			{"CreateTeam", func(ctx context.Context, m roster.Member) error {
				return first(h.CreateTeam(ctx, roster.NewTeam{Slug: fmt.Sprint("team", h.names.Add(1)), Name: "x", Plan: models.PlanFree}))
			}, [11]fault.Code{unknown, no, no, no, no, no, no, ok, ok, no, no}},
			{"Add", func(ctx context.Context, m roster.Member) error {
				return first(h.Add(ctx, roster.NewMember{TeamID: m.TeamID, Kind: models.KindPerson, Role: models.RoleViewer, Person: roster.Person{Email: h.address()}}))
			}, [11]fault.Code{unknown, no, no, no, no, no, no, ok, ok, no, no}},
		} {
			m := h.jit()
			for i, ctx := range contexts {
				before := h.count(&models.AuditEvent{}, "1 = 1")
				ended(t, verb.name+" by "+callers[i], verb.do(ctx, m), verb.want[i])
				if verb.want[i] != ok {
					same(t, verb.name+" by "+callers[i]+": events", h.count(&models.AuditEvent{}, "1 = 1"), before)
				}
				if _, there := h.find(m.ID); !there {
					m = h.jit()
				}
			}
		}
	})
}

// An id that does not exist and one that is not theirs are answered alike.
func TestForeignIsUnknown(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.jit()
		other := h.newTeam("other", models.PlanTeam)
		stranger := h.as(h.add(other, models.KindPerson, models.RoleAdmin))
		client := housetest.AsScim(h.Context(), other.ID)
		for name, do := range map[string]func(id, user models.ID) error{
			"Membership":         func(id, _ models.ID) error { return first(h.Membership(stranger, id)) },
			"User":               func(_, user models.ID) error { return first(h.User(stranger, user)) },
			"ChangeRole":         func(id, _ models.ID) error { return first(h.ChangeRole(stranger, id, models.RoleViewer, nil)) },
			"Deactivate":         func(id, _ models.ID) error { return first(h.Deactivate(stranger, id, "")) },
			"Reactivate":         func(id, _ models.ID) error { return first(h.Reactivate(stranger, id)) },
			"Remove":             func(id, _ models.ID) error { return first(h.Remove(stranger, id)) },
			"Remove by SCIM":     func(id, _ models.ID) error { return first(h.Remove(client, id)) },
			"ScimMember":         func(id, _ models.ID) error { return first(h.ScimMember(client, other.ID, id)) },
			"UpdateScim":         func(id, _ models.ID) error { return first(h.UpdateScim(client, other.ID, id, present(m))) },
			"Deactivate by SCIM": func(id, _ models.ID) error { return first(h.Deactivate(client, id, "")) },
		} {
			foreign, _ := fault.As(do(m.ID, m.UserID))
			unknown, _ := fault.As(do(newID(t), newID(t)))
			if foreign == nil || unknown == nil {
				t.Fatalf("%s: %v and %v", name, foreign, unknown)
			}
			same(t, name, []any{foreign.Code, foreign.Message, foreign.Field}, []any{unknown.Code, unknown.Message, unknown.Field})
		}
		if row, there := h.find(m.ID); !there || row.Status != models.StatusActive || row.Revision != 1 {
			t.Error("a stranger changed the member")
		}
	})
}

// Batches and lists leave out what the caller may not see.
func TestListsAreOfOneTeam(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		other, idp := h.found("other")
		mine := h.jit()
		in, err := h.SignIn(h.request(), h.judged(other, idp, named("eve@other.test")))
		h.must(err)
		theirs := in.Member
		members, users, teams := []models.ID{mine.ID, theirs.ID, newID(t)}, []models.ID{mine.UserID, theirs.UserID}, []models.ID{h.team.ID, other.ID}
		for _, c := range []struct {
			name      string
			ctx       context.Context
			mine, all bool
		}{
			{"admin", h.as(h.root), true, false},
			{"viewer", h.as(h.direct(models.RoleViewer)), true, false},
			{"SCIM", h.scim(), true, false},
			{"operator", h.operator(), true, true},
			{"a key that may not", h.with(h.root, models.ScopeKeyWrite, models.ScopeTeamRead), false, false},
		} {
			u, err := h.UsersByID(c.ctx, users)
			h.must(err)
			x, err := h.IdentitiesByMembership(c.ctx, members)
			h.must(err)
			tm, err := h.TeamsByID(c.ctx, teams)
			h.must(err)
			_, u1 := u[mine.UserID]
			_, u2 := u[theirs.UserID]
			_, x1 := x[mine.ID]
			_, x2 := x[theirs.ID]
			_, t2 := tm[other.ID]
			same(t, c.name+": users and identities", []bool{u1, u2, x1, x2, t2}, []bool{c.mine, c.all, c.mine, c.all, c.all})
		}
		// A key sees the person it belongs to, even when it may not see members.
		u, err := h.UsersByID(h.with(mine), append(users, h.root.UserID))
		h.must(err)
		same(t, "oneself", []any{len(u), u[mine.UserID].Email}, []any{1, mine.User.Email})
		none, err := h.UsersByID(h.Context(), users)
		h.must(err)
		same(t, "nobody sees", len(none), 0)
		_, err = h.TeamsByID(h.Context(), teams)
		ended(t, "nobody's teams", err, fault.NotSignedIn)
		// However long the page, it costs one statement.
		for name, do := range map[string]func(ctx context.Context) error{
			"users":      func(ctx context.Context) error { return first(h.UsersByID(ctx, users)) },
			"identities": func(ctx context.Context) error { return first(h.IdentitiesByMembership(ctx, members)) },
			"teams":      func(ctx context.Context) error { return first(h.TeamsByID(ctx, teams)) },
		} {
			ctx, statements := models.CountStatements(h.as(h.root))
			h.must(do(ctx))
			same(t, name+": statements", statements.Load(), 1)
		}
	})
}
