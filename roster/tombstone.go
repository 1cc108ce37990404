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

// emailStone is for an address or a userName, which most identity providers
// fill with an address: whichever of the two it was, and is the next time.
func emailStone(address string) stone {
	return stone{models.TombstoneEmail, []string{models.Fold(address)}}
}

// identityStone is for a NameID of an issuer. Provisioning's externalId has no
// issuer; the NameID of whichever identity provider may be the same.
func identityStone(issuer, nameID string) stone {
	return stone{models.TombstoneIdentity, []string{issuer, nameID}}
}

// signInStones are what a person who signs in could have been buried under:
// everything that would have let them in, and their address.
func signInStones(issuer, nameID, address string) []stone {
	return []stone{identityStone(issuer, nameID), identityStone("", nameID), emailStone(nameID), emailStone(address)}
}

// provisioningStones are what provisioning calls a person by.
func provisioningStones(address, userName string, externalID *string) []stone {
	stones := []stone{emailStone(address)}
	if models.Fold(userName) != models.Fold(address) {
		stones = append(stones, emailStone(userName))
	}
	if externalID != nil {
		stones = append(stones, identityStone("", *externalID))
	}
	return stones
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
// each name that provisioning calls them by, the e-mail address among them, and
// one for every identity, of one removal together.
func (s *Service) bury(b *models.Batch, m Member, now time.Time) error {
	further, err := furtherStones(b.Tx(), m)
	if err != nil {
		return err
	}
	removal, err := models.NewID()
	if err != nil {
		return err
	}
	var rows []any
	for _, st := range append(provisioningStones(m.User.Email, m.UserName, m.ExternalID), further...) {
		id, err := models.NewID()
		if err != nil {
			return err
		}
		rows = append(rows, &models.Tombstone{ID: id, TeamID: m.TeamID, RemovalID: removal, Kind: st.kind, Hash: s.hash(m.TeamID, st), CreatedAt: now})
	}
	b.Insert(rows...)
	return nil
}

// furtherStones are what else somebody who is removed was known by: the other
// addresses that the identity provider told of them, and the names by which it
// signed them in.
func furtherStones(tx *gorm.DB, m Member) ([]stone, error) {
	rows, err := tx.Raw(`SELECT DISTINCT value_key, '', '' FROM scim_values WHERE membership_id = ? AND attr = 'emails' AND value_key NOT IN ('', ?, ?)
		UNION ALL SELECT '', issuer, name_id FROM external_identities WHERE membership_id = ?`, m.ID, m.User.EmailKey, m.UserNameKey, m.ID).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // the error of Err is the one that counts
	var out []stone
	for rows.Next() {
		var address, issuer, nameID string
		if err := rows.Scan(&address, &issuer, &nameID); err != nil {
			return nil, err
		}
		if address != "" {
			out = append(out, emailStone(address))
		} else {
			out = append(out, identityStone(issuer, nameID))
		}
	}
	return out, rows.Err()
}

// buried reports whether the team removed somebody who is known by one of these.
func (s *Service) buried(tx *gorm.DB, team models.ID, stones ...stone) (bool, error) {
	var n int64
	err := tx.Model(&models.Tombstone{}).Where("team_id = ? AND hash IN ?", team, s.hashes(team, stones)).Limit(1).Count(&n).Error
	return n > 0, err
}

// unbury lifts the tombstones of every removal that one of these belongs to.
func (s *Service) unbury(b *models.Batch, team models.ID, stones ...stone) {
	b.Add(nil, "DELETE FROM tombstones WHERE team_id = ? AND removal_id IN (SELECT removal_id FROM tombstones WHERE team_id = ? AND hash IN ?)",
		team, team, s.hashes(team, stones))
}

func (s *Service) hashes(team models.ID, stones []stone) [][]byte {
	out := make([][]byte, 0, len(stones))
	for _, st := range stones {
		out = append(out, s.hash(team, st))
	}
	return out
}
