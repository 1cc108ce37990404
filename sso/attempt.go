package sso

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

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
	vendor       models.Vendor // of the provider
	certificate  string
	test         models.ID // the test login that it belongs to, or ""
	idpInitiated bool
	nameIDMasked string
	checks       []saml.Check
	kind         models.AttemptKind
	verified     bool // a trusted certificate had signed what was read
	mfaEvidence  string
	message      models.AttemptMessage
}

// seen fills in what a validation found.
func (a *attempt) seen(report *saml.Report, assertion *saml.Assertion) {
	a.checks, a.nameIDMasked, a.message = report.Checks, report.Seen.NameIDMasked, described(report.Seen)
	for _, c := range report.Checks {
		a.verified = a.verified || c.Trusted
	}
	if assertion == nil {
		return
	}
	a.mfaEvidence = assertion.MFAEvidence
	a.message.SignedResponse, a.message.SignedAssertion, a.message.SignedSha1 = assertion.SignedResponse, assertion.SignedAssertion, assertion.SignedSHA1
	a.message.SessionIndex = assertion.SessionIndex
}

// timed notes how far the sender's clock and the answered request are away. An
// instant beyond a day is no clock's fault, and its offset would tell nothing.
func (a *attempt) timed(issued time.Time, request pending, now time.Time) {
	if !issued.IsZero() {
		at := models.Stamp(issued)
		a.message.IssueInstant = &at
		if offset := at.Sub(now); offset.Abs() <= 24*time.Hour {
			seconds := int(offset.Round(time.Second).Seconds())
			a.message.ClockOffsetSeconds = &seconds
		}
	}
	if request.known {
		age := int(now.Sub(request.row.CreatedAt).Round(time.Second).Seconds())
		a.message.RequestAgeSeconds = &age
	}
}

// maxAttributes is how many attribute names a record keeps.
const maxAttributes = 100

// described is what a message said of itself, without what may be secret: an
// assertion's id is hashed, and of attributes the names are kept.
func described(seen saml.Seen) models.AttemptMessage {
	out := models.AttemptMessage{
		Issuer: seen.Issuer, Destination: seen.Destination, InResponseTo: seen.InResponseTo, NameIDFormat: seen.NameIDFormat,
		ContextClasses: seen.AuthnContextClasses, Algorithms: seen.SignatureAlgorithms, Encryption: seen.Encryption,
		Status: seen.Status, EmailMasked: seen.EmailMasked, NotBefore: known(seen.NotBefore), NotOnOrAfter: known(seen.NotOnOrAfter),
		ConfirmableUntil: known(seen.ConfirmableUntil), AuthnInstant: known(seen.AuthnInstant), SessionUntil: known(seen.SessionNotOnOrAfter),
		ShownFingerprints: seen.KeyInfoFingerprints, Signed: seen.Signed, Audiences: seen.Audiences, Recipients: seen.Recipients,
	}
	if seen.AssertionID != "" {
		sum := sha256.Sum256([]byte(seen.AssertionID))
		out.AssertionHash = hex.EncodeToString(sum[:])
	}
	for _, name := range slices.Sorted(maps.Keys(seen.AttributeNames)) {
		if len(out.Attributes) == maxAttributes {
			break
		}
		out.Attributes = append(out.Attributes, models.AttemptAttribute{Name: name, Values: seen.AttributeNames[name]})
	}
	return out
}

// known is a time that a message gave, or nil.
func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = models.Stamp(at)
	return &at
}

// add appends a check that was made outside of package saml.
func (a *attempt) add(name string, status saml.CheckStatus, message string) {
	a.checks = append(a.checks, saml.Check{Name: name, Status: status, Actual: message, Trusted: true})
}

// Noted adds, to the record of a sign-in, a check that another room made.
func (l *Login) Noted(name string, passed bool, expected, actual string) {
	status := saml.Pass
	if !passed {
		status = saml.Fail
	}
	l.attempt.checks = append(l.attempt.checks, saml.Check{Name: name, Status: status, Expected: expected, Actual: actual, Trusted: true})
}

// failed reports whether the last check failed.
func (a *attempt) failed() bool {
	return len(a.checks) > 0 && a.checks[len(a.checks)-1].Status == saml.Fail
}

// membership adds what the roster said; the code is "" when it let the person in.
func (a *attempt) membership(code fault.Code) {
	switch {
	case code == "":
		a.add("membership", saml.Pass, "active")
	case a.failed(): // Consume said why
		a.add("membership", saml.Skipped, "nobody was looked for")
	default:
		a.add("membership", saml.Fail, code.Meaning())
	}
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
		Checks: make([]models.AttemptCheck, 0, len(a.checks)), IP: network(request.IP), RequestID: request.ID,
		Kind: a.kind, Verified: a.verified, MfaEvidence: a.mfaEvidence, Message: a.message, Repeated: 1,
	}
	switch {
	case a.test != "":
		out.Kind = models.AttemptTest
	case out.Kind == "":
		out.Kind = models.AttemptSignIn
	}
	out.Message.LoginTestID, out.Message.Browser = a.test, browser(request.UserAgent)
	if code == "" {
		out.Outcome = models.AttemptSucceeded
	}
	for _, c := range a.checks {
		actual := c.Actual
		if c.Message != "" {
			actual = c.Message
		}
		out.Checks = append(out.Checks, models.AttemptCheck{Name: c.Name, Status: string(c.Status), Expected: c.Expected, Actual: actual, Trusted: c.Trusted, Hint: hint(a.vendor, c.Code)})
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
	id := row.ID
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		id = row.ID
		flooded, err := flooding(tx, row)
		if err != nil {
			return err
		}
		if flooded {
			id, err = count(tx, row)
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return s.tellOfFailures(ctx, tx, row)
	})
	return id, err
}

// Refuse records an attempt that a door refused before there was a message to
// judge: a wrong binding, a body that is too large. The id is "" when no team
// has the slug.
func (s *Service) Refuse(ctx context.Context, slug string, code fault.Code) (models.ID, error) {
	return s.refuseUnread(ctx, slug, code, models.AttemptSignIn)
}

// RefuseLogout is Refuse for logout messages.
func (s *Service) RefuseLogout(ctx context.Context, slug string, code fault.Code) (models.ID, error) {
	return s.refuseUnread(ctx, slug, code, models.AttemptLogout)
}

func (s *Service) refuseUnread(ctx context.Context, slug string, code fault.Code, kind models.AttemptKind) (models.ID, error) {
	team, err := s.teamBySlug(ctx, slug)
	if fault.Is(err, fault.TeamNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	a := attempt{team: team.ID, kind: kind}
	a.add("binding", saml.Fail, code.Meaning())
	return s.refuse(ctx, a, code)
}
