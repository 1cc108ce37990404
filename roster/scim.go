package roster

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"unicode/utf8"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

// maxUserName and maxExternalID bound what a provisioning client calls people
// by, in bytes.
const (
	maxUserName   = 254
	maxExternalID = 254
)

// ScimUser is the state that a provisioning client wants a person to be in.
// Faults name the fields userName, externalId and email. Of names the account
// has what can be shown; the profile keeps them as they came.
type ScimUser struct {
	UserName, Email             string // Email may be empty
	ExternalID                  *string
	Name, GivenName, FamilyName string
	Active                      bool
	Profile                     Profile // an empty one leaves what is kept
	// Revision of the membership that the wanted state was made from. When it is
	// another by now the answer is STALE_REVISION; 0 is not compared.
	Revision int
}

func (in *ScimUser) person() Person {
	return Person{Email: in.Email, Name: presentable(in.Name), GivenName: presentable(in.GivenName), FamilyName: presentable(in.FamilyName)}
}

// proper trims and judges the values.
func (in *ScimUser) proper() error {
	switch {
	case in.UserName == "":
		return fault.New(fault.Required, "userName is required.").On("userName")
	case len(in.UserName) > maxUserName || !models.Printable(in.UserName) || models.Fold(in.UserName) == "":
		return fault.New(fault.InvalidValue, "userName may have %d printable bytes.", maxUserName).On("userName")
	case in.ExternalID != nil && (*in.ExternalID == "" || len(*in.ExternalID) > maxExternalID || !utf8.ValidString(*in.ExternalID) || !models.Printable(*in.ExternalID)):
		return fault.New(fault.InvalidValue, "externalId may have 1 to %d printable bytes.", maxExternalID).On("externalId")
	}
	p := in.person()
	if p.Email == "" {
		p.Email = noAddress(nobody)
	}
	if err := p.proper(); err != nil {
		return err
	}
	if in.Email != "" {
		in.Email = p.Email
	}
	in.Name, in.GivenName, in.FamilyName = p.Name, p.GivenName, p.FamilyName
	return nil
}

// noAddress stands for the address of somebody whose identity provider gave
// none that is theirs alone. No mail can reach it (RFC 2606 section 2).
func noAddress(id models.ID) string { return string(id) + nowhere }

const nowhere = "@no-address.invalid"

// reachesNobody reports whether an address is one of noAddress.
func reachesNobody(address string) bool { return strings.HasSuffix(address, nowhere) }

// stones are what a person who comes back by provisioning may be known by.
func (in *ScimUser) stones() []stone {
	out := provisioningStones(in.Email, in.UserName, in.ExternalID)
	for _, v := range in.Profile.Values {
		if v.Attr == "emails" && v.ValueKey != "" && v.ValueKey != models.Fold(in.Email) && v.ValueKey != models.Fold(in.UserName) {
			out = append(out, emailStone(v.ValueKey))
		}
	}
	return out
}

// furtherStones are the other addresses that the identity provider told of
// somebody who is removed.
func (s *Service) furtherStones(tx *gorm.DB, m Member) ([]stone, error) {
	var keys []string
	err := tx.Model(&models.ScimValue{}).Where("membership_id = ? AND attr = 'emails' AND value_key NOT IN ('', ?, ?)", m.ID, m.User.EmailKey, m.UserNameKey).
		Distinct().Pluck("value_key", &keys).Error
	out := make([]stone, 0, len(keys))
	for _, k := range keys {
		out = append(out, emailStone(k))
	}
	return out, err
}

