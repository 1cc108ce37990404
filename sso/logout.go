package sso

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
)

const (
	// logoutLife is how long an identity provider may take to answer, or for how
	// long a request of its can be used.
	logoutLife = 10 * time.Minute
	// logoutKept is how long the id of a request that came is remembered, to which
	// Prune adds an hour. Package saml takes none that was made more than a day ago.
	logoutKept = 24 * time.Hour
)

// BeginLogout says where to send the browser of a session that was ended here,
// so that the identity provider ends its own: nowhere when it has no address
// for that, when it named no session of its own, or when the team has no key to
// sign with. The session itself has been closed already, whatever becomes of it.
func (s *Service) BeginLogout(ctx context.Context, session models.Session) (Onward, error) {
	if session.IdentityProviderID == nil || session.NameID == "" || session.SessionIndex == "" {
		return Onward{}, nil
	}
	db := s.DB.Read(ctx)
	p, err := providerIn(db, *session.IdentityProviderID)
	if fault.Is(err, fault.Missing) || err == nil && (p.SloURL == "" || p.TeamID != session.TeamID) {
		return Onward{}, nil
	}
	if err != nil {
		return Onward{}, err
	}
	var team models.Team
	if err := db.Where("id = ?", session.TeamID).Take(&team).Error; err != nil {
		return Onward{}, models.Fault(err)
	}
	sp, err := s.keyed(db, team, models.SsoSettings{})
	if err != nil || len(sp.SigningKeys) == 0 {
		return Onward{}, err
	}
	id, err := saml.NewRequestID()
	if err != nil {
		return Onward{}, err
	}
	now := s.now()
	onward, err := logoutRequest(sp, p, saml.LogoutRequest{
		ID: id, IssueInstant: now, NotOnOrAfter: now.Add(logoutLife),
		NameID: session.NameID, NameIDFormat: session.NameIDFormat, NameQualifier: session.NameQualifier, SPNameQualifier: session.SPNameQualifier,
		SessionIndexes: []string{session.SessionIndex},
	})
	if err != nil {
		return Onward{}, err
	}
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		return tx.Create(&models.LogoutRequest{
			ID: id, TeamID: team.ID, IdentityProviderID: p.ID, SessionID: session.ID, CreatedAt: now, ExpiresAt: now.Add(logoutLife),
		}).Error
	})
	return onward, err
}

func logoutRequest(sp saml.ServiceProvider, p models.IdentityProvider, r saml.LogoutRequest) (Onward, error) {
	if p.SloBinding == models.BindingPost {
		form, err := sp.LogoutRequestForm(p.SloURL, r)
		return Onward{Form: &form}, err
	}
	address, err := sp.LogoutRequestURL(p.SloURL, r)
	return Onward{RedirectURL: address}, err
}

// LogoutPost is the posted form of a logout message; of the first two one is "".
type LogoutPost struct{ Request, Response, RelayState string }

// LoggedOut is what became of a logout message that was accepted.
type LoggedOut struct {
	// Answer is where the browser carries our answer to a request. It is empty
	// after an answer to our own, when the provider has no address for one, and
	// when the team has no key to sign it with.
	Answer *Onward
	Ended  []models.Session // by a request
	// Incomplete says that the identity provider did not end everything.
	Incomplete bool
}

// Logout takes a logout message of an identity provider: out of an address's
// raw query when post is nil. A request ends exactly the sessions that it names
// and is used once; an answer must be to a request of ours. Without a signature
// that a trusted certificate verifies, nothing happens.
//
// A refusal is stored and its attempt's id returned with the fault.
func (s *Service) Logout(ctx context.Context, slug, rawQuery string, post *LogoutPost) (LoggedOut, models.ID, error) {
	c, err := s.connectLogout(ctx, slug)
	if err != nil {
		_, id, err := s.unconnected(ctx, c, err)
		return LoggedOut{}, id, err
	}
	a := attempt{team: c.team.ID, kind: models.AttemptLogout}
	refused := func(reason error) (LoggedOut, models.ID, error) {
		_, id, err := s.refused(ctx, a, reason)
		return LoggedOut{}, id, err
	}
	var message *saml.LogoutMessage
	var refusal *saml.Refusal
	if err := inTurn(ctx, func() { message, refusal = receiveLogout(rawQuery, post) }); err != nil {
		_, id, err := s.turnedAway(ctx, a, err)
		return LoggedOut{}, id, err
	}
	if refusal != nil {
		a.checks = refusal.Checks
		return refused(refusal)
	}
	provider, ok := c.named(message.Issuer())
	if !ok {
		a.add("identity_provider", saml.Fail, "the message is of no identity provider of the team")
		return refused(fault.New(fault.LogoutInvalid, "The message is of no identity provider of the team."))
	}
	a.provider, a.vendor, a.idpInitiated = provider.ID, provider.Vendor, message.IsRequest()
	if message.IsRequest() {
		return s.endedBy(ctx, c, provider, message, a)
	}
	return s.answered(ctx, c, provider, message, a)
}

func receiveLogout(rawQuery string, post *LogoutPost) (*saml.LogoutMessage, *saml.Refusal) {
	if post == nil {
		return saml.ReceiveLogoutQuery(rawQuery)
	}
	return saml.ReceiveLogoutForm(post.Request, post.Response, post.RelayState)
}

