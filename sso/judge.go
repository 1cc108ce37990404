package sso

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
)

// Login is an assertion that was judged good and has not been used yet.
type Login struct {
	Team      models.Team
	Settings  models.SsoSettings
	Provider  models.IdentityProvider
	Assertion *saml.Assertion
	ReturnTo  string // of the request, or what the identity provider asked for
	// ConflictID is what the sign-in left for an admin to settle, "" for nothing.
	ConflictID models.ID
	attempt    attempt
}

// Test is the test login that an answer belongs to, whether it was judged good
// or not; "" for a sign-in. The table of requests says so, never the message.
func (l *Login) Test() models.ID { return l.attempt.test }

// Lifetime is how long a session of this sign-in lasts that begins now. The end
// that the identity provider wishes counts only for teams that asked for it:
// PingOne's is five minutes away.
func (l *Login) Lifetime(now time.Time) time.Duration {
	life := time.Duration(l.Settings.SessionHours) * time.Hour
	if end := l.Assertion.SessionNotOnOrAfter; l.Settings.HonourSessionEnd && !end.IsZero() {
		life = max(0, min(life, end.Sub(now)))
	}
	return life
}

// Judge runs the pipeline over the two values that an identity provider had a
// browser post to the team's assertion consumer service. Team and identity
// provider come from the address and the request table, never from the message;
// the message's own claims choose among the team's providers and are compared.
//
// A refusal is stored and its attempt's id returned with the fault, whose code
// is one of the small-letter ones. The id is "" when no team has the slug.
func (s *Service) Judge(ctx context.Context, slug, samlResponse, relayState, browserSecret string) (Login, models.ID, error) {
	c, closed := s.connect(ctx, slug)
	if closed != nil {
		// Nobody signs in here; a test login may be under way all the same.
		var err error
		if c, err = s.connectTest(ctx, c, closed); err != nil {
			return s.unconnected(ctx, c, err)
		}
	}
	a := attempt{team: c.team.ID}
	if !c.anyLive(s.now()) {
		a.add("certificates", saml.Fail, "no certificate of any identity provider is valid now")
		return s.refused(ctx, a, fault.New(fault.CertificateMissing, "No certificate is trusted at this time."))
	}
	var message *saml.Message
	var refusal *saml.Refusal
	if err := inTurn(ctx, func() { message, refusal = saml.Receive(samlResponse, saml.Limits{}) }); err != nil {
		return s.turnedAway(ctx, a, err)
	}
	if refusal != nil && closed != nil {
		return s.unconnected(ctx, c, closed)
	}
	if refusal != nil {
		a.checks = refusal.Checks
		return s.refused(ctx, a, refusal)
	}
	request, err := s.claimed(ctx, c.team.ID, message.InResponseTo())
	if err != nil {
		return Login{}, "", err
	}
	if closed != nil && !request.ofTest() {
		return s.unconnected(ctx, c, closed)
	}
	a.idpInitiated, a.test = message.InResponseTo() == "", request.test()
	provider, ok := c.choose(request, message.Issuer())
	if !ok {
		a.add("identity_provider", saml.Fail, "the team has no identity provider")
		return s.refused(ctx, a, fault.New(fault.SsoNotEnabled, "The team has no identity provider."))
	}
	a.provider, a.vendor = provider.ID, provider.Vendor
	login := Login{Team: c.team, Settings: c.settings, Provider: provider, ReturnTo: relayState}
	var problem error
	if err := inTurn(ctx, func() { problem = s.validate(&login, &a, message, c, request, browserSecret) }); err != nil {
		return s.turnedAway(ctx, a, err)
	}
	switch {
	case problem != nil && request.ofTest():
		return s.refusedTest(ctx, a, request, browserSecret, problem)
	case problem != nil:
		return s.refused(ctx, a, problem)
	}
	login.attempt = a
	return login, "", nil
}

// turnedAway is for messages whose turn did not come.
func (s *Service) turnedAway(ctx context.Context, a attempt, err error) (Login, models.ID, error) {
	if !fault.Is(err, fault.LoginLimited) {
		return Login{}, "", err
	}
	a.add("turn", saml.Fail, fault.LoginLimited.Meaning())
	return s.refused(ctx, a, err)
}

