package roster

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/models"
	"rollcall/sso"
)

// Kinds of notice, as package mail calls them.
const (
	noticeDeactivated = "member_deactivated"
	noticeRemoved     = "member_removed"
	noticeDigest      = "members_out_digest"
	noticeScimFailing = "scim_failing"
)

// announce fills in what every notice has. An empty key is one that nothing
// else has.
func (s *Service) announce(ctx context.Context, tx *gorm.DB, key string, n models.Notice) error {
	if s.Announce == nil {
		return nil
	}
	var err error
	if n.ID, err = models.NewID(); err != nil {
		return err
	}
	if key == "" {
		key = n.Kind + "/" + string(n.ID)
	}
	if n.Facts == nil {
		n.Facts = map[string]string{}
	}
	n.NoticeKey, n.CreatedAt = key, s.now()
	n.Facts["at"], n.Facts["actor"] = n.CreatedAt.Format(time.RFC3339), access.From(ctx).Label
	return s.Announce(tx, n)
}

// tellOut has a person told that they were shut out or removed, if the team
// wants that. Their membership may be gone, so the notice is for the address.
func (s *Service) tellOut(ctx context.Context, tx *gorm.DB, m Member, action string) error {
	if s.Announce == nil || m.User.Kind != models.KindPerson {
		return nil
	}
	if wanted, err := sso.TellsMembers(tx, m.TeamID); err != nil || !wanted {
		return err
	}
	kind := noticeDeactivated
	if action == audit.MemberRemoved {
		kind = noticeRemoved
	}
	return s.announce(ctx, tx, "", models.Notice{TeamID: m.TeamID, Kind: kind, Recipient: m.User.Email, UserID: &m.UserID})
}
