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

// SignIn is how a sign-in ended. Of a refused one only AttemptID is set, and
// Upgrade when the person can do something about it.
type SignIn struct {
	Member
	SessionSecret string // for the cookie
	Session       models.Session
	AttemptID     models.ID
	ReturnTo      string
	Upgrade       *UpgradeTicket // of a sign-in that was refused as upgrade_required
}

// SignIn lets in the person whom a judged assertion names, in one transaction:
// the request and the assertion are spent, the member is found or provisioned,
// a session is opened and the attempt recorded.
//
// A refusal is committed too, so that the assertion stays spent and the attempt
// is kept; it is returned as a fault with a small-letter code: assertion_replayed,
// request_unknown, user_deactivated, user_removed, account_conflict, jit_disabled,
// email_invalid, nameid_changed, domain_not_allowed, upgrade_required.
func (s *Service) SignIn(ctx context.Context, login sso.Login) (SignIn, error) {
	var out SignIn
	var refusal error
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		l, now := login, s.now()
		out, refusal = SignIn{ReturnTo: l.ReturnTo}, nil
		err := l.Consume(tx, now)
		if err == nil {
			out.Member, err = s.recognise(ctx, tx, &l, &out, now)
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
		return SignIn{AttemptID: out.AttemptID, Upgrade: out.Upgrade}, refusal
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
// provisioning announced under this very name; somebody whose account the team
// manages and whose address is in a domain that it proved to be its own; nobody
// known, who is made. An account that the team does not manage is never given
// away for its address: its owner is asked.
func (s *Service) recognise(ctx context.Context, tx *gorm.DB, l *sso.Login, out *SignIn, now time.Time) (Member, error) {
	// What single sign-on changes is told as the identity provider's doing.
	ctx = access.With(ctx, access.Actor{Kind: access.System, TeamID: l.Team.ID, Label: l.Provider.EntityID})
	m, found, err := s.byIdentity(ctx, tx, l, now)
	if err != nil || found {
		return m, err
	}
	p := asserted(l)
	if err := p.proper(); err != nil {
		return Member{}, fault.New(fault.EmailInvalid, "The assertion's e-mail address or a name in it cannot be used.").Because(err)
	}
	if m, found, err = s.announced(ctx, tx, l, now); err != nil || found {
		return m, err
	}
	if m, found, err = s.byAddress(ctx, tx, l, p, now); err != nil || found {
		return m, err
	}
	return s.provisionJit(ctx, tx, l, p, out, now)
}

// asserted is the person as the assertion describes them.
func asserted(l *sso.Login) Person {
	return Person{Email: l.Assertion.Email, Name: l.Assertion.DisplayName, GivenName: l.Assertion.FirstName, FamilyName: l.Assertion.LastName}
}

// byIdentity finds the member whom the team's identity provider knows by this
// NameID, and brings what it says of them up to date.
func (s *Service) byIdentity(ctx context.Context, tx *gorm.DB, l *sso.Login, now time.Time) (Member, bool, error) {
	var known []models.ExternalIdentity
	err := identityOf(tx, l).Find(&known).Error
	if err != nil || len(known) == 0 {
		return Member{}, false, err
	}
	g, err := s.grading(tx, l, known[0].MembershipID)
	if err != nil {
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
	return m, true, s.follow(ctx, tx, l, g, &m, now)
}

// follow brings what the identity provider says of a locked member up to date:
// that they were here, their profile and their role.
func (s *Service) follow(ctx context.Context, tx *gorm.DB, l *sso.Login, g grading, m *Member, now time.Time) error {
	if err := s.seen(tx, m, now); err != nil {
		return err
	}
	if err := s.followProfile(ctx, tx, l, m, now); err != nil {
		return err
	}
	if err := keepClaims(tx, m.Membership, g.claims, now); err != nil {
		return err
	}
	return s.grade(ctx, tx, g, m)
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
	return tx.Model(&models.Membership{}).Where("id = ?", m.ID).UpdateColumn("last_seen_at", now).Error
}

// join links the assertion's identity to a locked member.
func (s *Service) join(ctx context.Context, tx *gorm.DB, l *sso.Login, g grading, m *Member, now time.Time) error {
	if err := s.link(tx, l, *m, now); err != nil {
		return err
	}
	err := audit.Record(ctx, tx, now, audit.Event{TeamID: m.TeamID, Action: audit.MemberLinked, Target: m.target()})
	if err != nil {
		return err
	}
	return s.follow(ctx, tx, l, g, m, now)
}

// link writes the identity by which a member will be known. It returns ErrAgain
// when another sign-in wrote it at this moment.
func (s *Service) link(tx *gorm.DB, l *sso.Login, m Member, now time.Time) error {
	made, err := identity{m.TeamID, m.ID, l.Provider.EntityID, l.Assertion.NameID, l.Assertion.NameIDFormat}.insert(tx, now)
	if err == nil && !made {
		return models.ErrAgain
	}
	return err
}

// identity is what an external identity says.
type identity struct {
	team, membership       models.ID
	issuer, nameID, format string
}

// insert writes the identity unless somebody on the team has it.
func (x identity) insert(tx *gorm.DB, lastLogin time.Time) (made bool, err error) {
	id, err := models.NewID()
	if err != nil {
		return false, err
	}
	done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&models.ExternalIdentity{
		ID: id, TeamID: x.team, MembershipID: x.membership, Issuer: x.issuer, NameID: x.nameID, NameIDFormat: x.format,
		CreatedAt: lastLogin, LastLoginAt: lastLogin,
	})
	return done.RowsAffected > 0, done.Error
}
