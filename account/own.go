package account

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// freshFor is for how long a sign-in by a passkey counts as proof for those who
// have neither a password nor an authenticator app to prove themselves with.
const freshFor = 10 * time.Minute

// Overview is a person's own account as its page shows it.
type Overview struct {
	User     models.User
	Session  models.Session
	Ways     Ways
	Editable bool // whether this session may change how the person signs in
	Password *time.Time
	Factors  []models.SecondFactor
	Backup   int64 // codes that are left
	Sessions []models.Session
}

// Overview returns the account of the caller, who came with a session. Fault:
// UNAUTHENTICATED for all others.
func (s *Service) Overview(ctx context.Context) (Overview, error) {
	var out Overview
	db := s.DB.Read(ctx)
	u, session, err := self(ctx, db)
	if err != nil {
		return out, err
	}
	out.User, out.Session = u, session
	if out.Ways, err = waysOf(db, u); err != nil {
		return out, err
	}
	out.Editable = len(out.Ways.Own()) > 0 && slices.Contains(ownMethods, session.Method)
	var passwords []models.Password
	if err := db.Where("user_id = ?", u.ID).Find(&passwords).Error; err != nil {
		return out, models.Fault(err)
	}
	if len(passwords) == 1 {
		out.Password = &passwords[0].ChangedAt
	}
	if out.Factors, err = factorsOf(db, u.ID); err != nil {
		return out, err
	}
	if out.Backup, err = backupLeft(db, u.ID); err != nil {
		return out, err
	}
	now := s.now()
	// A team's session is of that team: another one's identity provider does not
	// learn where else its people are signed in.
	err = db.Where("user_id = ? AND membership_id = ? AND revoked_at IS NULL AND expires_at > ? AND idle_expires_at > ?", u.ID, session.MembershipID, now, now).
		Order("last_seen_at DESC, id").Limit(100).Find(&out.Sessions).Error
	return out, models.Fault(err)
}

// self reads whose browser it is and by what it came in.
func self(ctx context.Context, db *gorm.DB) (models.User, models.Session, error) {
	a := access.From(ctx)
	var u models.User
	var session models.Session
	if a.Kind != access.Person {
		return u, session, fault.New(fault.NotSignedIn, "Sign in first.")
	}
	if err := db.Where("id = ?", a.UserID).Take(&u).Error; err != nil {
		return u, session, models.Fault(err)
	}
	err := db.Where("id = ? AND user_id = ?", a.CredentialID, a.UserID).Take(&session).Error
	return u, session, models.Fault(err)
}

// editor is self for those whose session may change how they sign in. One that
// an identity provider vouched for may not: that provider's word is about its
// own team, and the account may open others.
func editor(ctx context.Context, db *gorm.DB) (models.User, models.Session, error) {
	u, session, err := self(ctx, db)
	if err == nil && !slices.Contains(ownMethods, session.Method) {
		err = fault.New(fault.Forbidden, "Sign in with your own password or passkey to change how you sign in.")
	}
	return u, session, err
}

// Proof is what somebody shows once more before their ways in are changed: one
// of the two.
type Proof struct{ Password, Code string }

// prove judges the caller's proof before the transaction of the change.
func (s *Service) prove(ctx context.Context, p Proof) (models.User, models.Session, error) {
	db := s.DB.Read(ctx)
	u, session, err := editor(ctx, db)
	if err != nil {
		return u, session, err
	}
	factors, err := factorsOf(db, u.ID)
	if err != nil {
		return u, session, err
	}
	has, err := HasPassword(db, u.ID)
	if err != nil {
		return u, session, err
	}
	app := slices.ContainsFunc(factors, func(f models.SecondFactor) bool { return f.Kind == models.FactorTotp })
	switch {
	case p.Code != "":
		if err := s.Credentials.Guessing(ctx, factorGuess(u.ID), from(ctx)); err != nil {
			return u, session, err
		}
		return u, session, s.DB.InTx(ctx, func(tx *gorm.DB) error {
			locked, err := userIn(tx, u.ID)
			if err == nil {
				_, err = s.judgeCode(ctx, tx, locked, p.Code)
			}
			return err
		})
	case has && p.Password != "":
		_, err := s.judge(ctx, u.EmailKey, p.Password)
		if fault.Is(err, fault.NotSignedIn) {
			err = fault.New(fault.NotSignedIn, "The password is wrong.").On("proof")
		}
		return u, session, err
	case !has && !app && session.Method == models.SessionPasskey && s.now().Sub(session.CreatedAt) < freshFor:
		return u, session, nil
	case has || app:
		return u, session, fault.New(fault.NotSignedIn, "Type your present password, or a code of your second factor.").On("proof")
	default:
		return u, session, fault.New(fault.NotSignedIn, "Sign out and in again with your passkey first.").On("proof")
	}
}

