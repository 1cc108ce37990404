package models_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
)

// What the databases refuse in their own words becomes the same fault.
func TestFault(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		team := storedTeam(t, db, "acme")
		for _, c := range []struct {
			name string
			do   func(tx *gorm.DB) error
			want fault.Code
			kind fault.Kind
		}{
			{"a unique value twice", func(tx *gorm.DB) error {
				twin := newTeam(t, "acme")
				return tx.Create(&twin).Error
			}, fault.Taken, fault.Conflict},
			{"an id twice", func(tx *gorm.DB) error {
				twin := newTeam(t, "other")
				twin.ID = team.ID
				return tx.Create(&twin).Error
			}, fault.Taken, fault.Conflict},
			{"a reference to nothing", func(tx *gorm.DB) error {
				return tx.Create(&models.SsoSettings{
					ID: newID(t), TeamID: newID(t), State: models.SsoDraft, DefaultRole: models.RoleMember,
				}).Error
			}, fault.Clash, fault.Conflict},
			{"nothing found", func(tx *gorm.DB) error {
				return tx.Where("id = ?", newID(t)).Take(new(models.Team)).Error
			}, fault.Missing, fault.NotFound},
			{"no team to lock", func(tx *gorm.DB) error {
				_, err := models.LockTeam(tx, newID(t))
				return err
			}, fault.Missing, fault.NotFound},
			{"no membership to lock", func(tx *gorm.DB) error {
				_, err := models.LockMembership(tx, newID(t))
				return err
			}, fault.Missing, fault.NotFound},
			{"a value that is not allowed", func(tx *gorm.DB) error {
				odd := newTeam(t, "odd")
				odd.Plan = "GOLD"
				return tx.Create(&odd).Error
			}, fault.InternalError, fault.Internal},
			{"a table that is not there", func(tx *gorm.DB) error {
				return tx.Exec("DELETE FROM nothing").Error
			}, fault.InternalError, fault.Internal},
		} {
			t.Run(c.name, func(t *testing.T) {
				err := db.InTx(t.Context(), c.do)
				if err == nil || fault.CodeOf(err) != c.want || fault.KindOf(err) != c.kind {
					t.Errorf("%v is %s, %s", err, fault.CodeOf(err), fault.KindOf(err))
				}
				f, ok := fault.As(err)
				if ok != (c.kind != fault.Internal) {
					t.Errorf("%v: a fault is for what the caller can mend", err)
				}
				if ok && strings.Contains(f.Message, "teams") {
					t.Errorf("the message speaks of tables: %q", f.Message)
				}
			})
		}
		same(t, "teams", slugs(t, db), []string{"acme"})
	})
}

func TestFaultLeavesTheRest(t *testing.T) {
	if err := models.Fault(nil); err != nil {
		t.Errorf("nothing became %v", err)
	}
	for _, err := range []error{errOwn, fault.New(fault.LastAdmin, "No."), fmt.Errorf("wrapped: %w", errOwn)} {
		if got := models.Fault(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
	if err := models.Fault(fmt.Errorf("wrapped: %w", gorm.ErrDuplicatedKey)); !errors.Is(err, gorm.ErrDuplicatedKey) {
		t.Errorf("the cause is lost in %v", err)
	}
}

// The two columns that tell a member's key from the operator's go together.
func TestKeysOfOperatorsAndMembers(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		team := storedTeam(t, db, "acme")
		member := newID(t)
		for _, c := range []struct {
			name         string
			operator     bool
			team, member *models.ID
			ok           bool
		}{
			{"operator", true, nil, nil, true},
			{"member", false, &team.ID, &member, true},
			{"operator with a team", true, &team.ID, nil, false},
			{"operator with a membership", true, nil, &member, false},
			{"member without a team", false, nil, &member, false},
			{"team without a member", false, &team.ID, nil, false},
		} {
			id := newID(t)
			err := db.InTx(t.Context(), func(tx *gorm.DB) error {
				return tx.Create(&models.APIKey{
					ID: id, SecretHash: []byte(id), Operator: c.operator, TeamID: c.team, MembershipID: c.member,
					Scopes: []models.Scope{}, CreatedAt: housetest.Start,
				}).Error
			})
			if (err == nil) != c.ok {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	})
}
