package sso

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
)

// requestLife is how long a person may take at the identity provider. Those
// who take longer are shown how to start again; the row stays an hour so that
// they are told "expired" and not "unknown".
const (
	requestLife = 10 * time.Minute
	requestKept = time.Hour
)

// Start is where a sign-in begins.
type Start struct {
	Onward
	RequestID string
}

// Onward is where a browser goes from here with a message of ours: to an
// address, or by posting a form when that is not nil.
type Onward struct {
	RedirectURL string
	Form        *saml.Form
}

// maxHint is the longest login hint, in bytes.
const maxHint = 254

// Begin stores a pending request that is bound to the browser by a secret in
// its cookie, and returns where to send it. returnTo is a path of this
// installation that the caller has checked; loginHint is whom the person says
// to be, for identity providers that take that. Faults as of Landing, and
// sso_not_enabled when the team has no identity provider.
func (s *Service) Begin(ctx context.Context, slug, browserSecret, returnTo, loginHint string) (Start, error) {
	team, settings, err := s.permitted(ctx, slug)
	if err != nil {
		return Start{}, err
	}
	providers, err := providersOf(s.DB.Read(ctx), team.ID)
	if err != nil {
		return Start{}, err
	}
	p, ok := connection{settings: settings, providers: providers}.fallback()
	if !ok {
		return Start{}, fault.New(fault.SsoNotEnabled, "The team has no identity provider.")
	}
	asked, err := s.request(ctx, team, settings, p, loginHint)
	if err != nil {
		return Start{}, err
	}
	asked.row.BrowserHash, asked.row.ReturnTo = browserHash(browserSecret), returnTo
	return asked.Start, s.DB.InTx(ctx, func(tx *gorm.DB) error { return tx.Create(&asked.row).Error })
}

// asked is a request with the row that is still to be written.
type asked struct {
	Start
	row models.LoginRequest
}

// request makes the request to a provider, with whatever it needs outside of a
// transaction.
func (s *Service) request(ctx context.Context, team models.Team, settings models.SsoSettings, p models.IdentityProvider, loginHint string) (asked, error) {
	id, err := saml.NewRequestID()
	if err != nil {
		return asked{}, err
	}
	now := s.now()
	onward, err := s.ask(ctx, team, settings, p, id, loginHint)
	return asked{Start{Onward: onward, RequestID: id}, models.LoginRequest{
		ID: id, TeamID: team.ID, IdentityProviderID: p.ID, CreatedAt: now, ExpiresAt: now.Add(requestLife), ForceAuthn: p.ForceAuthn,
	}}, err
}

// ask makes the AuthnRequest as the provider wants it.
func (s *Service) ask(ctx context.Context, team models.Team, settings models.SsoSettings, p models.IdentityProvider, id, loginHint string) (Onward, error) {
	sp := s.ServiceProvider(team.Slug)
	r := saml.AuthnRequest{
		ID: id, IssueInstant: s.now(), Sign: p.SignAuthnRequests, ForceAuthn: p.ForceAuthn,
		NameIDFormat: p.NameIDFormat, Context: wanted(p),
	}
	if p.LoginHintParameter != "" && len(loginHint) <= maxHint && models.Printable(loginHint) {
		r.LoginHint, r.HintParameter = loginHint, p.LoginHintParameter
	}
	if r.Sign {
		var err error
		if sp, err = s.keyed(s.DB.Read(ctx), team, settings); err != nil {
			return Onward{}, err
		}
	}
	if p.SsoBinding == models.BindingPost {
		form, err := sp.PostRequest(p.SsoURL, r)
		return Onward{Form: &form}, err
	}
	address, err := sp.RedirectRequest(p.SsoURL, r)
	return Onward{RedirectURL: address}, err
}

func browserHash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// pending is the request that a message claims to answer.
type pending struct {
	row   models.LoginRequest
	known bool
}

// claimed reads the request that a message claims to answer, if it is one of
// the team's.
func (s *Service) claimed(ctx context.Context, team models.ID, id string) (pending, error) {
	if id == "" || len(id) > 200 {
		return pending{}, nil
	}
	var rows []models.LoginRequest
	err := s.DB.Read(ctx).Where("id = ? AND team_id = ?", id, team).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return pending{}, err
	}
	return pending{row: rows[0], known: true}, nil
}

// ofTest reports whether the request is part of a test login.
func (p pending) ofTest() bool { return p.test() != "" }

func (p pending) test() models.ID {
	if p.row.LoginTestID == nil {
		return ""
	}
	return *p.row.LoginTestID
}

// open says why the request cannot be answered by this browser now, or nil.
func (p pending) open(now time.Time, browserSecret string) *fault.Error {
	switch {
	case !p.known || p.row.ConsumedAt != nil:
		return fault.New(fault.RequestUnknown, "no request with this id is pending")
	case subtle.ConstantTimeCompare(p.row.BrowserHash, browserHash(browserSecret)) != 1:
		return fault.New(fault.RequestMismatch, "the request was made by another browser, or this one lost its cookie")
	case !now.Before(p.row.ExpiresAt):
		return fault.New(fault.RequestExpired, "the request was made at %s and could be answered until %s", p.row.CreatedAt.Format(time.RFC3339), p.row.ExpiresAt.Format(time.RFC3339))
	}
	return nil
}
