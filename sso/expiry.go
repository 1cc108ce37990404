package sso

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"rollcall/models"
)

const (
	day = 24 * time.Hour
	// widest is the earliest notice, in days before a certificate's end.
	widest = 60
	// tooLate is how long after the end nobody is told any more: whoever was not
	// told by then has found out.
	tooLate = 30 * day
	// coverage is by how much a certificate has to outlive another to cover it.
	coverage = 30 * day
	// expiryBatch is how many certificates are looked at at once.
	expiryBatch = 200
)

// always are the days before a certificate's end at which every team is told.
var always = []int{30, 7, 1}

// EarlyDays is how many days before a certificate's end its identity provider
// stops signing with it, as the vendor's preset says; 0 when it does not.
func EarlyDays(v models.Vendor) int {
	p, _ := PresetOf(v)
	return p.Certificate.EffectiveDeadlineDays
}

// thresholds are the days before the end at which a team is told of a
// certificate: those of everybody, those that the team chose, and, where the
// vendor's product switches early, a week and a day before it does.
func thresholds(v models.Vendor, n models.NotificationSettings) []int {
	days, early := append([]int(nil), always...), EarlyDays(v)
	for _, chosen := range []struct {
		on   bool
		days int
	}{{n.Days60, 60}, {n.Days14, 14}, {n.Days0, 0}, {early > 0, early + 7}, {early > 0, early + 1}} {
		if chosen.on {
			days = append(days, chosen.days)
		}
	}
	return days
}

// tightest is the smallest threshold that is due at now. Wider ones that were
// missed are not made up for: the tightest says it all.
func tightest(end time.Time, days []int, now time.Time) (int, bool) {
	best, found := 0, false
	for _, d := range days {
		if now.Before(end.Add(-time.Duration(d)*day)) || found && d >= best {
			continue
		}
		best, found = d, true
	}
	return best, found && !now.After(end.Add(tooLate))
}

// covers reports whether a certificate makes the end of another one harmless:
// it has verified a sign-in and is good for a month longer.
func covers(c, ending models.Certificate, now time.Time) bool {
	return c.IdentityProviderID == ending.IdentityProviderID && c.FingerprintSha256 != ending.FingerprintSha256 &&
		c.LastUsedAt != nil && c.StateAt(now) == models.CertificateActive && !c.NotAfter.Before(ending.NotAfter.Add(coverage))
}

// AnnounceExpiring announces the ends of certificates that are due and returns
// how many notices that made. It can be run at any time, by several at once and
// after any interruption: what once means is the notice's key.
func (s *Service) AnnounceExpiring(ctx context.Context) (int, error) {
	if s.Announce == nil {
		return 0, nil
	}
	made, after, now := 0, models.ID(""), s.now()
	for {
		var rows []models.Certificate
		q := s.DB.Read(ctx).Omit("der").Where("not_after >= ? AND not_after <= ?", now.Add(-tooLate), now.Add(widest*day))
		if after != "" {
			q = q.Where("id > ?", after)
		}
		if err := q.Order("id").Limit(expiryBatch).Find(&rows).Error; err != nil {
			return made, err
		}
		n, err := s.announceSome(ctx, rows, now)
		made += n
		if err != nil || len(rows) < expiryBatch {
			return made, err
		}
		after = rows[len(rows)-1].ID
	}
}

// announceSome leaves out what was announced before and gives each of the rest
// a transaction of its own.
func (s *Service) announceSome(ctx context.Context, rows []models.Certificate, now time.Time) (int, error) {
	about, err := s.about(ctx, rows)
	if err != nil {
		return 0, err
	}
	made := 0
	for _, c := range rows {
		days, due := about.due(c, now)
		if !due || about.announced[expiryKey(c, days)] {
			continue
		}
		var new bool
		err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
			new = false
			found, err := s.expiryWanted(tx, c.TeamID, c.FingerprintSha256, days, now)
			if err != nil || found == nil {
				return err
			}
			before, err := noticeExists(tx, expiryKey(c, days))
			if err != nil || before {
				return err
			}
			new = true
			return s.announce(ctx, tx, expiryNotice(*found, about.providers[c.IdentityProviderID], days, now))
		})
		if err != nil {
			return made, err
		}
		if new {
			made++
		}
		about.announced[expiryKey(c, days)] = true
	}
	return made, nil
}

func noticeExists(tx *gorm.DB, key string) (bool, error) {
	var n int64
	err := tx.Model(&models.Notice{}).Where("notice_key = ?", key).Count(&n).Error
	return n > 0, err
}

// expiryKey is what "once" means: a team, a certificate and a threshold. The
// same certificate uploaded again is the same one.
func expiryKey(c models.Certificate, days int) string {
	return fmt.Sprintf("cert_end/%s/%s/%d", c.TeamID, c.FingerprintSha256, days)
}

