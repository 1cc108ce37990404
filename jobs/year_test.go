package jobs

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
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

// year is a test of four hundred days, and what the test itself expects of
// them: a second opinion, written from the product's rules and not from the code.
type year struct {
	t        *testing.T
	dice     *rand.Rand
	clock    *housetest.Clock
	box      *post
	replicas []*replica
	team     models.Team
	provider models.IdentityProvider
	adfs     bool
	days     []int // thresholds

	certs  map[string]*lived // by fingerprint
	admins map[string]models.ID
	want   map[string]bool // "fingerprint threshold recipient"
	told   map[string]bool // "fingerprint threshold"
	early  int             // how many were told along with others that were due
}

type lived struct {
	row  models.Certificate
	used bool
}

func TestYear(t *testing.T) {
	t.Parallel()
	for name, adfs := range map[string]bool{"plain": false, "adfs_and_all_settings": true} {
		t.Run(name, func(t *testing.T) {
			housetest.EachSource(t, func(t *testing.T, src models.Source) {
				t.Parallel()
				y := newYear(t, src, adfs)
				for y.clock.Now().Before(housetest.Start.AddDate(0, 0, 400)) {
					y.step()
				}
				y.judge()
			})
		})
	}
}

func newYear(t *testing.T, src models.Source, adfs bool) *year {
	t.Helper()
	seed := uint64(20261126)
	y := &year{
		t: t, dice: rand.New(rand.NewPCG(seed, 7)), clock: housetest.NewClock(), box: &post{}, adfs: adfs,
		certs: map[string]*lived{}, admins: map[string]models.ID{}, want: map[string]bool{}, told: map[string]bool{}, days: []int{30, 7, 1},
	}
	// Now and then the server takes a mail and the answer is lost.
	var mu sync.Mutex
	lost := rand.New(rand.NewPCG(seed, 8))
	y.box.answer = func(m mail.Message) error {
		mu.Lock()
		defer mu.Unlock()
		if lost.IntN(10) == 0 {
			y.box.sent = append(y.box.sent, m)
			return &mail.Error{Reason: "the conversation with the mail server broke off"}
		}
		return nil
	}
	for range 3 {
		r := newReplica(t, src, y.clock.Now, y.box)
		r.AlsoAnnounce = nil // other rooms have tests of their own
		y.replicas = append(y.replicas, r)
	}
	r := y.replicas[0]
	y.team, y.provider = r.team("acme")
	for _, a := range []string{"ada@acme.test", "grace@acme.test"} {
		y.admins[a] = r.admin(y.team.ID, a).ID
	}
	if adfs {
		yes, extra := true, []string{"ops@acme.test"}
		_, err := r.SSO.UpdateNotifications(housetest.AsOperator(t.Context()), y.team.ID, sso.NotificationsChange{Days60: &yes, Days14: &yes, Days0: &yes, ExtraRecipients: &extra})
		r.must(err)
		r.must(r.DB.InTx(t.Context(), func(tx *gorm.DB) error {
			return tx.Model(&models.IdentityProvider{}).Where("id = ?", y.provider.ID).Update("vendor", models.VendorAdfs).Error
		}))
		y.days = []int{60, 30, 22, 16, 14, 7, 1, 0}
	}
	for _, r := range y.replicas {
		r.work()
	}
	return y
}

// step is a few hours of the year.
func (y *year) step() {
	hours := 1 + y.dice.IntN(29)
	if y.dice.IntN(60) == 0 {
		hours = 24 * (1 + y.dice.IntN(12)) // everything is down for days
	}
	y.clock.Advance(time.Duration(hours)*time.Hour + time.Duration(y.dice.IntN(3600))*time.Second)
	switch y.dice.IntN(25) {
	case 0, 1:
		y.add()
	case 2:
		y.remove()
	case 3:
		y.use()
	case 4:
		y.shuffleAdmins()
	case 5:
		r := y.replicas[y.dice.IntN(len(y.replicas))]
		r.halt()
		if err := r.Start(y.t.Context()); err != nil {
			y.t.Fatal(err)
		}
	}
	y.sweep()
	y.expect()
	y.replicas[0].drained()
}

// sweep has all replicas look at once, some of which are cut off on the way,
// and then one that is not. Every other time there is only that one.
func (y *year) sweep() {
	var all sync.WaitGroup
	at := y.replicas
	if y.dice.IntN(2) == 0 {
		at = nil
	}
	for _, r := range at {
		cut := time.Duration(y.dice.IntN(6000)) * time.Microsecond
		all.Go(func() {
			ctx, cancel := context.WithTimeout(housetest.AsSystem(y.t.Context()), cut)
			defer cancel()
			_ = r.Expiring(ctx)
		})
	}
	all.Wait()
	r := y.replicas[y.dice.IntN(len(y.replicas))]
	r.must(r.Expiring(housetest.AsSystem(y.t.Context())))
}

func (y *year) live() []*lived {
	var out []*lived
	for _, fp := range slices.Sorted(maps.Keys(y.certs)) {
		if !y.clock.Now().After(y.certs[fp].row.NotAfter) {
			out = append(out, y.certs[fp])
		}
	}
	return out
}

func (y *year) add() {
	if len(y.live()) == 3 {
		return
	}
	now := y.clock.Now()
	text := certificate(y.t, now.Add(-time.Hour), now.Add(time.Duration(12+y.dice.IntN(24*100))*time.Hour))
	row, err := y.replicas[0].SSO.AddCertificate(housetest.AsOperator(y.t.Context()), y.provider.ID, text)
	y.replicas[0].must(err)
	y.certs[row.FingerprintSha256] = &lived{row: row}
}

