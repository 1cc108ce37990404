package models_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// PostgreSQL gets a batch as one statement, SQLite one change after the other, and
// what they did is the same.
func TestBatch(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		team := storedTeam(t, db, "acme")
		user, member := newUser(t, "ada@acme.test"), models.Membership{}
		ctx, statements := models.CountStatements(t.Context())
		var touched, made, none int64
		var slug string
		err := db.InTx(ctx, func(tx *gorm.DB) error {
			b := models.NewBatch(tx)
			if err := b.Run(); err != nil || statements.Load() != 0 {
				t.Errorf("an empty batch made %d statements, error %v", statements.Load(), err)
			}
			b.AddNamed("moved", "slug", &slug, "UPDATE teams SET revision = revision + 1 WHERE id = ?", team.ID)
			source, args := b.From("moved", "teams WHERE id = ?", team.ID)
			b.Insert(&user)
			// The account that it refers to is of the same statement.
			member = newMember(t, team.ID, user)
			into, marks, values := models.Insertion(&member)
			b.Add(&made, "INSERT INTO "+into+" SELECT "+marks+" FROM "+source, append(values, args...)...)
			b.Add(&none, "DELETE FROM tombstones WHERE team_id = ?", team.ID)
			b.Add(nil, "UPDATE sso_settings SET revision = 7 WHERE team_id = ?", team.ID)
			if err := b.Run(); err != nil {
				return err
			}
			if err := b.Run(); err != nil { // which has nothing left to do
				return err
			}
			b.Add(&touched, "UPDATE memberships SET revision = 2 WHERE team_id = ?", team.ID)
			return b.Run()
		})
		if err != nil || slug != "acme" || made != 1 || none != 0 || touched != 1 {
			t.Errorf("slug %q, %d made, %d deleted, %d changed, error %v", slug, made, none, touched, err)
		}
		want := int64(2)
		if db.Dialect() == models.SQLite {
			want = 6
		}
		same(t, "statements", statements.Load(), want)
		var got models.Membership
		if err := db.Read(t.Context()).Where("id = ?", member.ID).Take(&got).Error; err != nil || got.Revision != 2 || got.UserID != user.ID {
			t.Errorf("the member is %+v, error %v", got, err)
		}

		// What is in the way has the same name as anywhere, and undoes all of it.
		other := newUser(t, "bob@acme.test")
		err = db.InTx(t.Context(), func(tx *gorm.DB) error {
			b := models.NewBatch(tx)
			b.Insert(&other)
			b.Add(&made, "UPDATE users SET email_key = 'bob@acme.test' WHERE id = ?", user.ID)
			err := b.Run()
			if !errors.Is(err, gorm.ErrDuplicatedKey) {
				t.Errorf("two accounts with one address: %v", err)
			}
			return err
		})
		if err == nil || db.Read(t.Context()).Where("id = ?", other.ID).Take(&models.User{}).Error == nil {
			t.Errorf("half of a batch was kept, error %v", err)
		}
		err = db.InTx(t.Context(), func(tx *gorm.DB) error {
			b := models.NewBatch(tx)
			lost := newMember(t, team.ID, newUser(t, "lost@acme.test"))
			b.Insert(&lost)
			b.Add(&made, "UPDATE teams SET revision = 9 WHERE id = ?", team.ID)
			err := b.Run()
			if !errors.Is(err, gorm.ErrForeignKeyViolated) {
				t.Errorf("a member without an account: %v", err)
			}
			return err
		})
		if err == nil {
			t.Error("a member without an account was kept")
		}
	})
}
