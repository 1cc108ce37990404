package sso

import (
	"reflect"

	"gorm.io/gorm"

	"rollcall/models"
)

// What a sign-in rests on are the values by which an answer of an identity
// provider is asked for and judged: the identity providers themselves, their
// certificates, which of them people are sent to, the team's own key that reads
// and signs, and whom the answer has to be about to be taken at all (a second
// factor, an allowed domain). Each change of one of them makes the last test
// login worthless. It does nothing to single sign-on that is on: the test counts
// for the next time that it is enabled or enforced.
//
// Not among them are values that decide what becomes of somebody whose answer
// was good (default role, rules, just-in-time provisioning), how long they stay,
// and how they sign out.

// distrust notes, in the transaction of a locked team, that what its sign-ins rest
// on has changed.
func distrust(tx *gorm.DB, team models.ID) error {
	return tx.Model(&models.SsoSettings{}).Where("team_id = ?", team).
		Updates(map[string]any{"trust_revision": gorm.Expr("trust_revision + 1"), "tested_at": nil}).Error
}

// distrusted is distrust for a row that is about to be saved.
func distrusted(row *models.SsoSettings) { row.TrustRevision, row.TestedAt = row.TrustRevision+1, nil }

// otherTrust reports whether two states of a team's settings trust differently.
func otherTrust(a, b models.SsoSettings) bool {
	return a.RequireMfa != b.RequireMfa || a.ClockSkewSeconds != b.ClockSkewSeconds || a.EncryptAssertions != b.EncryptAssertions ||
		providerName(a) != providerName(b) || !reflect.DeepEqual(a.AllowedDomains, b.AllowedDomains)
}

// noTrust are the values of an identity provider that no sign-in rests on.
var noTrust = map[string]bool{"sloUrl": true, "sloBinding": true, "sloResponseUrl": true, "loginHintParameter": true}

// distrustChanged is distrust where an identity provider changed in what counts.
func distrustChanged(tx *gorm.DB, team models.ID, details []models.AuditDetail) error {
	for _, d := range details {
		if !noTrust[d.Name] {
			return distrust(tx, team)
		}
	}
	return nil
}
