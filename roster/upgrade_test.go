package roster_test

import (
	"context"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

const secretPhrase = housetest.OwnPassword

// mailed are the notices of a house whose people can prove themselves.
func (h *house) withAccounts() *[]models.Notice {
	told := &[]models.Notice{}
	h.store.LinkKey = []byte("0123456789abcdef0123456789abcdef")
	h.Service.Credentials, h.Service.Accounts = h.store, housetest.Accounts{DB: h.db}
	keep := housetest.Collect(told)
	h.Service.Announce = func(tx *gorm.DB, n models.Notice) error {
		if n.Kind == "verify_email" { // verify_test.go is about those
			return nil
		}
		return keep(tx, n)
	}
	return told
}

func (h *house) password(user models.ID) {
	h.Helper()
	h.must(housetest.Accounts{DB: h.db}.GivePassword(h.Context(), user))
}

// session is a context with a session of a member's own, or of an identity
// provider's.
func (h *house) session(m roster.Member, method models.SessionMethod) context.Context {
	h.Helper()
	var row models.Session
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		var err error
		row, _, err = h.store.OpenSession(h.Context(), tx, credential.NewSession{Membership: m.Membership, Method: method, Lifetime: day, Idle: day})
		return err
	}))
	return access.With(h.request(), access.Actor{Kind: access.Person, TeamID: m.TeamID, UserID: m.UserID, MembershipID: m.ID, Role: m.Role, CredentialID: row.ID, Label: m.User.Email})
}

// asked signs somebody in who is asked whether their account is to change.
func (h *house) asked(p idptest.Person) (roster.UpgradeTicket, roster.UpgradeAsked) {
	h.Helper()
	return h.askedBy(h.team, h.idp, p)
}

func (h *house) askedBy(team models.Team, idp *idptest.IDP, p idptest.Person) (roster.UpgradeTicket, roster.UpgradeAsked) {
	h.Helper()
	in, err := h.SignIn(h.request(), h.judged(team, idp, p))
	ended(h, "the sign-in", err, fault.UpgradeRequired)
	if in.Upgrade == nil || in.SessionSecret != "" || in.AttemptID == "" {
		h.Fatalf("the sign-in answers %+v", in)
	}
	seen, err := h.Upgrade(h.request(), *in.Upgrade, "")
	h.must(err)
	return *in.Upgrade, seen
}

func (h *house) agree(ctx context.Context, t roster.UpgradeTicket, version string, p roster.UpgradeProof) error {
	_, _, err := h.AgreeToUpgrade(ctx, t, version, p)
	return err
}

func (h *house) upgradeOf(user models.ID) models.SsoUpgrade {
	h.Helper()
	var row models.SsoUpgrade
	h.must(h.db.Read(h.Context()).Where("user_id = ?", user).Take(&row).Error)
	return row
}

// Somebody with an account of their own agrees by their password.
func TestUpgradeByPassword(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		told := h.withAccounts()
		m := h.direct(models.RoleMember)
		h.password(m.UserID)
		secrets := h.credentials(m)
		own := h.session(m, models.SessionPassword)
		before := h.people()
		ticket, seen := h.asked(who("00u1", m.User.Email))
		same(t, "nothing was made", h.people(), before)
		same(t, "the page", []any{seen.Team.Slug, seen.Email, seen.Declined, seen.Enforced, seen.LastDirect, seen.Proved, seen.Linked, seen.Password, seen.Code, seen.Mailed},
			[]any{"acme", m.User.Email, false, false, false, false, false, true, false, false})
		ended(t, "no proof", h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{}), fault.NotSignedIn)
		ended(t, "a wrong password", h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: "x"}), fault.NotSignedIn)
		ended(t, "another question", h.agree(h.request(), ticket, "x", roster.UpgradeProof{Password: secretPhrase}), fault.RequestUnknown)
		same(t, "state", h.upgradeOf(m.UserID).State, "IN_PROGRESS")
		h.must(h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: secretPhrase}))

		row, _ := h.find(m.ID)
		u := h.user(m.UserID)
		same(t, "the member", []any{row.SsoLinkedAt != nil, row.Source, row.Role, row.RoleSource, u.ManagedBy(h.team.ID), row.Direct(u)}, []any{true, "DIRECT", "MEMBER", "MANUAL", true, false})
		same(t, "password", h.count(&models.Password{}, "user_id = ?", m.UserID), 0)
		if _, err := h.store.Session(own, access.From(own).CredentialID); err != nil {
			t.Fatal(err)
		}
		same(t, "own sessions", h.count(&models.Session{}, "membership_id = ? AND method = 'PASSWORD' AND revoked_at IS NULL", m.ID), 0)
		var key models.APIKey
		h.must(h.db.Read(h.Context()).Where("membership_id = ?", m.ID).Take(&key).Error)
		same(t, "the key's end", key.ExpiresAt.UTC(), h.clock.Now().Add(8*time.Hour))
		h.clock.Advance(9 * time.Hour)
		same(t, "what still opens a door", h.live(secrets), 1) // the session that an identity provider vouched for
		upgrade := h.upgradeOf(m.UserID)
		same(t, "the upgrade", []any{upgrade.State, upgrade.BrowserHash == nil, upgrade.ExpiresAt == nil, upgrade.DecidedAt != nil}, []any{"LINKED", true, true, true})
		events := h.told(m.ID)
		last := events[len(events)-1]
		same(t, "the receipt", []any{last.Action, detail(last, "proof"), detail(last, "password"), detail(last, "sessionsRevoked"), detail(last, "apiKeysShortened"), last.ActorLabel},
			[]any{"sso_upgrade.linked", "password", "dropped", 1, 1, m.User.Email})
		same(t, "told", []any{(*told)[len(*told)-1].Kind, *(*told)[len(*told)-1].MembershipID}, []any{"account_linked", m.ID})

		// Once more through the identity provider, and they are in.
		in, err := h.signIn(who("00u1", m.User.Email))
		h.must(err)
		same(t, "signed in", []any{in.ID, in.Session.Method}, []any{m.ID, "SAML"})
		ended(t, "answered", h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: secretPhrase}), fault.RequestUnknown)
		_, err = h.Upgrade(h.request(), ticket, "")
		ended(t, "the page afterwards", err, fault.RequestUnknown)
	})
}

