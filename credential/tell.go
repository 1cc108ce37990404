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
