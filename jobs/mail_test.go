package jobs

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/internal/housetest"
	"rollcall/mail"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// From the change to the mail, on both databases.
func TestMailFollowsTheChange(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		team, p := r.team("acme", "ada@acme.test", "grace@acme.test")
		ctx := housetest.AsOperator(t.Context())
		extra := []string{"ops@acme.test", "ADA@acme.test"}
		_, err := r.SSO.UpdateNotifications(ctx, team.ID, sso.NotificationsChange{ExtraRecipients: &extra})
		r.must(err)
		_, err = r.SSO.AddCertificate(ctx, p.ID, certificate(t, housetest.Start.AddDate(0, 0, -1), housetest.Start.AddDate(1, 0, 0)))
		r.must(err)
		if len(box.all()) != 0 {
			t.Error("a mail was sent inside of the change")
		}
		r.work()
		r.drained()
		var to []string
		for _, m := range box.all() {
			to = append(to, m.To)
			if !strings.Contains(m.Subject, "acme: a sign-in certificate was added") || !strings.Contains(m.Text, "operator key") || !strings.Contains(m.HTML, "<pre") {
				t.Errorf("%+v", m)
			}
		}
		slices.Sort(to)
		if want := []string{"ada@acme.test", "grace@acme.test", "ops@acme.test"}; !slices.Equal(to, want) {
			t.Errorf("told were %v, want %v", to, want)
		}
		for _, m := range rowsOf[models.Mail](t, r.DB, "team_id = ?", team.ID) {
			if m.State != models.MailSent || m.SentAt == nil || m.Attempts != 1 {
				t.Errorf("%+v", m)
			}
		}
		status, err := r.Status(ctx)
		r.must(err)
		if status.Mails[models.MailSent] != 3 || status.Kinds[1].Done != 3 || status.Kinds[1].LastRun == nil || status.Unannounced != 0 {
			t.Errorf("%+v", status)
		}
		if _, err := r.Status(housetest.AsScim(t.Context(), team.ID)); err == nil {
			t.Error("a team's client may see the queues")
		}
	})
}

// Who is told is found out when it is told, not when it happens.
func TestAdminsAtSendTime(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		team, _ := r.team("acme", "ada@acme.test")
		leaving := r.admin(team.ID, "leaving@acme.test")
		demoted := r.admin(team.ID, "demoted@acme.test")
		ctx := housetest.AsOperator(t.Context())
		_, token, err := r.Credentials.CreateScimToken(ctx, credential.NewScimToken{TeamID: team.ID, Name: "okta"})
		r.must(err)
		r.must(r.announceJob(ctx, announceArgs{Notice: rowsOf[models.Notice](t, r.DB, "kind = ?", "scim_token_created")[0].ID})) // mails are written, none is sent
		_, err = r.roster.Deactivate(ctx, leaving.ID, "left")
		r.must(err)
		_, err = r.roster.ChangeRole(ctx, demoted.ID, models.RoleMember, nil)
		r.must(err)
		r.work()
		r.drained()
		if sent := box.all(); len(sent) != 1 || sent[0].To != "ada@acme.test" || strings.Contains(sent[0].Text, token) {
			t.Errorf("%+v", sent)
		}
		if gone := rowsOf[models.Mail](t, r.DB, "state = ?", models.MailCancelled); len(gone) != 2 {
			t.Errorf("%+v", gone)
		}
	})
}

