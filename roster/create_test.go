package roster_test

import (
	"context"
	"fmt"
	"testing"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

// asked stands in for the room of passwords and keeps whom it was to mail.
type asked struct {
	housetest.Accounts
	mails []string
}

func (a *asked) InviteToSetPassword(_ context.Context, _ *gorm.DB, u models.User, _ models.Membership) error {
	a.mails = append(a.mails, u.Email)
	return nil
}

// holds has a team hold a domain.
func (h *house) holds(team models.Team, name string) {
	h.Helper()
	now := h.clock.Now()
	housetest.Insert(h, h.db, &models.Domain{ID: newID(h), TeamID: team.ID, Name: name, Challenge: "x", Held: true, VerifiedAt: &now, NextAt: now, AddedBy: "x", CreatedAt: now})
}

func TestCreateMember(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		mails := &asked{Accounts: housetest.Accounts{DB: h.db}}
		h.Accounts = mails
		other := h.newTeam("other", models.PlanTeam)
		h.holds(h.team, "acme.test")
		h.holds(other, "other.test")
		person := func(address string) roster.NewMember {
			return roster.NewMember{TeamID: h.team.ID, Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: address}}
		}
		robot := func(address, name string) roster.NewMember {
			return roster.NewMember{TeamID: h.team.ID, Kind: models.KindIntegration, Role: models.RoleMember, Person: roster.Person{Email: address, Name: name}}
		}

		// An admin vouches for the people of the team's own domain.
		grace, err := h.Create(h.as(h.root), person("grace@acme.test"))
		h.must(err)
		same(t, "she", []any{grace.Source, grace.RoleSource, grace.Role, grace.Status, grace.User.Origin, grace.User.VerifiedAt != nil, grace.Direct(grace.User)},
			[]any{models.SourceDirect, models.RoleByHand, models.RoleMember, models.StatusActive, models.OriginDirect, true, true})
		same(t, "mails", mails.mails, []string{"grace@acme.test"})
		bot, err := h.Create(h.as(h.root), robot("", " Deploy bot "))
		h.must(err)
		same(t, "the robot", []any{bot.User.Kind, bot.User.Name, len(mails.mails)}, []any{models.KindIntegration, "Deploy bot", 1})
		second, err := h.Create(h.as(h.root), robot("", "Deploy bot"))
		h.must(err)
		if second.UserID == bot.UserID || second.User.EmailKey == bot.User.EmailKey {
			t.Error("two robots are one")
		}

		// Whoever has an account elsewhere is told apart from nobody: the answer for
		// every address outside of the domain is the same one.
		stranger := h.add(other, models.KindPerson, models.RoleMember)
		refusals := map[string]bool{}
		for _, address := range []string{"nobody@elsewhere.test", stranger.User.Email + ".elsewhere.test", "nobody@other.test"} {
			_, err := h.Create(h.as(h.root), person(address))
			ended(t, address, err, fault.DomainUnverified)
			refusals[err.Error()] = true
			ended(t, "robot "+address, first(h.Create(h.as(h.root), robot(address, "x"))), fault.DomainUnverified)
		}
		housetest.Update(t, h.db, &models.User{}, map[string]any{"email": "known@elsewhere.test", "email_key": "known@elsewhere.test"}, "id = ?", stranger.UserID)
		_, err = h.Create(h.as(h.root), person("known@elsewhere.test"))
		refusals[err.Error()] = true
		same(t, "answers about addresses elsewhere", len(refusals), 1)

		// Within the domain an account that exists is not drawn in unasked.
		housetest.Update(t, h.db, &models.User{}, map[string]any{"email": "known@acme.test", "email_key": "known@acme.test"}, "id = ?", stranger.UserID)
		ended(t, "an account of one's own elsewhere", first(h.Create(h.as(h.root), person("Known@ACME.test"))), fault.AccountConflict)
		ended(t, "twice", first(h.Create(h.as(h.root), person("GRACE@acme.test"))), fault.Taken)
		ended(t, "a person's account as a robot", first(h.Create(h.operator(), robot("known@acme.test", ""))), fault.AccountConflict)
		ended(t, "a robot's account as a person", first(h.Create(h.operator(), person(bot.User.Email))), fault.Taken)

		// Operators name any address but new ones in another team's domain.
		_, err = h.Create(h.operator(), person("known@acme.test"))
		h.must(err)
		ended(t, "nobody of another team's domain", first(h.Create(h.operator(), person("nobody@other.test"))), fault.AccountConflict)
		_, err = h.Create(h.operator(), person("consultant@elsewhere.test"))
		h.must(err)

		for _, bad := range []struct {
			in   roster.NewMember
			code fault.Code
		}{
			{person(""), fault.Required}, {person("x"), fault.InvalidValue}, {robot("", ""), fault.Required}, {robot("", "a\x00b"), fault.InvalidValue},
			{roster.NewMember{TeamID: h.team.ID, Kind: "GHOST", Role: models.RoleMember, Person: roster.Person{Email: "a@acme.test"}}, fault.InvalidValue},
			{roster.NewMember{TeamID: newID(t), Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: "a@acme.test"}}, fault.Missing},
		} {
			ended(t, fmt.Sprint(bad.in), first(h.Create(h.operator(), bad.in)), bad.code)
		}
		for what, who := range map[string]struct {
			ctx  context.Context
			code fault.Code
		}{
			"a member":          {h.as(grace), fault.Forbidden},
			"another team":      {h.as(h.add(other, models.KindPerson, models.RoleAdmin)), fault.Missing},
			"a key without":     {h.with(h.root, models.ScopeMembershipRead), fault.Forbidden},
			"provisioning":      {h.scim(), fault.Forbidden},
			"nobody":            {h.Context(), fault.NotSignedIn},
			"a key with scopes": {h.with(h.root, models.ScopeMembershipWrite), ""},
		} {
			ended(t, what, first(h.Create(who.ctx, person("late@acme.test"))), who.code)
		}
	})
}

