package sso

import (
	"context"
	"slices"
	"time"

	"rollcall/models"
)

// CertificateNotice is a notice of a certificate's end, sent or to come.
type CertificateNotice struct {
	DaysBefore  int
	DueAt       time.Time
	AnnouncedAt *time.Time // nil when it was not sent
}

// NoticesByCertificate is for batches: the notices of certificates' ends that
// their teams get, the earliest first. Certificates of teams whose single sign-on
// the caller may not see are left out.
func (s *Service) NoticesByCertificate(ctx context.Context, ids []models.ID) (map[models.ID][]CertificateNotice, error) {
	out := map[models.ID][]CertificateNotice{}
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return out, nil
	}
	var rows []models.Certificate
	if err := q.Omit("der").Where("id IN ?", ids).Find(&rows).Error; err != nil || len(rows) == 0 {
		return out, err
	}
	about, err := aboutIn(s.DB.Read(ctx), rows, s.now())
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, c := range rows {
		days := thresholds(about.providers[c.IdentityProviderID].Vendor, about.wishes[c.TeamID])
		slices.Sort(days)
		slices.Reverse(days)
		for _, d := range slices.Compact(days) {
			keys = append(keys, expiryKey(c, d))
			out[c.ID] = append(out[c.ID], CertificateNotice{DaysBefore: d, DueAt: c.NotAfter.Add(-time.Duration(d) * day)})
		}
	}
	var sent []models.Notice
	if err := s.DB.Read(ctx).Select("notice_key", "created_at").Where("notice_key IN ?", keys).Find(&sent).Error; err != nil {
		return nil, err
	}
	at := make(map[string]time.Time, len(sent))
	for _, n := range sent {
		at[n.NoticeKey] = n.CreatedAt
	}
	for _, c := range rows {
		for i, n := range out[c.ID] {
			if when, done := at[expiryKey(c, n.DaysBefore)]; done {
				out[c.ID][i].AnnouncedAt = &when
			}
		}
	}
	return out, nil
}
