package domain_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/domain"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

// zone is a DNS in which the test writes.
type zone struct {
	mu      sync.Mutex
	records map[string][]string
	down    error
}

func (z *zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.down != nil {
		return nil, z.down
	}
	if found, ok := z.records[name]; ok {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (z *zone) set(name string, records ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records[name] = records
	if len(records) == 0 {
		delete(z.records, name)
	}
}

// house is the room on a real database, with two teams.
type house struct {
	*testing.T
	*domain.Service
	db           *models.DB
	clock        *housetest.Clock
	dns          *zone
	people       *roster.Service
	acme, globex models.Team
	mu           sync.Mutex
	told         []models.Notice
}

func eachHouse(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock := housetest.NewClock()
		db := housetest.Open(t, src, clock.Now)
		h := &house{T: t, db: db, clock: clock, dns: &zone{records: map[string][]string{}}}
		h.people = &roster.Service{DB: db, Now: clock.Now, TombstoneKey: []byte(strings.Repeat("k", 32))}
		h.Service = &domain.Service{DB: db, Now: clock.Now, Resolver: h.dns, Announce: func(_ *gorm.DB, n models.Notice) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.told = append(h.told, n)
			return nil
		}}
		h.acme, h.globex = h.found("acme", models.PlanTeam), h.found("globex", models.PlanTeam)
		fn(t, h)
	})
}

func (h *house) op() context.Context { return housetest.AsOperator(h.Context()) }

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) found(slug string, plan models.Plan) models.Team {
	h.Helper()
	team, err := h.people.CreateTeam(h.op(), roster.NewTeam{Slug: slug, Name: slug, Plan: plan})
	h.must(err)
	return team
}

// add adds a domain and puts its record into the DNS.
func (h *house) add(team models.Team, name string) models.Domain {
	h.Helper()
	d, err := h.Add(h.op(), team.ID, name)
	h.must(err)
	h.prove(d)
	return d
}

func (h *house) prove(ds ...models.Domain) {
	name, values := "", []string{"v=spf1 -all"}
	for _, d := range ds {
		c := domain.ChallengeOf(d)
		name, values = c.Name+".", append(values, c.Value)
	}
	h.dns.set(name, values...)
}

func (h *house) hide(d models.Domain) { h.dns.set(domain.ChallengeOf(d).Name + ".") }

func (h *house) stored(id models.ID) (d models.Domain) {
	h.Helper()
	h.must(h.db.Read(h.Context()).Where("id = ?", id).Take(&d).Error)
	return d
}

func (h *house) actions(id models.ID) (names []string) {
	h.Helper()
	h.must(h.db.Read(h.Context()).Model(&models.AuditEvent{}).Where("target_id = ?", id).Order("id").Pluck("action", &names).Error)
	return names
}

func ended(t testing.TB, what string, err error, code fault.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Errorf("%s: got %v, want %q", what, err, code)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func first[A any](_ A, err error) error { return err }

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"acme.test": "acme.test", " ACME.Test. ": "acme.test", "münchen.example": "xn--mnchen-3ya.example", "ａｃｍｅ.test": "acme.test",
		"a.b.c.acme.test": "a.b.c.acme.test",
		"":                "", "acme": "", "localhost": "", "192.0.2.1": "", "[192.0.2.1]": "", "2001:db8::1": "", "acme..test": "", "-acme.test": "",
		"acme_x.test": "", "ac me.test": "", "https://acme.test": "", "acme.test/": "", "@acme.test": "", "acme.test\x00": "", "acme.test:80": "",
		strings.Repeat("a", 64) + ".test": "", strings.Repeat("abcdefg.", 40) + "test": "", "*.acme.test": "", "xn--\u00fc.test": "",
	} {
		got, err := domain.Normalise(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	for address, want := range map[string]string{"ada@acme.test": "acme.test", "a@b@ACME.test": "acme.test", "ada": "", "ada@": "", "@": "", "ada@localhost": ""} {
		if got, ok := domain.Of(address); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", address, got, ok)
		}
	}
}

