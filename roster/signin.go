package roster

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// SignIn is how a sign-in ended. Of a refused one only AttemptID is set.
type SignIn struct {
	Member
	SessionSecret string // for the cookie
	Session       models.Session
	AttemptID     models.ID
	ReturnTo      string
}

// SignIn lets in the person whom a judged assertion names, in one transaction:
// the request and the assertion are spent, the member is found or provisioned,
// a session is opened and the attempt recorded.
//
// A refusal is committed too, so that the assertion stays spent and the attempt
// is kept; it is returned as a fault with a small-letter code: assertion_replayed,
// request_unknown, user_deactivated, user_removed, account_conflict, jit_disabled,
// domain_not_allowed, email_invalid.
func (s *Service) SignIn(ctx context.Context, login sso.Login) (SignIn, error) {
	var out SignIn
	var refusal error
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		l, now := login, s.now()
		out, refusal = SignIn{ReturnTo: l.ReturnTo}, nil
		err := l.Consume(tx, now)
		if err == nil {
			out.Member, err = s.recognise(ctx, tx, &l, now)
		}
		if err != nil {
			if _, ok := fault.As(err); !ok {
				return err
			}
			refusal = err
		} else if err := s.open(ctx, tx, &l, &out); err != nil {
			return err
		}
		out.AttemptID, err = l.Record(ctx, tx, s.attempts(), out.ID, refusal)
		return err
	})
	if err != nil {
		return SignIn{}, err
	}
	if refusal != nil {
		return SignIn{AttemptID: out.AttemptID}, refusal
	}
	return out, nil
}

// attempts is where the record of an attempt is made.
func (s *Service) attempts() *sso.Service { return &sso.Service{DB: s.DB, Now: s.Now} }

// open opens the session of a recognised, locked and active member.
func (s *Service) open(ctx context.Context, tx *gorm.DB, l *sso.Login, out *SignIn) error {
	var err error
	out.Session, out.SessionSecret, err = s.credentials().OpenSession(ctx, tx, credential.NewSession{
		Membership: out.Membership, Method: models.SessionSaml, IdentityProviderID: &l.Provider.ID,
		NameID: l.Assertion.NameID, SessionIndex: l.Assertion.SessionIndex, NameIDFormat: l.Assertion.NameIDFormat,
		NameQualifier: l.Assertion.NameQualifier, SPNameQualifier: l.Assertion.SPNameQualifier, MfaEvidence: l.Assertion.MFAEvidence,
		Lifetime: l.Lifetime(s.now()), Idle: time.Duration(l.Settings.SessionIdleMinutes) * time.Minute,
	})
	if err != nil {
		return err
	}
	self := access.With(ctx, access.Actor{
		Kind: access.Person, TeamID: out.TeamID, UserID: out.UserID, MembershipID: out.ID,
		Role: out.Role, CredentialID: out.Session.ID, Label: out.User.Email,
	})
	return audit.Record(self, tx, s.Now(), audit.Event{
		TeamID: out.TeamID, Action: audit.SignedIn,
		Target:  audit.Target{Kind: models.PrefixSession, ID: out.Session.ID, Label: out.User.Email},
		Details: []models.AuditDetail{audit.Detail("identityProvider", l.Provider.EntityID)},
	})
}

// recognise finds out who the assertion's person is on the team, in the order
// of trust: an identity that signed in before; somebody whom the team's own
// provisioning announced under this very name; nobody known, who is made. An
// account that the team does not manage is never given away for its address.
func (s *Service) recognise(ctx context.Context, tx *gorm.DB, l *sso.Login, now time.Time) (Member, error) {
	m, found, err := s.byIdentity(tx, l, now)
	if err != nil || found {
		return m, err
	}
	p := Person{Email: l.Assertion.Email, Name: l.Assertion.DisplayName, GivenName: l.Assertion.FirstName, FamilyName: l.Assertion.LastName}
	if err := p.proper(); err != nil {
		return Member{}, fault.New(fault.EmailInvalid, "The assertion's e-mail address or a name in it cannot be used.").Because(err)
	}
	// What single sign-on changes is told as the identity provider's doing.
	ctx = access.With(ctx, access.Actor{Kind: access.System, TeamID: l.Team.ID, Label: l.Provider.EntityID})
	if m, found, err = s.announced(ctx, tx, l, now); err != nil || found {
		return m, err
	}
	return s.provisionJit(ctx, tx, l, p, now)
}

// byIdentity finds the member whom the team's identity provider knows by this
// NameID.
func (s *Service) byIdentity(tx *gorm.DB, l *sso.Login, now time.Time) (Member, bool, error) {
	var known []models.ExternalIdentity
	err := identityOf(tx, l).Find(&known).Error
	if err != nil || len(known) == 0 {
		return Member{}, false, err
	}
	m, err := lockMember(tx, known[0].MembershipID)
	if fault.Is(err, fault.Missing) {
		// Removed since the identity was read; the next look tells the rest.
		return Member{}, false, models.ErrAgain
	}
	if err != nil {
		return Member{}, false, err
	}
	if m.Status != models.StatusActive {
		return Member{}, false, deactivated()
	}
	used := tx.Model(&models.ExternalIdentity{}).Where("id = ?", known[0].ID).Update("last_login_at", now)
	switch {
	case used.Error != nil:
		return Member{}, false, used.Error
	case used.RowsAffected == 0: // unlinked while this sign-in waited for the member
		return Member{}, false, models.ErrAgain
	}
	return m, true, s.seen(tx, &m, now)
}

// identityOf narrows a query to the identity that an assertion names.
func identityOf(tx *gorm.DB, l *sso.Login) *gorm.DB {
	return tx.Where("team_id = ? AND issuer = ? AND name_id = ?", l.Team.ID, l.Provider.EntityID, l.Assertion.NameID)
}

func deactivated() *fault.Error {
	return fault.New(fault.UserDeactivated, "The person is deactivated on this team.")
}

// seen notes that the member was here.
func (s *Service) seen(tx *gorm.DB, m *Member, now time.Time) error {
	m.LastSeenAt = &now
	return tx.Model(&models.Membership{}).Where("id = ?", m.ID).Update("last_seen_at", now).Error
}

// link writes the identity by which a member will be known. It returns ErrAgain
// when another sign-in wrote it at this moment.
func (s *Service) link(tx *gorm.DB, l *sso.Login, m Member, now time.Time) error {
	id, err := models.NewID()
	if err != nil {
		return err
	}
	made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&models.ExternalIdentity{
		ID: id, TeamID: m.TeamID, MembershipID: m.ID, Issuer: l.Provider.EntityID,
		NameID: l.Assertion.NameID, NameIDFormat: l.Assertion.NameIDFormat, CreatedAt: now, LastLoginAt: now,
	})
	if made.Error == nil && made.RowsAffected == 0 {
		return models.ErrAgain
	}
	return made.Error
}
