package sso

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

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
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return out, nil
	}
	var rows []models.Certificate
	if err := q.Select("id", "last_used_at").Where("id IN ?", ids).Find(&rows).Error; err != nil || len(rows) == 0 {
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
	err := s.DB.Read(ctx).Model(&models.LoginAttempt{}).Select("certificate_id, count(*) AS n").
		Where("certificate_id IN ? AND at > ? AND outcome = ? AND kind = ?", visible, s.now().Add(-30*day), models.AttemptSucceeded, models.AttemptSignIn).
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

// Removal is what removing a certificate would do, in a word and in a sentence.
type Removal struct {
	Impact      Impact
	Explanation string
}

// RemovalImpact says what would happen if a certificate were removed now.
func (s *Service) RemovalImpact(ctx context.Context, id models.ID) (Removal, error) {
	if _, err := s.Certificate(ctx, id); err != nil {
		return Removal{}, err
	}
	found, err := s.RemovalImpacts(ctx, []models.ID{id})
	return found[id], err
}

// RemovalImpacts is RemovalImpact for batches: certificates that the caller may
// not see are left out.
func (s *Service) RemovalImpacts(ctx context.Context, ids []models.ID) (map[models.ID]Removal, error) {
	out := make(map[models.ID]Removal, len(ids))
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return out, nil
	}
	var rows []models.Certificate
	if err := q.Omit("der").Where("id IN ?", ids).Find(&rows).Error; err != nil || len(rows) == 0 {
		return out, err
	}
	var teams, providers []models.ID
	for _, c := range rows {
		teams, providers = append(teams, c.TeamID), append(providers, c.IdentityProviderID)
	}
	now, db := s.now(), s.DB.Read(ctx)
	var on []models.ID
	err := db.Model(&models.SsoSettings{}).Where("team_id IN ? AND state IN ?", teams, []models.SsoState{models.SsoEnabled, models.SsoEnforced}).Pluck("team_id", &on).Error
	if err != nil {
		return nil, err
	}
	var live []models.Certificate
	err = db.Select("id", "identity_provider_id").Where("identity_provider_id IN ? AND not_before <= ? AND not_after >= ?", providers, now, now).Find(&live).Error
	if err != nil {
		return nil, err
	}
	usable := map[models.ID]int{}
	for _, c := range live {
		usable[c.IdentityProviderID]++
	}
	for _, c := range rows {
		last := usable[c.IdentityProviderID] == 1 && slices.Contains(on, c.TeamID)
		out[c.ID] = removal(c, last, now)
	}
	return out, nil
}

// removal judges one certificate. last says that no other one of its provider
// is valid now, while single sign-on is on.
func removal(c models.Certificate, last bool, now time.Time) Removal {
	switch {
	case c.StateAt(now) != models.CertificateActive:
		return Removal{ImpactNone, "It verifies no sign-in at this time."}
	case last:
		return Removal{ImpactBlocked, "It is the last certificate that is valid now, and single sign-on is on: it cannot be removed."}
	case c.LastUsedAt == nil:
		return Removal{ImpactNone, "It has never verified a sign-in."}
	}
	ago := now.Sub(*c.LastUsedAt)
	if ago < recent {
		return Removal{ImpactBreaks, fmt.Sprintf("Used %s ago: sign-ins would fail.", roughly(ago))}
	}
	return Removal{ImpactUnused, fmt.Sprintf("Last used %s ago.", roughly(ago))}
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
// once and has expired, the latest end first.
func (s *Service) ExpiredCertificates(ctx context.Context, provider models.ID, w models.Window) ([]models.Certificate, bool, error) {
	q, err := s.expiredOf(ctx, provider)
	if err != nil {
		return nil, false, err
	}
	w.Desc = true
	var rows []models.Certificate
	if err := w.Apply(q, "not_after").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// CountExpiredCertificates counts what ExpiredCertificates lists.
func (s *Service) CountExpiredCertificates(ctx context.Context, provider models.ID) (int, error) {
	q, err := s.expiredOf(ctx, provider)
	if err != nil {
		return 0, err
	}
	var n int64
	err = q.Model(&models.Certificate{}).Count(&n).Error
	return int(n), err
}

func (s *Service) expiredOf(ctx context.Context, provider models.ID) (*gorm.DB, error) {
	if _, err := s.IdentityProvider(ctx, provider); err != nil {
		return nil, err
	}
	return s.DB.Read(ctx).Where("identity_provider_id = ? AND not_after < ?", provider, s.now()), nil
}
