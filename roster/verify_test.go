package roster_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// post collects what is announced, and gives the house's store a key for links.
type post struct {
	h  *house
	mu sync.Mutex
	n  []models.Notice
}

func (h *house) post() *post {
	p := &post{h: h}
	h.store.LinkKey = []byte("0123456789abcdef0123456789abcdef")
	h.Credentials = h.store
	h.Announce = func(_ *gorm.DB, n models.Notice) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.n = append(p.n, n)
		return nil
	}
	return p
}

// of are the notices of a kind.
func (p *post) of(kind string) (out []models.Notice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.n {
		if n.Kind == kind {
			out = append(out, n)
		}
	}
	return out
}

// link is the token in the newest mail that asks to confirm an address.
func (p *post) link() string {
	p.h.Helper()
	all := p.of("verify_email")
	if len(all) == 0 {
		p.h.Fatal("nobody was asked to confirm an address")
	}
	var row models.OneTimeLink
	p.h.must(p.h.db.Read(p.h.Context()).Where("id = ?", *all[len(all)-1].LinkID).Take(&row).Error)
	address, err := p.h.store.LinkURL("", row)
	p.h.must(err)
	return strings.TrimPrefix(address, "/verify?t=")
}

// session is who the newest session of a sign-in stands for.
func (h *house) actor(in roster.SignIn) access.Actor {
	h.Helper()
	a, err := h.store.AuthenticateSession(h.Context(), in.SessionSecret)
	h.must(err)
	return a
}

// come signs somebody in who nobody knew.
func (h *house) come(address string) roster.SignIn {
	h.Helper()
	in, err := h.signIn(named(address))
	h.must(err)
	return in
}

func (h *house) user(id models.ID) (u models.User) {
	h.Helper()
	h.must(h.db.Read(h.Context()).Where("id = ?", id).Take(&u).Error)
	return u
}

// hold lets a team hold a domain past its proof.
func (h *house) hold(team models.Team, name string) {
	h.Helper()
	now := h.clock.Now()
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		return tx.Create(&models.Domain{ID: newID(h), TeamID: team.ID, Name: name, Challenge: "x", Held: true, VerifiedAt: &now, NextAt: now.Add(day), CreatedAt: now}).Error
	}))
}

// Who comes just in time has a session that opens nothing before the address is
// confirmed; the link in the mail confirms it, and nobody looks over a shoulder.
func TestConfirm(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.post()
		in := h.come("Ada@acme.test")
		same(t, "unverified", []any{h.actor(in).Unverified, h.user(in.UserID).VerifiedAt}, []any{true, nil})
		mail := p.of("verify_email")
		same(t, "mail", []any{len(mail), mail[0].Recipient, mail[0].Private, *mail[0].UserID, mail[0].Facts["email"]}, []any{1, "Ada@acme.test", true, in.UserID, "Ada@acme.test"})
		for _, v := range mail[0].Facts {
			if strings.Contains(v, p.link()) {
				t.Error("the notice holds the link")
			}
		}
		self := access.With(h.Context(), h.actor(in))
		_, err := h.Team(self, h.team.ID)
		ended(t, "the team", err, fault.EmailUnverified)
		_, _, err = h.ListMembers(self, h.team.ID, roster.MemberFilter{}, roster.ByJoining, models.Window{Limit: 5})
		ended(t, "its members", err, fault.EmailUnverified)
		own, err := h.OwnTeam(self)
		h.must(err)
		same(t, "own team", own.Slug, "acme")

		h.welcomes(h.team)
		token := p.link()
		for range 2 { // a look uses nothing up
			about, err := h.Confirmation(h.Context(), token)
			h.must(err)
			same(t, "about", about, roster.Confirmation{Email: "Ada@acme.test", TeamName: "acme", TeamSlug: "acme"})
		}
		about, err := h.ConfirmEmail(h.Context(), token)
		h.must(err)
		same(t, "confirmed", []any{about.Confirmed, h.actor(in).Unverified, h.user(in.UserID).VerifiedAt}, []any{true, false, h.clock.Now()})
		events := h.told(in.ID)
		same(t, "event", []any{events[len(events)-1].Action, events[len(events)-1].ActorLabel}, []any{audit.EmailConfirmed, "Ada@acme.test"})
		same(t, "welcome", len(p.of("welcome_sso")), 1)
		about, err = h.ConfirmEmail(h.Context(), token)
		ended(t, "again", err, fault.LinkUsed)
		same(t, "is said to be confirmed", about.Confirmed, true)
		_, err = h.Team(access.With(h.Context(), h.actor(in)), h.team.ID)
		h.must(err)
		h.must(first(h.signIn(named("Ada@acme.test"))))
		same(t, "a second sign-in asks nothing", len(p.of("verify_email")), 1)
	})
}

