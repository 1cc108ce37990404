package models_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// newID is an id or the end of the test.
func newID(t testing.TB) models.ID {
	t.Helper()
	id, err := models.NewID()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newTeam is a row that nothing has stored yet.
func newTeam(t testing.TB, slug string) models.Team {
	return models.Team{
		ID: newID(t), Slug: slug, Name: "Acme", Plan: models.PlanEnterprise, Revision: 1,
		CreatedAt: housetest.Start, UpdatedAt: housetest.Start,
	}
}

// newUser is an account that is not in the database, and newMember its membership.
func newUser(t testing.TB, email string) models.User {
	return models.User{
		ID: newID(t), Kind: models.KindPerson, Origin: models.OriginScim,
		Email: email, EmailKey: email, CreatedAt: housetest.Start, UpdatedAt: housetest.Start,
	}
}

func newMember(t testing.TB, team models.ID, user models.User) models.Membership {
	return models.Membership{
		ID: newID(t), TeamID: team, UserID: user.ID, Role: models.RoleMember, RoleSource: models.RoleByDefault,
		Status: models.StatusActive, Source: models.SourceScim, UserName: user.Email, UserNameKey: user.EmailKey,
		Revision: 1, CreatedAt: housetest.Start, UpdatedAt: housetest.Start,
	}
}

// storedTeam is a row that is in the database.
func storedTeam(t testing.TB, db *models.DB, slug string) models.Team {
	t.Helper()
	team := newTeam(t, slug)
	if err := db.InTx(t.Context(), func(tx *gorm.DB) error { return tx.Create(&team).Error }); err != nil {
		t.Fatal(err)
	}
	return team
}

// slugs are the teams that a reader outside of any transaction sees.
func slugs(t testing.TB, db *models.DB) []string {
	t.Helper()
	var found []string
	if err := db.Read(t.Context()).Model(&models.Team{}).Order("slug").Pluck("slug", &found).Error; err != nil {
		t.Fatal(err)
	}
	return found
}

// same fails the test unless two values print alike.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}