func TestAdd(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		d, err := h.Add(h.op(), h.acme.ID, "ACME.example.")
		h.must(err)
		c := domain.ChallengeOf(d)
		same(t, "challenge", []any{d.Name, d.Held, c.Name, c.Type, strings.HasPrefix(c.Value, "rollcall-verification=")}, []any{"acme.example", false, "_rollcall-challenge.acme.example", "TXT", true})
		if len(d.Challenge) < 26 {
			t.Errorf("the token %q is short", d.Challenge)
		}
		ended(t, "twice", first(h.Add(h.op(), h.acme.ID, "acme.example")), fault.Taken)
		other, err := h.Add(h.op(), h.globex.ID, "acme.example") // saying so is free
		h.must(err)
		if other.Challenge == d.Challenge {
			t.Error("two teams have the same token")
		}
		for _, name := range []string{"com", "co.uk", "github.io", "gmail.com", "Outlook.com", "qq.com", "localhost", "192.0.2.1", "nonsense", "s3.amazonaws.com"} {
			err := first(h.Add(h.op(), h.acme.ID, name))
			ended(t, name, err, fault.InvalidValue)
			if f, ok := fault.As(err); ok {
				same(t, name, f.Field, "[name]")
			}
		}
		ended(t, "no plan", first(h.Add(h.op(), h.found("free", models.PlanFree).ID, "free.example")), fault.PlanRequired)
		for i := range 49 {
			h.must(first(h.Add(h.op(), h.acme.ID, fmt.Sprintf("d%d.example", i))))
		}
		ended(t, "too many", first(h.Add(h.op(), h.acme.ID, "one-more.example")), fault.LimitReached)
		all, err := h.Domains(h.op(), h.acme.ID)
		h.must(err)
		same(t, "all", len(all), 50)
	})
}

// Members of the team see and do nothing of it, others do not know of it.
func TestWho(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		d := h.add(h.acme, "acme.example")
		for what, c := range map[string]struct {
			actor access.Actor
			code  fault.Code
		}{
			"nobody":      {access.Actor{}, fault.NotSignedIn},
			"member":      {access.Actor{Kind: access.Person, TeamID: h.acme.ID, Role: models.RoleMember}, fault.Forbidden},
			"SCIM":        {access.Actor{Kind: access.Scim, TeamID: h.acme.ID}, fault.Forbidden},
			"unconfirmed": {access.Actor{Kind: access.Person, TeamID: h.acme.ID, Role: models.RoleAdmin, Unverified: true}, fault.EmailUnverified},
			"other admin": {access.Actor{Kind: access.Person, TeamID: h.globex.ID, Role: models.RoleAdmin}, fault.Missing},
		} {
			ctx := access.With(h.Context(), c.actor)
			ended(t, what+" adds", first(h.Add(ctx, h.acme.ID, "x.example")), c.code)
			ended(t, what+" verifies", first(h.Verify(ctx, d.ID)), c.code)
			ended(t, what+" removes", first(h.Remove(ctx, d.ID)), c.code)
			ended(t, what+" reads", first(h.Domain(ctx, d.ID)), c.code)
			ended(t, what+" lists", first(h.Domains(ctx, h.acme.ID)), c.code)
			seen, err := h.DomainsByTeam(ctx, []models.ID{h.acme.ID})
			if err != nil || len(seen) != 0 {
				t.Errorf("%s sees %v, %v", what, seen, err)
			}
		}
		same(t, "nothing happened", h.stored(d.ID), d)
	})
}