func expiryNotice(c models.Certificate, p models.IdentityProvider, days int, now time.Time) models.Notice {
	facts := certificateFacts(c, p)
	facts["threshold"] = strconv.Itoa(days)
	if e := EarlyDays(p.Vendor); e > 0 {
		facts["early"], facts["earlyDay"] = strconv.Itoa(e), c.NotAfter.Add(-time.Duration(e)*day).Format(time.RFC3339)
	}
	kind := noticeExpiring
	if now.After(c.NotAfter) {
		kind = noticeExpired
	}
	return models.Notice{TeamID: c.TeamID, NoticeKey: expiryKey(c, days), Kind: kind, CertificateID: &c.ID, Facts: facts}
}

// surroundings are what decides about a batch of certificates.
type surroundings struct {
	providers map[models.ID]models.IdentityProvider
	wishes    map[models.ID]models.NotificationSettings
	quiet     map[models.ID]bool // teams without single sign-on
	announced map[string]bool
}

// about reads the surroundings of a batch, in as many queries as there are kinds.
func (s *Service) about(ctx context.Context, rows []models.Certificate) (surroundings, error) {
	out := surroundings{
		providers: map[models.ID]models.IdentityProvider{}, wishes: map[models.ID]models.NotificationSettings{},
		quiet: map[models.ID]bool{}, announced: map[string]bool{},
	}
	var teams, providers []models.ID
	for _, c := range rows {
		teams, providers = append(teams, c.TeamID), append(providers, c.IdentityProviderID)
	}
	db := s.DB.Read(ctx)
	var found []models.IdentityProvider
	var wishes []models.NotificationSettings
	var owners []models.Team
	var settings []models.SsoSettings
	for _, read := range []*gorm.DB{
		db.Where("id IN ?", providers).Find(&found), db.Where("team_id IN ?", teams).Find(&wishes),
		db.Where("id IN ?", teams).Find(&owners), db.Where("team_id IN ?", teams).Find(&settings),
	} {
		if read.Error != nil {
			return out, read.Error
		}
	}
	for _, p := range found {
		out.providers[p.ID] = p
	}
	for _, w := range wishes {
		out.wishes[w.TeamID] = w
	}
	for _, t := range owners {
		out.quiet[t.ID] = !t.SsoAllowed()
	}
	for _, v := range settings {
		if v.State == models.SsoDisabled {
			out.quiet[v.TeamID] = true
		}
	}
	keys := make([]string, 0, len(rows))
	for _, c := range rows {
		if days, due := out.due(c, s.now()); due {
			keys = append(keys, expiryKey(c, days))
		}
	}
	var known []models.Notice
	if err := db.Select("notice_key").Where("notice_key IN ?", keys).Find(&known).Error; err != nil {
		return out, err
	}
	for _, n := range known {
		out.announced[n.NoticeKey] = true
	}
	return out, nil
}

func (a surroundings) due(c models.Certificate, now time.Time) (int, bool) {
	if a.quiet[c.TeamID] {
		return 0, false
	}
	return tightest(c.NotAfter, thresholds(a.providers[c.IdentityProviderID].Vendor, a.wishes[c.TeamID]), now)
}

// expiryWanted returns the team's certificate with the fingerprint if its end
// still matters: it is there, and nothing covers it. What tells of the end
// itself is said even when it is covered.
func (s *Service) expiryWanted(tx *gorm.DB, team models.ID, fingerprint string, days int, now time.Time) (*models.Certificate, error) {
	var all []models.Certificate
	if err := tx.Omit("der").Where("team_id = ?", team).Find(&all).Error; err != nil {
		return nil, err
	}
	for i, c := range all {
		if c.FingerprintSha256 != fingerprint {
			continue
		}
		if days == 0 || !covered(c, all, now) {
			return &all[i], nil
		}
	}
	return nil, nil
}

func covered(ending models.Certificate, all []models.Certificate, now time.Time) bool {
	for _, c := range all {
		if covers(c, ending, now) {
			return true
		}
	}
	return false
}

// NoticeWanted reports whether a notice is still worth sending, and says in its
// facts what can change until it is sent. tx may be any handle.
func (s *Service) NoticeWanted(tx *gorm.DB, n *models.Notice) (bool, error) {
	if n.Kind != noticeExpiring && n.Kind != noticeExpired {
		return true, nil
	}
	days, err := strconv.Atoi(n.Facts["threshold"])
	if err != nil {
		return false, fmt.Errorf("notice %s has no threshold", n.ID)
	}
	now := s.now()
	c, err := s.expiryWanted(tx, n.TeamID, n.Facts["fingerprint"], days, now)
	if err != nil || c == nil {
		return false, err
	}
	if now.After(c.NotAfter) {
		n.Kind = noticeExpired
		var all []models.Certificate
		if err := tx.Omit("der").Where("identity_provider_id = ?", c.IdentityProviderID).Find(&all).Error; err != nil {
			return false, err
		}
		if covered(*c, all, now) {
			n.Facts["covered"] = "yes"
		}
	}
	return true, nil
}
