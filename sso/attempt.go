package sso

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
)

// attempt collects what the record of a sign-in will say.
type attempt struct {
	team         models.ID
	provider     models.ID
	certificate  string
	idpInitiated bool
	nameIDMasked string
	checks       []saml.Check
}

// add appends a check that was made outside of package saml.
func (a *attempt) add(name string, status saml.CheckStatus, message string) {
	a.checks = append(a.checks, saml.Check{Name: name, Status: status, Actual: message, Trusted: true})
}

// failed reports whether the last check failed.
func (a *attempt) failed() bool {
	return len(a.checks) > 0 && a.checks[len(a.checks)-1].Status == saml.Fail
}

// row makes the attempt's record.
func (s *Service) row(ctx context.Context, a attempt, code fault.Code) (models.LoginAttempt, error) {
	id, err := models.NewID()
	if err != nil {
		return models.LoginAttempt{}, err
	}
	request := access.RequestFrom(ctx)
	out := models.LoginAttempt{
		ID: id, TeamID: a.team, At: s.now(), Outcome: models.AttemptRefused, Code: string(code),
		IdentityProviderID: optional(a.provider), CertificateID: optional(models.ID(a.certificate)),
		IdpInitiated: a.idpInitiated, NameIDMasked: a.nameIDMasked,
		Checks: make([]models.AttemptCheck, 0, len(a.checks)), IP: request.IP, RequestID: request.ID,
	}
	if code == "" {
		out.Outcome = models.AttemptSucceeded
	}
	for _, c := range a.checks {
		actual := c.Actual
		if c.Message != "" {
			actual = c.Message
		}
		out.Checks = append(out.Checks, models.AttemptCheck{Name: c.Name, Status: string(c.Status), Expected: c.Expected, Actual: actual, Trusted: c.Trusted})
	}
	return out, nil
}

func optional(id models.ID) *models.ID {
	if id == "" {
		return nil
	}
	return &id
}

// refuse stores a refused attempt of its own accord and returns its id.
func (s *Service) refuse(ctx context.Context, a attempt, code fault.Code) (models.ID, error) {
	row, err := s.row(ctx, a, code)
	if err != nil {
		return "", err
	}
	return row.ID, s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return s.tellOfFailures(ctx, tx, row)
	})
}

// Refuse records an attempt that a door refused before there was a message to
// judge: a wrong binding, a body that is too large. The id is "" when no team
// has the slug.
func (s *Service) Refuse(ctx context.Context, slug string, code fault.Code) (models.ID, error) {
	team, err := s.teamBySlug(ctx, slug)
	if fault.Is(err, fault.TeamNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	a := attempt{team: team.ID}
	a.add("binding", saml.Fail, code.Meaning())
	return s.refuse(ctx, a, code)
}