// A second factor is proved as well.
func TestUpgradeWithSecondFactor(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.withAccounts()
		m := h.direct(models.RoleMember)
		h.password(m.UserID)
		factor := models.SecondFactor{ID: newID(t), UserID: m.UserID, Kind: models.FactorTotp, Name: "app", SealedSecret: []byte{1}, CreatedAt: h.clock.Now(), ConfirmedAt: ptr(h.clock.Now())}
		h.must(h.db.InTx(t.Context(), func(tx *gorm.DB) error { return tx.Create(&factor).Error }))
		ticket, seen := h.asked(who("00u1", m.User.Email))
		same(t, "asked for a code", []any{seen.Code, seen.KeyOnly}, []any{true, false})
		ended(t, "no code", h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: secretPhrase}), fault.SecondFactorRequired)
		ended(t, "a wrong code", h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: secretPhrase, Code: "1"}), fault.NotSignedIn)
		h.update(&models.SecondFactor{}, factor.ID, map[string]any{"kind": models.FactorPasskey})
		seen, err := h.Upgrade(h.request(), ticket, "")
		h.must(err)
		same(t, "a passkey alone", []any{seen.Code, seen.KeyOnly}, []any{false, true})
		ended(t, "a code without a device", h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: secretPhrase, Code: "123456"}), fault.SecondFactorRequired)
		h.update(&models.SecondFactor{}, factor.ID, map[string]any{"kind": models.FactorTotp})
		h.must(h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: secretPhrase, Code: "123456"}))
	})
}

// A session proves an account only when its owner's own means opened it.
func TestUpgradeBySession(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.withAccounts()
		m, other := h.direct(models.RoleMember), h.direct(models.RoleMember)
		ticket, seen := h.asked(who("00u1", m.User.Email))
		for name, ctx := range map[string]context.Context{
			"an identity provider's": h.session(m, models.SessionSaml), "by a recovery code": h.session(m, models.SessionRecoveryCode),
			"by a link": h.session(m, models.SessionLink), "somebody else's": h.session(other, models.SessionPassword), "a key": h.with(m),
		} {
			ended(t, name, h.agree(ctx, ticket, seen.Version, roster.UpgradeProof{}), fault.NotSignedIn)
		}
		gone := h.session(m, models.SessionPassword)
		h.update(&models.Session{}, access.From(gone).CredentialID, map[string]any{"revoked_at": h.clock.Now()})
		ended(t, "a session that ended", h.agree(gone, ticket, seen.Version, roster.UpgradeProof{}), fault.NotSignedIn)
		own := h.session(m, models.SessionPasskey)
		shown, err := h.Upgrade(own, ticket, "")
		h.must(err)
		same(t, "proved", shown.Proved, true)
		h.must(h.agree(own, ticket, seen.Version, roster.UpgradeProof{}))
	})
}

