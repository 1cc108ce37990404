package resolvers

import (
	"errors"
	"fmt"
	"testing"

	"rollcall/fault"
	"rollcall/graph/model"
)

// Every code of the table goes one of two ways, by its kind.
func TestSettleEveryCode(t *testing.T) {
	atTop := map[fault.Kind]bool{
		fault.Internal: true, fault.Denied: true, fault.Unauthenticated: true, fault.Limited: true,
		fault.Invalid: false, fault.NotFound: false, fault.Conflict: false, fault.Precondition: false,
	}
	seen := map[fault.Kind]bool{}
	for _, entry := range fault.Table {
		top, known := atTop[entry.Kind]
		if !known {
			t.Fatalf("nobody decided on the kind %s", entry.Kind)
		}
		seen[entry.Kind] = true
		var errs []*model.UserError
		err := settle(fault.New(entry.Code, "What happened."), &errs, "id", func() { t.Errorf("%s is taken for success", entry.Code) })
		if top != (err != nil) || top != (len(errs) == 0) || errs == nil {
			t.Errorf("%s of kind %s: error %v, user errors %v", entry.Code, entry.Kind, err, errs)
		}
		if len(errs) == 1 && (!errs[0].Code.IsValid() || errs[0].Message != "What happened.") {
			t.Errorf("%s is shown as %+v", entry.Code, errs[0])
		}
	}
	for _, kind := range fault.Kinds {
		if !seen[kind] {
			t.Errorf("no code is of the kind %s", kind)
		}
	}
}

func TestSettle(t *testing.T) {
	broken := errors.New("the disk is full")
	for _, c := range []struct {
		name string
		err  error
		want string // of the user error
		top  error
		done bool
	}{
		{"success", nil, "", nil, true},
		{"a field of the verb", fault.New(fault.Missing, "m").On("membershipId"), "NOT_FOUND [membershipId]", nil, false},
		{"no field of the verb", fault.New(fault.Missing, "m"), "NOT_FOUND [id]", nil, false},
		{"no field for other kinds", fault.New(fault.LastAdmin, "m"), "LAST_ADMIN []", nil, false},
		{"a wrapped fault", fmt.Errorf("in between: %w", fault.New(fault.Taken, "m").On("slug")), "TAKEN [slug]", nil, false},
		{"a code of sign-ins, not found", fault.New(fault.TeamNotFound, "m"), "NOT_FOUND [id]", nil, false},
		{"a code of sign-ins, invalid", fault.New(fault.NameIDMissing, "m"), "INVALID []", nil, false},
		{"a code of sign-ins, conflict", fault.New(fault.AssertionReplayed, "m"), "CONFLICT []", nil, false},
		{"a failure", broken, "", broken, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var errs []*model.UserError
			done := false
			err := settle(c.err, &errs, "id", func() { done = true })
			if !errors.Is(err, c.top) || (err == nil) != (c.top == nil) || done != c.done {
				t.Errorf("error %v, done %v", err, done)
			}
			got := ""
			if len(errs) > 0 {
				got = fmt.Sprint(errs[0].Code, " ", errs[0].Field)
			}
			if got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}

// What was not found and what may not be seen look the same; other errors stay.
func TestHidden(t *testing.T) {
	row := 7
	for _, c := range []struct {
		err         error
		shown, fail bool
	}{
		{nil, true, false},
		{fault.New(fault.Missing, "m"), false, false},
		{fault.New(fault.Forbidden, "m"), false, false},
		{fault.New(fault.NotSignedIn, "m"), false, true},
		{errors.New("the disk is full"), false, true},
	} {
		for name, read := range map[string]func() (*int, error){
			"hidden":  func() (*int, error) { return hidden(row, c.err) },
			"visible": func() (*int, error) { return visible(map[bool]*int{true: &row}[c.err == nil], c.err) },
		} {
			got, err := read()
			if (got != nil) != c.shown || (err != nil) != c.fail {
				t.Errorf("%s of %v: %v, %v", name, c.err, got, err)
			}
		}
	}
}
