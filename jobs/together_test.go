package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/internal/housetest"
	"rollcall/mail"
	"rollcall/models"
	"rollcall/sso"
)

// ending adds a certificate that ends at a time.
func (r *replica) ending(p models.IdentityProvider, at time.Time) models.Certificate {
	r.t.Helper()
	c, err := r.SSO.AddCertificate(housetest.AsOperator(r.t.Context()), p.ID, certificate(r.t, housetest.Start.AddDate(0, 0, -1), at))
	r.must(err)
	return c
}

// look has everybody look for what is due, all at once.
func look(t *testing.T, all ...*replica) {
	t.Helper()
	var wg sync.WaitGroup
	for _, r := range all {
		wg.Go(func() {
			if err := r.Expiring(housetest.AsSystem(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// ends are the mails about certificates' ends that arrived, and what they say.
func ends(box *post) map[string][]mail.Message {
	out := map[string][]mail.Message{}
	for _, m := range box.all() {
		if strings.Contains(m.Subject, "expire") {
			out[m.To] = append(out[m.To], m)
		}
	}
	return out
}

// What is due on one day for one team arrives in one mail, whatever the hours and
// however many replicas look. It is recorded for each certificate, and not told again.
func TestOneMailForADay(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r, second, third := newReplica(t, src, clock.Now, box), newReplica(t, src, clock.Now, box), newReplica(t, src, clock.Now, box)
		team, p := r.team("acme", "ada@acme.test", "grace@acme.test")
		q, err := r.SSO.CreateIdentityProvider(housetest.AsOperator(t.Context()), sso.NewIdentityProvider{TeamID: team.ID, EntityID: "https://next.acme.test", SsoURL: "https://next.acme.test/sso"})
		r.must(err)
		_, beta := r.team("beta", "bob@beta.test")
		midnight := housetest.Start.Truncate(24*time.Hour).AddDate(0, 0, 50)
		morning := r.ending(p, midnight.Add(8*time.Hour))
		evening := r.ending(p, midnight.Add(20*time.Hour))
		night := r.ending(q, midnight.Add(23*time.Hour))
		tomorrow := r.ending(q, midnight.Add(25*time.Hour))
		r.ending(beta, midnight.Add(8*time.Hour))

		clock.Set(midnight.AddDate(0, 0, -30).Add(7 * time.Hour))
		look(t, r, second, third)
		if n := rowsOf[models.Notice](t, r.DB, "kind LIKE 'cert%expiring'"); len(n) != 0 {
			t.Fatalf("told before anything is due: %+v", n)
		}
		clock.Advance(90 * time.Minute)
		look(t, r, second, third)
		clock.Advance(14 * time.Hour)
		look(t, r, second, third)
		r.work()
		r.drained()
		for to, want := range map[string][]models.Certificate{"ada@acme.test": {morning, evening, night}, "grace@acme.test": {morning, evening, night}, "bob@beta.test": {}} {
			got := ends(box)[to]
			if len(got) != 1 {
				t.Fatalf("%s got %d mails", to, len(got))
			}
			for _, c := range want {
				if strings.Count(got[0].Text, c.FingerprintSha256) != 1 || strings.Contains(got[0].Text, tomorrow.FingerprintSha256) {
					t.Errorf("%s: %s", to, got[0].Text)
				}
			}
		}
		if got := ends(box)["ada@acme.test"][0].Subject; got != "acme: 3 sign-in certificates expire, the first in 30 days" {
			t.Errorf("%s", got)
		}
		var keys []string
		for _, n := range rowsOf[models.Notice](t, r.DB, "team_id = ? AND kind = 'cert_expiring'", team.ID) {
			keys = append(keys, n.NoticeKey)
		}
		slices.Sort(keys)
		var want []string
		for _, c := range []models.Certificate{morning, evening, night} {
			want = append(want, fmt.Sprintf("cert_end/%s/%s/30", team.ID, c.FingerprintSha256))
		}
		if slices.Sort(want); !slices.Equal(keys, want) {
			t.Errorf("recorded are %v", keys)
		}
		clock.Set(midnight.AddDate(0, 0, -29).Add(12 * time.Hour))
		look(t, r, second, third)
		r.drained()
		if got := ends(box)["ada@acme.test"]; len(got) != 2 || !strings.Contains(got[1].Text, tomorrow.FingerprintSha256) || strings.Contains(got[1].Subject, "certificates") {
			t.Errorf("the next day: %+v", got)
		}
	})
}

// Of several, what was taken away or covered before the mails are written, and
// before they are sent, is left out; the last one that is left has the mail of one.
func TestLessOfADay(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		ctx := housetest.AsOperator(t.Context())
		team, p := r.team("acme", "ada@acme.test")
		a, b, c := r.ending(p, clock.Now().AddDate(0, 0, 20)), r.ending(p, clock.Now().AddDate(0, 0, 21)), r.ending(p, clock.Now().AddDate(0, 0, 22))
		remove := func(c models.Certificate) {
			_, err := r.SSO.RemoveCertificate(ctx, c.ID)
			r.must(err)
		}
		look(t, r)
		group := rowsOf[models.Notice](t, r.DB, "kind = 'certs_expiring'")
		if len(group) != 1 {
			t.Fatalf("%+v", group)
		}
		remove(a)
		r.must(r.announceJob(ctx, announceArgs{Notice: group[0].ID}))
		if n := len(rowsOf[models.Notice](t, r.DB, "group_id = ?", group[0].ID)); n != 2 {
			t.Errorf("%d parts are left", n)
		}
		remove(b)
		r.work()
		r.drained()
		got := ends(box)["ada@acme.test"]
		if len(got) != 1 || got[0].Subject != "acme: the sign-in certificate expires in 22 days" || !strings.Contains(got[0].Text, c.FingerprintSha256) {
			t.Errorf("%+v", got)
		}
		// Nothing is left of them: no mail, and the notice of what comes back may come.
		again := r.ending(p, clock.Now().AddDate(0, 0, 5))
		further := r.ending(p, clock.Now().AddDate(0, 0, 6))
		r.halt()
		look(t, r)
		remove(again)
		remove(further)
		r.must(r.Start(t.Context()))
		r.drained()
		if n := len(ends(box)["ada@acme.test"]); n != 1 {
			t.Errorf("%d mails", n)
		}
		if left := rowsOf[models.Notice](t, r.DB, "team_id = ? AND kind IN ('certs_expiring', 'cert_expiring')", team.ID); len(left) != 2+1 {
			t.Errorf("%d notices are left", len(left)) // the first group with b and c
		}
	})
}

// A team that has nobody to be told is the operators' matter: by mail once a day,
// in the status for a week, and only for what nobody did themselves.
func TestTeamWithoutAdmin(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		r.Operators = []string{"ops@rollcall.test", "oncall@rollcall.test"}
		ctx := housetest.AsOperator(t.Context())
		team, p := r.team("acme")
		_, told := r.team("told", "ada@told.test")
		r.ending(p, clock.Now().AddDate(0, 0, 20))
		r.ending(told, clock.Now().AddDate(0, 0, 20))
		r.work()
		r.drained()
		status, err := r.Status(ctx)
		r.must(err)
		if len(box.all()) != 1 || status.Untold != 0 {
			t.Errorf("setting a team up is told to operators: %+v, %+v", box.all(), status)
		}
		look(t, r)
		r.drained()
		to := map[string]int{}
		for _, m := range box.all() {
			if strings.HasPrefix(m.Subject, "Rollcall:") {
				to[m.To]++
				for _, part := range []string{"the team acme has no admin", "acme: the sign-in certificate expires in 20 days", "updateMembership", "untoldTeams"} {
					if !strings.Contains(m.Subject+m.Text, part) {
						t.Errorf("%q is not in %s", part, m.Text)
					}
				}
			}
		}
		if len(to) != 2 || to["ops@rollcall.test"] != 1 || to["oncall@rollcall.test"] != 1 {
			t.Errorf("told were %v", to)
		}
		if seen, _, err := r.SSO.Mails(ctx, team.ID, nil, models.Window{Limit: 10}); err != nil || len(seen) != 0 {
			t.Errorf("the team sees the operators' mails: %v, %v", seen, err)
		}
		status, err = r.Status(ctx)
		r.must(err)
		if status.Untold != 1 || !slices.Equal(status.UntoldTeams, []string{"acme"}) {
			t.Errorf("%+v", status)
		}
		// Another notice of the same day, and one of another.
		before := len(box.all())
		tell := func(n models.Notice) {
			r.must(r.DB.InTx(context.WithoutCancel(ctx), func(tx *gorm.DB) error {
				id, err := models.NewID()
				if err != nil {
					return err
				}
				n.ID, n.CreatedAt, n.Facts = id, clock.Now(), map[string]string{"day": clock.Now().Format(time.RFC3339)}
				return r.Announce(tx, n)
			}))
			r.drained()
		}
		another := func(key string) { tell(models.Notice{TeamID: team.ID, Kind: "scim_failing", NoticeKey: key}) }
		if another("one"); len(box.all()) != before {
			t.Error("operators are told twice a day")
		}
		clock.Advance(24 * time.Hour)
		if another("two"); len(box.all()) != before+2 {
			t.Error("operators are told nothing the next day")
		}
		clock.Advance(8 * 24 * time.Hour)
		if status, err = r.Status(ctx); err != nil || status.Untold != 0 || len(status.UntoldTeams) != 0 {
			t.Errorf("after a week: %+v, %v", status, err)
		}
		// A notice for one person who is out, of a team that has an admin, is no alarm.
		out := r.crowd(told.TeamID, 1)[0]
		_, err = r.roster.Deactivate(ctx, out.ID, "")
		r.must(err)
		before = len(box.all())
		tell(models.Notice{TeamID: told.TeamID, Kind: "api_key_expiring", NoticeKey: "out", MembershipID: &out.ID})
		if status, err = r.Status(ctx); err != nil || status.Untold != 0 || len(box.all()) != before {
			t.Errorf("%+v, %v, %d mails", status, err, len(box.all())-before)
		}
		// Without addresses there is the status.
		r.Operators = nil
		before = len(box.all())
		another("three")
		if status, err = r.Status(ctx); err != nil || status.Untold != 1 || len(box.all()) != before {
			t.Errorf("%+v, %v", status, err)
		}
	})
}
