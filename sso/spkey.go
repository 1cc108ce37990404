package sso

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
)

const (
	// keyBits is what every identity provider takes. Anybody can post a message
	// that is encrypted for the key, so opening it must be cheap: a longer key
	// would cost three times as much.
	keyBits = 2048
	// keyYears is how long a certificate of ours is valid. Identity providers
	// pin it and many do not look at its dates; those that do would stop to let
	// people in on the day, so it is far away and the rollover is a verb.
	keyYears = 20
)

// errNoSealing says that the installation cannot keep private keys.
var errNoSealing = errors.New("sso: private keys cannot be sealed: the service was built without a cipher for them")

// freshKey is a key that no row holds yet.
type freshKey struct {
	private *rsa.PrivateKey
	der     []byte // the certificate
	from    time.Time
	to      time.Time
}

// newKey makes a key with a self-signed certificate. It is slow, so it is not
// for the inside of a transaction.
func (s *Service) newKey() (*freshKey, error) {
	if s.Keys == nil {
		return nil, errNoSealing
	}
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	// The clock of an identity provider may be behind ours.
	from := s.now().Add(-time.Hour).Truncate(time.Second)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Rollcall service provider"},
		NotBefore: from, NotAfter: from.AddDate(keyYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, err
	}
	return &freshKey{private, der, template.NotBefore, template.NotAfter}, nil
}

// spareKey makes a key outside of a transaction when one is needed and the team
// has none; nil otherwise. The caller may change the team's settings.
func (s *Service) spareKey(ctx context.Context, team models.ID, needed bool) (*freshKey, error) {
	if !needed {
		return nil, nil
	}
	var n int64
	if err := s.DB.Read(ctx).Model(&models.ServiceProviderKey{}).Where("team_id = ?", team).Count(&n).Error; err != nil || n > 0 {
		return nil, err
	}
	return s.newKey()
}

// keyForProvider is the spare key for a provider that needs one: whoever asks
// for signed requests must get them, and single logout is signed both ways.
func (s *Service) keyForProvider(ctx context.Context, p models.IdentityProvider) (*freshKey, error) {
	if err := access.Require(ctx, access.SsoWrite, p.TeamID); err != nil {
		return nil, err
	}
	return s.spareKey(ctx, p.TeamID, p.SignAuthnRequests || p.SloURL != "" && s.Keys != nil)
}

// firstKey stores a spare key, if there is one and the locked team still has none.
func (s *Service) firstKey(ctx context.Context, tx *gorm.DB, team models.ID, k *freshKey) error {
	if k == nil {
		return nil
	}
	var n int64
	if err := tx.Model(&models.ServiceProviderKey{}).Where("team_id = ?", team).Count(&n).Error; err != nil || n > 0 {
		return err
	}
	_, err := s.storeKey(ctx, tx, team, k, models.KeyCurrent)
	return err
}

// storeKey writes a key, sealed for its team and row.
func (s *Service) storeKey(ctx context.Context, tx *gorm.DB, team models.ID, k *freshKey, state models.KeyState) (models.ServiceProviderKey, error) {
	id, err := models.NewID()
	if err != nil {
		return models.ServiceProviderKey{}, err
	}
	plain, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return models.ServiceProviderKey{}, err
	}
	cert, err := x509.ParseCertificate(k.der)
	if err != nil {
		return models.ServiceProviderKey{}, err
	}
	row := models.ServiceProviderKey{
		ID: id, TeamID: team, State: state, SealedKey: s.Keys.Seal(nil, nil, plain, sealedFor(team, id)), DER: k.der,
		FingerprintSha256: saml.Fingerprint(cert), NotBefore: models.Stamp(k.from), NotAfter: models.Stamp(k.to),
		CreatedBy: access.From(ctx).Label, CreatedAt: s.now(),
	}
	if err := tx.Create(&row).Error; err != nil {
		return row, err
	}
	row.SealedKey = nil
	return row, s.recordKey(ctx, tx, row, audit.SPKeyMade)
}

// sealedFor is the associated data of a sealed key: moved to another team or
// row it does not open.
func sealedFor(team, id models.ID) []byte { return []byte(string(team) + "|" + string(id)) }

func (s *Service) recordKey(ctx context.Context, tx *gorm.DB, row models.ServiceProviderKey, action string) error {
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: row.TeamID, Action: action,
		Target:  audit.Target{Kind: models.PrefixSPKey, ID: row.ID, Label: row.FingerprintSha256},
		Details: []models.AuditDetail{audit.Detail("state", string(row.State))},
	})
}