func (y *year) remove() {
	all := y.live()
	if len(all) == 0 {
		return
	}
	c := all[y.dice.IntN(len(all))]
	_, err := y.replicas[1].SSO.RemoveCertificate(housetest.AsOperator(y.t.Context()), c.row.ID)
	y.replicas[1].must(err)
	delete(y.certs, c.row.FingerprintSha256)
}

func (y *year) use() {
	all := y.live()
	if len(all) == 0 {
		return
	}
	c := all[y.dice.IntN(len(all))]
	c.used = true
	r := y.replicas[0]
	r.must(r.DB.InTx(y.t.Context(), func(tx *gorm.DB) error {
		return tx.Model(&models.Certificate{}).Where("id = ?", c.row.ID).Update("last_used_at", y.clock.Now()).Error
	}))
}

// shuffleAdmins makes somebody an admin, or an admin a member.
func (y *year) shuffleAdmins() {
	r, ctx := y.replicas[2], housetest.AsOperator(y.t.Context())
	if len(y.admins) > 1 && y.dice.IntN(2) == 0 {
		name := slices.Sorted(maps.Keys(y.admins))[0]
		_, err := r.roster.ChangeRole(ctx, y.admins[name], models.RoleMember, nil)
		r.must(err)
		delete(y.admins, name)
		return
	}
	name := fmt.Sprintf("admin%d@acme.test", y.clock.Now().Unix())
	y.admins[name] = r.admin(y.team.ID, name).ID
}

// expect is what has to be announced at this hour, by the rules: what is due, and
// if anything is, what will be before the day is over.
func (y *year) expect() {
	now := y.clock.Now()
	midnight := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
	var due, later []string
	for fp, c := range y.certs {
		safe := false
		for other, o := range y.certs {
			safe = safe || other != fp && o.used && !now.After(o.row.NotAfter) && o.row.NotAfter.Sub(c.row.NotAfter) >= 30*24*time.Hour
		}
		threshold := y.threshold(c, func(at time.Time) bool { return !now.Before(at) })
		if threshold >= 0 && (now.Sub(c.row.NotAfter) > 30*24*time.Hour || y.told[fmt.Sprintf("%s %d", fp, threshold)]) {
			threshold = -1
		}
		today := -1
		if now.Before(c.row.NotAfter) {
			today = y.threshold(c, func(at time.Time) bool { return at.Before(midnight) && !at.Equal(c.row.NotAfter) })
		}
		list := &due
		switch {
		case threshold < 0:
			threshold, list = today, &later
		case today >= 0 && today < threshold: // both on one day, so the tighter one says it
			threshold = today
		}
		if key := fmt.Sprintf("%s %d", fp, threshold); threshold == 0 || threshold > 0 && !safe && !y.told[key] {
			*list = append(*list, key)
		}
	}
	if len(due) == 0 {
		return
	}
	y.early += len(later)
	for _, key := range append(due, later...) {
		y.told[key] = true
		for name := range y.admins {
			y.want[key+" "+name] = true
		}
		if y.adfs {
			y.want[key+" ops@acme.test"] = true
		}
	}
}

// threshold is the smallest whose moment has come, -1 when none has.
func (y *year) threshold(c *lived, has func(time.Time) bool) int {
	best := -1
	for _, d := range y.days {
		if has(c.row.NotAfter.Add(-time.Duration(d)*24*time.Hour)) && (best < 0 || d < best) {
			best = d
		}
	}
	return best
}

// judge compares what was stored and what arrived with what was expected.
func (y *year) judge() {
	t, db := y.t, y.replicas[0].DB
	got := map[string]bool{}
	ends := map[models.ID][]models.Notice{} // by the notice whose mails tell of them
	for _, n := range rowsOf[models.Notice](t, db, "kind IN ?", []string{"cert_expiring", "cert_expired"}) {
		of := n.ID
		if n.GroupID != nil {
			of = *n.GroupID
		}
		ends[of] = append(ends[of], n)
	}
	sent := map[string]models.ID{} // Message-ID -> notice
	for _, m := range rowsOf[models.Mail](t, db, "1 = 1") {
		if m.State != models.MailSent {
			t.Errorf("a mail is %s: %s", m.State, m.LastError)
		}
		for _, n := range ends[m.NoticeID] {
			key := n.Facts["fingerprint"] + " " + n.Facts["threshold"] + " " + m.Recipient
			if got[key] {
				t.Errorf("recorded twice: %s", key)
			}
			got[key] = true
			sent[string(m.ID)] = m.NoticeID
		}
	}
	arrived := map[string]int{}
	for _, m := range y.box.all() {
		id, _, _ := strings.Cut(m.ID, "@")
		if _, ok := sent[id]; ok {
			arrived[id]++
		}
	}
	for id := range sent {
		if arrived[id] == 0 {
			t.Errorf("mail %s never arrived", id)
		}
	}
	for key := range y.want {
		if !got[key] {
			t.Errorf("lost: %s", key)
		}
	}
	for key := range got {
		if !y.want[key] {
			t.Errorf("undue: %s", key)
		}
	}
	if len(y.want) < 40 {
		t.Errorf("the year had only %d notices", len(y.want))
	}
	t.Logf("%d notices of certificates' ends, %d told early along with others; %d messages for all", len(got), y.early, len(arrived))
}
