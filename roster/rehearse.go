package roster

import (
	"context"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// Rehearse finds out what SignIn would do with the answer of a test login, by
// doing it: the person is recognised as at every sign-in, behind a savepoint that
// the transaction then goes back to. So nothing of it stays - no account, member,
// identity, mail or event - and no session is opened. What does stay is that the
// answer is spent, its attempt, and how the test ended. A refusal is in the test;
// the fault that comes back is for an answer that could not be used, such as
// request_unknown for the second one.
func (s *Service) Rehearse(ctx context.Context, login sso.Login) (models.LoginTest, error) {
	var out models.LoginTest
	var spent error
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		l, now := login, s.now()
		spent = nil
		if _, err := models.LockTeam(tx, l.Team.ID); err != nil {
			return err
		}
		outcome := sso.TestOutcome{Effect: sso.EffectRefused}
		err := l.ConsumeTest(tx, now)
		if err == nil {
			outcome, err = s.rehearsed(ctx, tx, l)
		} else if _, ok := fault.As(err); ok {
			outcome.Reason, spent, err = err, err, nil
		}
		if err != nil {
			return err
		}
		out, err = s.attempts().FinishTest(ctx, tx, &l, outcome)
		return err
	})
	if err == nil {
		err = spent
	}
	return out, err
}

// rehearsed recognises the person behind a savepoint and says what came of it.
func (s *Service) rehearsed(ctx context.Context, tx *gorm.DB, l sso.Login) (sso.TestOutcome, error) {
	const here = "rehearsal"
	if err := tx.SavePoint(here).Error; err != nil {
		return sso.TestOutcome{}, err
	}
	m, refusal := s.recognise(ctx, tx, &l, &SignIn{}, s.now())
	if _, ok := fault.As(refusal); refusal != nil && !ok {
		// The database gave up, or another transaction won: all of it once more.
		return sso.TestOutcome{}, refusal
	}
	if err := tx.RollbackTo(here).Error; err != nil {
		return sso.TestOutcome{}, err
	}
	switch {
	case fault.Is(refusal, fault.UpgradeRequired):
		return sso.TestOutcome{Effect: sso.EffectUpgrade, Reason: refusal}, nil
	case refusal != nil:
		return sso.TestOutcome{Effect: sso.EffectRefused, Reason: refusal}, nil
	}
	out := sso.TestOutcome{Effect: sso.EffectCreated, Role: &m.Role, RoleSource: &m.RoleSource}
	// What is there now was there before.
	var linked, known int64
	if err := identityOf(tx, &l).Model(&models.ExternalIdentity{}).Where("membership_id = ?", m.ID).Count(&linked).Error; err != nil {
		return out, err
	}
	if err := tx.Model(&models.Membership{}).Where("id = ?", m.ID).Count(&known).Error; err != nil {
		return out, err
	}
	switch {
	case linked > 0:
		out.Effect = sso.EffectSignedIn
	case known > 0:
		out.Effect = sso.EffectJoined
	}
	return out, nil
}
