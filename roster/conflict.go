package roster

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// noteConflict writes down, in the transaction of a verified sign-in, what an
// admin has to settle about a member. The same thing a second time counts up.
func noteConflict(tx *gorm.DB, l *sso.Login, membership models.ID, kind models.ConflictKind, now time.Time) error {
	id, err := models.NewID()
	if err != nil {
		return err
	}
	row := models.IdentityConflict{
		ID: id, TeamID: l.Team.ID, MembershipID: membership, IdentityProviderID: l.Provider.ID, Kind: kind,
		Issuer: l.Provider.EntityID, NameID: l.Assertion.NameID, NameIDFormat: l.Assertion.NameIDFormat, Email: l.Assertion.Email,
		Times: 1, FirstAt: now, LastAt: now, Resolution: models.ConflictOpen,
	}
	err = tx.Clauses(clause.OnConflict{
		Columns:     []clause.Column{{Name: "team_id"}, {Name: "membership_id"}, {Name: "kind"}, {Name: "issuer"}, {Name: "name_id"}},
		TargetWhere: clause.Where{Exprs: []clause.Expression{gorm.Expr("resolution = 'OPEN'")}},
		DoUpdates: clause.Assignments(map[string]any{
			"times": gorm.Expr("identity_conflicts.times + 1"), "last_at": now, "email": row.Email,
		}),
	}, clause.Returning{}).Create(&row).Error
	l.ConflictID = row.ID
	return err
}

// settledEmail closes what there was to settle about a member's address.
func settledEmail(tx *gorm.DB, membership models.ID, now time.Time) error {
	return tx.Model(&models.IdentityConflict{}).
		Where("membership_id = ? AND kind IN ? AND resolution = ?", membership, models.EmailConflicts, models.ConflictOpen).
		Updates(map[string]any{"resolution": models.ConflictGone, "resolved_at": now, "resolved_by": "sign-in"}).Error
}

// ConflictFilter narrows a list of conflicts; what is nil narrows nothing.
type ConflictFilter struct {
	Open *bool
	Kind *models.ConflictKind
}

// Conflicts lists what sign-ins left for a team's admins to settle, newest first.
func (s *Service) Conflicts(ctx context.Context, team models.ID, f ConflictFilter, w models.Window) ([]models.IdentityConflict, bool, error) {
	q, err := s.conflicts(ctx, team, f)
	if err != nil {
		return nil, false, err
	}
	w.Desc = true
	var rows []models.IdentityConflict
	if err := w.Apply(q, "").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// CountConflicts counts what Conflicts lists.
func (s *Service) CountConflicts(ctx context.Context, team models.ID, f ConflictFilter) (int, error) {
	q, err := s.conflicts(ctx, team, f)
	if err != nil {
		return 0, err
	}
	var n int64
	err = q.Model(&models.IdentityConflict{}).Count(&n).Error
	return int(n), err
}

func (s *Service) conflicts(ctx context.Context, team models.ID, f ConflictFilter) (*gorm.DB, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, err
	}
	q := s.DB.Read(ctx).Where("team_id = ?", team)
	switch {
	case f.Open == nil:
	case *f.Open:
		q = q.Where("resolution = ?", models.ConflictOpen)
	default:
		q = q.Where("resolution <> ?", models.ConflictOpen)
	}
	if f.Kind != nil {
		q = q.Where("kind = ?", *f.Kind)
	}
	return q, nil
}