// ProvisionScim makes a member for a provisioning client: a new account that
// the team manages, with the team's default role. Somebody who was removed
// comes back like this, as a new member. Faults: FORBIDDEN, PLAN_REQUIRED,
// REQUIRED, INVALID, TAKEN when the team has the member, ACCOUNT_CONFLICT when
// the address belongs to an account that the team does not manage.
func (s *Service) ProvisionScim(ctx context.Context, team models.ID, in ScimUser) (Member, error) {
	if err := access.Require(ctx, access.MembersProvision, team); err != nil {
		return Member{}, err
	}
	if err := in.proper(); err != nil {
		return Member{}, err
	}
	var out Member
	err := s.provisionTx(ctx, func(tx *gorm.DB) error {
		// A sign-in that makes the same person locks the team: one of the two sees
		// what the other did, whatever addresses they know.
		if err := models.ShareTeam(tx, team); err != nil {
			return err
		}
		defaultRole, known, err := provisioningOf(ctx, tx, team, in)
		if err != nil {
			return err
		}
		if known != "" {
			return nameFirst(tx, team, in.UserName, fault.New(fault.Taken, "Somebody who signs in under this name is a member already: %s.", known).On("userName"))
		}
		u, err := s.scimAccount(tx, team, in)
		if err != nil {
			return nameFirst(tx, team, in.UserName, err)
		}
		row := models.Membership{
			TeamID: team, UserID: u.ID, Role: defaultRole, RoleSource: models.RoleByDefault,
			Status: models.StatusActive, Source: models.SourceScim, ScimManaged: true, UserName: in.UserName, ExternalID: in.ExternalID,
		}
		if !in.Active {
			now := s.now()
			row.Status, row.DeactivatedAt, row.DeactivatedBy = models.StatusDeactivated, &now, access.From(ctx).Label
		}
		if row, err = s.newMembership(tx, row); err != nil {
			return nameFirst(tx, team, in.UserName, err)
		}
		if err := s.unbury(tx, team, in.stones()...); err != nil {
			return err
		}
		out = Member{Membership: row, User: u}
		if err := s.recordIn(ctx, tx, out); err != nil {
			return err
		}
		if in.Profile.Document == "" {
			return introduceOwn(tx, &out)
		}
		return introduce(tx, &out, in.Profile)
	})
	return out, err
}

var settingsColumns = sync.OnceValue(func() string { return columnsOf(models.SsoSettings{}, "s", "s__") })

// provisioning reads a team's settings if its plan includes provisioning and,
// for a provisioning client, it is not switched off.
func provisioning(ctx context.Context, tx *gorm.DB, id models.ID) (models.SsoSettings, error) {
	var row struct {
		Plan     models.Plan
		ScimOn   bool
		Settings models.SsoSettings `gorm:"embedded;embeddedPrefix:s__"`
	}
	found := tx.Raw("SELECT t.plan, p.scim_enabled AS scim_on, "+settingsColumns()+
		" FROM teams t JOIN sso_settings s ON s.team_id = t.id JOIN provisioning_settings p ON p.team_id = t.id WHERE t.id = ?", id).Scan(&row)
	switch {
	case found.Error != nil:
		return row.Settings, found.Error
	case found.RowsAffected == 0:
		return row.Settings, fault.New(fault.Missing, "There is no such object.")
	}
	return row.Settings, provisioned(ctx, row.Plan, row.ScimOn)
}

// provisioningRole is provisioning for verbs that need the default role alone.
func provisioningRole(ctx context.Context, tx *gorm.DB, id models.ID) (models.Role, error) {
	defaultRole, _, err := readProvisioning(ctx, tx, "NULL", id)
	return defaultRole, err
}

// provisioningOf is provisioningRole for somebody who is to be made, and looks in
// the same statement whether they are here already under the name by which the
// identity provider signs them in: the id of that member, "" for nobody.
func provisioningOf(ctx context.Context, tx *gorm.DB, team models.ID, in ScimUser) (models.Role, models.ID, error) {
	return readProvisioning(ctx, tx, "("+undescribed+" LIMIT 1)", team, team, in.UserName, cmp.Or(value(in.ExternalID), in.UserName))
}

func readProvisioning(ctx context.Context, tx *gorm.DB, known string, team models.ID, args ...any) (defaultRole models.Role, member models.ID, err error) {
	var plan models.Plan
	var on bool
	var found *models.ID
	rows, err := tx.Raw("SELECT t.plan, p.scim_enabled, s.default_role, "+known+` FROM teams t JOIN sso_settings s ON s.team_id = t.id
		JOIN provisioning_settings p ON p.team_id = t.id WHERE t.id = ?`, append(args, team)...).Rows()
	if err != nil {
		return "", "", err
	}
	defer func() { _ = rows.Close() }() // the error of Err is the one that counts
	if !rows.Next() {
		return "", "", cmp.Or(rows.Err(), error(fault.New(fault.Missing, "There is no such object.")))
	}
	if err := rows.Scan(&plan, &on, &defaultRole, &found); err != nil {
		return "", "", err
	}
	if found != nil {
		member = *found
	}
	return defaultRole, member, provisioned(ctx, plan, on)
}

// provisioned refuses what the plan does not include or an admin switched off.
func provisioned(ctx context.Context, plan models.Plan, on bool) error {
	switch {
	case !(models.Team{Plan: plan}).SsoAllowed():
		return fault.New(fault.PlanRequired, "Provisioning needs the plan TEAM or ENTERPRISE; the team's is %s.", plan)
	case !on && access.From(ctx).Kind == access.Scim:
		return fault.New(fault.Forbidden, "Provisioning is switched off for this team.")
	}
	return nil
}

