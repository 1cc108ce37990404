package credential

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/fault"
	"rollcall/models"
)

// How long one-time links work.
const (
	verifyLife     = 24 * time.Hour
	passwordLife   = time.Hour
	InvitationLife = 7 * 24 * time.Hour
	upgradeLife    = 24 * time.Hour
	testLife       = 15 * time.Minute
)

var linkLife = map[models.LinkPurpose]time.Duration{
	models.LinkVerifyEmail: verifyLife, models.LinkSetPassword: passwordLife, models.LinkInvitation: InvitationLife,
	models.LinkUpgrade: upgradeLife, models.LinkLoginTest: testLife,
}

// linkPath is where the links of a purpose lead, under the base URL.
var linkPath = map[models.LinkPurpose]string{
	models.LinkVerifyEmail: "/verify", models.LinkSetPassword: "/password", models.LinkInvitation: "/invitation",
	models.LinkUpgrade: "/upgrade", models.LinkLoginTest: "/test",
}

const linkBytes = 16 + sha256.Size // of the id, and of the MAC over it

// NewLink writes a one-time link in the caller's transaction. The caller says
// its purpose and whom and what it is about; a zero ExpiresAt is the purpose's
// usual end.
func (s *Store) NewLink(tx *gorm.DB, l models.OneTimeLink) (models.OneTimeLink, error) {
	id, err := models.NewID()
	if err != nil {
		return l, err
	}
	l.ID, l.CreatedAt = id, s.now()
	if l.ExpiresAt.IsZero() {
		l.ExpiresAt = l.CreatedAt.Add(linkLife[l.Purpose])
	}
	return l, tx.Create(&l).Error
}

// LinkURL is the address that a link has in a mail. Whoever has it can use the
// link; it is made when it is needed and kept nowhere.
func (s *Store) LinkURL(baseURL string, l models.OneTimeLink) (string, error) {
	token, err := s.linkToken(l)
	return baseURL + linkPath[l.Purpose] + "?t=" + token, err
}

// linkToken is the id with a MAC over the id and the purpose.
func (s *Store) linkToken(l models.OneTimeLink) (string, error) {
	id, err := uuid.Parse(string(l.ID))
	if err != nil {
		return "", err
	}
	if len(s.LinkKey) == 0 {
		return "", fault.New(fault.InternalError, "The store has no key for links.")
	}
	mac := hmac.New(sha256.New, s.LinkKey)
	mac.Write([]byte(l.Purpose))
	mac.Write([]byte{0})
	mac.Write(id[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(id[:])), nil
}

// Link reads the link that a token is of, usable or not; LinkOpen tells which.
// A token that was never given out answers the fault NOT_FOUND. Nothing is
// consumed: mail scanners follow links too.
func (s *Store) Link(ctx context.Context, purpose models.LinkPurpose, token string) (models.OneTimeLink, error) {
	return s.linkIn(s.DB.Read(ctx), purpose, token)
}

func (s *Store) linkIn(db *gorm.DB, purpose models.LinkPurpose, token string) (models.OneTimeLink, error) {
	missing := fault.New(fault.Missing, "There is no such link.")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != linkBytes {
		return models.OneTimeLink{}, missing
	}
	id, err := uuid.FromBytes(raw[:16])
	if err != nil {
		return models.OneTimeLink{}, missing
	}
	want, err := s.linkToken(models.OneTimeLink{ID: models.ID(id.String()), Purpose: purpose})
	if err != nil {
		return models.OneTimeLink{}, err
	}
	if !hmac.Equal([]byte(want), []byte(token)) {
		return models.OneTimeLink{}, missing
	}
	var row models.OneTimeLink
	if err := db.Where("id = ? AND purpose = ?", id.String(), purpose).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, nil
}

// LinkOpen says why a link cannot be used now, or nil: LINK_USED for one that
// was used or withdrawn, LINK_EXPIRED.
func (s *Store) LinkOpen(l models.OneTimeLink) error {
	switch {
	case l.ConsumedAt != nil || l.RevokedAt != nil:
		return fault.New(fault.LinkUsed, "The link was used already, or a newer one took its place.")
	case !s.now().Before(l.ExpiresAt):
		return fault.New(fault.LinkExpired, "The link has expired.")
	}
	return nil
}

// SpendLink uses a link up in the caller's transaction, once: of two who try at
// the same moment one gets LINK_USED. Faults: NOT_FOUND, LINK_USED, LINK_EXPIRED.
func (s *Store) SpendLink(tx *gorm.DB, purpose models.LinkPurpose, token string) (models.OneTimeLink, error) {
	row, err := s.linkIn(tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}), purpose, token)
	if err != nil {
		return row, err
	}
	if err := s.LinkOpen(row); err != nil {
		return row, err
	}
	now := s.now()
	row.ConsumedAt = &now
	return row, tx.Model(&models.OneTimeLink{}).Where("id = ?", row.ID).Update("consumed_at", now).Error
}

// RevokeLinks withdraws, in the caller's transaction, the unused links of a
// purpose that the condition names, so that only the newest one works.
func (s *Store) RevokeLinks(tx *gorm.DB, purpose models.LinkPurpose, where string, args ...any) error {
	return tx.Model(&models.OneTimeLink{}).Where("purpose = ? AND consumed_at IS NULL AND revoked_at IS NULL", purpose).
		Where(where, args...).Update("revoked_at", s.now()).Error
}