// Conflict returns one. Faults: NOT_FOUND, FORBIDDEN.
func (s *Service) Conflict(ctx context.Context, id models.ID) (models.IdentityConflict, error) {
	var row models.IdentityConflict
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

// ConflictsByID is for batches: those that the caller may not see are left out.
func (s *Service) ConflictsByID(ctx context.Context, ids []models.ID) (map[models.ID]models.IdentityConflict, error) {
	var rows []models.IdentityConflict
	if err := s.DB.Read(ctx).Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	a, seen := access.From(ctx), rows[:0]
	for _, r := range rows {
		if a.Can(access.SsoRead, r.TeamID) {
			seen = append(seen, r)
		}
	}
	return byID(seen, func(c models.IdentityConflict) models.ID { return c.ID }), nil
}

// Relinked is what giving a member another identity ended.
type Relinked struct {
	Conflict   models.IdentityConflict
	Membership models.Membership
	Receipt    credential.Receipt
}

// Relink gives a member the identity that a refused sign-in of the team showed,
// in place of those that they had at the same identity provider. Only what a
// trusted certificate vouched for can be linked: nobody types a NameID in. Every
// session and API key that the member holds on the team ends, because whoever had
// the old identity may have made them. Faults: NOT_FOUND, FORBIDDEN, CONFLICT for
// one that is settled or about an address, or when the identity is somebody's.
func (s *Service) Relink(ctx context.Context, conflict models.ID) (Relinked, error) {
	seen, err := s.writableConflict(ctx, conflict)
	if err != nil {
		return Relinked{}, err
	}
	var out Relinked
	err = s.change(ctx, seen.MembershipID, func(tx *gorm.DB, m *Member) error {
		now := s.now()
		c, err := openConflict(tx, conflict)
		if err != nil {
			return err
		}
		switch {
		case c.Kind != models.ConflictNameID && c.Kind != models.ConflictIdentity:
			return fault.New(fault.Clash, "It is about an address, not an identity.")
		case !inCare(*m):
			return fault.New(fault.Clash, "The account is the member's own; they have to agree at their next sign-in.")
		}
		if err := tx.Where("membership_id = ? AND issuer = ?", m.ID, c.Issuer).Delete(&models.ExternalIdentity{}).Error; err != nil {
			return err
		}
		made, err := identity{m.TeamID, m.ID, c.Issuer, c.NameID, c.NameIDFormat}.insert(tx, now)
		switch {
		case err != nil:
			return err
		case !made:
			return fault.New(fault.Clash, "Another member has this identity.")
		}
		if err := tx.Where("membership_id = ?", m.ID).Delete(&models.MemberClaims{}).Error; err != nil {
			return err
		}
		receipt, err := s.credentials().RevokeMember(ctx, tx, m.ID, "identity relinked", now)
		if err != nil {
			return err
		}
		if err := s.save(tx, m, map[string]any{}); err != nil {
			return err
		}
		if err := resolve(ctx, tx, &c, models.ConflictRelinked, now); err != nil {
			return err
		}
		out = Relinked{Conflict: c, Membership: m.Membership, Receipt: receipt}
		return audit.Record(ctx, tx, now, audit.Event{
			TeamID: m.TeamID, Action: audit.MemberRelinked, Target: m.target(),
			Details: append([]models.AuditDetail{audit.Detail("issuer", c.Issuer), audit.Detail("nameId", c.NameID)}, receipt.Details()...),
		})
	})
	return out, err
}

// DismissConflict says that there is nothing to be done about a conflict. It
// changes nothing of the member; the next sign-in that meets it notes it anew.
// Faults: NOT_FOUND, FORBIDDEN, CONFLICT for one that is settled.
func (s *Service) DismissConflict(ctx context.Context, conflict models.ID) (models.IdentityConflict, error) {
	seen, err := s.writableConflict(ctx, conflict)
	if err != nil {
		return models.IdentityConflict{}, err
	}
	var out models.IdentityConflict
	err = s.change(ctx, seen.MembershipID, func(tx *gorm.DB, m *Member) error {
		if out, err = openConflict(tx, conflict); err != nil {
			return err
		}
		now := s.now()
		if err := resolve(ctx, tx, &out, models.ConflictDismissed, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, audit.Event{
			TeamID: m.TeamID, Action: audit.ConflictDismissed, Target: m.target(), Details: []models.AuditDetail{audit.Detail("kind", string(out.Kind))},
		})
	})
	return out, err
}

// writableConflict reads a conflict for somebody who wants to settle it.
func (s *Service) writableConflict(ctx context.Context, id models.ID) (models.IdentityConflict, error) {
	var row models.IdentityConflict
	err := models.Fault(s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error)
	if err == nil {
		err = access.Require(ctx, access.MembersWrite, row.TeamID)
	}
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		err = fault.New(fault.Missing, "There is no such conflict.").On("identityConflictId")
	}
	return row, err
}

// openConflict reads a conflict in the transaction that settles it; the member
// is locked, so nobody else does.
func openConflict(tx *gorm.DB, id models.ID) (models.IdentityConflict, error) {
	var row models.IdentityConflict
	if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	if row.Resolution != models.ConflictOpen {
		return row, fault.New(fault.Clash, "It is settled already.").On("identityConflictId")
	}
	return row, nil
}

func resolve(ctx context.Context, tx *gorm.DB, c *models.IdentityConflict, how models.Resolution, now time.Time) error {
	c.Resolution, c.ResolvedBy, c.ResolvedAt = how, access.From(ctx).Label, &now
	return tx.Model(&models.IdentityConflict{}).Where("id = ?", c.ID).
		Updates(map[string]any{"resolution": c.Resolution, "resolved_by": c.ResolvedBy, "resolved_at": now}).Error
}