func TestVerify(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		d := h.add(h.acme, "acme.example")
		holder := func(address string) models.ID {
			id, err := domain.Holder(h.db.Read(h.Context()), address)
			h.must(err)
			return id
		}
		same(t, "before", holder("ada@acme.example"), "")
		h.hide(d)
		err := first(h.Verify(h.op(), d.ID))
		ended(t, "no record", err, fault.DomainUnverified)
		same(t, "says so", h.stored(d.ID).LastError, "There is no TXT record at _rollcall-challenge.acme.example.")
		ended(t, "at once again", first(h.Verify(h.op(), d.ID)), fault.RateLimited)
		for what, records := range map[string][]string{
			"another's": {"rollcall-verification=x"}, "the token alone": {d.Challenge}, "a part": {domain.ChallengeOf(d).Value[:30]}, "in the middle": {"x " + domain.ChallengeOf(d).Value}, "nothing": {""},
		} {
			h.clock.Advance(time.Minute)
			h.dns.set("_rollcall-challenge.acme.example.", records...)
			ended(t, what, first(h.Verify(h.op(), d.ID)), fault.DomainUnverified)
		}
		h.clock.Advance(time.Minute)
		h.dns.down = &net.DNSError{Err: "server misbehaving", IsTemporary: true}
		ended(t, "down", first(h.Verify(h.op(), d.ID)), fault.DomainUnverified)
		h.dns.down = nil
		h.prove(d)
		h.clock.Advance(time.Minute)
		got, err := h.Verify(h.op(), d.ID)
		h.must(err)
		same(t, "held", []any{got.Held, *got.VerifiedAt, got.LastError, h.stored(d.ID)}, []any{true, h.clock.Now(), "", got})
		same(t, "holder", []any{holder("Ada@ACME.example"), holder("ada@mail.acme.example"), holder("ada@xacme.example"), holder("nonsense")}, []any{h.acme.ID, "", "", ""})
		same(t, "history", h.actions(d.ID), []string{audit.DomainAdded, audit.DomainVerified})
		same(t, "told", []any{len(h.told), h.told[0].Kind, h.told[0].Facts["name"]}, []any{1, "domain_verified", "acme.example"})
		h.clock.Advance(time.Minute)
		h.must(first(h.Verify(h.op(), d.ID))) // again changes nothing
		same(t, "told once", len(h.told), 1)
		h.must(first(h.Remove(h.op(), d.ID)))
		ended(t, "removed", first(h.Remove(h.op(), d.ID)), fault.Missing)
		same(t, "after", holder("ada@acme.example"), "")
	})
}

// Two teams say that a domain is theirs and prove it at the same moment: one holds it.
func TestTwoTeams(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for i := range 5 {
			name := fmt.Sprintf("shared%d.example", i)
			a, b := h.add(h.acme, name), h.add(h.globex, name)
			h.prove(a, b)
			var wg sync.WaitGroup
			errs := make([]error, 2)
			start := make(chan struct{})
			for n, d := range []models.Domain{a, b} {
				wg.Go(func() {
					<-start
					_, errs[n] = h.Verify(h.op(), d.ID)
				})
			}
			close(start)
			wg.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("%v, %v", errs[0], errs[1])
			}
			loser, winner := a, b
			if errs[0] == nil {
				loser, winner = b, a
			}
			ended(t, "the other", errors.Join(errs...), fault.Taken)
			same(t, "held", []any{h.stored(winner.ID).Held, h.stored(loser.ID).Held}, []any{true, false})
			h.must(first(h.Remove(h.op(), winner.ID)))
			h.clock.Advance(time.Minute)
			h.must(first(h.Verify(h.op(), loser.ID)))
		}
	})
}

