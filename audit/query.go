package audit

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

// Reader answers questions about the history.
type Reader struct{ DB *models.DB }

// Filter narrows a list of events; what is nil or empty narrows nothing. An
// action that ends in a dot stands for all that begin with it.
type Filter struct {
	Actions           []string
	ActorID, TargetID models.ID
	Since, Until      *time.Time // Until is the first moment that is too late
}

// Events lists a team's history in the order of time. An empty team asks for
// the whole installation's, which is for operators.
func (r *Reader) Events(ctx context.Context, team models.ID, f Filter, w models.Window) ([]models.AuditEvent, bool, error) {
	q, err := r.filtered(ctx, team, f)
	if err != nil {
		return nil, false, err
	}
	var rows []models.AuditEvent
	if err := w.Apply(q, "at").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// Count counts what Events lists.
func (r *Reader) Count(ctx context.Context, team models.ID, f Filter) (int, error) {
	q, err := r.filtered(ctx, team, f)
	if err != nil {
		return 0, err
	}
	var n int64
	err = q.Model(&models.AuditEvent{}).Count(&n).Error
	return int(n), err
}

// Event returns one event.
func (r *Reader) Event(ctx context.Context, id models.ID) (models.AuditEvent, error) {
	var row models.AuditEvent
	if err := r.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, may(ctx, row.TeamID)
}

// may asks for the right to read a team's history, or the installation's.
func may(ctx context.Context, team *models.ID) error {
	if team == nil {
		return access.Require(ctx, access.TeamsRead, "")
	}
	return access.Require(ctx, access.AuditRead, *team)
}

func (r *Reader) filtered(ctx context.Context, team models.ID, f Filter) (*gorm.DB, error) {
	if err := may(ctx, optional(team)); err != nil {
		return nil, err
	}
	q := r.DB.Read(ctx).Model(&models.AuditEvent{})
	if team != "" {
		q = q.Where("team_id = ?", team)
	}
	if f.Actions != nil {
		q = q.Where(named(r.DB.Read(ctx), f.Actions))
	}
	if f.ActorID != "" {
		q = q.Where("actor_id = ?", f.ActorID)
	}
	if f.TargetID != "" {
		q = q.Where("target_id = ?", f.TargetID)
	}
	if f.Since != nil {
		q = q.Where("at >= ?", *f.Since)
	}
	if f.Until != nil {
		q = q.Where("at < ?", *f.Until)
	}
	return q, nil
}

// named is the condition for one of some actions.
func named(db *gorm.DB, actions []string) *gorm.DB {
	var exact []string
	either := db.Session(&gorm.Session{NewDB: true})
	for _, a := range actions {
		if strings.HasSuffix(a, ".") {
			either = either.Or("substr(action, 1, ?) = ?", len(a), a)
		} else {
			exact = append(exact, a)
		}
	}
	return either.Or("action IN ?", exact)
}
