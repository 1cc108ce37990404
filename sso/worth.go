package sso

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"rollcall/models"
)

// coverage is by how much a certificate has to outlive another to cover it.
const coverage = 30 * day

// covers reports whether a certificate makes the end of another one harmless:
// it has verified a sign-in and is good for a month longer.
func covers(c, ending models.Certificate, now time.Time) bool {
	return c.IdentityProviderID == ending.IdentityProviderID && c.FingerprintSha256 != ending.FingerprintSha256 &&
		c.LastUsedAt != nil && c.StateAt(now) == models.CertificateActive && !c.NotAfter.Before(ending.NotAfter.Add(coverage))
}

func covered(ending models.Certificate, all []models.Certificate, now time.Time) bool {
	for _, c := range all {
		if covers(c, ending, now) {
			return true
		}
	}
	return false
}

// WorthTelling is what of a notice still matters: the notice itself, or those
// of its parts when it stands for several, and nothing when none does. What can change
// until a mail is sent is brought up to date in their facts.
func (s *Service) WorthTelling(tx *gorm.DB, n models.Notice) ([]models.Notice, error) {
	parts := []models.Notice{n}
	switch n.Kind {
	case noticeExpiring, noticeExpired:
	case noticeEnds:
		if err := tx.Where("group_id = ?", n.ID).Find(&parts).Error; err != nil {
			return nil, err
		}
	default:
		return parts, nil
	}
	var all []models.Certificate
	if err := tx.Omit("der").Where("team_id = ?", n.TeamID).Find(&all).Error; err != nil {
		return nil, err
	}
	now, out := s.now(), []models.Notice{}
	for _, part := range parts {
		matters, err := endMatters(&part, all, now)
		if err != nil {
			return nil, err
		}
		if matters {
			out = append(out, part)
		}
	}
	slices.SortStableFunc(out, func(a, b models.Notice) int { return strings.Compare(a.Facts["notAfter"], b.Facts["notAfter"]) })
	return out, nil
}

// endMatters reports whether the end of a notice's certificate still matters: it
// is there, and nothing covers it. What tells of the end itself is said even when
// it is covered.
func endMatters(n *models.Notice, all []models.Certificate, now time.Time) (bool, error) {
	days, err := strconv.Atoi(n.Facts["threshold"])
	if err != nil {
		return false, fmt.Errorf("notice %s has no threshold", n.ID)
	}
	for _, c := range all {
		safe := covered(c, all, now)
		if c.FingerprintSha256 != n.Facts["fingerprint"] || days > 0 && safe {
			continue
		}
		if now.After(c.NotAfter) {
			n.Kind = noticeExpired
			if safe {
				n.Facts["covered"] = "yes"
			}
		}
		return true, nil
	}
	return false, nil
}