// A domain is lost after three days of looks that miss the record, and not for a
// DNS that does not answer.
func TestRecheck(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		d := h.add(h.acme, "acme.example")
		h.must(first(h.Verify(h.op(), d.ID)))
		verified := h.clock.Now()
		run := func(want int) {
			t.Helper()
			n, err := h.Recheck(housetest.AsSystem(h.Context()), 10)
			h.must(err)
			same(t, "looked", n, want)
		}
		next := func() {
			t.Helper()
			at := h.stored(d.ID).NextAt
			if wait := at.Sub(h.clock.Now()); wait < time.Hour || wait > 26*time.Hour {
				t.Fatalf("the next look is in %s", wait)
			}
			h.clock.Set(at.Add(-time.Microsecond))
			run(0)
			h.clock.Set(at)
		}
		run(0)
		next()
		run(1)
		same(t, "still there", h.stored(d.ID).Failures, 0)
		h.dns.down = &net.DNSError{Err: "i/o timeout", IsTimeout: true}
		for range 100 {
			next()
			run(1)
		}
		same(t, "a DNS that is down for days", []any{h.stored(d.ID).Held, h.stored(d.ID).Failures}, []any{true, 0})
		h.dns.down = nil
		next()
		run(1)
		h.hide(d)
		for i := range 2 {
			next()
			run(1)
			same(t, "missed", []any{h.stored(d.ID).Held, h.stored(d.ID).Failures}, []any{true, i + 1})
		}
		h.prove(d)
		next()
		run(1)
		same(t, "it is back", []any{h.stored(d.ID).Held, h.stored(d.ID).Failures}, []any{true, 0})
		found := h.clock.Now()
		h.hide(d)
		for h.stored(d.ID).Held {
			h.clock.Advance(time.Minute)
			ended(t, "an admin who looks does not count", first(h.Verify(h.op(), d.ID)), fault.DomainUnverified)
			next()
			run(1)
		}
		if gone := h.clock.Now().Sub(found); gone < 72*time.Hour || gone > 80*time.Hour {
			t.Errorf("lost after %s", gone)
		}
		lost := h.stored(d.ID)
		same(t, "lost", []any{lost.Failures, *lost.LostAt, *lost.VerifiedAt}, []any{3, h.clock.Now(), verified})
		same(t, "told", h.told[len(h.told)-1].Kind, "domain_lost")
		same(t, "history", h.actions(d.ID)[2:], []string{audit.DomainLost})
		h.clock.Advance(100 * time.Hour)
		run(0)
		h.prove(d)
		got, err := h.Verify(h.op(), d.ID)
		h.must(err)
		same(t, "again", []any{got.Held, got.LostAt, got.Failures}, []any{true, nil, 0})
	})
}

// Two replicas that look at the same moment count one look.
func TestRecheckAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		d := h.add(h.acme, "acme.example")
		h.must(first(h.Verify(h.op(), d.ID)))
		h.hide(d)
		h.clock.Set(h.stored(d.ID).NextAt)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := h.Recheck(housetest.AsSystem(h.Context()), 10); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		same(t, "failures", h.stored(d.ID).Failures, 1)
	})
}

// The same against a DNS server that speaks the protocol.
func TestRealDNS(t *testing.T) {
	listener, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	answers, code := map[string][]string{}, dns.RcodeNameError
	ready := make(chan struct{})
	server := &dns.Server{PacketConn: listener, NotifyStartedFunc: func() { close(ready) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		mu.Lock()
		defer mu.Unlock()
		m := new(dns.Msg)
		m.SetReply(r)
		name := strings.ToLower(r.Question[0].Name)
		if texts, ok := answers[name]; ok && r.Question[0].Qtype == dns.TypeTXT {
			for _, text := range texts {
				m.Answer = append(m.Answer, &dns.TXT{Hdr: dns.RR_Header{Name: r.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 1}, Txt: []string{text[:len(text)/2], text[len(text)/2:]}})
			}
		} else {
			m.Rcode = code
		}
		_ = w.WriteMsg(m)
	})}
	stopped := make(chan error, 1)
	go func() { stopped <- server.ActivateAndServe() }()
	<-ready
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		<-stopped
	})
	eachHouse(t, func(t *testing.T, h *house) {
		h.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "udp", listener.LocalAddr().String())
		}}
		d, err := h.Add(h.op(), h.acme.ID, "acme.example")
		h.must(err)
		mu.Lock()
		code = dns.RcodeNameError
		mu.Unlock()
		ended(t, "NXDOMAIN", first(h.Verify(h.op(), d.ID)), fault.DomainUnverified)
		same(t, "reason", h.stored(d.ID).LastError, "There is no TXT record at _rollcall-challenge.acme.example.")
		h.clock.Advance(time.Minute)
		mu.Lock()
		code = dns.RcodeServerFailure
		mu.Unlock()
		ended(t, "SERVFAIL", first(h.Verify(h.op(), d.ID)), fault.DomainUnverified)
		same(t, "reason", h.stored(d.ID).LastError, "The DNS did not answer for _rollcall-challenge.acme.example.")
		h.clock.Advance(time.Minute)
		mu.Lock()
		answers["_rollcall-challenge.acme.example."] = []string{"something else", domain.ChallengeOf(d).Value}
		mu.Unlock()
		got, err := h.Verify(h.op(), d.ID)
		h.must(err)
		same(t, "held", got.Held, true)
		mu.Lock()
		delete(answers, "_rollcall-challenge.acme.example.")
		mu.Unlock()
	})
}