// welcomes has a team want its people told where they sign in.
func (h *house) welcomes(team models.Team) {
	h.Helper()
	_, err := h.sso.UpdateNotifications(h.operator(), team.ID, sso.NotificationsChange{WelcomeMembers: ptr(true)})
	h.must(err)
}

// The team's setting says what an unconfirmed address keeps shut, at once.
func TestConfirmEmailSetting(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.post()
		in := h.come(h.address())
		h.change(h.team, sso.SettingsChange{ConfirmEmail: ptr(false)})
		same(t, "off", h.actor(in).Unverified, false)
		h.change(h.team, sso.SettingsChange{ConfirmEmail: ptr(true)})
		same(t, "on", h.actor(in).Unverified, true)
		same(t, "the guard of a request that began before", h.store.StillGood(access.With(h.Context(), access.Actor{
			Kind: access.Person, TeamID: in.TeamID, UserID: in.UserID, MembershipID: in.ID, Role: in.Role, CredentialID: in.Session.ID,
		}), h.db.Read(h.Context())), access.Unconfirmed())
		same(t, "mails", len(p.of("verify_email")), 1)
	})
}

// Nobody is asked for whom somebody else vouches: an operator, or the directory
// behind the team's provisioning.
func TestVouchedFor(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.post()
		same(t, "direct", h.user(h.direct(models.RoleMember).UserID).EmailVerified(), true)
		pushed := h.provision(wanted("pushed@acme.test"))
		same(t, "provisioned", h.user(pushed.UserID).EmailVerified(), true)
		in := h.come("pushed@acme.test")
		same(t, "and signed in", []any{in.ID, h.actor(in).Unverified, len(p.n)}, []any{pushed.ID, false, 0})
		// An admin vouches by making a key; the person cannot make one.
		jit := h.come(h.address())
		secrets := h.credentials(jit.Member)
		a, err := h.store.Authenticate(h.Context(), secrets[0])
		h.must(err)
		same(t, "a key that an operator made", []any{a.Unverified, a.Can(access.TeamRead, h.team.ID)}, []any{false, true})
		ended(t, "a key of one's own", access.Require(access.With(h.Context(), h.actor(jit)), access.KeysOwn, h.team.ID), fault.EmailUnverified)
	})
}

// A team that holds a domain and trusts it asks nobody in it; in a domain that
// another team holds, or in one under it, it asks.
func TestTrustedDomains(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.post()
		h.hold(h.team, "acme.test")
		same(t, "not trusted", h.actor(h.come("one@acme.test")).Unverified, true)
		h.change(h.team, sso.SettingsChange{TrustVerifiedDomains: ptr(true)})
		same(t, "unasked", []any{h.actor(h.come("quiet@acme.test")).Unverified, len(p.of("welcome_sso"))}, []any{false, 0})
		h.welcomes(h.team)
		same(t, "trusted", []any{h.actor(h.come("two@ACME.test")).Unverified, len(p.of("verify_email")), len(p.of("welcome_sso"))}, []any{false, 1, 1})
		for _, address := range []string{"three@mail.acme.test", "four@acme.test.evil.test", "five@xacme.test", "six@other.test"} {
			same(t, address, h.actor(h.come(address)).Unverified, true)
		}
	})
}

