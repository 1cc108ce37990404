package sso

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

const (
	// maxPendingTests is how many test logins of a team wait for their answer.
	maxPendingTests = 10
	// testKept is for how long a test login can be looked at.
	testKept = 30 * 24 * time.Hour
)

// StartLoginTest makes a test login: a sign-in that goes through the real
// identity provider, is judged like every other one and changes nothing. It works
// while single sign-on is a draft or off. Without an identity provider it is of
// the team's default one. It begins when its address, which works once within
// fifteen minutes, is opened in a browser.
//
// Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, SSO_INCOMPLETE without an identity
// provider that has a certificate valid now, LIMIT_REACHED.
func (s *Service) StartLoginTest(ctx context.Context, team models.ID, provider *models.ID) (models.LoginTest, error) {
	var row models.LoginTest
	err := s.change(ctx, team, func(tx *gorm.DB, _ models.Team) error {
		settings, err := SettingsIn(tx, team)
		if err != nil {
			return err
		}
		if provider == nil {
			provider = settings.DefaultIdentityProviderID
		}
		if provider == nil {
			return incomplete("The team has no identity provider yet.")
		}
		p, err := providerIn(tx, *provider)
		if err != nil || p.TeamID != team {
			return fault.New(fault.Missing, "The team has no such identity provider.").On("identityProviderId")
		}
		live, err := countActive(tx, p.ID, "", s.now())
		if err != nil {
			return err
		}
		if live == 0 {
			return incomplete("The identity provider needs a certificate that is valid now.")
		}
		if err := s.roomForTest(tx, team); err != nil {
			return err
		}
		link, err := s.Credentials.NewLink(tx, models.OneTimeLink{Purpose: models.LinkLoginTest, TeamID: &team})
		if err != nil {
			return err
		}
		// The test has the id of its link, whose address can then be made of the test.
		row = models.LoginTest{
			ID: link.ID, TeamID: team, IdentityProviderID: p.ID, TrustRevision: settings.TrustRevision, State: models.TestPending,
			Checks: []models.AttemptCheck{}, StartedBy: access.From(ctx).Label, MembershipID: optional(access.From(ctx).MembershipID),
			StartedAt: s.now(), ExpiresAt: link.ExpiresAt,
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return s.recordTest(ctx, tx, row, p, audit.LoginTestStarted)
	})
	return row, err
}

func incomplete(message string) *fault.Error {
	return fault.New(fault.SsoIncomplete, "%s", message).On("teamId")
}

// roomForTest refuses a test too many of a locked team.
func (s *Service) roomForTest(tx *gorm.DB, team models.ID) error {
	var n int64
	err := tx.Model(&models.LoginTest{}).Where("team_id = ? AND state = ? AND expires_at > ?", team, models.TestPending, s.now()).Count(&n).Error
	if err == nil && n >= maxPendingTests {
		return fault.New(fault.LimitReached, "%d test logins wait for their answer; finish one of them, or wait a quarter of an hour.", n).On("teamId")
	}
	return err
}

func (s *Service) recordTest(ctx context.Context, tx *gorm.DB, row models.LoginTest, p models.IdentityProvider, action string) error {
	details := []models.AuditDetail{audit.Detail("identityProvider", p.EntityID)}
	if row.State != models.TestPending {
		details = append(details, audit.Detail("state", string(row.State)), audit.Detail("effect", row.Effect), audit.Detail("code", row.Code))
	}
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: row.TeamID, Action: action, Target: audit.Target{Kind: models.PrefixLoginTest, ID: row.ID, Label: p.EntityID}, Details: details,
	})
}

// LoginTestURL is the address that a test login begins at, "" when it is over.
// Whoever opens it goes through the test; it signs nobody in.
func (s *Service) LoginTestURL(row models.LoginTest) (string, error) {
	if row.State != models.TestPending || !s.now().Before(row.ExpiresAt) {
		return "", nil
	}
	return s.Credentials.LinkURL(s.BaseURL, models.OneTimeLink{ID: row.ID, Purpose: models.LinkLoginTest})
}

