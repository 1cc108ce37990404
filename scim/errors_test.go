package scim

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"rollcall/fault"
)

// Every kind of fault has its status here; a new kind fails this test.
func TestProblemOf(t *testing.T) {
	want := map[fault.Kind]problem{
		fault.Internal:        {status: http.StatusInternalServerError},
		fault.Invalid:         {status: http.StatusBadRequest, scimType: typeInvalidValue},
		fault.NotFound:        {status: http.StatusNotFound},
		fault.Conflict:        {status: http.StatusConflict, scimType: typeUniqueness},
		fault.Denied:          {status: http.StatusForbidden},
		fault.Unauthenticated: {status: http.StatusUnauthorized},
		fault.Precondition:    {status: http.StatusForbidden},
		fault.Limited:         {status: http.StatusTooManyRequests},
	}
	if len(want) != len(fault.Kinds) {
		t.Fatalf("%d kinds are expected, there are %d", len(want), len(fault.Kinds))
	}
	for _, k := range fault.Kinds {
		err := fmt.Errorf("wrapped: %w", (&fault.Error{Kind: k, Code: "CODE", Message: "words"}).Because(errors.New("the cause")))
		p, logged := problemOf(err)
		if p.status != want[k].status || p.scimType != want[k].scimType {
			t.Errorf("%v is %v", k, p)
		}
		if logged != (k == fault.Internal) {
			t.Errorf("%v is logged: %v", k, logged)
		}
		if strings.Contains(p.detail, "cause") || k == fault.Internal && p.detail != "internal error" {
			t.Errorf("%v says %q", k, p.detail)
		}
	}
	if p, logged := problemOf(errors.New("disk on fire")); p.status != 500 || p.detail != "internal error" || !logged {
		t.Errorf("an error of ours is %v, logged %v", p, logged)
	}
}

func TestDetail(t *testing.T) {
	for _, c := range []struct {
		err  *fault.Error
		want string
	}{
		{fault.New(fault.Taken, "A user with this userName exists already.").On("userName"), "TAKEN (userName): A user with this userName exists already."},
		{fault.New(fault.LastAdmin, "No admin would be left."), "LAST_ADMIN: No admin would be left. " + fault.LastAdmin.Advice()},
		{fault.New(fault.LastAdmin, "%s", fault.LastAdmin.Advice()), "LAST_ADMIN: " + fault.LastAdmin.Advice()},
	} {
		if p, _ := problemOf(c.err); p.detail != c.want {
			t.Errorf("%q", p.detail)
		}
	}
}