// unconnected turns down sign-ins for teams that nobody signs in to.
func (s *Service) unconnected(ctx context.Context, c connection, err error) (Login, models.ID, error) {
	if _, ok := fault.As(err); !ok || c.team.ID == "" {
		return Login{}, "", err
	}
	a := attempt{team: c.team.ID}
	a.add("settings", saml.Fail, fault.CodeOf(err).Meaning())
	return s.refused(ctx, a, err)
}

// refused stores the attempt and returns the reason with its id.
func (s *Service) refused(ctx context.Context, a attempt, reason error) (Login, models.ID, error) {
	id, err := s.refuse(ctx, a, fault.CodeOf(reason))
	if err != nil {
		return Login{}, "", fmt.Errorf("recording an attempt that was refused with %s: %w", fault.CodeOf(reason), err)
	}
	return Login{attempt: a}, id, reason
}

func (c connection) anyLive(now time.Time) bool {
	for _, list := range c.certs {
		for _, cert := range list {
			if !now.Before(cert.X509.NotBefore) && !now.After(cert.X509.NotAfter) {
				return true
			}
		}
	}
	return false
}

// choose picks the provider whose message this has to be: the one that the
// answered request went to, else the one that the message names, else the
// team's default, with which the message will be found not to agree.
func (c connection) choose(request pending, issuer string) (models.IdentityProvider, bool) {
	if request.known {
		if p, ok := c.provider(request.row.IdentityProviderID); ok {
			return p, true
		}
	}
	for _, p := range c.providers {
		if p.EntityID == issuer {
			return p, true
		}
	}
	return c.fallback()
}

// validate lets package saml judge the message and binds it to the browser's
// request. It fills in the login and the attempt.
func (s *Service) validate(login *Login, a *attempt, message *saml.Message, c connection, request pending, browserSecret string) error {
	e := saml.Expectation{
		SP: c.sp, Provider: c.trusted(login.Provider), Now: s.Now(), Skew: c.skew(),
		AllowUnsolicited: c.settings.IdpInitiatedEnabled,
		Context:          wanted(login.Provider), MFA: mfaRule(login.Provider, c.settings.RequireMfa),
	}
	// The expectation names the request whenever the team made it, so that the
	// pipeline compares; whether this browser may still answer it is judged here.
	var closed *fault.Error
	if request.known {
		e.RequestID, e.ForceAuthn, e.RequestedAt = request.row.ID, request.row.ForceAuthn, request.row.CreatedAt
		closed = request.open(s.now(), browserSecret)
		login.ReturnTo = request.row.ReturnTo
	}
	assertion, report := message.Validate(e)
	a.seen(report, assertion)
	a.timed(report.Seen.IssueInstant, request, s.now())
	if matched := c.fingerprint(login.Provider.ID, assertion); matched != "" {
		a.message.MatchedFingerprint = matched
	}
	if report.Refusal != nil {
		return report.Refusal
	}
	if request.known {
		if closed != nil {
			a.add("request", saml.Fail, closed.Message)
			return closed
		}
		a.add("request", saml.Pass, "pending, of this browser")
	}
	login.Assertion, a.certificate = assertion, assertion.CertificateID
	return nil
}

// Consume spends the request and remembers the assertion in the caller's
// transaction. The unique index on used assertions and the update of a request
// that is still open make both happen once, whatever runs beside. Faults:
// assertion_replayed, request_unknown, and what stillTrusted says. The answer of
// a test login is a request_unknown here: it lets nobody in.
func (l *Login) Consume(tx *gorm.DB, now time.Time) error {
	if l.Test() != "" {
		l.attempt.add("replay", saml.Fail, "the request was of a test login")
		return fault.New(fault.RequestUnknown, "The request was of a test login.")
	}
	if err := l.spend(tx, now); err != nil {
		return err
	}
	if err := l.stillTrusted(tx); err != nil {
		return err
	}
	return touchCertificate(tx, models.ID(l.Assertion.CertificateID), models.Stamp(now))
}

