package roster_test

import (
	"testing"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
)

// A message waits for its turn and for the database. What an admin took away
// meanwhile lets nobody in: a stolen certificate, and single sign-on as a whole.
func TestTrustEndsBeforeTheSignIn(t *testing.T) {
	for code, end := range map[fault.Code]func(tx *gorm.DB, h *house) error{
		fault.SignatureUnknownCert: func(tx *gorm.DB, h *house) error {
			return tx.Where("team_id = ?", h.team.ID).Delete(&models.Certificate{}).Error
		},
		fault.SsoNotEnabled: func(tx *gorm.DB, h *house) error {
			return tx.Model(&models.SsoSettings{}).Where("team_id = ?", h.team.ID).Update("state", models.SsoDisabled).Error
		},
	} {
		t.Run(string(code), func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				login := h.judged(h.team, h.idp, who("00u1", "ada@acme.test"))
				before := h.people()
				h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error { return end(tx, h) }))
				in, err := h.SignIn(h.request(), login)
				ended(h, "the sign-in", err, code)
				same(t, "rows and secret", []any{h.people(), in.SessionSecret}, []any{before, ""})
			})
		})
	}
}
