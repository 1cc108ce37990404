package account

import (
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
)

// Stage is what a sign-in waits for.
type Stage string

// Stages.
const (
	StageFactor Stage = "factor" // a second factor
	StageEnrol  Stage = "enrol"  // a first second factor
	StageTeam   Stage = "team"   // the choice of a team
	// StageElsewhere is the end for people who come in by their identity provider.
	StageElsewhere Stage = "elsewhere"
	StageDone      Stage = "done"

	stagePasskey Stage = "passkey" // a sign-in by a passkey alone; its row is its challenge, spent
	stageNewKey  Stage = "new key" // a passkey that is being added
)

// stepLife is how long a person may take for a step.
const stepLife = 10 * time.Minute

// waits is what a step remembers besides its columns.
type waits struct {
	Evidence string                `json:"evidence,omitempty"` // of a second factor that was used already
	Team     models.ID             `json:"team,omitempty"`     // that was chosen
	Factor   models.ID             `json:"factor,omitempty"`   // that is being made
	Name     string                `json:"name,omitempty"`     // of a passkey that is being made
	Ceremony *webauthn.SessionData `json:"ceremony,omitempty"` // of a passkey
	Options  json.RawMessage       `json:"options,omitempty"`  // for the browser
}

// step is a row with what it remembers.
type step struct {
	models.SigninStep
	waits
}

func lock(tx *gorm.DB) *gorm.DB {
	return tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
}

// over is what is said of a step that is used, too old or was never given out.
func over() error {
	return fault.New(fault.LinkExpired, "This sign-in took too long, is finished already or began in another browser.")
}

// newStep writes the next step of a sign-in and returns the secret for the
// browser's cookie. Each step has a secret of its own.
func (s *Service) newStep(tx *gorm.DB, st step) (string, error) {
	id, err := models.NewID()
	if err != nil {
		return "", err
	}
	secret, err := credential.NewStepSecret()
	if err != nil {
		return "", err
	}
	kept, err := json.Marshal(st.waits)
	if err != nil {
		return "", err
	}
	now := s.now()
	st.ID, st.SecretHash, st.Challenge = id, stepHash(secret), string(kept)
	st.CreatedAt, st.ExpiresAt, st.ConsumedAt = now, now.Add(stepLife), nil
	return secret, tx.Create(&st.SigninStep).Error
}

func stepHash(secret string) []byte {
	sum := sha256.Sum256([]byte("step\x00" + secret))
	return sum[:]
}

// stepOf reads the open step of a secret that is at a stage.
func (s *Service) stepOf(db *gorm.DB, secret string, at Stage) (step, error) {
	var st step
	if secret == "" {
		return st, over()
	}
	var rows []models.SigninStep
	if err := db.Where("secret_hash = ? AND stage = ?", stepHash(secret), string(at)).Find(&rows).Error; err != nil {
		return st, models.Fault(err)
	}
	if len(rows) != 1 || rows[0].ConsumedAt != nil || !s.now().Before(rows[0].ExpiresAt) {
		return st, over()
	}
	st.SigninStep = rows[0]
	return st, json.Unmarshal([]byte(rows[0].Challenge), &st.waits)
}

// spend uses a step up in the caller's transaction: of two who try at once one
// finds it used.
func (s *Service) spend(tx *gorm.DB, secret string, at Stage) (step, error) {
	st, err := s.stepOf(lock(tx), secret, at)
	if err != nil {
		return st, err
	}
	return st, tx.Model(&models.SigninStep{}).Where("id = ?", st.ID).Update("consumed_at", s.now()).Error
}
