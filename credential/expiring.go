package credential

import (
	"context"
	"strconv"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

// Notices before the end of an API key or a SCIM token come so many days ahead,
// the tightest that is due and once each. Credentials that live for days only
// end without a word: whoever made them knows.
var noticeDays = []int{1, 7, 30}

const (
	day         = 24 * time.Hour
	shortLived  = 14 * day
	expiryBatch = 500
)

// ending is a credential that ends soon.
type ending struct {
	ID           models.ID
	TeamID       models.ID
	MembershipID *models.ID // nil for a SCIM token
	Name, Prefix string
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// AnnounceExpiring announces the ends of API keys and SCIM tokens that are due.
// It can be run at any time, by several at once and after any interruption:
// what once means is the notice's key.
func (s *Store) AnnounceExpiring(ctx context.Context) error {
	if s.Announce == nil {
		return nil
	}
	for _, of := range []struct{ table, columns, where, kind string }{
		{"api_keys", "id, team_id, membership_id, name, prefix, created_at, expires_at", "operator = false", noticeKeyExpiring},
		{"scim_tokens", "id, team_id, name, prefix, created_at, expires_at", "1 = 1", noticeTokenExpiring},
	} {
		if err := s.announceEnds(ctx, of.table, of.columns, of.where, of.kind); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) announceEnds(ctx context.Context, table, columns, where, kind string) error {
	now := s.now()
	from, after := now, models.ID("")
	for {
		var rows []ending
		q := s.DB.Read(ctx).Table(table).Select(columns).Where(where).Where("revoked_at IS NULL AND expires_at <= ?", now.Add(30*day))
		if after == "" {
			q = q.Where("expires_at > ?", from)
		} else {
			q = q.Where("(expires_at > ? OR expires_at = ? AND id > ?)", from, from, after)
		}
		if err := q.Order("expires_at, id").Limit(expiryBatch).Scan(&rows).Error; err != nil {
			return err
		}
		if err := s.announceSome(ctx, rows, table, kind, now); err != nil || len(rows) < expiryBatch {
			return err
		}
		last := rows[len(rows)-1]
		from, after = last.ExpiresAt, last.ID
	}
}

// announceSome leaves out what was announced before and gives each of the rest
// a transaction of its own, in which the credential must still be live.
func (s *Store) announceSome(ctx context.Context, rows []ending, table, kind string, now time.Time) error {
	due := make(map[string]ending, len(rows))
	keys := make([]string, 0, len(rows))
	for _, r := range rows {
		if days := dueDays(r, now); days > 0 {
			key := kind + "/" + string(r.ID) + "/" + strconv.Itoa(days)
			due[key], keys = r, append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	var announced []string
	if err := s.DB.Read(ctx).Model(&models.Notice{}).Where("notice_key IN ?", keys).Pluck("notice_key", &announced).Error; err != nil {
		return err
	}
	for _, key := range announced {
		delete(due, key)
	}
	for _, key := range keys {
		r, ok := due[key]
		if !ok {
			continue
		}
		err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
			var live int64
			if err := tx.Table(table).Where("id = ? AND revoked_at IS NULL AND expires_at = ?", r.ID, r.ExpiresAt).Count(&live).Error; err != nil || live == 0 {
				return err
			}
			return s.announceOnce(ctx, tx, key, models.Notice{
				TeamID: r.TeamID, MembershipID: r.MembershipID, Kind: kind, Facts: credentialFacts(r.Name, r.Prefix, &r.ExpiresAt),
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dueDays is the tightest number of days that has come, 0 for none.
func dueDays(r ending, now time.Time) int {
	if r.ExpiresAt.Sub(r.CreatedAt) < shortLived {
		return 0
	}
	for _, days := range noticeDays {
		if !now.Before(r.ExpiresAt.Add(-time.Duration(days) * day)) {
			return days
		}
	}
	return 0
}

// announceOnce fills in what every notice has.
func (s *Store) announceOnce(ctx context.Context, tx *gorm.DB, key string, n models.Notice) error {
	var err error
	if n.ID, err = models.NewID(); err != nil {
		return err
	}
	n.NoticeKey, n.CreatedAt = key, s.now()
	n.Facts["at"], n.Facts["actor"] = n.CreatedAt.Format(time.RFC3339), access.From(ctx).Label
	return s.Announce(tx, n)
}