// named is the team's provider with this entity id.
func (c connection) named(entityID string) (models.IdentityProvider, bool) {
	for _, p := range c.providers {
		if p.EntityID == entityID {
			return p, true
		}
	}
	return models.IdentityProvider{}, false
}

func (s *Service) logoutExpectation(c connection, p models.IdentityProvider) saml.LogoutExpectation {
	return saml.LogoutExpectation{SP: c.sp, Provider: c.trusted(p), Now: s.Now(), Skew: c.skew()}
}

// endedBy carries a LogoutRequest out and answers it.
func (s *Service) endedBy(ctx context.Context, c connection, p models.IdentityProvider, message *saml.LogoutMessage, a attempt) (LoggedOut, models.ID, error) {
	var request *saml.LogoutRequest
	var report *saml.Report
	if err := inTurn(ctx, func() { request, report = message.Request(s.logoutExpectation(c, p)) }); err != nil {
		_, id, err := s.turnedAway(ctx, a, err)
		return LoggedOut{}, id, err
	}
	a.seen(report, nil)
	if report.Refusal != nil {
		_, id, err := s.refused(ctx, a, report.Refusal)
		return LoggedOut{}, id, err
	}
	var out LoggedOut
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		out = LoggedOut{}
		first, err := firstUse(tx, p, "logout "+request.ID, s.now().Add(logoutKept))
		if err != nil {
			return err
		}
		if !first {
			return fault.New(fault.LogoutInvalid, "The request was used before.")
		}
		store := &credential.Store{DB: s.DB, Now: s.Now}
		out.Ended, err = store.EndVouched(ctx, tx, credential.Vouched{
			Team: c.team.ID, IdentityProvider: p.ID, NameID: request.NameID, Indexes: request.SessionIndexes,
		}, p.EntityID)
		return err
	})
	if fault.Is(err, fault.LogoutInvalid) {
		a.add("replay", saml.Fail, "the request was used before")
		_, id, err := s.refused(ctx, a, err)
		return LoggedOut{}, id, err
	}
	// An answer must be signed; without a key or an address for it the browser
	// stays here and is told how it ended.
	if err != nil || p.SloURL == "" || len(c.sp.SigningKeys) == 0 {
		return out, "", err
	}
	id, err := saml.NewRequestID()
	if err != nil {
		return out, "", err
	}
	answer, err := logoutResponse(c.sp, p, saml.LogoutResponse{ID: id, IssueInstant: s.now(), InResponseTo: request.ID, RelayState: echoed(request.RelayState)})
	out.Answer = &answer
	return out, "", err
}

// maxEcho is the longest RelayState that goes back (SAML bindings, section 3.4.3).
const maxEcho = 80

func echoed(state string) string {
	if len(state) > maxEcho {
		return ""
	}
	return state
}

func logoutResponse(sp saml.ServiceProvider, p models.IdentityProvider, r saml.LogoutResponse) (Onward, error) {
	address := p.SloURL
	if p.SloResponseURL != "" {
		address = p.SloResponseURL
	}
	if p.SloBinding == models.BindingPost {
		form, err := sp.LogoutResponseForm(address, r)
		return Onward{Form: &form}, err
	}
	to, err := sp.LogoutResponseURL(address, r)
	return Onward{RedirectURL: to}, err
}

// answered takes the answer to a request of ours, once.
func (s *Service) answered(ctx context.Context, c connection, p models.IdentityProvider, message *saml.LogoutMessage, a attempt) (LoggedOut, models.ID, error) {
	expected := s.logoutExpectation(c, p)
	var found []models.LogoutRequest
	if id := message.InResponseTo(); id != "" && len(id) <= 200 && models.Printable(id) {
		err := s.DB.Read(ctx).Where("id = ? AND team_id = ? AND identity_provider_id = ? AND consumed_at IS NULL AND expires_at > ?", id, c.team.ID, p.ID, s.now()).Find(&found).Error
		if err != nil {
			return LoggedOut{}, "", err
		}
	}
	if len(found) > 0 {
		expected.RequestID = found[0].ID
	}
	var response *saml.LogoutResponse
	var report *saml.Report
	if err := inTurn(ctx, func() { response, report = message.Response(expected) }); err != nil {
		_, id, err := s.turnedAway(ctx, a, err)
		return LoggedOut{}, id, err
	}
	a.seen(report, nil)
	if report.Refusal != nil {
		_, id, err := s.refused(ctx, a, report.Refusal)
		return LoggedOut{}, id, err
	}
	var spent int64
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		done := tx.Model(&models.LogoutRequest{}).Where("id = ? AND consumed_at IS NULL", expected.RequestID).Update("consumed_at", s.now())
		spent = done.RowsAffected
		return done.Error
	})
	if err != nil {
		return LoggedOut{}, "", err
	}
	if spent == 0 {
		a.add("replay", saml.Fail, "the request was answered before")
		_, id, err := s.refused(ctx, a, fault.New(fault.RequestUnknown, "The request was answered before."))
		return LoggedOut{}, id, err
	}
	return LoggedOut{Incomplete: response.Status != "" || response.PartialLogout}, "", nil
}
