package sso

import (
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/domain"
	"rollcall/fault"
	"rollcall/models"
)

// The settings of a new team and the bounds of what admins may choose.
const (
	defaultSessionHours = 24
	defaultKeyHours     = 8
	maxKeyHours         = 24
	maxContact          = 200 // characters
	defaultIdleMinutes  = 8 * 60
	maxSessionHours     = 30 * 24
	minIdleMinutes      = 5
	defaultSkewSeconds  = 90
	maxSkewSeconds      = 180
)

// Prepare writes the settings of a new team in the caller's transaction.
func Prepare(tx *gorm.DB, team models.ID, now time.Time) error {
	id, err := models.NewID()
	if err != nil {
		return err
	}
	row := beginning(team)
	row.ID, row.Revision, row.CreatedAt, row.UpdatedAt = id, 1, now, now
	return tx.Create(&row).Error
}

// beginning are the settings of a new team.
func beginning(team models.ID) models.SsoSettings {
	return models.SsoSettings{
		TeamID: team, State: models.SsoDraft, DefaultRole: models.RoleMember, JitEnabled: true,
		ConfirmEmail: true, AllowedDomains: []string{}, TrustRevision: 1, APIKeyHours: defaultKeyHours,
		SessionHours: defaultSessionHours, SessionIdleMinutes: defaultIdleMinutes, ClockSkewSeconds: defaultSkewSeconds,
	}
}

// SettingsIn reads a team's settings in the caller's transaction.
func SettingsIn(tx *gorm.DB, team models.ID) (models.SsoSettings, error) {
	var row models.SsoSettings
	err := tx.Where("team_id = ?", team).Take(&row).Error
	return row, models.Fault(err)
}

// Settings returns a team's settings.
func (s *Service) Settings(ctx context.Context, team models.ID) (models.SsoSettings, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return models.SsoSettings{}, err
	}
	return SettingsIn(s.DB.Read(ctx), team)
}

// SettingsByID returns the settings with an id of their own.
func (s *Service) SettingsByID(ctx context.Context, id models.ID) (models.SsoSettings, error) {
	var row models.SsoSettings
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

// SettingsChange is a partial change; what is nil stays as it is.
type SettingsChange struct {
	DefaultRole               *models.Role
	IdpInitiatedEnabled       *bool
	JitEnabled                *bool
	SessionHours              *int
	SessionIdleMinutes        *int
	ClockSkewSeconds          *int
	RequireMfa                *bool
	HonourSessionEnd          *bool
	SignMetadata              *bool
	EncryptAssertions         *bool
	DefaultIdentityProviderID *models.ID
	ConfirmEmail              *bool
	TrustVerifiedDomains      *bool
	AllowedDomains            *[]string
	APIKeyHours               *int
	Contact                   *string // "" is none
	Revision                  *int    // that the caller read, or nil
}

// UpdateSettings changes a team's settings. Faults: NOT_FOUND, FORBIDDEN,
// PLAN_REQUIRED, STALE_REVISION, INVALID.
func (s *Service) UpdateSettings(ctx context.Context, team models.ID, c SettingsChange) (models.SsoSettings, error) {
	var row models.SsoSettings
	if err := access.Require(ctx, access.SsoWrite, team); err != nil {
		return row, err
	}
	key, err := s.spareKey(ctx, team, isTrue(c.SignMetadata) || isTrue(c.EncryptAssertions))
	if err != nil {
		return row, err
	}
	err = s.change(ctx, team, func(tx *gorm.DB, _ models.Team) error {
		var err error
		if row, err = SettingsIn(tx, team); err != nil {
			return err
		}
		if c.Revision != nil && *c.Revision != row.Revision {
			return fault.New(fault.StaleRevision, "The settings are at revision %d now.", row.Revision).On("revision")
		}
		before := row
		if err := c.apply(tx, &row); err != nil {
			return err
		}
		if reflect.DeepEqual(row, before) {
			return nil
		}
		if err := s.firstKey(ctx, tx, team, key); err != nil {
			return err
		}
		if otherTrust(before, row) {
			distrusted(&row)
		}
		return s.saveSettings(ctx, tx, &row, audit.SsoSettingsChanged, changes(before, row))
	})
	return row, err
}

// change runs fn with the team locked and its admin and plan checked.
func (s *Service) change(ctx context.Context, team models.ID, fn func(tx *gorm.DB, team models.Team) error) error {
	return s.locked(ctx, team, func(tx *gorm.DB, t models.Team) error {
		if err := planned(t); err != nil {
			return err
		}
		return fn(tx, t)
	})
}

// locked runs fn with the team locked and its admin checked.
func (s *Service) locked(ctx context.Context, team models.ID, fn func(tx *gorm.DB, team models.Team) error) error {
	if err := access.Require(ctx, access.SsoWrite, team); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		t, err := models.LockTeam(tx, team)
		if err != nil {
			return err
		}
		return fn(tx, t)
	})
}

// planned refuses a team whose plan does not include single sign-on.
func planned(t models.Team) error {
	if t.SsoAllowed() {
		return nil
	}
	return fault.New(fault.PlanRequired, "Single sign-on needs the plan TEAM or ENTERPRISE; the team's is %s.", t.Plan)
}

