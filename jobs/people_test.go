package jobs

import (
	"fmt"
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
	"rollcall/sso"
)

// on has single sign-on of a team on.
func (r *replica) on(team models.Team, p models.IdentityProvider) {
	r.t.Helper()
	ctx := housetest.AsOperator(r.t.Context())
	_, err := r.SSO.AddCertificate(ctx, p.ID, certificate(r.t, housetest.Start.AddDate(0, 0, -1), housetest.Start.AddDate(2, 0, 0)))
	r.must(err)
	_, err = r.SSO.Enable(ctx, team.ID, true)
	r.must(err)
}

// crowd puts people on a team by the row: how they came is not the matter here.
func (r *replica) crowd(team models.ID, n int) []models.Membership {
	r.t.Helper()
	var users []models.User
	var rows []models.Membership
	for i := range n {
		u, err := models.NewID()
		r.must(err)
		m, err := models.NewID()
		r.must(err)
		address := fmt.Sprintf("p%04d@acme.test", i)
		users = append(users, models.User{ID: u, Kind: models.KindPerson, Origin: models.OriginScim, Email: address, EmailKey: address, CreatedAt: housetest.Start, UpdatedAt: housetest.Start})
		rows = append(rows, models.Membership{
			ID: m, TeamID: team, UserID: u, Role: models.RoleMember, RoleSource: models.RoleByDefault, Status: models.StatusActive, Source: models.SourceScim,
			UserName: address, UserNameKey: address, Revision: 1, CreatedAt: housetest.Start, UpdatedAt: housetest.Start,
		})
	}
	r.must(r.DB.InTx(r.t.Context(), func(tx *gorm.DB) error {
		if err := tx.CreateInBatches(&users, 200).Error; err != nil {
			return err
		}
		return tx.CreateInBatches(&rows, 200).Error
	}))
	return rows
}

// An announcement goes to every member that it is for, once, in batches, and to
// nobody else; and only when an admin asks for it.
func TestAnnouncementToMembers(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		team, p := r.team("acme", "ada@acme.test")
		r.team("other", "eve@other.test")
		const people = audienceBatch + 20
		crowd := r.crowd(team.ID, people)
		ctx := housetest.AsOperator(t.Context())
		if _, err := r.SSO.AnnounceSso(ctx, team.ID, sso.AudienceEveryone); !fault.Is(err, fault.Clash) {
			t.Errorf("announced while it is off: %v", err)
		}
		r.on(team, p)
		// One signed in already, one is shut out before the mail is written.
		r.must(r.DB.InTx(ctx, func(tx *gorm.DB) error {
			id, err := models.NewID()
			if err != nil {
				return err
			}
			return tx.Create(&models.ExternalIdentity{ID: id, TeamID: team.ID, MembershipID: crowd[0].ID, Issuer: p.EntityID, NameID: "p0", CreatedAt: clock.Now(), LastLoginAt: clock.Now()}).Error
		}))
		n, err := r.SSO.AnnounceSso(ctx, team.ID, sso.AudienceNotUnder)
		r.must(err)
		if n != people-1+1 { // all but one of the crowd, and ada
			t.Errorf("announced to %d", n)
		}
		if _, err := r.SSO.AnnounceSso(ctx, team.ID, sso.AudienceNotUnder); !fault.Is(err, fault.LimitReached) {
			t.Errorf("announced twice: %v", err)
		}
		_, err = r.roster.Deactivate(ctx, crowd[1].ID, "")
		r.must(err)
		r.work()
		r.drained()
		got := map[string]int{}
		for _, m := range box.all() {
			if strings.Contains(m.Subject, "company account") {
				got[m.To]++
			}
		}
		if len(got) != people-1 || got["ada@acme.test"] != 1 || got["p0000@acme.test"] != 0 || got["p0001@acme.test"] != 0 || got["eve@other.test"] != 0 {
			t.Errorf("%d people were told", len(got))
		}
		for to, times := range got {
			if times != 1 {
				t.Errorf("%s was told %d times", to, times)
			}
		}
		clock.Advance(61 * time.Minute)
		if n, err := r.SSO.AnnounceSso(ctx, team.ID, sso.AudienceEveryone); err != nil || n != people {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// Keys and tokens that end are announced at 30, 7 and 1 days, the tightest that
// is due and once each, and not when they were revoked or live for days only.
func TestCredentialsThatEnd(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		team, _ := r.team("acme", "ada@acme.test")
		ctx := housetest.AsOperator(t.Context())
		mel, err := r.roster.Add(ctx, roster.NewMember{TeamID: team.ID, Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: "mel@acme.test"}})
		r.must(err)
		in := func(days int) *time.Time { at := clock.Now().AddDate(0, 0, days); return &at }
		key := func(name string, days int) models.APIKey {
			k, _, err := r.Credentials.CreateAPIKey(ctx, credential.NewAPIKey{TeamID: team.ID, MembershipID: mel.ID, Name: name, Scopes: models.Scopes, ExpiresAt: in(days)})
			r.must(err)
			return k
		}
		key("nightly", 40)
		key("brief", 10)
		gone := key("gone", 40)
		_, err = r.Credentials.RevokeAPIKey(ctx, gone.ID)
		r.must(err)
		_, _, err = r.Credentials.CreateScimToken(ctx, credential.NewScimToken{TeamID: team.ID, Name: "okta", ExpiresAt: in(60)})
		r.must(err)
		told := map[string][]int{}
		for day := range 70 {
			for range 2 {
				r.must(r.Expiring(housetest.AsSystem(t.Context())))
			}
			for _, n := range rowsOf[models.Notice](t, r.DB, "created_at = ?", models.Stamp(clock.Now())) {
				if strings.HasSuffix(n.Kind, "_expiring") {
					told[n.Facts["name"]] = append(told[n.Facts["name"]], day)
				}
			}
			clock.Advance(24 * time.Hour)
		}
		if want := map[string][]int{"nightly": {10, 33, 39}, "okta": {30, 53, 59}}; fmt.Sprint(told) != fmt.Sprint(want) {
			t.Errorf("told on days %v, want %v", told, want)
		}
		r.work()
		r.drained()
		var to []string
		for _, m := range box.all() {
			if strings.Contains(m.Subject, "nightly") || strings.Contains(m.Subject, "ends on") {
				to = append(to, m.To)
			}
		}
		slices.Sort(to)
		if want := []string{"ada@acme.test", "ada@acme.test", "ada@acme.test", "mel@acme.test", "mel@acme.test", "mel@acme.test"}; !slices.Equal(to, want) {
			t.Errorf("told were %v, want %v", to, want)
		}
	})
}

