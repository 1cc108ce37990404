package roster

import (
	"context"
	"errors"
	"sync"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

var provisioningColumns = sync.OnceValue(func() string {
	return models.Columns(models.Team{}, "t", "t__") + ", " + models.Columns(models.ProvisioningSettings{}, "p", "p__")
})

// Provisioning returns a team with its choices about SCIM, NOT_FOUND when the
// caller may not know of it.
func (s *Service) Provisioning(ctx context.Context, team models.ID) (models.Team, models.ProvisioningSettings, error) {
	var t models.Team
	var settings models.ProvisioningSettings
	if err := access.Require(ctx, access.TeamRead, team); err != nil {
		return t, settings, err
	}
	found, err := one(s.DB.Read(ctx).Raw("SELECT "+provisioningColumns()+
		" FROM teams t JOIN provisioning_settings p ON p.team_id = t.id WHERE t.id = ?", team), append(models.Fields(&t), models.Fields(&settings)...)...)
	if err == nil && !found {
		err = fault.New(fault.Missing, "There is no such object.")
	}
	return t, settings, err
}

// ProvisioningSettings returns a team's choices about SCIM.
func (s *Service) ProvisioningSettings(ctx context.Context, team models.ID) (models.ProvisioningSettings, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return models.ProvisioningSettings{}, err
	}
	_, settings, err := s.Provisioning(ctx, team)
	return settings, err
}

// ProvisioningSettingsByID is the same by the id of the settings.
func (s *Service) ProvisioningSettingsByID(ctx context.Context, id models.ID) (models.ProvisioningSettings, error) {
	var row models.ProvisioningSettings
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

// ProvisioningChange is what UpdateProvisioning changes; nil leaves a choice.
type ProvisioningChange struct {
	ScimEnabled, DryRun *bool
	Revision            *int // the one that the caller read, or nil
}

// UpdateProvisioning changes a team's choices about SCIM. Faults: NOT_FOUND,
// FORBIDDEN, STALE_REVISION.
func (s *Service) UpdateProvisioning(ctx context.Context, team models.ID, c ProvisioningChange) (models.ProvisioningSettings, error) {
	var row models.ProvisioningSettings
	if err := access.Require(ctx, access.SsoWrite, team); err != nil {
		return row, err
	}
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		t, err := models.LockTeam(tx, team)
		if err != nil {
			return err
		}
		if err := tx.Where("team_id = ?", team).Take(&row).Error; err != nil {
			return models.Fault(err)
		}
		if c.Revision != nil && *c.Revision != row.Revision {
			return fault.New(fault.StaleRevision, "The settings are at revision %d now.", row.Revision).On("revision")
		}
		var details []models.AuditDetail
		for _, x := range []struct {
			name string
			have *bool
			want *bool
		}{{"scimEnabled", &row.ScimEnabled, c.ScimEnabled}, {"dryRun", &row.DryRun, c.DryRun}} {
			if x.want != nil && *x.want != *x.have {
				*x.have = *x.want
				details = append(details, audit.Detail(x.name, map[bool]string{true: "true", false: "false"}[*x.want]))
			}
		}
		if len(details) == 0 {
			return nil
		}
		row.Revision++
		row.UpdatedAt = s.now()
		err = tx.Model(&models.ProvisioningSettings{}).Where("id = ?", row.ID).Updates(map[string]any{
			"scim_enabled": row.ScimEnabled, "dry_run": row.DryRun, "revision": row.Revision, "updated_at": row.UpdatedAt,
		}).Error
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), audit.Event{
			TeamID: team, Action: audit.ProvisioningChanged, Details: details,
			Target: audit.Target{Kind: models.PrefixProvisioningSettings, ID: row.ID, Label: t.Slug},
		})
	})
	return row, err
}

// prepareProvisioning writes a new team's choices: on, and for real.
func (s *Service) prepareProvisioning(tx *gorm.DB, team models.Team) error {
	id, err := models.NewID()
	if err != nil {
		return err
	}
	return tx.Create(&models.ProvisioningSettings{
		ID: id, TeamID: team.ID, ScimEnabled: true, Revision: 1, CreatedAt: team.CreatedAt, UpdatedAt: team.UpdatedAt,
	}).Error
}

type dryRunKey struct{}

// errDryRun rolls a transaction back that did all it should.
var errDryRun = errors.New("dry run")

// AsDryRun returns a context in which the verbs of provisioning do everything
// but keep it: what they answer is what they would have answered.
func AsDryRun(ctx context.Context) context.Context { return context.WithValue(ctx, dryRunKey{}, true) }

// provisionTx is the transaction of the verbs of provisioning.
func (s *Service) provisionTx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	dry, _ := ctx.Value(dryRunKey{}).(bool)
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if err := fn(tx); err != nil || !dry {
			return err
		}
		return errDryRun
	})
	if errors.Is(err, errDryRun) {
		return nil
	}
	return err
}
