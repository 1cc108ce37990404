package roster

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"rollcall/models"
)

// listedColumns are those of a membership and of its user, in the order of
// scanMember. Moments stand in braces.
const listedColumns = `m.id, m.team_id, m.user_id, m.role, m.role_source, m.status, m.source, m.scim_managed, m.user_name, m.user_name_key,
	m.external_id, {m.sso_linked_at}, m.sso_bypass, {m.last_seen_at}, {m.deactivated_at}, m.deactivated_by, m.deactivated_reason, m.revision, {m.created_at}, {m.updated_at},
	u.id, u.kind, u.origin, u.email, u.email_key, u.name, u.given_name, u.family_name, u.managed_by_team_id, {u.verified_at}, u.language, {u.created_at}, {u.updated_at}`

// Where a column is a moment, SQLite's driver tries one layout after the other on
// its text, which costs as much as the rest of the row. As the value of an
// expression it comes as the text that it is.
var (
	postgresColumns = strings.NewReplacer("{", "", "}", "").Replace(listedColumns)
	sqliteColumns   = strings.NewReplacer("{", "", "}", " || ''").Replace(listedColumns)
)

// readMembers reads the memberships of a query with their users in one
// statement. The rows are taken over by hand: it is the page that dashboards
// ask for most, and gorm's way from columns to fields was half of its cost.
func (s *Service) readMembers(ctx context.Context, memberships *gorm.DB, order string, size int) ([]Member, error) {
	rows, err := s.DB.Read(ctx).Table("(?) AS m", memberships).Joins("JOIN users u ON u.id = m.user_id").
		Select(s.memberColumns()).Order(order).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := make([]Member, 0, size)
	for rows.Next() {
		out = append(out, Member{})
		if err := scanMember(rows, &out[len(out)-1]); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

// memberColumns are listedColumns for the database.
func (s *Service) memberColumns() string {
	if s.DB.Dialect() == models.Postgres {
		return postgresColumns
	}
	return sqliteColumns
}

// scanMember takes over memberColumns, and more behind them.
func scanMember(rows *sql.Rows, out *Member, more ...any) error {
	m, u := &out.Membership, &out.User
	return rows.Scan(append([]any{
		(*string)(&m.ID), (*string)(&m.TeamID), (*string)(&m.UserID), (*string)(&m.Role), (*string)(&m.RoleSource), (*string)(&m.Status),
		(*string)(&m.Source), &m.ScimManaged, &m.UserName, &m.UserNameKey, &m.ExternalID,
		maybeMoment{&m.SsoLinkedAt}, &m.SsoBypass, maybeMoment{&m.LastSeenAt}, maybeMoment{&m.DeactivatedAt}, &m.DeactivatedBy, &m.DeactivatedReason, &m.Revision,
		(*moment)(&m.CreatedAt), (*moment)(&m.UpdatedAt),
		(*string)(&u.ID), (*string)(&u.Kind), (*string)(&u.Origin), &u.Email, &u.EmailKey, &u.Name, &u.GivenName, &u.FamilyName,
		&u.ManagedByTeamID, maybeMoment{&u.VerifiedAt}, &u.Language, (*moment)(&u.CreatedAt), (*moment)(&u.UpdatedAt),
	}, more...)...)
}

// sqliteTime is how SQLite's driver writes a moment.
const sqliteTime = "2006-01-02 15:04:05.999999999-07:00"

// moment is a column that is never empty, maybeMoment one that may be.
type (
	moment      time.Time
	maybeMoment struct{ to **time.Time }
)

// Scan implements sql.Scanner.
func (m *moment) Scan(src any) error {
	switch v := src.(type) {
	case time.Time:
		*m = moment(v)
		return nil
	case string:
		t, err := time.Parse(sqliteTime, v)
		*m = moment(t.UTC())
		return err
	default:
		return fmt.Errorf("a moment cannot be a %T", src)
	}
}

// Scan implements sql.Scanner.
func (m maybeMoment) Scan(src any) error {
	if src == nil {
		*m.to = nil
		return nil
	}
	t := new(time.Time)
	*m.to = t
	return (*moment)(t).Scan(src)
}