// A mailed link proves the mailbox, and works in the browser that was asked.
func TestUpgradeByLink(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		told := h.withAccounts()
		m := h.direct(models.RoleMember)
		h.password(m.UserID) // set before anybody proved the mailbox
		h.update(&models.User{}, m.UserID, map[string]any{"verified_at": nil})
		ticket, seen := h.asked(who("00u1", m.User.Email))
		same(t, "nothing is sent unasked", len(*told), 0)
		h.must(h.MailUpgradeLink(h.request(), ticket, seen.Version))
		ended(t, "at once again", h.MailUpgradeLink(h.request(), ticket, seen.Version), fault.RateLimited)
		mail := (*told)[0]
		same(t, "the mail", []any{mail.Kind, mail.Recipient, mail.Private, len(*told)}, []any{"account_link_confirm", m.User.Email, true, 1})
		first := h.token(*mail.LinkID)
		h.clock.Advance(2 * time.Minute)
		h.must(h.MailUpgradeLink(h.request(), ticket, seen.Version))
		token := h.token(*(*told)[1].LinkID)
		ended(t, "an older link", h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Token: first}), fault.LinkUsed)
		// In another browser there is no ticket, or another one's.
		stranger, theirs := h.asked(who("00u2", h.direct(models.RoleMember).User.Email))
		ended(t, "another question", h.agree(h.request(), stranger, theirs.Version, roster.UpgradeProof{Token: token}), fault.Missing)
		ended(t, "no secret", h.agree(h.request(), roster.UpgradeTicket{ID: ticket.ID}, seen.Version, roster.UpgradeProof{Token: token}), fault.RequestUnknown)
		for range 3 { // showing it consumes nothing
			shown, err := h.Upgrade(h.request(), ticket, token)
			h.must(err)
			same(t, "linked", shown.Linked, true)
		}
		h.must(h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Token: token}))
		same(t, "password of a stranger", h.count(&models.Password{}, "user_id = ?", m.UserID), 0)
		same(t, "verified", h.user(m.UserID).VerifiedAt != nil, true)
		var link models.OneTimeLink
		h.must(h.db.Read(t.Context()).Where("id = ?", *(*told)[1].LinkID).Take(&link).Error)
		same(t, "spent", link.ConsumedAt != nil, true)
		// Five a day, whatever is begun anew.
		another := h.direct(models.RoleMember)
		sent := 0
		for range 8 {
			ticket, seen := h.asked(who("00u3", another.User.Email))
			if err := h.MailUpgradeLink(h.request(), ticket, seen.Version); err == nil {
				sent++
			}
			h.clock.Advance(5 * time.Minute)
		}
		same(t, "mails in a day", sent, 5)
	})
}

// token is what the mail's address ends in.
func (h *house) token(link models.ID) string {
	h.Helper()
	address, err := h.store.LinkURL("", models.OneTimeLink{ID: link, Purpose: models.LinkUpgrade})
	h.must(err)
	return address[len("/upgrade?t="):]
}

// Saying no changes nothing, and is remembered until the person says otherwise.
func TestUpgradeDeclined(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.withAccounts()
		m := h.direct(models.RoleMember)
		h.password(m.UserID)
		ticket, seen := h.asked(who("00u1", m.User.Email))
		ended(t, "another question", first(h.DeclineUpgrade(h.request(), ticket, "x")), fault.RequestUnknown)
		h.must(first(h.DeclineUpgrade(h.request(), ticket, seen.Version)))
		ended(t, "twice", first(h.DeclineUpgrade(h.request(), ticket, seen.Version)), fault.RequestUnknown)
		ended(t, "yes after no", h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: secretPhrase}), fault.RequestUnknown)
		row, _ := h.find(m.ID)
		same(t, "unchanged", []any{row.SsoLinkedAt == nil, row.Revision, h.count(&models.Password{}, "user_id = ?", m.UserID), h.count(&models.ExternalIdentity{}, "membership_id = ?", m.ID)}, []any{true, m.Revision, 1, 0})
		same(t, "state", h.upgradeOf(m.UserID).State, "DECLINED")
		ticket, seen = h.asked(who("00u1", m.User.Email))
		same(t, "asked again", []any{seen.Declined, h.upgradeOf(m.UserID).State}, []any{true, "DECLINED"})
		h.must(h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: secretPhrase}))
		same(t, "state", h.upgradeOf(m.UserID).State, "LINKED")
	})
}

