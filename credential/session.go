package credential

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// maxUserAgent is how much of a browser's description is kept, in bytes.
const maxUserAgent = 200

// NewSession is what a sign-in knows of the session that it opens.
type NewSession struct {
	Membership         models.Membership // locked by the caller, and active
	Method             models.SessionMethod
	IdentityProviderID *models.ID // nil unless the method is SAML
	NameID             string
	SessionIndex       string
	NameIDFormat       string
	NameQualifier      string
	SPNameQualifier    string
	MfaEvidence        string // "" without any
	Lifetime, Idle     time.Duration
}

// OpenSession writes a session in the caller's transaction and returns the
// secret for its cookie. The caller has locked the membership.
func (s *Store) OpenSession(ctx context.Context, tx *gorm.DB, in NewSession) (models.Session, string, error) {
	id, err := models.NewID()
	if err != nil {
		return models.Session{}, "", err
	}
	secret, err := newSecret(kindSession)
	if err != nil {
		return models.Session{}, "", err
	}
	now, request := s.now(), access.RequestFrom(ctx)
	row := models.Session{
		ID: id, SecretHash: hash(secret),
		TeamID: in.Membership.TeamID, UserID: in.Membership.UserID, MembershipID: in.Membership.ID,
		Method: in.Method, IdentityProviderID: in.IdentityProviderID, NameID: in.NameID, SessionIndex: in.SessionIndex,
		NameIDFormat: in.NameIDFormat, NameQualifier: in.NameQualifier, SPNameQualifier: in.SPNameQualifier, MfaEvidence: in.MfaEvidence,
		IP: request.IP, UserAgent: cut(request.UserAgent, maxUserAgent),
		CreatedAt: now, LastSeenAt: now, IdleExpiresAt: now.Add(in.Idle), ExpiresAt: now.Add(in.Lifetime),
	}
	if err := tx.Create(&row).Error; err != nil {
		return row, secret, err
	}
	return row, secret, s.tellOfBreakGlass(ctx, tx, in)
}

// cut shortens a foreign text to valid UTF-8 of at most n bytes.
func cut(text string, n int) string {
	valid := make([]rune, 0, n)
	size := 0
	for _, r := range text {
		if r == utf8.RuneError || r < ' ' {
			continue
		}
		if size += utf8.RuneLen(r); size > n {
			break
		}
		valid = append(valid, r)
	}
	return string(valid)
}

// Session returns a session that is the caller's own or of a team whose
// members they manage.
func (s *Store) Session(ctx context.Context, id models.ID) (models.Session, error) {
	var row models.Session
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	if a := access.From(ctx); a.Kind == access.Person && a.CredentialID == row.ID {
		return row, nil // the one that they came with, whatever it opens
	}
	return row, MaySeeSessions(ctx, Holder{Team: row.TeamID, Membership: row.MembershipID})
}

// EndingOf is what may end the session of a secret and nothing else: it opens
// nothing, and the secret cannot be had from it.
func EndingOf(secret string) string { return hex.EncodeToString(hash(secret)) }

// CloseReplaced ends, in its own person's name, the session that an EndingOf
// belongs to, if there is one that is open: the browser that held it has signed
// in anew.
func (s *Store) CloseReplaced(ctx context.Context, ending string) error {
	sum, err := hex.DecodeString(ending)
	if err != nil || len(sum) != sha256.Size {
		return nil
	}
	var held []struct {
		models.Session
		Email string
		Role  models.Role
	}
	now := s.now()
	err = s.DB.Read(ctx).Model(&models.Session{}).Select("sessions.*, u.email, m.role").
		Joins("JOIN users u ON u.id = sessions.user_id").Joins("JOIN memberships m ON m.id = sessions.membership_id").
		Where("sessions.secret_hash = ? AND sessions.revoked_at IS NULL AND sessions.expires_at > ? AND sessions.idle_expires_at > ?", sum, now, now).
		Find(&held).Error
	if err != nil || len(held) == 0 {
		return err
	}
	row := held[0]
	return s.CloseSession(access.With(ctx, access.Actor{
		Kind: access.Person, TeamID: row.TeamID, UserID: row.UserID, MembershipID: row.MembershipID, Role: row.Role, CredentialID: row.ID, Label: row.Email,
	}))
}

// CloseSession ends the session that the caller came with. Callers without one
// get the fault UNAUTHENTICATED.
func (s *Store) CloseSession(ctx context.Context) error {
	a := access.From(ctx)
	if a.Kind != access.Person {
		return fault.New(fault.NotSignedIn, "There is no session to end.")
	}
	now := s.now()
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		done := tx.Model(&models.Session{}).Where("id = ? AND revoked_at IS NULL", a.CredentialID).
			Updates(map[string]any{"revoked_at": now, "revoked_reason": "signed out"})
		if done.Error != nil || done.RowsAffected == 0 {
			return done.Error
		}
		return audit.Record(ctx, tx, now, audit.Event{
			TeamID: a.TeamID, Action: audit.SignedOut,
			Target: audit.Target{Kind: models.PrefixSession, ID: a.CredentialID, Label: a.Label},
		})
	})
}
