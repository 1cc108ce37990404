package sso

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
)

const (
	day = 24 * time.Hour
	// widest is the earliest notice, in days before a certificate's end.
	widest = 60
	// tooLate is how long after the end nobody is told any more: whoever was not
	// told by then has found out.
	tooLate = 30 * day
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

// AnnounceExpiring announces the ends of certificates that are due and returns
// how many that are. It can be run at any time, by several at once and
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
		about, err := aboutIn(s.DB.Read(ctx), rows, now)
		if err != nil {
			return made, err
		}
		var teams []models.ID
		for _, c := range rows {
			if _, due := about.due(c, now); due && !slices.Contains(teams, c.TeamID) {
				teams = append(teams, c.TeamID)
			}
		}
		for _, team := range teams {
			n, err := s.announceEnds(ctx, team, now)
			if made += n; err != nil {
				return made, err
			}
		}
		if len(rows) < expiryBatch {
			return made, nil
		}
		after = rows[len(rows)-1].ID
	}
}

// announceEnds announces all ends that a team is to be told of today, in one
// transaction, so that they arrive in one mail. Nothing is told before something
// is due; then what is due later on the same day (UTC) is told along with it.
func (s *Service) announceEnds(ctx context.Context, team models.ID, now time.Time) (int, error) {
	made := 0
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		made = 0
		// Two replicas would each tell of one half.
		if _, err := models.LockTeam(tx, team); err != nil {
			return err
		}
		var rows []models.Certificate
		if err := tx.Omit("der").Where("team_id = ?", team).Order("not_after, id").Find(&rows).Error; err != nil {
			return err
		}
		about, err := aboutIn(tx, rows, now)
		if err != nil {
			return err
		}
		var told []models.Notice
		something := false
		for _, c := range rows {
			days, due := about.due(c, now)
			if soon, today := about.dueToday(c, now); today && (!due || soon < days) {
				days = soon
			} else if !due {
				continue
			}
			if about.announced[expiryKey(c, days)] || days > 0 && covered(c, rows, now) {
				continue
			}
			something = something || due
			about.announced[expiryKey(c, days)] = true
			told = append(told, expiryNotice(c, about.providers[c.IdentityProviderID], days, now))
		}
		if !something {
			return nil
		}
		made = len(told)
		return s.announceTogether(ctx, tx, team, told)
	})
	if fault.Is(err, fault.Missing) { // the team is gone
		return 0, nil
	}
	return made, err
}

// announceTogether announces one notice as itself, and several by one that
// stands for them.
func (s *Service) announceTogether(ctx context.Context, tx *gorm.DB, team models.ID, told []models.Notice) error {
	if len(told) == 1 {
		return s.announce(ctx, tx, told[0])
	}
	id, err := models.NewID()
	if err != nil {
		return err
	}
	for i := range told {
		if told[i], err = s.complete(ctx, told[i]); err != nil {
			return err
		}
		told[i].GroupID, told[i].AnnouncedAt = &id, &told[i].CreatedAt
	}
	if err := tx.Create(&told).Error; err != nil {
		return err
	}
	return s.announce(ctx, tx, models.Notice{ID: id, TeamID: team, Kind: noticeEnds, NoticeKey: noticeEnds + "/" + string(id)})
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

// aboutIn reads the surroundings of a batch, in as many queries as there are kinds.
func aboutIn(db *gorm.DB, rows []models.Certificate, now time.Time) (surroundings, error) {
	out := surroundings{
		providers: map[models.ID]models.IdentityProvider{}, wishes: map[models.ID]models.NotificationSettings{},
		quiet: map[models.ID]bool{}, announced: map[string]bool{},
	}
	var teams, providers []models.ID
	for _, c := range rows {
		teams, providers = append(teams, c.TeamID), append(providers, c.IdentityProviderID)
	}
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
		for _, days := range out.thresholds(c) {
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

func (a surroundings) thresholds(c models.Certificate) []int {
	return thresholds(a.providers[c.IdentityProviderID].Vendor, a.wishes[c.TeamID])
}

// due is the threshold that is due for a certificate and was not announced.
func (a surroundings) due(c models.Certificate, now time.Time) (int, bool) {
	days, due := tightest(c.NotAfter, a.thresholds(c), now)
	return days, due && !a.quiet[c.TeamID] && !a.announced[expiryKey(c, days)]
}

// dueToday is the threshold that is due before the day is over. The end itself
// is not told before it is there.
func (a surroundings) dueToday(c models.Certificate, now time.Time) (int, bool) {
	before := slices.DeleteFunc(a.thresholds(c), func(days int) bool { return days == 0 })
	days, due := tightest(c.NotAfter, before, now.Truncate(day).Add(day-time.Microsecond))
	return days, due && now.Before(c.NotAfter) && !a.quiet[c.TeamID]
}