// Members are told that they went out, and admins once a day who did, when the
// team wants that; otherwise nobody is.
func TestWhoWentOut(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		team, _ := r.team("acme", "ada@acme.test")
		other, _ := r.team("other", "eve@other.test")
		ctx := housetest.AsOperator(t.Context())
		crowd := r.crowd(team.ID, 5)
		_, err := r.roster.Remove(ctx, crowd[0].ID)
		r.must(err)
		if n := len(rowsOf[models.Notice](t, r.DB, "kind LIKE ?", "member_%")); n != 0 {
			t.Errorf("%d notices that nobody wanted", n)
		}
		yes := true
		_, err = r.SSO.UpdateNotifications(ctx, team.ID, sso.NotificationsChange{TellMembers: &yes, DailyDigest: &yes})
		r.must(err)
		_, err = r.SSO.UpdateNotifications(ctx, other.ID, sso.NotificationsChange{DailyDigest: &yes})
		r.must(err)
		_, err = r.roster.Remove(ctx, crowd[1].ID)
		r.must(err)
		_, err = r.roster.Deactivate(ctx, crowd[2].ID, "left")
		r.must(err)
		r.must(r.Expiring(housetest.AsSystem(t.Context()))) // the day is not over
		clock.Advance(24 * time.Hour)
		for range 3 {
			r.must(r.Expiring(housetest.AsSystem(t.Context())))
		}
		clock.Advance(24 * time.Hour)
		r.must(r.Expiring(housetest.AsSystem(t.Context())))
		r.work()
		r.drained()
		var got []string
		for _, m := range box.all() {
			if strings.Contains(m.Subject, "went out") || strings.Contains(m.Subject, "removed") || strings.Contains(m.Subject, "switched off") {
				got = append(got, m.To+": "+m.Subject)
			}
			if strings.Contains(m.Subject, "went out") && (!strings.Contains(m.Text, "p0000@acme.test (removed, operator key)") || !strings.Contains(m.Text, "p0002@acme.test (deactivated")) {
				t.Errorf("the day's mail says: %s", m.Text)
			}
		}
		slices.Sort(got)
		want := []string{
			"ada@acme.test: acme: 3 people went out on 2 March 2026",
			"p0001@acme.test: acme: you were removed",
			"p0002@acme.test: acme: your access was switched off",
		}
		if !slices.Equal(got, want) {
			t.Errorf("told were %q, want %q", got, want)
		}
	})
}

// Admins are told once a day that provisioning fails; single refusals among
// calls that work are nothing.
func TestProvisioningThatFails(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock := housetest.NewClock()
		r := newReplica(t, src, clock.Now, &post{})
		failing, _ := r.team("failing", "ada@acme.test")
		fine, _ := r.team("fine", "eve@other.test")
		calls := func(team models.ID, status, n int) {
			var rows []models.ScimCall
			for range n {
				id, err := models.NewID()
				r.must(err)
				rows = append(rows, models.ScimCall{ID: id, TeamID: team, At: clock.Now(), Method: "PATCH", Resource: "/Users", Status: status, Quirks: []string{}})
			}
			r.must(r.roster.RecordScimCalls(housetest.AsSystem(t.Context()), rows))
		}
		calls(failing.ID, 200, 4)
		calls(failing.ID, 500, 4)
		calls(fine.ID, 404, 50)
		calls(fine.ID, 400, 20)
		calls(fine.ID, 201, 21)
		told := func() int { return len(rowsOf[models.Notice](t, r.DB, "kind = ?", "scim_failing")) }
		watch := func() { r.must(r.roster.Watch(housetest.AsSystem(t.Context()))) }
		if watch(); told() != 0 {
			t.Error("four failures are told")
		}
		calls(failing.ID, 403, 1)
		watch()
		if watch(); told() != 1 {
			t.Errorf("%d notices", told())
		}
		clock.Advance(2 * time.Hour)
		if watch(); told() != 1 {
			t.Errorf("%d notices of what is over", told())
		}
		clock.Advance(24 * time.Hour)
		calls(failing.ID, 500, 5)
		if watch(); told() != 2 {
			t.Errorf("%d notices on another day", told())
		}
	})
}