// spend uses up the assertion and the request.
func (l *Login) spend(tx *gorm.DB, now time.Time) error {
	first, err := firstUse(tx, l.Provider, l.Assertion.ID, l.Assertion.NotOnOrAfter)
	switch {
	case err != nil:
		return err
	case !first:
		l.attempt.add("replay", saml.Fail, "the assertion was used before")
		return fault.New(fault.AssertionReplayed, "The assertion was used before.")
	}
	if l.Assertion.InResponseTo != "" {
		spent, err := spendRequest(tx, l.Assertion.InResponseTo, l.Team.ID, l.Test(), now)
		switch {
		case err != nil:
			return err
		case !spent:
			l.attempt.add("replay", saml.Fail, "the request was answered before")
			return fault.New(fault.RequestUnknown, "The request was answered before.")
		}
	}
	l.attempt.add("replay", saml.Pass, "first use")
	return nil
}

// spendRequest spends a request, once: a sign-in's, or that of one test login.
func spendRequest(tx *gorm.DB, id string, team, test models.ID, now time.Time) (bool, error) {
	q := tx.Model(&models.LoginRequest{}).Where("id = ? AND team_id = ? AND consumed_at IS NULL", id, team)
	if test == "" {
		q = q.Where("login_test_id IS NULL")
	} else {
		q = q.Where("login_test_id = ?", test)
	}
	done := q.Update("consumed_at", models.Stamp(now))
	return done.RowsAffected > 0, done.Error
}

// stillTrusted looks again at what the message was judged by: it may have waited
// long for its turn, and an admin who removes a stolen certificate or switches
// single sign-on off means at once. The certificate cannot go before the caller's
// transaction has ended. Faults: signature_unknown_certificate, sso_not_enabled.
func (l *Login) stillTrusted(tx *gorm.DB) error {
	var rows []models.Certificate
	err := tx.Clauses(clause.Locking{Strength: "KEY SHARE"}).Select("id").
		Where("id = ? AND identity_provider_id = ?", l.Assertion.CertificateID, l.Provider.ID).Find(&rows).Error
	if err != nil {
		return err
	}
	settings, err := SettingsIn(tx, l.Team.ID)
	switch {
	case err != nil:
		return err
	case len(rows) == 0:
		l.attempt.add("certificates", saml.Fail, "the certificate was removed after it had verified the message")
		return fault.New(fault.SignatureUnknownCert, "The certificate is not trusted any more.")
	case !settings.State.On() && l.Test() == "":
		l.attempt.add("settings", saml.Fail, fault.SsoNotEnabled.Meaning())
		return fault.New(fault.SsoNotEnabled, "Single sign-on is off for the team.")
	}
	return nil
}

// firstUse remembers a message of a provider by its id until it could not be
// used any more, and reports whether it was not known yet.
func firstUse(tx *gorm.DB, p models.IdentityProvider, id string, until time.Time) (bool, error) {
	row, err := models.NewID()
	if err != nil {
		return false, err
	}
	// Neither an entity id nor an id of XML holds a zero byte.
	sum := sha256.Sum256([]byte(p.EntityID + "\x00" + id))
	made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&models.SeenAssertion{
		ID: row, TeamID: p.TeamID, IdentityProviderID: &p.ID, AssertionHash: sum[:], ExpiresAt: models.Stamp(until),
	})
	return made.RowsAffected > 0, made.Error
}

// certificateTouch is how exact a certificate's last-used time is: it is one
// row for all of a team's sign-ins, which must not queue for it.
const certificateTouch = time.Minute

// touchCertificate notes that the certificate verified a sign-in.
func touchCertificate(tx *gorm.DB, id models.ID, now time.Time) error {
	return tx.Model(&models.Certificate{}).Where("id = ? AND (last_used_at IS NULL OR last_used_at < ?)", id, now.Add(-certificateTouch)).
		Update("last_used_at", now).Error
}

// Record stores the attempt in the caller's transaction: succeeded when reason
// is nil, refused with the reason's code otherwise. It returns the attempt's id.
func (l *Login) Record(ctx context.Context, tx *gorm.DB, s *Service, membership models.ID, reason error) (models.ID, error) {
	var code fault.Code
	if reason != nil {
		code = fault.CodeOf(reason)
	}
	l.attempt.membership(code)
	row, err := s.row(ctx, l.attempt, code)
	if err != nil {
		return "", err
	}
	row.MembershipID, row.ConflictID = optional(membership), optional(l.ConflictID)
	return row.ID, tx.Create(&row).Error
}
