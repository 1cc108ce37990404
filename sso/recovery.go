package sso

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
)

const (
	noticeRecovery = "recovery_code_used"

	recoveryCodes = 10
	recoveryBytes = 10 // 80 bits: nobody guesses one
	// recoveryLife is how long the session lasts that a code opens.
	recoveryLife = time.Hour
)

// nobodysTeam is asked about where there is no team, so that the answer to a wrong
// name takes the same questions.
const nobodysTeam models.ID = "00000000-0000-0000-0000-000000000000"

// recoveryText has no letter that is taken for a digit.
var recoveryText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// RegenerateRecoveryCodes makes a team's codes for the day when its identity
// provider is down; those from before work no longer. They are returned this once
// and kept hashed. A code stands for an admin with everything that one may do, so
// no API key can have them made, whatever its scopes: it is for admins in a session
// and for operators. Faults: NOT_FOUND, FORBIDDEN.
func (s *Service) RegenerateRecoveryCodes(ctx context.Context, team models.ID) ([]string, error) {
	var codes []string
	if err := access.Require(ctx, access.SsoWrite, team); err != nil {
		return nil, err
	}
	if access.From(ctx).Kind == access.Key {
		return nil, fault.New(fault.Forbidden, "Recovery codes are for admins in a session of their own, and for operators.")
	}
	err := s.change(ctx, team, func(tx *gorm.DB, _ models.Team) error {
		if err := tx.Where("team_id = ?", team).Delete(&models.RecoveryCode{}).Error; err != nil {
			return err
		}
		codes = make([]string, recoveryCodes)
		rows := make([]models.RecoveryCode, recoveryCodes)
		for i := range rows {
			var raw [recoveryBytes]byte
			if _, err := rand.Read(raw[:]); err != nil {
				return err
			}
			id, err := models.NewID()
			if err != nil {
				return err
			}
			text := recoveryText.EncodeToString(raw[:])
			codes[i] = text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
			rows[i] = models.RecoveryCode{ID: id, TeamID: team, CodeHash: recoveryHash(team, codes[i]), CreatedBy: access.From(ctx).Label, CreatedAt: s.now()}
		}
		if err := tx.Create(&rows).Error; err != nil {
			return err
		}
		if err := s.tell(ctx, tx, team, noticeChanged, map[string]string{"change.recoveryCodes": "new ones; the old ones work no longer"}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), audit.Event{
			TeamID: team, Action: audit.RecoveryCodesMade, Target: audit.Target{Kind: models.PrefixTeam, ID: team},
			Details: []models.AuditDetail{audit.Count("codes", recoveryCodes)},
		})
	})
	return codes, err
}

// recoveryHash is a code's hash with its team, as people write it: in whatever
// case, with whatever between the groups.
func recoveryHash(team models.ID, code string) []byte {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r == '-' || r == ' ' || r == '\t':
			return -1
		case r == 'o' || r == 'O':
			return '0'
		case r == 'i' || r == 'I' || r == 'l' || r == 'L':
			return '1'
		case r >= 'A' && r <= 'Z':
			return r + ('a' - 'A')
		}
		return r
	}, code)
	sum := sha256.Sum256([]byte("recovery code\x00" + string(team) + "\x00" + plain))
	return sum[:]
}

// RecoveryCodesLeft counts a team's codes that are not used.
func (s *Service) RecoveryCodesLeft(ctx context.Context, team models.ID) (int, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return 0, err
	}
	var n int64
	err := s.DB.Read(ctx).Model(&models.RecoveryCode{}).Where("team_id = ? AND used_at IS NULL", team).Count(&n).Error
	return int(n), err
}

// Recover lets an active admin of the team in by one of its recovery codes, which
// is spent, for an hour, and has all admins told. The session may do all that an
// admin may: relaxing or switching off single sign-on is what it is for. It does
// not matter how the admin signs in otherwise, nor what state single sign-on is in.
//
// Faults: UNAUTHENTICATED, the same for a wrong team, address or code; RATE_LIMITED.
func (s *Service) Recover(ctx context.Context, slug, email, code string) (secret string, err error) {
	wrong := fault.New(fault.NotSignedIn, "The team, the address or the code is not right.")
	slug = strings.ToLower(strings.TrimSpace(slug))
	if len(slug)+len(email)+len(code) > 500 || !models.Printable(slug+email+code) {
		return "", wrong
	}
	// Eighty bits need no low limit, and one per team would let strangers keep its
	// admins out on the very day.
	err = s.Credentials.Guessing(ctx, credential.FromHere(ctx, "recovery code", 10, time.Minute))
	if err != nil {
		return "", err
	}
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		var teams []models.ID
		if err := tx.Model(&models.Team{}).Where("slug = ?", slug).Pluck("id", &teams).Error; err != nil {
			return err
		}
		team := nobodysTeam
		if len(teams) == 1 {
			team = teams[0]
		}
		// Every question is asked whatever the one before was answered.
		var found []models.ID
		err := peopleOf(tx, team).Where(isActive+" AND m.role = 'ADMIN' AND u.kind = 'PERSON' AND u.email_key = ?", models.Fold(strings.TrimSpace(email))).Pluck("m.id", &found).Error
		if err != nil {
			return err
		}
		var rows []models.RecoveryCode
		if err := tx.Where("team_id = ? AND code_hash = ? AND used_at IS NULL", team, recoveryHash(team, code)).Find(&rows).Error; err != nil {
			return err
		}
		if len(found) != 1 || len(rows) != 1 {
			return wrong
		}
		secret, err = s.recovered(ctx, tx, rows[0], found[0], wrong)
		return err
	})
	return secret, err
}

// recovered spends a code and opens the session.
func (s *Service) recovered(ctx context.Context, tx *gorm.DB, code models.RecoveryCode, membership models.ID, wrong error) (string, error) {
	m, err := models.LockMembership(tx, membership)
	if fault.Is(err, fault.Missing) || err == nil && (m.Status != models.StatusActive || m.Role != models.RoleAdmin) {
		return "", wrong
	}
	if err != nil {
		return "", err
	}
	var u models.User
	if err := tx.Where("id = ?", m.UserID).Take(&u).Error; err != nil {
		return "", models.Fault(err)
	}
	spent := tx.Model(&models.RecoveryCode{}).Where("id = ? AND used_at IS NULL", code.ID).Updates(map[string]any{"used_at": s.now(), "used_by": u.Email})
	if spent.Error != nil {
		return "", spent.Error
	}
	if spent.RowsAffected == 0 {
		return "", wrong
	}
	session, secret, err := s.Credentials.OpenSession(ctx, tx, credential.NewSession{
		Membership: m, Method: models.SessionRecoveryCode, Lifetime: recoveryLife, Idle: recoveryLife,
	})
	if err != nil {
		return "", err
	}
	var left int64
	if err := tx.Model(&models.RecoveryCode{}).Where("team_id = ? AND used_at IS NULL", m.TeamID).Count(&left).Error; err != nil {
		return "", err
	}
	ctx = access.With(ctx, access.Actor{
		Kind: access.Person, TeamID: m.TeamID, UserID: m.UserID, MembershipID: m.ID, Role: m.Role, CredentialID: session.ID, Label: u.Email,
	})
	if err := s.tell(ctx, tx, m.TeamID, noticeRecovery, map[string]string{"email": u.Email}); err != nil {
		return "", err
	}
	return secret, audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: m.TeamID, Action: audit.RecoveryCodeUsed,
		Target:  audit.Target{Kind: models.PrefixSession, ID: session.ID, Label: u.Email},
		Details: []models.AuditDetail{audit.Count("codesLeft", left)},
	})
}