func (c SettingsChange) apply(tx *gorm.DB, row *models.SsoSettings) error {
	set(&row.DefaultRole, c.DefaultRole)
	set(&row.IdpInitiatedEnabled, c.IdpInitiatedEnabled)
	set(&row.JitEnabled, c.JitEnabled)
	set(&row.SessionHours, c.SessionHours)
	set(&row.SessionIdleMinutes, c.SessionIdleMinutes)
	set(&row.ClockSkewSeconds, c.ClockSkewSeconds)
	set(&row.RequireMfa, c.RequireMfa)
	set(&row.HonourSessionEnd, c.HonourSessionEnd)
	set(&row.SignMetadata, c.SignMetadata)
	set(&row.EncryptAssertions, c.EncryptAssertions)
	set(&row.ConfirmEmail, c.ConfirmEmail)
	set(&row.TrustVerifiedDomains, c.TrustVerifiedDomains)
	set(&row.APIKeyHours, c.APIKeyHours)
	if c.Contact != nil {
		row.Contact = strings.TrimSpace(*c.Contact)
	}
	if c.AllowedDomains != nil {
		var err error
		if row.AllowedDomains, err = properDomains(*c.AllowedDomains); err != nil {
			return err
		}
	}
	switch {
	case row.SessionHours < 1 || row.SessionHours > maxSessionHours:
		return fault.New(fault.InvalidValue, "A session lasts 1 to %d hours.", maxSessionHours).On("sessionHours")
	case row.APIKeyHours < 1 || row.APIKeyHours > maxKeyHours:
		return fault.New(fault.InvalidValue, "API keys of people under single sign-on work for 1 to %d hours.", maxKeyHours).On("apiKeyHours")
	case utf8.RuneCountInString(row.Contact) > maxContact || !models.Printable(row.Contact):
		return fault.New(fault.InvalidValue, "The contact has %d printable characters at most.", maxContact).On("contact")
	case row.ClockSkewSeconds < 0 || row.ClockSkewSeconds > maxSkewSeconds:
		return fault.New(fault.InvalidValue, "Clocks may differ by 0 to %d seconds.", maxSkewSeconds).On("clockSkewSeconds")
	case row.SessionIdleMinutes < minIdleMinutes || row.SessionIdleMinutes > row.SessionHours*60:
		return fault.New(fault.InvalidValue, "A session may be idle for %d minutes up to its whole life of %d.", minIdleMinutes, row.SessionHours*60).On("sessionIdleMinutes")
	}
	if c.DefaultIdentityProviderID == nil {
		return nil
	}
	p, err := providerIn(tx, *c.DefaultIdentityProviderID)
	if err != nil || p.TeamID != row.TeamID {
		return fault.New(fault.Missing, "The team has no such identity provider.").On("defaultIdentityProviderId")
	}
	if row.DefaultIdentityProviderID == nil || *row.DefaultIdentityProviderID != p.ID {
		row.DefaultIdentityProviderID = &p.ID
	}
	return nil
}

// maxAllowedDomains is how many domains a team may name.
const maxAllowedDomains = 50

// properDomains brings names of domains into their one form and order.
func properDomains(names []string) ([]string, error) {
	if len(names) > maxAllowedDomains {
		return nil, fault.New(fault.InvalidValue, "A team may allow %d domains; without any, every one is.", maxAllowedDomains).On("allowedDomains")
	}
	out := make([]string, 0, len(names))
	for i, n := range names {
		name, err := domain.Normalise(n)
		if f, ok := fault.As(err); ok {
			return nil, f.On("allowedDomains", strconv.Itoa(i))
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func isTrue(b *bool) bool { return b != nil && *b }

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// saveSettings writes a changed row and the event that tells of it.
func (s *Service) saveSettings(ctx context.Context, tx *gorm.DB, row *models.SsoSettings, action string, details []models.AuditDetail) error {
	row.Revision++
	row.UpdatedAt = s.now()
	if err := tx.Select("*").Omit("id", "team_id", "created_at").Where("id = ?", row.ID).Updates(row).Error; err != nil {
		return err
	}
	if err := s.tellOfSettings(ctx, tx, row.TeamID, action, details); err != nil {
		return err
	}
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: row.TeamID, Action: action, Details: details,
		Target: audit.Target{Kind: models.PrefixSsoSettings, ID: row.ID},
	})
}

// Enable switches single sign-on on. Only operators may skip the test login.
//
// Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, SSO_INCOMPLETE without an
// identity provider that has a certificate valid now, TEST_LOGIN_REQUIRED.
func (s *Service) Enable(ctx context.Context, team models.ID, skipLoginTest bool) (models.SsoSettings, error) {
	var row models.SsoSettings
	err := s.change(ctx, team, func(tx *gorm.DB, _ models.Team) error {
		var err error
		if row, err = SettingsIn(tx, team); err != nil || row.State.On() {
			return err
		}
		usable, err := s.usable(tx, row)
		if err != nil {
			return err
		}
		if !usable {
			return fault.New(fault.SsoIncomplete, "The team's identity provider needs a certificate that is valid now.")
		}
		test := "passed"
		switch {
		case skipLoginTest:
			if err := access.Require(ctx, access.SsoSkipTest, ""); err != nil {
				return fault.New(fault.Forbidden, "Only operators may skip the test login.")
			}
			test = "skipped"
		case row.TestedAt == nil:
			return untested()
		}
		now := s.now()
		row.State, row.EnabledAt, row.EnabledBy = models.SsoEnabled, &now, access.From(ctx).Label
		row.DisabledAt, row.DisabledReason = nil, ""
		return s.saveSettings(ctx, tx, &row, audit.SsoEnabled, []models.AuditDetail{audit.Detail("loginTest", test)})
	})
	return row, err
}

func untested() *fault.Error {
	return fault.New(fault.TestLoginRequired, "The present settings have not been tried in a test login that passed.").On("teamId")
}

// usable reports whether the provider that people are sent to has a
// certificate that verifies now.
func (s *Service) usable(tx *gorm.DB, row models.SsoSettings) (bool, error) {
	if row.DefaultIdentityProviderID == nil {
		return false, nil
	}
	n, err := countActive(tx, *row.DefaultIdentityProviderID, "", s.now())
	return n > 0, err
}