// A link that was stolen or passed on confirms an address and gives nothing: no
// session, and no other person's address.
func TestStolenLinks(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.post()
		ada, adas := h.come("ada@acme.test"), p.link()
		bob, bobs := h.come("bob@acme.test"), p.link()
		sessions := h.count(&models.Session{}, "1 = 1")
		_, err := h.ConfirmEmail(access.With(h.Context(), h.actor(bob)), adas)
		ended(t, "signed in as somebody else", err, fault.Forbidden)
		same(t, "neither", []any{h.user(ada.UserID).VerifiedAt, h.user(bob.UserID).VerifiedAt}, []any{nil, nil})
		// In another browser, by whoever has it: that one address and nothing else.
		_, err = h.ConfirmEmail(h.request(), adas)
		h.must(err)
		same(t, "one", []any{h.user(ada.UserID).EmailVerified(), h.user(bob.UserID).EmailVerified(), h.count(&models.Session{}, "1 = 1") - sessions}, []any{true, false, 0})

		// Of an address that is the person's no more.
		h.update(&models.User{}, bob.UserID, map[string]any{"email": "robert@acme.test", "email_key": "robert@acme.test"})
		_, err = h.ConfirmEmail(h.request(), bobs)
		ended(t, "changed address", err, fault.LinkUsed)
		h.update(&models.User{}, bob.UserID, map[string]any{"email": "bob@acme.test", "email_key": "bob@acme.test"})
		// Of a deactivated person, and of a removed one who may be back.
		h.must(first(h.Deactivate(h.operator(), bob.ID, "")))
		_, err = h.ConfirmEmail(h.request(), bobs)
		ended(t, "deactivated", err, fault.LinkUsed)
		h.must(first(h.Remove(h.operator(), bob.ID)))
		_, err = h.ConfirmEmail(h.request(), bobs)
		ended(t, "removed", err, fault.Missing)
		back := h.provision(wanted("bob@acme.test"))
		h.update(&models.User{}, back.UserID, map[string]any{"verified_at": nil})
		_, err = h.ConfirmEmail(h.request(), bobs)
		ended(t, "removed and back", err, fault.Missing)
		same(t, "is not confirmed", h.user(back.UserID).EmailVerified(), false)
		_, err = h.ConfirmEmail(h.request(), "nonsense")
		ended(t, "nonsense", err, fault.Missing)
		_, carol := h.come("carol@acme.test"), p.link()
		h.clock.Advance(day)
		_, err = h.ConfirmEmail(h.request(), carol)
		ended(t, "late", err, fault.LinkExpired)
	})
}

// An account that nobody confirmed is there, and gives nobody anything: another
// team's identity provider does not gain it by naming its address.
func TestPreRegistered(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.post()
		globex, idp := h.found("globex")
		squatter, err := h.SignIn(h.request(), h.judged(globex, idp, named("ada@acme.test")))
		h.must(err)
		_, err = h.signIn(named("ada@acme.test"))
		if code := fault.CodeOf(err); code != fault.LoginAccountConflict && code != fault.UpgradeRequired {
			t.Errorf("the address of an unconfirmed account: %v", err)
		}
		u := h.user(squatter.UserID)
		same(t, "still theirs alone", []any{*u.ManagedByTeamID, u.VerifiedAt, h.count(&models.Membership{}, "user_id = ?", u.ID)}, []any{globex.ID, nil, 1})
	})
}

func TestResendConfirmation(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.post()
		ended(t, "nobody", h.ResendConfirmation(h.Context()), fault.NotSignedIn)
		in := h.come("ada@acme.test")
		self, before := access.With(h.Context(), h.actor(in)), p.link()
		h.must(h.ResendConfirmation(self))
		_, err := h.ConfirmEmail(h.Context(), before)
		ended(t, "the link of before", err, fault.LinkUsed)
		h.must(h.ResendConfirmation(self))
		ended(t, "too often", h.ResendConfirmation(self), fault.RateLimited)
		same(t, "mails", len(p.of("verify_email")), 3)
		h.clock.Advance(time.Hour)
		ends := together(t, times(6, func(int) error { return h.ResendConfirmation(self) })...)
		same(t, "at once", []any{ends[""], ends[fault.RateLimited]}, []any{3, 3})
		same(t, "open links", h.count(&models.OneTimeLink{}, "user_id = ? AND revoked_at IS NULL AND consumed_at IS NULL", in.UserID), 1)
		token := p.link()
		if open := h.count(&models.OneTimeLink{}, "id = ? AND revoked_at IS NULL", *p.of("verify_email")[len(p.of("verify_email"))-1].LinkID); open == 0 {
			// The last mail that was written down need not be the last transaction.
			var row models.OneTimeLink
			h.must(h.db.Read(h.Context()).Where("user_id = ? AND revoked_at IS NULL AND consumed_at IS NULL", in.UserID).Take(&row).Error)
			address, err := h.store.LinkURL("", row)
			h.must(err)
			token = strings.TrimPrefix(address, "/verify?t=")
		}
		ends = together(t, times(4, func(int) error { return first(h.ConfirmEmail(h.Context(), token)) })...)
		same(t, "confirmed at once", []any{ends[""], ends[fault.LinkUsed]}, []any{1, 3})
		h.must(h.ResendConfirmation(self))
		same(t, "nothing for a confirmed address", h.count(&models.OneTimeLink{}, "user_id = ? AND revoked_at IS NULL AND consumed_at IS NULL", in.UserID), 0)
	})
}