// change runs a change of the caller's own ways in, once they proved themselves.
func (s *Service) change(ctx context.Context, p Proof, run func(tx *gorm.DB, u models.User, session models.Session) error) error {
	who, session, err := s.prove(ctx, p)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		u, _, err := s.ownLogin(ctx, tx, who.ID)
		if err != nil {
			return err
		}
		return run(tx, u, session)
	})
}

// ChangePassword gives the caller another password. Their other sessions of
// their own end. Faults: UNAUTHENTICATED, FORBIDDEN, PASSWORD_UNUSABLE, RATE_LIMITED.
func (s *Service) ChangePassword(ctx context.Context, p Proof, password string) error {
	db := s.DB.Read(ctx)
	u, _, err := editor(ctx, db)
	if err != nil {
		return err
	}
	about, err := aboutUser(db, u.ID, u.Email)
	if err != nil {
		return err
	}
	if err := Proper(password, about...); err != nil {
		return err
	}
	if _, _, err := s.prove(ctx, p); err != nil {
		return err
	}
	fresh, err := s.Prepare(ctx, password, about...)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		u, _, err := s.ownLogin(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		return s.SetPassword(ctx, tx, u.ID, fresh, access.From(ctx).CredentialID)
	})
}

// AddTotp begins to add an authenticator app, which counts from its first code
// on. Faults: UNAUTHENTICATED, FORBIDDEN, LIMIT_REACHED, RATE_LIMITED.
func (s *Service) AddTotp(ctx context.Context, p Proof, name string) (Totp, error) {
	var out Totp
	err := s.change(ctx, p, func(tx *gorm.DB, u models.User, _ models.Session) error {
		id, err := s.newTotp(tx, u, named(name, enrolledName))
		if err != nil {
			return err
		}
		out, err = s.totpKey(tx, u, id)
		return err
	})
	return out, err
}

// TotpKey is the app that the caller is adding, to be shown once more.
func (s *Service) TotpKey(ctx context.Context, id models.ID) (Totp, error) {
	db := s.DB.Read(ctx)
	u, _, err := editor(ctx, db)
	if err != nil {
		return Totp{}, err
	}
	return s.totpKey(db, u, id)
}

// ConfirmTotp makes the app count by its first code. The codes are the backup
// codes that were made, if there were none left. Faults: UNAUTHENTICATED,
// LINK_EXPIRED, RATE_LIMITED.
func (s *Service) ConfirmTotp(ctx context.Context, id models.ID, code string) ([]string, error) {
	who, session, err := editor(ctx, s.DB.Read(ctx))
	if err != nil {
		return nil, err
	}
	if err := s.Credentials.Guessing(ctx, factorGuess(who.ID), from(ctx)); err != nil {
		return nil, err
	}
	var codes []string
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		u, _, err := s.ownLogin(ctx, tx, who.ID)
		if err != nil {
			return err
		}
		f, err := s.confirmTotp(ctx, tx, u, id, code)
		if err != nil {
			return err
		}
		if codes, err = s.confirmed(ctx, tx, u, f); err != nil {
			return err
		}
		return s.endSessions(tx, u.ID, session.ID, "second factor added")
	})
	return codes, err
}

// AddPasskey begins to add a passkey: the options are for the browser's
// authenticator, the secret for its cookie.
func (s *Service) AddPasskey(ctx context.Context, p Proof, name string) (options, secret string, err error) {
	err = s.change(ctx, p, func(tx *gorm.DB, u models.User, session models.Session) error {
		if err := room(tx, u.ID); err != nil {
			return err
		}
		factors, err := factorsOf(tx, u.ID)
		if err != nil {
			return err
		}
		st := step{SigninStep: models.SigninStep{UserID: u.ID, Method: session.Method, Stage: string(stageNewKey)}}
		st.Name = named(name, "Passkey")
		if st.Ceremony, st.Options, err = s.offerPasskey(u, factors); err != nil {
			return err
		}
		if st.Ceremony == nil {
			return fault.New(fault.Forbidden, "Passkeys do not work at this address.")
		}
		options = string(st.Options)
		secret, err = s.newStep(tx, st)
		return err
	})
	return options, secret, err
}