// What changes between the question and the answer is looked at again.
func TestUpgradeMeanwhile(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.withAccounts()
		proof := roster.UpgradeProof{Password: secretPhrase}
		begin := func() (roster.Member, roster.UpgradeTicket, string) {
			m := h.direct(models.RoleMember)
			h.password(m.UserID)
			ticket, seen := h.asked(who("00u-"+string(m.ID), m.User.Email))
			return m, ticket, seen.Version
		}
		m, ticket, version := begin()
		h.must(first(h.Deactivate(h.operator(), m.ID, "")))
		ended(t, "deactivated", h.agree(h.request(), ticket, version, proof), fault.UserDeactivated)

		m, ticket, version = begin()
		h.must(first(h.Remove(h.operator(), m.ID)))
		ended(t, "removed", h.agree(h.request(), ticket, version, proof), fault.UserRemoved)

		m, ticket, version = begin()
		h.update(&models.User{}, m.UserID, map[string]any{"email": "else@acme.test", "email_key": "else@acme.test"})
		ended(t, "another address", h.agree(h.request(), ticket, version, proof), fault.RequestUnknown)

		m, ticket, version = begin()
		h.asked(who("somebody-else", m.User.Email))
		ended(t, "another NameID in its place", h.agree(h.request(), ticket, version, proof), fault.RequestUnknown)

		_, ticket, version = begin()
		h.clock.Advance(day)
		ended(t, "a day later", h.agree(h.request(), ticket, version, proof), fault.RequestExpired)

		_, ticket, version = begin()
		h.must(first(h.sso.Disable(h.operator(), h.team.ID, "")))
		ended(t, "switched off", h.agree(h.request(), ticket, version, proof), fault.SsoNotEnabled)
	})
}

// The last direct admin stays one, and of two who agree at once one does.
func TestUpgradeOfDirectAdmins(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.withAccounts()
		h.password(h.root.UserID)
		jit := h.jit() // an admin whom the identity provider brought does not count
		h.must(first(h.ChangeRole(h.operator(), jit.ID, models.RoleAdmin, nil)))
		ticket, seen := h.asked(who("root-"+string(h.root.ID), h.root.User.Email))
		same(t, "the page says so", seen.LastDirect, true)
		ended(t, "the last one", h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: secretPhrase}), fault.BreakGlass)
		for range 5 {
			second := h.direct(models.RoleAdmin)
			h.password(second.UserID)
			ticket, seen := h.asked(who("root-"+string(h.root.ID), h.root.User.Email))
			same(t, "the page says so no more", seen.LastDirect, false)
			other, theirs := h.asked(who("00u2"+string(second.ID), second.User.Email))
			ends := together(t,
				func() error {
					return h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: secretPhrase})
				},
				func() error {
					return h.agree(h.request(), other, theirs.Version, roster.UpgradeProof{Password: secretPhrase})
				})
			same(t, "ends", []any{ends[""], ends[fault.BreakGlass]}, []any{1, 1})
			if row, _ := h.find(h.root.ID); row.SsoLinkedAt != nil {
				h.root = second
			}
		}
	})
}

// Of two answers at the same moment one counts.
func TestUpgradeAnsweredTwiceAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.withAccounts()
		for range 10 {
			m := h.direct(models.RoleMember)
			h.password(m.UserID)
			ticket, seen := h.asked(who("00u-"+string(m.ID), m.User.Email))
			proof := roster.UpgradeProof{Password: secretPhrase}
			yes := func() error { return h.agree(h.request(), ticket, seen.Version, proof) }
			no := func() error { return first(h.DeclineUpgrade(h.request(), ticket, seen.Version)) }
			ends := together(t, yes, yes, no)
			// A password that the first one dropped proves nothing to the second.
			if ends[""] != 1 || ends[fault.RequestUnknown]+ends[fault.NotSignedIn]+ends[fault.LoginAccountConflict] != 2 {
				t.Fatalf("ends %v", ends)
			}
			state, linked := h.upgradeOf(m.UserID).State, h.count(&models.ExternalIdentity{}, "membership_id = ?", m.ID)
			if (state == models.UpgradeLinked) != (linked == 1) {
				t.Fatalf("%s with %d identities", state, linked)
			}
		}
	})
}

