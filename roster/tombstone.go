package roster

import (
	"crypto/hmac"
	"crypto/sha256"
	"time"

	"gorm.io/gorm"

	"rollcall/models"
)

// stone is something by which a person could be known again.
type stone struct {
	kind   models.TombstoneKind
	values []string
}

func emailStone(address string) stone {
	return stone{models.TombstoneEmail, []string{models.Fold(address)}}
}

func identityStone(issuer, nameID string) stone {
	return stone{models.TombstoneIdentity, []string{issuer, nameID}}
}

// hash is a MAC over the kind, the team and the values, each ended by a zero
// byte, which none of them contains.
func (s *Service) hash(team models.ID, st stone) []byte {
	mac := hmac.New(sha256.New, s.TombstoneKey)
	for _, part := range append([]string{string(st.kind), string(team)}, st.values...) {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	return mac.Sum(nil)
}

// bury writes the tombstones of a member who is about to be deleted: one for
// the e-mail address and one for every identity, of one removal together.
func (s *Service) bury(tx *gorm.DB, m Member, now time.Time) error {
	var identities []models.ExternalIdentity
	if err := tx.Where("membership_id = ?", m.ID).Find(&identities).Error; err != nil {
		return err
	}
	stones, err := s.addresses(tx, m)
	if err != nil {
		return err
	}
	for _, x := range identities {
		stones = append(stones, identityStone(x.Issuer, x.NameID))
	}
	removal, err := models.NewID()
	if err != nil {
		return err
	}
	rows := make([]models.Tombstone, 0, len(stones))
	for _, st := range stones {
		id, err := models.NewID()
		if err != nil {
			return err
		}
		rows = append(rows, models.Tombstone{ID: id, TeamID: m.TeamID, RemovalID: removal, Kind: st.kind, Hash: s.hash(m.TeamID, st), CreatedAt: now})
	}
	return tx.Create(&rows).Error
}

// buried reports whether the team removed somebody who is known by one of these.
func (s *Service) buried(tx *gorm.DB, team models.ID, stones ...stone) (bool, error) {
	var n int64
	err := tx.Model(&models.Tombstone{}).Where("team_id = ? AND hash IN ?", team, s.hashes(team, stones)).Limit(1).Count(&n).Error
	return n > 0, err
}

// unbury lifts the tombstones of every removal that one of these belongs to.
func (s *Service) unbury(tx *gorm.DB, team models.ID, stones ...stone) error {
	removals := tx.Model(&models.Tombstone{}).Select("removal_id").Where("team_id = ? AND hash IN ?", team, s.hashes(team, stones))
	return tx.Where("team_id = ? AND removal_id IN (?)", team, removals).Delete(&models.Tombstone{}).Error
}

func (s *Service) hashes(team models.ID, stones []stone) [][]byte {
	out := make([][]byte, 0, len(stones))
	for _, st := range stones {
		out = append(out, s.hash(team, st))
	}
	return out
}