// RotateServiceProviderKey makes the team's next key, which metadata shows
// beside the current one, or its first key, which is current at once. Once the
// identity provider knows the next one, retire the current one.
//
// Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, LIMIT_REACHED while there is a
// next key already.
func (s *Service) RotateServiceProviderKey(ctx context.Context, team models.ID) (models.ServiceProviderKey, error) {
	var row models.ServiceProviderKey
	// Whether there is room is asked before the key is made, which is the
	// expensive part, and once more when it is stored.
	if err := s.change(ctx, team, func(tx *gorm.DB, _ models.Team) error { _, err := nextState(tx, team); return err }); err != nil {
		return row, err
	}
	fresh, err := s.newKey()
	if err != nil {
		return row, err
	}
	err = s.change(ctx, team, func(tx *gorm.DB, _ models.Team) error {
		state, err := nextState(tx, team)
		if err != nil {
			return err
		}
		row, err = s.storeKey(ctx, tx, team, fresh, state)
		return err
	})
	return row, err
}

// nextState is the place of one more key of a locked team.
func nextState(tx *gorm.DB, team models.ID) (models.KeyState, error) {
	var n int64
	if err := tx.Model(&models.ServiceProviderKey{}).Where("team_id = ?", team).Count(&n).Error; err != nil {
		return "", err
	}
	switch n {
	case 0:
		return models.KeyCurrent, nil
	case 1:
		return models.KeyNext, nil
	default:
		return "", fault.New(fault.LimitReached, "The team has a next key already; retire the current one first.").On("teamId")
	}
}

// RetireServiceProviderKey deletes a key. When it is the current one, the next
// one takes its place; a next one that is retired is given up. What was
// encrypted for the key cannot be read any more. Faults: NOT_FOUND, FORBIDDEN,
// PLAN_REQUIRED, CONFLICT for the only key.
func (s *Service) RetireServiceProviderKey(ctx context.Context, id models.ID) (models.ServiceProviderKey, error) {
	row, err := s.ServiceProviderKey(ctx, id)
	if err != nil {
		return row, under(err, "serviceProviderKeyId")
	}
	err = s.change(ctx, row.TeamID, func(tx *gorm.DB, _ models.Team) error {
		var known []models.ServiceProviderKey
		if err := tx.Omit("sealed_key").Where("team_id = ?", row.TeamID).Order("state").Find(&known).Error; err != nil {
			return err
		}
		var next models.ID
		found := false
		for _, k := range known {
			if k.ID == id {
				row, found = k, true
			} else {
				next = k.ID
			}
		}
		switch {
		case !found:
			return fault.New(fault.Missing, "There is no such key.").On("serviceProviderKeyId")
		case next == "":
			return fault.New(fault.Clash, "It is the team's only key; make the next one first.").On("serviceProviderKeyId")
		}
		if err := tx.Where("id = ?", id).Delete(&models.ServiceProviderKey{}).Error; err != nil {
			return err
		}
		if err := tx.Model(&models.ServiceProviderKey{}).Where("id = ?", next).Update("state", models.KeyCurrent).Error; err != nil {
			return err
		}
		// From now on another key signs, and what is encrypted for this one is lost.
		if err := distrust(tx, row.TeamID); err != nil {
			return err
		}
		return s.recordKey(ctx, tx, row, audit.SPKeyRetired)
	})
	return row, err
}

// keysOf reads and opens a team's keys, the current one first.
func (s *Service) keysOf(db *gorm.DB, team models.ID) ([]saml.Key, error) {
	var rows []models.ServiceProviderKey
	if err := db.Where("team_id = ?", team).Order("state").Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	if s.Keys == nil {
		return nil, errNoSealing
	}
	out := make([]saml.Key, 0, len(rows))
	for _, row := range rows {
		plain, err := s.Keys.Open(nil, nil, row.SealedKey, sealedFor(row.TeamID, row.ID))
		if err != nil {
			return nil, err
		}
		key, err := x509.ParsePKCS8PrivateKey(plain)
		if err != nil {
			return nil, err
		}
		private, ok := key.(*rsa.PrivateKey)
		if !ok {
			return nil, errors.New("sso: a service provider key is not an RSA key")
		}
		cert, err := x509.ParseCertificate(row.DER)
		if err != nil {
			return nil, err
		}
		out = append(out, saml.Key{ID: string(row.ID), Private: private, Certificate: cert})
	}
	return out, nil
}

// keyed is a team with its keys, as its identity provider sees it. Encryption
// shows only after the team opted in.
func (s *Service) keyed(db *gorm.DB, team models.Team, settings models.SsoSettings) (saml.ServiceProvider, error) {
	sp := s.ServiceProvider(team.Slug)
	keys, err := s.keysOf(db, team.ID)
	if err != nil || len(keys) == 0 {
		return sp, err
	}
	sp.SigningKeys = keys
	if settings.EncryptAssertions {
		sp.DecryptionKeys, sp.PublishEncryption = keys, true
	}
	return sp, nil
}
