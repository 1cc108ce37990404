package credential

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

const (
	// directKeyLife and maxKeyLife bound the keys of people with an account of
	// their own. Integrations' keys end only if they are told to.
	directKeyLife = 90 * 24 * time.Hour
	maxKeyLife    = 366 * 24 * time.Hour
	// maxKeys is how many live API keys a member may have.
	maxKeys = 50
	// maxName is the longest name of a credential, in characters.
	maxName = 100
)

// NewAPIKey describes an API key to be made. A nil ExpiresAt asks for the
// longest life that the member may have by default.
type NewAPIKey struct {
	TeamID       models.ID
	MembershipID models.ID
	Name         string
	Scopes       []models.Scope
	ExpiresAt    *time.Time
	Networks     []string // CIDR prefixes or addresses that it works from; none is everywhere
}

// CreateAPIKey makes a key for a member and returns it with its secret, which
// is not kept. Members make their own; admins and operators make anybody's.
//
// Faults: NOT_FOUND, FORBIDDEN, REQUIRED, INVALID, LIMIT_REACHED, CONFLICT for a
// deactivated member and SSO_LOGIN_REQUIRED for a person under single sign-on
// who did not sign in through the identity provider within the hours that the
// team sets.
func (s *Store) CreateAPIKey(ctx context.Context, in NewAPIKey) (models.APIKey, string, error) {
	name, err := properName(in.Name)
	if err != nil {
		return models.APIKey{}, "", err
	}
	if err := properScopes(access.From(ctx), in.Scopes); err != nil {
		return models.APIKey{}, "", err
	}
	networks, err := properNetworks(in.Networks)
	if err != nil {
		return models.APIKey{}, "", err
	}
	var row models.APIKey
	var secret string
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		m, err := models.LockMembership(tx, in.MembershipID)
		if err != nil {
			return onField(err, "membershipId")
		}
		if m.TeamID != in.TeamID {
			return fault.New(fault.Missing, "The team has no such member.").On("membershipId")
		}
		if err := requireKeys(ctx, m.TeamID, m.ID); err != nil {
			return err
		}
		expires, err := s.allowed(tx, m, in.ExpiresAt)
		if err != nil {
			return err
		}
		if row, secret, err = s.insertKey(ctx, tx, models.APIKey{
			Name: name, TeamID: &m.TeamID, UserID: &m.UserID, MembershipID: &m.ID, Scopes: in.Scopes, ExpiresAt: expires,
			AllowedNetworks: networks,
		}); err != nil {
			return err
		}
		return s.recordKey(ctx, tx, audit.APIKeyCreated, row)
	})
	return row, secret, err
}

// requireKeys asks for the permission to deal with a member's API keys.
func requireKeys(ctx context.Context, team, membership models.ID) error {
	if access.From(ctx).MembershipID == membership {
		return access.Require(ctx, access.KeysOwn, team)
	}
	return access.Require(ctx, access.KeysWrite, team)
}

// allowed judges whether the member may have one more key and until when.
func (s *Store) allowed(tx *gorm.DB, m models.Membership, wanted *time.Time) (*time.Time, error) {
	if m.Status != models.StatusActive {
		return nil, fault.New(fault.Clash, "The member is deactivated.").On("membershipId")
	}
	now := s.now()
	var n int64
	err := tx.Model(&models.APIKey{}).
		Where("membership_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)", m.ID, now).Count(&n).Error
	if err != nil {
		return nil, err
	}
	if n >= maxKeys {
		return nil, fault.New(fault.LimitReached, "The member has %d live API keys; revoke one first.", maxKeys)
	}
	var u models.User
	if err := tx.Where("id = ?", m.UserID).Take(&u).Error; err != nil {
		return nil, models.Fault(err)
	}
	longest, usual, err := s.keyLife(tx, m, u)
	if err != nil {
		return nil, err
	}
	switch {
	case wanted == nil:
		return usual, nil
	case !now.Before(*wanted):
		return nil, fault.New(fault.InvalidValue, "The end lies in the past.").On("expiresAt")
	case longest != nil && longest.Before(*wanted):
		return nil, fault.New(fault.InvalidValue, "The key may live until %s at most.", longest.Format(time.RFC3339)).On("expiresAt")
	}
	at := models.Stamp(*wanted)
	return &at, nil
}

// keyLife is the longest and the usual end of a member's new key; nil is never.
func (s *Store) keyLife(tx *gorm.DB, m models.Membership, u models.User) (longest, usual *time.Time, err error) {
	now := s.now()
	switch {
	case u.Kind == models.KindIntegration:
		return nil, nil, nil
	case m.Direct(u):
		most, often := now.Add(maxKeyLife), now.Add(directKeyLife)
		return &most, &often, nil
	}
	var hours []int
	if err := tx.Model(&models.SsoSettings{}).Where("team_id = ?", m.TeamID).Pluck("api_key_hours", &hours).Error; err != nil {
		return nil, nil, err
	}
	if len(hours) != 1 {
		return nil, nil, fault.New(fault.Missing, "The team has no settings of single sign-on.")
	}
	life := time.Duration(hours[0]) * time.Hour
	var latest []models.ExternalIdentity
	if err := tx.Where("membership_id = ?", m.ID).Order("last_login_at DESC").Limit(1).Find(&latest).Error; err != nil {
		return nil, nil, err
	}
	if len(latest) == 0 || !now.Before(latest[0].LastLoginAt.Add(life)) {
		return nil, nil, fault.New(fault.SsoLoginRequired, "The person must have signed in through the identity provider within the last %d hours.", hours[0])
	}
	end := latest[0].LastLoginAt.Add(life)
	return &end, &end, nil
}

