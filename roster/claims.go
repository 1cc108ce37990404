package roster

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/models"
)

// Bounds of what is kept of an assertion's attributes. What would pass one is
// left out as a whole attribute, which then counts as absent: half a list of
// groups would say of somebody that they are not in the other half.
const (
	maxClaims      = 64
	maxClaimName   = 500 // bytes
	maxClaimValues = 2_000
	maxClaimBytes  = 64 << 10
)

// claimsOf is what of an assertion's attributes role rules may look at, by the
// attribute's SAML name. An attribute that came without a value is there and
// empty; one that did not come is not there.
func claimsOf(attributes map[string][]string) map[string][]string {
	out := map[string][]string{}
	values, size := 0, 2
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		list := slices.Clone(attributes[name])
		slices.Sort(list)
		list = slices.Compact(list)
		cost := jsonLength(name) + 4
		for _, v := range list {
			cost += jsonLength(v) + 1
		}
		if name == "" || len(name) > maxClaimName || len(out) == maxClaims || values+len(list) > maxClaimValues || size+cost > maxClaimBytes {
			continue
		}
		if list == nil {
			list = []string{}
		}
		out[name], values, size = list, values+len(list), size+cost
	}
	return out
}

// jsonLength is how many bytes a text takes in JSON.
func jsonLength(text string) int {
	b, err := json.Marshal(text)
	if err != nil {
		return maxClaimBytes
	}
	return len(b)
}

// keepClaims writes down what the identity provider said of a locked member,
// when that is something new.
func keepClaims(tx *gorm.DB, m models.Membership, claims map[string][]string, now time.Time) error {
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(claims); err != nil { // sorted by name
		return err
	}
	digest := sha256.Sum256(text.Bytes())
	return tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "membership_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"claims", "digest", "updated_at"}),
		Where:     clause.Where{Exprs: []clause.Expression{gorm.Expr("member_claims.digest <> excluded.digest")}},
	}).Create(&models.MemberClaims{MembershipID: m.ID, TeamID: m.TeamID, Claims: claims, Digest: digest[:], UpdatedAt: now}).Error
}
