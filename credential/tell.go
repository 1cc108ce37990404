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
)

// tellOfToken has the team's admins told that a SCIM token came or went.
func (s *Store) tellOfToken(ctx context.Context, tx *gorm.DB, action string, row models.ScimToken) error {
	kind := noticeTokenCreated
	if action == audit.ScimTokenRevoked {
		kind = noticeTokenRevoked
	}
	return s.tell(ctx, tx, models.Notice{TeamID: row.TeamID, Kind: kind, Facts: credentialFacts(row.Name, row.Prefix, row.ExpiresAt)})
}

// tellOfKey has the owner of a new API key told of it.
func (s *Store) tellOfKey(ctx context.Context, tx *gorm.DB, action string, row models.APIKey) error {
	if action != audit.APIKeyCreated || row.TeamID == nil || row.MembershipID == nil {
		return nil
	}
	return s.tell(ctx, tx, models.Notice{
		TeamID: *row.TeamID, MembershipID: row.MembershipID, Kind: noticeKeyCreated, Facts: credentialFacts(row.Name, row.Prefix, row.ExpiresAt),
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
	var err error
	if n.ID, err = models.NewID(); err != nil {
		return err
	}
	n.NoticeKey, n.CreatedAt = n.Kind+"/"+string(n.ID), s.now()
	n.Facts["at"], n.Facts["actor"] = n.CreatedAt.Format(time.RFC3339), access.From(ctx).Label
	return s.Announce(tx, n)
}