// KeepPasskey adds the passkey that the browser made. Codes as of ConfirmTotp.
func (s *Service) KeepPasskey(ctx context.Context, secret, answer string) ([]string, error) {
	who, session, err := editor(ctx, s.DB.Read(ctx))
	if err != nil {
		return nil, err
	}
	var codes []string
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		st, err := s.spend(tx, secret, stageNewKey)
		if err != nil {
			return err
		}
		if st.UserID != who.ID {
			return over()
		}
		u, _, err := s.ownLogin(ctx, tx, who.ID)
		if err != nil {
			return err
		}
		f, err := s.keepPasskey(tx, u, st.Ceremony, st.Name, answer)
		if err != nil {
			return err
		}
		if codes, err = s.confirmed(ctx, tx, u, f); err != nil {
			return err
		}
		return s.endSessions(tx, u.ID, session.ID, "second factor added")
	})
	return codes, err
}

// RenameFactor gives a second factor another name; that needs no proof. Faults:
// NOT_FOUND, UNAUTHENTICATED, FORBIDDEN.
func (s *Service) RenameFactor(ctx context.Context, id models.ID, name string) error {
	u, _, err := editor(ctx, s.DB.Read(ctx))
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		to := named(name, "Second factor")
		done := tx.Model(&models.SecondFactor{}).Where("id = ? AND user_id = ? AND confirmed_at IS NOT NULL", id, u.ID).Update("name", to)
		if done.Error != nil {
			return done.Error
		}
		if done.RowsAffected == 0 {
			return fault.New(fault.Missing, "There is no such second factor.")
		}
		return s.record(ctx, tx, u, audit.FactorRenamed, audit.Detail("name", to))
	})
}

// NewBackupCodes makes the caller's backup codes anew, shown this once. Without
// a second factor to stand in for there are none: SECOND_FACTOR_REQUIRED.
func (s *Service) NewBackupCodes(ctx context.Context, p Proof) ([]string, error) {
	var codes []string
	err := s.change(ctx, p, func(tx *gorm.DB, u models.User, _ models.Session) error {
		ok, err := HasFactor(tx, u.ID)
		if err == nil && !ok {
			err = fault.New(fault.SecondFactorRequired, "Add a second factor first; backup codes stand in for it.")
		}
		if err != nil {
			return err
		}
		codes, err = s.newBackup(ctx, tx, u)
		return err
	})
	return codes, err
}

// Switch opens another team of the caller's for a session of their own, which
// the new one replaces. A team that they come in to by its identity provider
// answers StageElsewhere. The new session lasts no longer than the present one
// would have. Faults: UNAUTHENTICATED, NOT_FOUND.
func (s *Service) Switch(ctx context.Context, slug string) (Progress, error) {
	var out Progress
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		out = Progress{}
		who, session, err := self(ctx, tx)
		if err != nil {
			return err
		}
		u, err := userIn(tx, who.ID)
		if err != nil {
			return err
		}
		ways, err := waysOf(tx, u)
		if err != nil {
			return err
		}
		w, ok := ways.of(slug)
		if !ok {
			return fault.New(fault.Missing, "There is no such team.")
		}
		out.Email, out.Team = u.Email, w.Team
		own := session.Method == models.SessionPassword || session.Method == models.SessionPasskey
		switch {
		case !w.Own || !own:
			// Whoever was let in by one team's provider proves themselves anew.
			out.Stage, out.Ways = StageElsewhere, Ways{w}
			return nil
		case w.NeedsFactor() && session.MfaEvidence == "":
			// A first factor is made with a proof that is fresh, on the account's page.
			has, err := HasFactor(tx, u.ID)
			if err == nil && !has {
				err = fault.New(fault.SecondFactorRequired, "This team needs you to have a second factor; add one to your account first.")
			}
			if err != nil {
				return err
			}
			st := step{SigninStep: models.SigninStep{UserID: u.ID, Method: session.Method}}
			st.Team = w.Team.ID
			out, err = s.advance(ctx, tx, st)
			return err
		}
		end := tx.Model(&models.Session{}).Where("id = ? AND revoked_at IS NULL", session.ID).
			Updates(map[string]any{"revoked_at": s.now(), "revoked_reason": "went on to another team"})
		if end.Error != nil {
			return end.Error
		}
		if end.RowsAffected == 0 {
			return fault.New(fault.NotSignedIn, "The session has ended.")
		}
		out.Stage = StageDone
		_, out.Session, err = s.open(ctx, tx, u, w, session.Method, session.MfaEvidence, session.ExpiresAt)
		return err
	})
	return out, err
}
