package credential

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/models"
)

// Kinds of notice, as package mail calls them.
const (
	noticeTokenCreated = "scim_token_created"
	noticeTokenRevoked = "scim_token_revoked"
	noticeKeyCreated   = "api_key_created"
	noticeKeyRevoked   = "api_key_revoked"

	noticeBreakGlass = "breakglass_used"

	noticeKeyExpiring   = "api_key_expiring"
	noticeTokenExpiring = "scim_token_expiring"
)

// tellOfToken has the team's admins told that a SCIM token came or went.
func (s *Store) tellOfToken(ctx context.Context, tx *gorm.DB, action string, row models.ScimToken) error {
	kind := noticeTokenCreated
	if action == audit.ScimTokenRevoked {
		kind = noticeTokenRevoked
	}
	return s.tell(ctx, tx, models.Notice{TeamID: row.TeamID, Kind: kind, Facts: credentialFacts(row.Name, row.Prefix, row.ExpiresAt)})
}

// tellOfKey has the owner of an API key told that it came or that somebody else
// ended it.
func (s *Store) tellOfKey(ctx context.Context, tx *gorm.DB, action string, row models.APIKey) error {
	kind := noticeKeyCreated
	switch {
	case row.TeamID == nil || row.MembershipID == nil:
		return nil
	case action == audit.APIKeyRevoked && access.From(ctx).MembershipID != *row.MembershipID:
		kind = noticeKeyRevoked
	case action != audit.APIKeyCreated:
		return nil
	}
	return s.tell(ctx, tx, models.Notice{
		TeamID: *row.TeamID, MembershipID: row.MembershipID, Kind: kind, Facts: credentialFacts(row.Name, row.Prefix, row.ExpiresAt),
	})
}

// tellOfBreakGlass has the team's admins told that one of them came in by a way of
// their own while single sign-on is enforced. Of recovery codes others tell.
func (s *Store) tellOfBreakGlass(ctx context.Context, tx *gorm.DB, in NewSession) error {
	m := in.Membership
	if s.Announce == nil || m.Role != models.RoleAdmin || in.Method == models.SessionSaml || in.Method == models.SessionRecoveryCode {
		return nil
	}
	var emails []string
	err := tx.Table("sso_settings c").Joins("JOIN users u ON u.id = ?", m.UserID).Where("c.team_id = ? AND c.state = ?", m.TeamID, models.SsoEnforced).Pluck("u.email", &emails).Error
	if err != nil || len(emails) == 0 {
		return err
	}
	now := s.now().Format(time.RFC3339)
	return s.tell(ctx, tx, models.Notice{TeamID: m.TeamID, Kind: noticeBreakGlass, Facts: map[string]string{"email": emails[0], "at": now, "actor": emails[0]}})
}

// credentialFacts are what may be said of a credential; its secret is not
// among them.
func credentialFacts(name, prefix string, expires *time.Time) map[string]string {
	facts := map[string]string{"name": name, "prefix": prefix}
	if expires != nil {
		facts["expiresAt"] = expires.Format(time.RFC3339)
	}
	return facts
}

func (s *Store) tell(ctx context.Context, tx *gorm.DB, n models.Notice) error {
	if s.Announce == nil {
		return nil
	}
	id, err := models.NewID()
	if err != nil {
		return err
	}
	return s.announceOnce(ctx, tx, n.Kind+"/"+string(id), n)
}