// insertKey fills in what every key has and writes it.
func (s *Store) insertKey(ctx context.Context, tx *gorm.DB, row models.APIKey) (models.APIKey, string, error) {
	id, err := models.NewID()
	if err != nil {
		return row, "", err
	}
	secret, err := newSecret(kindAPIKey)
	if err != nil {
		return row, "", err
	}
	row.ID, row.SecretHash, row.Prefix = id, hash(secret), shown(secret)
	row.CreatedBy, row.CreatedAt = access.From(ctx).Label, s.now()
	return row, secret, tx.Create(&row).Error
}

func (s *Store) recordKey(ctx context.Context, tx *gorm.DB, action string, row models.APIKey) error {
	details := []models.AuditDetail{}
	for _, scope := range row.Scopes {
		details = append(details, audit.Detail("scope", string(scope)))
	}
	for _, network := range row.AllowedNetworks {
		details = append(details, audit.Detail("network", network))
	}
	return s.recordKeyAs(ctx, tx, action, row, details)
}

// recordKeyAs tells of a key with details of its own beside the key's prefix.
func (s *Store) recordKeyAs(ctx context.Context, tx *gorm.DB, action string, row models.APIKey, details []models.AuditDetail) error {
	var team models.ID
	if row.TeamID != nil {
		team = *row.TeamID
	}
	details = append([]models.AuditDetail{audit.Detail("prefix", row.Prefix)}, details...)
	if err := s.tellOfKey(ctx, tx, action, row); err != nil {
		return err
	}
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: team, Action: action, Details: details,
		Target: audit.Target{Kind: models.PrefixAPIKey, ID: row.ID, Label: row.Name},
	})
}

// CreateOperatorKey makes a key that opens every team. Only operators and the
// command line may.
func (s *Store) CreateOperatorKey(ctx context.Context, name string) (models.APIKey, string, error) {
	if err := access.Require(ctx, access.TeamsCreate, ""); err != nil {
		return models.APIKey{}, "", err
	}
	name, err := properName(name)
	if err != nil {
		return models.APIKey{}, "", err
	}
	var row models.APIKey
	var secret string
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		row, secret, err = s.operatorKey(ctx, tx, name)
		return err
	})
	return row, secret, err
}

func (s *Store) operatorKey(ctx context.Context, tx *gorm.DB, name string) (models.APIKey, string, error) {
	row, secret, err := s.insertKey(ctx, tx, models.APIKey{Name: name, Operator: true, Scopes: []models.Scope{}})
	if err != nil {
		return row, "", err
	}
	return row, secret, s.recordKey(ctx, tx, audit.APIKeyCreated, row)
}

// RevokeAPIKey ends a key for good. Doing it twice is not an error.
func (s *Store) RevokeAPIKey(ctx context.Context, id models.ID) (models.APIKey, error) {
	var row models.APIKey
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return onField(models.Fault(err), "apiKeyId")
		}
		if err := requireKey(ctx, row); err != nil {
			return err
		}
		now := s.now()
		done := tx.Model(&models.APIKey{}).Where("id = ? AND revoked_at IS NULL", id).
			Updates(map[string]any{"revoked_at": now, "revoked_reason": "revoked"})
		if done.Error != nil || done.RowsAffected == 0 {
			return done.Error
		}
		row.RevokedAt, row.RevokedReason = &now, "revoked"
		return s.recordKey(ctx, tx, audit.APIKeyRevoked, row)
	})
	return row, err
}

// APIKey returns a key that the caller may deal with.
func (s *Store) APIKey(ctx context.Context, id models.ID) (models.APIKey, error) {
	var row models.APIKey
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	if a := access.From(ctx); a.Known() && a.CredentialID == id {
		return row, nil
	}
	return row, requireKey(ctx, row)
}

func requireKey(ctx context.Context, row models.APIKey) error {
	if row.TeamID != nil && row.MembershipID != nil {
		return requireKeys(ctx, *row.TeamID, *row.MembershipID)
	}
	if !access.From(ctx).Can(access.TeamsCreate, "") {
		return fault.New(fault.Missing, "There is no such object.")
	}
	return nil
}

// properScopes refuses an empty list, and scopes that the asking key lacks.
func properScopes(a access.Actor, scopes []models.Scope) error {
	if len(scopes) == 0 {
		return fault.New(fault.Required, "Name at least one scope.").On("scopes")
	}
	for i, scope := range scopes {
		switch {
		case !slices.Contains(models.Scopes, scope):
			return fault.New(fault.InvalidValue, "There is no such scope.").On("scopes")
		case slices.Contains(scopes[:i], scope):
			return fault.New(fault.InvalidValue, "The scope %s is named twice.", scope).On("scopes")
		case !a.HasScope(scope):
			return fault.New(fault.Forbidden, "An API key cannot give a scope that it does not have: %s.", scope)
		}
	}
	return nil
}

// properName trims a credential's name and judges it.
func properName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", fault.New(fault.Required, "Give it a name.").On("name")
	case utf8.RuneCountInString(name) > maxName || !models.Printable(name):
		return "", fault.New(fault.InvalidValue, "The name may have %d printable characters.", maxName).On("name")
	}
	return name, nil
}

// onField points a fault at the field that caused it. The driver's error stays
// behind: InTx would make a fault of its own out of it, without the field.
func onField(err error, field string) error {
	if f, ok := fault.As(err); ok {
		return fault.New(f.Code, "%s", f.Message).On(field)
	}
	return err
}
