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
	"rollcall/domain"
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
		here, err := provisioningOf(ctx, tx, team, in)
		if err != nil {
			return err
		}
		if here.known != nil {
			return nameFirst(tx, team, in.UserName, fault.New(fault.Taken, "Somebody who signs in under this name is a member already: %s.", *here.known).On("userName"))
		}
		u, fresh, err := s.scimAccount(tx, team, in, here)
		if err != nil {
			return nameFirst(tx, team, in.UserName, err)
		}
		row := models.Membership{
			TeamID: team, UserID: u.ID, Role: here.role, RoleSource: models.RoleByDefault,
			Status: models.StatusActive, Source: models.SourceScim, ScimManaged: true, UserName: in.UserName, ExternalID: in.ExternalID,
		}
		if !in.Active {
			now := s.now()
			row.Status, row.DeactivatedAt, row.DeactivatedBy = models.StatusDeactivated, &now, access.From(ctx).Label
		}
		if row, err = s.newMembership(tx, row, fresh); err != nil {
			return nameFirst(tx, team, in.UserName, err)
		}
		out = Member{Membership: row, User: u}
		return s.arrive(ctx, tx, &out, in.Profile, in.stones()...)
	})
	return out, err
}

var settingsColumns = sync.OnceValue(func() string { return models.Columns(models.SsoSettings{}, "s", "s__") })

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

// mayProvision is provisioning for verbs that need nothing of the settings. lock
// takes the team's lock, as models.LockTeam does, in the same statement: what is
// judged may be older than the wait for it.
func mayProvision(ctx context.Context, tx *gorm.DB, id models.ID, lock bool) error {
	end := ""
	if lock && tx.Name() == string(models.Postgres) {
		end = " FOR NO KEY UPDATE OF t"
	}
	_, err := readProvisioning(ctx, tx, id, sqlText{text: "NULL, NULL, NULL"}, end)
	return err
}

// newcomer is what a team's settings and the installation say of somebody who is
// to be made.
type newcomer struct {
	role    models.Role
	known   *models.ID // the member whom the identity provider signs in under the name
	account *models.ID // that has the address
	holder  *models.ID // the team that proved the address's domain
}

// provisioningOf is provisioning for somebody who is to be made, and looks in
// the same statement who and what is here already.
func provisioningOf(ctx context.Context, tx *gorm.DB, team models.ID, in ScimUser) (newcomer, error) {
	var q sqlText
	q.add("("+undescribed+" LIMIT 1)", team, in.UserName, cmp.Or(value(in.ExternalID), in.UserName))
	q.add(", (SELECT u.id FROM users u WHERE u.email_key = ?)", models.Fold(in.Email))
	name, _ := domain.Of(in.Email)
	q.add(", ("+domain.HolderOf+")", name)
	return readProvisioning(ctx, tx, team, q, "")
}

func readProvisioning(ctx context.Context, tx *gorm.DB, team models.ID, more sqlText, end string) (here newcomer, err error) {
	var plan models.Plan
	var on bool
	found, err := one(tx.Raw("SELECT t.plan, p.scim_enabled, s.default_role, "+more.text+` FROM teams t JOIN sso_settings s ON s.team_id = t.id
		JOIN provisioning_settings p ON p.team_id = t.id WHERE t.id = ?`+end, append(more.args, team)...), &plan, &on, &here.role, &here.known, &here.account, &here.holder)
	switch {
	case err != nil:
		return here, err
	case !found:
		return here, fault.New(fault.Missing, "There is no such object.")
	}
	return here, provisioned(ctx, plan, on)
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

// scimAccount is the account of a new member, and the same as fresh when it has to
// be written still. The only account that is taken instead is one that the team
// made itself and that is on no team. People whom provisioning made may share an
// address; it is the account's address of the first of them. Somebody who came by
// single sign-on is not made again.
func (s *Service) scimAccount(tx *gorm.DB, team models.ID, in ScimUser, here newcomer) (u models.User, fresh *models.User, err error) {
	p := in.person()
	if here.account != nil {
		u, found, err := userByEmail(tx, p.Email)
		switch {
		case err != nil:
			return u, nil, err
		case !found:
			return u, nil, models.ErrAgain // it went at this moment
		case !u.ManagedBy(team):
			return u, nil, accountConflict()
		}
		var holder []models.Membership
		if err := tx.Where("team_id = ? AND user_id = ?", team, u.ID).Find(&holder).Error; err != nil {
			return u, nil, err
		}
		switch {
		case len(holder) == 0:
			return u, nil, s.rename(tx, &u, p)
		case !holder[0].ScimManaged:
			return u, nil, fault.New(fault.Taken, "A user with this e-mail address exists already: %s.", holder[0].ID).On("email")
		}
		p.Email = ""
	} else if here.holder != nil && *here.holder != team {
		return u, nil, foreign()
	}
	u, err = s.account(p, models.KindPerson, models.OriginScim, &team)
	return u, &u, err
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
