package sso

import (
	"context"
	"fmt"
	"time"

	"rollcall/access"
	"rollcall/models"
)

// Usage is how much sign-in hangs on a certificate.
type Usage struct {
	Logins30Days int64      // successful sign-ins that it verified
	LastUsedAt   *time.Time // to the minute
}

// CertificateUsage counts the sign-ins that certificates verified in the last
// thirty days. Certificates of teams that the caller may not see are left out.
func (s *Service) CertificateUsage(ctx context.Context, ids []models.ID) (map[models.ID]Usage, error) {
	out := make(map[models.ID]Usage, len(ids))
	db := s.DB.Read(ctx)
	q := db.Select("id", "last_used_at").Where("id IN ?", ids)
	switch a := access.From(ctx); {
	case a.Can(access.SsoRead, ""):
	case a.Can(access.SsoRead, a.TeamID):
		q = q.Where("team_id = ?", a.TeamID)
	default:
		return out, nil
	}
	var rows []models.Certificate
	if err := q.Find(&rows).Error; err != nil || len(rows) == 0 {
		return out, err
	}
	visible := make([]models.ID, len(rows))
	for i, c := range rows {
		out[c.ID], visible[i] = Usage{LastUsedAt: c.LastUsedAt}, c.ID
	}
	var counts []struct {
		CertificateID models.ID
		N             int64
	}
	err := db.Model(&models.LoginAttempt{}).Select("certificate_id, count(*) AS n").
		Where("certificate_id IN ? AND at > ? AND outcome = ?", visible, s.now().Add(-30*day), models.AttemptSucceeded).
		Group("certificate_id").Find(&counts).Error
	for _, c := range counts {
		u := out[c.CertificateID]
		u.Logins30Days = c.N
		out[c.CertificateID] = u
	}
	return out, err
}

// Impact is what removing a certificate would do.
type Impact string

// Impacts, the harmless one first.
const (
	ImpactNone    Impact = "NONE"    // it verifies nothing now, or was never used
	ImpactUnused  Impact = "UNUSED"  // it was used once, but not in the last day while another one was
	ImpactBreaks  Impact = "BREAKS"  // sign-ins are being verified with it: they would fail
	ImpactBlocked Impact = "BLOCKED" // the last usable one while single sign-on is on: it cannot go
)

// recent is how long after a sign-in its certificate counts as in use.
const recent = 24 * time.Hour

// RemovalImpact says what would happen if a certificate were removed now, in a
// word and in a sentence.
func (s *Service) RemovalImpact(ctx context.Context, id models.ID) (Impact, string, error) {
	row, err := s.Certificate(ctx, id)
	if err != nil {
		return "", "", err
	}
	now, db := s.now(), s.DB.Read(ctx)
	settings, err := SettingsIn(db, row.TeamID)
	if err != nil {
		return "", "", err
	}
	if row.StateAt(now) != models.CertificateActive {
		return ImpactNone, "It verifies no sign-in at this time.", nil
	}
	others, err := countActive(db, row.IdentityProviderID, row.ID, now)
	switch {
	case err != nil:
		return "", "", err
	case others == 0 && settings.State.On():
		return ImpactBlocked, "It is the last certificate that is valid now, and single sign-on is on: it cannot be removed.", nil
	case row.LastUsedAt == nil:
		return ImpactNone, "It has never verified a sign-in.", nil
	}
	ago := now.Sub(*row.LastUsedAt)
	if ago < recent {
		return ImpactBreaks, fmt.Sprintf("Used %s ago: sign-ins would fail.", roughly(ago)), nil
	}
	return ImpactUnused, fmt.Sprintf("Last used %s ago.", roughly(ago)), nil
}

// roughly is a duration in its largest unit.
func roughly(d time.Duration) string {
	count := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour")
	default:
		return count(int(d/day), "day")
	}
}

// ExpiredCertificates is the history of an identity provider: what was trusted
// once and has expired, the latest end first. after is the last id of the page
// before, or empty.
func (s *Service) ExpiredCertificates(ctx context.Context, provider, after models.ID, limit int) (rows []models.Certificate, more bool, err error) {
	if _, err := s.IdentityProvider(ctx, provider); err != nil {
		return nil, false, err
	}
	db := s.DB.Read(ctx)
	q := db.Where("identity_provider_id = ? AND not_after < ?", provider, s.now())
	if after != "" {
		last, err := certificateIn(db, after)
		if err != nil {
			return nil, false, err
		}
		q = q.Where("(not_after, id) < (?, ?)", last.NotAfter, last.ID)
	}
	if err := q.Order("not_after DESC, id DESC").Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, false, err
	}
	if more = len(rows) > limit; more {
		rows = rows[:limit]
	}
	return rows, more, nil
}