// Who may bring which addresses: a team's own list, and what other teams proved.
func TestForeignDomains(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.post()
		globex, idp := h.found("globex")
		early := h.come("early@globex.test") // known before the domain was
		h.hold(globex, "globex.test")
		judge := func(what, address string, code fault.Code, check string) {
			t.Helper()
			in, err := h.signIn(named(address))
			ended(t, what, err, code)
			var row models.LoginAttempt
			h.must(h.db.Read(h.Context()).Where("id = ?", in.AttemptID).Take(&row).Error)
			found := check == ""
			for _, c := range row.Checks {
				found = found || c.Name == check && c.Status == "fail" && c.Actual == "globex.test"
			}
			if !found {
				t.Errorf("%s: no check %s in %+v", what, check, row.Checks)
			}
		}
		judge("a stranger of theirs", "eve@globex.test", fault.DomainNotAllowed, "domain_holder")
		judge("in capitals", "eve@GLOBEX.test", fault.DomainNotAllowed, "domain_holder")
		judge("in wide letters", "eve@ｇｌｏｂｅｘ.test", fault.DomainNotAllowed, "domain_holder")
		judge("who was here before", early.User.Email, "", "")
		judge("in a domain under it", "eve@mail.globex.test", "", "")
		same(t, "no account", h.count(&models.User{}, "email_key LIKE 'eve@globex%'"), 0)
		_, err := h.SignIn(h.request(), h.judged(globex, idp, named("gus@globex.test")))
		h.must(err)
		// The provisioning client neither.
		ended(t, "provisioned", first(h.ProvisionScim(h.scim(), h.team.ID, wanted("mallory@globex.test"))), fault.AccountConflict)
		m := h.provision(wanted("mallory@acme.test"))
		changed := present(m)
		changed.Email = "mallory@globex.test"
		ended(t, "renamed", first(h.push(m, changed)), fault.AccountConflict)
		_, err = h.ProvisionScim(housetest.AsScim(h.Context(), globex.ID), globex.ID, wanted("holly@globex.test"))
		ended(t, "their own", err, "")

		h.change(h.team, sso.SettingsChange{AllowedDomains: &[]string{"ACME.test", "münchen.example", "acme.test."}})
		stored, err := h.sso.Settings(h.operator(), h.team.ID)
		h.must(err)
		same(t, "allowed", stored.AllowedDomains, "[acme.test xn--mnchen-3ya.example]")
		judge("not on the list", "new@globex.test", fault.DomainNotAllowed, "allowed_domains")
		judge("not on the list and known", early.User.Email, "", "")
		judge("on the list", "new@acme.test", "", "")
		judge("on the list, in letters", "new@MÜNCHEN.example", "", "")
		judge("under one on the list", "new@x.acme.test", fault.DomainNotAllowed, "")
		_, err = h.sso.UpdateSettings(h.operator(), h.team.ID, sso.SettingsChange{AllowedDomains: &[]string{"ok.test", "no domain"}})
		ended(t, "nonsense", err, fault.InvalidValue)
		if f, _ := fault.As(err); f != nil {
			same(t, "field", f.Field, "[allowedDomains 1]")
		}
	})
}
