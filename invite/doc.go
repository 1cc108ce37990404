// Package invite asks people onto teams by mail. An invitation is for one
// address and one role; its mail has a link that works once. Whoever has the
// mail can accept: that proves the mailbox and nothing else, so it opens no
// session. A new account is led to setting a password, everybody else signs in
// as ever.
//
// An invitation ends by being accepted or revoked, or by its time. There is one
// open invitation for an address on a team, and of its links the newest works.
// An old invitation cannot bring back who was removed or shut out since: who may
// come in is for package roster to say.
//
//	create.go  many at once, all or none
//	change.go  send again, revoke
//	accept.go  what the link leads to
//	list.go    who is invited
package invite

import (
	"time"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/credential"
	"rollcall/models"
	"rollcall/roster"
)

// Service is the room's one object.
type Service struct {
	DB          *models.DB
	Now         func() time.Time
	BaseURL     string // of the installation, without a slash at its end
	Roster      *roster.Service
	Credentials *credential.Store
	// Announce has people told of something, in the transaction of its cause. Nil
	// tells nobody.
	Announce func(tx *gorm.DB, n models.Notice) error
}

func (s *Service) now() time.Time { return models.Stamp(s.Now()) }

// send writes the link of an invitation and the mail that carries it.
func (s *Service) send(tx *gorm.DB, i models.Invitation) error {
	link, err := s.Credentials.NewLink(tx, models.OneTimeLink{
		Purpose: models.LinkInvitation, TeamID: &i.TeamID, SubjectID: &i.ID, Email: i.Email, ExpiresAt: i.ExpiresAt,
	})
	if err != nil || s.Announce == nil {
		return err
	}
	id, err := models.NewID()
	if err != nil {
		return err
	}
	now := s.now()
	return s.Announce(tx, models.Notice{
		ID: id, TeamID: i.TeamID, NoticeKey: noticeInvitation + "/" + string(id), Kind: noticeInvitation, Recipient: i.Email, LinkID: &link.ID, CreatedAt: now,
		Facts: map[string]string{
			"at": now.Format(time.RFC3339), "actor": i.Inviter(), "email": i.Email, "role": string(i.Role),
			"expiresAt": i.ExpiresAt.Format(time.RFC3339),
		},
	})
}

// noticeInvitation is the kind of the mail, as package mail calls it.
const noticeInvitation = "invitation"

// event tells what happened to an invitation.
func event(i models.Invitation, action string) audit.Event {
	return audit.Event{
		TeamID: i.TeamID, Action: action, Target: audit.Target{Kind: models.PrefixInvitation, ID: i.ID, Label: i.Email},
		Details: []models.AuditDetail{audit.Detail("role", string(i.Role))},
	}
}
