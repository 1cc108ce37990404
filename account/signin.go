package account

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/models"
)

// Progress is how far a sign-in has come.
type Progress struct {
	Stage    Stage
	Step     string // the secret for the browser's cookie, while there is a step to come
	Session  string // the secret of the session, when it is done
	Team     models.Team
	Email    string // of whoever proved to be that
	ReturnTo string
	Ways     Ways     // to choose from, or by which the person comes in elsewhere
	Codes    []string // backup codes that were made on the way, shown this once
}

// Password begins a sign-in with an address and a password. returnTo is a path
// that the caller has checked. Faults: UNAUTHENTICATED for everybody who did not
// prove anything, RATE_LIMITED.
func (s *Service) Password(ctx context.Context, email, password, returnTo string) (Progress, error) {
	u, err := s.judge(ctx, models.Fold(email), password)
	if err != nil {
		return Progress{}, err
	}
	var out Progress
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		out, err = s.advance(ctx, tx, step{SigninStep: models.SigninStep{UserID: u.ID, Method: models.SessionPassword, ReturnTo: returnTo}})
		return err
	})
	return out, err
}

// advance does what comes next for a person who proved what st says, in the
// caller's transaction. Whatever was right when the sign-in began is asked again.
func (s *Service) advance(ctx context.Context, tx *gorm.DB, st step) (Progress, error) {
	u, err := userIn(tx, st.UserID)
	if err != nil {
		return Progress{}, err
	}
	out := Progress{Email: u.Email, ReturnTo: st.ReturnTo}
	ways, err := waysOf(tx, u)
	if err != nil {
		return out, err
	}
	factors, err := factorsOf(tx, u.ID)
	if err != nil {
		return out, err
	}
	next := func(stage Stage) (Progress, error) {
		out.Stage, out.Ways, st.Stage = stage, ways, string(stage)
		out.Step, err = s.newStep(tx, st)
		return out, err
	}
	own := ways.Own()
	switch {
	case len(own) == 0:
		out.Stage, out.Ways = StageElsewhere, ways.ByProvider()
		return out, nil
	case st.Evidence == "" && len(factors) > 0:
		if st.Ceremony, st.Options, err = s.askPasskey(u, factors); err != nil {
			return out, err
		}
		return next(StageFactor)
	}
	st.Ceremony, st.Options = nil, nil
	var chosen Way
	switch {
	case st.Team != "":
		for _, w := range own {
			if w.Team.ID == st.Team {
				chosen = w
			}
		}
	case len(ways) == 1:
		chosen = own[0]
	}
	if chosen.Team.ID == "" {
		st.Team = ""
		return next(StageTeam)
	}
	if chosen.NeedsFactor() && st.Evidence == "" {
		st.Team = chosen.Team.ID
		if st.Factor, err = s.newTotp(tx, u, enrolledName); err != nil {
			return out, err
		}
		if st.Ceremony, st.Options, err = s.offerPasskey(u, factors); err != nil {
			return out, err
		}
		return next(StageEnrol)
	}
	out.Stage, out.Team = StageDone, chosen.Team
	_, out.Session, err = s.open(ctx, tx, u, chosen, st.Method, st.Evidence, time.Time{})
	return out, err
}

// open opens the session. until, when it is set, is its end at the latest.
func (s *Service) open(ctx context.Context, tx *gorm.DB, u models.User, w Way, method models.SessionMethod, evidence string, until time.Time) (models.Session, string, error) {
	m, err := models.LockMembership(tx, w.Membership.ID)
	if err != nil {
		return models.Session{}, "", err
	}
	if m.Status != models.StatusActive || !m.OwnLogin(u, w.Settings.State) {
		return models.Session{}, "", models.ErrAgain // changed since it was read
	}
	now := s.now()
	life := time.Duration(w.Settings.SessionHours) * time.Hour
	if !until.IsZero() {
		life = min(life, until.Sub(now))
	}
	row, secret, err := s.Credentials.OpenSession(ctx, tx, credential.NewSession{
		Membership: m, Method: method, MfaEvidence: evidence,
		Lifetime: life, Idle: min(life, time.Duration(w.Settings.SessionIdleMinutes)*time.Minute),
	})
	if err != nil {
		return row, "", err
	}
	if err := tx.Model(&models.Membership{}).Where("id = ?", m.ID).UpdateColumn("last_seen_at", now).Error; err != nil {
		return row, "", err
	}
	self := access.With(ctx, access.Actor{
		Kind: access.Person, TeamID: m.TeamID, UserID: u.ID, MembershipID: m.ID, Role: m.Role, CredentialID: row.ID, Label: u.Email,
	})
	details := []models.AuditDetail{audit.Detail("method", string(method))}
	if evidence != "" {
		details = append(details, audit.Detail("secondFactor", evidence))
	}
	return row, secret, audit.Record(self, tx, now, audit.Event{
		TeamID: m.TeamID, Action: audit.SignedIn, Details: details,
		Target: audit.Target{Kind: models.PrefixSession, ID: row.ID, Label: u.Email},
	})
}

// Waiting reads, without using it, what the step of a browser waits for.
type Waiting struct {
	Email    string
	ReturnTo string
	Ways     Ways
	Totp     bool   // whether a code of an authenticator app will do
	Passkey  string // options for the browser as JSON, "" when no passkey will do
	Key      Totp   // that is being set up
}

// Look says what a step waits for. Fault: LINK_EXPIRED when it is none of this
// stage that can still be used.
func (s *Service) Look(ctx context.Context, secret string, at Stage) (Waiting, error) {
	db := s.DB.Read(ctx)
	st, err := s.stepOf(db, secret, at)
	if err != nil {
		return Waiting{}, err
	}
	var u models.User
	if err := db.Where("id = ?", st.UserID).Take(&u).Error; err != nil {
		return Waiting{}, models.Fault(err)
	}
	out := Waiting{Email: u.Email, ReturnTo: st.ReturnTo, Passkey: string(st.Options)}
	if out.Ways, err = waysOf(db, u); err != nil {
		return out, err
	}
	factors, err := factorsOf(db, u.ID)
	if err != nil {
		return out, err
	}
	for _, f := range factors {
		out.Totp = out.Totp || f.Kind == models.FactorTotp
	}
	if at == StageEnrol {
		out.Key, err = s.totpKey(db, u, st.Factor)
	}
	return out, err
}

// Choose takes the team of a sign-in that waits for the choice. A team that is
// not the person's own to open answers with its identity provider: StageElsewhere.
func (s *Service) Choose(ctx context.Context, secret, slug string) (Progress, error) {
	var out Progress
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		st, err := s.spend(tx, secret, StageTeam)
		if err != nil {
			return err
		}
		u, err := userIn(tx, st.UserID)
		if err != nil {
			return err
		}
		ways, err := waysOf(tx, u)
		if err != nil {
			return err
		}
		w, ok := ways.of(slug)
		switch {
		case !ok:
			st.Team = ""
		case !w.Own:
			out = Progress{Stage: StageElsewhere, Email: u.Email, ReturnTo: st.ReturnTo, Team: w.Team, Ways: Ways{w}}
			return nil
		default:
			st.Team = w.Team.ID
		}
		out, err = s.advance(ctx, tx, st)
		return err
	})
	return out, err
}
