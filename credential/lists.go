package credential

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

// Holder says whose credentials a list is of: a member's, or with an empty
// Membership a whole team's.
type Holder struct{ Team, Membership models.ID }

// HolderOf is the holder of a member's credentials.
func HolderOf(m models.Membership) Holder { return Holder{Team: m.TeamID, Membership: m.ID} }

// MaySeeSessions returns a fault unless the caller may list the sessions: one's
// own, or as an admin the team's.
func MaySeeSessions(ctx context.Context, h Holder) error {
	if a := access.From(ctx); h.Membership != "" && a.MembershipID == h.Membership && !a.Unverified {
		return nil
	}
	return access.Require(ctx, access.MembersWrite, h.Team)
}

// MaySeeAPIKeys returns a fault unless the caller may list the API keys: one's
// own, or as an admin the team's.
func MaySeeAPIKeys(ctx context.Context, h Holder) error {
	if h.Membership != "" {
		return requireKeys(ctx, h.Team, h.Membership)
	}
	return access.Require(ctx, access.KeysWrite, h.Team)
}

// Sessions lists live sessions, newest first.
func (s *Store) Sessions(ctx context.Context, h Holder, w models.Window) ([]models.Session, bool, error) {
	if err := MaySeeSessions(ctx, h); err != nil {
		return nil, false, err
	}
	return list[models.Session](h.of(s.liveSessions(ctx)), w)
}

// CountSessions counts what Sessions lists.
func (s *Store) CountSessions(ctx context.Context, h Holder) (int, error) {
	if err := MaySeeSessions(ctx, h); err != nil {
		return 0, err
	}
	return count[models.Session](h.of(s.liveSessions(ctx)))
}

// APIKeys lists keys that are not revoked, newest first.
func (s *Store) APIKeys(ctx context.Context, h Holder, w models.Window) ([]models.APIKey, bool, error) {
	if err := MaySeeAPIKeys(ctx, h); err != nil {
		return nil, false, err
	}
	return list[models.APIKey](h.of(s.keptKeys(ctx)), w)
}

// CountAPIKeys counts what APIKeys lists.
func (s *Store) CountAPIKeys(ctx context.Context, h Holder) (int, error) {
	if err := MaySeeAPIKeys(ctx, h); err != nil {
		return 0, err
	}
	return count[models.APIKey](h.of(s.keptKeys(ctx)))
}

// SessionsByMembership is for batches: of each membership the newest sessions,
// one more than limit where there are more. Memberships whose sessions the
// caller may not list are left out.
func (s *Store) SessionsByMembership(ctx context.Context, ids []models.ID, limit int) (map[models.ID][]models.Session, error) {
	q, ok := visibleTo(ctx, s.liveSessions(ctx), access.MembersWrite)
	if !ok {
		return nil, nil
	}
	return newest(q, "sessions", ids, limit, func(x models.Session) models.ID { return x.MembershipID })
}

// APIKeysByMembership is for batches, as SessionsByMembership.
func (s *Store) APIKeysByMembership(ctx context.Context, ids []models.ID, limit int) (map[models.ID][]models.APIKey, error) {
	q, ok := visibleTo(ctx, s.keptKeys(ctx), access.KeysWrite)
	if !ok {
		return nil, nil
	}
	return newest(q, "api_keys", ids, limit, func(k models.APIKey) models.ID { return *k.MembershipID })
}

func (s *Store) liveSessions(ctx context.Context) *gorm.DB {
	now := s.now()
	return s.DB.Read(ctx).Where("revoked_at IS NULL AND expires_at > ? AND idle_expires_at > ?", now, now)
}

func (s *Store) keptKeys(ctx context.Context) *gorm.DB {
	return s.DB.Read(ctx).Where("revoked_at IS NULL")
}

func (h Holder) of(q *gorm.DB) *gorm.DB {
	if h.Membership != "" {
		q = q.Where("membership_id = ?", h.Membership)
	}
	return q.Where("team_id = ?", h.Team)
}

// visibleTo narrows a query to what the caller may list: everything, a team's,
// or their own.
func visibleTo(ctx context.Context, q *gorm.DB, p access.Permission) (*gorm.DB, bool) {
	if narrowed, ok := ofTeams(ctx, q, p); ok {
		return narrowed, true
	}
	a := access.From(ctx)
	if a.MembershipID == "" || a.Unverified {
		return nil, false
	}
	return q.Where("team_id = ? AND membership_id = ?", a.TeamID, a.MembershipID), true
}

func list[T any](q *gorm.DB, w models.Window) ([]T, bool, error) {
	w.Desc = true
	var rows []T
	if err := w.Apply(q, "").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

func count[T any](q *gorm.DB) (int, error) {
	var n int64
	err := q.Model(new(T)).Count(&n).Error
	return int(n), err
}

// newest reads the beginning of many members' lists in one statement.
func newest[T any](q *gorm.DB, table string, ids []models.ID, limit int, of func(T) models.ID) (map[models.ID][]T, error) {
	ranked := q.Model(new(T)).Where("membership_id IN ?", ids).
		Select("*, ROW_NUMBER() OVER (PARTITION BY membership_id ORDER BY id DESC) AS place")
	var rows []T
	fresh := q.Session(&gorm.Session{NewDB: true})
	if err := fresh.Table("(?) AS "+table, ranked).Where("place <= ?", limit+1).Order("id DESC").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[models.ID][]T, len(ids))
	for _, row := range rows {
		out[of(row)] = append(out[of(row)], row)
	}
	return out, nil
}