// Where single sign-on is enforced a person who is no admin could not come in.
func TestCreateWhereEnforced(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		mails := &asked{Accounts: housetest.Accounts{DB: h.db}}
		h.Accounts = mails
		housetest.Update(t, h.db, &models.SsoSettings{}, map[string]any{"state": models.SsoEnforced}, "team_id = ?", h.team.ID)
		for role, code := range map[models.Role]fault.Code{models.RoleMember: fault.ManagedByIDP, models.RoleViewer: fault.ManagedByIDP, models.RoleAdmin: ""} {
			in := roster.NewMember{TeamID: h.team.ID, Kind: models.KindPerson, Role: role, Person: roster.Person{Email: string(role) + "@acme.test"}}
			ended(t, "a person "+string(role), first(h.Create(h.operator(), in)), code)
			in = roster.NewMember{TeamID: h.team.ID, Kind: models.KindIntegration, Role: role, Person: roster.Person{Name: string(role)}}
			ended(t, "an integration "+string(role), first(h.Create(h.operator(), in)), "")
		}
		same(t, "mails", mails.mails, []string{"ADMIN@acme.test"})
	})
}

// A removed person whom an admin creates again is a new member; somebody with a
// way in of their own is mailed nothing.
func TestCreateAgain(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		mails := &asked{Accounts: housetest.Accounts{DB: h.db}}
		h.Accounts = mails
		in := roster.NewMember{TeamID: h.team.ID, Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: "grace@acme.test"}}
		grace, err := h.Create(h.operator(), in)
		h.must(err)
		h.must(mails.GivePassword(h.Context(), grace.UserID))
		_, err = h.Remove(h.as(h.root), grace.ID)
		h.must(err)
		again, err := h.Create(h.operator(), in)
		h.must(err)
		same(t, "the account", again.UserID, grace.UserID)
		same(t, "mails", len(mails.mails), 1)
		var stones int64
		h.must(h.db.Read(h.Context()).Model(&models.Tombstone{}).Where("team_id = ?", h.team.ID).Count(&stones).Error)
		same(t, "tombstones", stones, 0)
	})
}

func TestCreateAdmin(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		mails := &asked{Accounts: housetest.Accounts{DB: h.db}}
		h.Accounts = mails
		admin := func(ctx context.Context, address string, mailed bool) (roster.Member, error) {
			m, link, err := h.CreateAdmin(ctx, roster.NewAdmin{TeamID: h.team.ID, Person: roster.Person{Email: address}, Mailed: mailed})
			if err == nil && (link == "") != mailed {
				t.Errorf("%s: the link is %q", address, link)
			}
			return m, err
		}
		system := housetest.AsSystem(h.Context())
		made, err := admin(system, "new@acme.test", true)
		h.must(err)
		same(t, "made", []any{made.Role, made.Source, made.Direct(made.User), mails.mails}, []any{models.RoleAdmin, models.SourceDirect, true, []string{"new@acme.test"}})
		member := h.direct(models.RoleViewer)
		raised, err := admin(system, member.User.Email, false)
		h.must(err)
		same(t, "raised", []any{raised.ID, raised.Role, raised.RoleSource}, []any{member.ID, models.RoleAdmin, models.RoleByHand})
		if _, err := admin(system, member.User.Email, false); err != nil {
			t.Errorf("a second link: %v", err)
		}

		h.holds(h.newTeam("other", models.PlanTeam), "other.test")
		in, err := h.SignIn(h.request(), h.judged(h.team, h.idp, named("ada@acme.test")))
		h.must(err)
		out := h.direct(models.RoleMember)
		_, err = h.Deactivate(h.as(h.root), out.ID, "")
		h.must(err)
		robot := h.add(h.team, models.KindIntegration, models.RoleMember)
		for address, code := range map[string]fault.Code{
			in.User.Email: fault.ManagedByIDP, out.User.Email: fault.Clash, robot.User.Email: fault.AccountConflict, "nobody@other.test": fault.AccountConflict, "x": fault.InvalidValue,
		} {
			ended(t, address, first(admin(system, address, false)), code)
		}
		for what, ctx := range map[string]context.Context{"an admin": h.as(h.root), "provisioning": h.scim()} {
			ended(t, what, first(admin(ctx, "more@acme.test", false)), fault.Forbidden)
		}
		ended(t, "nobody", first(admin(access.With(h.Context(), access.Actor{}), "more@acme.test", false)), fault.NotSignedIn)
	})
}
