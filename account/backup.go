package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/models"
)

const (
	backupCodes  = 10
	backupBytes  = 10
	backupLength = 16 // characters of the code, without the hyphens
)

// backupText has no letters that are read for another one.
var backupText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// backupHash is what is kept of a code. Eighty random bits need no slow hash.
func backupHash(user models.ID, code string) []byte {
	sum := sha256.Sum256([]byte("backup\x00" + string(user) + "\x00" + code))
	return sum[:]
}

// newBackup makes a person's backup codes anew; those from before are worth
// nothing. They are shown once.
func (s *Service) newBackup(ctx context.Context, tx *gorm.DB, u models.User) ([]string, error) {
	if err := tx.Where("user_id = ?", u.ID).Delete(&models.BackupCode{}).Error; err != nil {
		return nil, err
	}
	now := s.now()
	var rows []models.BackupCode
	var shown []string
	for range backupCodes {
		id, err := models.NewID()
		if err != nil {
			return nil, err
		}
		var b [backupBytes]byte
		if _, err := rand.Read(b[:]); err != nil {
			return nil, err
		}
		code := backupText.EncodeToString(b[:])
		rows = append(rows, models.BackupCode{ID: id, UserID: u.ID, CodeHash: backupHash(u.ID, code), CreatedAt: now})
		shown = append(shown, strings.Join([]string{code[:4], code[4:8], code[8:12], code[12:]}, "-"))
	}
	if err := tx.Create(&rows).Error; err != nil {
		return nil, err
	}
	return shown, s.record(ctx, tx, u, audit.BackupCodesMade)
}

// useBackup uses a backup code up, once, and has its owner told.
func (s *Service) useBackup(ctx context.Context, tx *gorm.DB, u models.User, code string) (bool, error) {
	used := tx.Model(&models.BackupCode{}).Where("user_id = ? AND code_hash = ? AND used_at IS NULL", u.ID, backupHash(u.ID, code)).Update("used_at", s.now())
	if used.Error != nil || used.RowsAffected != 1 {
		return false, used.Error
	}
	left, err := backupLeft(tx, u.ID)
	if err != nil {
		return false, err
	}
	if err := s.record(ctx, tx, u, audit.BackupCodeUsed, audit.Count("left", left)); err != nil {
		return false, err
	}
	return true, s.tellPerson(ctx, tx, u, noticeBackupUsed, map[string]string{"left": strconv.FormatInt(left, 10)})
}

// backupLeft is how many codes a user has left.
func backupLeft(tx *gorm.DB, user models.ID) (int64, error) {
	var n int64
	err := tx.Model(&models.BackupCode{}).Where("user_id = ? AND used_at IS NULL", user).Count(&n).Error
	return n, models.Fault(err)
}