// A server that will not have the mail, and one that will not have it now.
func TestRefusedMail(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock := housetest.NewClock()
		box := &post{}
		tries := map[string][]string{}
		box.answer = func(m mail.Message) error {
			tries[m.To] = append(tries[m.To], m.ID)
			switch {
			case strings.HasPrefix(m.To, "gone"):
				return &mail.Error{Reason: "the mail server answered 550", Permanent: true}
			case strings.HasPrefix(m.To, "busy") && len(tries[m.To]) < 3:
				return &mail.Error{Reason: "the mail server answered 451"}
			case strings.HasPrefix(m.To, "never"):
				return errors.New("secret words of the server about never@acme.test")
			}
			return nil
		}
		r := newReplica(t, src, clock.Now, box)
		team, _ := r.team("acme", "gone@acme.test", "busy@acme.test", "never@acme.test")
		ctx := housetest.AsOperator(t.Context())
		_, _, err := r.Credentials.CreateScimToken(ctx, credential.NewScimToken{TeamID: team.ID, Name: "okta"})
		r.must(err)
		r.work()
		r.drained()
		for to, want := range map[string]struct {
			state    models.MailState
			attempts int
			reason   string
		}{
			"gone@acme.test":  {models.MailFailed, 1, "the mail server answered 550"},
			"busy@acme.test":  {models.MailSent, 3, ""},
			"never@acme.test": {models.MailFailed, maxAttempts, "the mail could not be handed over"},
		} {
			got := rowsOf[models.Mail](t, r.DB, "recipient = ?", to)
			if len(got) != 1 || got[0].State != want.state || got[0].Attempts != want.attempts || got[0].LastError != want.reason {
				t.Errorf("%s: %+v", to, got)
			}
			ids := slices.Compact(slices.Clone(tries[to]))
			if len(ids) != 1 || len(tries[to]) != want.attempts {
				t.Errorf("%s was tried under %v", to, tries[to])
			}
		}
		failed, _, err := r.SSO.Mails(ctx, team.ID, []models.MailState{models.MailFailed}, models.Window{Limit: 10})
		r.must(err)
		if len(failed) != 2 {
			t.Errorf("an admin sees %d failed mails", len(failed))
		}
		status, err := r.Status(ctx)
		r.must(err)
		if status.Kinds[1].Failed != 2 || status.Kinds[1].LastError == "" || strings.Contains(status.Kinds[1].LastError, "secret") {
			t.Errorf("%+v", status)
		}
	})
}

// An API key is told of to its owner, an integration's to the admins.
func TestOwnersOfKeys(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		team, _ := r.team("acme", "ada@acme.test")
		bob := r.admin(team.ID, "bob@acme.test")
		ctx := housetest.AsOperator(t.Context())
		_, secret, err := r.Credentials.CreateAPIKey(ctx, credential.NewAPIKey{TeamID: team.ID, MembershipID: bob.ID, Name: "ci", Scopes: []models.Scope{models.ScopeTeamRead}})
		r.must(err)
		r.work()
		r.drained()
		sent := box.all()
		if len(sent) != 1 || sent[0].To != "bob@acme.test" || strings.Contains(sent[0].Text+sent[0].HTML, secret) {
			t.Errorf("%+v", sent)
		}
	})
}

// When a direct admin comes in by a way of their own where single sign-on is
// enforced, all admins are told, whoever signed in among them: it may not have
// been they. Nobody is told of members, of the identity provider's word, of
// recovery codes, which have a mail of their own, or while nothing is enforced.
func TestBreakGlassIsTold(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		team, _ := r.team("acme", "ada@acme.test")
		root := r.admin(team.ID, "root@acme.test")
		r.team("globex", "other@globex.test")
		mel, err := r.roster.Add(housetest.AsSystem(t.Context()), roster.NewMember{TeamID: team.ID, Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: "mel@acme.test"}})
		r.must(err)
		open := func(m models.Membership, method models.SessionMethod) {
			t.Helper()
			r.must(r.DB.InTx(t.Context(), func(tx *gorm.DB) error {
				_, _, err := r.Credentials.OpenSession(t.Context(), tx, credential.NewSession{Membership: m, Method: method, Lifetime: time.Hour, Idle: time.Hour})
				return err
			}))
		}
		open(root, models.SessionPassword) // while nothing is enforced
		housetest.Update(t, r.DB, &models.SsoSettings{}, map[string]any{"state": models.SsoEnforced}, "team_id = ?", team.ID)
		open(mel.Membership, models.SessionPassword)
		open(root, models.SessionSaml)
		open(root, models.SessionRecoveryCode)
		if early := rowsOf[models.Notice](t, r.DB, "kind = ?", mail.BreakGlassUsed); len(early) != 0 {
			t.Errorf("told of %+v", early)
		}
		open(root, models.SessionPasskey)
		r.work()
		r.drained()
		var to []string
		for _, m := range box.all() {
			to = append(to, m.To)
			if !strings.Contains(m.Text, "root@acme.test") {
				t.Errorf("the mail does not say who: %s", m.Text)
			}
		}
		slices.Sort(to)
		if want := []string{"ada@acme.test", "root@acme.test"}; !slices.Equal(to, want) {
			t.Errorf("told were %v, want %v", to, want)
		}
	})
}
