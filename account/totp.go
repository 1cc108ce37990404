package account

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"gorm.io/gorm"

	"rollcall/models"
)

// What every authenticator app expects (RFC 6238 with the parameters of its
// reference): SHA-1, thirty seconds, six digits. A step before and after the
// present one count, for clocks that are off.
const (
	totpSeconds = 30
	totpDigits  = 6
	totpSkew    = 1
	totpBytes   = 20 // of the secret (RFC 4226 section 4)
)

var totpText = base32.StdEncoding.WithPadding(base32.NoPadding)

// Totp is a secret as it is shown once, to be copied into an authenticator app.
type Totp struct {
	Factor models.SecondFactor
	Key    string // in groups of four
	URI    string
	QR     QR
}

// QR is a code as a path of black squares.
type QR struct {
	Size int    // of each side, in squares, with the quiet zone
	Path string // of an SVG
}

// newTotp writes a secret that does not count yet. Others that were begun and
// not confirmed are gone.
func (s *Service) newTotp(tx *gorm.DB, u models.User, name string) (models.ID, error) {
	if err := tx.Where("user_id = ? AND kind = ? AND confirmed_at IS NULL", u.ID, models.FactorTotp).Delete(&models.SecondFactor{}).Error; err != nil {
		return "", err
	}
	if err := room(tx, u.ID); err != nil {
		return "", err
	}
	id, err := models.NewID()
	if err != nil {
		return "", err
	}
	var secret [totpBytes]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", err
	}
	return id, tx.Create(&models.SecondFactor{
		ID: id, UserID: u.ID, Kind: models.FactorTotp, Name: name, CreatedAt: s.now(),
		SealedSecret: s.Sealing.Seal(nil, nil, secret[:], []byte(id)),
	}).Error
}

// secretOf opens a factor's secret.
func (s *Service) secretOf(f models.SecondFactor) (string, error) {
	raw, err := s.Sealing.Open(nil, nil, f.SealedSecret, []byte(f.ID))
	if err != nil {
		return "", fmt.Errorf("the secret of a second factor cannot be opened: %w", err)
	}
	return totpText.EncodeToString(raw), nil
}

// totpKey is an unconfirmed secret for the person to copy.
func (s *Service) totpKey(db *gorm.DB, u models.User, id models.ID) (Totp, error) {
	var f models.SecondFactor
	err := db.Where("id = ? AND user_id = ? AND kind = ? AND confirmed_at IS NULL", id, u.ID, models.FactorTotp).Take(&f).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Totp{}, over()
	}
	if err != nil {
		return Totp{}, models.Fault(err)
	}
	key, err := s.secretOf(f)
	if err != nil {
		return Totp{}, err
	}
	// An app shows the issuer beside the address; the host tells two installations apart.
	issuer := "Rollcall"
	if at, err := url.Parse(s.BaseURL); err == nil && at.Host != "" {
		issuer += " " + at.Host
	}
	q := url.Values{"secret": {key}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {fmt.Sprint(totpDigits)}, "period": {fmt.Sprint(totpSeconds)}}
	label := url.PathEscape(strings.ReplaceAll(issuer, ":", " ") + ":" + u.Email)
	// Apps read a plus as a plus.
	uri := "otpauth://totp/" + label + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	code, err := qrOf(uri)
	return Totp{Factor: f, Key: inFours(key), URI: uri, QR: code}, err
}

func inFours(text string) string {
	var b strings.Builder
	for i, r := range text {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

const quiet = 4 // squares around a code (ISO/IEC 18004)

// qrOf draws a text, a run of black squares a piece of the path.
func qrOf(text string) (QR, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return QR{}, err
	}
	side := code.Bounds().Dx()
	black := func(x, y int) bool {
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	var b strings.Builder
	for y := range side {
		for x := 0; x < side; x++ {
			run := 0
			for x+run < side && black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
				x += run
			}
		}
	}
	return QR{Size: side + 2*quiet, Path: b.String()}, nil
}

// useTotp reports whether a code is the present one of any of a user's apps. A
// time step is accepted once and never again, nor any before it.
func (s *Service) useTotp(tx *gorm.DB, u models.User, code string) (bool, error) {
	factors, err := factorsOf(tx, u.ID)
	if err != nil {
		return false, err
	}
	for _, f := range factors {
		if f.Kind != models.FactorTotp {
			continue
		}
		ok, err := s.acceptTotp(tx, f, code, false)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (s *Service) acceptTotp(tx *gorm.DB, f models.SecondFactor, code string, confirm bool) (bool, error) {
	key, err := s.secretOf(f)
	if err != nil {
		return false, err
	}
	now := s.now()
	present := int(now.Unix() / totpSeconds)
	for counter := present - totpSkew; counter <= present+totpSkew; counter++ {
		if counter <= f.LastStep {
			continue
		}
		ok, err := hotp.ValidateCustom(code, uint64(counter), key, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil || !ok {
			continue // an error is a code that cannot be one
		}
		set := map[string]any{"last_step": counter, "last_used_at": now}
		if confirm {
			set["confirmed_at"] = now
		}
		done := tx.Model(&models.SecondFactor{}).Where("id = ? AND last_step < ?", f.ID, counter).Updates(set)
		return done.RowsAffected == 1, done.Error
	}
	return false, nil
}