// Another team's identity provider gains nothing but a question that only the
// account's owner can answer, and then a membership on its own team alone.
func TestUpgradeByAnotherTeam(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.withAccounts()
		evil, idp := h.found("evil")
		managed := h.jit()
		in, err := h.SignIn(h.request(), h.judged(evil, idp, who("00u1", managed.User.Email)))
		ended(t, "a person of the team", err, fault.LoginAccountConflict)
		same(t, "no question", in.Upgrade == nil, true)

		h.password(h.root.UserID)
		ticket, seen := h.askedBy(evil, idp, who("00u1", h.root.User.Email))
		own := h.session(h.root, models.SessionSaml)
		ended(t, "by the session of a provider", h.agree(own, ticket, seen.Version, roster.UpgradeProof{}), fault.NotSignedIn)
		same(t, "members of the other team", h.count(&models.Membership{}, "team_id = ?", evil.ID), 0)
		// The owner may well want it: then nothing of the first team changes.
		h.must(h.agree(h.request(), ticket, seen.Version, roster.UpgradeProof{Password: secretPhrase}))
		row, _ := h.find(h.root.ID)
		u := h.user(h.root.UserID)
		same(t, "still their own", []any{row.Direct(u), u.ManagedByTeamID, h.count(&models.Password{}, "user_id = ?", u.ID)}, []any{true, nil, 1})
		again, err := h.SignIn(h.request(), h.judged(evil, idp, who("00u1", h.root.User.Email)))
		h.must(err)
		same(t, "in on the other team", []any{again.TeamID, again.Role, again.Source}, []any{evil.ID, "MEMBER", "JIT"})
		// Its provider renames nobody who is elsewhere too.
		again, err = h.SignIn(h.request(), h.judged(evil, idp, who("00u1", "taken@evil.test")))
		h.must(err)
		same(t, "address", again.User.Email, h.root.User.Email)

		// Whom the other team would not take is asked nothing.
		h.change(evil, sso.SettingsChange{JitEnabled: ptr(false)})
		stranger := h.direct(models.RoleMember)
		_, err = h.SignIn(h.request(), h.judged(evil, idp, who("00u9", stranger.User.Email)))
		ended(t, "taking nobody new", err, fault.JitDisabled)
	})
}

// An admin asks and reminds; nobody is written to twice a day.
func TestInviteToSso(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		told := h.withAccounts()
		a, b, jit, robot := h.direct(models.RoleMember), h.direct(models.RoleAdmin), h.jit(), h.add(h.team, models.KindIntegration, models.RoleMember)
		other, _ := h.found("other")
		stranger := h.add(other, models.KindPerson, models.RoleMember)
		admin := h.as(h.root)
		for name, c := range map[string]struct {
			ids  []models.ID
			want fault.Code
		}{
			"nobody": {nil, fault.Required}, "twice": {[]models.ID{a.ID, a.ID}, fault.InvalidValue}, "under single sign-on": {[]models.ID{a.ID, jit.ID}, fault.Clash},
			"a robot": {[]models.ID{robot.ID}, fault.Clash}, "another team's": {[]models.ID{a.ID, stranger.ID}, fault.Missing}, "unknown": {[]models.ID{newID(t)}, fault.Missing},
		} {
			ended(t, name, first(h.InviteToSso(admin, c.ids)), c.want)
		}
		ended(t, "by a member", first(h.InviteToSso(h.as(a), []models.ID{a.ID})), fault.Forbidden)
		ended(t, "two teams", first(h.InviteToSso(h.operator(), []models.ID{a.ID, stranger.ID})), fault.InvalidValue)
		ended(t, "a reminder of nothing", first(h.RemindToSso(admin, []models.ID{a.ID})), fault.Clash)
		same(t, "mails", len(*told), 0)
		h.must(first(h.InviteToSso(admin, []models.ID{a.ID, b.ID})))
		same(t, "mails", []any{len(*told), (*told)[0].Kind, *(*told)[1].MembershipID}, []any{2, "sso_upgrade_invitation", b.ID})
		ended(t, "again at once", first(h.RemindToSso(admin, []models.ID{a.ID})), fault.Clash)
		ended(t, "at once, at the same moment", first(h.InviteToSso(admin, []models.ID{a.ID})), fault.Clash)
		h.clock.Advance(day)
		h.must(first(h.RemindToSso(admin, []models.ID{a.ID})))
		rows, err := h.UpgradesByMembership(admin, []models.ID{a.ID, b.ID, jit.ID, stranger.ID})
		h.must(err)
		same(t, "upgrades", []any{len(rows), rows[a.ID].State, rows[a.ID].RemindedAt != nil, rows[b.ID].RemindedAt == nil}, []any{2, "INVITED", true, true})
		if rows, err = h.UpgradesByMembership(h.as(a), []models.ID{a.ID}); err != nil || len(rows) != 0 {
			t.Errorf("a member sees %v, %v", rows, err)
		}
		same(t, "events", actions(h.told(a.ID))[1:], []string{"sso_upgrade.invited", "sso_upgrade.reminded"})
	})
}