// TestLink is what the page of a test's address says.
type TestLink struct {
	Team     models.Team
	Provider models.IdentityProvider
}

// TestLink reads what a test's address is about and consumes nothing. Faults:
// NOT_FOUND, LINK_USED, LINK_EXPIRED.
func (s *Service) TestLink(ctx context.Context, token string) (TestLink, error) {
	link, err := s.Credentials.Link(ctx, models.LinkLoginTest, token)
	if err == nil {
		err = s.Credentials.LinkOpen(link)
	}
	if err != nil {
		return TestLink{}, err
	}
	return s.linkedTest(s.DB.Read(ctx), link)
}

func (s *Service) linkedTest(db *gorm.DB, link models.OneTimeLink) (TestLink, error) {
	var out TestLink
	var row models.LoginTest
	// A test goes with its identity provider.
	if err := db.Where("id = ?", link.ID).Take(&row).Error; err != nil {
		return out, models.Fault(err)
	}
	if err := db.Where("id = ?", row.TeamID).Take(&out.Team).Error; err != nil {
		return out, models.Fault(err)
	}
	if !out.Team.SsoAllowed() {
		return out, fault.New(fault.Missing, "The team's plan does not include single sign-on.")
	}
	var err error
	out.Provider, err = providerIn(db, row.IdentityProviderID)
	return out, err
}

// BeginTest uses a test's address up and returns where to send the browser,
// which the request is bound to like a sign-in's. Faults as of TestLink.
func (s *Service) BeginTest(ctx context.Context, token, browserSecret string) (Start, error) {
	about, err := s.TestLink(ctx, token)
	if err != nil {
		return Start{}, err
	}
	settings, err := SettingsIn(s.DB.Read(ctx), about.Team.ID)
	if err != nil {
		return Start{}, err
	}
	asked, err := s.request(ctx, about.Team, settings, about.Provider, "")
	if err != nil {
		return Start{}, err
	}
	return asked.Start, s.DB.InTx(ctx, func(tx *gorm.DB) error {
		link, err := s.Credentials.SpendLink(tx, models.LinkLoginTest, token)
		if err != nil {
			return err
		}
		row := asked.row
		row.BrowserHash, row.LoginTestID = browserHash(browserSecret), &link.ID
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return tx.Model(&models.LoginTest{}).Where("id = ? AND state = ?", link.ID, models.TestPending).Update("expires_at", row.ExpiresAt).Error
	})
}

// LoginTests lists a team's test logins, newest first.
func (s *Service) LoginTests(ctx context.Context, team models.ID, w models.Window) ([]models.LoginTest, bool, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, false, err
	}
	w.Desc = true
	var rows []models.LoginTest
	if err := w.Apply(s.DB.Read(ctx).Where("team_id = ?", team), "").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// CountLoginTests counts what LoginTests lists.
func (s *Service) CountLoginTests(ctx context.Context, team models.ID) (int, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return 0, err
	}
	var n int64
	err := s.DB.Read(ctx).Model(&models.LoginTest{}).Where("team_id = ?", team).Count(&n).Error
	return int(n), err
}

// LoginTest returns one test login.
func (s *Service) LoginTest(ctx context.Context, id models.ID) (models.LoginTest, error) {
	var row models.LoginTest
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

// LoginTestsByID is for batches: test logins that the caller may not see are left
// out.
func (s *Service) LoginTestsByID(ctx context.Context, ids []models.ID) (map[models.ID]models.LoginTest, error) {
	out := make(map[models.ID]models.LoginTest, len(ids))
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return out, nil
	}
	var rows []models.LoginTest
	err := q.Where("id IN ?", ids).Find(&rows).Error
	for _, t := range rows {
		out[t.ID] = t
	}
	return out, err
}
