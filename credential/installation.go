package credential

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/models"
)

// ErrWrongSecretKey says that the database was set up under another key.
var ErrWrongSecretKey = errors.New("the secret key is not the one that this database was set up with")

// Keyring derives the keys of single purposes from the installation's secret
// key (HKDF with SHA-256, RFC 5869), so that none of them tells of another.
type Keyring struct{ master string }

// For returns the 32-byte key of a purpose.
func (k Keyring) For(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(k.master), nil, "rollcall "+purpose, 32)
}

// Unlock settles which secret key the installation uses and notes its
// fingerprint in the database, so that a replica with another key does not
// start. given is the setting SECRET_KEY. Without it a key is made once and
// kept: in the file keyFile when that is not empty, else in the database,
// which is good enough for trying things out on loopback.
func (s *Store) Unlock(ctx context.Context, given, keyFile string) (Keyring, error) {
	var ring Keyring
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		kept, err := s.installation(tx)
		if err != nil {
			return err
		}
		master := given
		switch {
		case master != "":
		case keyFile != "":
			if master, err = fileKey(keyFile, len(kept.KeyFingerprint) == 0); err != nil {
				return err
			}
		case len(kept.GeneratedKey) > 0:
			master = string(kept.GeneratedKey)
		default:
			if master, err = generateKey(); err != nil {
				return err
			}
			kept.GeneratedKey = []byte(master)
		}
		ring = Keyring{master}
		print, err := ring.For("fingerprint")
		if err != nil {
			return err
		}
		if len(kept.KeyFingerprint) > 0 {
			if subtle.ConstantTimeCompare(print, kept.KeyFingerprint) != 1 {
				return ErrWrongSecretKey
			}
			return nil
		}
		return tx.Model(&models.Installation{}).Where("id = 1").
			Updates(map[string]any{"key_fingerprint": print, "generated_key": kept.GeneratedKey}).Error
	})
	return ring, err
}

// installation locks the one row about the installation, making it if needed.
func (s *Store) installation(tx *gorm.DB) (models.Installation, error) {
	row := models.Installation{ID: 1, KeyFingerprint: []byte{}, CreatedAt: s.now()}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
		return row, err
	}
	row = models.Installation{}
	err := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Where("id = 1").Take(&row).Error
	return row, err
}

func generateKey() (string, error) {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// fileKey reads the key beside the database. Only for a database that has none
// yet may it make one: in place of one that was lost it would be the wrong one.
// Linking a finished file into place means that two processes that start at
// once agree on one.
func fileKey(path string, may bool) (string, error) {
	for range 2 {
		text, err := os.ReadFile(path)
		if err == nil {
			if key := strings.TrimSpace(string(text)); len(key) >= 32 {
				return key, nil
			}
			return "", fmt.Errorf("the key file %s is damaged", path)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if !may {
			return "", fmt.Errorf("the key file %s is missing: %w", path, ErrWrongSecretKey)
		}
		if err := writeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("the key file %s cannot be made", path)
}

func writeKey(path string) (err error) {
	key, err := generateKey()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".rollcall-key-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if _, err = f.WriteString(key + "\n"); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// FirstOperatorKey makes the operator key of an installation's first start.
// The secret is "" on every later one.
func (s *Store) FirstOperatorKey(ctx context.Context) (string, error) {
	var secret string
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		secret = ""
		kept, err := s.installation(tx)
		if err != nil || kept.OperatorKeyShownAt != nil {
			return err
		}
		if err := tx.Model(&models.Installation{}).Where("id = 1").Update("operator_key_shown_at", s.now()).Error; err != nil {
			return err
		}
		_, secret, err = s.operatorKey(ctx, tx, "first start")
		return err
	})
	return secret, err
}
