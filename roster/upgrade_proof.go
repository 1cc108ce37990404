package roster

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// Accounts is how people prove themselves without an identity provider, as far
// as this room has to know.
type Accounts interface {
	// CheckPassword answers UNAUTHENTICATED for a wrong password.
	CheckPassword(ctx context.Context, user models.ID, password string) error
	// CheckCode answers UNAUTHENTICATED for a wrong code of a second factor.
	CheckCode(ctx context.Context, user models.ID, code string) error
	// DropPassword ends a password and what belongs to it in the caller's transaction.
	DropPassword(tx *gorm.DB, user models.ID) (bool, error)
	// HasWayIn reports whether there is a password or a passkey.
	HasWayIn(tx *gorm.DB, user models.ID) (bool, error)
	// InviteToSetPassword mails the link by which a first password is set.
	InviteToSetPassword(ctx context.Context, tx *gorm.DB, u models.User, m models.Membership) error
	// PasswordLink is the address at which a password is set, once.
	PasswordLink(ctx context.Context, tx *gorm.DB, u models.User, m models.Membership) (string, error)
}

// UpgradeProof is by what somebody shows that an account is theirs: a session
// of their own that the context's Actor came with, a password, or the token of a
// mailed link; the last two with a code where the account has a second factor.
type UpgradeProof struct {
	Password, Code, Token string
}

const (
	noticeLinkConfirm = "account_link_confirm"
	noticeLinked      = "account_linked"
)

// How often a link is mailed about one account, on one team.
const (
	linkPause   = time.Minute
	linksPerDay = 5
)

// factors is which second factors an account has.
type factors struct{ any, code bool }

func factorsOf(db *gorm.DB, user models.ID) (factors, error) {
	var kinds []models.FactorKind
	err := db.Model(&models.SecondFactor{}).Where("user_id = ? AND confirmed_at IS NOT NULL", user).Pluck("kind", &kinds).Error
	out := factors{any: len(kinds) > 0}
	for _, k := range kinds {
		out.code = out.code || k == models.FactorTotp
	}
	return out, err
}

// ownSession reports whether the caller is signed in to an account by its
// owner's own means. A session that an identity provider vouched for proves
// nothing here: it speaks for its own team, and not for the account.
func (s *Service) ownSession(ctx context.Context, db *gorm.DB, user models.ID) (bool, error) {
	a := access.From(ctx)
	if a.Kind != access.Person || a.UserID != user {
		return false, nil
	}
	var n int64
	err := db.Model(&models.Session{}).Where("id = ? AND user_id = ? AND revoked_at IS NULL AND method IN ?",
		a.CredentialID, user, []models.SessionMethod{models.SessionPassword, models.SessionPasskey}).Count(&n).Error
	return n > 0, err
}

// upgradeLink reads the link of a token that has to be about the question and
// usable. The link proves the mailbox; that the question is this browser's is
// proved by the ticket.
func (s *Service) upgradeLink(ctx context.Context, row models.SsoUpgrade, token string) (models.OneTimeLink, error) {
	link, err := s.credentials().Link(ctx, models.LinkUpgrade, token)
	if err == nil {
		err = about(link, row)
	}
	if err == nil {
		err = s.credentials().LinkOpen(link)
	}
	return link, err
}

func about(link models.OneTimeLink, row models.SsoUpgrade) error {
	if link.SubjectID == nil || *link.SubjectID != row.ID || link.UserID == nil || *link.UserID != row.UserID {
		return fault.New(fault.Missing, "There is no such link.")
	}
	return nil
}

// prove judges what can be judged before the transaction: guesses are counted
// even when nothing comes of them. It returns the proof's name, "" for none yet.
func (s *Service) prove(ctx context.Context, row models.SsoUpgrade, p UpgradeProof) (string, error) {
	own, err := s.ownSession(ctx, s.DB.Read(ctx), row.UserID)
	if err != nil || own {
		return "session", err
	}
	how := ""
	switch {
	case p.Token != "":
		if _, err := s.upgradeLink(ctx, row, p.Token); err != nil {
			return "", err
		}
		how = "link"
	case p.Password != "" && s.Accounts != nil:
		if err := s.Accounts.CheckPassword(ctx, row.UserID, p.Password); err != nil {
			return "", err
		}
		how = "password"
	default:
		return "", fault.New(fault.NotSignedIn, "Nothing proves that the account is yours.")
	}
	has, err := factorsOf(s.DB.Read(ctx), row.UserID)
	switch {
	case err != nil:
		return "", err
	case !has.any:
		return how, nil
	case !has.code || s.Accounts == nil || p.Code == "":
		return "", fault.New(fault.SecondFactorRequired, "The account has a second factor.")
	}
	return how, s.Accounts.CheckCode(ctx, row.UserID, p.Code)
}

// MailUpgradeLink sends a link to the account's address, because the person
// pressed the button. It works in the browser that was asked, and only the
// newest does. Faults: request_unknown, request_expired, RATE_LIMITED.
func (s *Service) MailUpgradeLink(ctx context.Context, t UpgradeTicket, seen string) error {
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		row, err := s.lockAsked(tx, t, seen)
		if err != nil {
			return err
		}
		var u models.User
		if err := tx.Where("id = ?", row.UserID).Take(&u).Error; err != nil {
			return models.Fault(err)
		}
		if !sameButForCase(u.Email, row.Email) {
			return fault.New(fault.RequestUnknown, "The account has another address by now.")
		}
		var sent []time.Time
		err = tx.Model(&models.OneTimeLink{}).Where("subject_id = ? AND purpose = ? AND created_at > ?", row.ID, models.LinkUpgrade, s.now().Add(-upgradeLife)).
			Order("created_at DESC").Limit(linksPerDay).Pluck("created_at", &sent).Error
		switch {
		case err != nil:
			return err
		case len(sent) == linksPerDay || len(sent) > 0 && s.now().Before(sent[0].Add(linkPause)):
			return fault.New(fault.RateLimited, "A mail was sent a moment ago, or too many were.")
		}
		if err := s.credentials().RevokeLinks(tx, models.LinkUpgrade, "subject_id = ?", row.ID); err != nil {
			return err
		}
		link, err := s.credentials().NewLink(tx, models.OneTimeLink{
			Purpose: models.LinkUpgrade, UserID: &row.UserID, TeamID: &row.TeamID, SubjectID: &row.ID, Email: u.Email, ExpiresAt: *row.ExpiresAt,
		})
		if err != nil {
			return err
		}
		ctx := s.owner(ctx, row)
		err = s.tell(ctx, tx, models.Notice{
			TeamID: row.TeamID, Kind: noticeLinkConfirm, Recipient: u.Email, UserID: &row.UserID, LinkID: &link.ID, Private: true,
			Facts: map[string]string{"email": u.Email, "expiresAt": link.ExpiresAt.Format(time.RFC3339)},
		})
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.now(), audit.Event{
			TeamID: row.TeamID, Action: audit.UpgradeLinkSent, Target: audit.Target{Kind: models.PrefixSsoUpgrade, ID: row.ID, Label: row.Email},
		})
	})
}
