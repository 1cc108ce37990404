package sso

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// What a real sign-in would have done.
const (
	EffectSignedIn = "SIGNED_IN"        // let in somebody whom it knew by this identity
	EffectJoined   = "JOINED"           // linked the identity to a member
	EffectCreated  = "CREATED"          // made a member
	EffectUpgrade  = "UPGRADE_REQUIRED" // asked the owner of an account of their own to agree
	EffectRefused  = "REFUSED"
)

// Bounds of what a test login keeps of an assertion.
const maxTestValues, maxTestValue = 20, 300

// connectTest reads what a test login is judged by while nobody can sign in. It
// gives the reason back when no test of the team waits for an answer.
func (s *Service) connectTest(ctx context.Context, c connection, closed error) (connection, error) {
	code := fault.CodeOf(closed)
	if c.settings.ID == "" || !c.team.SsoAllowed() || code != fault.ConnectionDraft && code != fault.SsoNotEnabled {
		return c, closed
	}
	var waiting []models.ID
	err := s.DB.Read(ctx).Model(&models.LoginTest{}).
		Where("team_id = ? AND state = ? AND expires_at > ?", c.team.ID, models.TestPending, s.now().Add(-requestKept)).Limit(1).Pluck("id", &waiting).Error
	switch {
	case err != nil:
		return c, err
	case len(waiting) == 0:
		return c, closed
	}
	return s.connection(ctx, c.team, c.settings, c.settings.EncryptAssertions)
}

// refusedTest stores the attempt of a test's answer that was judged bad. When it
// came from the browser that began the test, the test has failed; anybody else's
// does nothing to it.
func (s *Service) refusedTest(ctx context.Context, a attempt, request pending, browserSecret string, reason error) (Login, models.ID, error) {
	row, err := s.row(ctx, a, fault.CodeOf(reason))
	if err != nil {
		return Login{}, "", err
	}
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		if request.open(s.now(), browserSecret) != nil {
			return nil
		}
		if spent, err := spendRequest(tx, request.row.ID, a.team, a.test, s.now()); err != nil || !spent {
			return err
		}
		_, err := s.finishTest(ctx, tx, a.test, row, TestOutcome{Effect: EffectRefused, Reason: reason}, models.TestProfile{})
		return err
	})
	if err != nil {
		return Login{}, "", fmt.Errorf("recording a test login that was refused with %s: %w", fault.CodeOf(reason), err)
	}
	return Login{attempt: a}, row.ID, reason
}

// ConsumeTest is Consume for the answer of a test login, and refuses every other
// one: the assertion and the request are spent, and no use of the certificate is
// noted.
func (l *Login) ConsumeTest(tx *gorm.DB, now time.Time) error {
	if l.Test() == "" || l.Assertion.InResponseTo == "" {
		return fault.New(fault.RequestUnknown, "The request was of no test login.")
	}
	if err := l.spend(tx, now); err != nil {
		return err
	}
	return l.stillTrusted(tx)
}

// TestOutcome is what a real sign-in would have come to.
type TestOutcome struct {
	Effect     string
	Reason     error // why it would have been refused, nil if not
	Role       *models.Role
	RoleSource *models.RoleSource
}

// FinishTest records, in the caller's transaction, that has locked the team, how a
// test login ended whose answer was judged good. It has passed when a real sign-in
// would have let the person in, and also when it would have asked them first to
// put an account of their own under single sign-on: then the identity provider
// did its part, and admins who try their own sign-in are just those people. It has
// not when what sign-ins rest on was changed since it started.
func (s *Service) FinishTest(ctx context.Context, tx *gorm.DB, l *Login, o TestOutcome) (models.LoginTest, error) {
	var code fault.Code
	if o.Reason != nil {
		code = fault.CodeOf(o.Reason)
	}
	l.attempt.membership(code)
	row, err := s.row(ctx, l.attempt, code)
	if err != nil {
		return models.LoginTest{}, err
	}
	if err := tx.Create(&row).Error; err != nil {
		return models.LoginTest{}, err
	}
	return s.finishTest(ctx, tx, l.Test(), row, o, profileOf(l))
}

// finishTest writes the end of a test that has none yet.
func (s *Service) finishTest(ctx context.Context, tx *gorm.DB, id models.ID, attempt models.LoginAttempt, o TestOutcome, profile models.TestProfile) (models.LoginTest, error) {
	var row models.LoginTest
	if err := tx.Where("id = ? AND team_id = ?", id, attempt.TeamID).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	if row.State != models.TestPending {
		return row, nil
	}
	settings, err := SettingsIn(tx, row.TeamID)
	if err != nil {
		return row, err
	}
	p, err := providerIn(tx, row.IdentityProviderID)
	if err != nil {
		return row, err
	}
	now := s.now()
	row.State, row.Effect, row.Role, row.RoleSource = models.TestPassed, o.Effect, o.Role, o.RoleSource
	row.AttemptID, row.Checks, row.Profile, row.FinishedAt = &attempt.ID, attempt.Checks, profile, &now
	if o.Reason != nil {
		row.Code = string(fault.CodeOf(o.Reason))
		if o.Effect != EffectUpgrade {
			row.State = models.TestFailed
		}
	}
	if settings.TrustRevision != row.TrustRevision && row.State == models.TestPassed {
		row.State, row.Code = models.TestFailed, string(fault.TestOutdated)
	}
	if err := tx.Select("*").Omit("id", "team_id", "started_at", "trust_revision").Where("id = ?", row.ID).Updates(&row).Error; err != nil {
		return row, err
	}
	isDefault := settings.DefaultIdentityProviderID != nil && *settings.DefaultIdentityProviderID == p.ID
	if row.State == models.TestPassed && isDefault {
		if err := tx.Model(&models.SsoSettings{}).Where("team_id = ? AND trust_revision = ?", row.TeamID, row.TrustRevision).Update("tested_at", now).Error; err != nil {
			return row, err
		}
	}
	// Nobody is signed in; what the answer brought about is the provider's doing.
	ctx = access.With(ctx, access.Actor{Kind: access.System, TeamID: row.TeamID, Label: p.EntityID})
	return row, s.recordTest(ctx, tx, row, p, audit.LoginTestFinished)
}

// profileOf is what an assertion said of the person, within bounds.
func profileOf(l *Login) models.TestProfile {
	a := l.Assertion
	out := models.TestProfile{
		NameID: a.NameID, NameIDFormat: a.NameIDFormat, Email: a.Email, Name: a.DisplayName, GivenName: a.FirstName, FamilyName: a.LastName,
		Attributes: []models.TestAttribute{},
	}
	for _, name := range slices.Sorted(maps.Keys(a.Attributes)) {
		if len(out.Attributes) == maxAttributes {
			break
		}
		values := make([]string, 0, len(a.Attributes[name]))
		for _, v := range a.Attributes[name] {
			if len(values) == maxTestValues {
				break
			}
			values = append(values, bounded(v, maxTestValue))
		}
		out.Attributes = append(out.Attributes, models.TestAttribute{Name: bounded(name, maxTestValue), Values: values})
	}
	return out
}

// TestResult is the test login that a judged answer brought to its end, for the
// browser that answered. Faults: NOT_FOUND when this answer did not end it.
func (s *Service) TestResult(ctx context.Context, l Login, attempt models.ID) (models.LoginTest, error) {
	var row models.LoginTest
	err := s.DB.Read(ctx).Where("id = ? AND attempt_id = ?", l.Test(), attempt).Take(&row).Error
	return row, models.Fault(err)
}