// scimAccount makes the account of a new member. The only account that is
// taken instead is one that the team made itself and that is on no team. People
// whom provisioning made may share an address; it is the account's address of
// the first of them. Somebody who came by single sign-on is not made again.
func (s *Service) scimAccount(tx *gorm.DB, team models.ID, in ScimUser) (models.User, error) {
	p := in.person()
	u, found, err := models.User{}, false, error(nil)
	if p.Email != "" {
		u, found, err = userByEmail(tx, p.Email)
	}
	switch {
	case err != nil:
		return u, err
	case !found:
		if err := notForeign(tx, team, p.Email); err != nil {
			return u, err
		}
		return s.newUser(tx, p, models.KindPerson, models.OriginScim, &team)
	case !u.ManagedBy(team):
		return u, accountConflict()
	}
	var holder []models.Membership
	if err := tx.Where("team_id = ? AND user_id = ?", team, u.ID).Find(&holder).Error; err != nil {
		return u, err
	}
	switch {
	case len(holder) == 0:
		return u, s.rename(tx, &u, p)
	case !holder[0].ScimManaged:
		return u, fault.New(fault.Taken, "A user with this e-mail address exists already: %s.", holder[0].ID).On("email")
	}
	p.Email = ""
	return s.newUser(tx, p, models.KindPerson, models.OriginScim, &team)
}

// ownAddress is the address that a member's account is to have: the wanted one
// unless there is none, or another member whom provisioning made has it, or the
// account is on other teams too: there its address may be the key to a password,
// and this client speaks for one team only. Faults: ACCOUNT_CONFLICT, TAKEN.
func (s *Service) ownAddress(tx *gorm.DB, m Member, wanted string) (string, error) {
	if wanted == "" || models.Fold(wanted) == m.User.EmailKey {
		if wanted == "" {
			wanted = m.User.Email
		}
		return wanted, nil
	}
	if m.User.ManagedBy(m.TeamID) {
		if shared, err := elsewhere(tx, m); err != nil || shared {
			return m.User.Email, err
		}
	}
	u, found, err := userByEmail(tx, wanted)
	if err == nil && !found {
		err = notForeign(tx, m.TeamID, wanted)
	}
	switch {
	case err != nil || !found:
		return wanted, err
	case !u.ManagedBy(m.TeamID):
		return "", accountConflict()
	}
	var holder []models.Membership
	if err := tx.Where("team_id = ? AND user_id = ?", m.TeamID, u.ID).Find(&holder).Error; err != nil {
		return "", err
	}
	if len(holder) > 0 && holder[0].ScimManaged {
		return m.User.Email, nil
	}
	return "", fault.New(fault.Taken, "Another member has this e-mail address.").On("email")
}

func accountConflict() *fault.Error {
	return fault.New(fault.AccountConflict, "An account with this e-mail address exists that the team does not manage.").On("email")
}

// nameFree refuses a userName that another member of the team has.
func nameFree(tx *gorm.DB, team, except models.ID, userName string) error {
	q := tx.Select("id").Where("team_id = ? AND user_name_key = ?", team, models.Fold(userName))
	if except != "" {
		q = q.Where("id <> ?", except)
	}
	var rows []models.Membership
	if err := q.Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return err
	}
	return fault.New(fault.Taken, "A user with this userName exists already: %s.", rows[0].ID).On("userName")
}

// nameFirst is why a member cannot be made: when somebody has the userName
// already, that is the reason. It is asked only now, because the index on
// memberships refuses a second one anyway.
func nameFirst(tx *gorm.DB, team models.ID, userName string, err error) error {
	if _, ok := fault.As(err); !ok && !errors.Is(err, models.ErrAgain) {
		return err
	}
	if taken := nameFree(tx, team, "", userName); taken != nil {
		return taken
	}
	return err
}

// rename brings an account's profile up to date.
func (s *Service) rename(tx *gorm.DB, u *models.User, p Person) error {
	u.Email, u.EmailKey, u.Name, u.GivenName, u.FamilyName = p.Email, models.Fold(p.Email), p.Name, p.GivenName, p.FamilyName
	u.UpdatedAt = s.now()
	err := tx.Model(&models.User{}).Where("id = ?", u.ID).Updates(map[string]any{
		"email": u.Email, "email_key": u.EmailKey, "name": u.Name, "given_name": u.GivenName, "family_name": u.FamilyName, "updated_at": u.UpdatedAt,
	}).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return models.ErrAgain // somebody took the address at this moment
	}
	return err
}
